"""When a reminder is due, against an oracle that knows no rule of time zones: it scans real minutes and reads the clock.

Each minute of the weeks in which clocks change, as the start of a visit, under each rule and several quiet hours. The oracle
reads every minute off the wall once, in order; a time is "the first minute at which the clock has come that far".
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from practice.models import Practice
from reminders.due import derive_due
from reminders.models import Message
from reminders.rules import change_rule
from reminders.timing import EVENING, TOO_LATE, Quiet, follow_up_at, hours_after, hours_before, reminder_at
from tests.support import proof
from tests.support.visits import make_visit
from tests.world import NOW, make_client

DAY = 24 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEEKS = (  # a zone, and a day of the week in which its clocks change
    ("America/New_York", date(2027, 3, 14)),
    ("America/New_York", date(2027, 11, 7)),
    ("Europe/London", date(2027, 3, 28)),
    ("Europe/London", date(2027, 10, 31)),
    ("Australia/Lord_Howe", date(2027, 4, 4)),  # by half an hour
    ("Australia/Lord_Howe", date(2027, 10, 3)),
    ("America/Santiago", date(2027, 9, 5)),  # at midnight: the day begins at one
    ("Pacific/Apia", date(2011, 12, 30)),  # which there was not
    ("Asia/Kathmandu", date(2027, 3, 28)),  # a quarter of an hour off the others, and no change
    ("America/Phoenix", date(2027, 3, 14)),
)
BEFORE = (2, 11, 23, 24, 25, 26, 47, 48, 49, 72, 168, 336)
AFTER = (1, 2, 24, 25, 48, 72, 168)
NIGHT = (time(21), time(8))
QUIETS = (
    NIGHT,
    (time(8), time(8)),  # none
    (time(1, 30), time(2, 30)),  # both ends among the minutes that clocks skip or show twice
    (time(12), time(13, 30)),
    (time(8, 10), time(8)),  # awake for ten minutes
    (time(2, 30), time(2, 15)),  # awake for a quarter of an hour, which the clocks may skip
)


class Wall:
    """The clock on a wall, read at every real minute around a week. Moments and readings are counted in minutes."""

    def __init__(self, zone: str, day: date):
        self.zone = ZoneInfo(zone)
        noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) // 60
        self.week = range(noon - 3 * DAY, noon + 4 * DAY)
        self.begin = self.week.start - 17 * DAY
        self.readings = [self._read(moment) for moment in range(self.begin, self.week.stop + 10 * DAY)]
        self.first_at = {}
        furthest = self.readings[0]
        for moment, reading in enumerate(self.readings, self.begin):
            for passed in range(furthest, reading + 1):
                self.first_at.setdefault(passed, moment)
            furthest = max(furthest, reading + 1)

    def _read(self, moment: int) -> int:
        return (datetime.fromtimestamp(moment * 60, self.zone).replace(tzinfo=UTC) - EPOCH) // timedelta(minutes=1)

    def reading(self, moment: int) -> int:
        return self.readings[moment - self.begin]

    def days_from(self, moment: int, days: int) -> int:
        """When the clock has first come as far as it stands now, `days` leaves of the calendar on."""
        return self.first_at[self.reading(moment) + days * DAY]


class Oracle:
    """Reminders by scanning minutes, one at a time."""

    def __init__(self, wall: Wall, begins: time, ends: time):
        self.wall = wall
        self.asleep = set()
        begin, end = begins.hour * 60 + begins.minute, ends.hour * 60 + ends.minute
        if begin == end:
            return
        first, last = wall.readings[0] // DAY + 1, wall.readings[-1] // DAY - 1
        for midnight in range(first * DAY, (last - 1) * DAY, DAY):
            until = midnight + end + (DAY if begin > end else 0)
            self.asleep.update(range(wall.first_at[midnight + begin], wall.first_at[until]))

    def reminder_at(self, visit: int, hours: int) -> int:
        moment = self.wall.days_from(visit, -(hours // 24)) - hours % 24 * 60
        awake = self._awake_from(moment)
        if awake == moment or awake <= visit - 60:
            return awake
        while moment in self.asleep:
            moment -= 1
        evening = moment  # the last minute before quiet hours; at most a quarter of an hour before them
        while evening > moment - 14 and evening - 1 not in self.asleep:
            evening -= 1
        return evening

    def follow_up_at(self, visit: int, hours: int) -> int:
        return self._awake_from(self.wall.days_from(visit, hours // 24) + hours % 24 * 60)

    def _awake_from(self, moment: int) -> int:
        while moment in self.asleep:
            moment += 1
        return moment


def in_minutes(moment: datetime) -> int:
    seconds = moment.timestamp()
    assert seconds % 60 == 0
    return int(seconds) // 60


def at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def visits_of(wall: Wall, long_step: int = 1):
    """Every minute of the week in the long form; in the quick one the minutes around a change of the clocks, and some others."""
    step, near_step = proof.size(quick=241, long=long_step), proof.size(quick=7, long=1)
    changes = [minute for minute in wall.week if wall.reading(minute) - wall.reading(minute - 1) != 1]
    near = {
        minute
        for change in changes
        for day_after in (change, change + DAY)
        for minute in (*range(day_after - 65, day_after + 70, near_step), day_after - 1, day_after + 1)
    }
    return [minute for minute in wall.week if (minute - wall.week.start) % step == 0 or minute in near]


def test_every_minute_of_the_weeks_in_which_clocks_change():
    cases, wrong = 0, []
    for zone, day in WEEKS:
        wall = Wall(zone, day)
        for ends in QUIETS:
            visits = visits_of(wall, long_step=1 if ends in QUIETS[:2] else 11)
            oracle, quiet = Oracle(wall, *ends), Quiet(*ends, wall.zone)
            for name, rule, expected, offsets in (
                ("before", reminder_at, oracle.reminder_at, BEFORE),
                ("after", follow_up_at, oracle.follow_up_at, AFTER),
            ):
                for hours in offsets:
                    cases += len(visits)
                    wrong += [
                        (zone, ends, name, hours, at(visit))
                        for visit in visits
                        if in_minutes(rule(at(visit), hours, quiet)) != expected(visit, hours)
                    ]

    proof.keep("reminder_minutes", cases=cases, wrong=len(wrong))
    assert wrong[:5] == []
    assert cases >= proof.size(quick=70_000, long=4_000_000)


def in_real_hours(moment: datetime, hours: int, zone: ZoneInfo) -> datetime:
    return moment - timedelta(hours=hours)


def on_paper(moment: datetime, hours: int, zone: ZoneInfo) -> datetime:
    """As Python subtracts from a local time: hours of the clock, and times that there are not."""
    return (moment.astimezone(zone) - timedelta(hours=hours)).astimezone(UTC)


@pytest.mark.parametrize("naive", [in_real_hours, on_paper])
@pytest.mark.parametrize(("zone", "day"), WEEKS[:6])
def test_the_oracle_finds_naive_arithmetic_wrong(zone, day, naive):
    wall = Wall(zone, day)
    oracle = Oracle(wall, time(8), time(8))

    wrong = {
        hours
        for hours in BEFORE
        for visit in visits_of(wall)
        if in_minutes(naive(at(visit), hours, wall.zone)) != oracle.reminder_at(visit, hours)
    }

    assert wrong


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("visit", "hours", "expected"),
    [
        # New York, in the night to 14 March 2027 from EST (-5) to EDT (-4): nine o'clock stays nine o'clock
        (utc(2027, 3, 14, 13, 0), 24, utc(2027, 3, 13, 14, 0)),
        # two hours are two hours, and eight is not quiet
        (utc(2027, 3, 14, 14, 0), 2, utc(2027, 3, 14, 12, 0)),
        # at half past eight: told at 20:45 the evening before
        (utc(2027, 3, 14, 12, 30), 2, utc(2027, 3, 14, 1, 45)),
        # at six in the morning: when quiet hours end
        (utc(2027, 3, 14, 10, 0), 24, utc(2027, 3, 13, 13, 0)),
    ],
)
def test_reminder_at_examples(visit, hours, expected):
    assert reminder_at(visit, hours, Quiet(*NIGHT, ZoneInfo("America/New_York"))) == expected


def test_quiet_hours_are_half_open_and_none_when_both_ends_are_the_same():
    london = ZoneInfo("Europe/London")
    nine, eight = utc(2027, 1, 4, 21, 0), utc(2027, 1, 5, 8, 0)
    night = Quiet(*NIGHT, london)

    assert night.around(nine - timedelta(seconds=1)) is None
    assert night.around(nine) == night.around(eight - timedelta(seconds=1)) == (nine, eight)
    assert night.around(eight) is None
    assert Quiet(time(8), time(8), london).around(eight) is None


def test_a_reminder_is_never_less_than_an_hour_before_the_visit_when_quiet_hours_end_then():
    night = Quiet(*NIGHT, ZoneInfo("Europe/London"))
    nine = utc(2027, 1, 5, 9, 0)

    assert reminder_at(nine, 2, night) == nine - TOO_LATE
    assert reminder_at(nine - timedelta(minutes=1), 2, night) == utc(2027, 1, 4, 21, 0) - EVENING


def test_hours_before_and_after_count_days_first_and_then_real_hours():
    new_york = ZoneInfo("America/New_York")
    half_past_two = utc(2027, 3, 15, 6, 30)  # the day before, two to three was skipped
    three = utc(2027, 3, 14, 7, 0)

    assert hours_before(half_past_two, 24, new_york) == three
    assert hours_before(half_past_two, 26, new_york) == three - timedelta(hours=2)
    assert hours_after(half_past_two - timedelta(days=2) + timedelta(hours=1), 26, new_york) == three + timedelta(
        hours=2
    )


# --- the same through the rows: sweeps before, at and after each moment, and in between


RULES = ((48, 24), (72, 2))  # hours of the first and the second reminder


def starts_around(wall: Wall) -> list[int]:
    """Minutes at which visits begin: the night the clocks change and the days around it, at hours of all kinds."""
    change = next(minute for minute in wall.week if wall.reading(minute) - wall.reading(minute - 1) != 1)
    hours = (-30, -3, -1, 4.5, 6, 7.25, 1, 10, 18.5, 23.5, 22, 25, 48, 72.5)  # after the change, as time really passes
    return [change + round(60 * each) for each in hours[:: proof.size(quick=3, long=1)]]


@pytest.mark.parametrize(("zone", "day", "hours"), [(*week, RULES[n % 2]) for n, week in enumerate(WEEKS[:6])])
def test_each_visit_has_one_reminder_of_each_kind_at_the_oracles_minute(zone, day, hours, practice, massage, mia, olga):
    Practice.objects.update(time_zone=zone)
    for rule, each in zip(("first_reminder", "second_reminder"), hours, strict=True):
        change_rule(rule, hours=each, is_active=True, by=olga, at=NOW)
    wall = Wall(zone, day)
    oracle = Oracle(wall, *NIGHT)
    expected = {}
    for number, start in enumerate(starts_around(wall)):
        visit = make_visit(make_client(f"Client{number}", "Of that week"), mia, massage, starts_at=at(start))
        expected[visit.pk, "first_reminder"], expected[visit.pk, "second_reminder"] = (
            oracle.reminder_at(start, each) for each in hours
        )
    moments = {minute + step for minute in expected.values() for step in (-1, 0, 1)}
    derive_due(NOW)
    Message.objects.update(state="sent", sent_at=NOW)  # nobody is reminded while word of the booking is on its way

    for minute in sorted(moments | set(range(min(moments), wall.week.stop, proof.size(quick=DAY, long=DAY // 24)))):
        derive_due(at(minute))

    found = Message.objects.filter(kind__in=["first_reminder", "second_reminder"])
    assert [(row.pk, row.due_at) for row in found if row.created_at != row.due_at] == []
    assert sorted((row.appointment_id, row.kind, in_minutes(row.due_at)) for row in found) == sorted(
        (*key, minute) for key, minute in expected.items()
    )
