"""Where it hurts, over time: drawings on the body map, and how far down the leg they reach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from anatomy.body import LEVEL_NAMES, LEVELS, lowest_level
from clients.models import NOWHERE, Client, Intake, PainDrawing
from practice.models import User

SHOWN = 6  # drawings of a course; earlier ones stand in the story of the client


@dataclass(frozen=True, slots=True)
class DrawingCourse:
    """A client's drawings, the newest first, and the way their lowest level went."""

    drawings: Sequence[PainDrawing]

    @property
    def latest(self) -> PainDrawing | None:
        """Return the newest drawing, or None."""
        return self.drawings[0] if self.drawings else None

    @property
    def regions(self) -> list[dict[str, str]]:
        """Return the places of the newest drawing."""
        return self.drawings[0].regions if self.drawings else []

    @property
    def marked(self) -> list[PainDrawing]:
        """Return the drawings with a place marked, the oldest first. An empty one says nothing about how far down."""
        return [drawing for drawing in reversed(self.drawings) if drawing.lowest_level in LEVELS]

    @property
    def told(self) -> list[PainDrawing]:
        """Return the drawings that answer how far down it reaches, "nowhere" included, the oldest first."""
        return [drawing for drawing in reversed(self.drawings) if drawing.lowest_level]

    @property
    def is_gone(self) -> bool:
        """Say whether the newest answer is that it is felt nowhere."""
        return bool(self.told) and self.told[-1].lowest_level == NOWHERE

    @property
    def ladder(self) -> list[tuple[str, list[str]]]:
        """Return, per level from the back down, what each marked drawing says of it: "lowest", "above" or ""."""
        lowest = [LEVELS.index(drawing.lowest_level) for drawing in self.marked]
        return [
            (LEVEL_NAMES[level], ["lowest" if rung == at else "above" if rung < at else "" for at in lowest])
            for rung, level in enumerate(LEVELS)
        ]

    @property
    def step(self) -> int:
        """Return by how many levels the last marked drawing reaches further down than the one before; less than 0: up.

        What is felt nowhere now reaches no further down than anything.
        """
        if self.is_gone:
            return 0
        levels = [LEVELS.index(drawing.lowest_level) for drawing in self.marked[-2:]]
        return levels[1] - levels[0] if len(levels) == 2 else 0

    @property
    def is_spreading(self) -> bool:
        """Say whether the last drawing reaches further down than the one before."""
        return self.step > 0

    @property
    def words(self) -> str:
        """Return what the last two drawings say about the level, as a likeness; empty while there is one only."""
        if self.is_gone:
            return "Nowhere on the map any more, says the client."
        if len(self.marked) < 2:
            return ""
        if self.step < 0:
            return "Reaches less far down than before: more like centralising than spreading."
        if self.step > 0:
            return (
                "Reaches further down than before: more like spreading than centralising. "
                "Ask what has changed, and go through the full re-screen before you treat."
            )
        return "Reaches as far down as before."


def course_of(client: Client) -> DrawingCourse:
    """Return the newest drawings of a client. One query."""
    rows = client.pain_drawings.select_related("by").order_by("-drawn_at", "-pk")
    return DrawingCourse(list(rows[:SHOWN]))


def store_drawing(
    *,
    client: Client,
    regions: Iterable[Mapping[str, str]],
    at: datetime,
    intake: Intake | None = None,
    by: User | None = None,
    is_nowhere: bool = False,
) -> PainDrawing:
    """Store a drawing, a list of {"region", "side"}, for good, and return it.

    `by` is the therapist who took it; without, the client marked it alone. `is_nowhere` is the answer that it is felt
    nowhere now, which an empty drawing without it is not: silence is never "no". A place marked speaks against it.
    """
    places = list(regions)
    lowest = lowest_level(each["region"] for each in places) or (NOWHERE if is_nowhere else "")
    return PainDrawing.objects.create(
        client=client, intake=intake, regions=places, lowest_level=lowest, drawn_at=at, by=by
    )
