"""Answers the screening tests start from, and how they are changed."""

from clients.screening import ITEMS, emergency_keys

SAFETY = (
    "cancer_history", "weight_loss", "trauma", "rash_or_blisters", "abdominal_or_urinary_pain", "cannot_bear_weight",
    "feels_unwell", "night_pain_any_position",
)  # fmt: skip

ALL_NO = dict.fromkeys((*emergency_keys(), *SAFETY), False)
EXAMINED = {
    "pain_below_knee": False,
    "leg_worse_than_back": False,
    "numb_tingling_leg": False,
    "worse_sitting": False,
    "buttock_dominant": False,
    "slr": "negative",
    "strength": "normal",
    "light_touch": "normal",
    "active_piriformis": "negative",
}
CLEAR = ALL_NO | {"age": 40, "duration_weeks": 6} | EXAMINED
EVERY_NO = {key: False for key, item in ITEMS.items() if item.kind == "answer"}


def answers(**changes):
    """All emergency and safety items answered no, changed by `changes`; None takes an answer back."""
    return changed(ALL_NO, **changes)


def examined(**changes):
    """A complete examination of somebody of 40 with six weeks of pain and nothing found, changed by `changes`."""
    return changed(CLEAR, **changes)


def changed(start, **changes):
    both = start | changes
    return {key: value for key, value in both.items() if value is not None}
