"""The body map and the table in a real Chromium: a tap charts, the keyboard alone signs, a phone is enough."""

import pytest
from playwright.sync_api import expect

from anatomy.body import stored_drawing
from clients.drawings import store_drawing
from sessions.models import TreatmentSession
from sessions.reading import finding_entries
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.look.test_axe import AXE, SERIOUS, serious_on
from tests.world import NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, TABLET, DESK = 390, 820, 1366
SAVED = "[data-chart-saved]"


@pytest.fixture
def open_chart(open_as, draft, mia):  # noqa: F811
    def open_page(width=TABLET, view="map", **options):
        return open_as(mia, f"/sessions/{draft.pk}/chart/?view={view}", width=width, **options)

    return open_page


def stored(draft):
    return {entry.spot: entry for entry in finding_entries(TreatmentSession.objects.get(pk=draft.pk))}


def tap(page, spot):
    """Tap the muscle itself where it shows: at the place of its badge in the picture that is open."""
    picture = page.locator(f".bm-pair:visible svg:has([data-badge='{spot}'])").first
    place = picture.evaluate(
        """(svg, spot) => {
          const badge = svg.querySelector(`[data-badge="${spot}"]`);
          const at = badge.transform.baseVal.consolidate().matrix;
          const point = new DOMPoint(at.e, at.f).matrixTransform(svg.getScreenCTM());
          scrollBy({ top: point.y - innerHeight / 2, behavior: "instant" });
          const now = new DOMPoint(at.e, at.f).matrixTransform(svg.getScreenCTM());
          return [now.x, now.y];
        }""",
        spot,
    )
    page.mouse.click(*place)


def button(page, spot):
    return page.locator(f"[data-place='{spot}']")


def choose(page, spot, field, value):
    page.locator(f"label[for='id_{spot.replace(':', '-')}-{field}_{value}']").click()


def is_saved(page):
    expect(page.locator(SAVED)).to_contain_text("Saved", timeout=10_000)


def test_a_tap_on_the_picture_opens_the_card_and_charts_the_finding(open_chart, draft, complaints):  # noqa: F811
    page = open_chart()

    tap(page, "right:piriformis")
    expect(page.locator("dialog[open] [data-card-name]")).to_have_text("Right piriformis")
    choose(page, "right:piriformis", "tenderness", 3)
    choose(page, "right:piriformis", "is_familiar_pain", "yes")
    page.get_by_role("button", name="Done", exact=True).click()

    expect(button(page, "right:piriformis")).to_be_focused()
    expect(button(page, "right:piriformis")).to_have_accessible_name(
        "Right piriformis: tenderness 3 of 4, familiar pain"
    )
    expect(page.locator("[data-spot='right:piriformis'].bm-shade-3")).to_have_count(2)
    expect(page.locator(".bm-pair:visible [data-badge='right:piriformis'] .bm-star")).to_be_visible()
    is_saved(page)
    found = stored(draft)["right:piriformis"]
    assert (found.tenderness, found.is_familiar_pain) == (3, True)
    assert complaints == []


def test_a_muscle_that_was_not_on_the_chart_is_added_by_the_tap(open_chart, draft):
    page = open_chart()

    page.locator("label", has_text="Side").click()
    tap(page, "left:tfl_itb")
    expect(page.locator("dialog[open] [data-card-name]")).to_have_text("Left tensor fasciae latae and iliotibial band")
    choose(page, "left:tfl_itb", "tenderness", 2)
    page.keyboard.press("Escape")

    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("[data-cards] > #left-tfl_itb")).to_be_visible()
    is_saved(page)
    assert stored(draft)["left:tfl_itb"].tenderness == 2


def test_looking_at_a_muscle_charts_nothing_and_showing_another_side_changes_nothing(open_chart, draft):
    page = open_chart()
    before = stored(draft)

    page.locator("label", has_text="Front").click()
    tap(page, "left:iliacus")
    page.get_by_role("button", name="Done", exact=True).click()
    page.wait_for_timeout(3500)  # longer than the chart waits before it saves

    expect(page.locator(SAVED)).to_have_text("")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    assert stored(draft) == before


def test_the_words_written_while_charting_are_those_of_the_next_page(open_chart, draft):
    page = open_chart()
    button(page, "right:piriformis").click()
    page.locator("dialog[open]").get_by_role("button", name="As planned").click()
    choose(page, "right:piriformis", "tenderness", 4)
    page.locator("dialog[open] [data-more]").first.click()
    page.get_by_role("button", name="Done", exact=True).click()
    button(page, "left:psoas").click()
    choose(page, "left:psoas", "has_trigger_point", "no")
    page.get_by_role("button", name="Done", exact=True).click()
    for _ in range(100):  # the first save is told before the second begins
        if "left:psoas" in stored(draft):
            break
        page.wait_for_timeout(100)
    said = "[...document.querySelectorAll('[data-place]')].map((one) => [one.className, one.textContent])"
    signs = "[...document.querySelectorAll('[data-badge]')].map((one) => [one.getAttribute('class'), one.textContent])"

    live = page.evaluate(said), page.evaluate(signs)
    page.reload()

    assert (page.evaluate(said), page.evaluate(signs)) == live
    assert ["bm-place-button is-on", "Left psoas major and minor: recorded•"] in live[0]


