"""Reading a rule set from its TOML files. Whatever cannot be used is refused by file and entry; nothing is guessed."""

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from clients.screening.conditions import FIRED, RESERVED, BadRule, Condition, Scope, compile_condition
from clients.screening.result import Caution, Evidence
from clients.screening.rules import (
    ADVICE,
    AXES,
    CAUTION_KINDS,
    CLEARANCE,
    DATA,
    DERIVED,
    DIGITS,
    EMERGENCY,
    FILES,
    FLAG_LEVELS,
    GRADES,
    PATTERNS,
    SCORE_FACTS,
    CautionRule,
    Limits,
    Minimum,
    OpenQuestion,
    PatternRule,
    PublishedScore,
    Rule,
    RuleSet,
    Weight,
    WeightGroup,
)
from clients.screening.shape import check_shape, entry_name, named, refuse_doubles, refuse_unknown
from clients.screening.vocabulary import KINDS, Facts, Group, Item

Entry = TypeVar("Entry")

ASKERS = ("client", "therapist", "both")
PARTS = ("urgent", "safety", "history", "pattern", "exam")
WITH_CHOICES = ("choice", "finding")
# What the engine itself looks at, and the kind it has to be.
ENGINE_ITEMS = {
    "age": "years",
    "duration_weeks": "weeks",
    "sij_tests_done": "count",
    "sij_tests_positive": "count",
    CLEARANCE: "answer",
}
NEVER_CLEARED = ("child", "child_flag", "spreading")
# Whatever fires on one of these alone cannot be cleared, under whatever name: under 18, and pain that moves down the leg.
BEYOND_CLEARANCE: tuple[Mapping[str, object], ...] = (*({"age": age} for age in range(18)), {"spreading_down": True})


def load_rules(path: Path | str = DATA) -> RuleSet:
    """Read a folder of TOML files and return its rule set.

    A file the folder lacks is taken from the built-in data, so a trial folder may hold one changed file.
    Raises BadRule, naming file and entry, for anything missing, unknown, doubled, contradictory or unreadable.
    """
    return build_rules({name: _read(Path(path), name) for name in FILES})


def build_rules(data: Mapping[str, Any]) -> RuleSet:
    """Return the rule set of parsed documents, one for each of FILES. Raises BadRule as `load_rules` does."""
    for name in FILES:
        check_shape(name, data[name])
    return _Loader(data).rule_set()


def _read(folder: Path, name: str) -> Any:
    file = folder / f"{name}.toml"
    try:
        if not folder.is_dir():
            raise BadRule(f"{folder} is not a folder of rules.")
        if not file.exists():
            file = DATA / f"{name}.toml"
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except BadRule:
        raise
    except OSError as error:
        raise BadRule(f"{file.name} cannot be read: {error.strerror or error}.") from error
    except RecursionError as error:
        raise BadRule(f"{file.name}: something is nested too deeply.") from error
    except ValueError as error:  # bad TOML, bad UTF-8, numbers of thousands of digits
        raise BadRule(f"{file.name}: {error}") from error


