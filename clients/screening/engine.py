"""The screening itself: red flags, then what is open, then the pattern, then the plan gate. Pure: no clock, no database."""

from collections.abc import Iterable, Mapping
from typing import Any

from clients.screening.conditions import FIRED
from clients.screening.loader import load_rules
from clients.screening.result import Evidence, Flag, Score, ScreeningResult
from clients.screening.rules import (
    AXES,
    CLEARANCE,
    DIGITS,
    EMERGENCY,
    INCOMPLETE,
    INSUFFICIENT,
    MIXED,
    NOT_APPLICABLE,
    TREAT,
    TRIAGE,
    URGENT,
    Limits,
    OpenQuestion,
    PublishedScore,
    Rule,
    RuleSet,
)
from clients.screening.vocabulary import NOT_SURE, Facts, UnknownQuestion, read_answer
from clients.screening.vocabulary import BadAnswer as BadAnswer

RULES = load_rules()
WEEKS_PER_YEAR = 365.25 / 7


def screen(answers: Mapping[str, object], *, rules: RuleSet = RULES) -> ScreeningResult:
    """Return triage and pattern of `answers` (item key → answer; a missing key or None is not answered, never no).

    Raises UnknownQuestion for a key that no item has and BadAnswer for a value the item cannot have.
    Order of the steps and all thresholds: docs/screening.md; sources: docs/clinical-sources.md.
    """
    facts = _facts(answers, rules)
    early = _fired(rules.early, facts)
    evidence = _evidence(facts, rules)
    scores = {axis: _score(found, rules.limits) for axis, found in evidence.items()}
    _add_scores(facts, scores)
    late = _fired(rules.late, facts)

    flags = tuple(_flag(rule, facts, rules) for rule in (*early, *late))
    blocking = _open_items(rules.open_questions, facts)
    besides = _open_items(rules.asked_besides, facts)
    triage = _triage(flags, blocking)
    unmet = [group for group in rules.minimum if not group.when.test(facts)]
    return ScreeningResult(
        triage=triage,
        pattern=_pattern(triage, bool(unmet), facts, rules),
        flags=flags,
        evidence=evidence,
        missing=tuple(dict.fromkeys((*blocking, *besides, *_to_ask(unmet, facts)))),
        cautions=tuple(rule.caution for rule in rules.cautions if rule.holds(facts)),
        rules_version=rules.version,
        blocking=blocking,
        minimum_missing=tuple(group.id for group in unmet),
        minimum_answered=len(rules.minimum) - len(unmet),
        minimum_needed=len(rules.minimum),
        scores=scores,
        bands={axis: _band(score, rules.limits) for axis, score in scores.items()},
        advice=tuple(rule.caution for rule in rules.advice if rule.holds(facts)),
    )


def emergency_now(answers: Mapping[str, object], *, rules: RuleSet = RULES) -> tuple[Flag, ...]:
    """Return the emergency flags that a partly answered form already fires; for use after each saved group.

    An emergency whose level hangs on a follow-up not yet answered (age, onset, pace) fires: silence is never no.
    Raises UnknownQuestion and BadAnswer as `screen` does.
    """
    facts = _facts(answers, rules)
    return tuple(_flag(rule, facts, rules) for rule in _fired(rules.early, facts) if rule.level == EMERGENCY)


def validate(answers: Mapping[str, object], *, rules: RuleSet = RULES) -> None:
    """Raise UnknownQuestion or BadAnswer, naming the key, unless every answer is one its item can have."""
    _facts(answers, rules)


def published_scores(answers: Mapping[str, object], *, rules: RuleSet = RULES) -> tuple[Score, ...]:
    """Return the published scores as counts. They decide nothing; those that are off say why and carry no cut-off."""
    facts = _facts(answers, rules)
    return tuple(_published(score, facts) for score in rules.scores)


def is_asked(key: str, answers: Mapping[str, object], *, rules: RuleSet = RULES) -> bool:
    """Whether item `key` makes sense given the other answers: False for a follow-up whose first question was not yes."""
    condition = rules.items[key].ask_if
    return condition is None or condition(_facts(answers, rules))


def _facts(answers: Mapping[str, object], rules: RuleSet) -> Facts:
    facts: Facts = dict.fromkeys(rules.items)
    for key, value in answers.items():
        item = rules.items.get(key)
        if item is None:
            raise UnknownQuestion(key)
        facts[key] = value if value.__class__ is bool and item.kind == "answer" else read_answer(item, value)
    done, positive = facts["sij_tests_done"], facts["sij_tests_positive"]
    if done is not None and positive is not None and positive > done:
        raise BadAnswer("sij_tests_positive", f"is {positive}, more than the {done} done.")
    facts["age_at_onset"] = _age_at_onset(facts["age"], facts["duration_weeks"])
    facts[FIRED] = set()
    return facts


