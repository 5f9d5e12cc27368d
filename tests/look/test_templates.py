"""What every template of the product keeps to."""

import re
from pathlib import Path

import pytest
from django.template import engines

from practice.context import NAVIGATION
from practice.templatetags import ui
from tools import vendor

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
MAILS = [page for page in PAGES if "/mail/" in page]  # read by mail programs, which know no stylesheets
SPRITE = (vendor.VENDOR / vendor.SPRITE).read_text()


def markup(page: str) -> str:
    """Return a template without its comments."""
    text = (TEMPLATES / page).read_text()
    return re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_template_compiles(page):
    engines["django"].get_template(page)


@pytest.mark.parametrize("page", sorted(set(PAGES) - set(MAILS)))
def test_template_has_no_inline_style_script_or_handler(page):
    text = markup(page)

    assert re.findall(r"<[a-z][^>]*\sstyle\s*=", text) == []
    assert re.findall(r"<[a-z][^>]*\son[a-z]+\s*=", text, re.IGNORECASE) == []
    assert re.findall(r"<style\b|javascript:", text, re.IGNORECASE) == []
    assert [tag for tag in re.findall(r"<script\b[^>]*>", text) if "src=" not in tag and "json" not in tag] == []


@pytest.mark.parametrize("page", sorted(set(PAGES) - set(MAILS)))
def test_template_loads_nothing_from_elsewhere(page):
    assert re.findall(r'(?:src|<link[^>]*href)="(?:https?:)?//[^"]*"', markup(page)) == []


@pytest.mark.parametrize("page", PAGES)
def test_template_extends_first(page):
    text = (TEMPLATES / page).read_text()

    assert "{% extends" not in text or text.startswith("{% extends")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.startswith(("_components/", "allauth/elements/", "bootstrap5/"))]
)
def test_component_says_what_it_expects(page):
    first = (TEMPLATES / page).read_text().splitlines()[0]

    assert first.startswith(f"{{# {page} — expects: ")


@pytest.mark.parametrize("page", PAGES)
def test_icons_named_in_a_template_are_in_the_sprite(page):
    text = markup(page)
    named = re.findall(r'{% icon "([^"{]+)"', text) + re.findall(r'(?:icon_name|icon)="([^"{]+)"', text)
    named += re.findall(r'icon\.html" with name="([^"]+)"', text)

    assert [name for name in named if f'<symbol id="{name}"' not in SPRITE] == []


def test_icons_named_in_code_are_in_the_sprite():
    named = {icon for _, icon, _ in ui.STATES.values()} | {icon for _, icon in ui.MESSAGE_TONES.values()}
    named |= {entry[2] for entry in NAVIGATION}

    assert {name for name in named if f'<symbol id="{name}"' not in SPRITE} == set()


def test_tones_named_in_code_are_in_the_theme():
    theme = (ROOT / "static" / "css" / "theme.css").read_text()
    named = {tone for tone, *_ in ui.STATES.values()} | {tone for tone, _ in ui.MESSAGE_TONES.values()}

    assert {tone for tone in named if f".tone-{tone} {{" not in theme} == set()


def test_board_has_a_row_for_every_five_minutes_of_a_day():
    board = (ROOT / "static" / "css" / "board.css").read_text()

    assert [row for row in range(288) if f".s{row}{{grid-row-start:{row + 1}}}" not in board] == []
    assert [length for length in range(1, 289) if f".n{length}{{grid-row-end:span {length}}}" not in board] == []
