"""Free times as a client chooses among them: a month with its days, one day with its times, and the nearest when there is none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from booking.forms import slot_value
from booking.offers import AROUND, NEXT, Choice
from booking.slots import Slot, first_free, free_day_counts, free_slots, nearest
from practice.models import Practice, Service, User

WEEK = 7


@dataclass(frozen=True)
class Day:
    """One day of the calendar: how many times are free on it, and whether it is the one looked at."""

    date: date
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Month:
    """A month in weeks from Monday, without those that are over; None fills the first and the last. `before` and `after` are months one may turn to."""

    first: date
    weeks: list[list[Day | None]]
    before: date | None
    after: date | None


@dataclass(frozen=True)
class Times:
    """What there is to choose from: a month, one day of it (None if it has no free day), that day's times, the nearest."""

    month: Month
    day: date | None
    choices: list[Choice]
    nearest: list[Choice]
    note: str

    @property
    def values(self) -> set[str]:
        """What the buttons can send."""
        return {choice.value for choice in (*self.choices, *self.nearest)}


def month_of(day: date) -> date:
    """Return the first of the month."""
    return day.replace(day=1)


def next_month(first: date) -> date:
    """Return the first of the following month."""
    return month_of(first + timedelta(days=31))


def make_times(
    *,
    practice: Practice,
    service: Service,
    now: datetime,
    month: date | None = None,
    day: date | None = None,
    therapist: User | None = None,
    client=None,
    without=None,
    near: datetime | None = None,
    prefer: User | None = None,
) -> Times:
    """Return the times of `service` around `day`, or `month`, or the first free day; with `therapist` or with anybody.

    Each moment stands once, with `prefer` if they are free then. `near` is a time that was refused: the nearest are added.
    Bounded: three looks at the book at most, whatever it holds.
    """
    zone = ZoneInfo(practice.time_zone)
    today = now.astimezone(zone).date()
    last = today + timedelta(days=practice.horizon_days)
    asked = {
        "practice": practice,
        "service": service,
        "now": now,
        "client": client,
        "without": without,
        "therapists": None if therapist is None else [therapist],
    }
    people = {person.pk: person for person in service.therapists.therapists()}
    near = near and min(max(near, now), now + timedelta(days=practice.horizon_days))
    note = _note(day, today, last)
    day = None if note else day
    if day is None and month is None and near is None:
        month, day = _first_day(asked, today, last, zone)
    first = min(max(month_of(day or month or today), month_of(today)), month_of(last))
    counts = free_day_counts(**asked, first_day=max(first, today), days=(next_month(first) - max(first, today)).days)
    if day is None and near is not None:
        day = near.astimezone(zone).date()
    if day is None:
        day = min(counts, default=None)
    slots = free_slots(**asked, first_day=day, days=1) if day in counts else []
    close = []
    if near is not None:
        start = max(near.astimezone(zone).date() - AROUND, today)
        close = nearest(_once(free_slots(**asked, first_day=start, days=2 * AROUND.days + 1), prefer), near, NEXT)
    if not slots and not close:
        begin = max(day or first, today)
        close = _once(
            first_free(NEXT * max(len(people), 1), **asked, first_day=begin, days=practice.horizon_days), prefer
        )
    return Times(
        month=_month(first, counts, day, today, last),
        day=day,
        choices=[_choice(slot, people) for slot in _once(slots, prefer)],
        nearest=[_choice(slot, people) for slot in close[:NEXT]],
        note=note,
    )


def _note(day: date | None, today: date, last: date) -> str:
    if day is not None and day < today:
        return "That day has passed."
    if day is not None and day > last:
        return f"You can book until {last:%d %B %Y}."
    return ""


def _first_day(asked: dict, today: date, last: date, zone: ZoneInfo) -> tuple[date, date | None]:
    """Return the month and the day of the first free time; this month without one."""
    found = first_free(1, **asked, first_day=today, days=(last - today).days + 1)
    day = found[0].starts_at.astimezone(zone).date() if found else None
    return month_of(day or today), day


def _once(slots: Iterable[Slot], prefer: User | None) -> list[Slot]:
    """Keep one slot of each moment: the one with `prefer`, else the first."""
    kept: dict[datetime, Slot] = {}
    for slot in slots:
        if slot.starts_at not in kept or (prefer is not None and slot.therapist_id == prefer.pk):
            kept[slot.starts_at] = slot
    return list(kept.values())


def _choice(slot: Slot, people: dict[int, User]) -> Choice:
    value = slot_value(slot.starts_at, slot.therapist_id)
    return Choice(value=value, starts_at=slot.starts_at, therapist=people[slot.therapist_id], is_short=False)


def _month(first: date, counts: dict[date, int], chosen: date | None, today: date, last: date) -> Month:
    following = next_month(first)
    cells: list[Day | None] = [None] * first.weekday()
    for number in range((following - first).days):
        day = first + timedelta(days=number)
        cells.append(Day(day, counts.get(day, 0), day == chosen))
    cells += [None] * (-len(cells) % WEEK)
    weeks = [cells[start : start + WEEK] for start in range(0, len(cells), WEEK)]
    return Month(
        first=first,
        weeks=[week for week in weeks if any(day and day.date >= today for day in week)],
        before=month_of(first - timedelta(days=1)) if first > month_of(today) else None,
        after=following if following <= last else None,
    )