class _Loader:
    """Makes a rule set of documents that have the right shape; each part may name what the parts before it defined."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.items: dict[str, Item] = {}
        self.defined: dict[str, Condition] = {}
        self.fired: list[str] = []
        self.fired_early: list[str] = []

    def rule_set(self) -> RuleSet:
        weights = self.data["weights"]
        self._read_items()
        self._define("rules")
        self._define("weights")
        rules = self._each("rules", "rule", self._flag_rule)
        cautions = self._each("cautions", "caution", self._caution)
        advice = self._each("cautions", "advice", self._advice)
        with named("rules.toml, cautions.toml"):
            refuse_doubles("rule", [entry.id for part in (rules, cautions, advice) for entry in part])
        return RuleSet(
            version=_version(self.data),
            items=self.items,
            groups=self._groups(),
            rules=rules,
            cautions=cautions,
            advice=advice,
            open_questions=(*self._emergency_questions(), *self._each("open", "open", self._open_question)),
            asked_besides=self._each("open", "ask", self._open_question),
            minimum=self._unique("weights", "minimum", self._minimum),
            weights=self._weights(),
            mixed=self._mixed(weights["mixed"]),
            patterns=self._unique("weights", "pattern", self._pattern),
            scores=self._unique("scores", "score", self._score),
            limits=self._limits(weights["limits"]),
            words=self.data["words"],
        )

    # --- reading entries by name

    def _each(self, file: str, kind: str, read: Callable[[dict[str, Any]], Entry]) -> tuple[Entry, ...]:
        return tuple(_read_each(f"{file}.toml, ", kind, self.data[file][kind], read))

    def _unique(self, file: str, kind: str, read: Callable[[dict[str, Any]], Entry]) -> tuple[Entry, ...]:
        with named(f"{file}.toml"):
            refuse_doubles(kind, [entry["id"] for entry in self.data[file][kind]])
        return self._each(file, kind, read)

    def _condition(self, text: str, *, sees_scores: bool = False) -> Condition:
        derived = (*DERIVED, *SCORE_FACTS) if sees_scores else DERIVED
        flags = self.fired if sees_scores else self.fired_early
        return compile_condition(text, Scope(self.items, derived, self.defined, flags))

    def _both(self, entry: dict[str, Any], *, sees_scores: bool = False) -> dict[str, Any]:
        unless = self._condition(entry["unless"], sees_scores=sees_scores) if "unless" in entry else None
        return {"when": self._condition(entry["when"], sees_scores=sees_scores), "unless": unless}

    def _known_items(self, keys: Iterable[str]) -> None:
        if unknown := set(keys) - set(self.items):
            raise BadRule(f"unknown item {', '.join(sorted(unknown))}.")

    # --- items and groups

    def _read_items(self) -> None:
        entries = self.data["items"]["item"]
        with named("items.toml"):
            refuse_doubles("item", [entry["key"] for entry in entries])
        self.items = {item.key: item for item in self._each("items", "item", _item)}
        self.items = {item.key: item for item in self._each("items", "item", self._with_follow_up)}
        for key, kind in ENGINE_ITEMS.items():
            if key not in self.items or self.items[key].kind != kind:
                raise BadRule(f"items.toml, item {key}: the engine needs this item, of kind {kind!r}.")

    def _with_follow_up(self, entry: dict[str, Any]) -> Item:
        asked = self._condition(entry["ask_if"]) if "ask_if" in entry else None
        return replace(self.items[entry["key"]], ask_if=asked)

    def _groups(self) -> tuple[Group, ...]:
        groups = self._unique("groups", "group", self._group)
        asked = [key for group in groups for key in group.items]
        with named("groups.toml"):
            refuse_doubles("question", asked)
            if left := set(self.items) - set(asked):
                raise BadRule(f"not in any group: {', '.join(sorted(left))}.")
        return groups

    def _group(self, entry: dict[str, Any]) -> Group:
        refuse_unknown(entry["by"], ("client", "therapist"))
        refuse_unknown(entry["part"], PARTS)
        self._known_items(entry["items"])
        if entry["by"] == "client":
            for key in entry["items"]:
                if self.items[key].by == "therapist" or key == CLEARANCE:
                    raise BadRule(f"{key} is not for the client to answer.")
        return _build(Group, entry)

    # --- flags, cautions, questions

    def _define(self, file: str) -> None:
        for name, text in self.data[file].get("define", {}).items():
            with named(f"{file}.toml, define {name}"):
                if name in self.items or name in self.defined or name in RESERVED or name in (*DERIVED, *SCORE_FACTS):
                    raise BadRule("means something already.")
                self.defined[name] = self._condition(text)

    def _flag_rule(self, entry: dict[str, Any]) -> Rule:
        refuse_unknown(entry["level"], FLAG_LEVELS)
        refuse_unknown(entry["grade"], GRADES)
        self._known_items(entry.get("context", ()))
        if "shows_score" in entry:
            refuse_unknown(entry["shows_score"], [score["id"] for score in self.data["scores"]["score"]])
        is_late = entry.get("after_scores", False)
        words = self.data["words"]["triage"][entry["level"]]
        given = {"therapist": words["therapist"], "client": words["client"], **entry}
        rule = _build(Rule, given | self._both(entry, sees_scores=is_late))
        self._refuse_unsafe(rule)
        self.fired.append(rule.id)
        if not is_late:
            self.fired_early.append(rule.id)
        return rule

    def _refuse_unsafe(self, rule: Rule) -> None:
        """An emergency never waits for arithmetic; and some flags no clearance may ever lift."""
        if rule.level == EMERGENCY and rule.after_scores:
            raise BadRule("an emergency cannot wait for the scores.")
        if not rule.clearable:
            return
        if rule.level == EMERGENCY:
            raise BadRule("no clearance may lift an emergency.")
        if rule.id in NEVER_CLEARED or any(self._fires_on(rule, told) for told in BEYOND_CLEARANCE):
            raise BadRule("no clearance may lift what concerns people under 18 or pain that moves further down.")

    def _fires_on(self, rule: Rule, told: Mapping[str, object]) -> bool:
        facts: Facts = {
            **dict.fromkeys((*self.items, *SCORE_FACTS)),
            "age_at_onset": told.get("age"),
            FIRED: set(),
            **told,
        }
        return rule.holds(facts)

    def _caution(self, entry: dict[str, Any]) -> CautionRule:
        refuse_unknown(entry["kind"], CAUTION_KINDS)
        return self._caution_rule(entry, entry["kind"])

    def _advice(self, entry: dict[str, Any]) -> CautionRule:
        return self._caution_rule(entry, ADVICE)

    def _caution_rule(self, entry: dict[str, Any], kind: str) -> CautionRule:
        refuse_unknown(entry["grade"], GRADES)
        caution = Caution(entry["id"], kind, entry["why"], entry["therapist"], entry["source"], entry["grade"])
        return CautionRule(entry["id"], caution=caution, **self._both(entry, sees_scores=True))

    def _emergency_questions(self) -> Iterable[OpenQuestion]:
        for key, item in self.items.items():
            if item.emergency:
                yield OpenQuestion(key, self._condition(f"{key} unanswered"))

    def _open_question(self, entry: dict[str, Any]) -> OpenQuestion:
        self._known_items([entry["item"]])
        refuse_unknown(entry["grade"], GRADES)
        return OpenQuestion(entry["item"], self._condition(entry["when"]), entry["source"], entry["grade"])

    # --- pattern and scores

    def _minimum(self, entry: dict[str, Any]) -> Minimum:
        self._known_items(entry["items"])
        return _build(Minimum, {**entry, "when": self._condition(entry["when"])})

    def _mixed(self, entry: dict[str, Any]) -> Condition:
        with named("weights.toml, mixed"):
            return self._condition(entry["when"], sees_scores=True)

    def _limits(self, entry: dict[str, Any]) -> Limits:
        limits = Limits(**entry)
        if not (0 < limits.shrink <= 1 and limits.clamp > 0 and limits.axis_clamp > 0):
            raise BadRule("weights.toml, limits: shrink must be above 0 and at most 1, the clamps above 0.")
        if not limits.few < 0 < limits.some < limits.several:
            raise BadRule("weights.toml, limits: few must be below 0, some above it, several above some.")
        return limits

    def _weights(self) -> tuple[WeightGroup, ...]:
        with named("weights.toml"):
            refuse_doubles("group", [f"{entry['axis']} {entry['id']}" for entry in self.data["weights"]["group"]])
        return self._each("weights", "group", self._weight_group)

    def _weight_group(self, entry: dict[str, Any]) -> WeightGroup:
        refuse_unknown(entry["axis"], AXES)
        values = list(_read_each("", "value", entry["value"], lambda value: self._weight(value, entry["id"])))
        values.sort(key=lambda weight: -weight.ln_lr)
        return WeightGroup(entry["axis"], entry["id"], entry["label"], tuple(values))

    def _weight(self, entry: dict[str, Any], group: str) -> Weight:
        self._known_items([entry["item"]])
        refuse_unknown(entry["grade"], GRADES)
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
        return Weight(entry["ln_lr"], evidence=evidence, **self._both(entry))

    def _pattern(self, entry: dict[str, Any]) -> PatternRule:
        refuse_unknown(entry["id"], PATTERNS)
        return _build(PatternRule, {**entry, **self._both(entry, sees_scores=True)})

    def _score(self, entry: dict[str, Any]) -> PublishedScore:
        refuse_unknown(entry["grade"], GRADES)
        if entry["on"] and not {"parts", "at_least", "known"} <= set(entry):
            raise BadRule("a score that is on needs 'parts', 'at_least' and 'known'.")
        given = {
            "at_least": 0,
            **entry,
            "parts": tuple(self._condition(part) for part in entry.get("parts", ())),
            "known": self._condition(entry["known"]) if "known" in entry else None,
        }
        return _build(PublishedScore, given)


def _read_each(
    where: str, kind: str, entries: list[dict[str, Any]], read: Callable[[dict[str, Any]], Entry]
) -> Iterable[Entry]:
    for at, entry in enumerate(entries, start=1):
        with named(where + entry_name(kind, entry, at)):
            yield read(entry)


def _item(entry: dict[str, Any]) -> Item:
    refuse_unknown(entry["kind"], KINDS)
    refuse_unknown(entry["by"], ASKERS)
    if entry["key"] in (*RESERVED, *DERIVED, *SCORE_FACTS):
        raise BadRule("means something else in conditions.")
    if ("choices" in entry) != (entry["kind"] in WITH_CHOICES) or entry.get("choices") == {}:
        raise BadRule(f"'choices' are for {' and '.join(WITH_CHOICES)}, and those need them.")
    return _build(Item, {key: value for key, value in entry.items() if key != "ask_if"})


def _build(kind: type[Entry], entry: Mapping[str, Any]) -> Entry:
    """The dataclass of an entry whose shape was checked, so that its keys are the fields; lists become tuples."""
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})


def _version(data: Mapping[str, Any]) -> str:
    text = json.dumps({name: data[name] for name in FILES}, sort_keys=True, ensure_ascii=True)
    return f"{data['rules']['version']}.{data['weights']['version']}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