def test_the_other_side_opens_in_the_same_place(open_chart, draft):
    page = open_chart()
    button(page, "right:piriformis").click()

    page.locator("dialog[open]").get_by_role("button", name="Add the other side").click()
    expect(page.locator("dialog[open] [data-card-name]")).to_have_text("Left piriformis")
    choose(page, "left:piriformis", "tone", 1)
    page.get_by_role("button", name="Done", exact=True).click()

    expect(page.locator("[data-cards] > #right-piriformis")).to_be_visible()
    is_saved(page)
    assert stored(draft)["left:piriformis"].tone == 1


def test_a_muscle_can_be_added_after_the_connection_went(open_chart, draft):
    with_blanks = open_chart()
    with_blanks.wait_for_load_state("networkidle")  # the empty cards came while the page was idle
    with_blanks.context.set_offline(True)

    button(with_blanks, "left:adductors").click()
    choose(with_blanks, "left:adductors", "tone", 2)
    with_blanks.get_by_role("button", name="Done", exact=True).click()
    with_blanks.context.set_offline(False)

    is_saved(with_blanks)
    assert stored(draft)["left:adductors"].tone == 2


def test_a_referral_is_laid_over_the_client_s_drawing_with_facts_only(open_chart, draft):
    drawn = stored_drawing(["right:buttock", "right:calf", "left:thigh_back"])
    store_drawing(client=draft.client, regions=drawn, at=NOW)
    page = open_chart(width=DESK)

    button(page, "right:piriformis").click()

    words = "Typical referral (Travell & Simons): buttock, back of thigh. Also marked by the client: right buttock."
    expect(page.locator("dialog[open] [data-card-refers] p")).to_have_text(words)
    expect(page.locator("[data-refers-said]")).to_have_text(f"Right piriformis, hatched. {words}")
    shown = page.locator("[data-pain-figure] .bm-referral.is-shown").evaluate_all(
        "(all) => all.map((one) => one.dataset.refers)"
    )
    assert sorted(shown) == ["right:buttock", "right:thigh_back"]
    expect(page.locator("dialog[open] .bm-referral.is-shown").first).to_be_visible()

    page.keyboard.press("Escape")
    button(page, "left:adductors").click()
    expect(page.locator("dialog[open] [data-card-refers] p")).to_have_text(
        "Typical referral (Travell & Simons): groin, front of thigh."
    )


class Keys:
    """Works a page by keyboard alone."""

    def __init__(self, page):
        self.page = page

    def to(self, selector, *, most=200, key="Tab"):
        for _ in range(most):
            self.page.keyboard.press(key)
            if self.page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
                return
        raise AssertionError(f"{selector} is not reached with {key}")

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)


def test_a_chart_is_written_and_signed_from_the_map_by_keyboard_alone(open_chart, draft):
    page = open_chart()
    keys = Keys(page)

    keys.to("[name='pain_before_nrs']")
    keys.press("ArrowRight", "ArrowRight", "ArrowRight")
    keys.to("[data-place='right:piriformis']")
    keys.press("Enter")
    expect(page.locator("dialog[open]")).to_be_visible()
    assert page.evaluate("document.activeElement.name") == "right-piriformis-tone"
    keys.press("Space")
    keys.to("[name='right-piriformis-tenderness']")
    keys.press("Space", "ArrowRight", "ArrowRight")
    keys.to("[name='right-piriformis-minutes']")
    page.keyboard.type("12")
    keys.press("Enter")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(button(page, "right:piriformis")).to_be_focused()
    expect(button(page, "right:piriformis")).to_have_accessible_name("Right piriformis: tenderness 2 of 4, 12 min")
    keys.to("[name='pain_after_nrs']", most=400)
    keys.press("ArrowRight", "ArrowRight")
    keys.to("button[value='sign']", most=60)
    keys.press("Enter")
    expect(page.get_by_text("This is exactly what you sign")).to_be_visible()
    page.get_by_role("button", name="Sign as Mia Berg").focus()
    keys.press("Enter")
    expect(page.get_by_text("Signed by Mia Berg")).to_be_visible()

    found = stored(draft)
    assert list(found) == ["right:piriformis"]
    assert (found["right:piriformis"].tone, found["right:piriformis"].tenderness) == (0, 2)
    assert found["right:piriformis"].minutes == 12


