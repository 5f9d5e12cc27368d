"""A sweep costs the same however many mails were sent before: it never walks through them."""

from datetime import timedelta

import pytest
from django.db import connection

from booking.models import Appointment
from reminders.models import Message
from reminders.outbox import send_due
from tests.reminders.rush import people
from tests.support.proof import keep
from tests.world import NINE, NOW, minutes
from workspace.bench.sweeps import write_sent
from workspace.bench.timing import count_queries

pytestmark = [pytest.mark.django_db, pytest.mark.chaos]

SENT = 20_000
STEPS = 100  # of SQLite's machine, between two looks


@pytest.fixture
def visits(practice, mia, tom, massage, still_clock):
    """A practice with visits of last year, of the last weeks and of the next days."""
    places = [NINE + timedelta(days=day, hours=hour) for day in (-400, -60, -20, -3, -1, 1, 2, 3) for hour in range(6)]
    rows = [(starts_at, therapist) for starts_at in places for therapist in (mia, tom)]
    Appointment.objects.bulk_create(
        Appointment(
            client=client,
            therapist=therapist,
            service=massage,
            starts_at=starts_at,
            ends_at=starts_at + minutes(60),
            booked_at=starts_at - timedelta(days=30),
        )
        for client, (starts_at, therapist) in zip(people(len(rows)), rows, strict=True)
    )


@pytest.fixture
def sweep(visits, postbox):
    """A sweep that finds nothing to do any more."""

    def swept():
        return send_due(now=NOW, deliver=postbox)

    while swept().sent:
        pass
    return swept


def rows_read(act) -> int:
    """Return how many rows of the outbox `act` reads; on SQLite how many hundred steps it takes in all."""
    if connection.vendor == "postgresql":
        before = _rows_read_so_far()
        act()
        return _rows_read_so_far() - before
    looks = 0

    def look():
        nonlocal looks
        looks += 1

    connection.connection.set_progress_handler(look, STEPS)
    try:
        act()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return looks


def _rows_read_so_far() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)"
            " FROM pg_stat_xact_user_tables WHERE relname = 'reminders_message'"
        )
        return int(cursor.fetchone()[0])


def test_a_sweep_asks_as_many_questions_after_20000_mails_and_walks_through_none(sweep):
    sweep()
    questions, read = count_queries(sweep), rows_read(sweep)

    write_sent(SENT)
    questions_then, read_then = count_queries(sweep), rows_read(sweep)

    keep("sweep_after_sent_mails", sent=SENT, queries=[questions, questions_then], read=[read, read_then])
    assert questions_then == questions
    assert read_then <= 1.5 * read + 50


def test_the_measure_sees_a_walk_through_what_was_sent(sweep):
    """The negative control: a question no index answers."""
    write_sent(SENT)

    assert rows_read(lambda: Message.objects.filter(why="walk").first()) > SENT / STEPS
