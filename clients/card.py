"""The examination card: each test per side, with its angle. The screening's own vocabulary knows no sides, the card does."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from clients.screening import ITEMS

SIDES = ("left", "right")
SLR, ANGLE = "slr", "slr_angle_deg"
DONE, POSITIVE_OF_DONE = "sij_tests_done", "sij_tests_positive"
NOT_TESTED = "not_tested"
TEST_CHOICES = {"positive": "Positive", "negative": "Negative", NOT_TESTED: "Not tested"}
WORST_FIRST = ("severely_reduced", "absent", "reduced", "limited", "positive", "normal", "negative", NOT_TESTED)
LOST = ("severely_reduced", "absent", "reduced")
BOTH_SIDES = {"strength": "strength_both_sides", "light_touch": "light_touch_both_sides"}

Card = Mapping[str, Mapping[str, Mapping[str, object]]]  # test → side → {"result": …, "angle_deg": … (SLR)}


@dataclass(frozen=True, slots=True)
class CardTest:
    """One test of the card: what it is called, how it is done and what can be entered for a side."""

    key: str
    label: str
    help: str
    choices: Mapping[str, str]

    @property
    def calm(self) -> str:
        """The result without a finding: negative, or normal."""
        return "negative" if "negative" in self.choices else "normal"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the card, as the examination goes: tests per side, and questions without one."""

    id: str
    title: str
    tests: tuple[str, ...]
    questions: tuple[str, ...]


def _read(path: Path) -> tuple[tuple[Part, ...], dict[str, CardTest], dict[str, bool]]:
    file = tomllib.loads(path.read_text(encoding="utf-8"))
    joints = {each["key"]: CardTest(each["key"], each["label"], each["help"], TEST_CHOICES) for each in file["joint"]}
    parts = tuple(
        Part(each["id"], each["title"], tuple(each.get("tests", ())), tuple(each.get("questions", ())))
        for each in file["part"]
    )
    found = {key: joints.get(key) or _of_item(key) for part in parts for key in part.tests}
    return parts, found, {each["key"]: each["counts_per_side"] for each in file["joint"]}


def _of_item(key: str) -> CardTest:
    item = ITEMS[key]
    return CardTest(key, item.label, item.help, TEST_CHOICES if item.kind == "test" else item.choices)


PARTS, CARD_TESTS, JOINT_TESTS = _read(Path(__file__).parent / "card.toml")
TESTS = tuple(CARD_TESTS)
DERIVED = (ANGLE, DONE, POSITIVE_OF_DONE, *BOTH_SIDES.values())  # items that the card answers beside its tests
ANSWERED_BY_CARD = (*(test for test in TESTS if test not in JOINT_TESTS), *DERIVED)


def answers_of_card(card: Card) -> dict[str, object]:
    """Return the screening's answers for the tests on the card: the worst that was found on either side.

    The angle is the smallest at which a side turned positive. Strength and touch are lost on both sides only if both were
    found so. The sacroiliac tests are counted. A test without an entry has no answer. Left and right exchanged give the
    same answers.
    """
    answers: dict[str, object] = {}
    for test in TESTS:
        results = _results(card, test)
        if results and test not in JOINT_TESTS:
            answers[test] = next(result for result in WORST_FIRST if result in results)
    for test, item in BOTH_SIDES.items():
        tested = [result for result in _results(card, test) if result != NOT_TESTED]
        if len(tested) == len(SIDES):
            answers[item] = all(result in LOST for result in tested)
    angles = [
        entry["angle_deg"]
        for entry in card.get(SLR, {}).values()
        if entry["result"] == "positive" and entry.get("angle_deg") is not None
    ]
    return {**answers, **({ANGLE: min(angles)} if angles else {}), **_joint_counts(card)}


def _results(card: Card, test: str) -> list[object]:
    return [entry["result"] for entry in card.get(test, {}).values()]


def _joint_counts(card: Card) -> dict[str, object]:
    """Count the sacroiliac tests done and positive: one each, Gaenslen one per side."""
    if not any(_results(card, test) for test in JOINT_TESTS):
        return {}
    counted = list(_counted_results(card))
    done = [results for results in counted if {"positive", "negative"} & results]
    if not done:
        return {DONE: 0}
    return {DONE: len(done), POSITIVE_OF_DONE: sum("positive" in results for results in done)}


def _counted_results(card: Card) -> Iterator[set[object]]:
    for test, counts_per_side in JOINT_TESTS.items():
        results = _results(card, test)
        yield from ({result} for result in results) if counts_per_side else [set(results)]


def changes_of_card(before: Card, after: Card) -> dict[str, object]:
    """Return the answers to change when the card goes from `before` to `after`; None where a test was taken off it.

    A test that neither card names keeps the answer it has: earlier versions have results without a side. So does a loss
    on both sides that was entered without them, until both sides are tested: one side alone does not take it back.
    """
    was, answers = answers_of_card(before), answers_of_card(after)
    touched = [test for test in TESTS if before.get(test) != after.get(test)]
    keys = dict.fromkeys(key for test in touched for key in _answered_by(test))
    untold = {key for key in BOTH_SIDES.values() if key not in was and key not in answers}
    return {key: answers.get(key) for key in keys if key not in untold}


def _answered_by(test: str) -> tuple[str, ...]:
    """Return the screening's items that one test of the card decides."""
    if test in JOINT_TESTS:
        return (DONE, POSITIVE_OF_DONE)
    if test == SLR:
        return (SLR, ANGLE)
    return (test, BOTH_SIDES[test]) if test in BOTH_SIDES else (test,)
