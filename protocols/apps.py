"""What to do about it, in phases."""

from django.apps import AppConfig


class ProtocolsConfig(AppConfig):
    """What to do about it, in phases."""

    name = "protocols"
