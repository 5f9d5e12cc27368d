"""A therapist hears when a visit falls out or moves at short notice, and not of what they did or what was put right."""

from datetime import timedelta

import pytest

from booking.appointments import cancel_appointment, move_appointment, reopen_appointment
from booking.models import Appointment
from reminders.due import derive_due
from reminders.models import Message
from reminders.outbox import send_due
from tests.support.visits import make_visit
from tests.world import NOW, minutes

DAY = timedelta(days=1)
ALL = {"past", "notice", "hours", "room", "buffer", "closed"}


@pytest.fixture
def visit(ada, mia, massage, green_room):
    """Tomorrow at nine."""
    return make_visit(ada, mia, massage, green_room, starts_at=NOW + DAY + minutes(60))


def again(visit):
    return Appointment.objects.get(pk=visit.pk)


def cancel(visit, by, reason="sick"):
    cancel_appointment(again(visit), reason=reason, by=by, at=NOW)


def move(visit, by, to, **changes):
    move_appointment(again(visit), starts_at=to, by=by, at=NOW, overrule=ALL, **changes)


def heard(postbox, reader, at=NOW):
    send_due(now=at, deliver=postbox)
    return [mail.subject for mail in postbox.mails if mail.to == [reader.email]]


@pytest.mark.parametrize("who", ["client", "dana"])
def test_a_visit_that_falls_out_is_told_once_without_a_name(visit, ada, mia, dana, postbox, who):
    cancel(visit, None if who == "client" else dana)

    assert heard(postbox, mia) == ["A visit on Tuesday 24 November at 09:00 (GMT) fell out"]
    assert heard(postbox, mia, NOW + minutes(5)) == ["A visit on Tuesday 24 November at 09:00 (GMT) fell out"]
    mail = next(mail for mail in postbox.mails if mail.to == [mia.email])
    assert "day=2026-11-24" in mail.body
    for word in (ada.first_name, ada.last_name, "sick", "ill"):
        assert f" {word.casefold()}" not in mail.body.casefold()


def test_a_visit_moved_away_is_told_to_whom_it_was_with(visit, mia, tom, dana, postbox):
    move(visit, dana, visit.starts_at, therapist=tom)

    assert heard(postbox, mia) == ["A visit on Tuesday 24 November at 09:00 (GMT) was moved"]
    assert heard(postbox, tom) == []


def test_what_the_therapist_did_is_not_told(visit, mia, postbox):
    cancel(visit, mia)

    assert heard(postbox, mia) == []


def test_what_lies_far_ahead_is_not_told(visit, mia, dana, postbox):
    Appointment.objects.update(starts_at=NOW + 3 * DAY, ends_at=NOW + 3 * DAY + minutes(60))
    cancel(visit, dana)

    assert heard(postbox, mia) == []


def test_a_booking_made_by_mistake_is_not_told(visit, mia, dana, postbox):
    cancel(visit, dana, reason="mistake")

    assert heard(postbox, mia) == []


def test_what_is_told_too_late_says_so(visit, dana, mia, postbox):
    cancel(visit, dana)
    derive_due(NOW)

    assert heard(postbox, mia, NOW + minutes(13 * 60)) == []
    assert Message.objects.get(kind="day_changed").why == "too long ago: the board has shown it meanwhile"


def test_what_was_put_right_before_the_mail_left_is_not_told(visit, mia, dana, postbox):
    cancel(visit, dana)
    derive_due(NOW)
    reopen_appointment(again(visit), by=dana, at=NOW)

    assert heard(postbox, mia) == []
    assert {row.state for row in Message.objects.filter(kind="day_changed")} == {"dropped"}


def test_a_visit_moved_twice_is_told_once_with_its_first_time(visit, mia, dana, postbox):
    move(visit, dana, visit.starts_at + minutes(120))
    move(visit, dana, visit.starts_at + minutes(180))

    assert heard(postbox, mia) == ["A visit on Tuesday 24 November at 09:00 (GMT) was moved"]


def test_a_visit_moved_there_and_back_is_not_told(visit, mia, dana, postbox):
    move(visit, dana, visit.starts_at + minutes(120))
    move(visit, dana, visit.starts_at)

    assert heard(postbox, mia) == []


def test_another_room_is_not_told(visit, mia, dana, postbox):
    move(visit, dana, visit.starts_at, room=None)

    assert heard(postbox, mia) == []


def test_it_waits_a_few_minutes_like_the_clients_mail(visit, mia, dana, postbox, settings):
    settings.BOOKING_MAIL_HOLD = minutes(3)
    cancel(visit, dana)

    assert heard(postbox, mia) == []
    assert len(heard(postbox, mia, NOW + minutes(3))) == 1


def test_a_time_that_has_come_is_not_told(visit, mia, dana, postbox):
    cancel(visit, dana)
    derive_due(NOW)

    assert heard(postbox, mia, visit.starts_at) == []