def _age_at_onset(age: int | None, duration_weeks: float | None) -> float | None:
    """Age in years when the episode began; the present age where the duration is unknown, since onset was not later."""
    if age is None:
        return None
    return age - (duration_weeks or 0) / WEEKS_PER_YEAR


def _fired(candidates: Iterable[Rule], facts: Facts) -> list[Rule]:
    """The rules that fire, in their order; each can see which ones fired before it."""
    fired = []
    for rule in candidates:
        if rule.holds(facts):
            facts[FIRED].add(rule.id)
            fired.append(rule)
    return fired


def _flag(rule: Rule, facts: Facts, rules: RuleSet) -> Flag:
    cleared = rule.clearable and facts[CLEARANCE] is True
    items = tuple(key for key in rule.when.items if facts[key] not in (None, False))
    return Flag(
        id=rule.id,
        level=rule.level,
        why=" ".join(_why(rule, facts, rules, cleared)),
        source=rule.source,
        grade=rule.grade,
        client_words=rule.client,
        therapist_words=rule.therapist,
        referrer_words=rule.referrer,
        items=items,
        cleared=cleared,
    )


def _why(rule: Rule, facts: Facts, rules: RuleSet, cleared: bool) -> Iterable[str]:
    yield rule.why
    if unsure := [rules.items[key].label for key in rule.when.items if facts[key] == NOT_SURE]:
        yield f"Answered “not sure”, which counts as yes: {', '.join(unsure)}."
    if context := [rules.items[key].label for key in rule.context if facts[key] is True]:
        yield f"Also: {', '.join(context)}."
    for score in rules.scores:
        if score.id == rule.shows_score:
            yield f"{score.title}: {_count(score, facts)} of {len(score.parts)}."
    if cleared:
        yield "Cleared by a clinician for this episode."


def _triage(flags: Iterable[Flag], blocking: tuple[str, ...]) -> str:
    levels = {flag.level for flag in flags if not flag.cleared}
    if blocking:
        levels.add(INCOMPLETE)
    return next((level for level in TRIAGE if level in levels), TREAT)


def _open_items(questions: Iterable[OpenQuestion], facts: Facts) -> tuple[str, ...]:
    return tuple(dict.fromkeys(question.item for question in questions if question.when.test(facts)))


def _to_ask(unmet: Iterable[Any], facts: Facts) -> list[str]:
    return [key for group in unmet for key in group.items if facts[key] in (None, NOT_SURE, "not_tested")]


def _evidence(facts: Facts, rules: RuleSet) -> dict[str, tuple[Evidence, ...]]:
    """Per axis, the one finding of each group that counts: the strongest for, else the weakest against."""
    found: dict[str, list[Evidence]] = {axis: [] for axis in AXES}
    for group in rules.weights:
        for weight in group.values:  # strongest first
            if weight.holds(facts):
                found[group.axis].append(weight.evidence)
                break
    return {axis: tuple(evidence) for axis, evidence in found.items()}


def _score(found: Iterable[Evidence], limits: Limits) -> float:
    total = sum((evidence.weight for evidence in found), start=0.0)
    return round(max(-limits.axis_clamp, min(limits.axis_clamp, total)), DIGITS)


def _add_scores(facts: Facts, scores: Mapping[str, float]) -> None:
    for axis, score in scores.items():
        facts[f"{axis}_score"] = score
    others = max(score for axis, score in scores.items() if axis != "radicular")
    facts["radicular_lead"] = round(scores["radicular"] - others, DIGITS)


def _band(score: float, limits: Limits) -> str:
    if score >= limits.several:
        return "several"
    if score >= limits.some:
        return "some"
    return "few" if score <= limits.few else "no_lean"


def _pattern(triage: str, data_missing: bool, facts: Facts, rules: RuleSet) -> str:
    if triage in (EMERGENCY, URGENT):
        return NOT_APPLICABLE
    if data_missing:
        return INSUFFICIENT
    if rules.mixed.test(facts):
        return MIXED
    named = [pattern.id for pattern in rules.patterns if pattern.holds(facts)]
    return named[0] if len(named) == 1 else MIXED


def _published(score: PublishedScore, facts: Facts) -> Score:
    count = _count(score, facts)
    known = score.known is not None and score.known.test(facts)
    met = count >= score.at_least if score.on and known else None
    return Score(score.id, score.title, score.on, count, len(score.parts), met, score.note, score.source)


def _count(score: PublishedScore, facts: Facts) -> int:
    return sum(part.test(facts) for part in score.parts)
