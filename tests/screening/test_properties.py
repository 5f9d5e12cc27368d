"""What must hold for any answers: red flags only raise, silence never clears, order and tender muscles change nothing."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from clients.screening import ITEMS, MUSCLES, client_groups, emergency_keys, emergency_now, screen
from clients.screening.rules import CLEARANCE, PATTERNS, TRIAGE
from clients.screening.vocabulary import LARGEST, NOT_SURE, WHOLE
from tests.screening.cases import ALL_NO, CLEAR, EVERY_NO, SAFETY

RED_FLAGS = (
    *emergency_keys(), *SAFETY, "sexual_function_change", "weakness_reported", "minor_trauma", "growing_bruise",
    "anticoagulant", "recent_infection", "spinal_injection_recent", "immunosuppressed", "cancer_active",
    "severe_no_sleep", "foot_rest_pain_or_sores", "calf_warm_or_red", "pregnancy_warning_signs", "spreading_down",
    "not_improving_6wk_care", "osteoporosis", "steroids_long_term", "pain_rising", "spinal_percussion_tender",
    "strength_both_sides", "light_touch_both_sides", "heart_or_stroke_recent", "contagious_illness",
    "surgery_recent_6wk", "fracture_recent", "pregnancy_high_risk",
)  # fmt: skip
TENDER = (
    {"notch_tenderness_familiar": True}, {"trp_familiar_pain": ["gluteus_minimus"]}, {"trp_familiar_pain": ["piriformis"]},
    {"active_piriformis": "positive"}, {"seated_piriformis_stretch": "positive"}, {"fair": "positive"},
    {"pace": "positive"}, {"beatty": "positive"}, {"freiberg": "positive"}, {"buttock_dominant": True},
    {"sij_tests_done": 6, "sij_tests_positive": 5}, {"wallet_back_pocket": True},
)  # fmt: skip
QUIET = ("normal", "negative", "not_tested", [])
WOULD_FORBID = (
    "cancer_active", "spreading_down", "heart_or_stroke_recent", "surgery_recent_6wk", "fracture_recent",
    "pregnancy_high_risk", "contagious_illness",
)  # fmt: skip
YES_OR_NO = sorted(key for key, item in ITEMS.items() if item.kind == "answer")
FOR_CLIENTS = sorted(key for group in client_groups() for key in group.items)

many = settings(max_examples=200, deadline=None)


def value_of(item):
    if item.kind == "answer":
        return st.sampled_from([True, False, NOT_SURE, None])
    if item.kind == "muscles":
        return st.none() | st.lists(st.sampled_from(MUSCLES), max_size=4)
    if item.kind in LARGEST:
        numbers = st.integers(0, LARGEST[item.kind])
        return st.none() | (numbers if item.kind in WHOLE else numbers | st.floats(0, LARGEST[item.kind]))
    return st.sampled_from([*item.values, None])


@st.composite
def sheets(draw):
    """Answer sheets: a blank, an all-no or a fully examined one, with a handful of answers changed at random."""
    sheet = dict(draw(st.sampled_from([{}, ALL_NO, CLEAR, EVERY_NO, EVERY_NO | CLEAR])))
    for key in draw(st.sets(st.sampled_from(sorted(ITEMS)), max_size=14)):
        sheet[key] = draw(value_of(ITEMS[key]))
    sheet["sij_tests_done"] = draw(st.integers(0, 6))
    sheet["sij_tests_positive"] = draw(st.integers(0, sheet["sij_tests_done"]))
    return sheet


def height(answers):
    """0 for treat, 4 for emergency."""
    return len(TRIAGE) - 1 - TRIAGE.index(screen(answers).triage)


@many
@given(sheets(), st.sampled_from(RED_FLAGS), st.sampled_from([True, NOT_SURE]))
def test_a_red_flag_answered_yes_instead_of_no_never_lowers_triage(sheet, key, answer):
    assert height(sheet | {key: answer}) >= height(sheet | {key: False})


@many
@given(sheets(), st.sampled_from((*emergency_keys(), *SAFETY)))
def test_saying_yes_to_a_safety_item_never_ends_in_treat_without_clearance(sheet, key):
    uncleared = sheet | {key: True, CLEARANCE: False, "bladder_longstanding_confirmed": False}
    if key == "cancer_history":  # a cancer long past is a flag once there is pain
        uncleared["pain_now"] = 3

    assert screen(uncleared).triage != "treat"


@many
@given(sheets(), st.sampled_from(sorted(ITEMS)))
def test_taking_back_an_answer_never_raises_it_to_treat(sheet, key):
    """For items that must be answered whatever the answer, and for every other item that was answered quietly."""
    before = screen(sheet).triage
    must = key in emergency_keys() or key in SAFETY
    was_quiet = sheet.get(key) is False or sheet.get(key) in QUIET
    if before != "treat" and (must or was_quiet):
        assert screen({k: v for k, v in sheet.items() if k != key}).triage != "treat"


@many
@given(sheets(), st.sampled_from(emergency_keys()))
def test_an_emergency_item_left_open_is_never_treat(sheet, key):
    assert screen(sheet | {key: None}).triage != "treat"
    assert key in screen(sheet | {key: None}).blocking


@many
@given(sheets(), st.sampled_from(emergency_keys()))
def test_not_sure_on_an_emergency_item_decides_as_yes_does(sheet, key):
    assert screen(sheet | {key: NOT_SURE}).triage == screen(sheet | {key: True}).triage


@many
@given(sheets(), st.randoms(use_true_random=False))
def test_order_of_answers_is_irrelevant(sheet, dice):
    shuffled = list(sheet.items())
    dice.shuffle(shuffled)

    assert screen(dict(shuffled)) == screen(sheet)


@many
@given(sheets())
def test_an_answer_of_none_is_the_same_as_no_answer(sheet):
    assert screen({key: sheet.get(key) for key in ITEMS}) == screen({k: v for k, v in sheet.items() if v is not None})


@many
@given(sheets(), st.sampled_from(TENDER))
def test_tender_muscles_and_joints_never_lower_triage_nor_the_radicular_axis(sheet, finding):
    before, after = screen(sheet), screen(sheet | finding)

    assert after.scores["radicular"] == before.scores["radicular"]
    assert TRIAGE.index(after.triage) <= TRIAGE.index(before.triage)


@many
@given(sheets())
def test_evidence_adds_up_to_the_score_and_every_weight_is_clamped_and_shrunk(sheet):
    result = screen(sheet)
    for axis, found in result.evidence.items():
        assert all(abs(evidence.weight) <= 0.75 for evidence in found)
        assert all((evidence.weight > 0) == (evidence.direction == "for") for evidence in found)
        assert len({evidence.group for evidence in found}) == len(found)
        assert result.scores[axis] == round(max(-3, min(3, sum(evidence.weight for evidence in found))), 6)


@many
@given(sheets())
def test_a_pattern_is_withheld_exactly_when_it_must_be(sheet):
    result = screen(sheet)

    assert (result.pattern == "not_applicable") == (result.triage in {"emergency", "urgent_referral"})
    if result.minimum_missing:
        assert result.pattern in {"not_applicable", "insufficient_data"}
    if result.scores["radicular"] >= 0.5 and result.scores["gluteal"] >= 0.5:
        assert result.pattern not in PATTERNS
    json.dumps(result.as_dict(), allow_nan=False)


@many
@given(sheets())
def test_several_features_of_nerve_root_irritation_are_never_treated_without_clearance(sheet):
    result = screen(sheet | {CLEARANCE: False})

    assert result.scores["radicular"] < 1.0 or result.triage != "treat"


@many
@given(sheets())
def test_clearance_never_lifts_an_emergency_nor_what_is_open_nor_a_child_nor_spreading(sheet):
    without, cleared = screen(sheet | {CLEARANCE: False}), screen(sheet | {CLEARANCE: True})

    if without.triage in {"emergency", "incomplete"} or without.blocking:
        assert cleared.triage != "treat"
    if {"child", "spreading"} & {flag.id for flag in without.flags}:
        assert cleared.triage != "treat"
    assert cleared.blocking == without.blocking
    assert [flag.id for flag in cleared.flags] == [flag.id for flag in without.flags]


@many
@given(sheets(), st.sampled_from(YES_OR_NO))
def test_silence_and_not_sure_are_never_less_than_no(sheet, key):
    told_no = height(sheet | {key: False})

    assert height(sheet | {key: None}) >= told_no
    assert height(sheet | {key: NOT_SURE}) >= told_no


@many
@given(sheets(), st.sampled_from(WOULD_FORBID), st.sampled_from([True, False]))
def test_not_sure_on_what_would_forbid_treatment_is_never_treat(sheet, key, clearance):
    result = screen(sheet | {key: NOT_SURE, CLEARANCE: clearance})

    assert result.triage != "treat"
    assert key in result.blocking


@many
@given(sheets())
def test_an_age_not_known_is_asked_for_and_keeps_nothing_open(sheet):
    without, known = screen(sheet | {"age": None}), screen(sheet | {"age": 40})

    assert "age" in without.missing and "age" not in known.missing
    assert without.blocking == known.blocking


@many
@given(sheets())
def test_emergency_now_is_the_emergency_part_of_the_screening(sheet):
    due = emergency_now(sheet)

    assert due == tuple(flag for flag in screen(sheet).flags if flag.level == "emergency")


def agree(part):
    """On any part of the answers: what shows at once is an emergency on file, and the other way round."""
    return bool(emergency_now(part)) == (screen(part).triage == "emergency")


@many
@given(sheets(), st.sets(st.sampled_from(sorted(ITEMS))))
def test_emergency_now_agrees_with_the_screening_on_any_part_of_the_answers(sheet, kept):
    counts = {
        "sij_tests_done",
        "sij_tests_positive",
    }  # one of them alone says nothing, and more positive than done is refused

    assert agree({key: sheet[key] for key in sheet if key in kept | counts})


@many
@given(sheets(), st.integers(0, len(FOR_CLIENTS)))
def test_an_emergency_by_what_a_client_answered_so_far_shows_at_once(sheet, reached):
    told = {key: (EVERY_NO | sheet).get(key) for key in FOR_CLIENTS[:reached]}

    assert agree(told)
    assert agree(told | {"pulsating_abdomen": True})
    assert emergency_now(told | {"bilateral_leg_symptoms": True})
