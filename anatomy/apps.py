"""The body as an app: data, a drawing and template tags; no tables."""

from django.apps import AppConfig


class AnatomyConfig(AppConfig):
    """Muscles, regions of the body map, and their drawing."""

    name = "anatomy"
    verbose_name = "Anatomy"
