"""What another rule set would decide: the same answers under two rule sets, case by case. Pure: no clock, no database."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.screening import (
    BadAnswer,
    BadRule,
    RuleSet,
    ScreeningResult,
    UnknownQuestion,
    load_rules,
    screen,
)
from clients.screening.rules import EMERGENCY, FILES, TRIAGE, Rule

CASES = Path(__file__).with_name("replay_cases.toml")

CaseId = int | str


@dataclass(frozen=True, slots=True)
class Case:
    """Answers to try. `id` is a screening's id or a built-in case's name; `stored` is (triage, pattern) as on file."""

    id: CaseId
    answers: Mapping[str, object]
    stored: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What came and what went, as words: "ces_saddle (emergency)"."""

    new: tuple[str, ...]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.gone)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case under both rule sets; pairs are (in use, candidate). `open_questions` are item keys that must be asked."""

    case: CaseId
    triage: tuple[str, str]
    pattern: tuple[str, str]
    flags: Moved
    cautions: Moved
    open_questions: Moved
    scores_move: bool
    is_stored_otherwise: bool

    @property
    def is_change(self) -> bool:
        """Whether anybody would see a difference: triage, pattern, a flag, a caution or an open question."""
        return bool(
            self.triage[0] != self.triage[1]
            or self.pattern[0] != self.pattern[1]
            or self.flags
            or self.cautions
            or self.open_questions
        )

    @property
    def is_less_safe(self) -> bool:
        """Whether the triage falls."""
        return TRIAGE.index(self.triage[1]) > TRIAGE.index(self.triage[0])


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Answers that a rule set cannot read, since its vocabulary is another. `why` names the item."""

    case: CaseId
    by_candidate: bool
    why: str


@dataclass
class Tally:
    """Counts over all cases; grows with the number of cases only by the ids of those that fall or cannot be read."""

    cases: int = 0
    changed: int = 0
    only_scores: int = 0
    stored_otherwise: int = 0
    less_safe: list[CaseId] = field(default_factory=list)
    unreadable: list[CaseId] = field(default_factory=list)
    triage: Counter[tuple[str, str]] = field(default_factory=Counter)
    pattern: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, outcome: Outcome | Unreadable) -> None:
        """Count one case."""
        self.cases += 1
        if isinstance(outcome, Unreadable):
            self.unreadable.append(outcome.case)
            return
        self.triage[outcome.triage] += 1
        self.pattern[outcome.pattern] += 1
        self.changed += outcome.is_change
        self.only_scores += outcome.scores_move and not outcome.is_change
        self.stored_otherwise += outcome.is_stored_otherwise
        if outcome.is_less_safe:
            self.less_safe.append(outcome.case)


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """How two rule sets differ, by id, whether or not any case shows it.

    `levels` holds (id, level in use, level in the candidate); `reworded` are red flags whose condition, with its
    definitions spelled out, or whose clearance differs; `lost_emergencies` are gone or lowered; `lost_questions` no longer
    keep a screening open; `asked_otherwise` still do, under another condition.
    """

    new: tuple[str, ...]
    gone: tuple[str, ...]
    levels: tuple[tuple[str, str, str], ...]
    reworded: tuple[str, ...]
    lost_emergencies: tuple[str, ...]
    lost_questions: tuple[str, ...]
    asked_otherwise: tuple[str, ...]


# --- comparing


def compare(case: Case, *, in_use: RuleSet, candidate: RuleSet) -> Outcome | Unreadable:
    """Return what the two rule sets make of one case."""
    results = []
    for rules in (in_use, candidate):
        try:
            results.append(screen(case.answers, rules=rules))
        except (UnknownQuestion, BadAnswer) as error:
            return Unreadable(case.id, rules is candidate, str(error))
    before, after = results
    return Outcome(
        case=case.id,
        triage=(before.triage, after.triage),
        pattern=(before.pattern, after.pattern),
        flags=_moved(_flags(before), _flags(after)),
        cautions=_moved(_cautions(before), _cautions(after)),
        open_questions=_moved(before.blocking, after.blocking),
        scores_move=before.scores != after.scores,
        is_stored_otherwise=case.stored not in (None, (before.triage, before.pattern)),
    )


