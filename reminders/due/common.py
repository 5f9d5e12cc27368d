"""What every room of due mails needs: how a mail is made, and whether there is one already."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from reminders.models import Message

Kind = Message.Kind
# Perhaps sent counts as sent, and so does sent before and about to be sent again.
ANNOUNCED = Q(state=Message.State.SENT) | Q(handoffs__gt=0) | Q(sent_at__isnull=False)
PATIENCE = timedelta(days=7)  # what has no hour of its own is needed within a week


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
