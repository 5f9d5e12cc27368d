"""Pain drawings of one client over time: how far down they reach, and the words for the way that went."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from anatomy.body import stored_drawing
from clients.drawings import course_of, store_drawing
from tests.world import NOW

DAY = timedelta(days=1)


def draw(client, *places, days=0, by=None):
    return store_drawing(client=client, regions=stored_drawing(places), at=NOW + days * DAY, by=by)


def test_store_drawing_keeps_places_and_lowest_level(ada, mia):
    drawing = draw(ada, "left:buttock", "left:calf", by=mia)

    assert drawing.lowest_level == "calf"
    assert drawing.reaches == "lower leg"
    assert drawing.places == ["Left buttock", "Left calf"]
    assert drawing.by == mia


def test_store_drawing_of_nothing_reaches_nowhere(ada):
    drawing = draw(ada)

    assert (drawing.lowest_level, drawing.reaches, drawing.by) == ("", "nothing marked", None)


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ([], ""),
        (["calf"], ""),
        (["foot", "calf"], "Reaches less far down than before: more like centralising than spreading."),
        (["calf", "calf"], "Reaches as far down as before."),
        (["buttock", "foot"], "Reaches further down than before: more like spreading than centralising."),
        (["foot", "buttock", "calf"], "Reaches further down than before: more like spreading than centralising."),
    ],
)
def test_course_words_speak_of_the_last_two_drawings_as_a_likeness(ada, levels, words):
    for day, level in enumerate(levels):
        draw(ada, f"left:{level}", days=day)

    course = course_of(ada)

    assert course.words.startswith(words) if words else course.words == ""
    assert course.is_spreading == ("further down" in words)
    assert [drawing.lowest_level for drawing in course.marked] == levels


def test_ladder_tells_of_every_drawing_how_far_down_it_reaches(ada):
    draw(ada, "left:foot")
    draw(ada, days=1)
    draw(ada, "left:thigh_back", "left:buttock", days=2)

    assert course_of(ada).ladder == [
        ("low back", ["above", "above"]),
        ("buttock or groin", ["above", "above"]),
        ("thigh", ["above", "lowest"]),
        ("knee", ["above", ""]),
        ("lower leg", ["above", ""]),
        ("foot", ["lowest", ""]),
    ]


def test_course_sends_to_the_full_re_screen_when_it_spreads(ada):
    draw(ada, "left:thigh_back")
    draw(ada, "left:foot", days=1)

    assert "go through the full re-screen before you treat" in course_of(ada).words


def test_course_does_not_take_an_empty_drawing_for_pain_that_is_gone(ada):
    draw(ada, "left:calf")
    draw(ada, days=1)

    course = course_of(ada)

    assert course.latest.lowest_level == ""
    assert course.words == ""
    assert course.regions == []


@pytest.mark.parametrize("word", ["you have", "diagnos", "sciatica", "confirm"])
def test_course_never_speaks_as_a_diagnosis(ada, word):
    for day, level in enumerate(["foot", "calf", "foot"]):
        draw(ada, f"right:{level}", days=day)

        assert word not in course_of(ada).words.lower()


def test_course_of_reads_one_query_however_many(ada, django_assert_num_queries):
    for day in range(12):
        draw(ada, "left:calf", days=day)

    with django_assert_num_queries(1):
        course = course_of(ada)
        assert [drawing.by for drawing in course.drawings] == [None] * 6
        assert course.words


def test_a_drawing_cannot_be_changed_even_by_the_database(ada):
    drawing = draw(ada, "left:calf")

    with pytest.raises(IntegrityError), transaction.atomic():
        type(drawing).objects.filter(pk=drawing.pk).update(lowest_level="back")
