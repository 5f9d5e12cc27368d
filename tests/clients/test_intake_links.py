"""How long a mailed link to an intake opens: until the visit as it stands now, fourteen days without one."""

import re
from datetime import timedelta

import pytest

from booking.appointments import cancel_appointment, move_appointment
from booking.models import Appointment, AppointmentLink
from clients.intakes import open_on_tablet, request_intake
from clients.models import IntakeLink
from reminders.due import derive_due
from reminders.mails import compose
from reminders.models import Message
from tests.support.visits import make_visit
from tests.world import NINE, NOW, minutes

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def mailed_token(kind, practice, *, now=NOW) -> str:
    """Return the token in the mail of this kind, as it leaves now."""
    derive_due(now)
    message = Message.objects.filter(kind=kind).latest("pk")
    return re.search(r"/open/([^/]+)/", compose(message, practice=practice, now=now).link)[1]


def opens(token, *, at) -> bool:
    return IntakeLink.objects.opened_by(token, now=at) is not None


@pytest.fixture
def visit(ada_in_care):
    return Appointment.objects.get(client=ada_in_care)


@pytest.fixture
def token(intake, practice):
    return mailed_token("intake_link", practice)


def test_the_link_opens_until_the_visit_starts(token):
    assert opens(token, at=NINE - SECOND)
    assert not opens(token, at=NINE)


@pytest.mark.parametrize("later", [minutes(120), 30 * DAY])
def test_the_link_follows_a_visit_that_moves_later(token, visit, dana, mia, later):
    move_appointment(visit, starts_at=NINE + later, by=dana, at=NOW)

    assert opens(token, at=NINE + later - SECOND)
    assert not opens(token, at=NINE + later)


def test_the_link_follows_a_visit_that_moves_nearer(visit, intake, dana, practice):
    moved = move_appointment(visit, starts_at=NINE + DAY, by=dana, at=NOW)
    token = mailed_token("intake_link", practice)

    move_appointment(moved, starts_at=NINE, by=dana, at=NOW, overrule=["notice"])

    assert opens(token, at=NINE - SECOND)
    assert not opens(token, at=NINE)


def test_an_unbooked_link_opens_for_fourteen_days_and_longer_once_a_later_visit_is_booked(
    ada, mia, massage, dana, practice
):
    request_intake(client=ada, by=dana, at=NOW)
    token = mailed_token("intake_link", practice)
    assert opens(token, at=NOW + 14 * DAY - SECOND)
    assert not opens(token, at=NOW + 14 * DAY)

    make_visit(ada, mia, massage, starts_at=NINE + 20 * DAY)

    assert opens(token, at=NINE + 20 * DAY - SECOND)
    assert not opens(token, at=NINE + 20 * DAY)


def test_a_cancelled_or_missed_visit_no_longer_ends_the_link(token, visit, dana):
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)

    assert opens(token, at=NOW + 14 * DAY - SECOND)

    Appointment.objects.filter(pk=visit.pk).update(status="no_show")
    assert opens(token, at=NOW + 14 * DAY - SECOND)


def test_the_link_ends_with_the_first_visit_whatever_is_booked_after_it(token, ada, mia, massage):
    make_visit(ada, mia, massage, starts_at=NINE + 7 * DAY)

    assert not opens(token, at=NINE)


def test_the_tablets_link_ends_after_two_hours_whatever_is_booked(intake, dana):
    link = open_on_tablet(intake, by=dana, at=NOW + minutes(50))  # ten minutes before the visit

    live = IntakeLink.objects.live
    assert link in live(NOW + minutes(50) + minutes(120) - SECOND)
    assert link not in live(NOW + minutes(50) + minutes(120))


def test_the_link_to_a_visit_that_moves_closes_and_the_new_one_opens_until_the_new_start(visit, dana, practice):
    old = mailed_token("booking_confirmation", practice)
    Message.objects.update(state="sent", sent_at=NOW)

    move_appointment(visit, starts_at=NINE + minutes(120), by=dana, at=NOW)
    new = mailed_token("appointment_moved", practice)

    assert AppointmentLink.objects.opened_by(old, now=NOW) is None
    assert AppointmentLink.objects.opened_by(new, now=NINE + minutes(120) - SECOND)
    assert AppointmentLink.objects.opened_by(new, now=NINE + minutes(120)) is None
