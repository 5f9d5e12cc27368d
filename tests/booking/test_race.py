"""Fifty people, one time: through the web server, with real threads, on the database the run was started with."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F, Q

from booking import placing
from booking.appointments import book_appointment
from booking.models import Appointment
from practice.models import AuditEvent
from tests import world
from tests.booking.races import overlapping_pairs, take_locks_away, without_constraints
from tests.support.crowd import Answer, all_at_once, post, session_of
from tests.world import NINE, NOW, minutes

NEW = "/booking/appointments/new/"
CROWD = 50
TOMORROW = NINE + timedelta(days=1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def crowd(live_server, dana, mia, massage, slow_hands):
    """Let fifty clients be booked with Mia at once, each at its own time, and return the answers."""
    people = [world.make_client(f"Client{number}", "Test") for number in range(CROWD)]
    session = session_of(dana)

    def book_all(starts, **more):
        def booking(client, starts_at):
            fields = {
                "client": client.pk,
                "service": massage.pk,
                "therapist": mia.pk,
                "day": f"{starts_at:%Y-%m-%d}",
                "slot": "other",
                "other_time": f"{starts_at:%H:%M}",
                "overrule": "buffer,room",
                "key": uuid4(),
                **more,
            }
            return lambda: post(live_server.url, NEW, fields, session=session)

        return all_at_once(booking(client, starts_at) for client, starts_at in zip(people, starts, strict=True))

    return book_all


def test_fifty_bookers_for_one_time_make_one_booking_and_forty_nine_clear_pages(crowd):
    answers = crowd([TOMORROW] * CROWD)

    assert all(isinstance(answer, Answer) for answer in answers), answers
    assert Counter(answer.status for answer in answers) == {302: 1, 409: CROWD - 1}
    for loser in (answer for answer in answers if answer.status == 409):
        assert "That time has just been taken" in loser.body
        assert "Nearest free times" in loser.body
    assert Appointment.objects.count() == 1
    assert AuditEvent.objects.filter(action="appointment.booked").count() == 1


def test_fifty_bookers_for_times_that_overlap_never_share_a_minute(crowd):
    answers = crowd([TOMORROW + minutes(15 * (number % 12)) for number in range(CROWD)])

    assert {answer.status for answer in answers} == {302, 409}
    assert overlapping_pairs() == 0
    assert Appointment.objects.count() == sum(answer.status == 302 for answer in answers) >= 2


def test_one_form_sent_twenty_times_at_once_books_once(live_server, dana, ada, mia, massage, slow_hands):
    fields = {
        "client": ada.pk,
        "service": massage.pk,
        "day": "2026-11-24",
        "slot": f"2026-11-24T11:00Z|{mia.pk}",
        "key": uuid4(),
    }
    session = session_of(dana)

    answers = all_at_once([lambda: post(live_server.url, NEW, fields, session=session)] * 20)

    assert {answer.status for answer in answers} == {302}
    assert len({answer.location for answer in answers}) == 1
    assert Appointment.objects.count() == 1


def test_bookings_moves_and_cancellations_mixed_never_overlap(live_server, dana, ada, mia, tom, massage, slow_hands):
    world.make_room("Blue room")
    session = session_of(dana)
    people = [world.make_client(f"Client{number}", "Test") for number in range(24)]
    standing = [
        book_appointment(
            client=client,
            therapist=(mia, tom)[number % 2],
            service=massage,
            starts_at=TOMORROW + minutes(75 * (number // 2)),
            by=dana,
            at=NOW,
        )
        for number, client in enumerate(people[:8])
    ]

    def send(path, **fields):
        return lambda: post(live_server.url, path, fields, session=session)

    def place(number):
        therapist = (mia, tom)[number % 2]
        start = TOMORROW + minutes(45 * (number % 7))
        return {"day": "2026-11-24", "slot": f"{start:%Y-%m-%dT%H:%MZ}|{therapist.pk}", "overrule": "buffer,room"}

    acts = []
    for number, visit in enumerate(standing):
        acts.append(send(f"{visit.get_absolute_url()}move/", version=1, **place(number + 3)))
        acts.append(send(f"{visit.get_absolute_url()}cancel/", version=1, reason="other"))
    for number, client in enumerate(people[8:]):
        acts.append(send(NEW, client=client.pk, service=massage.pk, key=uuid4(), **place(number)))

    answers = all_at_once(acts)

    assert {answer.status for answer in answers} <= {302, 409}, Counter(answer.status for answer in answers)
    assert overlapping_pairs() == 0
    for visit in Appointment.objects.filter(version__gt=1):
        assert visit.version == 1 + visit.changes.filter(Q(kind="moved") | Q(kind="cancelled")).count()
    assert not Appointment.objects.filter(ends_at__lte=F("starts_at")).exists()


def test_without_lock_and_constraint_the_same_crowd_does_overlap(crowd, monkeypatch):
    take_locks_away(monkeypatch)

    with without_constraints():
        # Chance decides who meets whom: a busy machine may let one crowd through in single file, hardly six.
        for hour in range(6):
            crowd([TOMORROW + minutes(60 * hour)] * CROWD)
            if overlapping_pairs():
                break

        assert overlapping_pairs() > 0


def test_without_the_lock_the_constraint_still_lets_one_win(crowd, monkeypatch):
    monkeypatch.setattr(placing, "_lock_rows", lambda *anything: None)

    answers = crowd([TOMORROW] * CROWD)

    assert Counter(answer.status for answer in answers) == {302: 1, 409: CROWD - 1}
    assert overlapping_pairs() == 0
