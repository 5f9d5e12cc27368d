"""Measures as data, courses from baseline to now, and their drawing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from anatomy.cards import KnowledgeError
from protocols.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart_of
from protocols.knowledge import KNOWLEDGE
from protocols.progress import MATTERS_POINTS, MATTERS_SHARE, Course, Score, change_of, courses_of
from tests.protocols.test_knowledge import SOURCES, knowledge_with  # noqa: F401
from tests.world import NOW

pytestmark = pytest.mark.one_database

MEASURES = KNOWLEDGE.measures
DRAWN = [key for key, card in MEASURES.items() if not card.is_change]


def course(key, *values):
    scores = tuple(Score(NOW + timedelta(days=day), Decimal(str(value))) for day, value in enumerate(values))
    return Course(MEASURES[key], scores)


# --- the data


def test_the_set_that_is_free_is_asked_here_and_the_others_are_a_score_only():
    asked = {key for key, card in MEASURES.items() if card.is_embedded}
    assert asked == {
        "pain_before",
        "pain_after",
        "pain_now",
        "nrs_back",
        "nrs_buttock",
        "nrs_leg",
        "psfs",
        "rmdq",
        "groc",
    }
    assert {card.way for card in MEASURES.values() if not card.is_embedded} == {"number"}
    assert not {"paindetect", "dn4"} & set(MEASURES)


@pytest.mark.parametrize("card", MEASURES.values(), ids=lambda card: card.key)
def test_a_measure_names_sources_that_exist_and_its_licence(card):
    assert set(card.sources) <= SOURCES
    assert card.licence.endswith(".")


def test_a_band_stands_only_where_a_source_gives_one_number():
    given_numbers = {
        key: (card.matters_points, card.matters_share) for key, card in MEASURES.items() if card.matters_points
    }

    nrs = ("pain_before", "pain_after", "pain_now", "nrs_back", "nrs_buttock", "nrs_leg")
    assert given_numbers == {
        **dict.fromkeys(nrs, (MATTERS_POINTS, MATTERS_SHARE)),
        "psfs": (2, 0),
        "rmdq": (5, 0.3),
        "odi": (10, 0.3),
        "lefs": (9, 0),
    }


def test_the_statements_are_24_in_their_order():
    statements = MEASURES["rmdq"].statements

    assert (len(statements), len(set(statements))) == (24, 24)
    assert statements[0] == "I stay at home most of the time because of my back."
    assert statements[12] == "My back is painful almost all the time."
    assert statements[23] == "I stay in bed most of the time because of my back."


BAD = [
    ('better = "lower"', 'better = "up"', "better"),
    ('way = "chart"', 'way = "guess"', "way"),
    ('when = "visit"', 'when = "often"', "when"),
    ("most = 10", "most = 0", "least must be under most"),
    ("matters_points = 2", "matters_points = 11", "outside the measure"),
    ("matters_points = 2\n", "", "needs its points"),
    ("decimals = 1", "decimals = 2", "one"),
    ('  "I sleep less well because of my back.",\n', "", "one for each point"),
    ('way = "statements"', 'way = "number"', "only where they are scored so"),
]


@pytest.mark.parametrize(("old", "new", "words"), BAD, ids=[words for *_, words in BAD])
def test_a_measure_that_cannot_be_is_refused_when_it_is_read(knowledge_with, old, new, words):  # noqa: F811
    with pytest.raises(KnowledgeError, match=words):
        knowledge_with("measures.toml", old, new)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('unit = "degrees"', 'unit = "inches"', "unit"),
        ('unit = "degrees"\n', "", "goes with the most"),
        ('result = "none"', 'result = "perhaps"', "result"),
        ('unit = "minutes"\nunit_max = 600\n', "", "nothing but the result"),
    ],
)
def test_a_test_that_cannot_be_entered_is_refused_when_it_is_read(knowledge_with, old, new, words):  # noqa: F811
    with pytest.raises(KnowledgeError, match=words):
        knowledge_with("tests.toml", old, new)


# --- baseline to now


@pytest.mark.parametrize(
    ("key", "values", "gain", "matters"),
    [
        ("nrs_leg", (7, 5), 2, True),
        ("nrs_leg", (7, 6), 1, False),
        ("nrs_leg", (3, 2), 1, True),  # 30 % of the first value
        ("nrs_leg", (5, 8), -3, False),
        ("psfs", (3, 5), 2, True),
        ("psfs", (3, 4.9), 1.9, False),
        ("psfs", (6, 3), -3, False),
        ("rmdq", (12, 8), 4, True),  # 30 % of the first value
        ("rmdq", (20, 15), 5, True),
        ("rmdq", (20, 16), 4, False),
        ("odi", (44.4, 34.4), 10, True),
        ("lefs", (40, 48), 8, False),
        ("lefs", (40, 49), 9, True),
        ("start_back", (7, 2), 5, None),  # no source gives a number
        ("promis_pi", (65, 55), 10, None),
        ("groc", (1, 4), 3, None),
    ],
)
def test_a_course_says_which_way_it_went_and_whether_that_matters(key, values, gain, matters):
    found = course(key, *values)

    assert (found.gain, found.matters) == (Decimal(str(gain)), matters)


def test_one_value_is_no_change():
    assert (course("nrs_leg", 7).matters, course("nrs_leg", 7).has_change) == (None, False)


@given(some.integers(0, 10), some.integers(0, 10))
def test_the_rule_of_any_measure_is_the_rule_of_the_plan_for_pain(first, latest):
    assert course("pain_before", first, latest).matters is change_of([first, latest]).matters


@given(some.sampled_from(DRAWN), some.data())
def test_the_band_lies_round_the_baseline_within_the_measure_and_a_change_inside_does_not_matter(key, data):
    card = MEASURES[key]
    values = data.draw(some.lists(some.integers(card.least, card.most), min_size=2, max_size=6))
    found = course(key, *values)

    if found.band is None:
        assert found.matters is None
        return
    low, high = found.band
    assert card.least <= low <= values[0] <= high <= card.most
    if low < found.latest.value < high:
        assert found.matters is False


def test_courses_of_stand_in_the_order_of_the_text_without_what_left_it():
    rows = [("pain_now", NOW, Decimal(3)), ("gone", NOW, Decimal(1)), ("nrs_leg", NOW, Decimal(5))]

    assert [each.card.key for each in courses_of(rows)] == ["nrs_leg", "pain_now"]


# --- the drawing


def test_a_chart_places_values_between_the_first_and_the_latest_day():
    chart = chart_of(course("nrs_back", 10, 5, 0))

    assert [point.x for point in chart.points] == [LEFT, (LEFT + WIDTH - RIGHT) / 2, WIDTH - RIGHT]
    assert [point.y for point in chart.points] == [TOP, TOP + (HEIGHT - TOP - BOTTOM) / 2, HEIGHT - BOTTOM]
    assert [value for value, _ in chart.grid] == ["0", "5", "10"]
    assert chart.line.count(",") == 3


def test_a_chart_needs_two_values():
    assert chart_of(course("nrs_back", 4)) is None


def test_a_chart_of_a_measure_without_a_number_or_of_a_change_has_no_band():
    assert chart_of(course("start_back", 7, 2)).band is None
    assert chart_of(course("groc", -2, 3)).band is None
    assert [value for value, _ in chart_of(course("groc", -2, 3)).grid] == ["−5", "0", "5"]


@given(some.sampled_from(sorted(MEASURES)), some.data())
def test_everything_drawn_lies_within_the_drawing(key, data):
    card = MEASURES[key]
    chart = chart_of(course(key, *data.draw(some.lists(some.integers(card.least, card.most), min_size=2, max_size=8))))

    ys = [point.y for point in chart.points] + [y for _, y in chart.grid]
    if chart.band:
        ys += [chart.band.y, chart.band.y + chart.band.height]
    assert all(TOP <= y <= HEIGHT - BOTTOM + 0.1 for y in ys)
    assert all(LEFT <= point.x <= WIDTH - RIGHT for point in chart.points)


def test_two_values_of_one_moment_are_drawn_too():
    scores = (Score(NOW, Decimal(4)), Score(NOW, Decimal(6)))

    assert [point.x for point in chart_of(Course(MEASURES["psfs"], scores)).points] == [LEFT, LEFT]
