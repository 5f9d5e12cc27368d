"""Words must be legible in both colour modes, on every ground they are set on."""

import re

import pytest

from tests.look.colours import CHOSEN_DARK, CSS, WISHED_DARK, block, contrast, modes

pytestmark = pytest.mark.one_database

TONES = ("go", "stop", "warn", "info", "quiet", "hand")
GROUNDS = ("paper", "surface", "sunk")
WORDS = (
    "ink",
    "ink-soft",
    "link",
    "brand",
    "brand-ink",
    *(f"{tone}-solid" for tone in TONES),
    *(f"{tone}-ink" for tone in TONES),
)
TEXT_PAIRS = [
    *((word, ground) for ground in GROUNDS for word in WORDS),
    *((f"{tone}-ink", f"{tone}-soft") for tone in TONES),
    *((f"{tone}-on", f"{tone}-solid") for tone in TONES),
    *(("ink", f"{tone}-soft") for tone in TONES),
    ("brand-on", "brand"),
    ("brand-on", "brand-strong"),
    ("brand-ink", "brand-soft"),
    ("warn-on", "warn-ink"),
    ("alarm-on", "alarm"),
    ("alarm-on", "alarm-strong"),
    ("rail-ink", "rail"),
    ("rail-ink", "rail-line"),
    ("rail-now-ink", "rail-now"),
]
SHAPE_PAIRS = [(edge, ground) for ground in GROUNDS for edge in ("line-strong", "focus", "brand")]


def test_contrast_measures_black_on_white_and_grey_on_grey():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("word", "ground"), TEXT_PAIRS)
def test_words_reach_four_and_a_half_to_one(mode, word, ground):
    tokens = modes()[mode]

    assert contrast(tokens[word], tokens[ground]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), SHAPE_PAIRS)
def test_edges_of_controls_reach_three_to_one(mode, edge, ground):
    tokens = modes()[mode]

    assert contrast(tokens[edge], tokens[ground]) >= 3


def test_dark_is_the_same_whether_wished_by_the_machine_or_chosen():
    assert block(WISHED_DARK) == block(CHOSEN_DARK)


def test_dark_speaks_of_every_colour_that_light_has():
    light, dark = modes()["light"], block(CHOSEN_DARK)
    colours = {name for name, value in light.items() if re.fullmatch(r"#[0-9a-f]{6}", value)}

    assert colours - set(dark) == {"qr-paper", "mail-light", "mail-dark"}  # a phone reads a QR code on white only


@pytest.mark.parametrize(
    "sheet", sorted(path.name for path in CSS.glob("*.css") if path.name not in {"tokens.css", "print.css"})
)
def test_colours_live_in_the_tokens_only(sheet):
    text = re.sub(r"/\*.*?\*/", "", (CSS / sheet).read_text(), flags=re.DOTALL)

    assert re.findall(r"#[0-9a-fA-F]{3,8}(?![\w-])|\brgba?\(|\bhsla?\(", text) == []


@pytest.mark.parametrize("sheet", sorted(path.name for path in CSS.glob("*.css")))
def test_every_token_used_exists(sheet):
    known = {name for path in CSS.glob("*.css") for name in re.findall(r"--([\w-]+):", path.read_text())}
    used = re.findall(r"var\(--([\w-]+)", (CSS / sheet).read_text())

    assert {name for name in used if not name.startswith("bs-")} - known == set()
