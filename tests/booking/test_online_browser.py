"""The public page in a real browser: times that come without a new page, and the same without scripts."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from booking.models import BookingLink
from booking.online import invite_to_book
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.world import NOW, make_service

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def first_visit(mia, tom, green_room):
    return make_service("First visit", "first-visit", 75, mia, tom, is_first_visit=True)


def answer_no(page):
    for choice in page.locator("main input[type=radio][value=no]").all():
        choice.check(force=True)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Choose a time")).to_be_visible()


def test_month_day_and_therapist_change_the_times_in_place(open_as, complaints, first_visit, tom):  # noqa: F811
    page = open_as(None, "/book/safety/", width=390)
    answer_no(page)
    page.evaluate("window.stays = true")

    page.get_by_role("link", name="December 2026").click()
    expect(page.get_by_role("heading", name="December 2026")).to_be_visible()
    page.get_by_role("link", name=re.compile("Thursday 3 December")).click()
    expect(page.get_by_text("Thursday 3 December", exact=True)).to_be_visible()
    page.get_by_label("With whom?").select_option(str(tom.pk))
    expect(page.locator(".times small").first).to_have_text("Tom Reed")

    assert page.evaluate("window.stays")
    assert complaints == []


def test_the_times_can_be_chosen_without_scripts(open_as, first_visit, tom):  # noqa: F811
    page = open_as(None, "/book/safety/", width=390, java_script_enabled=False)
    answer_no(page)

    page.get_by_role("link", name="December 2026").click()
    page.get_by_role("link", name=re.compile("Thursday 3 December")).click()
    page.locator(".times-of-day label").nth(2).click()
    page.get_by_role("button", name="Take this time").click()

    expect(page.get_by_text("Thu 3 Dec 2026, 09:30")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 820])
def test_the_month_fits_and_a_thumb_finds_the_day(open_as, ada, massage, width):  # noqa: F811
    invitation = invite_to_book(client=ada, by=None, at=NOW)
    token = BookingLink.mint(now=NOW, expires_at=NOW + timedelta(days=7), invitation=invitation)

    page = open_as(None, f"/book/open/{token}/", width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [day.bounding_box() for day in page.locator("a.month-day").all()]
    assert len(boxes) == 6
    assert min(box["height"] for box in boxes) >= 44
    assert min(box["width"] for box in boxes) >= (36 if width == 320 else 44)
