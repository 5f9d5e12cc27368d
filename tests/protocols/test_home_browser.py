"""How often the home programme was done: one tap, or by keyboard a choice and a button."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from protocols.models import HomeProgrammeLink, HomeReport
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.world import NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

THANKS = "Your therapist sees it before your next visit."


@pytest.fixture
def link(plan):
    token = HomeProgrammeLink.mint(now=NOW, expires_at=NOW + timedelta(days=30), plan=plan)
    return reverse("protocols:home_open", args=[token])


def test_one_tap_is_an_answer(open_as, link):  # noqa: F811
    page = open_as(None, link, width=390)

    page.get_by_text("Most days").click()

    expect(page.get_by_text(THANKS)).to_be_visible()
    assert HomeReport.objects.get().how_often == "most_days"


def test_arrow_keys_choose_and_the_button_sends(open_as, link):  # noqa: F811
    page = open_as(None, link)

    page.locator("[name=how_often]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    assert not HomeReport.objects.exists()

    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_text(THANKS)).to_be_visible()
    assert HomeReport.objects.get().how_often == "some_days"
