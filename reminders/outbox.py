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
from django.db import DatabaseError, transaction
from django.db.models import F, Q

from booking.holds import release_lapsed_holds
from booking.offering import offer_freed_times
from clients.models import Task
from clients.todo import raise_task
from practice import audit, clock
from practice.context import mail_held
from practice.errors import Refused
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
SWEEP_FOR = timedelta(seconds=60)  # a sweep against a slow server ends, so that the next one looks at the time again

# A mail that could not be sent becomes a call to the client; the first word of the task's subject says about what.
CALLS = {
    Message.Kind.INTAKE_LINK: "intake-mail",
    Message.Kind.BOOKING_CONFIRMATION: "visit-mail",
    Message.Kind.APPOINTMENT_MOVED: "moved-mail",
    Message.Kind.APPOINTMENT_CANCELLED: "cancelled-mail",
    Message.Kind.SERIES_BOOKED: "series-mail",
    Message.Kind.SERIES_CANCELLED: "series-cancelled-mail",
    Message.Kind.CHECK_IN: "check-in-mail",
}

Deliver = Callable[[EmailMessage], None]


class NotNeeded(Refused):
    """The mail would be dropped before it left."""


class OnItsWay(Refused):
    """The mail is waiting or being sent already."""


class ServerAway(Exception):
    """The mail server cannot be reached or takes nothing from us: nothing was handed over, every message may wait."""


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
        self._has_data_begun = False

    def __call__(self, mail: EmailMessage) -> None:
        """Hand one mail over. Raises ServerAway or Refusal when it certainly was not taken; anything else is doubt."""
        self.reach()
        self._has_data_begun = False
        try:
            is_taken = self._connection.send_messages([mail])
        except smtplib.SMTPNotSupportedError as error:
            raise Refusal(is_final=True) from error
        except (OSError, smtplib.SMTPException) as error:
            raise self._judged(error) from error
        if not is_taken:
            raise ServerAway

    def _judged(self, error: Exception) -> Exception:
        """Return what an error means: the server is away, this mail is refused, or the error itself, which is doubt."""
        codes = _codes(error)
        is_answer = bool(codes) and all(400 <= code < 600 for code in codes)
        if is_answer and 421 not in codes and not isinstance(error, smtplib.SMTPSenderRefused):
            return Refusal(is_final=min(codes) >= 500)
        self.close()
        log.warning("The mail server broke off.", extra={"error": type(error).__name__, "codes": codes})
        return ServerAway() if is_answer or not self._has_data_begun else error

    def reach(self) -> None:
        """Open the connection if it is not. Raises ServerAway."""
        if self._is_open:
            return
        try:
            self._connection.open()
        except (OSError, smtplib.SMTPException) as error:
            log.error("No connection to the mail server: %s.", type(error).__name__, extra={"codes": _codes(error)})
            raise ServerAway from error
        self._is_open = True
        if isinstance(smtp := getattr(self._connection, "connection", None), smtplib.SMTP):
            smtp.data = self._noting(smtp.data)

    def _noting(self, data: Callable) -> Callable:
        """Note that the mail itself is under way: smtplib reports a lost connection in the same words before and after."""

        def noted(message):
            self._has_data_begun = True
            return data(message)

        return noted

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        self._is_open = False
        try:
            self._connection.close()
        except (OSError, smtplib.SMTPException):
            log.warning("The connection to the mail server closed badly.")


