"""What was done to a muscle across visits. Drafts are marked as such; sessions entered in error are left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Sum, Value, Window
from django.db.models.functions import Concat, RowNumber
from django.urls import reverse

from anatomy.body import Side
from anatomy.drawing import MuscleMark
from clients.models import Client
from sessions.entries import in_order, spot, spot_name
from sessions.models import CopiedField, FindingTechnique, MuscleFinding
from sessions.words import lowered

NOTHING = Q(
    tone__isnull=True,
    tenderness__isnull=True,
    has_trigger_point__isnull=True,
    is_familiar_pain__isnull=True,
    refers_to="",
    pressure__isnull=True,
    minutes=0,
    response="",
)
TREND_VISITS = 40  # the latest that are drawn; the table has all of them


def findings_of(client: Client) -> QuerySet[MuscleFinding]:
    """Return what was recorded of the client's muscles; those laid out by the plan and not charted are left out."""
    used = FindingTechnique.objects.filter(finding=OuterRef("pk"))
    of_client = MuscleFinding.objects.standing().filter(session__client=client)
    return of_client.exclude(NOTHING & ~Exists(used))


def muscle_findings(client: Client, muscle: str, side: str = "") -> QuerySet[MuscleFinding]:
    """Return the findings of one muscle, newest visit first; of one `side` only when it is given.

    One query with session, therapist and visit, one more each for techniques and copy marks: the client's sessions by
    their index, each finding by (session, muscle, side). "Right piriformis, last time" is the first of it.
    """
    found = findings_of(client).filter(muscle=muscle, **({"side": side} if side else {}))
    used = FindingTechnique.objects.select_related("technique").order_by("technique__position", "pk")
    return (
        found.select_related("session__appointment", "session__therapist")
        .prefetch_related(Prefetch("used_techniques", used), "session__copied_fields")
        .order_by("-session__appointment__starts_at", "-session_id", "side")
    )


def history_url(client_id: int, muscle: str, side: str) -> str:
    """Return the address of all visits of one muscle on one side."""
    return f"{reverse('sessions:muscle_history', args=[client_id, muscle])}?side={side}"


# --- over all muscles


@dataclass(frozen=True, slots=True)
class Treated:
    """One muscle on one side over all visits, with what its latest visit recorded."""

    muscle: str
    side: str
    visits: int
    minutes: int
    last: MuscleFinding

    @property
    def tenderness(self) -> int | None:
        """Return how tender it was at the latest visit; None if nobody felt it there: not recorded, or only copied."""
        return None if self.last.is_tenderness_copied else self.last.tenderness

    @property
    def spot(self) -> str:
        """Return where it is, such as `left:piriformis`."""
        return spot(self.side, self.muscle)

    @property
    def name(self) -> str:
        """Return side and muscle in words."""
        return spot_name(self.side, self.muscle)

    @property
    def mark(self) -> MuscleMark:
        """Return it as the muscle map draws it: how tender it last was."""
        return MuscleMark(
            muscle=self.muscle,
            side=Side(self.side),
            tenderness=self.tenderness,
            is_familiar=bool(self.last.is_familiar_pain),
            href=history_url(self.last.session.client_id, self.muscle, self.side),
        )


def treated_muscles(client: Client) -> list[Treated]:
    """Return every muscle and side with something recorded, in the order of the muscle grid. One query."""
    over = {"partition_by": [F("muscle"), F("side")]}
    newest = [F("session__appointment__starts_at").desc(), F("session_id").desc()]
    here = Concat(OuterRef("side"), Value(":"), OuterRef("muscle"), output_field=CharField())
    copied = CopiedField.objects.filter(session=OuterRef("session"), spot=here, field="tenderness")
    rows = (
        findings_of(client)
        .annotate(
            is_tenderness_copied=Exists(copied),
            place=Window(RowNumber(), order_by=newest, **over),
            visits=Window(Count("pk"), **over),
            total=Window(Sum("minutes"), **over),
        )
        .filter(place=1)
        .select_related("session__appointment", "session__therapist")
    )
    return in_order(Treated(row.muscle, row.side, row.visits, row.total, row) for row in rows)


# --- the trend


