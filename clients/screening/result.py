"""What a screening returns: triage, pattern, and every reason for both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Flag:
    """A red flag that fired. `cleared` says that a clinician's clearance of this episode lifts it."""

    id: str
    level: str
    why: str
    source: str
    grade: str
    client_words: str
    therapist_words: str
    referrer_words: str
    items: tuple[str, ...]
    cleared: bool = False


@dataclass(frozen=True)
class Caution:
    """What to adapt at the table. `kind` is absolute, local, clearance or caution; for advice it is advice."""

    id: str
    kind: str
    why: str
    therapist_words: str
    source: str
    grade: str


@dataclass(frozen=True)
class Evidence:
    """The finding that counts for its group. `weight` is after clamp and shrink; `direction` is for or against."""

    item: str
    direction: str
    weight: float
    source: str
    group: str
    text: str
    grade: str


@dataclass(frozen=True)
class Score:
    """A published score: `count` of `of` parts (0 of 0 where none is shown); `met` is None while too little is known or it is off."""

    id: str
    title: str
    on: bool
    count: int
    of: int
    met: bool | None
    note: str
    source: str


@dataclass(frozen=True)
class ScreeningResult:
    """The result of one screening. It sorts and prompts; it names no disease.

    `missing` holds item keys: first those that keep it incomplete (`blocking`), then those to ask that decide nothing
    (the age), then those the pattern still needs.
    `scores` and `bands` are per axis; scores are sums of shrunk log likelihood ratios, never a probability.
    """

    triage: str
    pattern: str
    flags: tuple[Flag, ...]
    evidence: Mapping[str, tuple[Evidence, ...]]
    missing: tuple[str, ...]
    cautions: tuple[Caution, ...]
    rules_version: str
    blocking: tuple[str, ...]
    minimum_missing: tuple[str, ...]
    minimum_answered: int
    minimum_needed: int
    scores: Mapping[str, float]
    bands: Mapping[str, str]
    advice: tuple[Caution, ...]

    @property
    def forbids_treatment(self) -> bool:
        """Whether nobody may be treated on this result before something else has happened."""
        return self.triage != "treat"

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON shape of `manage.py screen`."""
        return {
            "triage": self.triage,
            "pattern": self.pattern,
            "flags": [{"id": f.id, "level": f.level, "why": f.why, "source": f.source} for f in self.flags],
            "evidence": {
                axis: [
                    {"item": e.item, "direction": e.direction, "weight": e.weight, "source": e.source} for e in found
                ]
                for axis, found in self.evidence.items()
            },
            "missing": list(self.missing),
            "cautions": [{"id": c.id, "kind": c.kind, "why": c.why, "source": c.source} for c in self.cautions],
            "rules_version": self.rules_version,
        }
