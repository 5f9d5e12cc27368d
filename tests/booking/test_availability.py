"""Availability against a minute-by-minute oracle that shares no code with it, and the weeks in which clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.availability import Book, Hours, Need, Start, day_span, grid, starts
from booking.intervals import Interval, merge

LONDON = ZoneInfo("Europe/London")
MONDAY = date(2026, 11, 23)
MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: date = MONDAY, zone: ZoneInfo = LONDON) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)


def span(hour: int, until: int) -> Interval:
    return Interval(at(hour), at(until))


def free(
    need: Need, book: Book, *, day: date = MONDAY, days: int = 1, therapists=(1,), earliest=LONG_AGO
) -> list[Start]:
    return list(starts(day, days, need, book, therapists=therapists, earliest=earliest))


def clock_times(found: list[Start], zone: ZoneInfo = LONDON) -> list[str]:
    return [f"{start.at.astimezone(zone):%H:%M}" for start in found]


def book(**known) -> Book:
    return Book(**{"zone": LONDON, "step_minutes": 15, "hours": {1: [Hours(0, time(9), time(12))]}, **known})


HOUR = Need(timedelta(hours=1))


def test_starts_fill_the_working_hours_and_never_overrun_them():
    assert clock_times(free(HOUR, book())) == [
        "09:00", "09:15", "09:30", "09:45", "10:00", "10:15", "10:30", "10:45", "11:00",
    ]  # fmt: skip


def test_buffers_block_only_and_never_push_a_start_off_the_grid():
    need = Need(timedelta(hours=1), before=timedelta(minutes=5), after=timedelta(minutes=10))
    taken = {1: [Interval(at(9), at(10, 10))]}  # a visit of 60 minutes and 10 to turn the room over

    assert clock_times(free(need, book(taken=taken))) == ["10:15", "10:30", "10:45", "11:00"]


def test_the_last_visit_may_turn_over_after_hours():
    need = Need(timedelta(hours=1), after=timedelta(minutes=30))

    assert clock_times(free(need, book()))[-1] == "11:00"


def test_closures_cut_and_touching_them_is_allowed():
    closed = {1: [span(10, 11)]}

    assert clock_times(free(HOUR, book(closed=closed))) == ["09:00", "11:00"]


def test_hours_hold_from_their_first_to_their_last_day():
    hours = {1: [Hours(0, time(9), time(10), valid_from=date(2026, 11, 30), valid_to=date(2026, 12, 7))]}

    found = free(HOUR, book(hours=hours), days=28)

    assert [start.at.date() for start in found] == [date(2026, 11, 30), date(2026, 12, 7)]


def test_one_of_several_rooms_is_found_and_none_means_no_start():
    need = Need(timedelta(hours=1), rooms=(7, 8))
    hours = {1: [Hours(0, time(9), time(11))], 2: [Hours(0, time(9), time(11))]}
    rooms = {7: [span(9, 11)], 8: [span(10, 11)]}

    found = free(need, book(hours=hours, room_taken=rooms, step_minutes=60), therapists=(1, 2))

    assert found == [Start(at(9), 1, 8), Start(at(9), 2, 8)]


def test_a_closed_room_is_no_room():
    need = Need(timedelta(hours=1), rooms=(7,))

    assert clock_times(free(need, book(room_closed={7: [span(9, 11)]}))) == ["11:00"]


def test_a_service_that_needs_a_room_has_no_start_in_a_practice_without_rooms():
    assert free(Need(timedelta(hours=1), rooms=()), book()) == []


def test_earliest_is_the_first_start_allowed():
    assert clock_times(free(HOUR, book(), earliest=at(10, 31))) == ["10:45", "11:00"]


# --- the oracle: every minute of the day, one by one

DAY_MINUTES = st.integers(8 * 60, 19 * 60)
SPANS = st.lists(st.tuples(DAY_MINUTES, st.integers(5, 180)), max_size=4)
SHIFTS = st.lists(st.tuples(st.integers(8 * 60, 14 * 60), st.integers(30, 300)), min_size=1, max_size=3)


def minute_of(minute: int) -> datetime:
    return at(0) + minute * MINUTE


def as_intervals(spans) -> list[Interval]:
    return merge(Interval(minute_of(start), minute_of(start + length)) for start, length in spans)


def bitmap(spans) -> set[int]:
    return {minute for start, length in spans for minute in range(start, start + length)}


@settings(max_examples=300, deadline=None)
@given(
    shifts=SHIFTS,
    closed=SPANS,
    taken=SPANS,
    room_taken=SPANS,
    room_closed=SPANS,
    duration=st.sampled_from([15, 30, 50, 60, 90]),
    before=st.sampled_from([0, 5, 15]),
    after=st.sampled_from([0, 10, 15, 30]),
    step=st.sampled_from([5, 15, 20, 60]),
    earliest=DAY_MINUTES,
)
def test_starts_agree_with_a_bitmap_of_minutes(
    shifts, closed, taken, room_taken, room_closed, duration, before, after, step, earliest
):
    hours = [Hours(0, _wall(start), _wall(start + length)) for start, length in shifts]
    known = book(
        step_minutes=step,
        hours={1: hours},
        closed={1: as_intervals(closed)},
        taken={1: as_intervals(taken)},
        room_taken={7: as_intervals(room_taken)},
        room_closed={7: as_intervals(room_closed)},
    )
    need = Need(duration * MINUTE, before * MINUTE, after * MINUTE, rooms=(7,))

    open_minutes = bitmap(shifts) - bitmap(closed) - bitmap(room_closed)
    taken_minutes = bitmap(taken) | bitmap(room_taken)
    expected = [
        minute
        for minute in range(0, 24 * 60, step)
        if minute >= earliest
        and set(range(minute, minute + duration)) <= open_minutes
        and not set(range(minute - before, minute + duration + after)) & taken_minutes
    ]
    assert [start.at for start in free(need, known, earliest=minute_of(earliest))] == [
        minute_of(minute) for minute in expected
    ]


def _wall(minute: int) -> time:
    return time(minute // 60, minute % 60)


# --- weeks in which clocks change

CLOCK_CHANGES = [
    # zone, the day, first start and its offset, number of hourly starts for a therapist working 00:00 to 06:00
    ("America/New_York", date(2027, 3, 14), "00:00", "-05:00", 5, ["00:00", "01:00", "03:00", "04:00", "05:00"]),
    ("America/New_York", date(2027, 11, 7), "00:00", "-04:00", 6, ["00:00", "01:00", "02:00", "03:00", "04:00", "05:00"]),
    ("Europe/London", date(2027, 3, 28), "00:00", "+00:00", 5, ["00:00", "02:00", "03:00", "04:00", "05:00"]),
    ("Europe/London", date(2027, 10, 31), "00:00", "+01:00", 6, ["00:00", "01:00", "02:00", "03:00", "04:00", "05:00"]),
    ("Australia/Lord_Howe", date(2027, 10, 3), "00:00", "+10:30", 5, ["00:00", "01:00", "03:00", "04:00", "05:00"]),
    ("Australia/Lord_Howe", date(2027, 4, 4), "00:00", "+11:00", 6, ["00:00", "01:00", "02:00", "03:00", "04:00", "05:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "day", "first", "offset", "count", "wall_times"), CLOCK_CHANGES)
def test_starts_when_the_clocks_change(name, day, first, offset, count, wall_times):
    zone = ZoneInfo(name)
    hours = {1: [Hours(day.weekday(), time(0), time(6))]}

    found = free(Need(timedelta(minutes=30)), book(zone=zone, step_minutes=60, hours=hours), day=day)

    assert clock_times(found, zone) == wall_times
    assert len(found) == count
    assert found[0].at.astimezone(zone).isoformat().endswith(f"{first}:00{offset}")


@pytest.mark.parametrize(
    ("name", "day", "hours_of_day"),
    [
        ("America/New_York", date(2027, 3, 14), 23),
        ("America/New_York", date(2027, 11, 7), 25),
        ("Europe/London", date(2027, 3, 28), 23),
        ("Europe/London", date(2027, 10, 31), 25),
        ("Australia/Lord_Howe", date(2027, 10, 3), 23.5),
        ("Australia/Lord_Howe", date(2027, 4, 4), 24.5),
        ("Asia/Kathmandu", date(2027, 3, 28), 24),
        ("UTC", date(2027, 3, 28), 24),
    ],
)
def test_day_span_is_as_long_as_the_day(name, day, hours_of_day):
    start, end = day_span(day, 1, ZoneInfo(name))

    assert end - start == timedelta(hours=hours_of_day)


@pytest.mark.parametrize("name", ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_office_hours_stand_at_the_same_wall_clock_time_all_year(name):
    zone = ZoneInfo(name)
    hours = {1: [Hours(weekday, time(9), time(10)) for weekday in range(7)]}

    found = free(HOUR, book(zone=zone, hours=hours), day=date(2027, 1, 1), days=365)

    assert [start.at.astimezone(zone).date() for start in found] == [
        date(2027, 1, 1) + timedelta(n) for n in range(365)
    ]
    assert set(clock_times(found, zone)) == {"09:00"}


@pytest.mark.parametrize("name", ["America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo"])
def test_grid_has_no_moment_twice_and_only_times_the_clock_shows(name):
    zone = ZoneInfo(name)

    for offset in range(365):
        day = date(2027, 1, 1) + timedelta(days=offset)
        moments = grid(day, 30, zone)

        assert moments == sorted(set(moments))
        assert {moment.astimezone(zone).date() for moment in moments} == {day}
        assert all(moment.astimezone(zone).minute in (0, 30) for moment in moments)


def test_a_visit_across_the_change_lasts_its_real_minutes():
    zone = ZoneInfo("America/New_York")
    hours = {1: [Hours(6, time(1), time(4))]}  # 2 real hours on the night the clocks go forward

    found = free(Need(timedelta(minutes=90)), book(zone=zone, step_minutes=30, hours=hours), day=date(2027, 3, 14))

    assert clock_times(found, zone) == ["01:00", "01:30"]
