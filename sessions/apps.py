"""What happened on the table."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """Massage sessions. The label differs from the package because `sessions` is Django's."""

    name = "sessions"
    label = "treatment_sessions"
    verbose_name = "Treatment sessions"
