"""Charts drawn on the server as SVG: no script, they print, and a text alternative says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 600, 180
LEFT, RIGHT, TOP, BOTTOM = 30, 12, 12, 26


@dataclass(frozen=True, slots=True)
class Point:
    """One value of the line: where it lies in the drawing, and what it says."""

    x: float
    y: float
    at: datetime
    value: int
    label: str


@dataclass(frozen=True, slots=True)
class PainChart:
    """Pain over time, NRS 0-10: points, the line through them, grid lines, and the same in words."""

    points: tuple[Point, ...]
    line: str
    grid: tuple[tuple[int, float], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right_edge: int = WIDTH - RIGHT

    @property
    def first(self) -> Point:
        """The oldest value."""
        return self.points[0]

    @property
    def latest(self) -> Point:
        """The newest value."""
        return self.points[-1]


def pain_chart(scores: Sequence[tuple[datetime, int, str]]) -> PainChart | None:
    """Return the chart of (moment, NRS 0-10, words) in time order; None with fewer than two values."""
    if len(scores) < 2:
        return None
    first, span = scores[0][0], (scores[-1][0] - scores[0][0]).total_seconds() or 1
    points = tuple(
        Point(
            x=round(LEFT + (at - first).total_seconds() / span * (WIDTH - LEFT - RIGHT), 1),
            y=_height(value),
            at=at,
            value=value,
            label=label,
        )
        for at, value, label in scores
    )
    return PainChart(
        points=points,
        line=" ".join(f"{point.x},{point.y}" for point in points),
        grid=tuple((value, _height(value)) for value in (0, 5, 10)),
    )


def _height(value: int) -> float:
    return round(TOP + (10 - value) / 10 * (HEIGHT - TOP - BOTTOM), 1)
