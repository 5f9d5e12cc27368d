"""The outbox: claim, check again, hand off, record. Never lost, at most two copies, at most one extra copy per crash.

SMTP leaves one gap that no sender can close: a crash between the server's taking a mail and our writing that down.
A message caught in it is handed off once more under the same Message-ID, and then shown to the desk as unknown.
"""

import logging
import random
import smtplib
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import DatabaseError, transaction
from django.db.models import F, Q, prefetch_related_objects

from booking.holds import release_lapsed_holds
from booking.models import Appointment
from booking.offering import offer_freed_times
from clients.models import Client, Task
from clients.records import refuse_address
from clients.todo import raise_task, settle_tasks
from practice import audit, clock
from practice.context import mail_held
from practice.errors import Refused
from practice.models import Practice
from practice.prepared import prepared
from reminders.delivery import BrokeOff, InDoubt, Refusal, ServerAway, SmtpDelivery, Withdrawn
from reminders.due import derive_due, why_not
from reminders.mail_server import Chance, back_off, is_resting, may_knock, note_away, note_well, take_slot
from reminders.mails import address_of, as_email, compose
from reminders.models import MailChoice, Message
from reminders.rules import offers_by_itself, resting_kinds, stopped_by

log = logging.getLogger(__name__)
State = Message.State

LEASE = timedelta(minutes=2)
LONGEST_LEASE = timedelta(minutes=10)
HANDOFFS = 2
ATTEMPTS = 12
BATCH = 10  # claimed and written in one transaction each; a killed worker keeps as many from the others for one lease
SWEEP_FOR = timedelta(seconds=60)  # a sweep against a slow server ends, so that the next one looks at the time again
LOOK_KEPT = timedelta(minutes=1)  # how often it is written down that a sweep looked at the clock
PATIENCE = timedelta(seconds=10)  # a sweep waits this long for its turn under EMAIL_PER_MINUTE, not longer
BROKE_OFF, NO_ANSWER = "the mail server broke off", "handed over, but the mail server did not answer"
NO_MAILBOX = "the address takes no mail"
UNWRITTEN = "it could not be written"

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


