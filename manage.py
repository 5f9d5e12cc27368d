#!/usr/bin/env python
"""Django's command line for the practice."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from config import env

NEEDS_NO_SECRET = {"screen"}  # reads answers, prints a result; signs nothing and opens no database

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in NEEDS_NO_SECRET:
        env.use_throwaway_secrets()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The practice is not set up right: {error}")
