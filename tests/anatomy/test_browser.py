"""The region picker in a real browser: list and picture speak together, with and without scripts, on a phone."""

from pathlib import Path

import pytest

from tests.anatomy.test_maps import ALL_PLACES, render
from tests.look.conftest import chrome  # noqa: F401

STATIC = Path(__file__).resolve().parents[2] / "static"
SHEETS = ("vendor/bootstrap/bootstrap.min.css", "css/tokens.css", "css/theme.css", "css/bodymap.css")

pytestmark = pytest.mark.browser


@pytest.fixture
def open_picker(chrome):  # noqa: F811
    """Open a form with the picker, as wide as a phone: `open_picker(javascript=False)`."""
    contexts = []

    def open_page(*, javascript=True, width=390):
        context = chrome.new_context(viewport={"width": width, "height": 844}, java_script_enabled=javascript)
        contexts.append(context)
        page = context.new_page()
        styles = "".join(f"<style>{(STATIC / sheet).read_text()}</style>" for sheet in SHEETS)
        script = f"<script>{(STATIC / 'js' / 'bodymap.js').read_text()}</script>" if javascript else ""
        page.set_content(
            f'<!DOCTYPE html><html lang="en"><body class="public"><main class="public-main"><form>'
            f"{render('{% region_picker none %}', none=[])}</form></main>{styles}{script}</body></html>"
        )
        return page

    yield open_page
    for context in contexts:
        context.close()


SHOWN = """() => [...new Set([...document.querySelectorAll("[data-mark]")]
  .filter((cross) => getComputedStyle(cross).opacity === "1").map((cross) => cross.dataset.mark))]"""


def test_picture_follows_the_list_without_scripts(open_picker):
    page = open_picker(javascript=False)
    assert page.evaluate(SHOWN) == []

    for value in ALL_PLACES:
        label = page.locator(f'input[value="{value}"] + label')
        label.click()
        assert page.evaluate(SHOWN) == [value]
        label.click()

    assert page.evaluate(SHOWN) == []


def test_tap_on_the_picture_ticks_the_list_and_says_so_to_the_form(open_picker):
    page = open_picker()
    page.evaluate("window.heard = []; document.forms[0].addEventListener('change', (e) => heard.push(e.target.value))")

    tap(page, "right:thigh_back")
    tap(page, "left:calf")
    tap(page, "right:thigh_back")

    assert page.evaluate("new FormData(document.forms[0]).getAll('regions')") == ["left:calf"]
    assert page.evaluate("heard") == ["right:thigh_back", "left:calf", "right:thigh_back"]


def tap(page, value):
    """Tap the place itself where it shows: at its cross."""
    box = page.locator(f'[data-mark="{value}"]').first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_picker_can_be_used_by_keyboard_alone(open_picker):
    page = open_picker()

    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")

    assert page.evaluate("new FormData(document.forms[0]).getAll('regions')") == ["right:back"]


SMALLEST = """() => Math.min(...[...document.querySelectorAll(".form-check-label")]
  .map((label) => label.getBoundingClientRect()).flatMap((box) => [box.width, box.height]))"""


def test_picker_fits_and_can_be_hit_with_a_thumb(open_picker):
    page = open_picker()

    for width in (320, 390, 820, 1366):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(SMALLEST) >= 44
