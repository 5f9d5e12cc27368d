"""Examination tests before and after the work: what stands in one row, and what changed between the two."""

from collections.abc import Iterable

from protocols.knowledge import KNOWLEDGE, TestCard
from sessions.entries import TestEntry
from sessions.models import TestResult

UNITS = {"degrees": "°", "minutes": " min", "": ""}


def row_of(test: str, side: str) -> str:
    """Return the value that stands for one row of tests in forms, such as `slr:left`, or `sitting_tolerance:`."""
    return f"{test}:{side}"


def parse_row(value: str) -> tuple[str, str]:
    """Return test and side of a value such as `slr:left`. Raises ValueError for a test or a side that is not known."""
    test, _, side = value.partition(":")
    if test not in KNOWLEDGE.tests or side not in KNOWLEDGE.tests[test].sides:
        raise ValueError("That test is not in the practice's list.")
    return test, side


def is_row(value: str) -> bool:
    """Say whether the value stands for a row of a known test."""
    try:
        parse_row(value)
    except ValueError:
        return False
    return True


def row_name(test: str, side: str) -> str:
    """Return words such as "Straight leg raise, left"; a test that left the list keeps its key."""
    known = KNOWLEDGE.tests.get(test)
    name = known.name if known else test.replace("_", " ")
    return f"{name}, {side}" if side else name


def rows_of(tests: Iterable[str], sides: Iterable[str]) -> list[str]:
    """Return a row per test and side, in order; a test of the whole person has one, unknown tests none."""
    sides = tuple(sides)
    cards = (KNOWLEDGE.tests[key] for key in tests if key in KNOWLEDGE.tests)
    return [row_of(card.key, side) for card in cards for side in card.sides if not side or side in sides]


def measured(card: TestCard | None, value: int) -> str:
    """Return a value with its unit: 45°, 20 min."""
    return f"{value}{UNITS[card.unit] if card else ''}"


def change_in_words(card: TestCard, before: TestEntry | None, after: TestEntry | None) -> str:
    """Return what changed from before to after, such as "+10°, now negative"; empty unless both say the same kind of thing."""
    if before is None or after is None:
        return ""
    words = []
    if before.value is not None and after.value is not None:
        words.append(_difference(card, after.value - before.value))
    if before.result and after.result and before.result != after.result:
        words.append(f"now {TestResult.Result(after.result).label.lower()}")
    if not words and before.result and before.result == after.result:
        words.append("no change")
    return ", ".join(words)


def _difference(card: TestCard, points: int) -> str:
    if points == 0:
        return "no change"
    sign = "+" if points > 0 else "−"
    return f"{sign}{measured(card, abs(points))}"
