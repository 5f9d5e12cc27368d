"""Mails that left before the demo was opened: rows of the outbox marked as sent, so that only fresh ones still go out."""

from datetime import datetime, timedelta

from django.db.models import Q

from booking.models import WaitlistOffer
from booking.offering import offer_freed_times
from clients.models import Task
from clients.todo import raise_task
from practice import audit
from reminders.due import derive_due
from reminders.models import CheckIn, Message
from reminders.outbox import CALLS

# What the outbox sends by its rules; about bookings, questions and check-ins the stories themselves tell.
BY_THEMSELVES = {
    Message.Kind.FIRST_REMINDER,
    Message.Kind.SECOND_REMINDER,
    Message.Kind.INTAKE_REMINDER,
    Message.Kind.NO_SHOW,
    Message.Kind.HOME_PROGRAMME,
    Message.Kind.REASSESSMENT,
    Message.Kind.RECALL,
    Message.Kind.CHECK_IN_NUDGE,
    Message.Kind.REFERRAL_RECEIVED,
    Message.Kind.REFERRAL_SEEN,
    Message.Kind.DAY_CHANGED,
}
FRESH = timedelta(minutes=10)  # what happened within it is left to the real outbox
TAKES = timedelta(seconds=20)


def mail_left(kind: str, *, now: datetime, at: datetime, version: int = 1, **subject) -> Message | None:
    """Record that the mail about `subject` (its column and row) was sent soon after `at`; None if that is too fresh.

    Nothing is recorded either for clients who cannot be mailed, as the outbox would not have written to them.
    """
    (row,) = subject.values()
    writes_to_client = kind not in (Message.Kind.REPORT_READY, Message.Kind.THERAPIST_ALERT)
    if at > now - FRESH or (writes_to_client and not row.client.can_be_mailed):
        return None
    message = Message.objects.create(
        kind=kind,
        client=row.client,
        version=version,
        due_at=at,
        needed_by=at,
        created_at=at,
        state=Message.State.SENT,
        attempts=1,
        handoffs=1,
        sent_at=at + TAKES,
        **subject,
    )
    audit.record(action="message.sent", at=at + TAKES, actor="system", target=message, kind=kind)
    return message


def offer_what_came_free(at: datetime, *, now: datetime) -> None:
    """Let the waitlist be offered at `at` what came free until then, as a sweep would, and its mails have left."""
    offer_freed_times(at)
    for offer in WaitlistOffer.objects.open().select_related("entry__client").order_by("pk"):
        mail_left(Message.Kind.WAITLIST_OFFER, now=now, at=at, offer=offer)


def rules_were_kept(now: datetime) -> None:
    """Let what the rules would have sent by `now` have left at its hour; and then what follows from that."""
    by_themselves = Q(kind__in=BY_THEMSELVES) | Q(check_in__step=CheckIn.Step.SECOND)
    for _ in range(2):
        derive_due(now)
        rows = Message.objects.filter(by_themselves, state=Message.State.DUE, due_at__lte=now)
        for message in rows.order_by("pk"):
            left_at = min(message.due_at, now - TAKES) + TAKES / 2
            Message.objects.filter(pk=message.pk).update(
                state=Message.State.SENT, attempts=1, handoffs=1, created_at=left_at, sent_at=left_at
            )
            audit.record(action="message.sent", at=left_at, actor="system", target=message, kind=message.kind)


def mail_refused(kind: str, *, at: datetime, **subject) -> Message:
    """Record that the mail server refused the mail about `subject`, so that the desk is asked to ring."""
    (row,) = subject.values()
    message = Message.objects.create(
        kind=kind,
        client=row.client,
        due_at=at,
        needed_by=at,
        created_at=at,
        state=Message.State.FAILED,
        why="the mail server refused it",
        attempts=1,
        handoffs=1,
        **subject,
    )
    audit.record(action="message.failed", at=at + TAKES, actor="system", target=message, kind=kind)
    raise_task(
        kind=Task.Kind.CALL_CLIENT,
        client=row.client,
        subject=f"{CALLS[kind]} {message.pk}",
        for_role="front_desk",
        at=at + TAKES,
    )
    return message
