"""Left and right: whoever hurts on the other side gets the same answer."""

import re

import pytest

from anatomy.body import spot_choices, spots_of
from clients.consents import CONSENTS
from clients.intakes import request_intake, save_group, save_history, submit_intake
from clients.screening import GROUPS, ITEMS, RULES
from clients.walk import asked_keys
from tests.screening.cases import ALL_NO
from tests.world import NOW

SIDED = re.compile(r"(?<![a-z])(left|right)(?![a-z])", re.I)
OTHER = {"left": "right", "right": "left"}
SPOTS = [spot for spot, _ in spot_choices()]
ANSWERS = ALL_NO | {"pain_buttock": True, "pain_below_knee": True, "buttock_dominant": True, "worse_sitting": True}


def mirrored(spot):
    side, region = spot.split(":")
    return f"{OTHER[side]}:{region}"


def handed_in(person, by, spots):
    """The screening of an intake with these answers and this drawing."""
    intake = request_intake(client=person, by=by, at=NOW)
    for group in GROUPS:
        if group.by == "client":
            kept = {key: ANSWERS[key] for key in asked_keys(intake, group.id) if key in ANSWERS}
            save_group(intake, group=group.id, answers=kept, at=NOW)
    save_history(intake, step="body", spots=spots, at=NOW)
    assert sorted(spots_of(intake.history["regions"])) == sorted(spots)
    return submit_intake(
        intake, consents=dict.fromkeys(CONSENTS, True), signed_name="A client", is_by_guardian=False, at=NOW
    )


@pytest.mark.parametrize("word", ["left", "right side", "Gaenslen right", "slr_left"])
def test_a_side_would_be_noticed(word):
    assert SIDED.search(word)


def test_no_answer_and_no_rule_tells_left_from_right():
    """A mirrored examination card has the same answers only while no item holds a side."""
    for item in ITEMS.values():
        assert not SIDED.search(item.key), item.key
        assert not [value for value in item.values if SIDED.search(value)], item.key
    conditions = [rule.when for rule in (*RULES.rules, *RULES.cautions, *RULES.advice, *RULES.patterns)]
    conditions += [value.when for group in RULES.weights for value in group.values]
    conditions += [question.when for question in RULES.open_questions] + [RULES.mixed]
    assert not [condition.text for condition in conditions if SIDED.search(condition.text)]


@pytest.mark.parametrize("spots", [["left:buttock", "left:calf"], ["right:groin"], SPOTS[::3]], ids=len)
def test_a_mirrored_drawing_gives_the_same_screening(spots, ada, ben, mia):
    one, other = handed_in(ada, mia, spots), handed_in(ben, mia, [mirrored(spot) for spot in spots])

    assert (one.triage, one.pattern, one.answers, one.result) == (
        other.triage,
        other.pattern,
        other.answers,
        other.result,
    )
    assert one.intake.pain_drawing.lowest_level == other.intake.pain_drawing.lowest_level
