"""The body as data: muscles in groups, regions with levels, and how far down the leg a drawing reaches."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy import body
from anatomy.body import GROUPS, LEVELS, MUSCLES, REGIONS, SIDES, lowest_level, parse_spot, spot, spot_choices
from anatomy.cards import KnowledgeError

SOURCES = Path(__file__).resolve().parents[2] / "docs" / "clinical-sources.md"
SCREENED_MUSCLES = {  # the vocabulary of the screening item trp_familiar_pain
    "piriformis",
    "gluteus_maximus",
    "gluteus_medius",
    "gluteus_minimus",
    "obturator_internus_gemelli",
    "quadratus_femoris",
    "psoas",
    "iliacus",
    "quadratus_lumborum",
    "hamstrings",
    "tfl_itb",
    "erector_spinae",
    "adductors",
}


def test_muscles_are_those_of_the_screening():
    assert set(MUSCLES) == SCREENED_MUSCLES


def test_groups_put_piriformis_gluteals_and_psoas_foremost():
    assert [group.key for group in GROUPS][:3] == ["piriformis", "gluteals", "psoas"]
    assert [each.key for each in GROUPS[1].muscles] == ["gluteus_maximus", "gluteus_medius", "gluteus_minimus"]


def test_groups_hold_every_muscle_once():
    assert sorted(each.key for group in GROUPS for each in group.muscles) == sorted(MUSCLES)


@pytest.mark.parametrize("muscle", MUSCLES.values(), ids=lambda muscle: muscle.key)
def test_muscle_names_sources_that_exist(muscle):
    headings = [line.removeprefix("### ") for line in SOURCES.read_text().splitlines() if line.startswith("### ")]

    assert set(muscle.sources) <= set(headings)


@pytest.mark.parametrize("key", ["psoas", "iliacus", "adductors", "piriformis", "gluteus_maximus"])
def test_muscle_in_a_sensitive_region_names_its_consent(key):
    assert MUSCLES[key].consent


def test_psoas_warns_of_everything_that_forbids_it():
    caution = MUSCLES["psoas"].caution.lower()

    for word in ("aneurysm", "pulsation", "pregnancy", "iud", "surgery", "blood thinners", "belly pain", "consent"):
        assert word in caution


def test_regions_cover_every_level():
    assert {region.level for region in REGIONS.values()} == set(LEVELS)


def test_spot_choices_name_both_sides_of_every_region():
    values = [value for value, _ in spot_choices()]

    assert values == [f"{side}:{key}" for key in REGIONS for side in ("left", "right")]
    assert dict(spot_choices())["left:thigh_back"] == "Left back of thigh"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "buttock",
        "left",
        "left:",
        ":buttock",
        "up:buttock",
        "left:elbow",
        "left:buttock:x",
        "LEFT:buttock",
        "left:\x00",
    ],
)
def test_parse_spot_refuses_what_is_not_on_the_map(value):
    with pytest.raises(ValueError, match="not on the body map"):
        parse_spot(value)


@pytest.mark.parametrize(
    ("regions", "level"),
    [
        ([], None),
        (["back"], "back"),
        (["left:buttock", "right:back"], "buttock"),
        (["groin"], "buttock"),
        (["thigh_side", "buttock"], "thigh"),
        (["left:knee", "left:thigh_back"], "knee"),
        (["shin"], "calf"),
        (["calf", "knee"], "calf"),
        (["right:foot", "left:back"], "foot"),
    ],
)
def test_lowest_level_is_the_furthest_from_the_spine(regions, level):
    assert lowest_level(regions) == level


@given(st.lists(st.sampled_from([value for value, _ in spot_choices()])), st.sampled_from(sorted(REGIONS)))
def test_lowest_level_never_rises_when_a_place_is_added(drawing, added):
    before = lowest_level(drawing)
    after = lowest_level([*drawing, spot("left", added)])

    assert LEVELS.index(after) >= (LEVELS.index(before) if before else 0)


def test_lowest_level_refuses_an_unknown_place():
    with pytest.raises(ValueError, match="not on the body map"):
        lowest_level(["left:elbow"])


@given(st.sets(st.sampled_from([value for value, _ in spot_choices()])))
def test_stored_drawing_comes_back_as_the_same_places(values):
    assert set(body.spots_of(body.stored_drawing(values))) == values


def test_stored_drawing_keeps_each_place_once_in_the_order_of_the_map():
    stored = body.stored_drawing(["left:calf", "right:back", "left:calf"])

    assert stored == [{"region": "back", "side": "right"}, {"region": "calf", "side": "left"}]


def test_every_level_has_words():
    assert tuple(body.LEVEL_NAMES) == LEVELS


def test_sides_are_left_then_right():
    assert [side.label for side in SIDES] == ["Left", "Right"]


def write(folder, text):
    path = folder / "regions.toml"
    path.write_text(text)
    return path


REGION = '[[region]]\nkey = "hip"\nname = "Hip"\nlevel = "buttock"\nviews = ["front"]\nwords = "x"\n'


def test_load_regions_reads_a_good_file(tmp_path):
    assert body.load_regions(write(tmp_path, REGION))["hip"].views == ("front",)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (REGION.replace("buttock", "elbow"), "regions.toml: hip.level: unknown key 'elbow'"),
        (REGION.replace("front", "top"), "unknown key 'top'"),
        (REGION + REGION, "key 'hip' is used twice"),
        (REGION.replace('words = "x"', ""), "'words' is missing"),
        (REGION.replace('"x"', '""'), "words: is empty"),
        (REGION.replace('"x"', "3"), "words: expected str, got 3"),
        (REGION + 'colour = "red"', "unknown field 'colour'"),
        (REGION.replace('["front"]', '"front"'), "views: expected a list"),
        ("[[region", "regions.toml:"),
    ],
)
def test_load_regions_says_what_is_wrong(tmp_path, text, complaint):
    with pytest.raises(KnowledgeError, match=complaint.replace("[", r"\[")):
        body.load_regions(write(tmp_path, text))


def test_load_groups_refuses_a_group_without_muscles(tmp_path):
    path = tmp_path / "muscles.toml"
    path.write_text(
        (Path(body.__file__).parent / "muscles.toml").read_text() + '\n[[group]]\nkey = "arm"\nname = "Arm"\n'
    )

    with pytest.raises(KnowledgeError, match="group 'arm' has no muscles"):
        body.load_groups(path)


def test_load_groups_refuses_a_referral_area_nobody_drew(tmp_path):
    path = tmp_path / "muscles.toml"
    text = (Path(body.__file__).parent / "muscles.toml").read_text()
    path.write_text(text.replace('refers_regions = ["thigh_side"]', 'refers_regions = ["elbow"]'))

    with pytest.raises(KnowledgeError, match="tfl_itb.refers_regions: unknown key 'elbow'"):
        body.load_groups(path)
