"""Mails to the people who work here."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q

from clients.care import alerts_for_everybody
from clients.models import Client, Task
from practice.models import User
from reminders.due.common import Kind, mail, not_yet
from reminders.models import Message
from sessions.models import TreatmentSession

CHASE_EVERY = timedelta(hours=24)


def alerts(now):
    """Call who must look at a client now."""
    rows = Task.objects.open().filter(
        not_yet("task", Kind.THERAPIST_ALERT),
        kind__in=[Task.Kind.SCREENING_ALERT, Task.Kind.CHECK_IN_ALERT, Task.Kind.ADVERSE_EVENT],
        for_role__in=["therapist", "owner"],
    )
    return [
        mail(
            Kind.THERAPIST_ALERT,
            now=row.created_at,
            due_at=row.due_at,
            needed_by=row.due_at,
            client_id=row.client_id,
            task=row,
            reader=reader,
        )
        for row in rows
        for reader in _readers(row)
    ]


def unsigned(now):
    """Remind each therapist once a day of the oldest chart that waits for their signature, until none does."""
    told = Message.objects.filter(
        kind=Kind.UNSIGNED_NOTES, reader=OuterRef("therapist"), created_at__gt=now - CHASE_EVERY
    )
    drafts = TreatmentSession.objects.overdue(now).filter(~Exists(told), therapist__is_active=True)
    rows = drafts.exclude(therapist__email="").order_by("-appointment__ends_at", "-pk")
    oldest = {row.therapist_id: row for row in rows}
    return [
        mail(
            Kind.UNSIGNED_NOTES,
            now=now,
            client_id=row.client_id,
            session=row,
            reader_id=row.therapist_id,
            version=now.toordinal(),
        )
        for row in oldest.values()
    ]


def _readers(alert: Task) -> list[User | None]:
    """Return whom an alert is mailed to: who is in charge (None), all who could act if the client is in nobody's care, or the owners."""
    if alert.for_role == "owner":
        return list(User.objects.filter(is_owner=True, is_active=True).exclude(email="").order_by("pk"))
    if not alerts_for_everybody().filter(pk=alert.pk).exists():
        return [None]
    able = User.objects.filter(Q(is_therapist=True) | Q(is_owner=True), is_active=True).exclude(email="")
    return list(able.order_by("pk")) or [None]


def why_not_unsigned(message, now) -> str:
    """Return why a missing signature need not be mailed any more, or ""."""
    if not TreatmentSession.objects.overdue(now).filter(therapist=message.reader_id).exists():
        return "everything is signed"
    newer = Message.objects.filter(kind=message.kind, reader=message.reader_id, version__gt=message.version)
    return "a newer one says the same" if newer.exists() else ""


def why_not_alert(message, now) -> str:
    """Return why an alert need not be mailed any more, or ""."""
    if message.task.done_at:
        return "already looked at"
    if message.task.for_role == "owner":
        return ""
    if message.reader_id and not alerts_for_everybody().filter(pk=message.task_id).exists():
        is_theirs = Client.objects.in_care_of([message.reader_id]).filter(pk=message.client_id).exists()
        return "" if is_theirs else "a colleague has it"
    return ""
