"""The day board: what stands where in a day, as rows of five minutes, by therapist or by room.

The same queries however full the day is.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, Min, Q

from booking.appointments import OPEN_STATES
from booking.availability import day_span, grid, working_time
from booking.forms import MOMENT
from booking.intervals import Interval, merge, overlaps_any, subtract, widen
from booking.models import Appointment, WaitlistEntry
from booking.slots import load_hours
from clients.gate import Gate, gates_for
from practice.models import AuditEvent, Closure, Practice, Room, User
from practice.templatetags.ui import local_time
from practice.zones import at_wall_time

ROW = timedelta(minutes=5)
HOUR = timedelta(hours=1)
USUAL_DAY = (8, 18)
ARRIVALS = timedelta(hours=2)  # how far from its start a visit can be checked in with one press


@dataclass(frozen=True)
class Flag:
    """A word on a card with its tone and icon; `more` is said where there is room."""

    tone: str
    icon: str
    words: str
    more: str = ""


@dataclass(frozen=True)
class Entry:
    """Something in a column: its first row, its length in rows, and its time of day."""

    kind: str  # visit, slot or closed
    row: int
    rows: int
    starts_at: datetime
    ends_at: datetime
    words: str = ""
    appointment: Appointment | None = None
    gate: Gate | None = None
    visit_number: int | None = None
    is_new: bool = False
    can_arrive: bool = False
    can_move: bool = False
    fits: bool = False

    @property
    def moment(self) -> str:
        """When it starts, as booking's address takes it: UTC, whatever zone the page is in."""
        return self.starts_at.astimezone(UTC).strftime(MOMENT)

    @property
    def length(self) -> int:
        """How many minutes it takes."""
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    @property
    def state(self) -> str:
        """What the badge says: the status, or how far the visit has come."""
        session = getattr(self.appointment, "treatment_session", None)
        if session is not None:
            return "seen" if session.signed_at else "in_session"
        return self.appointment.status

    @property
    def state_words(self) -> str:
        """The badge's words where they are more than its name."""
        return f"Held until {local_time(self.appointment.held_until)}" if self.state == "held" else ""

    @property
    def stop(self) -> Flag | None:
        """The one flag that comes before everything else."""
        return _gate_flag("stop", "x-octagon-fill", self.gate.words) if self.gate.state == "stop" else None

    @property
    def flags(self) -> list[Flag]:
        """What the desk should know beside the state, the most pressing first."""
        visit, flags = self.appointment, []
        if self.gate.state == "intake_missing":
            flags.append(_gate_flag("warn", "clipboard", self.gate.words))
        if self.is_new:
            flags.append(Flag("info", "person-plus", "New client"))
        if self.visit_number and visit.plan:
            flags.append(Flag("quiet", "list-ol", f"Visit {self.visit_number} of {visit.plan.planned_visits}"))
        if visit.booked_by_id is None:
            flags.append(Flag("quiet", "link-45deg", "Online", " booking"))
        return flags


def _gate_flag(tone: str, icon: str, words: str) -> Flag:
    short, dash, more = words.partition(" – ")
    return Flag(tone, icon, short, f"{dash}{more}")


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


