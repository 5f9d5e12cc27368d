"""Looking at the whole database at once: what is in it, and undoing what a request did."""

from contextlib import contextmanager

from django.apps import apps
from django.db import transaction

PASSING = {"sessions.Session", "practice.AuditEvent"}  # change with every page that is opened
DJANGOS_OWN = {"auth.Permission", "contenttypes.ContentType"}  # written by migrations alone


def all_rows(*, but: frozenset[str] | set[str] = frozenset(PASSING)) -> dict[str, list[tuple]]:
    """Return every row of every table by the model's label; models in `but` are left out."""
    models = (model for model in apps.get_models(include_auto_created=True) if model._meta.label not in but)
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list(*columns(model)))
        for model in models
        if model._meta.managed and model._meta.label not in DJANGOS_OWN
    }


def columns(model) -> list[str]:
    """Return the model's columns in a fixed order."""
    return [field.attname for field in model._meta.concrete_fields]


def changed_tables(before: dict, after: dict) -> list[str]:
    """Return the labels of the models whose rows differ."""
    return sorted(label for label in before if before[label] != after[label])


@contextmanager
def rolled_back():
    """Undo on leaving whatever was written inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
