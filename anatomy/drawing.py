"""The drawing of the body: smooth outlines worked out from the few points of figure.toml, one half mirrored.

Everything is written and sent once, for the half at the picture's right (x > 0); the page mirrors it. In the front view
the picture's right is the client's left; seen from behind it is the client's right. From the side, the half at the right is
the client's right side and looks to the right. Units are those of the SVG viewBox, y downwards.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from anatomy.body import MUSCLES, REGIONS, SIDES, Side
from anatomy.cards import check_known, read_toml

FIGURE = Path(__file__).parent / "figure.toml"
TENDEREST = 4
WIDEST = 292  # units across the widest picture
OVERLAP = -0.4  # the halves meet a little beyond the midline, or a hair of background would show between them


class Point(NamedTuple):
    """A point of a curve: passed smoothly, or with an edge when it is a corner."""

    x: float
    y: float
    corner: bool = False


Points = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Scenery:
    """A line that is only looked at: bone, nerve, crease. `kind` ends up in its CSS class."""

    kind: str
    d: str


@dataclass(frozen=True, slots=True)
class Outline:
    """One region or muscle as drawn for the picture's right half: outline and fibres as SVG paths."""

    key: str
    d: str
    fibres: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One region or muscle on one side: which outline, whether mirrored, and the place of its badge."""

    key: str
    name: str
    side: Side
    is_mirrored: bool
    badge_x: float
    badge_y: float

    @property
    def spot(self) -> str:
        """Return the value used in forms and links, such as `left:buttock`."""
        return f"{self.side.value}:{self.key}"

    @property
    def label(self) -> str:
        """Return side and name in words: "Left buttock"."""
        return sided(self.side, self.name)


@dataclass(frozen=True, slots=True)
class Caption:
    """A name at the picture's edge, with a hairline to the thing named. `anchor` is SVG's text-anchor."""

    lines: tuple[str, ...]
    x: float
    y: float
    anchor: str
    leader: str


@dataclass(frozen=True, slots=True)
class View:
    """One picture. `body` is the closed area of one half, `contour` its open outline; `whole` scenery is not mirrored.

    `aspect` is where one looks from: back, side or front. Surface and depth of one aspect are two pictures.
    """

    key: str
    aspect: str
    name: str
    box: tuple[float, float, float, float]
    body: str
    contour: str
    behind: tuple[Scenery, ...]
    whole: tuple[Scenery, ...]
    outlines: tuple[Outline, ...]
    shapes: tuple[Shape, ...]
    front: tuple[Scenery, ...]
    captions: tuple[Caption, ...]
    client_left_at_right: bool

    @property
    def viewbox(self) -> str:
        """Return the SVG viewBox: x, y, width, height."""
        return " ".join(f"{each:g}" for each in self.box)

    @property
    def scale(self) -> float:
        """Return the size of badges and lettering: 1 for the widest picture, less for a closer look."""
        return round(self.box[2] / WIDEST, 2)

    @property
    def title_y(self) -> float:
        """Return the base line of the picture's name, at its upper edge."""
        return self.box[1] + 13

    @property
    def edge_left(self) -> float:
        """Return where words at the picture's left edge begin."""
        return self.box[0] + 4

    @property
    def edge_right(self) -> float:
        """Return where words at the picture's right edge end."""
        return self.box[0] + self.box[2] - 4

    @property
    def at_left(self) -> str:
        """Return which of the client's sides lies at the picture's left."""
        return Side.RIGHT.label if self.client_left_at_right else Side.LEFT.label

    @property
    def at_right(self) -> str:
        """Return which of the client's sides lies at the picture's right."""
        return Side.LEFT.label if self.client_left_at_right else Side.RIGHT.label


