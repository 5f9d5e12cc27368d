"""What every room of due mails needs: how a mail is made, and whether there is one already."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from booking.models import AppointmentChange
from reminders.models import Message

Kind = Message.Kind
PATIENCE = timedelta(days=7)  # what has no hour of its own is needed within a week


def announced(message: str = "") -> Q:
    """Say in a query that the message at `message` ("message__") told its reader.

    Perhaps sent counts as sent, and so does sent before and about to be sent again.
    """
    return (
        Q(**{f"{message}state": Message.State.SENT})
        | Q(**{f"{message}handoffs__gt": 0})
        | Q(**{f"{message}sent_at__isnull": False})
    )


ANNOUNCED = announced()


def mail(
    kind: str, *, now: datetime, due_at: datetime | None = None, needed_by: datetime | None = None, **fields
) -> Message:
    """Return a message not yet stored: due now unless said otherwise, needed within PATIENCE. `fields` are of Message."""
    due_at = due_at or now
    return Message(kind=kind, due_at=due_at, needed_by=needed_by or due_at + PATIENCE, created_at=now, **fields)


def not_yet(subject: str, *kinds: str, version: str | None = None) -> Q:
    """Say in a query: no message of these kinds (and of the version in the row's own column) exists for the row."""
    messages = Message.objects.filter(**{subject: OuterRef("pk")}, kind__in=kinds)
    if version:
        messages = messages.filter(version=OuterRef(version))
    return Q(~Exists(messages))


def promised_at():
    """Return when what stands was promised: the change that gave the visit its version, else the booking."""
    kinds = AppointmentChange.Kind
    raising = [kinds.MOVED, kinds.CANCELLED, kinds.REOPENED, kinds.ACCEPTED, kinds.LAPSED]
    changes = AppointmentChange.objects.filter(
        appointment=OuterRef("pk"), version=OuterRef("version"), kind__in=raising
    )
    return Coalesce(Subquery(changes.order_by("pk").values("at")[:1]), F("booked_at"))
