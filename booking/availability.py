"""When a visit can start: working hours, closures, what is taken, buffers and the grid. Pure: rows in, moments out.

A visit must lie whole in open time: the therapist's hours minus closures. Its buffers only keep other visits away:
the time a visit takes is [start - before, end + after), and what two visits take may touch but not overlap. Buffers
never move a start: starts stand on the practice's grid, every `step` minutes from midnight by the wall clock.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from booking.intervals import Interval, contains, merge, overlaps_any, subtract
from practice.zones import at_wall_time

DAY = timedelta(days=1)
NOTHING: list[Interval] = []


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly working time by the wall clock: `weekday` counts from Monday = 0, `valid_to` is the last day."""

    weekday: int
    starts: time
    ends: time
    valid_from: date | None = None
    valid_to: date | None = None

    def hold_on(self, day: date) -> bool:
        """Say whether these hours apply on `day`."""
        return (
            day.weekday() == self.weekday
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Need:
    """What is to be placed: how long the visit lasts, its buffers, and the rooms it may stand in.

    `rooms` are ids in the order of preference; None means that no room is needed.
    """

    duration: timedelta
    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)
    rooms: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """What is known about the days in question. `taken` holds what visits take, buffers included.

    Lists under `taken…` and `closed…` are in merged form (`booking.intervals.merge`); a missing key means nothing.
    """

    zone: ZoneInfo
    step_minutes: int
    hours: Mapping[int, Sequence[Hours]]
    closed: Mapping[int, list[Interval]] = field(default_factory=dict)
    taken: Mapping[int, list[Interval]] = field(default_factory=dict)
    room_closed: Mapping[int, list[Interval]] = field(default_factory=dict)
    room_taken: Mapping[int, list[Interval]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Start:
    """A moment at which a visit can start, with whom, and in which room (None when it needs none)."""

    at: datetime
    therapist: int
    room: int | None


def grid(day: date, step_minutes: int, zone: ZoneInfo) -> list[datetime]:
    """Return the moments (UTC) on `day` at which visits may start: every `step_minutes` from midnight, wall clock.

    Times the clocks skip are left out; of times they show twice only the first is a start.
    """
    midnight = at_wall_time(day, time(0), zone)
    minutes = range(0, 24 * 60, step_minutes)
    if at_wall_time(day + DAY, time(0), zone) - midnight == DAY and midnight.astimezone(zone).time() == time(0):
        return [midnight + timedelta(minutes=minute) for minute in minutes]
    starts = []
    for minute in minutes:
        wall = time(minute // 60, minute % 60)
        moment = at_wall_time(day, wall, zone)
        if moment.astimezone(zone).time() == wall:
            starts.append(moment)
    return starts


def working_time(hours: Iterable[Hours], day: date, zone: ZoneInfo) -> list[Interval]:
    """Return when these hours open on `day`, in UTC and merged. A border inside a clock change's gap moves to its end."""
    return merge(
        Interval(at_wall_time(day, one.starts, zone), at_wall_time(day, one.ends, zone))
        for one in hours
        if one.hold_on(day)
    )


def is_free(start: datetime, need: Need, *, open_time: list[Interval], taken: list[Interval]) -> bool:
    """Say whether a visit may start then: whole inside `open_time`, and what it takes clear of `taken`."""
    end = start + need.duration
    return contains(open_time, start, end) and not overlaps_any(start - need.before, end + need.after, taken)


def free_room(start: datetime, need: Need, book: Book) -> int | None:
    """Return the first room of `need.rooms` that is neither closed nor taken for a visit from `start`, or None."""
    end = start + need.duration
    for room in need.rooms or ():
        closed, taken = book.room_closed.get(room, NOTHING), book.room_taken.get(room, NOTHING)
        if not overlaps_any(start, end, closed) and not overlaps_any(start - need.before, end + need.after, taken):
            return room
    return None


def starts_on(day: date, need: Need, book: Book, *, therapists: Sequence[int], earliest: datetime) -> Iterator[Start]:
    """Yield the free starts on `day` from `earliest` on, in order of time, then of `therapists`."""
    moments = [moment for moment in grid(day, book.step_minutes, book.zone) if moment >= earliest]
    open_times = {
        therapist: subtract(
            working_time(book.hours.get(therapist, ()), day, book.zone), book.closed.get(therapist, NOTHING)
        )
        for therapist in therapists
    }
    working = [therapist for therapist in therapists if open_times[therapist]]
    for moment in moments if working else ():
        room: int | None = None
        for therapist in working:
            taken = book.taken.get(therapist, NOTHING)
            if not is_free(moment, need, open_time=open_times[therapist], taken=taken):
                continue
            if need.rooms is not None and room is None:
                room = free_room(moment, need, book)
                if room is None:
                    break  # no room for anybody at this time
            yield Start(moment, therapist, room)


def starts(
    first_day: date, days: int, need: Need, book: Book, *, therapists: Sequence[int], earliest: datetime
) -> Iterator[Start]:
    """Yield the free starts of `days` days from `first_day`, in order of time. Lazy: the first is cheap to ask for."""
    for offset in range(days):
        yield from starts_on(first_day + timedelta(days=offset), need, book, therapists=therapists, earliest=earliest)


def day_span(first_day: date, days: int, zone: ZoneInfo) -> Interval:
    """Return the time, in UTC, that `days` days from `first_day` last in `zone`."""
    return Interval(
        at_wall_time(first_day, time(0), zone).astimezone(UTC),
        at_wall_time(first_day + timedelta(days=days), time(0), zone).astimezone(UTC),
    )
