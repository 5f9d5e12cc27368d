"""Tests before and after, and measures, in a real Chromium: one tap each, the change as it is typed, every width and both colours."""

import pytest
from playwright.sync_api import expect

from sessions.measures import name_activities, record_ratings
from sessions.models import OutcomeScore
from sessions.reading import test_entries as entries_of
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.look.test_axe import serious_on
from tests.world import NINE, minutes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAVED = {"timeout": 10_000}


def test_a_test_is_tapped_before_and_after_and_says_what_changed(open_as, draft, mia, complaints):  # noqa: F811
    page = open_as(mia, f"/sessions/{draft.pk}/chart/", width=820)
    page.get_by_text("Tests before and after").click()
    row = page.get_by_role("group", name="Straight leg raise, right")

    row.locator("label[for='id_test-slr-right-before_positive']").click()
    row.get_by_label("Before: degrees").fill("45")
    row.get_by_label("Before: Felt where").fill("calf")
    row.locator("label[for='id_test-slr-right-after_negative']").click()
    row.get_by_label("After: degrees").fill("55")

    expect(row.locator("[data-change]")).to_have_text("+10°, now negative")
    expect(row.get_by_label("After: Felt where")).to_be_hidden()
    row.locator("label[for='id_test-slr-right-after_negative']").click()
    expect(row.locator("[data-change]")).to_have_text("+10°")
    row.locator("label[for='id_test-slr-right-after_negative']").click()
    row.get_by_label("After: degrees").press("Tab")
    expect(page.locator("[data-chart-saved]")).to_contain_text("Saved", **SAVED)
    assert {(entry.moment, entry.result, entry.value, entry.felt_where) for entry in entries_of(draft)} == {
        ("before", "positive", 45, "calf"),
        ("after", "negative", 55, ""),
    }
    assert complaints == []


def test_another_test_is_added_and_what_was_typed_before_is_kept(open_as, draft, mia):  # noqa: F811
    page = open_as(mia, f"/sessions/{draft.pk}/chart/", width=820)
    page.get_by_label("Subjective").fill("Not saved yet.")
    page.get_by_text("Tests before and after").click()
    page.get_by_text("Add a test").click()

    page.get_by_role("button", name="Left FAIR (clinical)").click()

    expect(page.get_by_role("group", name="FAIR (clinical), left")).to_be_visible()
    assert page.get_by_label("Subjective").input_value() == "Not saved yet."


def test_statements_and_activities_are_answered_with_taps_alone(open_as, draft, ada, mia, complaints):  # noqa: F811
    named = name_activities(client=ada, words=["Sit", "Drive", "Tie shoes"], by=mia, at=NINE)
    page = open_as(mia, f"/sessions/{draft.pk}/chart/", width=820)

    page.get_by_role("link", name="PSFS").click()
    for activity, rating in zip(named, (3, 4, 6), strict=True):
        page.locator(f"label[for='id_activity-{activity.pk}_{rating}']").click()
    page.get_by_role("button", name="Record").click()
    page.get_by_role("link", name="RMDQ").click()
    page.get_by_text("I sleep less well because of my back.").click()
    page.get_by_role("button", name="Record").click()

    expect(page.get_by_role("heading", name="Muscles", exact=True)).to_be_visible()
    assert sorted((row.measure, str(row.score)) for row in OutcomeScore.objects.all()) == [
        ("psfs", "4.3"),
        ("rmdq", "1.0"),
    ]
    assert complaints == []


def test_pages_of_measures_fit_every_width_in_both_colours(open_as, draft, ada, mia, complaints):  # noqa: F811
    named = name_activities(client=ada, words=["Sit", "Drive " * 20, "x" * 120], by=mia, at=NINE)
    for number in range(3):
        ratings = {activity.pk: number * 2 for activity in named}
        at = NINE + minutes(number)
        record_ratings(client=ada, ratings=ratings, measured_on=at.date(), by=mia, at=at)
    start = f"/sessions/measures/{ada.pk}/"
    for path in (
        start,
        f"{start}psfs/",
        f"{start}rmdq/",
        f"{start}groc/",
        f"{start}activities/",
        f"/sessions/{draft.pk}/chart/",
    ):
        for scheme in ("light", "dark"):
            page = open_as(mia, path, color_scheme=scheme)
            for width in (320, 390, 820, 1366):
                page.set_viewport_size({"width": width, "height": 900})
                page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_measures_and_tests(open_as, draft, ada, mia, scheme):  # noqa: F811
    named = name_activities(client=ada, words=["Sit", "Drive", "Tie shoes"], by=mia, at=NINE)
    for number in range(2):
        ratings = {activity.pk: number * 4 for activity in named}
        at = NINE + minutes(number)
        record_ratings(client=ada, ratings=ratings, measured_on=at.date(), by=mia, at=at)
    start = f"/sessions/measures/{ada.pk}/"
    paths = {name: f"{start}{name}" for name in ("", "psfs/", "rmdq/", "groc/", "lefs/", "activities/")}
    tests = {"chart": f"/sessions/{draft.pk}/chart/?test=fair:left"}  # opens the rows of tests

    assert serious_on(open_as(mia, "/healthz", color_scheme=scheme), paths | tests) == {}


def test_a_chart_of_a_measure_prints_with_its_sentence(open_as, draft, ada, mia):  # noqa: F811
    named = name_activities(client=ada, words=["Sit", "Drive", "Tie shoes"], by=mia, at=NINE)
    for number in range(2):
        ratings = {activity.pk: number * 4 for activity in named}
        at = NINE + minutes(number)
        record_ratings(client=ada, ratings=ratings, measured_on=at.date(), by=mia, at=at)
    page = open_as(mia, f"/sessions/measures/{ada.pk}/")

    page.emulate_media(media="print")

    expect(page.get_by_text("Reached a change that matters (2 points): yes.")).to_be_visible()
    fills = page.evaluate("""() => [...document.querySelectorAll('.chart-band, .chart-line')].map(
        (each) => getComputedStyle(each)).map((style) => [style.fill, style.stroke])""")
    assert fills[0][0] not in ("rgb(0, 0, 0)", "none")
    assert fills[1][1] != "none"
