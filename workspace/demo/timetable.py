"""When the demo's people meet: a grid of starts per day, three rooms, and who works when."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from practice.zones import at_wall_time
from workspace.demo.data import PLACES, STAFF

FIRST_START = time(8)
STEP = timedelta(minutes=90)  # the longest visit and the turning over of its room
ROWS = range(8)
ROOMS = 3
MIDDAY_HOUR = 13
WAKING_HOURS = range(7, 22)
HOLIDAY, TEAM_DAY = -24, 12  # days on which the whole practice is closed
AWAY, COVERING, AWAY_DAYS = "jonas", "aisha", (1, 2, 3)
LATE_MINUTES = 75  # until then a visit of this row may still be going on


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of the grid: `day` counts from today, `row` is an index of the day's starts."""

    day: int
    row: int


def place_of_the_hour(now: datetime) -> dict:
    """Return the place of PLACES where it is nearest to early afternoon, so that a working day is under way."""

    def distance(place: dict) -> float:
        local = now.astimezone(ZoneInfo(place["zone"]))
        return abs(local.hour + local.minute / 60 - MIDDAY_HOUR)

    return min(PLACES, key=distance)


def wall_of(row: int) -> time:
    """Return the wall-clock time at which a row begins; the row after the last gives the end of the day."""
    return (datetime.combine(date.min, FIRST_START) + row * STEP).time()


class Timetable:
    """Hands out free cells. `now` is aware; `zone` is the practice's."""

    def __init__(self, *, now: datetime, zone: ZoneInfo, rng: random.Random):
        self.now, self.zone, self.rng = now, zone, rng
        self.today = now.astimezone(zone).date()
        self.row_now = next(
            (row for row in ROWS if self.start(Place(0, row)) + timedelta(minutes=LATE_MINUTES) > now), ROWS[-1]
        )
        self.people = {person["username"]: person for person in STAFF if "rows" in person}
        self._taken: dict[Place, set[str]] = defaultdict(set)

    def date(self, day: int) -> date:
        """Return the calendar day that lies `day` days from today."""
        return self.today + timedelta(days=day)

    def moment(self, day: int, hour: int, minute: int = 0) -> datetime:
        """Return a wall-clock moment of that day, in UTC."""
        return at_wall_time(self.date(day), time(hour, minute), self.zone)

    def waking(self, at: datetime) -> datetime:
        """Return `at`, or a time after breakfast if people are asleep then."""
        local = at.astimezone(self.zone)
        if local.hour in WAKING_HOURS:
            return at
        day = local.date() + timedelta(days=local.hour > WAKING_HOURS[-1])
        return at_wall_time(day, time(8, local.minute), self.zone)

    def start(self, place: Place) -> datetime:
        """Return when a cell begins, in UTC."""
        return at_wall_time(self.date(place.day), wall_of(place.row), self.zone)

    def rows_of(self, username: str, day: int) -> range:
        """Return the rows a therapist works on that day; on today's weekday all work around the present hour."""
        person = self.people[username]
        if day % 7 in person["off"]:
            return range(0)
        if day % 7 == 0:
            return range(max(0, self.row_now - 4), min(len(ROWS), self.row_now + 5))
        return range(person["rows"][0], person["rows"][1] + 1)

    def is_free(self, username: str, place: Place) -> bool:
        """Say whether the therapist works then, has nobody, and a room is left."""
        taken = self._taken[place]
        return (
            place.day not in (HOLIDAY, TEAM_DAY)
            and not (username == AWAY and place.day in AWAY_DAYS)
            and place.row in self.rows_of(username, place.day)
            and username not in taken
            and len(taken) < ROOMS
        )

    def take(self, username: str, place: Place) -> Place:
        """Mark the cell as taken and return it."""
        self._taken[place].add(username)
        return place

    def take_today(self, username: str, rows: Iterable[int]) -> Place | None:
        """Take the first free cell of today among `rows`, or return None."""
        for row in rows:
            if self.is_free(username, Place(0, row)):
                return self.take(username, Place(0, row))
        return None

    def take_near(self, username: str, day: int) -> Place:
        """Take a free cell on `day` or the nearest other day on the same side of today."""
        for other in self._days_near(day):
            rows = list(self.rows_of(username, other))
            self.rng.shuffle(rows)
            for row in rows:
                if self.is_free(username, Place(other, row)):
                    return self.take(username, Place(other, row))
        raise LookupError(f"{username} has no free time near day {day}.")

    def take_weekly(self, username: str, day: int, count: int) -> list[Place]:
        """Take the same free cell in `count` weeks running, from `day` or the nearest later day on."""
        for first in range(day, day + 14):
            for row in self.rows_of(username, first):
                weekly = [Place(first + 7 * week, row) for week in range(count)]
                if all(self.is_free(username, place) for place in weekly):
                    return [self.take(username, place) for place in weekly]
        raise LookupError(f"{username} has no free time {count} weeks running from day {day}.")

    @staticmethod
    def _days_near(day: int) -> Iterator[int]:
        for away in range(30):
            for other in dict.fromkeys((day - away, day + away)):
                if other and (other < 0) == (day < 0):
                    yield other
