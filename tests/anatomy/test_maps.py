"""The maps as rendered: well-formed pictures with accessible names, words beside every colour, and a size budget."""

import gzip
import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from django.template import Context, Template

from anatomy.body import MUSCLES, SIDES, Side, spot_choices
from anatomy.drawing import MuscleMark

CSS = Path(__file__).resolve().parents[2] / "static" / "css" / "bodymap.css"
SVG = "{http://www.w3.org/2000/svg}"
ALL_PLACES = [value for value, _ in spot_choices()]
ALL_MARKS = [MuscleMark(key, side, 4, is_familiar=True) for key in MUSCLES for side in SIDES]


def render(source, **context):
    return Template("{% load anatomy %}" + source).render(Context(context))


def pictures(html):
    """Return the SVGs of a page, each parsed as XML; the parser refuses what is not well-formed."""
    found = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    return [ElementTree.fromstring(svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)) for svg in found]  # noqa: S314


def ids(html):
    return re.findall(r'\bid="([^"]+)"', html)


def marked(picture):
    return {each.get("data-spot") for each in picture.iter(f"{SVG}use") if "is-on" in each.get("class", "")}


def test_body_map_marks_the_chosen_places_in_picture_and_words():
    html = render("{% body_map regions %}", regions=["left:buttock", "right:groin"])
    front, back = pictures(html)

    assert (marked(front), marked(back)) == ({"right:groin"}, {"left:buttock"})
    assert front.get("aria-label") == "Front of the body: right groin marked"
    assert "Left buttock, Right groin." in html
    assert "Reaches down to: buttock or groin." in html


def test_body_map_marks_a_region_seen_from_both_sides_twice():
    html = render("{% body_map regions %}", regions=["right:knee"])

    assert [marked(picture) for picture in pictures(html)] == [{"right:knee"}, {"right:knee"}]


def test_body_map_takes_a_stored_drawing():
    html = render("{% body_map regions %}", regions=[{"region": "calf", "side": "left"}])

    assert "Left calf." in html
    assert "Reaches down to: lower leg." in html


@pytest.mark.parametrize("regions", [[], None, ["left:elbow"]])
def test_body_map_says_when_nothing_is_marked(regions):
    html = render("{% body_map regions %}", regions=regions)

    assert "Nothing is marked." in html
    assert [marked(picture) for picture in pictures(html)] == [set(), set()]


def test_body_map_marks_with_a_cross_as_well_as_a_tone():
    html = render("{% body_map regions %}", regions=["left:buttock"])
    crosses = [each for picture in pictures(html) for each in picture.iter(f"{SVG}path") if each.get("data-mark")]

    assert [each.get("data-mark") for each in crosses if "is-on" in each.get("class")] == ["left:buttock"]


def test_every_place_and_muscle_has_a_name():
    html = render("{% body_map regions %}{% muscle_map marks %}", regions=ALL_PLACES, marks=ALL_MARKS)

    for picture in pictures(html):
        assert picture.get("role") == "img"
        assert picture.get("aria-label")
        for shape in picture.iter(f"{SVG}use"):
            if shape.get("data-spot"):
                assert shape.findtext(f"{SVG}title").lower().startswith(shape.get("data-spot").split(":")[0])


def test_every_shape_a_picture_uses_is_drawn_in_it():
    html = render("{% body_map none %}{% region_picker none %}{% muscle_map none %}", none=[])

    for picture in pictures(html):
        drawn = {each.get("id") for each in picture.iter() if each.get("id")}
        assert {each.get("href").removeprefix("#") for each in picture.iter(f"{SVG}use")} <= drawn


def test_maps_on_one_page_share_no_id():
    html = render(
        '{% body_map none name="before" %}{% body_map none name="after" %}{% region_picker none %}{% muscle_map none %}',
        none=[],
    )

    assert len(ids(html)) == len(set(ids(html)))


def test_muscle_map_shows_tenderness_as_number_shade_and_words():
    html = render("{% muscle_map marks %}", marks=[MuscleMark("piriformis", Side.RIGHT, 3, is_familiar=True)])
    back, deep, *others = pictures(html)
    (shape,) = [each for each in deep.iter(f"{SVG}use") if each.get("data-spot") == "right:piriformis"]
    (badge,) = [each for each in deep.iter(f"{SVG}g") if "bm-badge" in each.get("class", "")]

    assert "bm-shade-3" in shape.get("class")
    assert badge.findtext(f"{SVG}text") == "3"
    assert "is-familiar" in badge.get("class")
    assert "<li>Right piriformis: tenderness 3 of 4, familiar pain</li>" in html
    assert marked(back) == set()
    assert [marked(each) for each in others] == [set(), {"right:piriformis"}, set()]


