"""Tests before and after the work: rows, what changed in words, and how they are charted."""

import re

import pytest
from django.urls import reverse

from protocols.knowledge import KNOWLEDGE
from sessions.charting import UnknownEntry, save_chart
from sessions.entries import TestEntry
from sessions.reading import test_entries as entries_of
from sessions.retests import change_in_words, is_row, row_name, rows_of
from sessions.words import test_in_words as in_words
from tests.sessions.test_views import typed

SLR, SITTING = KNOWLEDGE.tests["slr"], KNOWLEDGE.tests["sitting_tolerance"]


def change(card, before, after):
    def entry(moment, result, value):
        return TestEntry(card.key, card.sides[0], moment, result, value)

    return change_in_words(card, before and entry("before", *before), after and entry("after", *after))


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("card", "before", "after", "words"),
    [
        (SLR, ("positive", 45), ("positive", 55), "+10°"),
        (SLR, ("positive", 55), ("positive", 45), "−10°"),
        (SLR, ("positive", 45), ("negative", 70), "+25°, now negative"),
        (SLR, ("positive", 45), ("positive", 45), "no change"),
        (SLR, ("negative", None), ("positive", None), "now positive"),
        (SLR, ("negative", None), ("negative", None), "no change"),
        (SLR, ("negative", 45), ("negative", None), "no change"),
        (SLR, ("positive", 45), None, ""),
        (SLR, None, ("positive", 45), ""),
        (SITTING, ("", 20), ("", 35), "+15 min"),
        (SITTING, ("", 35), ("", 20), "−15 min"),
        (SITTING, ("", 0), ("", 0), "no change"),
    ],
)
def test_change_in_words(card, before, after, words):
    assert change(card, before, after) == words


@pytest.mark.one_database
def test_rows_are_one_per_test_and_side_and_one_for_the_whole_person():
    assert rows_of(["slr", "sitting_tolerance", "gone"], ["right"]) == ["slr:right", "sitting_tolerance:"]
    assert rows_of(["slr", "sitting_tolerance"], ["left", "right"]) == ["slr:left", "slr:right", "sitting_tolerance:"]
    assert (row_name("slr", "left"), row_name("gone_by", "")) == ("Straight leg raise, left", "gone by")


@pytest.mark.one_database
@pytest.mark.parametrize(
    "row", ["slr", "slr:", "slr:both", "sitting_tolerance:left", "heart:left", "", ":", "slr:left:x"]
)
def test_what_is_no_row(row):
    assert not is_row(row)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (TestEntry("slr", "left", "before", "positive", 45, "calf"), "Straight leg raise, left, before: positive at 45°, felt: calf"),
        (TestEntry("slr", "left", "after", "negative"), "Straight leg raise, left, after: negative"),
        (TestEntry("hip_internal_rotation", "right", "after", "", 0), "Hip internal rotation, right, after: 0°"),
        (TestEntry("sitting_tolerance", "", "before", "", 20), "Sitting tolerance, before: 20 min"),
        (TestEntry("gone_by", "left", "before", "", 3), "gone by, left, before: 3"),
    ],
)  # fmt: skip
def test_a_result_in_words(entry, words):
    assert in_words(entry) == words


def test_save_chart_refuses_a_test_the_practice_does_not_know(charted, mia):
    for entry in (TestEntry("heart", "left", "before", "positive"), TestEntry("slr", "", "before", "positive")):
        with pytest.raises(UnknownEntry, match="list of tests"):
            save_chart(charted, version=charted.version, by=mia, at=charted.started_at, test_results=[entry])


# --- on the chart


def chart(session):
    return reverse("sessions:session_chart", args=[session.pk])


def rows_shown(browser, session, query=""):
    page = browser.get(chart(session) + query).content.decode()
    return re.findall(r'name="test" value="([^"]*)"', page)


def test_the_chart_shows_the_tests_of_the_protocol_on_the_side_of_the_plan(draft, mia, signed_in):
    shown = rows_shown(signed_in(mia), draft)

    assert {"slr:right", "sitting_tolerance:"} <= set(shown)
    assert not [row for row in shown if row.endswith(":left")]


