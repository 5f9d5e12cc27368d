"""How measures are scored, and when they are due: pure rules, tried over every value they can meet."""

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from protocols.knowledge import KNOWLEDGE
from protocols.progress import in_figures
from sessions.due import due_because
from sessions.scoring import (
    ActivityNotRated,
    ScoreOutOfRange,
    UnknownStatement,
    activities_score,
    checked,
    statements_score,
)
from tests.world import NOW

pytestmark = pytest.mark.one_database

RMDQ, PSFS = KNOWLEDGE.measures["rmdq"], KNOWLEDGE.measures["psfs"]
CARDS = KNOWLEDGE.measures.values()
RATINGS = some.dictionaries(some.integers(1, 99), some.integers(0, 10), min_size=3, max_size=5)
TICKS = some.lists(some.integers(1, 24), max_size=40)


# --- statements


@given(TICKS)
def test_statements_score_counts_each_tick_once_whatever_the_order(ticks):
    score = statements_score(RMDQ, ticks)

    assert score == len(set(ticks)) == statements_score(RMDQ, ticks[::-1] + ticks)
    assert 0 <= score <= 24


@given(TICKS, some.integers(1, 24))
def test_statements_score_rises_by_one_with_a_new_tick_and_an_unticked_one_counts_nothing(ticks, more):
    gained = statements_score(RMDQ, [*ticks, more]) - statements_score(RMDQ, ticks)

    assert gained == (more not in ticks)


def test_statements_score_runs_from_nothing_to_all():
    assert (statements_score(RMDQ, []), statements_score(RMDQ, range(1, 25))) == (0, 24)


@pytest.mark.parametrize("stranger", [0, -1, 25, 10**30])
def test_statements_score_refuses_a_statement_that_is_not_there(stranger):
    with pytest.raises(UnknownStatement, match="no statement"):
        statements_score(RMDQ, [1, stranger])


# --- activities


@given(RATINGS, some.randoms())
def test_activities_score_is_the_mean_of_all_within_the_range_in_any_order(ratings, chance):
    shuffled = list(ratings)
    chance.shuffle(shuffled)

    score = activities_score(PSFS, ratings, list(ratings))

    assert score == activities_score(PSFS, {key: ratings[key] for key in shuffled}, shuffled)
    assert min(ratings.values()) <= score <= max(ratings.values())
    assert abs(score - Decimal(sum(ratings.values())) / len(ratings)) <= Decimal("0.05")


def test_activities_score_is_written_to_one_decimal_halves_upwards():
    assert activities_score(PSFS, {1: 3, 2: 4, 3: 5, 4: 5}, [1, 2, 3, 4]) == Decimal("4.3")  # 4.25
    assert activities_score(PSFS, {1: 6, 2: 6, 3: 7}, [1, 2, 3]) == Decimal("6.3")  # 6.333…


@given(RATINGS, some.data())
def test_activities_score_refuses_a_mean_without_all_of_them(ratings, data):
    left_out = data.draw(some.sampled_from(sorted(ratings)))
    rest = {key: rating for key, rating in ratings.items() if key != left_out}

    with pytest.raises(ActivityNotRated):
        activities_score(PSFS, rest, list(ratings))
    with pytest.raises(ActivityNotRated):
        activities_score(PSFS, ratings, list(rest))


def test_activities_score_needs_activities_and_ratings_in_range():
    with pytest.raises(ActivityNotRated):
        activities_score(PSFS, {}, [])
    for rating in (-1, 11):
        with pytest.raises(ScoreOutOfRange):
            activities_score(PSFS, {1: 5, 2: 5, 3: rating}, [1, 2, 3])


# --- numbers


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_checked_takes_the_ends_of_a_measure_and_nothing_beyond(card):
    assert (checked(card, card.least), checked(card, card.most)) == (card.least, card.most)
    for beyond in (card.least - 1, card.most + 1, Decimal("NaN"), Decimal("Infinity"), 10**40):
        with pytest.raises(ScoreOutOfRange, match=f"{card.short} runs from"):
            checked(card, beyond)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_checked_is_no_finer_than_the_measure(card):
    middle = Decimal((card.least + card.most) // 2)
    finer = middle + (Decimal("0.05") if card.decimals else Decimal("0.5"))

    with pytest.raises(ScoreOutOfRange, match="only"):
        checked(card, finer)


@given(some.decimals(allow_nan=True, allow_infinity=True))
def test_checked_gives_back_what_it_takes_or_refuses(value):
    for card in CARDS:
        with suppress(ScoreOutOfRange):
            assert card.least <= checked(card, value) <= card.most


def test_in_figures_is_what_people_write():
    assert [in_figures(Decimal(text)) for text in ("6.0", "6.3", "-2", "10", "0.0", "100")] == [
        "6",
        "6.3",
        "−2",
        "10",
        "0",
        "100",
    ]


# --- when


def weekly(count: int) -> list[datetime]:
    return [NOW + timedelta(weeks=week) for week in range(count)]


def due(key, *, measured=(), visits=1, planned=8, days_later=0):
    moments = weekly(visits)
    now = (moments[-1] if moments else NOW) + timedelta(days=days_later, minutes=5)
    at = [moments[place] + timedelta(minutes=10) for place in measured]
    return due_because(KNOWLEDGE.measures[key], measured=at, visits=moments, planned_visits=planned, now=now)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"visits": 0}, "Start of the course"),
        ({}, "Start of the course"),
        ({"visits": 2}, "Baseline is missing"),
        ({"measured": [0], "visits": 1}, ""),
        ({"measured": [0], "visits": 2}, ""),
        ({"measured": [0], "visits": 3}, "First re-test, visit 3 or 4"),
        ({"measured": [0], "visits": 4}, "First re-test, visit 3 or 4"),
        ({"measured": [0, 2], "visits": 5}, ""),
        ({"measured": [0, 2], "visits": 7, "planned": 20}, "Four weeks since the last time"),
        ({"measured": [0, 2], "visits": 3, "days_later": 60}, ""),  # nobody came since: nothing to ask on
        ({"measured": [0, 2], "visits": 4, "planned": 4}, "Last planned visit"),
        ({"measured": [0, 3], "visits": 4, "planned": 4}, ""),
        ({"measured": [0, 2], "visits": 5, "planned": None}, ""),
    ],
)
def test_milestones_are_due_at_the_start_at_visit_3_or_4_or_four_weeks_and_at_the_end(asked, words):
    assert due("psfs", **asked) == due("rmdq", **asked) == words


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"visits": 0}, ""),
        ({"visits": 1}, ""),
        ({"visits": 3}, "First re-test, visit 3 or 4"),
        ({"visits": 2, "days_later": 30}, "Four weeks since the start"),
        ({"visits": 2, "planned": 2}, "Last planned visit"),
        ({"measured": [2], "visits": 4}, ""),
        ({"measured": [2], "visits": 8, "planned": 8}, "Last planned visit"),
    ],
)
def test_a_rating_of_change_is_not_due_before_there_is_something_to_compare(asked, words):
    assert due("groc", **asked) == words


def test_what_stands_on_the_chart_or_comes_from_elsewhere_is_never_due():
    for key, card in KNOWLEDGE.measures.items():
        if card.when in ("", "visit"):
            assert due(key, visits=8) == ""
