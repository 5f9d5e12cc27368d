"""What a rule set is made of: items, groups, rules, cautions, weights, scores and words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from clients.screening.conditions import Condition, Test
from clients.screening.result import Caution, Evidence
from clients.screening.vocabulary import Group, Item

DATA = Path(__file__).parent
FILES = ("items", "groups", "rules", "open", "cautions", "weights", "scores", "words")

EMERGENCY, URGENT, INCOMPLETE, ROUTINE, TREAT = (
    "emergency", "urgent_referral", "incomplete", "routine_referral", "treat",
)  # fmt: skip
TRIAGE = (EMERGENCY, URGENT, INCOMPLETE, ROUTINE, TREAT)  # highest first
FLAG_LEVELS = (EMERGENCY, URGENT, ROUTINE)
GRADES = ("published", "unverified", "expert")
CAUTION_KINDS = ("absolute", "local", "clearance", "caution")
ADVICE = "advice"  # the kind of caution that is no caution
AXES = ("radicular", "gluteal", "myofascial", "sacroiliac")
PATTERNS = ("radicular", "deep_gluteal", "myofascial", "sacroiliac")
AXIS_OF = dict(zip(PATTERNS, AXES, strict=True))  # the axis that speaks for a pattern
MIXED, INSUFFICIENT, NOT_APPLICABLE = "mixed_or_unclear", "insufficient_data", "not_applicable"
RESULTS = (*PATTERNS, MIXED, INSUFFICIENT, NOT_APPLICABLE)
BANDS = ("several", "some", "no_lean", "few")
CLEARANCE = "cleared_by_clinician_this_episode"
SCORE_FACTS = (*(f"{axis}_score" for axis in AXES), "radicular_lead")
DERIVED = ("age_at_onset",)
DIGITS = 6  # weights and scores are rounded here, so that 0.9999999 is the 1.0 it was meant to be


class Conditional:
    """What holds when its condition is met, unless another takes it back."""

    when: Condition
    unless: Condition | None

    @cached_property
    def holds(self) -> Test:
        """The function of the facts that says whether it holds."""
        when = self.when.test
        if self.unless is None:
            return when
        unless = self.unless.test
        return lambda facts: when(facts) and not unless(facts)


@dataclass(frozen=True)
class Rule(Conditional):
    """One red flag. `level` is emergency, urgent_referral or routine_referral."""

    id: str
    level: str
    when: Condition
    unless: Condition | None
    why: str
    therapist: str
    client: str
    referrer: str
    source: str
    grade: str
    clearable: bool = False
    after_scores: bool = False
    context: tuple[str, ...] = ()
    shows_score: str = ""


@dataclass(frozen=True)
class CautionRule(Conditional):
    """When a caution, or a piece of advice, is given."""

    id: str
    when: Condition
    unless: Condition | None
    caution: Caution


@dataclass(frozen=True)
class OpenQuestion:
    """`item` has to be asked while `when` holds. `source` and `grade` are empty for emergency items: they are always asked."""

    item: str
    when: Condition
    source: str = ""
    grade: str = ""


@dataclass(frozen=True)
class Minimum:
    """One of the groups of answers needed before a pattern is named; `items` are what to ask while it is not met."""

    id: str
    label: str
    items: tuple[str, ...]
    when: Condition


@dataclass(frozen=True)
class Weight(Conditional):
    """What one finding weighs: `ln_lr` is the natural log of a likelihood ratio; `evidence` carries it clamped and shrunk."""

    ln_lr: float
    when: Condition
    unless: Condition | None
    evidence: Evidence


@dataclass(frozen=True)
class WeightGroup:
    """Findings of which only one counts, since they say the same thing; `values` runs from most for to most against."""

    axis: str
    id: str
    label: str
    values: tuple[Weight, ...]


@dataclass(frozen=True)
class PatternRule(Conditional):
    """When a pattern may be named."""

    id: str
    when: Condition
    unless: Condition | None


@dataclass(frozen=True)
class PublishedScore:
    """A published score: a count of `parts`. One that is off carries no cut-off and says why in `note`."""

    id: str
    title: str
    on: bool
    source: str
    grade: str
    parts: tuple[Condition, ...]
    at_least: int
    known: Condition | None
    note: str


@dataclass(frozen=True)
class Limits:
    """The numbers of the arithmetic: clamp and shrink of one group, clamp of an axis, and the edges of the bands."""

    shrink: float
    clamp: float
    axis_clamp: float
    several: float
    some: float
    few: float


@dataclass(frozen=True)
class RuleSet:
    """Everything the engine knows. `version` is a hash of the data, so equal versions decide equally."""

    version: str
    items: Mapping[str, Item]
    groups: tuple[Group, ...]
    rules: tuple[Rule, ...]
    cautions: tuple[CautionRule, ...]
    advice: tuple[CautionRule, ...]
    open_questions: tuple[OpenQuestion, ...]  # keep a screening incomplete
    asked_besides: tuple[OpenQuestion, ...]  # are named as missing and decide nothing
    minimum: tuple[Minimum, ...]
    weights: tuple[WeightGroup, ...]
    mixed: Condition
    patterns: tuple[PatternRule, ...]
    scores: tuple[PublishedScore, ...]
    limits: Limits
    words: Mapping[str, Any]

    @cached_property
    def early(self) -> tuple[Rule, ...]:
        """The flag rules that need no score, in the order they are looked at."""
        return tuple(rule for rule in self.rules if not rule.after_scores)

    @cached_property
    def late(self) -> tuple[Rule, ...]:
        """The flag rules that look at the scores: the plan gate."""
        return tuple(rule for rule in self.rules if rule.after_scores)

    def without(self, rule_id: str) -> "RuleSet":
        """Return this rule set lacking one flag rule: how the tests prove that each one is needed."""
        return replace(
            self,
            version=f"{self.version}-without-{rule_id}",
            rules=tuple(rule for rule in self.rules if rule.id != rule_id),
        )
