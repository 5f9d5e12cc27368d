"""Who is treated, and what they told us."""

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    """Who is treated, and what they told us."""

    name = "clients"
