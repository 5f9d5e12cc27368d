"""Wiring of `manage.py bench`: databases of its own, and a web server with one view more."""
