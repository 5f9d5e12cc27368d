"""The chart in a real Chromium, on a tablet held upright: few taps, saving by itself, two windows."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from sessions.models import TreatmentSession
from sessions.reading import finding_entries
from sessions.snippets import keep_snippet
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.sessions.conftest import ask_and_start, make_visit
from tests.world import NINE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABLET = 820


@pytest.fixture
def open_chart(open_as, draft, mia):  # noqa: F811
    return lambda: open_as(mia, f"/sessions/{draft.pk}/chart/", width=TABLET)


class Finger:
    """Counts taps."""

    def __init__(self, page):
        self.page, self.taps = page, 0

    def tap(self, element):
        self.taps += 1
        element.click()

    def on(self, field, value):
        self.tap(self.page.locator(f"label[for='id_{field}_{value}']"))

    def button(self, words):
        self.tap(self.page.get_by_role("button", name=words))


def test_a_routine_visit_is_charted_and_signed_in_fifteen_taps_without_typing(open_chart, draft, complaints):  # noqa: F811
    page = open_chart()
    finger = Finger(page)

    finger.on("pain_before_nrs", 5)
    finger.button("All done as planned")
    for muscle in ("piriformis", "gluteus_maximus", "gluteus_medius"):
        finger.on(f"right-{muscle}-tone", 2)
        finger.on(f"right-{muscle}-tenderness", 3)
    finger.on("pain_after_nrs", 3)
    expect(page.locator("[data-minutes]")).to_have_text("30")
    finger.button("Check and sign")
    expect(page.get_by_text("This is exactly what you sign")).to_be_visible()
    finger.button("Sign as Mia Berg")
    expect(page.get_by_text("Signed by Mia Berg")).to_be_visible()

    session = TreatmentSession.objects.get(pk=draft.pk)
    assert finger.taps <= 15
    assert (session.pain_before_nrs, session.pain_after_nrs, session.is_signed) == (5, 3, True)
    assert sum(finding.minutes for finding in finding_entries(session)) == 30
    assert complaints == []


def test_the_chart_saves_itself_and_survives_a_reload(open_chart, draft):
    page = open_chart()
    page.get_by_label("Subjective").fill("Typed and never saved by hand.")
    page.locator("label[for='id_pain_before_nrs_6']").click()

    expect(page.locator("[data-chart-saved]")).to_contain_text("Saved", timeout=10_000)
    page.reload()

    assert page.get_by_label("Subjective").input_value() == "Typed and never saved by hand."
    assert TreatmentSession.objects.get(pk=draft.pk).pain_before_nrs == 6


def test_a_second_tap_takes_a_choice_back(open_chart, draft):
    page = open_chart()
    choice = page.locator("label[for='id_right-piriformis-tone_3']")

    choice.click()
    expect(page.locator("[data-chart-saved]")).to_contain_text("Saved", timeout=10_000)
    assert finding_entries(draft)[0].tone == 3
    choice.click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()

    fresh = TreatmentSession.objects.get(pk=draft.pk)
    assert finding_entries(fresh)[0].tone is None


def test_two_windows_show_the_conflict_and_lose_nothing(open_chart, draft):
    first, second = open_chart(), open_chart()
    first.get_by_label("Subjective").fill("From the first window.")
    expect(first.locator("[data-chart-saved]")).to_contain_text("Saved", timeout=10_000)

    second.get_by_label("Subjective").fill("From the second window.")
    expect(second.get_by_text("What you typed is still here.")).to_be_visible(timeout=10_000)
    second.get_by_role("button", name="Compare both").click()

    expect(second.get_by_role("cell", name="From the first window.")).to_be_visible()
    assert second.get_by_label("Subjective").input_value() == "From the second window."
    assert TreatmentSession.objects.get(pk=draft.pk).subjective == "From the first window."

    second.get_by_role("button", name="Save", exact=True).click()
    expect(second.get_by_text("The draft is saved.")).to_be_visible()
    assert TreatmentSession.objects.get(pk=draft.pk).subjective == "From the second window."


def test_words_typed_without_a_connection_are_sent_when_it_returns(open_chart, draft):
    page = open_chart()
    page.context.set_offline(True)
    page.get_by_label("Assessment").fill("Written in the cellar.")
    expect(page.locator("[data-chart-saved]")).to_contain_text("no connection", timeout=10_000)

    page.context.set_offline(False)
    expect(page.locator("[data-chart-saved]")).to_contain_text("Saved", timeout=15_000)

    assert TreatmentSession.objects.get(pk=draft.pk).assessment == "Written in the cellar."


def test_too_many_minutes_are_told_while_charting(open_chart, draft):
    page = open_chart()

    page.locator("#id_right-piriformis-minutes").fill("61")

    expect(page.locator("[data-chart-saved]")).to_contain_text("Not saved.", timeout=10_000)
    expect(page.locator(".minutes-sum")).to_have_class("minutes-sum is-over")
    assert finding_entries(draft)[0].minutes == 0


@pytest.fixture
def second_visit(open_as, signed, ada, mia, massage, green_room):  # noqa: F811
    """Ada's visit a week later, its chart open on the tablet; the first one is signed."""
    visit = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7))
    session = ask_and_start(visit, mia)
    return session, open_as(mia, f"/sessions/{session.pk}/chart/", width=TABLET)