def test_the_table_charts_and_saves_the_same_values(open_chart, draft, complaints):  # noqa: F811
    page = open_chart(view="grid")

    page.get_by_label("Right piriformis: tone").select_option("3")
    page.get_by_label("Right piriformis: tenderness").select_option("4")
    page.get_by_label("Right piriformis: trigger point").select_option("yes")
    page.get_by_label("Right piriformis: minutes").fill("12")
    page.get_by_label("Right piriformis: response").select_option("eased")
    page.get_by_label("Left psoas major and minor: minutes").fill("5")
    expect(page.locator("[data-minutes]")).to_have_text("17")
    is_saved(page)

    found = stored(draft)
    one = found["right:piriformis"]
    assert (one.tone, one.tenderness, one.has_trigger_point, one.minutes, one.response) == (3, 4, True, 12, "eased")
    assert found["left:psoas"].minutes == 5
    page.get_by_role("button", name="Body map").click()
    expect(button(page, "right:piriformis")).to_have_accessible_name("Right piriformis: tenderness 4 of 4, 12 min")
    assert complaints == []


def test_the_chosen_layout_is_remembered_for_this_person_in_this_browser(open_chart, draft):
    page = open_chart()
    page.get_by_role("button", name="Table").click()
    expect(page.locator(".grid-muscles")).to_be_visible()

    page.goto(f"/sessions/{draft.pk}/chart/")

    expect(page.locator(".grid-muscles")).to_be_visible()


@pytest.mark.parametrize("view", ["map", "grid"])
@pytest.mark.parametrize("width", [320, PHONE, TABLET, DESK])
def test_nothing_is_wider_than_the_screen(open_chart, view, width):
    page = open_chart(width=width, view=view)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = """() => [...document.querySelectorAll(".grid-muscles td, .bm-row > *")].filter((cell) => {
      const box = cell.getBoundingClientRect(), room = cell.closest("section").getBoundingClientRect();
      return box.width && (box.right > room.right + 0.5 || box.left < room.left - 0.5);
    }).length"""
    assert page.evaluate(cut) == 0
    if view == "map":
        button(page, "right:piriformis").click()
        dialog = page.locator("dialog[open]").bounding_box()
        assert dialog["x"] >= 0
        assert dialog["x"] + dialog["width"] <= width
        assert page.locator("dialog[open]").evaluate("(one) => one.scrollWidth <= one.clientWidth")


SMALL = """() => [...document.querySelectorAll(".bm-place-button, .grid-muscles select, .grid-muscles input:not([type=hidden])")]
  .map((one) => one.getBoundingClientRect()).filter((box) => box.width < 43.5 || box.height < 43.5).length"""


@pytest.mark.parametrize("view", ["map", "grid"])
@pytest.mark.parametrize("width", [PHONE, TABLET])
def test_every_muscle_can_be_hit_with_a_thumb(open_chart, view, width):
    assert open_chart(width=width, view=view).evaluate(SMALL) == 0


def test_a_phone_charts_from_the_map_and_has_the_table_as_cards(open_chart, draft):
    page = open_chart(width=PHONE)
    tap(page, "right:piriformis")
    choose(page, "right:piriformis", "tenderness", 1)
    page.get_by_role("button", name="Done", exact=True).click()
    is_saved(page)
    assert stored(draft)["right:piriformis"].tenderness == 1

    page.get_by_role("button", name="Table").click()
    expect(page.locator(".grid-muscles thead")).to_be_hidden()
    page.get_by_label("Right piriformis: tenderness").select_option("2")
    is_saved(page)
    assert stored(draft)["right:piriformis"].tenderness == 2


def test_without_scripts_the_list_adds_a_muscle_and_leads_to_its_card(open_chart, draft):
    page = open_chart(java_script_enabled=False)

    page.get_by_role("button", name="Left psoas major and minor: not on the chart").click()
    expect(page.locator("#left-psoas")).to_be_visible()
    page.locator("label[for='id_left-psoas-tenderness_2']").click()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("link", name="Left psoas major and minor: tenderness 2 of 4")).to_be_visible()
    assert stored(draft)["left:psoas"].tenderness == 2


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_a_chart(open_chart, draft, scheme):
    store_drawing(client=draft.client, regions=stored_drawing(["right:buttock"]), at=NOW)
    page = open_chart(color_scheme=scheme)
    base = f"/sessions/{draft.pk}/chart/?view="

    assert serious_on(page, {view: base + view for view in ("map", "cards", "grid")}) == {}
    page.goto(f"{base}map")
    button(page, "right:piriformis").click()
    expect(page.locator("dialog[open]")).to_be_visible()
    page.evaluate(AXE.read_text())
    assert page.evaluate(SERIOUS) == []
