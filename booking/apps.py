"""Time promised."""

from django.apps import AppConfig


class BookingConfig(AppConfig):
    """Time promised."""

    name = "booking"
