"""The screening itself: red flags, then what is open, then the pattern, then the plan gate. Pure: no clock, no database."""

from collections.abc import Iterable, Mapping
from typing import Any

from clients.screening.conditions import FIRED
from clients.screening.result import Caution, Evidence, Flag, Score, ScreeningResult
from clients.screening.rules import (
    AXES,
    EMERGENCY,
    INCOMPLETE,
    INSUFFICIENT,
    MIXED,
    NOT_APPLICABLE,
    TREAT,
    TRIAGE,
    URGENT,
    Limits,
    PublishedScore,
    Rule,
    RuleSet,
    Weight,
    WeightGroup,
    load_rules,
)
from clients.screening.vocabulary import NOT_SURE, Facts, UnknownQuestion, read_answer
from clients.screening.vocabulary import BadAnswer as BadAnswer

RULES = load_rules()
CLEARANCE = "cleared_by_clinician_this_episode"
WEEKS_PER_YEAR = 365.25 / 7
DIGITS = 6  # scores are rounded here, so that 0.9999999 is the 1.0 it was meant to be


def screen(answers: Mapping[str, object], *, rules: RuleSet = RULES) -> ScreeningResult:
    """Return triage and pattern of `answers` (item key → answer; a missing key or None is not answered, never no).

    Raises UnknownQuestion for a key that no item has and BadAnswer for a value the item cannot have.
    Order of the steps and all thresholds: docs/screening.md; sources: docs/clinical-sources.md.
    """
    facts = _facts(answers, rules)
    early = [rule for rule in rules.rules if not rule.after_scores and _fires(rule, facts)]
    evidence = {axis: tuple(_evidence(axis, facts, rules)) for axis in AXES}
    scores = {axis: _score(found, rules.limits) for axis, found in evidence.items()}
    _add_scores(facts, scores)
    late = [rule for rule in rules.rules if rule.after_scores and _fires(rule, facts)]

    published = tuple(_published(score, facts) for score in rules.scores)
    flags = tuple(_flag(rule, facts, rules, published) for rule in (*early, *late))
    blocking = tuple(question.item for question in rules.open_questions if question.when.test(facts))
    triage = _triage(flags, blocking)
    unmet = [group for group in rules.minimum if not group.when.test(facts)]
    return ScreeningResult(
        triage=triage,
        pattern=_pattern(triage, bool(unmet), facts, rules),
        flags=flags,
        evidence=evidence,
        missing=tuple(dict.fromkeys((*blocking, *_to_ask(unmet, facts)))),
        cautions=tuple(_caution(rule) for rule in rules.cautions if _holds(rule, facts)),
        rules_version=rules.version,
        blocking=blocking,
        minimum_missing=tuple(group.id for group in unmet),
        minimum_answered=len(rules.minimum) - len(unmet),
        minimum_needed=len(rules.minimum),
        scores=scores,
        bands={axis: _band(score, rules.limits) for axis, score in scores.items()},
        published=published,
        advice=tuple(_caution(rule) for rule in rules.advice if _holds(rule, facts)),
    )


def emergency_now(answers: Mapping[str, object], *, rules: RuleSet = RULES) -> tuple[Flag, ...]:
    """Return the emergency flags that a partly answered form already fires; for use after each saved group.

    An emergency whose level hangs on a follow-up not yet answered (age, onset, pace) fires: silence is never no.
    Raises UnknownQuestion and BadAnswer as `screen` does.
    """
    facts = _facts(answers, rules)
    fired = [rule for rule in rules.rules if not rule.after_scores and _fires(rule, facts)]
    return tuple(_flag(rule, facts, rules, ()) for rule in fired if rule.level == EMERGENCY)


def validate(answers: Mapping[str, object], *, rules: RuleSet = RULES) -> None:
    """Raise UnknownQuestion or BadAnswer, naming the key, unless every answer is one its item can have."""
    _facts(answers, rules)


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
        facts[key] = read_answer(item, value)
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


