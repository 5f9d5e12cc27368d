"""Interval algebra: half-open stretches of time [start, end), and what happens when they meet."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple


class Interval(NamedTuple):
    """Time from `start` (in) to `end` (out), both aware."""

    start: datetime
    end: datetime


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the union of `intervals`: sorted, empty ones dropped, touching and overlapping ones joined."""
    merged: list[Interval] = []
    for one in sorted(interval for interval in intervals if interval.start < interval.end):
        if merged and one.start <= merged[-1].end:
            if one.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, one.end)
        else:
            merged.append(one)
    return merged


def subtract(intervals: Iterable[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """Return the time of `intervals` that lies in none of `holes`, in merged form."""
    left: list[Interval] = []
    cuts = merge(holes)
    for whole in merge(intervals):
        start = whole.start
        for cut in cuts:
            if cut.end <= start:
                continue
            if cut.start >= whole.end:
                break
            if cut.start > start:
                left.append(Interval(start, cut.start))
            start = cut.end
        if start < whole.end:
            left.append(Interval(start, whole.end))
    return left


def overlaps_any(start: datetime, end: datetime, merged: list[Interval]) -> bool:
    """Say whether [start, end) shares time with one of `merged`, which is in merged form."""
    position = bisect_right(merged, start, key=lambda interval: interval.end)
    return position < len(merged) and merged[position].start < end


def contains(merged: list[Interval], start: datetime, end: datetime) -> bool:
    """Say whether one of `merged`, which is in merged form, covers all of [start, end)."""
    position = bisect_right(merged, start, key=lambda interval: interval.start) - 1
    return position >= 0 and merged[position].end >= end


def widen(interval: Interval, *, before: timedelta, after: timedelta) -> Interval:
    """Return `interval` with `before` put in front and `after` behind."""
    return Interval(interval.start - before, interval.end + after)