def test_muscle_map_takes_rows_of_findings():
    row = SimpleNamespace(muscle="psoas", side="left", tenderness=None, is_familiar_pain=None)
    html = render("{% muscle_map rows %}", rows=[row])

    assert "<li>Left psoas major and minor: recorded</li>" in html
    assert [marked(each) for each in pictures(html)] == [set(), set(), set(), set(), {"left:psoas"}]


def test_muscle_map_says_when_nothing_is_charted():
    assert "No muscle is charted." in render("{% muscle_map marks %}", marks=[])


def test_muscle_aspects_draw_every_side_of_the_body_with_room_for_every_badge():
    html = render("{% muscle_aspects marks %}", marks=[MuscleMark("piriformis", Side.RIGHT, 3, is_familiar=True)])
    badges = [
        each for picture in pictures(html) for each in picture.iter(f"{SVG}g") if "bm-badge" in each.get("class", "")
    ]
    shown = [each for each in badges if "is-absent" not in each.get("class")]

    assert re.findall(r'type="radio"[^>]*value="(\w+)"', html) == ["back", "side", "front"]
    assert {each.get("data-badge") for each in badges} == {f"{side}:{key}" for side in SIDES for key in MUSCLES}
    assert {each.get("data-badge") for each in shown} == {"right:piriformis"}
    assert {each.findtext(f"{SVG}text") for each in shown} == {"3"}
    assert {"is-familiar" in each.get("class") for each in shown} == {True}


def test_muscle_aspects_open_where_something_is_charted_and_belong_to_no_form():
    html = render("{% muscle_aspects marks %}", marks=[MuscleMark("psoas", Side.LEFT, 1)])

    assert re.findall(r'value="(\w+)" form="shown-only" checked', html) == ["front"]
    assert 'data-aspect="front"> · 1<' in html


def test_body_map_holds_a_hatched_copy_of_every_place_only_when_a_referral_may_come():
    plain, laid_over = (
        render("{% body_map none %}", none=[]),
        render("{% body_map none takes_referral=True %}", none=[]),
    )
    waiting = set(re.findall(r'class="bm-referral" data-refers="([^"]+)"', laid_over))

    assert waiting == set(ALL_PLACES)
    assert "bm-referral" not in plain


def test_region_picker_is_a_list_of_named_checkboxes():
    html = render("{% region_picker regions %}", regions=["right:calf"])
    boxes = re.findall(r'<input[^>]*name="regions" value="([^"]+)"[^>]*?( checked)?>', html)

    assert [value for value, _ in boxes] == ALL_PLACES
    assert [value for value, checked in boxes if checked] == ["right:calf"]
    assert 'for="regions-right-calf">Right<span class="visually-hidden"> calf</span>' in html


def test_region_picker_survives_values_that_are_not_on_the_map():
    html = render("{% region_picker regions %}", regions=["left:elbow", "<script>"])

    assert " checked" not in html
    assert "<script>" not in html


def test_region_picker_hides_its_picture_from_readers():
    assert {picture.get("aria-hidden") for picture in pictures(render("{% region_picker none %}", none=[]))} == {"true"}


def test_region_picker_escapes_its_words():
    html = render("{% region_picker none legend=words hint=words %}", none=[], words="<b>&")

    assert "<b>" not in html
    assert html.count("&lt;b&gt;&amp;") == 2


@pytest.mark.parametrize("value", ALL_PLACES)
def test_stylesheet_lets_the_picture_follow_the_checkbox(value):
    rule = f'.region-picker:has([value="{value}"]:checked) :is([data-spot="{value}"], [data-mark="{value}"])'

    assert rule in CSS.read_text()


def test_stylesheet_names_no_colour_of_its_own():
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", CSS.read_text()) == []


def test_stylesheet_knows_every_class_of_the_maps():
    html = render(
        "{% body_map places %}{% region_picker places %}{% muscle_map marks %}", places=ALL_PLACES, marks=ALL_MARKS
    )
    used = {name for names in re.findall(r'class="([^"]+)"', html) for name in names.split() if name.startswith("bm-")}
    unstyled = {"bm-back", "bm-front"}  # only the closer view has lettering of its own

    assert {name for name in used - unstyled if f".{name}" not in CSS.read_text()} == set()


def test_maps_carry_no_inline_style_or_handler():
    html = render(
        "{% body_map places %}{% region_picker places %}{% muscle_map marks %}", places=ALL_PLACES, marks=ALL_MARKS
    )

    assert re.findall(r"\s(?:style|on[a-z]+)=", html) == []


def test_maps_stay_small():
    pain = render("{% body_map places %}", places=ALL_PLACES)
    muscles = render("{% muscle_map marks %}", marks=ALL_MARKS)

    assert len(pain.encode()) < 25_000
    assert max(len(svg.encode()) for svg in re.findall(r"<svg.*?</svg>", muscles, flags=re.DOTALL)) < 25_000
    assert len(gzip.compress((pain + muscles).encode())) < 25_000
