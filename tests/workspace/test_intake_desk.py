"""Missing intakes: who is on the page, what became of the mail, and that the desk can act from there."""

from datetime import timedelta

import pytest

from booking.appointments import book_appointment, cancel_appointment
from booking.refusals import RULES
from clients.consents import CONSENTS
from clients.intakes import request_intake, save_group, submit_intake
from clients.models import Intake
from clients.screenings import run_screening
from reminders.due import derive_due
from reminders.models import Message
from tests.clients.answers import calm
from tests.support.queries import assert_queries_do_not_grow
from tests.world import NINE, NOW, make_client
from workspace.intake_desk import LOOKS_AHEAD, awaited_intakes

pytestmark = pytest.mark.django_db
PAGE = "/intakes/"


@pytest.fixture
def book(mia, ada, dana, massage):
    """Book Ada with Mia at 09:00 today, unless said otherwise."""

    def booked(client=ada, starts_at=NINE):
        return book_appointment(
            client=client, therapist=mia, service=massage, starts_at=starts_at, by=dana, at=NOW, overrule=RULES
        )

    return booked


def states():
    return [(row.appointment.client.first_name, row.state) for row in awaited_intakes(now=NOW)]


def test_awaited_intakes_says_how_far_each_has_come(book, ada, ben, dana):
    phone_only = make_client("Cleo", "Nowak", email="")
    for hour, client in enumerate((ada, ben, phone_only)):
        book(client, NINE + timedelta(hours=2 * hour))
    derive_due(NOW)
    Message.objects.filter(client=ada).update(state="sent", sent_at=NOW)
    Message.objects.filter(client=ben, kind="intake_link").update(state="failed")

    assert states() == [("Ada", "sent"), ("Ben", "failed"), ("Cleo", "to_call")]


def test_awaited_intakes_tells_begun_from_handed_in_with_questions_left(book, ada):
    book()
    intake = Intake.objects.get(client=ada)
    save_group(intake, group="urgent_pelvis", answers={"saddle_numbness": False}, at=NOW)
    assert states() == [("Ada", "intake_started")]

    consents = dict.fromkeys(CONSENTS, True)
    submit_intake(intake, consents=consents, signed_name="Ada Müller", is_by_guardian=False, at=NOW)
    assert states() == [("Ada", "therapist_asks")]


def test_awaited_intakes_leaves_out_who_has_answered_and_who_does_not_come(book, ada, ben, dana):
    book()
    run_screening(client=ada, answers=calm(), at=NOW)
    cancel_appointment(book(ben, NINE + timedelta(hours=3)), reason="sick", by=dana, at=NOW)

    assert states() == []


def test_awaited_intakes_names_nobody_twice_and_looks_a_fortnight_ahead(book, ada, ben):
    book()
    book(starts_at=NINE + timedelta(days=1))
    book(ben, NINE + LOOKS_AHEAD + timedelta(days=1))

    assert states() == [("Ada", "waiting")]


def test_intake_desk_sends_the_link_again_and_comes_back(signed_in, dana, book, ada):
    book()
    browser = signed_in(dana)

    answer = browser.post(f"/clients/{ada.pk}/intake/send-again/", {"next": PAGE})

    assert answer.url == PAGE
    assert Intake.objects.get(client=ada).mail_version == 2
    assert "Send the link again" in browser.get(PAGE).content.decode()


def test_intake_desk_asks_the_same_queries_for_many(signed_in, dana, book, ada):
    browser = signed_in(dana)
    book()

    def fill():
        for number in range(1, 6):
            person = make_client("Person", f"No{number}", email=f"p{number}@mail.example")
            request_intake(client=person, by=dana, at=NOW)
            book(person, NINE + timedelta(days=number))

    assert_queries_do_not_grow(act=lambda: browser.get(PAGE), grow=fill)
