"""What stands in a column of the board: visits with what the desk should know of them, free times, closed time."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Min

from booking.appointments import OPEN_STATES
from booking.availability import grid
from booking.forms import MOMENT
from booking.intervals import Interval
from booking.models import Appointment
from clients.gate import Gate, gates_for
from practice.models import Closure
from practice.templatetags.ui import local_time

ROW = timedelta(minutes=5)
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
        session = self.appointment.chart if self.appointment else None
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
        return row_of(self.shown, self.now) if self.shown.start <= self.now < self.shown.end else None

    @property
    def moments(self) -> list[datetime]:
        """The grid of the day."""
        return grid(self.day, int(self.step.total_seconds() // 60), self.zone)


def row_of(shown: Interval, moment: datetime) -> int:
    """Return in which row a moment lies."""
    return max(0, int((moment - shown.start) / ROW))


def make_entry(kind: str, span: Interval, shown: Interval, **more) -> Entry:
    """Return an entry clipped to what is shown; its rows cover every minute it takes."""
    start, end = max(span.start, shown.start), min(span.end, shown.end)
    row = min(row_of(shown, start), 287)
    rows = max(1, -(-(end - shown.start) // ROW) - row)
    return Entry(kind=kind, row=row, rows=min(rows, 288), starts_at=span.start, ends_at=span.end, **more)


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
    is_charted = visit.chart is not None
    is_expected = visit.status in ("booked", "confirmed") and not is_charted
    return make_entry(
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
    rows = Appointment.objects.live().with_chart().exclude(status="no_show")
    rows = rows.values_list("starts_at", "pk", "plan_id", "charted__plan_id")
    # The visit in which a plan was started was booked before there was one: its session knows the plan. An "or" over
    # both would read through every visit there is.
    rows = rows.filter(plan__in=plans).union(rows.filter(charted__plan__in=plans))
    numbers, counts = {}, defaultdict(int)
    for _, pk, plan, charted in sorted(rows, key=lambda row: row[:2]):
        counts[plan or charted] += 1
        numbers[pk] = counts[plan or charted]
    return numbers