def test_a_return_visit_is_carried_forward_confirmed_and_signed_in_fifteen_taps(second_visit, complaints):  # noqa: F811
    session, page = second_visit
    finger = Finger(page)

    finger.on("pain_before_nrs", 4)
    finger.button("Carry last visit forward")
    finger.button("Still so today")
    finger.button("All done as planned")
    finger.on("right-piriformis-response", "eased")
    finger.tap(page.get_by_role("button", name="Still right"))
    finger.on("pain_after_nrs", 2)
    expect(page.locator("[data-copied]")).to_have_count(0)
    finger.button("Check and sign")
    finger.button("Sign as Mia Berg")
    expect(page.get_by_text("Signed by Mia Berg")).to_be_visible()

    assert finger.taps <= 15
    session = TreatmentSession.objects.get(pk=session.pk)
    assert finding_entries(session)[0].tenderness == 3
    assert not session.copied_fields.exists()
    assert complaints == []


def test_a_tap_on_the_copied_value_says_still_so_and_does_not_take_it_back(second_visit):
    session, page = second_visit
    page.get_by_role("button", name="Carry last visit forward").click()
    mark = page.locator("[data-copied='right:piriformis/tone']")
    expect(mark).to_be_visible()

    page.locator("label[for='id_right-piriformis-tone_3']").click()
    expect(mark).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()

    expect(page.locator("[data-copied='right:piriformis/tone']")).to_have_count(0)
    expect(page.locator("[data-copied='right:piriformis/tenderness']")).to_be_visible()
    fields = set(session.copied_fields.values_list("field", flat=True))
    assert "tone" not in fields
    assert "tenderness" in fields
    assert finding_entries(TreatmentSession.objects.get(pk=session.pk))[0].tone == 3


def test_a_fold_tells_what_it_holds(open_chart):
    page = open_chart()
    card = page.locator("#right-piriformis")
    card.locator("summary").first.click()
    card.locator("label[for='id_right-piriformis-techniques_trigger_point_compression']").click()
    card.locator("label[for='id_right-piriformis-has_trigger_point_yes']").click()
    card.locator("label[for='id_right-piriformis-pressure_5']").click()

    expect(card.locator("[data-told]")).to_have_text("trigger point, trigger-point compression, pressure 5/10")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#right-piriformis [data-told]")).to_have_text(
        "trigger point, trigger-point compression, pressure 5/10"
    )


def test_a_phrase_goes_where_the_cursor_stands(open_as, draft, mia):  # noqa: F811
    keep_snippet(section="assessment", words="Answers well.", by=mia)
    page = open_as(mia, f"/sessions/{draft.pk}/chart/", width=TABLET)
    page.get_by_label("Assessment").fill("Better.")

    page.locator(".snippets summary").click()
    page.get_by_role("button", name="Answers well.").click()

    assert page.get_by_label("Assessment").input_value() == "Better. Answers well."
    expect(page.locator("[data-chart-saved]")).to_contain_text("Saved", timeout=10_000)
    assert TreatmentSession.objects.get(pk=draft.pk).assessment == "Better. Answers well."
