"""The outbox: claim, check again, hand off, record. Never lost, at most two copies, at most one extra copy per crash.

SMTP leaves one gap that no sender can close: a crash between the server's taking a mail and our writing that down.
A message caught in it is handed off once more under the same Message-ID, and then shown to the desk as unknown.
"""

import logging
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F, Q

from clients.models import Task
from clients.todo import raise_task
from practice import audit, clock
from practice.models import Practice
from reminders.due import derive_due, why_not
from reminders.mails import address_of, as_email, compose
from reminders.models import Message

log = logging.getLogger(__name__)
State = Message.State

LEASE = timedelta(minutes=2)
HANDOFFS = 2
ATTEMPTS = 12
BACK_OFF_MINUTES = (1, 2, 4, 8, 15)
PER_SWEEP = 200

Deliver = Callable[[EmailMessage], None]


class ServerAway(Exception):
    """The mail server could not be reached: nothing was handed over, every message may wait."""


class Refusal(Exception):
    """The server answered, and the answer was no. `is_final` if asking again is useless."""

    def __init__(self, *, is_final: bool):
        self.is_final = is_final


@dataclass
class Sweep:
    """What one sweep did."""

    derived: int = 0
    sent: int = 0
    dropped: int = 0
    failed: int = 0
    postponed: int = 0
    held: str = ""


class SmtpDelivery:
    """Delivers over one connection per sweep; tells a server that is away, a refusal, and doubt apart."""

    def __init__(self):
        self._connection = get_connection(fail_silently=False)
        self._is_open = False

    def __call__(self, mail: EmailMessage) -> None:
        """Hand one mail over. Raises ServerAway or Refusal when it certainly was not taken; anything else is doubt."""
        self.reach()
        try:
            self._connection.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            raise Refusal(is_final=all(code >= 500 for code, _ in error.recipients.values())) from error
        except smtplib.SMTPResponseException as error:
            raise Refusal(is_final=error.smtp_code >= 500) from error
        except Exception:
            self.close()
            raise

    def reach(self) -> None:
        """Open the connection if it is not. Raises ServerAway."""
        if self._is_open:
            return
        try:
            self._connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise ServerAway from error
        self._is_open = True

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        self._is_open = False
        try:
            self._connection.close()
        except (OSError, smtplib.SMTPException):
            log.warning("The connection to the mail server closed badly.")


def send_due(*, now: datetime, deliver: Deliver, watch: clock.StepWatch | None = None) -> Sweep:
    """Derive what is due, then send it one by one; returns what was done. Any number of workers may run it at once.

    Nothing leaves while mail is held, and a jump of the machine's clock holds it.
    """
    practice = Practice.objects.current()
    if practice is None:
        return Sweep(held="There is no practice yet.")
    if watch and (jump := watch.jump()):
        hold_mail(
            f"The machine's clock jumped by {_minutes(jump)} minutes. Check the time, then release the mails.", at=now
        )
        practice.refresh_from_db()
    sweep = Sweep(derived=derive_due(now), held=practice.mail_held_because)
    for _ in range(0 if sweep.held else PER_SWEEP):
        message = claim_one(now, sweep)
        if message is None:
            break
        try:
            _send_one(message, practice=practice, now=now, deliver=deliver, sweep=sweep)
        except ServerAway:
            _postpone(message, now=now, why="the mail server is away")
            sweep.postponed += 1
            break
    return sweep


def _minutes(jump: timedelta) -> int:
    return round(jump.total_seconds() / 60)


def waiting(now: datetime):
    """Messages that a sweep may take: due ones, and those whose sender died with the lease run out."""
    return Message.objects.filter(
        Q(state=State.DUE, due_at__lte=now)
        | Q(state__in=[State.CLAIMED, State.HANDOFF], lease_until__lt=clock.machine_now(), due_at__lte=now)
    ).order_by("due_at", "pk")


def claim_one(now: datetime, sweep: Sweep) -> Message | None:
    """Take the next message under a lease and return it, or None. Those not needed any more are dropped on the way.

    A message handed off twice already without a record becomes unknown, with a task for the desk.
    """
    while True:
        with transaction.atomic():
            message = waiting(now).select_for_update(skip_locked=True, of=("self",)).first()
            if message is None:
                return None
            reason = why_not(message, now) or ("" if address_of(message, now) else "no e-mail address")
            if message.state == State.HANDOFF and message.handoffs >= HANDOFFS:
                _settle(message, State.UNKNOWN, "handed over twice without an answer", now=now, call=True)
                sweep.failed += 1
            elif reason:
                _settle(message, State.DROPPED, reason, now=now)
                sweep.dropped += 1
            else:
                message.state = State.CLAIMED
                message.lease_until = clock.machine_now() + LEASE
                message.attempts += 1
                message.save(update_fields=["state", "lease_until", "attempts"])
                return message


