"""A mail server that is away for an hour with much to send, and one that misbehaves in every way at once."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from booking.appointments import cancel_appointment, move_appointment
from booking.models import Appointment
from clients.models import Task
from practice import clock
from reminders import due
from reminders.models import Message
from reminders.outbox import Refusal, SmtpDelivery, send_due
from tests import world
from tests.reminders.rush import ask, count, people
from tests.reminders.sink import Sink
from tests.support.proof import keep, size
from tests.world import NOW, minutes

pytestmark = [pytest.mark.django_db, pytest.mark.chaos]

DUE, DOWN, DRAINED = size(quick=60, long=500), 60, 20  # mails; minutes without a server; minutes to send what waited
BACK = NOW + minutes(DOWN)
EVERY = size(quick=5, long=1)  # minutes between sweeps while it is away
APART = minutes(20)  # one visit after the other, with each of the therapists
ROUGH, SEED = size(quick=60, long=500), 20261125


@pytest.fixture
def sink(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 10
    sink = Sink()
    settings.EMAIL_PORT = sink.port
    yield sink
    sink.stop()


@pytest.fixture
def sweep(monkeypatch):
    """Sweep at a moment, which is the machine's, too: `sweep(NOW)`."""

    def swept(at):
        monkeypatch.setattr(clock, "machine_now", lambda: at)
        delivery = SmtpDelivery()
        done = send_due(now=at, deliver=delivery)
        delivery.close()
        return done

    return swept


