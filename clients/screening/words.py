"""The words of a result for therapist, client and referrer. They never say that somebody has something."""

from dataclasses import dataclass

from clients.screening.engine import RULES
from clients.screening.result import ScreeningResult
from clients.screening.rules import AXIS_OF, INSUFFICIENT, RuleSet


@dataclass(frozen=True)
class Words:
    """What each reader is shown. `client` names neither a pattern nor a disease; `pattern_…` is for clinicians only."""

    title: str
    therapist: str
    client: str
    referrer: str
    pattern_title: str
    pattern_therapist: str
    pattern_referrer: str
    safety_net: str
    footer: str


def client_words(triage: str, *, rules: RuleSet = RULES) -> str:
    """Return what a client is told at that triage when no single rule has words of its own."""
    words: str = rules.words["triage"][triage]["client"]
    return words


def words_for(result: ScreeningResult, *, rules: RuleSet = RULES) -> Words:
    """Return the words of `result`, taken from the data of `rules`."""
    triage = rules.words["triage"][result.triage]
    pattern = rules.words["pattern"][result.pattern]
    deciding = [flag for flag in result.flags if flag.level == result.triage and not flag.cleared]
    client = dict.fromkeys(flag.client_words for flag in deciding) or [triage["client"]]
    facts = "; ".join(flag.referrer_words for flag in result.flags)
    return Words(
        title=triage["title"],
        therapist=triage["therapist"],
        client=" ".join(client),
        referrer=f"{triage['referrer']} {facts}." if facts else triage["referrer"],
        pattern_title=pattern["title"],
        pattern_therapist=_pattern_words(pattern["therapist"], result, rules),
        pattern_referrer=pattern["referrer"],
        safety_net=rules.words["safety_net"],
        footer=rules.words["footer"].format(version=result.rules_version),
    )


def _pattern_words(words: str, result: ScreeningResult, rules: RuleSet) -> str:
    if result.pattern == INSUFFICIENT:
        missing = ", ".join(group.label for group in rules.minimum if group.id in result.minimum_missing)
        return f"{words} {result.minimum_answered} of {result.minimum_needed} groups answered; missing: {missing}."
    if axis := AXIS_OF.get(result.pattern):
        speaking = sum(evidence.direction == "for" for evidence in result.evidence[axis])
        groups = sum(group.axis == axis for group in rules.weights)
        return f"{words} {speaking} of {groups} groups of findings speak for it."
    return words
