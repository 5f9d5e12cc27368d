"""The shapes of the knowledge cards. Every card names its sources by key of docs/clinical-sources.md."""

from dataclasses import dataclass
from enum import StrEnum


class EvidenceGrade(StrEnum):
    """How much the published evidence carries a plan."""

    LOW = "low"
    VERY_LOW = "very_low"
    AGAINST = "against"

    @property
    def label(self) -> str:
        """Return the grade in words for the person choosing a plan."""
        return {
            "low": "Low: small trials, mixed or short-term results",
            "very_low": "Very low: case reports, small trials and clinical teaching",
            "against": "Guidelines advise against massage as the treatment; comfort care beside it only",
        }[self.value]


@dataclass(frozen=True, slots=True)
class TechniqueCard:
    """One manual technique. `pressure_max` is the client's own 0–10 number; seconds are per point."""

    key: str
    name: str
    short: str
    what: str
    pressure_max: int
    seconds_min: int
    seconds_max: int
    cautions: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExerciseCard:
    """One home exercise in the client's words. `muscles` are keys of anatomy; `load` is easy, middle or strong."""

    key: str
    name: str
    how: str
    dose: str
    stop: str
    load: str
    muscles: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TestCard:
    """One examination test, so that entries are comparable. `unit` is degrees, minutes or empty.

    `result` says whether positive or negative is asked for, optional beside the value, or none at all.
    """

    __test__ = False  # a card, not a test class for pytest

    key: str
    name: str
    how: str
    positive: str
    not_positive: str
    by_side: bool
    in_routine: bool
    sources: tuple[str, ...]
    unit: str = ""
    unit_max: int = 0
    unit_step: int = 5
    result: str = "asked"
    caution: str = ""

    @property
    def sides(self) -> tuple[str, ...]:
        """Return the sides it is entered for; one without a name for a test of the whole person."""
        return ("left", "right") if self.by_side else ("",)


@dataclass(frozen=True, slots=True)
class MeasureCard:
    """One outcome measure: range `least` to `most`, which way is better, and the change that matters, where one is known.

    `better` is lower or higher. `way` is how a value comes in: chart, scale, number, activities or statements. `when` is
    visit (each), milestone (start, re-test, last visit), retest (the same without the start) or empty (as it comes).
    A change matters from `matters_points` or from `matters_share` of the first value; 0 means no source gives a number.
    `is_change` marks a measure that is itself a change since a stated day.
    """

    key: str
    name: str
    short: str
    asks: str
    least: int
    most: int
    better: str
    way: str
    licence: str
    is_embedded: bool
    sources: tuple[str, ...]
    when: str = ""
    decimals: int = 0
    is_change: bool = False
    low_end: str = ""
    high_end: str = ""
    matters_points: float = 0.0
    matters_share: float = 0.0
    matters_note: str = ""
    statements: tuple[str, ...] = ()

    @property
    def is_entered(self) -> bool:
        """Say whether it is entered on a page of its own; the others come with a chart or a check-in."""
        return self.way != "chart"

    @property
    def direction(self) -> str:
        """Return which way is better, in words."""
        return f"{self.better} is better"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to say about one modifiable factor. `item` is the intake question; shown from `at_least` of its unit."""

    key: str
    item: str
    name: str
    words: str
    sources: tuple[str, ...]
    at_least: int = 0


@dataclass(frozen=True, slots=True)
class PhaseMuscle:
    """One muscle's share of a session: technique keys in order, minutes on the table, pressure ceiling 0–10."""

    muscle: str
    techniques: tuple[str, ...]
    minutes: int
    pressure: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class PhaseCard:
    """One phase of a protocol. `days_between` visits is the planned rhythm; `exercises` and `advice` are keys."""

    key: str
    name: str
    aim: str
    visits: int
    days_between: int
    frequency: str
    session_minutes: int
    muscles: tuple[PhaseMuscle, ...]
    exercises: tuple[str, ...]
    progress: tuple[str, ...]
    caution: str

    @property
    def hands_on_minutes(self) -> int:
        """Return the minutes on the table; the rest of the session is for asking, testing and teaching."""
        return sum(each.minutes for each in self.muscles)


@dataclass(frozen=True, slots=True)
class ProtocolCard:
    """An editable plan template in phases. `offered_for` are screening patterns; clearance = a clinician's, on file."""

    key: str
    name: str
    summary: str
    for_whom: str
    not_for: tuple[str, ...]
    evidence_grade: str
    evidence: str
    requires_clearance: bool
    phases: tuple[PhaseCard, ...]
    advice: tuple[str, ...]
    tests: tuple[str, ...]
    stop_rules: tuple[str, ...]
    sources: tuple[str, ...]
    offered_for: tuple[str, ...] = ()

    @property
    def visits(self) -> int:
        """Return the planned number of visits over all phases."""
        return sum(phase.visits for phase in self.phases)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All cards by key, each in its file's order."""

    techniques: dict[str, TechniqueCard]
    exercises: dict[str, ExerciseCard]
    tests: dict[str, TestCard]
    measures: dict[str, MeasureCard]
    advice: dict[str, Advice]
    protocols: dict[str, ProtocolCard]