class Stop:
    """Says that no further mail shall be begun. It may be set by a signal's handler, where no lock may be taken."""

    def __init__(self):
        self._is_set = False

    def set(self, *_signal) -> None:
        """Say stop."""
        self._is_set = True

    def is_set(self) -> bool:
        """Say whether somebody said stop."""
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until somebody says stop; return whether somebody did."""
        until = time.monotonic() + seconds
        while not self._is_set and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
        return self._is_set


class NotNeeded(Refused):
    """The mail would be dropped before it left."""


class OnItsWay(Refused):
    """The mail is waiting or being sent already."""


@dataclass
class Sweep:
    """What one sweep did. `held` says why nothing may leave, `resting` that the mail server is left alone for now."""

    derived: int = 0
    sent: int = 0
    dropped: int = 0
    failed: int = 0
    postponed: int = 0
    held: str = ""
    resting: bool = False


def send_due(
    *,
    now: datetime,
    deliver: Deliver,
    watch: clock.StepWatch | None = None,
    lease: timedelta = LEASE,
    stop: Stop | None = None,
    chance: Chance = random.random,
    per_minute: int | None = None,
) -> Sweep:
    """Derive what is due, then send it, what is needed soonest first; returns what was done. Any number of workers may run it.

    Nothing leaves while mail is held or no mail server is set up, and a jump of the machine's clock holds it; while the
    server is away nothing knocks but now and then one. A message is its sender's for `lease`; the longest hand-off must
    fit into it. Once `stop` is set the mail in hand is finished and recorded, and no other is begun. At most `per_minute`
    (EMAIL_PER_MINUTE; 0 is no limit) are handed over.
    """
    practice = _looked_at(now, watch)
    if practice is None:
        return Sweep(held="There is no practice yet.")
    sweep = Sweep(held=mail_held(practice), resting=is_resting(practice, now))
    sweep.derived = catch_up(now, may_offer=not sweep.held and not sweep.resting)
    if sweep.held or sweep.resting or not may_knock(practice, now):
        return sweep
    limit = settings.EMAIL_PER_MINUTE if per_minute is None else per_minute
    _Round(now, practice, deliver, sweep, lease, stop or Stop(), chance, limit).send_all()
    return sweep


def _looked_at(now: datetime, watch: clock.StepWatch | None) -> Practice | None:
    """Return the practice as it stands after a look at the clock, whose jump holds its mail."""
    with watch.looking() if watch else nullcontext(timedelta(0)) as jump:
        practice = Practice.objects.current()
        if practice is None:
            return None
        if step := jump or _went_back(practice, now):
            minutes = round(step.total_seconds() / 60)
            hold_mail(
                f"The machine's clock jumped by {minutes} minutes. Check the time, then release the mails.", at=now
            )
        if step or practice.mail_swept_at is None or now - practice.mail_swept_at >= LOOK_KEPT:
            Practice.objects.filter(pk=practice.pk).update(mail_swept_at=now)
        return Practice.objects.current() if step else practice


def _went_back(practice: Practice, now: datetime) -> timedelta:
    """Return by how much `now` lies before an earlier sweep, negative; zero within the tolerance, and in the demo, whose clock may be moved."""
    last = practice.mail_swept_at
    if settings.DEMO or last is None or now >= last - clock.StepWatch.tolerance:
        return timedelta(0)
    return now - last


def catch_up(now: datetime, *, may_offer: bool) -> int:
    """Give back held time that lapsed, offer what came free, derive what is due; returns how many messages came to be.

    While no mail leaves nobody is offered a time, since nobody could tell them; nor in quiet hours, since they would sleep
    over it.
    """
    release_lapsed_holds(now)
    if may_offer and offers_by_itself(Practice.objects.current(), now):
        offer_freed_times(now, passing_over=stopped_by(MailChoice.Topic.OFFERS))
    return derive_due(now)


# --- claim


def due(now: datetime):
    """Messages that wait and whose time has come, what is needed soonest first."""
    return Message.objects.filter(state=State.DUE, due_at__lte=now).order_by("needed_by", "pk")


def expired():
    """Messages whose sender died: the lease has run out. What is needed soonest first.

    A lease that ends further off than any is given comes of a clock that was put back.
    """
    here = clock.machine_now()
    has_run_out = Q(lease_until__lt=here) | Q(lease_until__gt=here + LONGEST_LEASE)
    left = Message.objects.filter(has_run_out, state__in=[State.CLAIMED, State.HANDOFF])
    return left.order_by("needed_by", "pk")


def claim(
    now: datetime, sweep: Sweep, *, at_most: int, lease: timedelta = LEASE, passing_over: Iterable[str] = ()
) -> list[Message]:
    """Take the next messages under a lease and return them, none when nothing waits. Those not needed any more are dropped on the way.

    First those whose sender died, then those needed soonest. Reminders and follow-ups rest in quiet hours; so does what
    waits for one of the reasons `passing_over`. A message handed off twice already without a record becomes unknown, with a task for
    the desk.
    """
    resting = resting_kinds(Practice.objects.current(), now)
    while True:
        with transaction.atomic():
            rows = _free(now, at_most=at_most, resting=resting, passing_over=passing_over)
            if not rows:
                return []
            prefetch_related_objects(rows, "client", "appointment__therapist", "intake", "check_in__session__therapist")
            mine = [message for message in rows if _may_be_sent(message, now=now, sweep=sweep)]
            lease_until = clock.machine_now() + lease
            Message.objects.filter(pk__in=[message.pk for message in mine]).update(
                state=State.CLAIMED, lease_until=lease_until, attempts=F("attempts") + 1
            )
        for message in mine:
            message.state, message.lease_until, message.attempts = State.CLAIMED, lease_until, message.attempts + 1
        if mine:
            return mine


def claim_one(now: datetime, sweep: Sweep, *, lease: timedelta = LEASE) -> Message | None:
    """Take the next message under a lease and return it, or None."""
    return next(iter(claim(now, sweep, at_most=1, lease=lease)), None)


def _free(now: datetime, *, at_most: int, resting: Iterable[str], passing_over: Iterable[str]) -> list[Message]:
    rows = []
    for waiting in (expired(), due(now)):
        waiting = waiting.exclude(kind__in=resting) if resting else waiting
        waiting = waiting.exclude(why__in=passing_over) if passing_over else waiting
        rows += waiting.select_for_update(skip_locked=True, of=("self",), no_key=True)[: at_most - len(rows)]
    return rows


def _may_be_sent(message: Message, *, now: datetime, sweep: Sweep) -> bool:
    """Say whether a message that was found is to be sent. One that cannot even be asked about fails, and stops no other."""
    try:
        return _is_still_to_send(message, now=now, sweep=sweep)
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with this mail, the others leave
        log.error("A mail could not be asked about (%s).", type(error).__name__, extra={"message_id": message.pk})
    _settle(message, State.FAILED, UNWRITTEN, now=now, call=True)
    sweep.failed += 1
    return False


def _is_still_to_send(message: Message, *, now: datetime, sweep: Sweep) -> bool:
    """Say whether a message that was found is to be sent; if not, settle it."""
    if message.state == State.HANDOFF and message.handoffs >= HANDOFFS:
        _settle(message, State.UNKNOWN, "handed over twice without an answer", now=now, call=True)
        sweep.failed += 1
    elif not _is_needed(message, now=now, sweep=sweep):
        return False
    elif not address_of(message, now):
        _settle_without_address(message, now=now, sweep=sweep)
    else:
        return True
    return False


def _is_needed(message: Message, *, now: datetime, sweep: Sweep) -> bool:
    """Say whether the mail still makes sense; if not, settle it. One of which that cannot be told has failed, and stops no other."""
    try:
        with transaction.atomic():
            reason = why_not(message, now)
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with this mail, the others leave
        log.error("A mail could not be judged (%s).", type(error).__name__, extra={"message_id": message.pk})
        _settle(message, State.FAILED, "nobody can tell whether it is still needed", now=now, call=True)
        sweep.failed += 1
        return False
    if reason:
        _settle(message, State.DROPPED, reason, now=now)
        sweep.dropped += 1
    return not reason


def _settle_without_address(message: Message, *, now: datetime, sweep: Sweep) -> None:
    """Drop a mail to somebody who has no address; an alert that reaches nobody is trouble."""
    if message.kind == Message.Kind.THERAPIST_ALERT:
        _settle(message, State.FAILED, "nobody who could look has an e-mail address", now=now)
        sweep.failed += 1
    else:
        is_refused = is_to_client(message) and message.client.email_failed_at and not message.client.wants_no_mail
        _settle(message, State.DROPPED, NO_MAILBOX if is_refused else "no e-mail address", now=now)
        sweep.dropped += 1


def is_to_client(message: Message) -> bool:
    """Say whether the mail goes to the client, not to a referrer or to somebody who works here."""
    return not (message.report_id or message.referral_id or message.task_id or message.session_id or message.reader_id)


# --- hand over


@dataclass
class _Round:
    """One worker's way through what is due. `suspects` are messages over which the server broke off, one after the other."""

    now: datetime
    practice: Practice
    deliver: Deliver
    sweep: Sweep
    lease: timedelta
    stop: Stop
    chance: Chance
    per_minute: int
    suspects: list[Message] = field(default_factory=list)

    def __post_init__(self):
        self.began, self.ends_at = time.monotonic(), clock.machine_now() + SWEEP_FOR
        self.is_over = self.has_answered = False
        self.is_careful = self.practice.mail_failures > 0

    @property
    def moment(self) -> datetime:
        """The present moment as the sweep counts it, from its own beginning: a clock that is put forward drops nothing."""
        return self.now + timedelta(seconds=time.monotonic() - self.began)

    def send_all(self) -> None:
        """Send until nothing is left, the server is away, time is up or somebody says stop."""
        try:
            while not self._must_end():
                batch = self._claim()
                if not batch:
                    self._find_it_well()
                    break
                self._send_batch(batch)
        except ServerAway:
            self._spare_suspects(retry_at=None)
            note_away(self.practice, self.now, self.chance)
            self.sweep.resting = True
        if self.suspects and self.has_answered:
            self._blame()
        elif self.suspects:  # nobody tells whether it is the server's fault or theirs: others need not wait
            self._spare_suspects(retry_at=note_away(self.practice, self.now, self.chance, does_rest=False))

    def _must_end(self) -> bool:
        return self.is_over or self.stop.is_set() or clock.machine_now() >= self.ends_at

    def _claim(self) -> list[Message]:
        """Claim what comes next. After a failure one goes ahead, and what went wrong before comes last."""
        is_knock = self.practice.mail_failures or self.suspects
        at_most = 1 if is_knock or self.per_minute else BATCH
        if self.is_careful:
            passing_over = (BROKE_OFF, NO_ANSWER)
            if others := claim(self.moment, self.sweep, at_most=at_most, lease=self.lease, passing_over=passing_over):
                return others
            at_most = 1
        return claim(self.moment, self.sweep, at_most=at_most, lease=self.lease)

    def _find_it_well(self) -> None:
        """Nothing is left to send: if the server was away, see whether it can be reached again."""
        if not self.practice.mail_failures or self.suspects:
            return
        if Message.objects.filter(state=State.DUE, why=BROKE_OFF).exists():
            return  # reaching it would prove nothing
        self._reach()
        note_well(self.practice)

    def _reach(self) -> None:
        if isinstance(self.deliver, SmtpDelivery):
            self.deliver.reach()

    def _send_batch(self, batch: list[Message]) -> None:
        """Write and send what was claimed; what could not leave, because the server is away or time is up, is given back."""
        try:
            self._reach()  # before links are made
        except ServerAway:
            self._give_back(batch, why="the mail server cannot be reached")
            raise
        mails = _written(batch, practice=self.practice, now=self.now, sweep=self.sweep)
        try:
            while mails and not self._must_end():
                self._send(*mails.pop(0))
        finally:
            self._give_back([message for message, _ in mails])

    def _send(self, message: Message, mail: EmailMessage) -> None:
        wait = take_slot(self.per_minute, at_most=PATIENCE)
        if wait is None or self.stop.wait(wait.total_seconds()):
            self._give_back([message])
            self.is_over = True
            return
        try:
            self._deliver(message, mail)
        except Withdrawn:
            return
        except BrokeOff:
            self._suspect(message)
        except ServerAway:
            self._give_back([message], why="the mail server took nothing")
            raise
        except Refusal as refusal:
            self._is_answered()
            self._take_no(message, mail, refusal)
        except (InDoubt, OSError, smtplib.SMTPException) as doubt:
            # Perhaps taken, perhaps not: the lease runs out and it is handed over once more under the same Message-ID.
            log.warning("A hand-off ended in doubt (%s).", type(doubt).__name__, extra={"message_id": message.pk})
            _mine(message).update(why=NO_ANSWER)
            self.sweep.postponed += 1
            # One in doubt is enough for a sweep; if the next sweep's first mail ends so as well, it is the server.
            note_away(self.practice, self.now, self.chance, does_rest=self.practice.mail_failures > 0)
            self.is_over = True
        else:
            _record_sent(message, now=self.now)
            self.sweep.sent += 1
            self._is_answered()

    def _deliver(self, message: Message, mail: EmailMessage) -> None:
        def just_before():
            if not self._let_out(message, mail):
                raise Withdrawn

        if isinstance(self.deliver, SmtpDelivery):
            self.deliver(mail, just_before)
        else:
            just_before()
            self.deliver(mail)

    @transaction.atomic
    def _let_out(self, message: Message, mail: EmailMessage) -> bool:
        """Write down that the mail leaves now, and return whether it may: for the last time everything is asked again."""
        now = self.moment
        standing = _as_it_stands(message)
        if standing is None:
            return False  # the lease ran out and another worker has it
        if mail_held(Practice.objects.current()):
            self.is_over = True
            self._give_back([message])
        elif not _is_needed(standing, now=now, sweep=self.sweep):
            return False
        elif address_of(standing, now) != mail.to[0]:
            self._give_back([message])  # written anew, to the address of now
        else:
            lease_until = clock.machine_now() + self.lease
            Message.objects.filter(pk=message.pk).update(
                state=State.HANDOFF,
                handoffs=F("handoffs") + 1,
                message_id=mail.extra_headers["Message-ID"],
                lease_until=lease_until,
            )
            message.state, message.lease_until = State.HANDOFF, lease_until
            return True
        return False

    def _is_answered(self) -> None:
        """The server speaks with us: over whom it broke off just before is to blame."""
        self.has_answered = True
        note_well(self.practice)
        self._blame()

    def _blame(self) -> None:
        """Leave the suspects where they were set back to, later and later each time; in the end they have failed."""
        guilty, self.suspects = self.suspects, []
        for message in guilty:
            if message.attempts >= ATTEMPTS:
                _settle(message, State.FAILED, BROKE_OFF, now=self.now, call=True)
                self.sweep.failed += 1

    def _suspect(self, message: Message) -> None:
        """Set a message back over which the server broke off. Raises ServerAway if that goes on with the next ones.

        Two are enough; three, of a server that has taken others just now.
        """
        self._postpone(message, why=BROKE_OFF)
        self.suspects.append(message)
        if len(self.suspects) > 1 + self.has_answered:
            raise ServerAway

    def _spare_suspects(self, *, retry_at: datetime | None) -> None:
        """Let the suspects wait as if they had not been tried, or until `retry_at`: it was not their fault, or nobody knows."""
        for message in self.suspects:
            back = Message.objects.filter(pk=message.pk, state=State.DUE, why=BROKE_OFF, attempts=message.attempts)
            back.update(attempts=F("attempts") - 1, due_at=retry_at or message.due_at)
        self.suspects = []

    def _take_no(self, message: Message, mail: EmailMessage, refusal: Refusal) -> None:
        if refusal.is_final or message.attempts >= ATTEMPTS:
            _give_up(message, mail.to[0], refusal, now=self.now)
            self.sweep.failed += 1
        else:
            self._postpone(message, why="the mail server asked to try later")

    def _postpone(self, message: Message, *, why: str) -> None:
        """Take the hand-off back, which certainly did not happen, and wait longer each time."""
        _take_back(message, why=why, due_at=self.now + back_off(message.attempts, self.chance))
        self.sweep.postponed += 1

    def _give_back(self, messages: list[Message], *, why: str = "") -> None:
        """Let messages wait as if they had not been claimed."""
        for message in messages:
            _take_back(message, attempts=F("attempts") - 1, **({"why": why} if why else {}))
        self.sweep.postponed += bool(why) and len(messages)


