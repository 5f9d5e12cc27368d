"""The examination card: each test per side, with its angle. The screening's own vocabulary knows no sides, the card does."""

from collections.abc import Mapping

SIDES = ("left", "right")
SLR, ANGLE = "slr", "slr_angle_deg"
TESTS = (
    SLR, "crossed_slr", "slump", "femoral_stretch",
    "active_piriformis", "seated_piriformis_stretch", "fair", "freiberg", "pace", "beatty",
)  # fmt: skip
WORST_FIRST = ("positive", "negative", "not_tested")

Card = Mapping[str, Mapping[str, Mapping[str, object]]]  # test → side → {"result": …, "angle_deg": … (SLR)}


def answers_of_card(card: Card) -> dict[str, object]:
    """Return the screening's answers for the tests on the card: positive if either side is, else negative if either is.

    The angle is the smallest at which a side turned positive. A test without an entry has no answer. Left and right
    exchanged give the same answers.
    """
    answers: dict[str, object] = {}
    for test in TESTS:
        results = {entry["result"] for entry in card.get(test, {}).values()}
        if results:
            answers[test] = next(result for result in WORST_FIRST if result in results)
    angles = [
        entry["angle_deg"]
        for entry in card.get(SLR, {}).values()
        if entry["result"] == "positive" and entry.get("angle_deg") is not None
    ]
    return {**answers, ANGLE: min(angles)} if angles else answers


def changes_of_card(before: Card, after: Card) -> dict[str, object]:
    """Return the answers to change when the card goes from `before` to `after`; None where a test was taken off it.

    A test that neither card names keeps the answer it has: earlier versions have results without a side.
    """
    answers = answers_of_card(after)
    touched = [test for test in TESTS if before.get(test) != after.get(test)]
    keys = [*touched, *([ANGLE] if SLR in touched else [])]
    return {key: answers.get(key) for key in keys}