def _send_one(message: Message, *, practice: Practice, now: datetime, deliver: Deliver, sweep: Sweep) -> None:
    """Journal the hand-off, deliver, record. Between the first and the last a crash leaves doubt, never loss."""
    if isinstance(deliver, SmtpDelivery):
        deliver.reach()  # a server that is away costs no hand-off
    with transaction.atomic():
        mail = as_email(compose(message, practice=practice, now=now), message, practice=practice, now=now)
        mine = Message.objects.filter(pk=message.pk, state=State.CLAIMED, attempts=message.attempts)
        if not mine.update(
            state=State.HANDOFF, handoffs=F("handoffs") + 1, message_id=mail.extra_headers["Message-ID"]
        ):
            return  # the lease ran out and another worker has it
    try:
        deliver(mail)
    except Refusal as refusal:
        Message.objects.filter(pk=message.pk).update(handoffs=F("handoffs") - 1)
        if refusal.is_final or message.attempts >= ATTEMPTS:
            _give_up(message, now=now)
            sweep.failed += 1
        else:
            _postpone(message, now=now, why="the mail server asked to try later")
            sweep.postponed += 1
    except (OSError, smtplib.SMTPException) as doubt:
        # Perhaps taken, perhaps not: the lease runs out and it is handed over once more under the same Message-ID.
        log.warning("A hand-off ended in doubt (%s).", type(doubt).__name__, extra={"message_id": message.pk})
        sweep.postponed += 1
    else:
        _record_sent(message, now=now)
        sweep.sent += 1


@transaction.atomic
def _record_sent(message: Message, *, now: datetime) -> None:
    Message.objects.filter(pk=message.pk).update(state=State.SENT, sent_at=now, lease_until=None, why="")
    audit.record(action="message.sent", at=now, actor="system", target=message, kind=message.kind)


def _postpone(message: Message, *, now: datetime, why: str) -> None:
    wait = BACK_OFF_MINUTES[min(message.attempts, len(BACK_OFF_MINUTES)) - 1]
    Message.objects.filter(pk=message.pk).update(
        state=State.DUE, due_at=now + timedelta(minutes=wait), lease_until=None, why=why
    )


@transaction.atomic
def _give_up(message: Message, *, now: datetime) -> None:
    _settle(message, State.FAILED, "the mail server refused it", now=now, call=True)


def _settle(message: Message, state: str, why: str, *, now: datetime, call: bool = False) -> None:
    Message.objects.filter(pk=message.pk).update(state=state, why=why, lease_until=None)
    audit.record(action=f"message.{state}", at=now, actor="system", target=message, kind=message.kind)
    if call and message.kind not in {Message.Kind.THERAPIST_ALERT, Message.Kind.REPORT_READY}:
        raise_task(
            kind=Task.Kind.CALL_CLIENT,
            client=message.client,
            subject=f"message {message.pk}",
            for_role="front_desk",
            at=now,
        )


@transaction.atomic
def hold_mail(reason: str, *, at: datetime) -> None:
    """Let no mail leave until an owner releases it."""
    Practice.objects.filter(pk=1).update(mail_held_because=reason)
    audit.record(action="mail.held", at=at, actor="system")


@transaction.atomic
def release_mail(*, by, at: datetime) -> None:
    """Let mails leave again."""
    Practice.objects.filter(pk=1).update(mail_held_because="")
    audit.record(action="mail.released", at=at, by=by)


@transaction.atomic
def resend(message: Message, *, by, at: datetime) -> None:
    """Send a failed, unknown or dropped message again, at a person's wish, with a fresh link."""
    Message.objects.filter(pk=message.pk, state__in=[State.FAILED, State.UNKNOWN, State.DROPPED, State.SENT]).update(
        state=State.DUE, due_at=at, attempts=0, handoffs=0, lease_until=None, why=""
    )
    audit.record(action="message.resent", at=at, by=by, target=message, kind=message.kind)
