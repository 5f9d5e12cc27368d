"""Keeping the practice's plain records: settings, rooms, services, hours, closures. What has no rule but its columns."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import models, transaction

from practice import audit
from practice.models import User


@transaction.atomic
def keep(
    record: models.Model, *, by: User, at: datetime, many: Mapping[str, Iterable[models.Model]] | None = None
) -> models.Model:
    """Save a record and its many-to-many rows (`many`: field name to rows), audit it, and return it."""
    record.save()
    for name, rows in (many or {}).items():
        getattr(record, name).set(rows)
    audit.record(action=f"{record._meta.model_name}.kept", at=at, by=by, target=record)
    return record


@transaction.atomic
def take_away(record: models.Model, *, by: User, at: datetime) -> None:
    """Delete a record that nothing clinical hangs on, such as hours or a closure, and audit it."""
    audit.record(action=f"{record._meta.model_name}.taken_away", at=at, by=by, target=record)
    record.delete()
