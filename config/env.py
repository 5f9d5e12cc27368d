"""The only reader of the environment. Secrets may come from NAME_FILE; a missing one stops the start and names itself."""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))

SHORTEST_SECRET = 32


def secret(name: str) -> str:
    """Return the secret `name` from the environment, or from the file that NAME_FILE names.

    Raises ImproperlyConfigured, naming the variable, if it is missing, unreadable or shorter than 32 characters.
    """
    if file := os.environ.get(f"{name}_FILE"):
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {file}, which cannot be read: {error.strerror}.") from error
    else:
        value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. `make setup` writes a .env with generated secrets.")
    if len(value) < SHORTEST_SECRET:
        raise ImproperlyConfigured(f"{name} is too short: at least {SHORTEST_SECRET} characters are needed.")
    return value