def _holds(rule: Rule, facts: Facts) -> bool:
    return rule.when.test(facts) and not (rule.unless and rule.unless.test(facts))


def _fires(rule: Rule, facts: Facts) -> bool:
    if not _holds(rule, facts):
        return False
    facts[FIRED].add(rule.id)
    return True


def _flag(rule: Rule, facts: Facts, rules: RuleSet, published: tuple[Score, ...]) -> Flag:
    cleared = rule.clearable and facts[CLEARANCE] is True
    items = tuple(key for key in facts if key in rule.when.items and facts[key] not in (None, False))
    return Flag(
        id=rule.id,
        level=rule.level,
        why=" ".join(_why(rule, facts, rules, published, cleared)),
        source=rule.source,
        grade=rule.grade,
        client_words=rule.client,
        therapist_words=rule.therapist,
        referrer_words=rule.referrer,
        items=items,
        cleared=cleared,
    )


def _why(rule: Rule, facts: Facts, rules: RuleSet, published: tuple[Score, ...], cleared: bool) -> Iterable[str]:
    yield rule.why
    if unsure := [rules.items[key].label for key in facts if key in rule.when.items and facts[key] == NOT_SURE]:
        yield f"Answered “not sure”, which counts as yes: {', '.join(unsure)}."
    if context := [rules.items[key].label for key in rule.context if facts[key] is True]:
        yield f"Also: {', '.join(context)}."
    for score in published:
        if score.id == rule.shows_score:
            yield f"{score.title}: {score.count} of {score.of}."
    if cleared:
        yield "Cleared by a clinician for this episode."


def _triage(flags: Iterable[Flag], blocking: tuple[str, ...]) -> str:
    levels = {flag.level for flag in flags if not flag.cleared}
    if blocking:
        levels.add(INCOMPLETE)
    return next((level for level in TRIAGE if level in levels), TREAT)


def _to_ask(unmet: Iterable[Any], facts: Facts) -> list[str]:
    return [key for group in unmet for key in group.items if facts[key] in (None, NOT_SURE, "not_tested")]


def _evidence(axis: str, facts: Facts, rules: RuleSet) -> Iterable[Evidence]:
    for group in rules.weights:
        if group.axis == axis and (weight := _counted(group, facts)):
            limits = rules.limits
            clamped = max(-limits.clamp, min(limits.clamp, weight.ln_lr))
            yield Evidence(
                item=weight.item,
                direction="for" if clamped > 0 else "against",
                weight=round(limits.shrink * clamped, DIGITS),
                source=weight.source,
                group=group.id,
                text=weight.text,
                grade=weight.grade,
            )


def _counted(group: WeightGroup, facts: Facts) -> Weight | None:
    """The one finding that counts: the strongest for, else the weakest against. The rest say the same thing again."""
    found = [
        weight
        for weight in group.values
        if weight.when.test(facts) and not (weight.unless and weight.unless.test(facts))
    ]
    return max(found, key=lambda weight: weight.ln_lr, default=None)


def _score(found: Iterable[Evidence], limits: Limits) -> float:
    total = sum(evidence.weight for evidence in found)
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
    named = [
        pattern.id
        for pattern in rules.patterns
        if pattern.when.test(facts) and not (pattern.unless and pattern.unless.test(facts))
    ]
    return named[0] if len(named) == 1 else MIXED


def _published(score: PublishedScore, facts: Facts) -> Score:
    count = sum(part.test(facts) for part in score.parts) if score.parts else None
    met = None
    if score.on and count is not None:
        known = score.known is None or score.known.test(facts)
        met = count >= score.at_least if known else None
    return Score(score.id, score.title, score.on, count, len(score.parts), met, score.note, score.source)


def _caution(rule: Rule) -> Caution:
    return Caution(rule.id, rule.kind or rule.level, rule.why, rule.therapist, rule.source, rule.grade)
