"""Booking's part of the world."""

import time

import pytest

from booking import appointments, placing
from booking.appointments import book_appointment
from booking.models import AppointmentLink
from booking.refusals import RULES
from tests.world import NINE, NOW


@pytest.fixture
def book(mia, ada, dana, massage):
    """Book Ada with Mia at 09:00 today as Dana would, unless said otherwise."""

    def booked(**said):
        return book_appointment(
            **{
                "client": ada,
                "therapist": mia,
                "service": massage,
                "starts_at": NINE,
                "by": dana,
                "at": NOW,
                "overrule": RULES,
                **said,
            }
        )

    return booked


@pytest.fixture
def visit(book):
    """Ada with Mia at 09:00 today."""
    return book()


@pytest.fixture
def mail_link(client):
    """Open the link of an appointment as its mail would, and return the address it leads to."""

    def opened(appointment, browser=client, now=NOW):
        token = AppointmentLink.mint(now=now, expires_at=appointment.starts_at, appointment=appointment)
        answer = browser.get(f"/booking/open/{token}/")
        assert answer.status_code == 302
        return answer.url

    return opened


@pytest.fixture
def slow_hands(monkeypatch):
    """Hold the moment between looking and writing open, so that whoever is not kept out gets in."""
    look = placing.find_place

    def look_slowly(**place):
        found = look(**place)
        time.sleep(0.01)
        return found

    monkeypatch.setattr(appointments, "find_place", look_slowly)
