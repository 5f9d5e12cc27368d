"""The desk's main act in a real browser: by mouse in three clicks and a word, by keyboard alone, and without scripts."""

import re

import pytest
from playwright.sync_api import expect

from booking.appointments import mark_arrived
from booking.models import Appointment
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.world import NINE, NOW, minutes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ELEVEN = NINE + minutes(120)
READ_BACK = "Ada Müller with Mia Berg on Mon 23 Nov 2026 at 11:00, Green room."


def test_a_known_client_is_booked_in_three_clicks_and_one_word(open_as, dana, mia, massage, ada, complaints):  # noqa: F811
    page = open_as(dana, "/booking/")

    page.get_by_role("link", name="Book Mia Berg at 11:00").click()
    page.get_by_label("Client", exact=True).press_sequentially("mull")
    page.get_by_role("link", name="Ada Müller").click()
    page.get_by_role("button", name="Book").click()

    page.get_by_text(READ_BACK).wait_for()
    assert Appointment.objects.get().starts_at == ELEVEN
    assert complaints == []


def test_a_known_client_is_booked_by_keyboard_alone(open_as, dana, mia, massage, ada):  # noqa: F811
    page = open_as(dana, "/booking/")
    press = page.keyboard.press

    press("ArrowDown")
    for _ in range(8):  # from 09:00 in quarters of an hour
        press("ArrowDown")
    assert "11:00" in page.evaluate("document.activeElement.textContent")
    press("ArrowRight")
    press("ArrowLeft")
    press("Enter")
    page.wait_for_url(re.compile("starts="))
    page.keyboard.type("mull")
    page.get_by_role("link", name="Ada Müller").wait_for()
    press("Tab")
    press("Enter")
    page.wait_for_url(re.compile("client="))
    page.locator("input[name=slot]:checked").focus()
    press("Enter")

    page.get_by_text(READ_BACK).wait_for()


def test_booking_works_without_scripts(open_as, dana, mia, massage, ada):  # noqa: F811
    page = open_as(dana, "/booking/", java_script_enabled=False)

    page.get_by_role("link", name="Book Mia Berg at 11:00").click()
    page.get_by_label("Client", exact=True).fill("mull")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Ada Müller").click()
    page.get_by_role("button", name="Book").click()

    page.get_by_text(READ_BACK).wait_for()


def test_another_day_shows_its_times_at_once(open_as, dana, mia, massage, ada, complaints):  # noqa: F811
    page = open_as(dana, f"/booking/appointments/new/?client={ada.pk}")
    page.get_by_label("Note").fill("Needs the lift")

    page.get_by_label("Day").fill("2026-11-24")
    page.get_by_label("Day").blur()

    page.get_by_text("Time on Tue 24 Nov 2026").wait_for()
    assert page.get_by_label("Note").input_value() == "Needs the lift"
    page.get_by_text("10:30").first.click()
    page.get_by_role("button", name="Book").click()
    page.get_by_text("on Tue 24 Nov 2026 at 10:30").wait_for()
    assert complaints == []


def test_arriving_takes_one_click_on_the_board(open_as, dana, visit):  # noqa: F811
    page = open_as(dana, "/booking/")

    page.get_by_role("button", name="Ada Müller has arrived").click()

    page.locator(f"#visit-{visit.pk}").get_by_text("Arrived").wait_for()


def test_the_board_renews_itself_and_keeps_the_place_of_the_reader(open_as, dana, visit, complaints):  # noqa: F811
    page = open_as(dana, "/booking/")
    page.locator(f"#open-{visit.pk}").focus()
    url = page.locator("#board").get_attribute("hx-get")
    mark_arrived(visit, by=dana, at=NOW)

    page.evaluate("url => htmx.ajax('GET', url, {target: '#board', swap: 'outerHTML'})", url)

    page.locator(f"#visit-{visit.pk}").get_by_text("Arrived").wait_for()
    assert page.evaluate("document.activeElement.id") == f"open-{visit.pk}"
    assert complaints == []


def test_the_board_of_somebody_signed_out_is_covered_and_leads_to_the_door(open_as, dana, visit):  # noqa: F811
    page = open_as(dana, "/booking/")
    url = page.locator("#board").get_attribute("hx-get")
    page.context.clear_cookies()

    page.evaluate("url => htmx.ajax('GET', url, {target: '#board', swap: 'outerHTML'})", url)

    expect(page.get_by_text("This sign-in has ended.")).to_be_visible()
    page.get_by_role("link", name="Sign in again").click()
    page.wait_for_url(re.compile("/accounts/login/"))


@pytest.mark.parametrize("width", [390, 820, 1366])
@pytest.mark.parametrize("path", ["/booking/", "/booking/appointments/new/?client={client}", "/booking/waitlist/add/"])
def test_pages_fit_their_width(open_as, dana, visit, path, width):  # noqa: F811
    page = open_as(dana, path.format(client=visit.client_id), width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_client_confirms_on_a_phone_only_after_ticking(open_as, client, visit, mail_link, complaints):  # noqa: F811
    page = open_as(None, "/accounts/login/", width=390)
    url = mail_link(visit)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": page.url.split("/accounts")[0]}]
    )
    page.goto(url)

    page.get_by_role("button", name="Confirm my visit").click()
    visit.refresh_from_db()
    assert visit.status == "booked"

    page.get_by_text("Yes, I will be there").click()
    page.get_by_role("button", name="Confirm my visit").click()
    page.get_by_text("Your visit is confirmed").wait_for()
    assert complaints == []