@dataclass(frozen=True, slots=True)
class Mark:
    """One visit in the drawing: its middle, the height of its tenderness (None: not recorded), the bar of its minutes."""

    x: float
    y: float | None
    bar_y: float
    bar_height: float
    at: datetime
    tenderness: int | None
    minutes: int


WIDTH, HEIGHT, LEFT, RIGHT, TOP = 600, 190, 34, 12, 14
SCALE_HEIGHT, BARS_TOP, FLOOR = 76, 112, 166


@dataclass(frozen=True, slots=True)
class Trend:
    """Tenderness (0–4, a line) above minutes (bars) of one muscle and side over its visits, the oldest at the left."""

    name: str
    marks: tuple[Mark, ...]
    most_minutes: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right_edge: int = WIDTH - RIGHT
    floor: int = FLOOR

    @property
    def line(self) -> str:
        """The points of the line, through every visit at which tenderness was recorded."""
        return " ".join(f"{mark.x},{mark.y}" for mark in self.marks if mark.y is not None)

    @property
    def grid(self) -> list[tuple[int, float]]:
        """The steps of the scale with their heights."""
        return [(step, _height(step)) for step in (0, 2, 4)]

    @property
    def words(self) -> str:
        """The same in one sentence, for who does not see the drawing."""
        felt = [mark for mark in self.marks if mark.tenderness is not None]
        first, last = (felt[0], felt[-1]) if felt else (None, None)
        tender = (
            f"tenderness {first.tenderness} of 4 at first, {last.tenderness} of 4 at last"
            if first
            else "tenderness not recorded"
        )
        given = sum(mark.minutes for mark in self.marks)
        return f"{self.name} over {len(self.marks)} visits: {tender}; {given} minutes in all."


def trends_of(findings: Iterable[MuscleFinding]) -> list[Trend]:
    """Return a drawing per side from the findings of one muscle, newest first; none for a side seen fewer than twice."""
    by_side: dict[str, list[MuscleFinding]] = {}
    for finding in findings:
        by_side.setdefault(finding.side, []).append(finding)
    drawn = {side: rows[:TREND_VISITS][::-1] for side, rows in sorted(by_side.items()) if len(rows) > 1}
    return [_trend(rows) for rows in drawn.values()]


def trend_rows(client: Client, muscle: str, side: str = "") -> list[MuscleFinding]:
    """Return the latest findings of the muscle that the drawings need, without techniques. Two queries."""
    rows = muscle_findings(client, muscle, side).prefetch_related(None).prefetch_related("session__copied_fields")
    return list(rows[: 2 * TREND_VISITS])


def _trend(rows: Sequence[MuscleFinding]) -> Trend:
    most = max(row.minutes for row in rows)
    step = (WIDTH - LEFT - RIGHT) / len(rows)
    marks = []
    for place, row in enumerate(rows):
        felt = None if "tenderness" in copied_of(row) else row.tenderness  # copied is not felt
        bar = round((FLOOR - BARS_TOP) * row.minutes / most, 1) if most else 0.0
        marks.append(
            Mark(
                x=round(LEFT + step * (place + 0.5), 1),
                y=None if felt is None else _height(felt),
                bar_y=round(FLOOR - bar, 1),
                bar_height=bar,
                at=row.session.appointment.starts_at,
                tenderness=felt,
                minutes=row.minutes,
            )
        )
    return Trend(name=spot_name(rows[0].side, rows[0].muscle), marks=tuple(marks), most_minutes=most)


def _height(tenderness: int) -> float:
    return round(TOP + (4 - tenderness) / 4 * SCALE_HEIGHT, 1)


def copied_of(finding: MuscleFinding) -> set[str]:
    """Return the fields that were carried forward into this finding and never confirmed. Fetch by `muscle_findings`."""
    here = spot(finding.side, finding.muscle)
    return {row.field for row in finding.session.copied_fields.all() if row.spot == here}


def techniques_in_words(finding: MuscleFinding) -> str:
    """Return the names of the techniques used, in the order of the reviewed text. Fetch by `muscle_findings`."""
    return ", ".join(lowered(used.technique.name) for used in finding.used_techniques.all())
