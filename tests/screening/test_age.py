"""The age: from the birth date where that is known, else asked for until it is."""

from datetime import date

import pytest
from django.urls import reverse

from booking.models import Appointment
from clients.intakes import request_intake, save_group, submit_intake
from clients.screenings import clarify_screening, run_screening
from tests.screening.cases import ALL_NO
from tests.world import NINE, NOW, make_client, minutes

CONSENT = {"treatment": True}


@pytest.fixture
def eve(practice, mia, massage, green_room):
    """A client of Mia's whose birth date nobody asked."""
    eve = make_client("Eve", "Larsen", born_on=None)
    Appointment.objects.create(
        client=eve,
        therapist=mia,
        service=massage,
        room=green_room,
        starts_at=NINE,
        ends_at=NINE + minutes(60),
        booked_at=NOW,
    )
    return eve


def asked_first(signed_in, therapist, client):
    page = signed_in(therapist).get(reverse("clients:screening_clarify", args=[client.pk]))
    return [question.item.key for question in page.context["open_questions"]]


def test_run_screening_takes_the_age_from_the_birth_date(ada, mia):
    screening = run_screening(client=ada, answers=ALL_NO | {"age": 99}, at=NOW, by=mia)

    assert screening.answers["age"] == ada.age_on(NOW.date()) != 99
    assert "age" not in screening.result["missing"]


def test_an_intake_takes_the_age_from_the_birth_date_as_soon_as_it_is_saved(ada, mia):
    intake = request_intake(client=ada, by=mia, at=NOW)
    save_group(intake, group="urgent_pelvis", answers={"saddle_numbness": False}, at=NOW)
    assert intake.answers["age"] == ada.age_on(NOW.date())

    screening = submit_intake(intake, consents=CONSENT, signed_name="Ada Müller", is_by_guardian=False, at=NOW)

    assert screening.answers["age"] == ada.age_on(NOW.date())


def test_a_birth_date_added_later_counts_in_the_next_version(eve, mia):
    first = run_screening(client=eve, answers=ALL_NO, at=NOW, by=mia)
    eve.born_on = date(2012, 1, 1)
    eve.save(update_fields=["born_on"])

    second = clarify_screening(first, changes={"smoker": False}, by=mia, at=NOW)

    assert (first.triage, second.triage) == ("treat", "routine_referral")


def test_screening_clarify_asks_for_an_age_that_is_not_known(eve, mia, signed_in):
    screening = run_screening(client=eve, answers=ALL_NO, at=NOW, by=mia)

    assert screening.triage == "treat" and "age" in screening.result["missing"]
    assert asked_first(signed_in, mia, eve) == ["age"]

    clarify_screening(screening, changes={"age": 40}, by=mia, at=NOW)
    assert asked_first(signed_in, mia, eve) == []
