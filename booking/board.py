"""The day board: what stands where in a day, as rows of five minutes, by therapist or by room.

The same queries however full the day is.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max

from booking.availability import day_span, working_time
from booking.cards import ROW, Entry, Frame, draw_cards, make_entry, row_of, what_is_known
from booking.forms import MOMENT
from booking.intervals import Interval, merge, overlaps_any, subtract, widen
from booking.models import Appointment, WaitlistEntry
from booking.slots import load_hours
from practice.models import AuditEvent, Closure, Practice, Room, User
from practice.zones import at_wall_time

HOUR = timedelta(hours=1)
USUAL_DAY = (8, 18)


@dataclass
class Column:
    """One therapist, room or day: entries in order of time. What is dropped on it goes to its therapist, room and day."""

    therapist: User | None
    is_working: bool
    entries: list[Entry] = field(default_factory=list)
    room: Room | None = None
    day: date | None = None
    shown: Interval | None = None
    now_row: int | None = None
    is_of_week: bool = False

    @property
    def key(self) -> str:
        """Its place in ids of the page."""
        if self.is_of_week:
            return f"{self.day:%Y%m%d}"
        return f"room-{self.room.pk if self.room else 0}" if self.therapist is None else str(self.therapist.pk)

    @property
    def name(self) -> str:
        """What stands at its head."""
        if self.therapist is not None:
            return self.therapist.name
        return self.room.name if self.room else "No room"

    @property
    def takes_bookings(self) -> bool:
        """Whether a visit can be booked into it: not where the visits without a room stand."""
        return self.therapist is not None or self.room is not None

    @property
    def first_moment(self) -> str:
        """When its first row begins, as the addresses of the board write it."""
        return self.shown.start.astimezone(UTC).strftime(MOMENT)

    @property
    def visits(self) -> int:
        """How many visits stand in the column."""
        return sum(entry.kind == "visit" for entry in self.entries)


@dataclass
class Board:
    """One day for the eyes: columns, hours as (row, moment), length in rows, and the row of the present moment."""

    day: date
    columns: list[Column]
    hours: list[tuple[int, datetime]]
    rows: int
    now_row: int | None
    away: list[User]
    stamp: str
    waiting: list[WaitlistEntry]

    @property
    def hour_count(self) -> int:
        """How many hours are drawn: the rows grow and shrink with it, so that the day fits the screen."""
        return -(-self.rows // 12)


def board_stamp(day: date, now: datetime) -> str:
    """Return a mark that changes whenever anything was done in the practice, and every five minutes. One query."""
    latest = AuditEvent.objects.aggregate(latest=Max("pk"))["latest"] or 0
    return f"{day:%Y%m%d}-{latest}-{int(now.timestamp() // ROW.total_seconds())}"


def load_board(
    *,
    practice: Practice,
    day: date,
    user: User,
    now: datetime,
    by_room: bool = False,
    fits: frozenset[tuple[datetime, int | None]] = frozenset(),
) -> Board:
    """Return the board of `day` as `user` may see it: the whole practice, or a therapist's own and covered columns.

    `by_room` gives a column to each room instead, for those who see the whole book. `fits` are the starts, with their
    therapist's id, that are free for the visit about to be booked.
    """
    zone = ZoneInfo(practice.time_zone)
    stamp = board_stamp(day, now)  # before anything is read: what happens meanwhile shows at the next look
    whole = day_span(day, 1, zone)
    visits = load_visits(user, whole)
    therapists = _therapists(user, visits)
    hours, closures = load_hours(therapist.pk for therapist in therapists), load_closures(whole)
    open_times = {pk: working_time(hours.get(pk, ()), day, zone) for pk in (one.pk for one in therapists)}
    shown = _shown(day, zone, [*visits, *(interval for times in open_times.values() for interval in times)])
    frame = Frame(day, zone, shown, now, timedelta(minutes=practice.slot_minutes), closures, fits)

    cards = _cards(visits, frame, by_room=by_room)
    if by_room:
        columns, away = _room_columns(frame, open_times, cards, visits), []
    else:
        columns, away = _therapist_columns(frame, therapists, open_times, cards)
    return Board(
        day=day,
        columns=columns,
        hours=hours_of(shown),
        rows=rows_of(shown),
        now_row=frame.now_row,
        away=away,
        stamp=stamp,
        waiting=waiting_for(user, now),
    )


def hours_of(shown: Interval) -> list[tuple[int, datetime]]:
    """Return the rows and moments of the hours at the side."""
    return [(row_of(shown, shown.start + n * HOUR), shown.start + n * HOUR) for n in range(_hours_in(shown))]


def waiting_for(user: User, now: datetime) -> list[WaitlistEntry]:
    """Return who waits for an earlier time, as `user` may see them."""
    entries = WaitlistEntry.objects.visible_to(user).waiting(now)
    return list(entries.select_related("client", "service", "therapist"))


def _therapist_columns(frame: Frame, therapists, open_times, cards) -> tuple[list[Column], list[User]]:
    columns, away = [], []
    for therapist in therapists:
        working, own = open_times[therapist.pk], cards.get(therapist.pk, [])
        if working or own:
            columns.append(draw_column(frame, working, own, therapist=therapist))
        else:
            away.append(therapist)
    return columns, away


def _room_columns(frame: Frame, open_times, cards, visits) -> list[Column]:
    """Return a column per room in use, open while anybody works, and one for the visits that stand in none."""
    working = merge(interval for times in open_times.values() for interval in times)
    rooms = list(Room.objects.active().order_by("name", "pk"))
    left = {visit.room for visit in visits if visit.room and not visit.room.is_active}
    rooms += sorted(left, key=lambda room: (room.name, room.pk))
    columns = [draw_column(frame, working, cards.get(room.pk, []), room=room) for room in rooms]
    if None in cards:
        columns.append(draw_column(frame, working, cards[None]))
    return columns


def draw_column(
    frame: Frame,
    working: list[Interval],
    cards: list[Entry],
    *,
    therapist: User | None = None,
    room=None,
    of_week=False,
) -> Column:
    """Return the column of a therapist or a room: what is closed, the visits, and the times that can be pressed."""
    closed = [one for one in frame.closures if _concerns(one, therapist, room)]
    column = Column(
        therapist=therapist,
        room=room,
        day=frame.day,
        is_working=bool(working),
        shown=frame.shown,
        now_row=frame.now_row,
        is_of_week=of_week,
    )
    column.entries = [*_closed(working, closed, frame.shown), *cards]
    if column.takes_bookings:
        column.entries += _free(frame, working, closed, cards, therapist)
    column.entries.sort(key=lambda entry: (entry.starts_at, entry.kind != "closed"))
    return column


def _concerns(closure: Closure, therapist: User | None, room: Room | None) -> bool:
    if closure.room_id is not None:
        return room is not None and closure.room_id == room.pk
    return closure.therapist_id is None or (therapist is not None and closure.therapist_id == therapist.pk)


def load_visits(user: User, whole: Interval, therapist: User | None = None) -> list[Appointment]:
    """Return the live visits `user` may see in that time, of everybody or of one therapist, in order."""
    visits = Appointment.objects.visible_to(user).live().overlapping(whole.start, whole.end)
    if therapist is not None:
        visits = visits.filter(therapist=therapist)
    return list(
        visits.select_related("client", "therapist", "service", "room", "plan")
        .prefetch_related("treatment_sessions")
        .order_by("starts_at", "pk")
    )


def _therapists(user: User, visits: list[Appointment]) -> list[User]:
    """Return whose columns `user` sees: everybody's for desk and owner, own and covered ones for a therapist."""
    therapists = User.objects.therapists().order_by("first_name", "last_name", "pk")
    if not (user.is_front_desk or user.is_owner):
        return list(therapists.filter(pk__in=user.therapist_ids()))
    shown = list(therapists)
    known = {therapist.pk for therapist in shown}
    left = {visit.therapist_id: visit.therapist for visit in visits if visit.therapist_id not in known}
    return [*shown, *left.values()]


