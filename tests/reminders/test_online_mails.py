"""Mails of booking alone: the time to confirm, the link to book, and what can be taken back."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from booking.appointments import book_appointment, cancel_appointment, confirm_appointment, move_appointment
from booking.holds import accept_hold
from booking.models import Appointment, AppointmentLink, WaitlistOffer
from booking.online import hold_for_newcomer, invite_to_book
from booking.second_thoughts import take_back
from booking.waitlist import add_to_waitlist
from clients.todo import raise_alert
from practice.models import Practice
from reminders.due import derive_due
from reminders.models import Message
from reminders.outbox import send_due
from tests.world import NINE, NOW, make_service, minutes

pytestmark = pytest.mark.django_db
NEXT_WEEK = NINE + timedelta(days=7)


@pytest.fixture
def first_visit(mia, green_room):
    return make_service("First visit", "first-visit", 75, mia, is_first_visit=True)


@pytest.fixture
def held(mia, first_visit):
    """Nora's time, held for half an hour."""
    return hold_for_newcomer(
        first_name="Nora",
        last_name="Lind",
        born_on=NOW.date().replace(year=1985),
        phone="+447911123499",
        email="nora@mail.example",
        therapist=mia,
        service=first_visit,
        starts_at=NEXT_WEEK,
        at=NOW,
        key=UUID(int=1),
    )


@pytest.fixture
def booked(ada, mia, massage, dana):
    """Ada's visit in a week, of which she knows."""
    return book_appointment(client=ada, therapist=mia, service=massage, starts_at=NEXT_WEEK, by=dana, at=NOW)


def sweep(postbox, at=NOW):
    """Let one sweep run and return what left, as (subject, body)."""
    before = len(postbox.mails)
    send_due(now=at, deliver=postbox)
    return [(mail.subject, mail.body) for mail in postbox.mails[before:]]


def link_in(body) -> str:
    return re.search(r"http://[^/\s]+(/\S+)", body).group(1)


def kinds() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("kind", flat=True))


def test_a_held_time_asks_to_be_confirmed_by_its_link(held, postbox, client):
    ((subject, body),) = sweep(postbox)

    assert subject == "Please confirm your visit on Monday 30 November at 09:00 (GMT)"
    assert "until 08:30 (GMT)" in body
    assert "Lind" not in body and "First visit" not in body
    page = client.get(link_in(body)).url
    client.post(f"{page}accept/", {"will_come": "on"})
    held.refresh_from_db()
    assert held.status == Appointment.Status.BOOKED


def test_after_the_yes_the_visit_is_confirmed_and_the_intake_asked_for(held, postbox):
    sweep(postbox)
    accept_hold(held, by=None, at=NOW)

    assert sorted(subject for subject, _ in sweep(postbox)) == [
        "A few questions before your visit on Monday 30 November at 09:00 (GMT)",
        "Your visit on Monday 30 November at 09:00 (GMT)",
    ]


def test_a_held_time_of_somebody_whom_the_gate_stops_asks_to_call_and_tells_no_reason(held, postbox):
    raise_alert(client=held.client, subject="intake:1", at=NOW)

    body = dict(sweep(postbox))["Please confirm your visit on Monday 30 November at 09:00 (GMT)"]

    assert "Please call us on" in body and "http" not in body
    assert not AppointmentLink.objects.exists()


def test_a_lapsed_hold_is_not_asked_about_any_more(held, postbox):
    derive_due(NOW)

    assert sweep(postbox, at=NOW + minutes(30)) == []
    assert Message.objects.get().why == "the time is not held any more"


def test_a_lapsed_hold_that_nobody_asked_about_yet_gets_no_mail(held):
    derive_due(NOW + minutes(30))

    assert kinds() == []


def test_time_held_by_the_desk_or_for_the_waitlist_has_no_such_mail(ada, ben, mia, massage, dana):
    fields = {"therapist": mia, "service": massage, "at": NOW, "held_until": NOW + minutes(30)}
    book_appointment(client=ada, starts_at=NEXT_WEEK, by=dana, **fields)
    offered = book_appointment(client=ben, starts_at=NEXT_WEEK + minutes(120), by=None, **fields)
    entry = add_to_waitlist(client=ben, service=massage, wishes="", by=dana, at=NOW)
    WaitlistOffer.objects.create(entry=entry, appointment=offered, offered_at=NOW, expires_at=NOW + minutes(30))

    derive_due(NOW)

    assert "booking_held" not in kinds()


def test_an_invitation_carries_a_link_to_book_for_seven_days(ada, massage, postbox, client, still_clock):
    invite_to_book(client=ada, by=None, at=NOW)

    ((subject, body),) = sweep(postbox)

    assert subject == "Your link to book at Elm Street Massage"
    assert "Hello Ada" in body and "Müller" not in body
    url = link_in(body)
    still_clock.at = NOW + timedelta(days=7, seconds=-1)
    assert client.get(url).status_code == 302
    still_clock.at = NOW + timedelta(days=7)
    assert client.get(url).status_code == 404