@dataclass(frozen=True, slots=True)
class MuscleMark:
    """What was found and done in one muscle on one side.

    `tenderness` is 0–4 or None; `is_familiar` = gave the familiar pain; `minutes` were given, `planned` minutes are what the
    plan lays out (None: not planned). `is_recorded` is False for a muscle laid out or opened with nothing entered. `href`
    is where its line in the list leads.
    """

    muscle: str
    side: Side
    tenderness: int | None = None
    is_familiar: bool = False
    minutes: int = 0
    planned: int | None = None
    is_recorded: bool = True
    href: str = ""

    @property
    def shade(self) -> str:
        """Return the depth of the shading, "0" to "4", "seen" without a tenderness, "open" with nothing entered."""
        if self.tenderness is not None:
            return str(min(max(self.tenderness, 0), TENDEREST))
        return "seen" if self.is_recorded else "open"

    @property
    def badge(self) -> str:
        """Return what stands on the picture: the number, a dot, or a P for planned."""
        if self.shade == "open":
            return "–" if self.planned is None else "P"
        return "•" if self.tenderness is None else self.shade

    @property
    def name(self) -> str:
        """Return side and muscle: "Left piriformis"."""
        return sided(self.side, MUSCLES[self.muscle].name)

    @property
    def found(self) -> str:
        """Return the finding in words: "tenderness 3 of 4, familiar pain, 10 min"."""
        words = [
            *([f"tenderness {self.shade} of {TENDEREST}"] if self.tenderness is not None else []),
            *(["familiar pain"] if self.is_familiar else []),
            *([f"{self.minutes} min"] if self.minutes else []),
        ]
        if words:
            return ", ".join(words)
        if self.is_recorded:
            return "recorded"
        return "nothing entered yet" if self.planned is None else f"planned, {self.planned} min"

    @property
    def words(self) -> str:
        """Return muscle and finding: "Left piriformis: tenderness 3 of 4, familiar pain"."""
        return f"{self.name}: {self.found}"


def sided(side: Side, name: str) -> str:
    """Return side and name as one phrase: "Left buttock"."""
    return f"{side.label} {name[0].lower()}{name[1:]}"


def parse_points(text: str) -> Points:
    """Return the points of "x y, x y!, …"; an exclamation mark makes a corner. Raises ValueError."""
    points = []
    for pair in text.split(","):
        x, y = pair.strip().removesuffix("!").split()
        points.append(Point(float(x), float(y), corner=pair.strip().endswith("!")))
    return tuple(points)


def between(one: Points, other: Points, share: float) -> Points:
    """Return the curve `share` (0–1) of the way from one edge of a muscle to the other: a fibre."""
    return tuple(Point(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share) for a, b in zip(one, other, strict=True))


def smooth_path(points: Sequence[Point], *, closed: bool = False) -> str:
    """Return the SVG path through all points, smooth everywhere but at corners (Catmull–Rom as cubic Béziers).

    Steps are relative and in tenths of a unit, each measured from where the one before really ended: short, no drift.
    """
    count = len(points)
    at = _rounded(points[0])
    steps = [f"M{_numbers(at.x, at.y)}"]
    for index in range(count if closed else count - 1):
        here, there = points[index], points[(index + 1) % count]
        before = points[index - 1] if closed or index else here
        after = points[(index + 2) % count] if closed or index + 2 < count else there
        steps.append(_step(at, before, here, there, after))
        at = _rounded(there)
    return "".join(steps) + ("z" if closed else "")


def _step(at: Point, before: Point, here: Point, there: Point, after: Point) -> str:
    if here.corner and there.corner:
        return f"l{_numbers(*_from(at, there))}"
    start = here if here.corner else _handle(here, before, there)
    end = there if there.corner else _handle(there, after, here)
    return f"c{_numbers(*_from(at, start), *_from(at, end), *_from(at, there))}"


def _handle(at: Point, away: Point, towards: Point) -> Point:
    return Point(at.x + (towards.x - away.x) / 6, at.y + (towards.y - away.y) / 6)


def _from(at: Point, point: Point) -> tuple[float, float]:
    there = _rounded(point)
    return there.x - at.x, there.y - at.y


def _rounded(point: Point) -> Point:
    return Point(round(point.x, 1), round(point.y, 1))


def _numbers(*values: float) -> str:
    """Return numbers as SVG's shortest list: tenths, no leading zero, a minus sign instead of a space."""
    words = [
        f"{round(value, 1) + 0.0:g}".replace("0.", ".", 1) if abs(value) < 1 else f"{round(value, 1):g}"
        for value in values
    ]
    return words[0] + "".join(word if word.startswith("-") else f" {word}" for word in words[1:])


