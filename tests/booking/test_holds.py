"""Held time: it keeps others away until its moment, then falls back by itself."""

from datetime import timedelta

import pytest

from booking.appointments import move_appointment, reopen_appointment
from booking.holds import HoldLapsed, accept_hold, release_lapsed_holds
from booking.models import Appointment, AppointmentChange
from booking.refusals import SlotTaken
from booking.slots import free_slots
from clients.gate import StopFirst
from clients.todo import raise_alert
from practice.models import AuditEvent
from tests.world import NINE, NOW, minutes

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=30)
STATUS = Appointment.Status


@pytest.fixture
def held(book):
    """Nine o'clock, held for Ada for half an hour."""
    return book(held_until=LATER)


def starts(practice, massage, mia, now):
    slots = free_slots(
        practice=practice,
        service=massage,
        first_day=NOW.date(),
        days=1,
        now=now,
        therapists=[mia],
        notice_minutes=0,
    )
    return {slot.starts_at for slot in slots}


def test_book_appointment_holds_time_without_asking_for_an_intake(held, ada):
    assert (held.status, held.held_until) == (STATUS.HELD, LATER)
    assert not ada.intakes.exists()
    assert AuditEvent.objects.get(target_id=held.pk, action__startswith="appointment.").action == "appointment.held"


def test_a_hold_keeps_others_away(held, book, ben):
    with pytest.raises(SlotTaken):
        book(client=ben)


def test_a_lapsed_hold_is_given_back_by_whoever_books_its_time(held, book, ben):
    taken = book(client=ben, at=LATER)

    held.refresh_from_db()
    assert (taken.client, held.status) == (ben, STATUS.CANCELLED)
    assert held.changes.get().kind == AppointmentChange.Kind.LAPSED


def test_a_lapsed_hold_is_given_back_by_whoever_moves_there(held, book, ben):
    other = book(client=ben, starts_at=NINE + timedelta(hours=3))

    moved = move_appointment(other, starts_at=NINE, by=other.booked_by, at=LATER, overrule={"notice", "buffer"})

    assert moved.starts_at == NINE


def test_free_slots_offers_held_time_again_once_it_lapsed(practice, massage, mia, held):
    assert NINE not in starts(practice, massage, mia, now=LATER - timedelta(seconds=1))
    assert NINE in starts(practice, massage, mia, now=LATER)


def test_accept_hold_books_and_asks_for_the_intake_once(held, ada):
    accept_hold(held, by=None, at=NOW)
    again = accept_hold(held, by=None, at=NOW)

    assert (again.status, again.held_until, again.version) == (STATUS.BOOKED, None, 2)
    assert ada.intakes.count() == 1
    assert [change.kind for change in again.changes.all()] == [AppointmentChange.Kind.ACCEPTED]


def test_accept_hold_refuses_from_its_last_moment_on(held):
    with pytest.raises(HoldLapsed):
        accept_hold(held, by=None, at=LATER)


def test_accept_hold_refuses_a_client_whom_the_therapist_must_see_first(held, ada):
    raise_alert(client=ada, subject="intake:1", at=NOW)

    with pytest.raises(StopFirst):
        accept_hold(held, by=None, at=NOW)


def test_release_lapsed_holds_takes_only_what_lapsed_and_says_how_many(held, book, ben):
    book(client=ben, starts_at=NINE + timedelta(hours=3), held_until=LATER + timedelta(minutes=1))

    assert release_lapsed_holds(LATER - timedelta(seconds=1)) == 0
    assert release_lapsed_holds(LATER) == 1
    assert release_lapsed_holds(LATER) == 0


@pytest.mark.parametrize("way", ["moved", "taken up again"])
def test_held_time_that_the_desk_turns_into_a_visit_asks_for_an_intake(book, ada, dana, way):
    held = book(held_until=NOW + minutes(5))
    assert not ada.intakes.exists()

    if way == "moved":
        move_appointment(held, starts_at=NINE + minutes(120), by=dana, at=NOW)
    else:
        release_lapsed_holds(NOW + minutes(5))
        reopen_appointment(held, by=dana, at=NOW + minutes(6))

    held.refresh_from_db()
    assert held.status == "booked"
    assert ada.intakes.count() == 1
