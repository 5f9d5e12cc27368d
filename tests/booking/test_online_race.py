"""Many people on the public page at once: through the web server, with real threads, on the database of the run."""

import re
from collections import Counter
from datetime import timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from django.conf import settings

from booking.models import Appointment, BookingLink
from booking.online import MOST_UPCOMING, invite_to_book
from booking.online_views import STATE
from clients.models import Client
from practice import limits
from practice.links import SESSION_KEY
from tests.support.crowd import Answer, all_at_once, post
from tests.world import NINE, NOW, make_service, minutes

pytestmark = pytest.mark.django_db(transaction=True)
TOMORROW = NINE + timedelta(days=1)
CROWD = 12


@pytest.fixture
def first_visit(mia, tom, green_room):
    return make_service("First visit", "first-visit", 75, mia, is_first_visit=True)


def browser(**state) -> str:
    """Return the key of a browser's session that holds `state`."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.update(state)
    session.save()
    return session.session_key


def slot(therapist, starts_at) -> str:
    return f"{starts_at:%Y-%m-%dT%H:%MZ}|{therapist.pk}"


def newcomer(server, first_visit, therapist, starts_at, **details):
    """Return the act of somebody who has answered the questions, chosen a time, and now says who they are."""
    state = {"safe_at": NOW.isoformat(), "service": first_visit.pk, "slot": slot(therapist, starts_at)}
    session = browser(**{STATE: state})
    fields = {
        "first_name": "Nora",
        "last_name": "Lind",
        "born_on": "1985-03-04",
        "phone": "+447911123499",
        "email": "nora@mail.example",
        "may_contact": "on",
        "key": uuid4(),
        **details,
    }
    return lambda: post(server, "/book/details/", fields, session=session)


def statuses(answers) -> Counter:
    assert all(isinstance(answer, Answer) for answer in answers), answers
    return Counter(answer.status for answer in answers)


def test_of_a_dozen_newcomers_for_one_time_one_holds_it_and_the_others_choose_anew(
    live_server, first_visit, mia, monkeypatch
):
    monkeypatch.setitem(limits.RATES, "booking.hold", "100/30m/ip")
    acts = [
        newcomer(live_server.url, first_visit, mia, TOMORROW, first_name=f"N{n}", email=f"n{n}@mail.example")
        for n in range(CROWD)
    ]

    answers = all_at_once(acts)

    found = statuses(answers)
    assert found[302] == 1 and set(found) == {302, 409}
    losers = [answer for answer in answers if answer.status == 409]
    for number, answer in enumerate(answers):
        if answer.status == 409:
            assert f"n{number}@mail.example" in answer.body
    assert all(re.search(r'type="radio" name="slot"', answer.body) for answer in losers)
    assert Appointment.objects.count() == 1
    assert Client.objects.count() == 1  # who holds nothing leaves no record


def test_one_person_in_several_browsers_is_one_client(live_server, first_visit, mia, monkeypatch):
    monkeypatch.setitem(limits.RATES, "booking.hold", "100/30m/ip")
    acts = [newcomer(live_server.url, first_visit, mia, TOMORROW + minutes(90 * n)) for n in range(4)]

    found = statuses(all_at_once(acts))

    assert Client.objects.count() == 1
    assert found == {302: 4}
    assert Appointment.objects.filter(status="held").count() == 4


def test_never_more_than_three_times_are_held_for_one_place(live_server, first_visit, mia):
    acts = [
        newcomer(
            live_server.url,
            first_visit,
            mia,
            TOMORROW + minutes(90 * n),
            first_name=f"N{n}",
            email=f"n{n}@mail.example",
        )
        for n in range(5)
    ]

    found = statuses(all_at_once(acts))

    assert found == {302: 3, 429: 2}
    assert Appointment.objects.count() == 3


def test_one_client_in_several_browsers_books_three_visits_ahead(live_server, ada, massage, mia):
    invitation = invite_to_book(client=ada, by=None, at=NOW)
    token = BookingLink.mint(now=NOW, expires_at=NOW + timedelta(days=7), invitation=invitation)
    link = BookingLink.objects.opened_by(token, now=NOW)

    def booking(number):
        session = browser(**{SESSION_KEY: {f"{link._meta.label_lower}:{link.handle}": link.pk}})
        fields = {
            "slot": slot(mia, TOMORROW + minutes(90 * number)),
            "service": massage.pk,
            "key": uuid4(),
            "is_sure": "on",
        }
        return lambda: post(live_server.url, f"/book/mine/{link.handle}/", fields, session=session)

    found = statuses(all_at_once(booking(number) for number in range(5)))

    assert found == {302: MOST_UPCOMING, 409: 2}
    assert Appointment.objects.count() == MOST_UPCOMING
