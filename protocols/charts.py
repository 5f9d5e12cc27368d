"""Charts of measures drawn on the server as SVG: no script, they print, and a sentence and a table say the same."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from protocols.knowledge import MeasureCard
from protocols.progress import Course, in_figures

WIDTH, HEIGHT = 600, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 14, 34


@dataclass(frozen=True, slots=True)
class Point:
    """One value: where it lies in the drawing, when it was measured and how it is written."""

    x: float
    y: float
    at: datetime
    value: str


@dataclass(frozen=True, slots=True)
class Band:
    """The region around the baseline within which a change does not matter, and the values at its edges."""

    y: float
    height: float
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing of one course: points oldest first, the line through them, the baseline, grid and band."""

    course: Course
    points: tuple[Point, ...]
    band: Band | None
    grid: tuple[tuple[str, float], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right_edge: int = WIDTH - RIGHT
    plot_width: int = WIDTH - LEFT - RIGHT

    @property
    def line(self) -> str:
        """Return the line through the points, as SVG writes it."""
        return " ".join(f"{point.x},{point.y}" for point in self.points)

    @property
    def first(self) -> Point:
        """Return the baseline."""
        return self.points[0]

    @property
    def latest(self) -> Point:
        """Return the newest value."""
        return self.points[-1]


def chart_of(course: Course) -> Chart | None:
    """Return the drawing of a course; None with fewer than two values."""
    if len(course.scores) < 2:
        return None
    first = course.first.at
    span = (course.latest.at - first).total_seconds() or 1
    height_of = _heights(course.card)
    points = tuple(
        Point(
            x=round(LEFT + (score.at - first).total_seconds() / span * (WIDTH - LEFT - RIGHT), 1),
            y=height_of(score.value),
            at=score.at,
            value=in_figures(score.value),
        )
        for score in course.scores
    )
    return Chart(course=course, points=points, band=_band(course, height_of), grid=_grid(course.card, height_of))


def _heights(card: MeasureCard) -> Callable[[Decimal | int], float]:
    def height_of(value: Decimal | int) -> float:
        share = (float(value) - card.least) / (card.most - card.least)
        return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)

    return height_of


def _grid(card: MeasureCard, height_of: Callable[[Decimal | int], float]) -> tuple[tuple[str, float], ...]:
    middle = Decimal(card.least + card.most) / 2
    return tuple((in_figures(value), height_of(value)) for value in (card.least, middle, card.most))


def _band(course: Course, height_of: Callable[[Decimal | int], float]) -> Band | None:
    if course.band is None:
        return None
    low, high = course.band
    top = height_of(high)
    return Band(y=top, height=round(height_of(low) - top, 1), low=in_figures(low), high=in_figures(high))
