"""Reading back in a real Chromium: from the note to a muscle's visits and on, at every width, in both colours."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from sessions.adverse import report_adverse_event
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.look.test_axe import serious_on
from tests.support.years import earlier_visits
from tests.world import NOW, TODAY

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (390, 820, 1366)
TOO_WIDE = """() => [...document.querySelectorAll("main table, main figure, main section, main form")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > one.parentElement.getBoundingClientRect().right + 1)
  .map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture
def paths(signed, massage, mia):
    """Ada's long past with one adverse event, and where it is read."""
    earlier_visits(signed, massage, 12)
    event = report_adverse_event(
        client=signed.client,
        session=signed,
        happened_on=TODAY,
        spot="left:gluteus_maximus",
        severity="moderate",
        description="Bruise the size of a coin.",
        action_taken="Ice.",
        by=mia,
        at=NOW,
    )
    client = signed.client_id
    return {
        "note": signed.get_absolute_url(),
        "print": reverse("sessions:session_print", args=[signed.pk]),
        "muscle": reverse("sessions:muscle_history", args=[client, "piriformis"]),
        "muscles": reverse("sessions:muscles_treated", args=[client]),
        "events": reverse("sessions:adverse_event_list"),
        "event": event.get_absolute_url(),
        "correct": reverse("sessions:adverse_event_correct", args=[event.pk]),
    }


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_where_charts_are_read(open_as, paths, mia, scheme):  # noqa: F811
    page = open_as(mia, "/healthz", width=820, color_scheme=scheme)

    assert serious_on(page, paths) == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(open_as, paths, mia, width):  # noqa: F811
    page, wide = open_as(mia, "/healthz", width=width), {}
    for name, path in paths.items():
        page.goto(path)
        wide[name] = page.evaluate(TOO_WIDE)

    assert {name: found for name, found in wide.items() if found} == {}


def test_from_the_note_to_the_muscle_to_all_muscles_to_the_pdf(open_as, paths, mia, complaints):  # noqa: F811
    page = open_as(mia, paths["note"], width=820)

    page.get_by_role("link", name="Right piriformis").first.click()
    expect(page.get_by_role("heading", name="Piriformis", level=1)).to_be_visible()
    expect(page.get_by_role("img", name="Right piriformis over 13 visits")).to_be_visible()
    page.get_by_role("link", name="all muscles").click()
    expect(page.get_by_role("row", name="Right gluteus medius")).to_contain_text("12")
    page.goto(paths["print"])
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as PDF").click()

    assert download.value.suggested_filename.startswith("session-")
    assert not complaints
