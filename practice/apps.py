"""The ground the practice stands on."""

from django.apps import AppConfig


class PracticeConfig(AppConfig):
    """People, rooms, services, hours; audit, clock, links and constraints."""

    name = "practice"
    verbose_name = "Practice"