def _written(
    batch: list[Message], *, practice: Practice, now: datetime, sweep: Sweep
) -> list[tuple[Message, EmailMessage]]:
    """Return each message with its mail. One that cannot be written has failed, and stops no other."""
    written = []
    with transaction.atomic():
        for message in batch:
            try:
                with transaction.atomic():
                    mail = as_email(compose(message, practice=practice, now=now), message, practice=practice, now=now)
                    built = mail.message()  # what is wrong with a header shows here
                    mail.message = lambda built=built: built  # not built again when it leaves
            except DatabaseError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever is wrong with this mail, the others leave
                standing = _as_it_stands(message)
                if standing is None or not _is_needed(standing, now=now, sweep=sweep):
                    continue  # what it was to tell of has changed since it was claimed
                log.error("A mail could not be written (%s).", type(error).__name__, extra={"message_id": message.pk})
                _settle(message, State.FAILED, UNWRITTEN, now=now, call=True)
                sweep.failed += 1
            else:
                written.append((message, mail))
    return written


def _mine(message: Message):
    """The message's row, while the lease of the worker that claimed it stands."""
    return Message.objects.filter(pk=message.pk, lease_until=message.lease_until)


def _as_it_stands(message: Message) -> Message | None:
    """Lock and return the message anew, with its client and visit as they are now; None if another worker has it by now."""
    for standing in _claimed(message.pk, message.lease_until):
        (standing.client,) = _client(standing.client_id)
        if standing.appointment_id:
            (standing.appointment,) = _visit(standing.appointment_id)
        return standing
    return None


