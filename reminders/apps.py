"""Words sent on a clock."""

from django.apps import AppConfig


class RemindersConfig(AppConfig):
    """Words sent on a clock."""

    name = "reminders"