def compare_all(cases: Iterable[Case], *, in_use: RuleSet, candidate: RuleSet) -> Iterator[Outcome | Unreadable]:
    """Return the outcome of each case in turn; holds one case at a time."""
    return (compare(case, in_use=in_use, candidate=candidate) for case in cases)


def rule_changes(in_use: RuleSet, candidate: RuleSet) -> RuleChanges:
    """Return how the red flags and the questions that must be answered differ."""
    before = {rule.id: rule for rule in in_use.rules}
    after = {rule.id: rule for rule in candidate.rules}
    both = [(before[name], after[name]) for name in before if name in after]
    asked, still_asked = _asked(in_use), _asked(candidate)
    return RuleChanges(
        new=tuple(name for name in after if name not in before),
        gone=tuple(name for name in before if name not in after),
        levels=tuple((old.id, old.level, new.level) for old, new in both if old.level != new.level),
        reworded=tuple(old.id for old, new in both if _wording(old) != _wording(new)),
        lost_emergencies=tuple(
            name
            for name, rule in before.items()
            if rule.level == EMERGENCY and (name not in after or after[name].level != EMERGENCY)
        ),
        lost_questions=tuple(item for item in asked if item not in still_asked),
        asked_otherwise=tuple(item for item in asked if item in still_asked and asked[item] != still_asked[item]),
    )


def _asked(rules: RuleSet) -> dict[str, set[str]]:
    """Under which conditions, spelled out, each item keeps a screening open."""
    asked: dict[str, set[str]] = {}
    for question in rules.open_questions:
        asked.setdefault(question.item, set()).add(question.when.means)
    return asked


def _wording(rule: Rule) -> tuple[object, ...]:
    return rule.when.means, rule.unless and rule.unless.means, rule.clearable


def _flags(result: ScreeningResult) -> tuple[str, ...]:
    return tuple(f"{flag.id} ({flag.level}{', cleared' if flag.cleared else ''})" for flag in result.flags)


def _cautions(result: ScreeningResult) -> tuple[str, ...]:
    return tuple(f"{caution.id} ({caution.kind})" for caution in result.cautions)


def _moved(before: tuple[str, ...], after: tuple[str, ...]) -> Moved:
    return Moved(
        new=tuple(name for name in after if name not in before),
        gone=tuple(name for name in before if name not in after),
    )


# --- built-in cases


def built_in_cases() -> list[Case]:
    """Return the constructed cases that ship with the product, each with the triage and pattern its rules are meant to give."""
    data = tomllib.loads(CASES.read_text(encoding="utf-8"))
    starts = {"blank": {}, "quiet": data["quiet"], "examined": data["quiet"] | data["examined"]}
    return [_built_in(entry, starts[entry["start"]]) for entry in data["case"]]


def _built_in(entry: Mapping[str, Any], start: Mapping[str, object]) -> Case:
    left = {key: value for key, value in start.items() if key not in entry.get("without", ())}
    return Case(entry["id"], left | entry["answers"], (entry["triage"], entry["pattern"]))


# --- reading a candidate


def load_candidate(folder: Path) -> RuleSet:
    """Return the rule set that `folder` makes of the built-in one; it holds the changed TOML files.

    Raises BadRule for a folder without such files and a file of another name, and what the loader of the engine refuses,
    with file and entry.
    """
    try:
        _check_files(folder)
    except OSError as error:
        raise BadRule(f"{folder} cannot be read: {error.strerror or error}.") from error
    return load_rules(folder)


def _check_files(folder: Path) -> None:
    if not folder.is_dir():
        raise BadRule(f"{folder} is not a folder of rules.")
    names = sorted(file.stem for file in folder.glob("*.toml"))
    expected = ", ".join(f"{name}.toml" for name in FILES)
    if unknown := [name for name in names if name not in FILES]:
        raise BadRule(f"{folder}: {', '.join(unknown)}.toml is no file of the rules. They are {expected}.")
    if not names:
        raise BadRule(f"{folder} holds no file of rules. Put the changed ones there: {expected}.")
