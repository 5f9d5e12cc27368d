"""A stored screening laid out for reading: triage and why, what speaks for and against each pattern, what is missing."""

from clients.card import SIDES, TESTS
from clients.models import Screening
from clients.overruling import standing_overruling
from clients.questions import answer_words
from clients.screening import ITEMS, RULES

LEVELS = {
    "emergency": "Emergency",
    "urgent_referral": "Urgent medical review",
    "routine_referral": "Refer",
}
GRADES = {"published": "published", "unverified": "named, not checked", "expert": "expert opinion"}
CAUTION_KINDS = {
    "absolute": "No massage today",
    "local": "Leave the area out",
    "clearance": "Clearance first",
    "caution": "Adapt",
}


def explain(screening: Screening) -> dict:
    """Return the stored result with labels for a page. Everything shown comes from the row; only names are looked up."""
    result = screening.result
    return {
        "words": result["words"],
        "flags": [_flag(flag) for flag in result["flags"]],
        "axes": [_axis(axis, found, result) for axis, found in result["evidence"].items()],
        "blocking": [_label(key) for key in result["blocking"]],
        "for_pattern": [_label(key) for key in result["missing"] if key not in result["blocking"]],
        "minimum": f"{result['minimum_answered']} of {result['minimum_needed']}",
        "cautions": [
            {**caution, "kind_words": CAUTION_KINDS.get(caution["kind"], caution["kind"]), "grade": _grade(caution)}
            for caution in result["cautions"]
        ],
        "advice": result["advice"],
        "overruling": standing_overruling(screening),
        "card": [_card_row(test, screening.card[test]) for test in TESTS if test in screening.card],
        "asked": [
            {"label": _label(key), "answer": answer_words(key, screening.answers[key])} for key in screening.asked
        ],
        "published": [score for score in result["published"] if score["of"]],
    }


def _flag(flag):
    return {
        **flag,
        "level_words": LEVELS[flag["level"]],
        "labels": [_label(key) for key in flag["items"]],
        "grade": _grade(flag),
    }


def _card_row(test, sides):
    return {"label": _label(test), "sides": [_side_words(test, sides.get(side)) for side in SIDES]}


def card_words(test: str, sides: dict) -> str:
    """Return one test of the card in words: "left positive at 45°, right not answered"."""
    return ", ".join(f"{side} {_side_words(test, sides.get(side)).lower()}" for side in SIDES)


def _side_words(test, entry):
    if entry is None:
        return answer_words(test, None)
    angle = f" at {entry['angle_deg']}°" if "angle_deg" in entry else ""
    return answer_words(test, entry["result"]) + angle


def _axis(axis, found, result):
    rows = [
        {**each, "label": _label(each["item"]), "grade": _grade(each), "weight_words": _signed(each["weight"])}
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


def _grade(entry):
    return GRADES.get(entry["grade"], entry["grade"])


def _label(key):
    return ITEMS[key].label if key in ITEMS else key