def load_closures(whole: Interval) -> list[Closure]:
    """Return the closures that reach into that time."""
    return list(Closure.objects.filter(starts_at__lt=whole.end, ends_at__gt=whole.start).order_by("starts_at", "pk"))


def _shown(day: date, zone: ZoneInfo, spans) -> Interval:
    """Return the stretch of the day that is drawn: whole hours around all that happens, the usual day if nothing does."""
    whole = day_span(day, 1, zone)
    first, last = (at_wall_time(day, datetime.min.time().replace(hour=hour), zone) for hour in USUAL_DAY)
    times = [(getattr(one, "start", None) or one.starts_at, getattr(one, "end", None) or one.ends_at) for one in spans]
    if times:
        first, last = min(start for start, _ in times), max(end for _, end in times)
    first, last = max(first, whole.start), min(last, whole.end)
    first = max(whole.start, first.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(first.tzinfo))
    over = timedelta(minutes=last.astimezone(zone).minute, seconds=last.astimezone(zone).second)
    last = min(whole.end, last - over + HOUR) if over else last
    return Interval(first, max(last, first + HOUR))


def rows_of(shown: Interval) -> int:
    """Return how many rows of five minutes are drawn."""
    return min(288, -(-(shown.end - shown.start) // ROW))


def _hours_in(shown: Interval) -> int:
    return -(-(shown.end - shown.start) // HOUR)


def _cards(visits: list[Appointment], frame: Frame, *, by_room: bool = False) -> dict[int | None, list[Entry]]:
    """Return the cards of the visits by therapist or by room."""
    cards = defaultdict(list)
    for card in draw_cards(visits, frame, what_is_known(visits)):
        cards[card.appointment.room_id if by_room else card.appointment.therapist_id].append(card)
    return cards


def _closed(working: list[Interval], closures: list[Closure], shown: Interval) -> list[Entry]:
    """Return the time outside working hours, and the closures inside them with their reasons."""
    outside = [make_entry("closed", span, shown) for span in subtract([shown], working)]
    inside = [
        make_entry("closed", Interval(one.starts_at, one.ends_at), shown, words=one.reason or "Closed")
        for one in closures
        if overlaps_any(max(one.starts_at, shown.start), min(one.ends_at, shown.end), working)
    ]
    return [*outside, *inside]


def _free(frame: Frame, working, closures, cards, therapist: User | None) -> list[Entry]:
    """Return the steps of the grid that can still be pressed: in open time, not past, clear of visits and breaks."""
    step = frame.step
    open_time = subtract(working, [Interval(one.starts_at, one.ends_at) for one in closures])
    taken = merge(_takes(card.appointment) for card in cards)
    return [
        make_entry(
            "slot",
            Interval(moment, moment + step),
            frame.shown,
            fits=(moment, therapist and therapist.pk) in frame.fits,
        )
        for moment in frame.moments
        if moment + step > frame.now
        and overlaps_any(moment, moment + step, open_time)
        and not overlaps_any(moment, moment + step, taken)
    ]


def _takes(visit: Appointment) -> Interval:
    service = visit.service
    return widen(
        Interval(visit.starts_at, visit.ends_at),
        before=timedelta(minutes=service.buffer_before_minutes),
        after=timedelta(minutes=service.buffer_after_minutes),
    )
