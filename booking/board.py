"""The day board: what stands where in a day, as rows of five minutes. The same queries however full the day is."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, Q

from booking.availability import day_span, grid, working_time
from booking.forms import MOMENT
from booking.intervals import Interval, merge, overlaps_any, subtract, widen
from booking.models import Appointment, WaitlistEntry
from booking.slots import load_hours
from clients.gate import Gate, gates_for
from practice.models import AuditEvent, Closure, Practice, User
from practice.zones import at_wall_time

ROW = timedelta(minutes=5)
HOUR = timedelta(hours=1)
USUAL_DAY = (8, 18)
ARRIVALS = timedelta(hours=2)  # how far from its start a visit can be checked in with one press


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
    can_arrive: bool = False

    @property
    def moment(self) -> str:
        """When it starts, as booking's address takes it: UTC, whatever zone the page is in."""
        return self.starts_at.astimezone(UTC).strftime(MOMENT)

    @property
    def state(self) -> str:
        """What the badge says: the status, or how far the visit has come."""
        session = getattr(self.appointment, "treatment_session", None)
        if session is not None:
            return "seen" if session.signed_at else "in_session"
        return self.appointment.status


@dataclass
class Column:
    """One therapist's day, entries in order of time."""

    therapist: User
    is_working: bool
    entries: list[Entry] = field(default_factory=list)

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


def board_stamp(day: date, now: datetime) -> str:
    """Return a mark that changes whenever anything was done in the practice, and every five minutes. One query."""
    latest = AuditEvent.objects.aggregate(latest=Max("pk"))["latest"] or 0
    return f"{day:%Y%m%d}-{latest}-{int(now.timestamp() // ROW.total_seconds())}"


def load_board(*, practice: Practice, day: date, user: User, now: datetime) -> Board:
    """Return the board of `day` as `user` may see it: the whole practice, or a therapist's own and covered columns."""
    zone = ZoneInfo(practice.time_zone)
    stamp = board_stamp(day, now)  # before anything is read: what happens meanwhile shows at the next look
    whole = day_span(day, 1, zone)
    visits = _visits(user, whole)
    therapists = _therapists(user, visits)
    hours, closures = load_hours(therapist.pk for therapist in therapists), _closures(whole)
    open_times = {pk: working_time(hours.get(pk, ()), day, zone) for pk in (one.pk for one in therapists)}
    shown = _shown(day, zone, [*visits, *(interval for times in open_times.values() for interval in times)])

    cards = _cards(visits, shown, now)
    columns, away = [], []
    for therapist in therapists:
        working, own = open_times[therapist.pk], cards.get(therapist.pk, [])
        if not working and not own:
            away.append(therapist)
            continue
        closed = [one for one in closures if one.room_id is None and one.therapist_id in (None, therapist.pk)]
        entries = [
            *_closed(working, closed, shown),
            *own,
            *_free(working, closed, own, grid(day, practice.slot_minutes, zone), shown, now, practice.slot_minutes),
        ]
        entries.sort(key=lambda entry: (entry.starts_at, entry.kind != "closed"))
        columns.append(Column(therapist, bool(working), entries))
    return Board(
        day=day,
        columns=columns,
        hours=[(_row(shown, shown.start + n * HOUR), shown.start + n * HOUR) for n in range(_hours_in(shown))],
        rows=_rows(shown),
        now_row=_row(shown, now) if shown.start <= now < shown.end else None,
        away=away,
        stamp=stamp,
        waiting=list(
            WaitlistEntry.objects.visible_to(user).waiting(now).select_related("client", "service", "therapist")
        ),
    )


def _visits(user: User, whole: Interval) -> list[Appointment]:
    visits = Appointment.objects.visible_to(user).live().overlapping(whole.start, whole.end)
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


def _closures(whole: Interval) -> list[Closure]:
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


def _rows(shown: Interval) -> int:
    return min(288, -(-(shown.end - shown.start) // ROW))


def _hours_in(shown: Interval) -> int:
    return -(-(shown.end - shown.start) // HOUR)


def _entry(kind: str, span: Interval, shown: Interval, **more) -> Entry:
    """Return an entry clipped to what is shown; its rows cover every minute it takes."""
    start, end = max(span.start, shown.start), min(span.end, shown.end)
    row = min(_row(shown, start), 287)
    rows = max(1, -(-(end - shown.start) // ROW) - row)
    return Entry(kind=kind, row=row, rows=min(rows, 288), starts_at=span.start, ends_at=span.end, **more)


def _cards(visits: list[Appointment], shown: Interval, now: datetime) -> dict[int, list[Entry]]:
    gates = gates_for({visit.client_id for visit in visits})
    numbers = _visit_numbers(visits)
    cards = defaultdict(list)
    for visit in visits:
        is_expected = visit.status in ("booked", "confirmed") and not hasattr(visit, "treatment_session")
        cards[visit.therapist_id].append(
            _entry(
                "visit",
                Interval(visit.starts_at, visit.ends_at),
                shown,
                appointment=visit,
                gate=gates[visit.client_id],
                visit_number=numbers.get(visit.pk),
                can_arrive=is_expected and abs(visit.starts_at - now) <= ARRIVALS,
            )
        )
    return cards


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


def _free(working, closures, cards, moments, shown, now, step_minutes) -> list[Entry]:
    """Return the steps of the grid that can still be pressed: in open time, not past, clear of visits and breaks."""
    step = timedelta(minutes=step_minutes)
    open_time = subtract(working, [Interval(one.starts_at, one.ends_at) for one in closures])
    taken = merge(_takes(card.appointment) for card in cards)
    return [
        _entry("slot", Interval(moment, moment + step), shown)
        for moment in moments
        if moment + step > now
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
