"""Writing the audit: one row per act, in the act's own transaction, and one per reading of a clinical record."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.db import models

from practice.models import AuditEvent, User

READING_WINDOW = timedelta(minutes=5)
TOLD = "told"  # instead of a request: the act was told by a loader, nobody did it at a page
current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")


def record(
    *,
    action: str,
    at: datetime,
    by: User | None = None,
    actor: str = AuditEvent.Actor.STAFF,
    target: models.Model | None = None,
    about_client_id: int | None = None,
    **detail: int | str | bool | None,
) -> AuditEvent:
    """Write one audit row and return it. Call it inside the transaction of the act it records.

    `action` reads noun.verb_past ("appointment.booked"). `detail` holds ids, counts and choices only, never what
    a person typed. Without `by` say who acted: `actor` client, referrer or system.
    """
    if about_client_id is None and target is not None:
        about_client_id = target.pk if target._meta.label == "clients.Client" else getattr(target, "client_id", None)
    return AuditEvent.objects.create(
        at=at,
        by=by,
        actor=actor,
        action=action,
        target_label=target._meta.label if target is not None else "",
        target_id=target.pk if target is not None else None,
        about_client_id=about_client_id,
        request_id=current_request_id.get(),
        detail=detail,
    )


@contextmanager
def told() -> Iterator[None]:
    """Mark what is recorded inside as told by a loader: the persons it names did not do it themselves."""
    token = current_request_id.set(TOLD)
    try:
        yield
    finally:
        current_request_id.reset(token)


def is_told(*, by: User, at: datetime, target: models.Model) -> bool:
    """Say whether what `by` did with `target` at that moment was told by a loader. One query."""
    acts = AuditEvent.objects.filter(by=by, at=at, target_label=target._meta.label, target_id=target.pk)
    return acts.filter(request_id=TOLD).exists()


def record_reading(
    *, client: models.Model, page: str, at: datetime, by: User | None = None, actor: str = AuditEvent.Actor.STAFF
) -> None:
    """Record that `by` (or a link's holder) read the clinical record of `client` on `page`, once per five minutes.

    Called before the page is rendered: if the audit cannot be written, nothing clinical leaves.
    """
    record_readings(clients=[client], page=page, at=at, by=by, actor=actor)


def record_readings(
    *,
    clients: Iterable[models.Model],
    page: str,
    at: datetime,
    by: User | None = None,
    actor: str = AuditEvent.Actor.STAFF,
) -> None:
    """Record the reading of several clinical records on one page, in at most two queries."""
    read = {client.pk: client for client in clients}
    lately = AuditEvent.objects.filter(
        action="chart.read",
        about_client_id__in=read,
        by=by,
        actor=actor,
        page=page,
        at__gt=at - READING_WINDOW,
        at__lte=at,
    )
    seen = set(lately.values_list("about_client_id", flat=True)) if read else set()
    AuditEvent.objects.bulk_create(
        AuditEvent(
            at=at,
            by=by,
            actor=actor,
            action="chart.read",
            target_label=client._meta.label,
            target_id=pk,
            about_client_id=pk,
            page=page,
            request_id=current_request_id.get(),
        )
        for pk, client in read.items()
        if pk not in seen
    )
