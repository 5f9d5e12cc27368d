"""Measuring the product against itself: what docs/measurements.md explains. `manage.py bench` runs it."""
