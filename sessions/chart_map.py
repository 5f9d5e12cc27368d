"""The chart's muscles as a picture with its list, and as a table: the same fields as on the cards, laid out otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import BoundField

from anatomy.body import GROUPS, MUSCLES, SIDES, Muscle, Side, region
from anatomy.body import spot as region_spot
from anatomy.drawing import MuscleMark
from sessions.copying import CARRIED
from sessions.entries import SCALE, FindingEntry, Plan, spot, spot_name
from sessions.forms import FindingForm, prefix_of
from sessions.words import lowered

VIEWS = {"map": "Body map", "cards": "Cards", "grid": "Table"}  # how the muscles of a chart may be laid out
FAMILIAR = {"yes": "familiar pain", "no": "not the familiar pain"}


@dataclass(frozen=True, slots=True)
class Place:
    """One muscle on one side in the list beside the picture. `mark` is None while it is not on the chart."""

    muscle: Muscle
    side: Side
    mark: MuscleMark | None

    @property
    def where(self) -> str:
        """Return the value that stands for it in forms, such as `left:piriformis`."""
        return spot(self.side, self.muscle.key)

    @property
    def anchor(self) -> str:
        """Return the id of its card."""
        return prefix_of(self.where)

    @property
    def name(self) -> str:
        """Return side and muscle in words."""
        return MuscleMark(self.muscle.key, self.side).name

    @property
    def muscle_words(self) -> str:
        """Return what stands behind the side: "piriformis: tenderness 3 of 4"."""
        words = self.mark.words if self.mark else f"{self.name}: not on the chart"
        return words.removeprefix(f"{self.side.label} ")

    @property
    def refers(self) -> list[str]:
        """Return the places of the pain map it usually refers to, on its own side: `left:buttock`."""
        return [region_spot(self.side, key) for key in self.muscle.refers_regions]

    @property
    def refers_words(self) -> str:
        """Return those places in words: "buttock, back of thigh"."""
        return ", ".join(region(key).name.lower() for key in self.muscle.refers_regions)


@dataclass(frozen=True, slots=True)
class GridCell:
    """One muscle on one side in the table. `techniques` gives the name of each key."""

    form: FindingForm
    plan: Plan | None
    techniques: Mapping[str, str]

    @property
    def side(self) -> Side:
        """Return the side."""
        return Side(self.form.side)

    @property
    def name(self) -> str:
        """Return side and muscle in words."""
        return spot_name(self.form.side, self.form.muscle)

    @property
    def choices(self) -> list[BoundField]:
        """Return the fields with a column that are chosen from a short list, in the table's order."""
        return [self.form[name] for name in ("tone", "tenderness", "has_trigger_point")]

    @property
    def hidden(self) -> list[tuple[str, Any]]:
        """Return (name, value) of what is recorded without a column, so that saving the table keeps it."""
        single = [self.form[name] for name in ("is_familiar_pain", "refers_to", "pressure")]
        techniques = self.form["techniques"]
        return [
            *((field.html_name, field.value()) for field in single if field.value() not in (None, "")),
            *((techniques.html_name, key) for key in techniques.value() or ()),
        ]

    @property
    def rest(self) -> str:
        """Return in words what is recorded without a column."""
        value = {name: self.form[name].value() for name in ("is_familiar_pain", "refers_to", "pressure")}
        return ", ".join(
            [
                *([FAMILIAR[value["is_familiar_pain"]]] if value["is_familiar_pain"] in FAMILIAR else []),
                *([f"refers to {value['refers_to']}"] if value["refers_to"] else []),
                *(lowered(self.techniques.get(key, key)) for key in self.form["techniques"].value() or ()),
                *([f"pressure {value['pressure']}/10"] if value["pressure"] not in (None, "") else []),
            ]
        )


@dataclass(frozen=True, slots=True)
class GridRow:
    """One muscle in the table, with a cell for each side."""

    muscle: Muscle
    cells: list[GridCell]

    @property
    def has_notes(self) -> bool:
        """Say whether there is something to tell below the fields: planned, carried forward, without a column."""
        return any(cell.plan or cell.form.copied or cell.rest for cell in self.cells)


def muscle_marks(forms: Iterable[FindingForm], plans: Mapping[str, Plan]) -> list[MuscleMark]:
    """Return what the picture shows of each muscle on the page. `plans` are those of the visit by spot."""
    return [mark_of(form, plans.get(form.spot)) for form in forms]


def mark_of(form: FindingForm, plan: Plan | None) -> MuscleMark:
    """Return what a muscle's fields hold, typed or stored, as the picture shows it; what is not a number counts as none."""
    return MuscleMark(
        muscle=form.muscle,
        side=Side(form.side),
        tenderness=_number(form["tenderness"].value(), SCALE),
        is_familiar=form["is_familiar_pain"].value() == "yes",
        minutes=_number(form["minutes"].value(), range(1000)) or 0,
        planned=plan.minutes if plan else None,
        is_recorded=any(form[name].value() for name in (*CARRIED, "response")) or _is_zero(form),
    )


def _is_zero(form: FindingForm) -> bool:
    return any(str(form[name].value()) == "0" for name in ("tone", "tenderness", "pressure"))


def _number(value: object, scale: Sequence[int]) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) in scale else None


def places_by_group(marks: Iterable[MuscleMark]) -> list[tuple[str, list[tuple[str, list[Place]]]]]:
    """Return, per muscle group, each muscle with its two sides, as the list beside the picture names them."""
    found = {(mark.muscle, mark.side): mark for mark in marks}
    return [
        (
            group.name,
            [
                (muscle.name, [Place(muscle, side, found.get((muscle.key, side))) for side in SIDES])
                for muscle in group.muscles
            ],
        )
        for group in GROUPS
    ]


def with_all_muscles(findings: Iterable[FindingEntry]) -> list[FindingEntry]:
    """Return the findings, and an empty one for every muscle and side that is missing, in the order of the table."""
    found = {finding.spot: finding for finding in findings}
    every = [FindingEntry(key, side.value) for key in MUSCLES for side in SIDES]
    return [found.pop(entry.spot, entry) for entry in every] + list(found.values())


def without_untouched(findings: Iterable[FindingEntry], stored: Iterable[FindingEntry]) -> list[FindingEntry]:
    """Return the findings less those that were only opened: empty, and not on the stored chart."""
    standing = {finding.spot for finding in stored}
    return [finding for finding in findings if finding.spot in standing or not finding.is_empty]


def grid_rows(
    forms: Iterable[FindingForm], plans: Mapping[str, Plan], techniques: Mapping[str, str]
) -> list[tuple[str, list[GridRow]]]:
    """Return, per muscle group, each muscle with the cells of its sides; the foremost groups first."""
    found: dict[str, list[GridCell]] = {}
    for form in forms:
        found.setdefault(form.muscle, []).append(GridCell(form, plans.get(form.spot), techniques))
    rows = [
        (
            group.name,
            [
                GridRow(muscle, sorted(found[muscle.key], key=lambda cell: cell.side))
                for muscle in group.muscles
                if muscle.key in found
            ],
        )
        for group in GROUPS
    ]
    return [(name, muscles) for name, muscles in rows if muscles]
