"""Somebody new books alone on a phone, from the public page to the confirmed visit: real clicks, a real worker, real mail."""

import re

import pytest
from playwright.sync_api import expect

from tests.walk.conftest import DESK, PHONE
from tests.walk.test_walk import SAFETY_NET, tick

pytestmark = [pytest.mark.browser, pytest.mark.both_databases, pytest.mark.slow]

NORA = {
    "first_name": "Nora",
    "last_name": "Lind",
    "born_on": "1985-03-04",
    "phone": "+447911123499",
    "email": "nora@mail.example",
}


def answers_the_safety_questions(page):
    page.goto("/book/")
    page.get_by_role("link", name="No, this is my first visit").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="still open")).to_be_visible()
    for choice in page.locator("main input[type=radio][value=no]").all():
        tick(choice)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Choose a time")).to_be_visible()


def chooses_a_time(page):
    """In the next month, so that it can be cancelled by link on whichever day this runs."""
    with page.expect_response(re.compile(r"/book/time/\?.*month=")):  # the month comes without a new page
        page.locator("a.month-after").click()
    page.wait_for_load_state("networkidle")
    with page.expect_response(re.compile(r"/book/time/\?.*day=")):
        page.locator("a.month-day").nth(3).click()
    day = page.locator("a.month-day[aria-current]")
    expect(day).to_have_count(1)
    page.wait_for_load_state("networkidle")
    tick(page.locator(".times-of-day input").nth(4))
    page.get_by_role("button", name="Take this time").click()
    expect(page.get_by_role("heading", name="Who comes?")).to_be_visible()


def says_who_comes(page):
    for name, value in NORA.items():
        page.fill(f"[name={name}]", value)
    tick(page.locator("[name=may_contact]"))
    page.get_by_role("button", name="Keep this time for me").click()
    expect(page.get_by_text(re.compile("We keep .* for you until"))).to_be_visible()


def confirms_by_mail(page, link):
    page.goto(link)
    assert link.rsplit("/", 2)[1] not in page.url
    expect(page.get_by_text(re.compile("We keep this time for you until"))).to_be_visible()
    expect(page.get_by_text(SAFETY_NET)).to_have_count(1)
    tick(page.locator("[name=will_come]"))
    page.get_by_role("button", name="Confirm my visit").click()
    expect(page.get_by_text("This is your visit with us.")).to_be_visible()


def cancels_and_takes_it_back(page):
    page.get_by_role("link", name="I cannot come").click()
    tick(page.locator("[name=is_sure]"))
    page.get_by_role("button", name="Cancel my visit").click()
    expect(page.get_by_text("Your visit is cancelled.")).to_be_visible()
    tick(page.locator("[name=is_sure]"))
    page.get_by_role("button", name=re.compile("Undo until")).click()
    expect(page.get_by_text("This is your visit with us.")).to_be_visible()


def test_somebody_new_books_alone_on_a_phone(browsers, postman):
    phone, desk = browsers(PHONE), browsers(DESK, "dana")

    answers_the_safety_questions(phone)
    chooses_a_time(phone)
    says_who_comes(phone)
    confirms_by_mail(phone, postman.link_to("nora@mail.example", "Please confirm your visit"))
    postman.link_to("nora@mail.example", "A few questions before your visit")
    postman.link_to("nora@mail.example", "Your visit on")
    cancels_and_takes_it_back(phone)
    postman.link_to("nora@mail.example", "Your visit is now on")

    desk.goto("/clients/?q=Lind")
    desk.get_by_role("link", name=re.compile("Lind, Nora")).click()
    expect(desk.get_by_text("Held time taken").or_(desk.get_by_text("Booked")).first).to_be_visible()