def _codes(error: Exception) -> list[int]:
    """Return the SMTP answers an error carries."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def send_due(
    *, now: datetime, deliver: Deliver, watch: clock.StepWatch | None = None, lease: timedelta = LEASE
) -> Sweep:
    """Derive what is due, then send it one by one; returns what was done. Any number of workers may run it at once.

    Nothing leaves while mail is held or no mail server is set up, and a jump of the machine's clock holds it. A message
    is its sender's for `lease`; the longest hand-off must fit into it.
    """
    practice = Practice.objects.current()
    if practice is None:
        return Sweep(held="There is no practice yet.")
    if watch and (jump := watch.jump()):
        hold_mail(
            f"The machine's clock jumped by {_minutes(jump)} minutes. Check the time, then release the mails.", at=now
        )
        practice.refresh_from_db()
    held = mail_held(practice)
    sweep = Sweep(derived=catch_up(now, is_held=bool(held)), held=held)
    ends_at = clock.machine_now() + SWEEP_FOR
    for _ in range(0 if sweep.held else PER_SWEEP):
        message = claim_one(now, sweep, lease=lease)
        if message is None:
            break
        is_well = _send_one(message, practice=practice, now=now, deliver=deliver, sweep=sweep)
        if not is_well or clock.machine_now() >= ends_at:
            break
    return sweep


def catch_up(now: datetime, *, is_held: bool) -> int:
    """Give back held time that lapsed, offer what came free, derive what is due; returns how many messages came to be.

    While mail is held nobody is offered a time, since nobody could tell them.
    """
    release_lapsed_holds(now)
    if not is_held:
        offer_freed_times(now)
    return derive_due(now)


def _minutes(jump: timedelta) -> int:
    return round(jump.total_seconds() / 60)


def waiting(now: datetime):
    """Messages that a sweep may take: due ones, and those whose sender died with the lease run out."""
    free = Q(state=State.DUE) | Q(lease_until__lt=clock.machine_now())
    return Message.objects.filter(free, state__in=[State.DUE, State.CLAIMED, State.HANDOFF], due_at__lte=now).order_by(
        "due_at", "pk"
    )


def claim_one(now: datetime, sweep: Sweep, *, lease: timedelta = LEASE) -> Message | None:
    """Take the next message under a lease and return it, or None. Those not needed any more are dropped on the way.

    A message handed off twice already without a record becomes unknown, with a task for the desk.
    """
    while True:
        with transaction.atomic():
            message = waiting(now).select_for_update(skip_locked=True, of=("self",)).first()
            if message is None:
                return None
            if message.state == State.HANDOFF and message.handoffs >= HANDOFFS:
                _settle(message, State.UNKNOWN, "handed over twice without an answer", now=now, call=True)
                sweep.failed += 1
            elif reason := why_not(message, now):
                _settle(message, State.DROPPED, reason, now=now)
                sweep.dropped += 1
            elif not address_of(message, now):
                _settle_without_address(message, now=now, sweep=sweep)
            else:
                message.state = State.CLAIMED
                message.lease_until = clock.machine_now() + lease
                message.attempts += 1
                message.save(update_fields=["state", "lease_until", "attempts"])
                return message


def _settle_without_address(message: Message, *, now: datetime, sweep: Sweep) -> None:
    """Drop a mail to somebody who has no address; an alert that reaches nobody is trouble."""
    if message.kind == Message.Kind.THERAPIST_ALERT:
        _settle(message, State.FAILED, "nobody who could look has an e-mail address", now=now)
        sweep.failed += 1
    else:
        _settle(message, State.DROPPED, "no e-mail address", now=now)
        sweep.dropped += 1


def _send_one(message: Message, *, practice: Practice, now: datetime, deliver: Deliver, sweep: Sweep) -> bool:
    """Journal the hand-off, deliver, record; return whether the server is well. A crash leaves doubt, never loss."""
    mine = Message.objects.filter(pk=message.pk, lease_until=message.lease_until)
    try:
        if isinstance(deliver, SmtpDelivery):
            deliver.reach()  # a server that is away costs no try
    except ServerAway:
        mine.update(
            state=State.DUE, attempts=F("attempts") - 1, lease_until=None, why="the mail server cannot be reached"
        )
        sweep.postponed += 1
        return False
    mail = _written(message, practice=practice, now=now, sweep=sweep)
    journal = {"state": State.HANDOFF, "handoffs": F("handoffs") + 1}
    if mail is None or not mine.filter(state=State.CLAIMED).update(
        **journal, message_id=mail.extra_headers["Message-ID"]
    ):
        return True  # it cannot be written, or the lease ran out and another worker has it
    return _hand_over(mail, message, mine=mine.filter(state=State.HANDOFF), now=now, deliver=deliver, sweep=sweep)


def _written(message: Message, *, practice: Practice, now: datetime, sweep: Sweep) -> EmailMessage | None:
    """Return the mail, or None if it cannot be written: then it has failed, and stops no other."""
    try:
        with transaction.atomic():
            mail = as_email(compose(message, practice=practice, now=now), message, practice=practice, now=now)
            mail.message()  # what is wrong with a header shows here
            return mail
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with this mail, the others leave
        log.error("A mail could not be written (%s).", type(error).__name__, extra={"message_id": message.pk})
    with transaction.atomic():
        _settle(message, State.FAILED, "it could not be written", now=now, call=True)
    sweep.failed += 1
    return None


def _hand_over(mail: EmailMessage, message: Message, *, mine, now: datetime, deliver: Deliver, sweep: Sweep) -> bool:
    """Deliver and record what came of it. `mine` is the message's row while this worker's lease stands."""
    try:
        deliver(mail)
    except ServerAway:
        _postpone(mine, message, now=now, why="the mail server took nothing")
        sweep.postponed += 1
        return False
    except Refusal as refusal:
        if refusal.is_final or message.attempts >= ATTEMPTS:
            sweep.failed += _give_up(mine, message, now=now)
        else:
            _postpone(mine, message, now=now, why="the mail server asked to try later")
            sweep.postponed += 1
        return True
    except (OSError, smtplib.SMTPException) as doubt:
        # Perhaps taken, perhaps not: the lease runs out and it is handed over once more under the same Message-ID.
        log.warning("A hand-off ended in doubt (%s).", type(doubt).__name__, extra={"message_id": message.pk})
        mine.update(why="handed over, but the mail server did not answer")
        sweep.postponed += 1
        return False
    _record_sent(message, now=now)
    sweep.sent += 1
    return True


@transaction.atomic
def _record_sent(message: Message, *, now: datetime) -> None:
    """Record what is certain, whoever holds the lease by now."""
    Message.objects.filter(pk=message.pk).update(state=State.SENT, sent_at=now, lease_until=None, why="")
    audit.record(action="message.sent", at=now, actor="system", target=message, kind=message.kind)


def _postpone(mine, message: Message, *, now: datetime, why: str) -> None:
    """Take the hand-off back, which certainly did not happen, and wait longer each time."""
    wait = BACK_OFF_MINUTES[min(message.attempts, len(BACK_OFF_MINUTES)) - 1]
    mine.update(
        state=State.DUE,
        handoffs=F("handoffs") - 1,
        due_at=now + timedelta(minutes=wait),
        lease_until=None,
        why=why,
    )


@transaction.atomic
def _give_up(mine, message: Message, *, now: datetime) -> int:
    """Fail the message for good unless another worker has it by now; returns how many failed."""
    if not mine.update(handoffs=F("handoffs") - 1):
        return 0
    _settle(message, State.FAILED, "the mail server refused it", now=now, call=True)
    return 1


def _settle(message: Message, state: str, why: str, *, now: datetime, call: bool = False) -> None:
    Message.objects.filter(pk=message.pk).update(state=state, why=why, lease_until=None)
    audit.record(action=f"message.{state}", at=now, actor="system", target=message, kind=message.kind)
    if call and message.kind in CALLS:
        raise_task(
            kind=Task.Kind.CALL_CLIENT,
            client=message.client,
            subject=f"{CALLS[message.kind]} {message.pk}",
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
    """Send a failed, unknown, dropped or sent message again, at a person's wish, with a fresh link.

    Raises OnItsWay, and NotNeeded when the next sweep would drop it.
    """
    standing = Message.objects.select_for_update(of=("self",), no_key=True).get(pk=message.pk)
    if not standing.can_be_resent:
        raise OnItsWay("This mail is on its way already.")
    if reason := why_not(standing, at):
        raise NotNeeded(f"It would not go out again: {reason}.")
    if not address_of(standing, at):
        raise NotNeeded("It cannot go out: there is no e-mail address.")
    standing.state, standing.due_at, standing.why = State.DUE, at, ""
    standing.attempts, standing.handoffs, standing.lease_until = 0, 0, None
    standing.save(update_fields=["state", "due_at", "why", "attempts", "handoffs", "lease_until"])
    audit.record(action="message.resent", at=at, by=by, target=standing, kind=standing.kind)