def test_any_known_test_is_added_by_a_button_and_stays_while_it_is_empty(draft, mia, signed_in):
    browser = signed_in(mia)
    data = typed(draft, act="test:fair:left", test=["freiberg:right", "slr:right"])

    answer = browser.post(chart(draft), data)

    assert answer.url == f"{chart(draft)}?test=freiberg%3Aright&test=fair%3Aleft#tests"
    page = browser.get(answer.url).content.decode()
    assert {"freiberg:right", "fair:left"} <= set(re.findall(r'name="test" value="([^"]*)"', page))
    assert 'value="test:fair:left"' not in page
    assert 'value="test:fair:right"' in page
    assert entries_of(draft) == []


def test_an_unknown_test_in_the_address_is_left_out(draft, mia, signed_in):
    browser = signed_in(mia)

    assert rows_shown(browser, draft, "?test=heart:left&test=slr&test=%F0%9F%99%82") == rows_shown(browser, draft)


def test_results_are_saved_and_come_back_with_their_change(draft, mia, signed_in):
    browser = signed_in(mia)
    data = typed(draft, test=["fair:left"]) | {
        "test-slr-right-before": "positive",
        "test-slr-right-before_value": "45",
        "test-slr-right-before_where": "calf",
        "test-slr-right-after": "negative",
        "test-slr-right-after_value": "70",
        "test-sitting_tolerance-before_value": "20",
        "test-sitting_tolerance-after_value": "35",
        "test-hip_internal_rotation-right-before_value": "0",
        "test-fair-left-before": "negative",
    }

    assert browser.post(chart(draft), data).status_code == 302

    assert set(entries_of(draft)) == {
        TestEntry("slr", "right", "before", "positive", 45, "calf"),
        TestEntry("slr", "right", "after", "negative", 70),
        TestEntry("sitting_tolerance", "", "before", "", 20),
        TestEntry("sitting_tolerance", "", "after", "", 35),
        TestEntry("hip_internal_rotation", "right", "before", "", 0),
        TestEntry("fair", "left", "before", "negative"),
    }
    page = browser.get(chart(draft)).content.decode()
    assert re.search(r'id="id_test-slr-right-before_positive" value="positive" checked', page)
    assert re.findall(r"data-change>([^<]+)<", page) == ["+25°, now negative", "+15 min"]


BAD = [
    ({"test-slr-right-before_value": "45"}, "Say whether it was positive or negative."),
    ({"test-slr-right-before": "positive", "test-slr-right-before_value": "91"}, "Enter 0 to 90 degrees."),
    ({"test-slr-right-before": "positive", "test-slr-right-before_value": "-1"}, "greater than or equal to 0"),
    ({"test-slr-right-before": "maybe"}, "Choose negative or positive."),
    ({"test-slr-right-after_where": "calf"}, "Say what the test gave, too."),
    ({"test-slr-right-before": "positive", "test-slr-right-before_where": "x" * 121}, "at most 120 characters"),
    ({"test-sitting_tolerance-before_value": "601"}, "Enter 0 to 600 minutes."),
    ({"test-sitting_tolerance-after_value": "9" * 400}, "Sitting tolerance: Measured after"),
    ({"test": ["heart:left"]}, "“heart:left” is not in the practice&#x27;s list of tests."),
    ({"test": ["<b>" * 99]}, "is not in the practice&#x27;s list of tests."),
]


@pytest.mark.parametrize(("bad", "words"), BAD, ids=[words for _, words in BAD])
def test_bad_results_are_refused_with_words_and_what_was_typed_stays(draft, mia, signed_in, bad, words):
    answer = signed_in(mia).post(chart(draft), typed(draft, subjective="Kept as typed.") | bad)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "Kept as typed." in page
    assert "<b><b>" not in page
    assert not draft.test_results.exists()


def test_pain_by_place_is_charted_beside_the_worst(draft, mia, signed_in):
    browser = signed_in(mia)

    browser.post(chart(draft), typed(draft, pain_before_nrs=6, pain_buttock_nrs=6, pain_leg_nrs=0))

    draft.refresh_from_db()
    assert (draft.pain_back_nrs, draft.pain_buttock_nrs, draft.pain_leg_nrs) == (None, 6, 0)
    page = browser.get(chart(draft)).content.decode()
    assert re.search(r'name="pain_leg_nrs" id="[^"]+" value="0" checked', page)
