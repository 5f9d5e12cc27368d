"""Several people on one client at the same moment."""

from uuid import uuid4

import pytest
from django.urls import reverse

from clients.models import Client, Consent, Intake, Screening, Task
from tests.clients.conftest import Phone
from tests.support.crowd import all_at_once, post, session_of

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 6


def test_one_intake_however_many_ask_for_it(live_server, dana, ada):
    session = session_of(dana)
    address = reverse("clients:intake_request", args=[ada.pk])

    answers = all_at_once([lambda: post(live_server.url, address, {}, session=session)] * PEOPLE)

    assert {answer.status for answer in answers} == {302}
    assert Intake.objects.count() == 1


def test_a_form_pressed_twice_makes_one_client(live_server, dana):
    session = session_of(dana)
    typed = {"first_name": "Cleo", "last_name": "Hart", "phone": "+442079461111", "key": str(uuid4())}

    answers = all_at_once(
        [lambda: post(live_server.url, reverse("clients:client_create"), typed, session=session)] * PEOPLE
    )

    assert {answer.status for answer in answers} <= {200, 302}  # 200: the duplicate warning, for those who came later
    assert Client.objects.count() == 1


def test_an_intake_is_handed_in_once(live_server, intake):
    phones = [Phone(intake) for _ in range(PEOPLE)]
    for phone in phones:
        phone.open()
    signature = {
        "treatment": "yes",
        "sensitive_areas": "no",
        "share_with_referrer": "no",
        "signed_name": "Ada Müller",
    }

    answers = all_at_once(
        [
            lambda phone=phone: post(
                live_server.url,
                phone.url("intake_group", "sign"),
                signature,
                session=phone.browser.session.session_key,
            )
            for phone in phones
        ]
    )

    assert {answer.status for answer in answers} == {302}
    assert (Screening.objects.count(), Consent.objects.count()) == (1, 3)


def test_an_emergency_answered_twice_at_once_raises_one_alert(live_server, intake):
    phones = [Phone(intake) for _ in range(PEOPLE)]
    for phone in phones:
        phone.open()

    answers = all_at_once(
        [
            lambda phone=phone: post(
                live_server.url,
                phone.url("intake_group", "urgent_pelvis"),
                {"saddle_numbness": "yes"},
                session=phone.browser.session.session_key,
            )
            for phone in phones
        ]
    )

    assert {answer.status for answer in answers} == {302}
    assert Task.objects.filter(kind="screening_alert").count() == 1
