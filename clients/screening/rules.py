"""The rule set: items, groups, rules, cautions, weights, scores and words, read from the TOML files beside this module."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from clients.screening.conditions import BadRule, Condition, Scope, compile_condition
from clients.screening.result import Caution, Evidence
from clients.screening.vocabulary import KINDS, Group, Item

Entry = TypeVar("Entry")

DATA = Path(__file__).parent
FILES = ("items", "groups", "rules", "open", "cautions", "weights", "scores", "words")

EMERGENCY, URGENT, INCOMPLETE, ROUTINE, TREAT = (
    "emergency", "urgent_referral", "incomplete", "routine_referral", "treat",
)  # fmt: skip
TRIAGE = (EMERGENCY, URGENT, INCOMPLETE, ROUTINE, TREAT)  # highest first
FLAG_LEVELS = (EMERGENCY, URGENT, ROUTINE)
GRADES = ("published", "unverified", "expert")
CAUTION_KINDS = ("absolute", "local", "clearance", "caution", "advice")
AXES = ("radicular", "gluteal", "myofascial", "sacroiliac")
PATTERNS = ("radicular", "deep_gluteal", "myofascial", "sacroiliac")
AXIS_OF = dict(zip(PATTERNS, AXES, strict=True))  # the axis that speaks for a pattern
MIXED, INSUFFICIENT, NOT_APPLICABLE = "mixed_or_unclear", "insufficient_data", "not_applicable"
SCORE_FACTS = (*(f"{axis}_score" for axis in AXES), "radicular_lead")
DERIVED = ("age_at_onset",)
DIGITS = 6  # weights and scores are rounded here, so that 0.9999999 is the 1.0 it was meant to be


@dataclass(frozen=True)
class Rule:
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
class CautionRule:
    """When a caution, or a piece of advice, is given."""

    id: str
    when: Condition
    unless: Condition | None
    caution: Caution


@dataclass(frozen=True)
class OpenQuestion:
    """What keeps a screening incomplete: `item` has to be asked while `when` holds."""

    item: str
    when: Condition


@dataclass(frozen=True)
class Minimum:
    """One of the groups of answers needed before a pattern is named; `items` are what to ask while it is not met."""

    id: str
    label: str
    items: tuple[str, ...]
    when: Condition


@dataclass(frozen=True)
class Weight:
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
class PatternRule:
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
    open_questions: tuple[OpenQuestion, ...]
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


def load_rules(path: Path | str = DATA) -> RuleSet:
    """Read a folder of TOML files and return its rule set.

    A file the folder lacks is taken from the built-in data, so a trial folder may hold one changed file.
    Raises BadRule, naming the entry, for anything unknown, doubled or unreadable.
    """
    data = {name: _read(Path(path), name) for name in FILES}
    return _Loader(data).rule_set()


def _read(folder: Path, name: str) -> dict[str, Any]:
    if not folder.is_dir():
        raise BadRule(f"{folder} is not a folder of rules.")
    file = folder / f"{name}.toml"
    if not file.exists():
        file = DATA / f"{name}.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRule(f"{file.name}: {error}") from error


class _Loader:
    def __init__(self, data: dict[str, dict[str, Any]]) -> None:
        self.data = data
        self.defined: dict[str, Condition] = {}
        self.fired: list[str] = []
        self.items: dict[str, Item] = {}

    def rule_set(self) -> RuleSet:
        data, weights = self.data, self.data["weights"]
        self.items = self._items()
        self._define(data["rules"])
        self._define(weights)
        rules = tuple(self._flag_rule(entry) for entry in data["rules"]["rule"])
        cautions = tuple(self._caution_rule(entry, entry["kind"]) for entry in data["cautions"]["caution"])
        advice = tuple(self._caution_rule(entry, "advice") for entry in data["cautions"]["advice"])
        _refuse_doubles("rule", [*(rule.id for rule in rules), *(rule.id for rule in (*cautions, *advice))])
        return RuleSet(
            version=_version(data),
            items=self.items,
            groups=self._groups(),
            rules=rules,
            cautions=cautions,
            advice=advice,
            open_questions=self._open_questions(),
            minimum=tuple(self._minimum(entry) for entry in weights["minimum"]),
            weights=self._weights(),
            mixed=self._condition("mixed", weights["mixed"]["when"], SCORE_FACTS),
            patterns=tuple(self._pattern(entry) for entry in weights["pattern"]),
            scores=tuple(self._score(entry) for entry in data["scores"]["score"]),
            limits=Limits(**weights["limits"]),
            words=data["words"],
        )

    def _condition(self, name: str, text: str, more: Iterable[str] = ()) -> Condition:
        scope = Scope(self.items, (*DERIVED, *more), self.defined, self.fired)
        try:
            return compile_condition(text, scope)
        except BadRule as error:
            raise BadRule(f"{name}: {error}") from error

    def _define(self, part: dict[str, Any]) -> None:
        for name, text in part.get("define", {}).items():
            if name in self.items or name in self.defined:
                raise BadRule(f"{name} is defined twice.")
            self.defined[name] = self._condition(name, text)

    def _items(self) -> dict[str, Item]:
        entries = self.data["items"]["item"]
        _refuse_doubles("item", [entry["key"] for entry in entries])
        items = {}
        for entry in entries:
            _require(entry["key"], entry["kind"], KINDS)
            _require(entry["key"], entry["by"], ("client", "therapist", "both"))
            items[entry["key"]] = _build(Item, entry, drop=("ask_if",))
        self.items = items
        for entry in entries:
            if "ask_if" in entry:
                asked = self._condition(entry["key"], entry["ask_if"])
                items[entry["key"]] = replace(items[entry["key"]], ask_if=asked)
        return items

    def _groups(self) -> tuple[Group, ...]:
        groups = tuple(_build(Group, entry) for entry in self.data["groups"]["group"])
        asked = [key for group in groups for key in group.items]
        _refuse_doubles("question in the groups", asked)
        if set(asked) != set(self.items):
            raise BadRule(f"Not in exactly one group: {', '.join(sorted(set(asked) ^ set(self.items)))}.")
        return groups

    def _flag_rule(self, entry: dict[str, Any]) -> Rule:
        name, level = entry["id"], entry["level"]
        _require(name, level, FLAG_LEVELS)
        _require(name, entry["grade"], GRADES)
        self._known_items(entry.get("context", ()))
        words = self.data["words"]["triage"][level]
        more = SCORE_FACTS if entry.get("after_scores") else ()
        given = {"therapist": words["therapist"], "client": words["client"], **entry, **self._both(name, entry, more)}
        self.fired.append(name)
        return _build(Rule, given)

    def _caution_rule(self, entry: dict[str, Any], kind: str) -> CautionRule:
        name = entry["id"]
        _require(name, kind, CAUTION_KINDS)
        _require(name, entry["grade"], GRADES)
        caution = Caution(name, kind, entry["why"], entry["therapist"], entry["source"], entry["grade"])
        return CautionRule(name, caution=caution, **self._both(name, entry, SCORE_FACTS))

    def _open_questions(self) -> tuple[OpenQuestion, ...]:
        emergency = [
            OpenQuestion(key, self._condition(key, f"{key} unanswered"))
            for key, item in self.items.items()
            if item.emergency
        ]
        listed = [
            OpenQuestion(entry["item"], self._condition(entry["item"], entry["when"]))
            for entry in self.data["open"]["open"]
        ]
        self._known_items([question.item for question in listed])
        return (*emergency, *listed)

    def _minimum(self, entry: dict[str, Any]) -> Minimum:
        self._known_items(entry["items"])
        return _build(Minimum, {**entry, "when": self._condition(entry["id"], entry["when"])})

    def _weights(self) -> tuple[WeightGroup, ...]:
        groups = []
        for entry in self.data["weights"]["group"]:
            _require(entry["id"], entry["axis"], AXES)
            values = [self._weight(value, entry["id"]) for value in entry["value"]]
            values.sort(key=lambda weight: -weight.ln_lr)
            groups.append(WeightGroup(entry["axis"], entry["id"], entry["label"], tuple(values)))
        return tuple(groups)

    def _weight(self, entry: dict[str, Any], group: str) -> Weight:
        self._known_items([entry["item"]])
        _require(entry["item"], entry["grade"], GRADES)
        limits = self.data["weights"]["limits"]
        clamped = max(-limits["clamp"], min(limits["clamp"], entry["ln_lr"]))
        evidence = Evidence(
            item=entry["item"],
            direction="for" if clamped > 0 else "against",
            weight=round(limits["shrink"] * clamped, DIGITS),
            source=entry["source"],
            group=group,
            text=entry["text"],
            grade=entry["grade"],
        )
        return Weight(entry["ln_lr"], evidence=evidence, **self._both(entry["item"], entry))

    def _pattern(self, entry: dict[str, Any]) -> PatternRule:
        _require("pattern", entry["id"], PATTERNS)
        return _build(PatternRule, {**entry, **self._both(entry["id"], entry, SCORE_FACTS)})

    def _both(self, name: str, entry: dict[str, Any], more: Iterable[str] = ()) -> dict[str, Any]:
        unless = self._condition(name, entry["unless"], more) if "unless" in entry else None
        return {"when": self._condition(name, entry["when"], more), "unless": unless}

    def _score(self, entry: dict[str, Any]) -> PublishedScore:
        name = entry["id"]
        _require(name, entry["grade"], GRADES)
        given = {
            "at_least": 0,
            **entry,
            "parts": tuple(self._condition(name, part) for part in entry.get("parts", ())),
            "known": self._condition(name, entry["known"]) if "known" in entry else None,
        }
        return _build(PublishedScore, given)

    def _known_items(self, keys: Iterable[str]) -> None:
        if unknown := set(keys) - set(self.items):
            raise BadRule(f"Unknown item {', '.join(sorted(unknown))}.")


def _build(kind: type[Entry], entry: dict[str, Any], drop: Iterable[str] = ()) -> Entry:
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items() if key not in drop}
    try:
        return kind(**given)
    except TypeError as error:
        name = entry.get("id") or entry.get("key") or entry.get("item")
        raise BadRule(f"{kind.__name__} {name}: {error}") from error


def _require(name: str, value: str, allowed: Iterable[str]) -> None:
    if value not in allowed:
        raise BadRule(f"{name}: {value!r} is not one of {', '.join(allowed)}.")


def _refuse_doubles(what: str, names: list[str]) -> None:
    if doubled := {name for name in names if names.count(name) > 1}:
        raise BadRule(f"{what} given twice: {', '.join(sorted(doubled))}.")


def _version(data: dict[str, dict[str, Any]]) -> str:
    text = json.dumps(data, sort_keys=True, ensure_ascii=True)
    return f"{data['rules']['version']}.{data['weights']['version']}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
