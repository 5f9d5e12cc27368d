"""Pages that stand on several rooms."""

from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    """Pages that stand on several rooms."""

    name = "workspace"