def test_each_invitation_has_one_mail(ada, postbox):
    invite_to_book(client=ada, by=None, at=NOW)
    invite_to_book(client=ada, by=None, at=NOW)

    assert len(sweep(postbox)) == 2
    assert sweep(postbox) == []


def test_an_invitation_is_dropped_when_online_booking_closes(ada, postbox):
    invite_to_book(client=ada, by=None, at=NOW)
    derive_due(NOW)
    Practice.objects.update(is_online_booking_open=False)

    assert sweep(postbox) == []
    assert Message.objects.get().why == "online booking is closed"


def test_an_invitation_of_yesterday_is_not_sent_any_more(ada):
    invite_to_book(client=ada, by=None, at=NOW)

    derive_due(NOW + timedelta(days=1))

    assert kinds() == []


def test_a_cancellation_by_the_client_can_be_taken_back_from_its_mail(booked, postbox, client, still_clock):
    sweep(postbox)
    cancel_appointment(booked, reason="work", by=None, at=NOW)

    ((_, body),) = sweep(postbox)

    assert "take it back until 08:30 (GMT)" in body
    url = link_in(body)
    page = client.get(url).url
    assert client.post(f"{page}undo/", {"is_sure": "on"}).status_code == 302
    booked.refresh_from_db()
    assert booked.status == Appointment.Status.BOOKED


def test_the_link_to_take_back_opens_for_half_an_hour(booked, postbox, client, still_clock):
    sweep(postbox)
    cancel_appointment(booked, reason="work", by=None, at=NOW)
    ((_, body),) = sweep(postbox)

    still_clock.at = NOW + minutes(30)

    assert client.get(link_in(body)).status_code == 404


def test_a_mail_that_leaves_too_late_promises_nothing(booked, postbox):
    sweep(postbox)
    cancel_appointment(booked, reason="work", by=None, at=NOW)

    ((_, body),) = sweep(postbox, at=NOW + minutes(30))

    assert "take it back" not in body
    assert "/book/" in body


@pytest.mark.parametrize("is_open", [True, False])
def test_a_cancellation_by_the_practice_leads_to_the_public_page_while_it_is_open(booked, dana, postbox, is_open):
    Practice.objects.update(is_online_booking_open=is_open)
    sweep(postbox)
    cancel_appointment(booked, reason="practice", by=dana, at=NOW)

    ((_, body),) = sweep(postbox)

    assert "take it back" not in body
    assert ("Or book a new time yourself" in body) is is_open


def test_a_move_by_the_client_says_how_long_it_can_be_taken_back(booked, postbox, client):
    sweep(postbox)
    moved = move_appointment(booked, starts_at=NEXT_WEEK + minutes(120), by=None, at=NOW)

    ((subject, body),) = sweep(postbox)

    assert subject == "Your visit is now on Monday 30 November at 11:00 (GMT)"
    assert "take it back until 08:30 (GMT)" in body
    page = client.get(link_in(body)).url
    client.post(f"{page}undo/", {"is_sure": "on"})
    moved.refresh_from_db()
    assert moved.starts_at == NEXT_WEEK


def test_a_move_by_the_desk_is_not_for_the_client_to_take_back(booked, dana, postbox):
    sweep(postbox)
    move_appointment(booked, starts_at=NEXT_WEEK + minutes(120), by=dana, at=NOW)

    ((_, body),) = sweep(postbox)

    assert "take it back" not in body


def test_what_was_taken_back_is_told_again(booked, postbox):
    sweep(postbox)
    cancel_appointment(booked, reason="work", by=None, at=NOW)
    sweep(postbox)
    take_back(booked, at=NOW)

    ((subject, _),) = sweep(postbox)

    assert subject == "Your visit is now on Monday 30 November at 09:00 (GMT)"


def test_a_cancellation_taken_back_before_its_mail_left_is_not_told(booked, postbox):
    sweep(postbox)
    cancel_appointment(booked, reason="work", by=None, at=NOW)
    derive_due(NOW)
    take_back(booked, at=NOW)

    assert [subject for subject, _ in sweep(postbox)] == ["Your visit is now on Monday 30 November at 09:00 (GMT)"]


def test_previews_make_no_link(booked, postbox, client, dana):
    sweep(postbox)
    confirm_appointment(booked, by=None, at=NOW)
    cancel_appointment(booked, reason="work", by=None, at=NOW)
    derive_due(NOW)
    client.force_login(dana)
    before = booked.links.count()

    page = client.get(f"/reminders/{Message.objects.order_by('-pk').first().pk}/")

    assert "Take it back" in page.content.decode()
    assert booked.links.count() == before
