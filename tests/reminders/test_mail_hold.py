"""Word of a visit waits three minutes, so that whatever is corrected at once has one mail, about what stands."""

from datetime import timedelta

import pytest

from booking.appointments import (
    book_appointment,
    cancel_appointment,
    mark_no_show,
    move_appointment,
    reopen_appointment,
)
from booking.models import Appointment
from booking.online import invite_to_book
from booking.undo import undo_last_act
from reminders.outbox import send_due
from tests.world import NINE, NOW, minutes

pytestmark = pytest.mark.django_db
HOLD = timedelta(minutes=3)
SECOND = timedelta(seconds=1)
NEXT_WEEK = NINE + timedelta(days=7)
AT_NINE, AT_ELEVEN = (f"on Monday 30 November at {hour}:00 (GMT)" for hour in ("09", "11"))


@pytest.fixture(autouse=True)
def hold(settings):
    settings.BOOKING_MAIL_HOLD = HOLD


@pytest.fixture
def booked(ada, mia, massage, dana):
    return book_appointment(client=ada, therapist=mia, service=massage, starts_at=NEXT_WEEK, by=dana, at=NOW)


@pytest.fixture
def sweep(postbox):
    """Sweep every second or so from one moment to another, and return the subjects of what left about visits."""

    def swept(since, until):
        before, at = len(postbox.mails), since
        while at <= until:
            send_due(now=at, deliver=postbox)
            at += timedelta(seconds=30)
        return [mail.subject for mail in postbox.mails[before:] if "questions" not in mail.subject]

    return swept


def test_word_of_a_booking_leaves_three_minutes_after_it_and_a_link_at_once(booked, ada, postbox, sweep):
    invite_to_book(client=ada, by=None, at=NOW)

    assert sweep(NOW, NOW + HOLD - SECOND) == ["Your link to book at Elm Street Massage"]
    assert sweep(NOW + HOLD, NOW + HOLD) == [f"Your visit {AT_NINE}"]


def test_a_booking_corrected_within_the_hold_has_one_mail_about_what_stands(booked, dana, sweep):
    assert sweep(NOW, NOW + minutes(2)) == []
    move_appointment(booked, starts_at=NEXT_WEEK + minutes(120), by=dana, at=NOW + minutes(2))

    assert sweep(NOW + minutes(2), NOW + minutes(5) - SECOND) == []
    assert sweep(NOW + minutes(5), NOW + minutes(10)) == [f"Your visit {AT_ELEVEN}"]


def test_a_booking_taken_back_within_the_hold_has_none(booked, dana, sweep):
    sweep(NOW, NOW)
    undo_last_act(booked, version=booked.version, by=dana, at=NOW + minutes(1))

    assert sweep(NOW + minutes(1), NOW + minutes(10)) == []


@pytest.mark.parametrize(
    "act",
    [
        lambda visit, by, at: move_appointment(visit, starts_at=NEXT_WEEK + minutes(120), by=by, at=at),
        lambda visit, by, at: cancel_appointment(visit, reason="other", by=by, at=at),
    ],
    ids=["moved", "cancelled"],
)
def test_what_the_desk_takes_back_within_the_hold_the_client_never_hears_of(booked, dana, sweep, act):
    assert sweep(NOW, NOW + minutes(5)) == [f"Your visit {AT_NINE}"]
    later = NOW + minutes(60)
    act(booked, dana, later)
    sweep(later, later)
    booked.refresh_from_db()

    undo_last_act(booked, version=booked.version, by=dana, at=later + minutes(1))

    assert sweep(later + minutes(1), later + minutes(10)) == []


def test_a_visit_moved_twice_is_told_once_three_minutes_after_the_last_move(booked, dana, sweep):
    sweep(NOW, NOW + minutes(5))
    later = NOW + minutes(60)
    for number, hour in enumerate((4, 2)):
        move_appointment(booked, starts_at=NEXT_WEEK + minutes(60 * hour), by=dana, at=later + minutes(number))
        booked.refresh_from_db()
        sweep(later + minutes(number), later + minutes(number))

    assert sweep(later + minutes(2), later + minutes(4) - SECOND) == []
    assert sweep(later + minutes(4), later + minutes(10)) == [f"Your visit is now {AT_ELEVEN}"]


def test_three_minutes_are_what_a_practice_has(settings):
    assert 'env.int("BOOKING_MAIL_HOLD", default=180)' in (settings.BASE_DIR / "config" / "settings.py").read_text()


@pytest.mark.parametrize("is_taken_back", [False, True])
def test_a_no_show_marked_late_can_be_taken_back_before_anybody_is_written_to(booked, dana, postbox, is_taken_back):
    evening = NEXT_WEEK + timedelta(hours=8)
    mark_no_show(booked, by=dana, at=evening)
    send_due(now=evening, deliver=postbox)
    if is_taken_back:
        reopen_appointment(Appointment.objects.get(pk=booked.pk), by=dana, at=evening + minutes(1))
    assert not any("missed you" in mail.subject for mail in postbox.mails)

    send_due(now=evening + HOLD, deliver=postbox)

    assert any("missed you" in mail.subject for mail in postbox.mails) is not is_taken_back
