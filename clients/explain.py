"""A screening laid out for reading: triage and why, what speaks for and against each pattern, what is missing."""

from collections.abc import Mapping

from clients.card import CARD_TESTS, SIDES, TESTS
from clients.models import Screening
from clients.overruling import standing_overruling
from clients.questions import LEFT_OUT, answer_words
from clients.screening import ITEMS, RULES
from clients.screenings import readers_of
from clients.sources import source_of

LEVELS = {
    "emergency": "Emergency",
    "urgent_referral": "Urgent medical review",
    "routine_referral": "Refer",
}
GRADES = {"published": "published", "unverified": "named, not checked", "expert": "expert opinion"}
CAUTION_KINDS = {  # the gravest first
    "absolute": "No massage today",
    "clearance": "Clearance first",
    "local": "Leave the area out",
    "caution": "Adapt",
}
CAUTION_TONES = {"absolute": "stop", "clearance": "stop", "local": "warn", "caution": "info"}


MINIMUM = {group.id: group for group in RULES.minimum}


def explain(screening: Screening) -> dict:
    """Return a stored screening with labels for a page. Everything shown comes from the row; only names are looked up."""
    return {
        **explain_result(screening.result, screening.answers),
        "overruling": standing_overruling(screening),
        "readers": readers_of(screening),
        "card": [_card_row(test, screening.card[test]) for test in TESTS if test in screening.card],
        "asked": [
            {"label": _label(key), "answer": answer_words(key, screening.answers[key])} for key in screening.asked
        ],
    }


def explain_result(result: Mapping, answers: Mapping[str, object]) -> dict:
    """Return a result, stored or not yet, with labels: a page and the preview beside the card show the same."""
    evidence = result["evidence"]
    axes = [
        _axis(axis, evidence[axis], result) for axis in RULES.words["axis"] if axis in evidence
    ]  # jsonb keeps no order
    cautions = [_caution(each) for each in sorted(result["cautions"], key=_gravest_first)]
    flags = [_flag(flag) for flag in result["flags"]]
    groups = [MINIMUM[name] for name in result["minimum_missing"] if name in MINIMUM]
    told = {key for group in groups for key in group.items} | set(result["blocking"])
    blocking = [_to_do(key, _label(key)) for key in result["blocking"]]
    missing = [_to_do(_first_open(group, answers), group.label) for group in groups]
    rows = [*flags, *cautions, *(row for axis in axes for row in (*axis["speaks_for"], *axis["speaks_against"]))]
    return {
        "triage": result["triage"],
        "words": result["words"],
        "flags": flags,
        "axes": axes,
        "blocking": blocking,
        "minimum": f"{result['minimum_answered']} of {result['minimum_needed']}",
        "missing": missing,
        "to_do": list({row["field"]: row for row in (*missing, *blocking)}.values()),
        "besides": [_to_do(key, _label(key)) for key in result["missing"] if key not in told],
        "cautions": cautions,
        "advice": result["advice"],
        "published": [{**score, "cited": source_of(score["source"])} for score in result["published"] if score["of"]],
        "sources": list({row["cited"].key: row["cited"] for row in rows}.values()),
    }


def _to_do(key, label):
    """What is open, and the field on "Ask and examine" where it is answered."""
    return {"label": label, "field": f"div_{key}" if key in CARD_TESTS else f"div_id_{key}"}


def _first_open(group, answers):
    """A group may want two findings (strength and touch): lead to the one that is not there."""
    unknown = (key for key in group.items if answers.get(key) in (None, "not_sure", "not_tested"))
    return next(unknown, group.items[0])


def _gravest_first(caution):
    kinds = list(CAUTION_KINDS)
    return kinds.index(caution["kind"]) if caution["kind"] in kinds else len(kinds)


def _caution(caution):
    words = CAUTION_KINDS.get(caution["kind"], caution["kind"])
    tone = CAUTION_TONES.get(caution["kind"], "warn")
    return {**caution, "kind_words": words, "tone": tone, **_cited(caution)}


def _cited(entry):
    return {"grade": GRADES.get(entry["grade"], entry["grade"]), "cited": source_of(entry["source"])}


def _flag(flag):
    return {
        **flag,
        "level_words": LEVELS[flag["level"]],
        "labels": [_label(key) for key in flag["items"]],
        **_cited(flag),
    }


def _card_row(test, sides):
    return {"label": CARD_TESTS[test].label, "sides": [side_words(test, sides.get(side)) for side in SIDES]}


def card_words(test: str, sides: Mapping) -> str:
    """Return one test of the card in words: "left positive at 45°, right not answered"."""
    return ", ".join(f"{side} {side_words(test, sides.get(side)).lower()}" for side in SIDES)


def side_words(test: str, entry: Mapping | None) -> str:
    """Return what was found on one side: "Positive at 45°", "Not answered"."""
    if entry is None:
        return LEFT_OUT
    angle = f" at {entry['angle_deg']}°" if "angle_deg" in entry else ""
    return CARD_TESTS[test].choices[entry["result"]] + angle


def _axis(axis, found, result):
    rows = [
        {**each, "label": _label(each["item"]), "weight_words": _signed(each["weight"]), **_cited(each)}
        for each in found
    ]
    return {
        "title": RULES.words["axis"][axis]["title"],
        "band": RULES.words["band"][result["bands"][axis]]["title"],
        "speaks_for": [row for row in rows if row["direction"] == "for"],
        "speaks_against": [row for row in rows if row["direction"] == "against"],
    }


def _signed(weight):
    return f"{weight:+.2f}".replace("-", "−")  # a true minus


def _label(key):
    return ITEMS[key].label if key in ITEMS else key
