"""What only a browser can tell: sizes, keys, colours, and that the strict policy blocks nothing of ours."""

import pytest

from tests.look import urls

pytestmark = [pytest.mark.browser, pytest.mark.urls("tests.look.urls"), pytest.mark.django_db(transaction=True)]

STAFF, PUBLIC = "/look/staff/", "/look/public/"
SMALL = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), label.form-check-label")]
  .filter((part) => !part.closest("p, .foot, address, code") && part.checkVisibility() && !part.matches(".form-check-input, .skip-link"))
  .map((part) => [part.outerHTML.slice(0, 80), part.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 44 || box.width < 44)).map(([html]) => html)"""


@pytest.fixture(autouse=True)
def no_posts():
    urls.posts.clear()


def wrong_at(page, widths):
    """Return what does not fit or is too small for a thumb, by width."""
    found = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found[width] = page.evaluate(SMALL) + ([] if fits else ["wider than the screen"])
    return {width: parts for width, parts in found.items() if parts}


def test_staff_page_fits_and_offers_targets_of_44_pixels(open_as, mia, complaints):
    page = open_as(mia, STAFF)

    assert wrong_at(page, [320, 390, 820, 1366]) == {}
    assert complaints == []


def test_public_page_fits_and_offers_targets_of_44_pixels(open_as, practice, complaints):
    page = open_as(None, PUBLIC)

    assert wrong_at(page, [320, 390, 820]) == {}
    assert complaints == []


def test_typeface_and_icons_arrive_under_the_policy(open_as, mia):
    page = open_as(mia, STAFF)

    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px Hyperlegible'))")
    assert page.evaluate("document.querySelector('.rail .icon use').getBoundingClientRect().height") > 8


def test_colours_follow_the_machine_then_the_choice_and_stay(open_as, mia):
    page = open_as(mia, STAFF, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(15, 27, 30)"

    page.get_by_role("button", name="Menu of").click()
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(ground) == "rgb(242, 243, 238)"

    page.reload()
    assert page.evaluate(ground) == "rgb(242, 243, 238)"


def test_confirm_asks_and_sends_only_after_yes(open_as, mia):
    page = open_as(mia, STAFF)
    page.get_by_label("Note").fill("done")

    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_role("button", name="No, go back").click()
    assert urls.posts == []

    page.get_by_role("button", name="Sign", exact=True).click()
    with page.expect_navigation():
        page.get_by_role("button", name="Yes, go on").click()
    assert [post["note"] for post in urls.posts] == ["done"]


def test_once_sends_a_form_pressed_twice_only_once(open_as, mia):
    page = open_as(mia, STAFF)

    with page.expect_navigation():
        page.evaluate("""() => {
          const button = document.querySelector("#once button");
          button.click();
          setTimeout(() => button.click(), 150);  // the answer takes longer than that
        }""")
    page.wait_for_load_state()

    assert [post["press"] for post in urls.posts] == ["1"]


def test_guard_warns_before_unsaved_words_are_left(open_as, mia):
    page = open_as(mia, STAFF)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_label("Note").press_sequentially("half a sen")

    page.goto(PUBLIC)

    assert asked == ["beforeunload"]


def test_guard_is_silent_when_nothing_was_typed(open_as, mia):
    page = open_as(mia, STAFF)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_label("Note").click()

    page.goto(PUBLIC)

    assert asked == []


def test_show_when_follows_the_answer(open_as, mia):
    page = open_as(mia, STAFF)
    assert page.locator("#where").is_hidden()

    page.get_by_text("Yes", exact=True).click()
    assert page.locator("#where").is_visible()

    page.get_by_text("No", exact=True).click()
    assert page.locator("#where").is_hidden()


def test_show_when_shows_everything_without_scripts(open_as, mia):
    page = open_as(mia, STAFF, java_script_enabled=False)

    assert page.locator("#where").is_visible()
    assert page.locator("[data-theme-choice]").first.is_hidden()


def test_shortcut_leads_to_its_field_but_not_while_typing(open_as, mia):
    page = open_as(mia, STAFF)

    page.keyboard.press("n")
    page.keyboard.press("n")

    assert page.get_by_label("Note").input_value() == "n"


def test_copy_says_so(open_as, mia):
    page = open_as(mia, STAFF)

    page.get_by_role("button", name="Copy").click()

    page.get_by_role("button", name="Copied").wait_for()


def test_keyboard_reaches_the_page_through_the_skip_link(open_as, mia):
    page = open_as(mia, STAFF)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"


def test_sign_out_works_from_the_menu(open_as, mia):
    page = open_as(mia, STAFF)

    page.get_by_role("button", name="Menu of").click()
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("heading", name="Sign in").wait_for()


def test_phone_keeps_further_pages_behind_more(open_as, olga):
    page = open_as(olga, STAFF, width=390)
    last = page.locator("#rail-rest a").last
    assert last.is_hidden()

    page.get_by_role("button", name="More").click()

    assert last.is_visible()
