"""The vocabulary of the screening: every question and finding, what an answer may be, and the groups they are asked in."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Value = bool | int | float | str | tuple[str, ...] | None
Facts = dict[str, Any]  # every item key → Value, and what the engine derives from them

MUSCLES = (
    "piriformis", "gluteus_maximus", "gluteus_medius", "gluteus_minimus", "obturator_internus_gemelli",
    "quadratus_femoris", "psoas", "iliacus", "quadratus_lumborum", "hamstrings", "tfl_itb", "erector_spinae",
    "adductors",
)  # fmt: skip
NOT_SURE = "not_sure"
TEST_RESULTS = ("positive", "negative", "not_tested")

# Highest value of each number. Weeks and minutes end where a typing slip must be meant.
LARGEST = {"nrs": 10, "years": 120, "weeks": 6300, "minutes": 10_080, "hours": 24, "degrees": 90, "count": 6}
WHOLE = frozenset({"nrs", "years", "count"})
KINDS = frozenset({"answer", "test", "finding", "choice", "muscles", *LARGEST})


class UnknownQuestion(ValueError):
    """An answer was given under a key that no item has. `key` names it."""

    def __init__(self, key: object) -> None:
        self.key = str(key)[:80]
        super().__init__(f"Unknown question: {self.key!r}.")


class BadAnswer(ValueError):
    """An answer is not one the item can have. `key` names the item, `reason` says what it can have."""

    def __init__(self, key: str, reason: str) -> None:
        self.key = key
        self.reason = reason
        super().__init__(f"{key}: {reason}")


@dataclass(frozen=True)
class Item:
    """One question or finding. `by` is client, therapist or both; `choices` maps stored value to shown label."""

    key: str
    kind: str
    by: str
    label: str
    means: str
    question: str = ""
    help: str = ""
    emergency: bool = False
    caution_only: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    ask_if: Callable[[Facts], bool] | None = field(default=None, compare=False, repr=False)

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The stored values of a test, finding or choice; empty for the other kinds."""
        return TEST_RESULTS if self.kind == "test" else tuple(self.choices)


@dataclass(frozen=True)
class Group:
    """Questions asked together, a phone screen's worth. `part` is urgent, safety, history, pattern or exam."""

    id: str
    title: str
    intro: str
    by: str
    part: str
    items: tuple[str, ...]


def read_answer(item: Item, value: object) -> Value:
    """Return `value` as the engine keeps it (lists of muscles as a tuple); None is not answered.

    Raises BadAnswer, naming the item, for a wrong type, an unknown choice or a number out of range.
    """
    if value is None or (isinstance(value, str) and value in item.values):
        return value
    if item.kind == "answer":
        if value is True or value is False or (isinstance(value, str) and value == NOT_SURE):
            return value
        raise BadAnswer(item.key, 'must be true, false, "not_sure" or null.')
    if item.kind == "muscles":
        return _read_muscles(item, value)
    if item.kind in LARGEST:
        return _read_number(item, value)
    raise BadAnswer(item.key, f"must be one of {', '.join(item.values)}, or null.")


def _read_number(item: Item, value: object) -> int | float:
    largest = LARGEST[item.kind]
    what = "a whole number" if item.kind in WHOLE else "a number"
    types = (int,) if item.kind in WHOLE else (int, float)
    if isinstance(value, bool) or not isinstance(value, types):
        raise BadAnswer(item.key, f"must be {what} from 0 to {largest}, or null.")
    if isinstance(value, float) and not math.isfinite(value) or not 0 <= value <= largest:
        raise BadAnswer(item.key, f"must be {what} from 0 to {largest}, or null.")
    return value


def _read_muscles(item: Item, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) and name in MUSCLES for name in value):
        raise BadAnswer(item.key, f"must be a list of muscles ({', '.join(MUSCLES)}), or null.")
    return tuple(dict.fromkeys(value))
