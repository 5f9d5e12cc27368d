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

    page.get_by_role("link", name="Ask first").click()
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

    page.locator("[name=strength-left][value=severely_reduced]").check(force=True)

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


def card_of(screening):
    return f"/clients/{screening.client_id}/screening/clarify/"


def tap(page, label_for):
    """Tap as a finger does: where it stands on the screen, nothing scrolled by the test itself."""
    box = page.locator(f"label[for='{label_for}']").bounding_box()
    page.touchscreen.tap(box["x"] + 20, box["y"] + box["height"] / 2)


@pytest.fixture
def history_told(ada_in_care, mia):
    told = {"buttock_dominant": True, "numb_tingling_leg": False, "sitting_tolerance_min": 20}
    return run_screening(client=ada_in_care, answers=calm(**told), at=NOW - 24 * minutes(60), by=mia)


def test_a_usual_examination_takes_six_taps(open_as, history_told, mia, complaints):  # noqa: F811
    page = open_as(mia, card_of(history_told), width=820)
    preview = page.locator("#preview-words")
    expect(preview).to_contain_text("5 of 8 groups answered")

    page.locator("#div_slr").get_by_role("button", name="Both negative").click()
    page.get_by_role("button", name="Strength, touch, reflexes: all normal").click()
    page.locator("label[for=id_active_piriformis-right_0]").click()
    page.locator("label[for=id_seated_piriformis_stretch-right_0]").click()
    page.get_by_text("Everything else: not tested").click()
    expect(preview).to_contain_text("More like deep buttock-nerve irritation")
    expect(preview).to_contain_text("8 of 8 groups answered")
    page.get_by_role("button", name="Save as a new version").click()

    page.wait_for_url("**/screening/")
    version = Screening.objects.newest_first().first()
    assert version.pattern == "deep_gluteal"
    assert version.card["slr"] == {"left": {"result": "negative"}, "right": {"result": "negative"}}
    assert version.card["gaenslen"] == {"left": {"result": "not_tested"}, "right": {"result": "not_tested"}}
    assert version.answers["reflexes"] == "normal"
    assert complaints == []


def test_a_tap_too_many_is_taken_back_by_another(open_as, history_told, mia):  # noqa: F811
    page = open_as(mia, card_of(history_told), width=820)
    page.locator("[name=slr-left][value=positive]").check(force=True)
    both = page.locator("#div_slr").get_by_role("button", name="Both negative")

    both.click()
    assert page.locator("[name=slr-left]:checked").get_attribute("value") == "negative"
    assert both.get_attribute("aria-pressed") == "true"
    both.click()

    assert page.locator("[name=slr-left]:checked").get_attribute("value") == "positive"
    assert page.locator("[name=slr-right]:checked").count() == 0


def test_focus_and_scroll_stay_while_the_result_follows(open_as, history_told, mia):  # noqa: F811
    page = open_as(mia, card_of(history_told), width=820, has_touch=True)
    expect(page.locator("#preview-words")).to_contain_text("5 of 8")
    page.locator(".preview-fold > summary").click()
    page.evaluate("window.scrollTo(0, 300)")

    tap(page, "id_rest")
    expect(page.locator("#preview-why")).to_contain_text("Nothing recorded speaks for or against it")
    page.wait_for_load_state("networkidle")

    assert page.evaluate("[scrollY, document.activeElement.id]") == [300, "id_rest"]
    assert page.locator(".preview-fold").get_attribute("open") is not None
    page.locator("[name=slump-left]").first.evaluate("field => field.closest('details').open = true")
    page.locator("[name=slump-left][value=negative]").focus()
    before = page.evaluate("scrollY")
    page.keyboard.press("Space")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("[scrollY, document.activeElement.name]") == [before, "slump-left"]


def test_what_is_missing_leads_the_keyboard_to_its_field(open_as, history_told, mia):  # noqa: F811
    page = open_as(mia, card_of(history_told), width=1180)

    page.locator("#preview-missing").get_by_role("link", name="One piriformis test").press("Enter")
    assert page.evaluate("document.activeElement.name") == "active_piriformis-left"
    page.keyboard.press("Space")
    expect(page.locator("#preview-words")).to_contain_text("6 of 8")


def test_without_a_connection_all_stays_and_it_is_said(open_as, history_told, mia):  # noqa: F811
    page = open_as(mia, card_of(history_told), width=820)
    words = page.locator("#preview-words")
    expect(words).to_contain_text("5 of 8")
    page.evaluate("window.scrollTo(0, 200)")
    page.context.set_offline(True)

    page.locator("[name=slr-left][value=negative]").check(force=True)
    expect(words).to_contain_text("No connection")
    scrolled = page.evaluate("scrollY")
    page.get_by_role("button", name="Save as a new version").click()
    expect(words).to_contain_text("Not saved: no connection")
    assert page.evaluate("scrollY") == scrolled
    assert page.locator("[name=slr-left]:checked").get_attribute("value") == "negative"
    assert Screening.objects.count() == 1

    page.context.set_offline(False)
    page.get_by_role("button", name="Save as a new version").click()
    page.wait_for_url("**/screening/")
    assert Screening.objects.newest_first().first().card == {"slr": {"left": {"result": "negative"}}}


def test_the_preview_does_not_count_as_saving(open_as, history_told, mia):  # noqa: F811
    page = open_as(mia, card_of(history_told), width=820)
    page.locator("[name=slr-left][value=negative]").check(force=True)
    expect(page.locator("#preview-missing")).not_to_contain_text("Straight leg raise")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    page.mouse.click(400, 5)  # a browser asks only on pages that were touched
    page.evaluate("window.location.assign('/today/')")
    page.wait_for_timeout(500)

    assert asked == ["beforeunload"]


@pytest.mark.parametrize("width", [320, 390, 820, 1180])
def test_the_card_has_room_for_a_finger(open_as, history_told, mia, width):  # noqa: F811
    page = open_as(mia, card_of(history_told), width=width)
    expect(page.locator("#preview-words")).to_contain_text("5 of 8")
    page.evaluate("for (const fold of document.querySelectorAll('.exam details')) fold.open = true")

    small = page.evaluate(
        """[...document.querySelectorAll('.exam label.form-check-label, .exam button, .exam summary, .to-do a')]
           .filter(e => e.checkVisibility({visibilityProperty: true}))
           .map(e => [e.textContent.trim().slice(0, 40), Math.round(e.getBoundingClientRect().height)])
           .filter(([, height]) => height < 44)"""
    )

    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