@prepared(Message._meta.pk, Message._meta.get_field("lease_until"))
def _claimed(pk, lease_until):
    rows = Message.objects.filter(pk=pk, lease_until=lease_until, state=State.CLAIMED)
    return rows.select_for_update(no_key=True)


@prepared(Client._meta.pk)
def _client(pk):
    return Client.objects.filter(pk=pk)


@prepared(Appointment._meta.pk)
def _visit(pk):
    return Appointment.objects.filter(pk=pk)


def _take_back(message: Message, **fields) -> int:
    """Let the message wait again; a hand-off written down did not happen. Returns 0 if another worker has it by now."""
    handoffs = F("handoffs") - int(message.state == State.HANDOFF)
    return _mine(message).update(state=State.DUE, lease_until=None, handoffs=handoffs, **fields)


@transaction.atomic
def _record_sent(message: Message, *, now: datetime) -> None:
    """Record what is certain, whoever holds the lease by now."""
    Message.objects.filter(pk=message.pk).update(state=State.SENT, sent_at=now, lease_until=None, why="")
    audit.record(action="message.sent", at=now, actor="system", target=message, kind=message.kind)


@transaction.atomic
def _give_up(message: Message, address: str, refusal: Refusal, *, now: datetime) -> None:
    """Fail the message for good, unless another worker has it by now. A client's address that takes no mail is marked."""
    if not _take_back(message):
        return
    if refusal.is_of_address and is_to_client(message):
        if refuse_address(client_id=message.client_id, address=address, at=now):
            _settle(message, State.FAILED, NO_MAILBOX, now=now)
        return  # otherwise it waits again: the client has another address by now, or none
    _settle(
        message, State.FAILED, NO_MAILBOX if refusal.is_of_address else "the mail server refused it", now=now, call=True
    )