@pytest.fixture
def visits(practice, mia, tom, massage):
    """Visits of one person each, four side by side from now on, so that some pass while the server is away; written in any order."""
    therapists = [mia, tom, *(world.make_staff(name, name, "Lee", "therapist") for name in ("ann", "bob"))]
    for name in ("Blue room", "Red room", "Yellow room"):
        world.make_room(name)
    rows = [
        Appointment(
            client=client,
            therapist=therapists[place % 4],
            service=massage,
            starts_at=NOW + APART * (1 + place // 4),
            ends_at=NOW + APART * (2 + place // 4),
            booked_at=NOW - minutes(5),
        )
        for client, place in zip(people(DUE), random.Random(SEED).sample(range(DUE), DUE), strict=True)
    ]
    booked = Appointment.objects.bulk_create(rows[: DUE // 2])
    due.derive_due(NOW - minutes(3))  # whose mail has waited longest is not whose visit is the next
    return [*booked, *Appointment.objects.bulk_create(rows[DUE // 2 :])]


def wait_out(sink, sweep, visits, *, by) -> set[int]:
    """Sweep for an hour without a server, while every tenth visit is cancelled and some others move; return the cancelled."""
    for minute in range(0, DOWN, EVERY):
        sweep(NOW + minutes(minute))
        if minute == DOWN // 2:
            for visit in visits[9::10]:
                cancel_appointment(visit, reason="other", by=by, at=NOW + minutes(minute))
            for visit in visits[6::10]:
                later = visit.starts_at + timedelta(days=3)
                move_appointment(
                    visit, starts_at=later, by=by, at=NOW + minutes(minute), overrule=["hours", "buffer", "room"]
                )
    assert sink.mails == []
    return {visit.pk for visit in visits[9::10]}


def send_what_waited(sink, sweep) -> list[tuple]:
    """Let the server be back, sweep until all is sent; return in order of arrival the message, and at which moment it left."""
    sink.start()
    arrived = []
    for minute in range(DRAINED):
        at = BACK + minutes(minute)
        sweep(at)
        by_id = {message.message_id: message for message in Message.objects.filter(state="sent")}
        arrived += [(by_id[mail["Message-ID"]], at) for mail in sink.mails[len(arrived) :]]
    return [(message, at) for message, at in arrived if message.appointment_id and message.reader_id is None]


def test_after_an_outage_what_is_still_useful_leaves_the_soonest_visit_first(sink, sweep, visits, dana):
    cancelled = wait_out(sink, sweep, visits, by=dana)

    arrived = send_what_waited(sink, sweep)

    starts = dict(Appointment.objects.values_list("pk", "starts_at"))
    told = Counter((message.appointment_id, message.kind) for message, _ in arrived)
    sent_at_once = [message for message, at in arrived if at == arrived[0][1]]
    order = [starts[message.appointment_id] for message in sent_at_once]
    still_useful = {pk for pk, start in starts.items() if start > arrived[0][1]} - cancelled
    late = [message for message, at in arrived if starts[message.appointment_id] <= at]
    reasons = Counter(Message.objects.filter(state="dropped").values_list("why", flat=True))
    keep(
        "mails_after_an_outage",
        due=DUE,
        minutes_away=DOWN,
        sent=len(arrived),
        lost=len(still_useful - {pk for pk, _ in told}),
        of_cancelled=sum(message.appointment_id in cancelled for message, _ in arrived),
        of_past=len(late),
        of_moved_from=sum(message.version == 1 and message.appointment_id in _moved() for message, _ in arrived),
        dropped=dict(reasons),
        minutes_to_drain=(arrived[-1][1] - BACK).total_seconds() / 60,
    )
    assert order == sorted(order)
    assert still_useful <= {pk for pk, _ in told}
    assert set(told.values()) == {1}
    assert not cancelled & {pk for pk, _ in told}
    assert late == []
    assert all(message.version == 2 for message, _ in arrived if message.appointment_id in _moved())
    assert {"the visit has begun", "the visit has changed since"} <= set(reasons)
    assert not Message.objects.exclude(state__in=["sent", "dropped"]).filter(due_at__lte=BACK).exists()


def _moved() -> set[int]:
    return set(Appointment.objects.filter(version=2).exclude(status="cancelled").values_list("pk", flat=True))


def test_without_the_second_look_mails_of_cancelled_visits_do_leave(sink, sweep, visits, dana, monkeypatch):
    """The negative control."""
    cancelled = wait_out(sink, sweep, visits, by=dana)
    look = due.WHY_NOT[Message.Kind.BOOKING_CONFIRMATION]
    blind = lambda message, now: look(message, now).replace("the visit has changed since", "")  # noqa: E731
    monkeypatch.setitem(due.WHY_NOT, Message.Kind.BOOKING_CONFIRMATION, blind)

    arrived = send_what_waited(sink, sweep)

    of_cancelled = sum(message.appointment_id in cancelled for message, _ in arrived)
    keep("mails_after_an_outage_without_control", of_cancelled=of_cancelled)
    assert of_cancelled > 0


class Rough:
    """A server that asks everybody to come back, throttles, hangs up and falls silent, and knows every 25th address not."""

    def __init__(self, sink):
        self.rng, self.sink, self.seen, self.doubts = random.Random(SEED), sink, set(), 0
        sink.faults = {"MAIL": self.mail, "RCPT": self.rcpt, "DATA": self.data}
        sink.start()

    def mail(self, envelope):
        return "421 too busy" if self.rng.random() < 0.05 else None

    def rcpt(self, envelope):
        (address,) = envelope.rcpt_tos
        if self.is_bad(address):
            return "550 no such user"
        if address not in self.seen:
            self.seen.add(address)
            return "451 greylisted, try later"
        return "drop" if self.rng.random() < 0.05 else None

    def data(self, envelope):
        """Taken, and then no answer, or one that is none; or not taken, and said so."""
        fate = self.rng.random()
        if fate < 0.05:
            self.sink.mails.pop()
            return "452 no room, try later"
        if fate < 0.15:
            self.doubts += 1
            return self.rng.choice(["drop", "hang", "!! nonsense"])
        return None

    @staticmethod
    def is_bad(address: str) -> bool:
        return int(address.removeprefix("ada").partition("@")[0]) % 25 == 24


def sweep_until_settled(sweep) -> int:
    """Sweep minute after minute until nothing waits; return how many minutes that took."""
    for minute in range(24 * 60):
        sweep(NOW + minutes(minute))
        if not Message.objects.filter(state__in=["due", "claimed", "handoff"]).exists():
            return minute
    raise AssertionError(f"still waiting: {Message.objects.exclude(state='sent').values('state', 'why')[:5]}")


def test_a_rough_server_gets_every_mail_through_and_none_three_times(practice, sink, sweep, settings):
    settings.EMAIL_TIMEOUT = 1  # silence is waited out
    server = Rough(sink)
    ask(people(ROUGH))

    took = sweep_until_settled(sweep)

    found, bad = count(sink), ROUGH // 25
    states = Counter(Message.objects.values_list("state", flat=True))
    keep(
        "mails_to_a_rough_server",
        mails=ROUGH,
        bad_addresses=bad,
        lost=found.lost - bad,
        doubts=server.doubts,
        doubled=found.doubled,
        tripled=found.tripled,
        unknown=found.unknown,
        minutes=took,
        seed=SEED,
    )
    assert server.doubts > 0
    assert found.lost == bad
    assert 0 < found.doubled <= server.doubts
    assert found.tripled == 0
    assert (states["failed"], states["sent"]) == (bad, ROUGH - bad - states["unknown"])
    assert Task.objects.filter(kind="call_client").count() >= bad + states["unknown"]


def test_taking_doubt_for_a_no_sends_a_third_copy(practice, sink, sweep, monkeypatch):
    """The negative control: the same server, and a sender who believes that what was not answered was not taken."""
    Rough(sink)
    monkeypatch.setattr(SmtpDelivery, "_judged", lambda self, error: self.close() or Refusal(is_final=False))
    sink.faults["DATA"] = lambda envelope: "!! nonsense"
    ask(people(3))

    for hour in range(6):
        sweep(NOW + minutes(60 * hour))

    assert count(sink).tripled > 0
