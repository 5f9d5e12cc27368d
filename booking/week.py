"""The week of one therapist: a column per day, all drawn over the same hours of the clock."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from booking.availability import day_span, working_time
from booking.board import (
    USUAL_DAY,
    Board,
    board_stamp,
    draw_column,
    hours_of,
    load_closures,
    load_visits,
    rows_of,
    waiting_for,
)
from booking.cards import Frame, draw_cards, what_is_known
from booking.intervals import Interval
from booking.models import Appointment
from booking.slots import load_hours
from practice.models import Practice, User
from practice.zones import at_wall_time

DAY = timedelta(days=1)
WORKING_DAYS = 5


def monday_of(day: date) -> date:
    """Return the Monday of the week in which `day` lies."""
    return day - timedelta(days=day.weekday())


def load_week(
    *,
    practice: Practice,
    therapist: User,
    day: date,
    user: User,
    now: datetime,
    fits: frozenset[tuple[datetime, int | None]] = frozenset(),
) -> Board:
    """Return the week around `day`: Monday to Friday, and the weekend if anything is worked or booked in it.

    `user` sees of it what they may see of the day board.
    """
    zone, monday = ZoneInfo(practice.time_zone), monday_of(day)
    stamp = board_stamp(day, now)
    whole = day_span(monday, 7, zone)
    visits = load_visits(user, whole, therapist)
    hours, closures = load_hours([therapist.pk]).get(therapist.pk, ()), load_closures(whole)
    working = {one: working_time(hours, one, zone) for one in (monday + n * DAY for n in range(7))}
    by_day = _by_day(visits, zone)
    days = [one for one in working if one.weekday() < WORKING_DAYS or working[one] or by_day[one]]
    shown = _shown(days, zone, working, by_day)

    columns, known = [], what_is_known(visits)
    step = timedelta(minutes=practice.slot_minutes)
    for one in days:
        frame = Frame(one, zone, shown[one], now, step, closures, fits)
        cards = draw_cards(by_day[one], frame, known)
        columns.append(draw_column(frame, working[one], cards, therapist=therapist, of_week=True))
    longest = max(shown.values(), key=lambda span: span.end - span.start)
    return Board(
        day=day,
        columns=columns,
        hours=hours_of(longest),
        rows=rows_of(longest),
        now_row=next((column.now_row for column in columns if column.now_row is not None), None),
        away=[],
        stamp=stamp,
        waiting=waiting_for(user, now),
    )


def _by_day(visits: list[Appointment], zone: ZoneInfo) -> dict[date, list[Appointment]]:
    """Return the visits of each day by the practice's clock; one across midnight stands on the day it begins."""
    by_day = defaultdict(list)
    for visit in visits:
        by_day[visit.starts_at.astimezone(zone).date()].append(visit)
    return by_day


def _shown(days, zone, working, by_day) -> dict[date, Interval]:
    """Return what of each day is drawn: for all the same whole hours, around everything in the week."""
    first, last = [], []
    for day in days:
        spans = [(one.start, one.end) for one in working[day]]
        spans += [(visit.starts_at, visit.ends_at) for visit in by_day[day]]
        midnight = day_span(day, 1, zone).end
        first += [start.astimezone(zone).hour for start, _ in spans]
        last += [24 if end >= midnight else -(-_minutes(end.astimezone(zone)) // 60) for _, end in spans]
    start, end = (min(first), max(last)) if first else USUAL_DAY
    end = max(end, start + 1)
    return {day: Interval(_at(day, start, zone), _at(day, end, zone)) for day in days}


def _minutes(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return day_span(day, 1, zone).end if hour == 24 else at_wall_time(day, time(hour), zone)
