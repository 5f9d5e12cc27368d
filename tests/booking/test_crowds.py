"""Crowds at the book, round after round: bookings, moves and cancellations through HTTP, on exact and on overlapping times."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from threading import BoundedSemaphore
from uuid import uuid4

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connection

from booking.appointments import book_appointment
from booking.models import Appointment
from booking.refusals import RULES
from practice.models import AuditEvent
from tests import world
from tests.booking.races import overlapping_pairs, take_locks_away, without_constraints
from tests.support.crowd import Answer, all_at_once, post, session_of
from tests.support.proof import keep, size
from tests.world import NOW, minutes

NEW = "/booking/appointments/new/"
BOOKERS, ROUNDS = size(quick=60, long=200), size(quick=4, long=50)
SERVED_AT_ONCE = 8  # as many as the product's own server has threads
SEED = 20261125
TIMES = 5  # exact times of an afternoon for each therapist, a visit and its buffer apart

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.chaos]


@pytest.fixture
def served_by_few(monkeypatch):
    """Let the test's server work on as many requests at once as the product's does; the others wait in line."""
    turn, handle = BoundedSemaphore(SERVED_AT_ONCE), ThreadedWSGIServer.process_request_thread

    def wait_for_a_turn(server, request, address):
        with turn:
            handle(server, request, address)

    monkeypatch.setattr(ThreadedWSGIServer, "process_request_thread", wait_for_a_turn)


@pytest.fixture
def house(live_server, dana, mia, tom, massage, served_by_few, slow_hands):
    """Two therapists, two rooms, and as many clients as bookers."""
    world.make_room("Blue room")
    return House(
        url=live_server.url,
        session=session_of(dana),
        desk=dana,
        service=massage,
        therapists=(mia, tom),
        clients=[world.make_client(f"Client{number}", "Test") for number in range(BOOKERS)],
        rng=random.Random(SEED),
    )


@dataclass
class House:
    url: str
    session: str
    desk: object
    service: object
    therapists: tuple
    clients: list
    rng: random.Random

    def post(self, path, **fields):
        return lambda: post(self.url, path, fields, session=self.session)

    def place(self, starts_at, therapist):
        return {
            "day": f"{starts_at:%Y-%m-%d}",
            "slot": f"{starts_at:%Y-%m-%dT%H:%MZ}|{therapist.pk}",
            "overrule": "buffer,room,hours",
        }

    def round(self, day, *, exact: bool) -> list:
        """Let everybody press at once on times of `day`: a sixth move or cancel, the others book. Return the answers."""
        standing = [self._stand(day, number) for number in range(BOOKERS // 12)]
        acts = []
        for visit in standing:
            acts.append(self.post(f"{visit.get_absolute_url()}move/", version=1, **self._somewhere(day, exact)))
            acts.append(self.post(f"{visit.get_absolute_url()}cancel/", version=1, reason="other"))
        for client in self.clients[len(acts) :]:
            booking = {"client": client.pk, "service": self.service.pk, "key": uuid4()}
            acts.append(self.post(NEW, **booking, **self._somewhere(day, exact)))
        self.rng.shuffle(acts)
        return all_at_once(acts)

    def _stand(self, day, number):
        """Book one of those who will move and cancel, in the morning, one after the other."""
        return book_appointment(
            client=self.clients[number],
            therapist=self.therapists[number % 2],
            service=self.service,
            starts_at=day + minutes(75 * (number // 2)),
            by=self.desk,
            at=NOW,
            overrule=RULES,
        )

    def _somewhere(self, day, exact):
        noon = day + timedelta(hours=12)
        late = noon + minutes(75 * self.rng.randrange(TIMES) if exact else 15 * self.rng.randrange(5 * TIMES))
        return self.place(late, self.rng.choice(self.therapists))


def midnight(number: int):
    """Return the beginning of the day of a round: each has its own."""
    return NOW.replace(hour=0) + timedelta(days=1 + number)


def deadlocks() -> int:
    """Return how many deadlocks the database broke so far; SQLite knows none."""
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_crowds_never_overlap_and_each_exact_time_has_one_winner(house):
    statuses, told_to_retry, before = Counter(), 0, deadlocks()
    for number in range(ROUNDS):
        day, exact = midnight(number), number % 2 == 0

        answers = house.round(day, exact=exact)

        assert all(isinstance(answer, Answer) for answer in answers), answers
        statuses.update(answer.status for answer in answers)
        told_to_retry += sum("Please try again" in answer.body for answer in answers)
        assert overlapping_pairs(day, day + timedelta(days=1)) == 0
        if exact:
            live = Appointment.objects.live().filter(starts_at__gte=day + timedelta(hours=12))
            winners = Counter(live.filter(starts_at__lt=day + timedelta(days=1)).values_list("therapist", "starts_at"))
            assert len(winners) == 2 * TIMES
            assert set(winners.values()) == {1}

    keep(
        "booking_race",
        bookers=BOOKERS,
        rounds=ROUNDS,
        answers={str(status): count for status, count in sorted(statuses.items())},
        told_to_retry=told_to_retry,
        deadlocks=deadlocks() - before,
        overlaps=0,
        seed=SEED,
    )
    assert statuses.keys() == {302, 409}
    assert deadlocks() == before
    assert told_to_retry == 0
    booked = AuditEvent.objects.filter(action="appointment.booked").count()
    assert booked == Appointment.objects.count()  # nothing was deleted, nothing written without its audit line


def test_the_same_crowds_overlap_without_lock_and_constraint(house, monkeypatch):
    take_locks_away(monkeypatch)
    with without_constraints():
        for number in range(max(ROUNDS, 6)):
            house.round(midnight(number), exact=True)
            overlaps = overlapping_pairs(midnight(number), midnight(number + 1))
            if overlaps:
                break

        keep("booking_race_without_control", rounds=number + 1, overlaps=overlaps)
        assert overlaps > 0