def _settle(message: Message, state: str, why: str, *, now: datetime, call: bool = False) -> None:
    Message.objects.filter(pk=message.pk).update(state=state, why=why, lease_until=None)
    audit.record(action=f"message.{state}", at=now, actor="system", target=message, kind=message.kind)
    if call and message.kind in CALLS:
        _ask_for_a_call(message, now=now)


def calls_about(message: Message):
    """Return the calls to the client that stand for this mail, open and done: one each time it could not be sent."""
    first = f"{CALLS[message.kind]} {message.pk}"
    is_about_it = Q(subject=first) | Q(subject__startswith=f"{first}.")
    return Task.objects.filter(is_about_it, kind=Task.Kind.CALL_CLIENT, client=message.client_id)


def _ask_for_a_call(message: Message, *, now: datetime) -> None:
    calls = calls_about(message)
    if calls.open().exists():
        return
    number = calls.count() + 1
    raise_task(
        kind=Task.Kind.CALL_CLIENT,
        client=message.client,
        subject=f"{CALLS[message.kind]} {message.pk}" + (f".{number}" if number > 1 else ""),
        for_role="front_desk",
        at=now,
    )


def settle_calls(message: Message, *, at: datetime, outcome: str) -> None:
    """Close the open call that stands for this mail: it went out, or goes out, after all."""
    for task in calls_about(message).open() if message.kind in CALLS else ():
        settle_tasks(kind=task.kind, subject=task.subject, at=at, outcome=outcome)


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
    settle_calls(standing, at=at, outcome="The mail goes out again.")
    audit.record(action="message.resent", at=at, by=by, target=standing, kind=standing.kind)
