"""The start of a visit in a real browser: taps counted, and the result beside the card while it is filled."""

import pytest
from playwright.sync_api import expect

from clients.models import Screening
from clients.screenings import run_screening
from clients.todo import finish_task, raise_task
from sessions.models import TreatmentSession
from tests.clients.answers import calm
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.world import NOW, minutes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def screened_yesterday(ada_in_care, mia):
    return run_screening(client=ada_in_care, answers=calm(), at=NOW - 24 * minutes(60), by=mia)


def test_a_visit_starts_with_three_taps_when_nothing_is_new(open_as, screened_yesterday, mia, complaints):  # noqa: F811
    page = open_as(mia, "/today/", width=820)

    page.get_by_role("link", name="Ask and start").click()
    page.get_by_role("button", name="I asked each of these: all no").click()
    page.get_by_role("button", name="Start").click()

    page.wait_for_url("**/chart/")
    assert TreatmentSession.objects.get().screening.by == mia
    assert complaints == []


def test_after_an_alert_was_closed_the_visit_still_starts_within_five_taps(
    open_as,  # noqa: F811
    screened_yesterday,
    mia,
    complaints,  # noqa: F811
    still_clock,
):
    task = raise_task(
        kind="check_in_alert", client=screened_yesterday.client, subject="check-in 1", for_role="therapist", at=NOW
    )
    finish_task(task, by=mia, at=NOW, outcome="Rang her.")
    page = open_as(mia, "/today/", width=820)
    expect(page.get_by_role("button", name="Start")).to_have_count(0)
    taps = [
        page.get_by_role("link", name="Screening", exact=True),
        page.get_by_role("link", name="Ask every safety question"),
        page.get_by_role("button", name="I asked each of these: all no"),
        page.get_by_role("button", name="Start"),
    ]
    assert len(taps) <= 5

    still_clock.at = NOW + minutes(1)
    for tap in taps:
        tap.click()

    page.wait_for_url("**/chart/")
    assert TreatmentSession.objects.get().screening.by == mia
    assert complaints == []


def test_the_result_follows_the_card_and_nothing_is_stored(open_as, screened_yesterday, mia, complaints):  # noqa: F811
    page = open_as(mia, f"/clients/{screened_yesterday.client_id}/screening/clarify/", width=1366)
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Nothing found")

    page.locator("[name=strength][value=severely_reduced]").check(force=True)

    expect(preview).to_contain_text("Stop")
    assert Screening.objects.count() == 1
    assert complaints == []


def test_the_card_is_saved_without_scripts(open_as, screened_yesterday, mia):  # noqa: F811
    address = f"/clients/{screened_yesterday.client_id}/screening/clarify/"
    page = open_as(mia, address, width=390, java_script_enabled=False)

    page.locator("[name=slr-left][value=positive]").check(force=True)
    page.fill("[name=slr_angle_deg-left]", "45")
    page.get_by_role("button", name="Save as a new version").click()

    page.wait_for_url("**/screening/")
    assert Screening.objects.newest_first().first().card == {"slr": {"left": {"result": "positive", "angle_deg": 45}}}
