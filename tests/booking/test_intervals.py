"""Interval algebra against a set of minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.intervals import Interval, contains, merge, overlaps_any, subtract, widen

START = datetime(2026, 11, 23, tzinfo=UTC)
LAST = 240


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def minutes_of(intervals) -> set[int]:
    return {minute for minute in range(LAST + 1) for one in intervals if one.start <= at(minute) < one.end}


interval = st.tuples(st.integers(0, LAST), st.integers(0, LAST)).map(lambda pair: Interval(at(pair[0]), at(pair[1])))
intervals = st.lists(interval, max_size=8)


@given(intervals)
def test_merge_keeps_the_minutes_and_leaves_gaps_between(some):
    merged = merge(some)

    assert minutes_of(merged) == minutes_of(some)
    assert all(one.end < following.start for one, following in zip(merged, merged[1:], strict=False))
    assert all(one.start < one.end for one in merged)


@given(intervals, intervals)
def test_subtract_is_set_difference(some, holes):
    left = subtract(some, holes)

    assert minutes_of(left) == minutes_of(some) - minutes_of(holes)
    assert left == merge(left)


@given(intervals, interval)
def test_overlaps_any_and_contains_agree_with_the_minutes(some, asked):
    wanted = minutes_of([asked])
    if not wanted:
        return

    assert overlaps_any(asked.start, asked.end, merge(some)) == bool(wanted & minutes_of(some))
    assert contains(merge(some), asked.start, asked.end) == (wanted <= minutes_of(some))


@pytest.mark.parametrize(("minute", "is_covered"), [(0, True), (29, True), (30, True), (31, False)])
def test_contains_counts_the_end_as_inside(minute, is_covered):
    assert contains([Interval(at(0), at(60))], at(minute), at(minute + 30)) is is_covered


def test_widen_puts_time_before_and_after():
    assert widen(Interval(at(60), at(90)), before=timedelta(minutes=5), after=timedelta(minutes=15)) == Interval(
        at(55), at(105)
    )