@dataclass(frozen=True)
class Frame:
    """What a column is drawn in: its day, what of it is shown, the present, the grid, closures, and starts that fit."""

    day: date
    zone: ZoneInfo
    shown: Interval
    now: datetime
    step: timedelta
    closures: list[Closure]
    fits: frozenset[tuple[datetime, int | None]] = frozenset()

    @property
    def now_row(self) -> int | None:
        """The row of the present moment, if it is shown."""
        return _row(self.shown, self.now) if self.shown.start <= self.now < self.shown.end else None

    @property
    def moments(self) -> list[datetime]:
        """The grid of the day."""
        return grid(self.day, int(self.step.total_seconds() // 60), self.zone)


def hours_of(shown: Interval) -> list[tuple[int, datetime]]:
    """Return the rows and moments of the hours at the side."""
    return [(_row(shown, shown.start + n * HOUR), shown.start + n * HOUR) for n in range(_hours_in(shown))]


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
        visits.select_related("client", "therapist", "service", "room", "plan", "treatment_session").order_by(
            "starts_at", "pk"
        )
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


def _row(shown: Interval, moment: datetime) -> int:
    return max(0, int((moment - shown.start) / ROW))


def rows_of(shown: Interval) -> int:
    """Return how many rows of five minutes are drawn."""
    return min(288, -(-(shown.end - shown.start) // ROW))


def _hours_in(shown: Interval) -> int:
    return -(-(shown.end - shown.start) // HOUR)


def _entry(kind: str, span: Interval, shown: Interval, **more) -> Entry:
    """Return an entry clipped to what is shown; its rows cover every minute it takes."""
    start, end = max(span.start, shown.start), min(span.end, shown.end)
    row = min(_row(shown, start), 287)
    rows = max(1, -(-(end - shown.start) // ROW) - row)
    return Entry(kind=kind, row=row, rows=min(rows, 288), starts_at=span.start, ends_at=span.end, **more)


def _cards(visits: list[Appointment], frame: Frame, *, by_room: bool = False) -> dict[int | None, list[Entry]]:
    """Return the cards of the visits by therapist or by room."""
    cards = defaultdict(list)
    for card in draw_cards(visits, frame, what_is_known(visits)):
        cards[card.appointment.room_id if by_room else card.appointment.therapist_id].append(card)
    return cards


@dataclass(frozen=True)
class Known:
    """What cards say beside the visit: gates and first visits by client, and which visit of its plan each one is."""

    gates: dict[int, Gate]
    firsts: dict[int, datetime]
    numbers: dict[int, int]


def what_is_known(visits: list[Appointment]) -> Known:
    """Return what the desk should know about all these visits; five queries, however many they are."""
    gates = gates_for({visit.client_id for visit in visits})
    return Known(gates, _first_visits(visits), _visit_numbers(visits))


def draw_cards(visits: list[Appointment], frame: Frame, known: Known) -> list[Entry]:
    """Return a card for each visit."""
    return [_card(visit, frame, known) for visit in visits]


def _card(visit: Appointment, frame: Frame, known: Known) -> Entry:
    is_charted = hasattr(visit, "treatment_session")
    is_expected = visit.status in ("booked", "confirmed") and not is_charted
    return _entry(
        "visit",
        Interval(visit.starts_at, visit.ends_at),
        frame.shown,
        appointment=visit,
        gate=known.gates[visit.client_id],
        visit_number=known.numbers.get(visit.pk),
        is_new=visit.starts_at <= known.firsts.get(visit.client_id, visit.starts_at),
        can_arrive=is_expected and abs(visit.starts_at - frame.now) <= ARRIVALS,
        can_move=visit.status in OPEN_STATES and not is_charted,
    )


def _first_visits(visits: list[Appointment]) -> dict[int, datetime]:
    """Return when each client came, or is to come, for the first time; a visit they missed does not count."""
    clients = {visit.client_id for visit in visits}
    rows = Appointment.objects.live().exclude(status="no_show").filter(client__in=clients)
    return dict(rows.values_list("client_id").annotate(first=Min("starts_at")).order_by("client_id"))


def _visit_numbers(visits: list[Appointment]) -> dict[int, int]:
    """Return which visit of its plan each appointment is, counting those that were not missed or cancelled."""
    plans = {visit.plan_id for visit in visits if visit.plan_id}
    # The visit in which a plan was started was booked before there was one: its session knows the plan.
    rows = Appointment.objects.live().filter(Q(plan__in=plans) | Q(treatment_session__plan__in=plans))
    rows = rows.exclude(status="no_show").order_by("starts_at", "pk")
    numbers, counts = {}, defaultdict(int)
    for pk, plan, charted in rows.values_list("pk", "plan_id", "treatment_session__plan_id"):
        counts[plan or charted] += 1
        numbers[pk] = counts[plan or charted]
    return numbers


def _closed(working: list[Interval], closures: list[Closure], shown: Interval) -> list[Entry]:
    """Return the time outside working hours, and the closures inside them with their reasons."""
    outside = [_entry("closed", span, shown) for span in subtract([shown], working)]
    inside = [
        _entry("closed", Interval(one.starts_at, one.ends_at), shown, words=one.reason or "Closed")
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
        _entry(
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
