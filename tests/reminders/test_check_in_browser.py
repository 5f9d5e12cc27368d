"""The check-in on a phone: three taps and one question, advice before anything is sent."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from reminders.due import derive_due
from reminders.models import CheckIn, CheckInLink
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401 – fixtures
from tests.world import NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EMERGENCY = "Some of your answers need a doctor to look at you today, now."
ROUTINE = "We suggest that your doctor or physiotherapist checks this."


@pytest.fixture
def link(signed_session):
    derive_due(NOW)
    token = CheckInLink.mint(now=NOW, expires_at=NOW + timedelta(days=7), check_in=CheckIn.objects.get(step=1))
    return reverse("reminders:check_in_open", args=[token])


def tap(page, name, value):
    page.locator(f"label[for='{page.locator(f'[name={name}][value={value!r}]').get_attribute('id')}']").click()


def test_three_taps_and_one_question_are_an_answer(open_as, link):  # noqa: F811
    page = open_as(None, link, width=390)

    tap(page, "pain_now_nrs", "3")
    tap(page, "soreness_nrs", "2")
    page.locator("[data-spot='left:calf']").first.click()
    tap(page, "warning_sign", "no")
    page.get_by_role("button", name="Send my answer").click()

    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    answer = CheckIn.objects.get(step=1)
    assert (answer.pain_now_nrs, answer.soreness_nrs, answer.warning_sign) == (3, 2, "no")
    assert answer.pain_drawing.places == ["Left calf"]


def test_nowhere_is_one_tap_and_takes_the_marks_away_as_a_mark_takes_it(open_as, link):  # noqa: F811
    page = open_as(None, link, width=390)
    calf, nowhere = page.locator("[data-spot='left:calf']").first, page.locator("[name=nowhere_now]")

    calf.click()
    page.get_by_text("Nowhere now").click()
    assert (page.locator("[name=regions]:checked").count(), nowhere.is_checked()) == (0, True)
    expect(page.get_by_text("Compared with before the visit")).to_be_hidden()

    calf.click()
    assert (page.locator("[name=regions]:checked").count(), nowhere.is_checked()) == (1, False)
    expect(page.get_by_text("Compared with before the visit")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("warning_sign", "not_sure", EMERGENCY),
        ("pain_now_nrs", "9", "Please be seen by a doctor today or in the next days"),
        ("leg_symptoms", "worse", ROUTINE),
    ],
)
def test_advice_stands_there_before_anything_is_sent(open_as, link, name, value, words):  # noqa: F811
    page = open_as(None, link, width=390)
    expect(page.get_by_text(words)).to_be_hidden()

    tap(page, name, value)

    expect(page.get_by_text(words)).to_be_visible()
    assert not CheckIn.objects.get(step=1).is_answered


def test_worse_said_before_nowhere_stays_in_sight(open_as, link):  # noqa: F811
    page = open_as(None, link, width=390)

    tap(page, "leg_symptoms", "worse")
    page.get_by_text("Nowhere now").click()

    expect(page.get_by_text(ROUTINE)).to_be_visible()


def test_without_a_script_the_next_page_gives_the_advice(open_as, link):  # noqa: F811
    page = open_as(None, link, width=390, java_script_enabled=False)

    tap(page, "warning_sign", "yes")
    page.get_by_role("button", name="Send my answer").click()

    expect(page.get_by_text(EMERGENCY)).to_be_visible()