def _outline(row: dict[str, Any]) -> Outline:
    parts = [_part(each) for each in row["parts"]]
    return Outline(row["key"], "".join(d for d, _ in parts), "".join(fibres for _, fibres in parts))


def _part(row: dict[str, Any]) -> tuple[str, str]:
    """Return outline and fibres of one part: an outline as written, or the way round its two edges."""
    one, other = (parse_points(row[edge]) if edge in row else () for edge in ("one", "other"))
    around = parse_points(row["outline"]) if "outline" in row else (*one, *reversed(other))
    count = row.get("fibres", 0)
    fibres = (between(one, other, (number + 1) / (count + 1)) for number in range(count))
    return smooth_path(around, closed=True), "".join(smooth_path(each) for each in fibres)


def _shapes(row: dict[str, Any], name: str, at_right: Side) -> Iterable[Shape]:
    x, y = row["badge"]
    for side in SIDES:
        is_mirrored = side != at_right
        yield Shape(row["key"], name, side, is_mirrored, -x if is_mirrored else x, y)


def _scenery(rows: Iterable[dict[str, Any]], *, whole: bool = False) -> tuple[Scenery, ...]:
    return tuple(
        Scenery(row["kind"], smooth_path(parse_points(row["points"]), closed=row.get("closed", False)))
        for row in rows
        if row.get("whole", False) == whole
    )


def _caption(row: dict[str, Any]) -> Caption:
    (x, y), (to_x, to_y) = row["at"], row["to"]
    edge = Point(x - 3 if x > 0 else x + 3, y - 2.5, corner=True)
    leader = smooth_path((edge, Point(to_x, to_y, corner=True)))
    return Caption(tuple(row["lines"]), x, y, "start" if x > 0 else "end", leader)


def _body(lines: str | list[str]) -> tuple[str, str]:
    """Return the closed area of one half and its open outline: up to the midline, or within the two lines of a side."""
    if isinstance(lines, str):
        half = parse_points(lines)
        top, bottom = Point(OVERLAP, half[0].y, corner=True), Point(OVERLAP, half[-1].y, corner=True)
        return smooth_path((top, *half, bottom), closed=True), smooth_path(half)
    back, front = map(parse_points, lines)
    return smooth_path((*back, *front), closed=True), smooth_path(back) + smooth_path(front)


def _view(row: dict[str, Any], bodies: dict[str, str | list[str]], names: dict[str, str]) -> View:
    check_known((shape["key"] for shape in row["shape"]), names, where=f"figure.toml: {row['key']}")
    body, contour = _body(bodies[row["body"]])
    at_right = Side.LEFT if row["client_left_at_right"] else Side.RIGHT
    x, y, width, height = row["box"]
    return View(
        key=row["key"],
        aspect=row.get("aspect", row["key"]),
        name=row["name"],
        box=(x, y, width, height),
        body=body,
        contour=contour,
        behind=_scenery(row.get("behind", ())),
        whole=_scenery(row.get("behind", ()), whole=True),
        outlines=tuple(_outline(each) for each in row["shape"]),
        shapes=tuple(shape for each in row["shape"] for shape in _shapes(each, names[each["key"]], at_right)),
        front=_scenery(row.get("front", ())),
        captions=tuple(_caption(each) for each in row.get("caption", ())),
        client_left_at_right=row["client_left_at_right"],
    )


def load_views(path: Path, picture: str, names: dict[str, str]) -> tuple[View, ...]:
    """Return the views of one picture of the file (`pain` or `muscles`).

    `names` holds the name of every key that may be drawn. Raises KnowledgeError for a key that is not among them.
    """
    file = read_toml(path)
    return tuple(_view(row, file["body"], names) for row in file[picture])


PAIN_VIEWS = load_views(FIGURE, "pain", {key: each.name for key, each in REGIONS.items()})
MUSCLE_VIEWS = load_views(FIGURE, "muscles", {key: each.name for key, each in MUSCLES.items()})
