"""Triage order, the open questions, the axes and their weights, the plan gate and the named patterns."""

import pytest

from clients.screening import RULES, published_scores, screen
from clients.screening.engine import _band as band_of
from clients.screening.rules import CLEARANCE
from tests.screening.cases import ALL_NO, CLEAR, SAFETY, answers, changed, examined

RADICULAR = {
    "pain_below_knee": True, "leg_worse_than_back": True, "numb_tingling_leg": True, "cough_sneeze_leg_pain": True,
    "slr": "positive", "slr_angle_deg": 40, "crossed_slr": "positive",
}  # fmt: skip
GLUTEAL = {
    "buttock_dominant": True, "worse_sitting": True, "notch_tenderness_familiar": True,
    "active_piriformis": "positive", "seated_piriformis_stretch": "positive",
}  # fmt: skip


def weight(axis, group, **given):
    """The weight the group carries on the axis, or 0."""
    return sum(evidence.weight for evidence in screen(given).evidence[axis] if evidence.group == group)


# --- triage order and open questions


@pytest.mark.parametrize(
    ("given", "triage"),
    [
        ({"foot_drop": True, "weight_loss": True, "trauma": None, "spreading_down": True}, "emergency"),
        ({"weight_loss": True, "trauma": None, "spreading_down": True}, "urgent_referral"),
        ({"trauma": None, "spreading_down": True}, "incomplete"),
        ({"spreading_down": True}, "routine_referral"),
        ({}, "treat"),
    ],
)
def test_the_highest_level_wins(given, triage):
    assert screen(answers(**given)).triage == triage


def test_every_fired_flag_is_listed_whatever_wins():
    flags = screen(answers(foot_drop=True, weight_loss=True, spreading_down=True)).flags

    assert [flag.id for flag in flags] == ["foot_drop", "ca_const", "spreading"]


@pytest.mark.parametrize("key", sorted(ALL_NO))
def test_each_emergency_and_safety_item_blocks_treat_while_unanswered(key):
    result = screen(answers(**{key: None}))

    assert result.triage == "incomplete"
    assert result.blocking == (key,)
    assert result.missing[0] == key


# Not asked for where it was left out, and to be clarified where the answer is "not sure".
ONLY_UNSURE = (
    "calf_warm_or_red", "severe_no_sleep", "foot_rest_pain_or_sores", "cancer_active", "spreading_down",
    "heart_or_stroke_recent", "surgery_recent_6wk", "fracture_recent", "pregnancy_high_risk", "contagious_illness",
)  # fmt: skip


@pytest.mark.parametrize("key", [*SAFETY, *ONLY_UNSURE])
def test_not_sure_on_a_safety_item_has_to_be_clarified(key):
    result = screen(answers(**{key: "not_sure"}))

    assert result.triage == "incomplete"
    assert result.blocking == (key,)


@pytest.mark.parametrize("key", [*ONLY_UNSURE, "smoker", "sexual_function_change", "age"])
def test_what_may_stay_unanswered_blocks_nothing(key):
    assert screen(answers(**{key: None})).triage == "treat"


@pytest.mark.parametrize("key", ["smoker", "diabetes", "varicose_veins", "skin_problem", "numb_tingling_leg"])
def test_not_sure_on_what_only_adapts_the_massage_blocks_nothing(key):
    assert screen(answers(**{key: "not_sure"})).triage == "treat"


def test_a_clearance_does_not_answer_what_is_not_sure():
    for key in ONLY_UNSURE:
        assert screen(examined(**{key: "not_sure", CLEARANCE: True})).triage == "incomplete"


def test_an_age_not_known_is_named_after_what_is_open_and_before_what_the_pattern_needs():
    result = screen(answers(trauma=None, age=None))

    assert result.blocking == ("trauma",)
    assert result.missing[:3] == ("trauma", "age", "pain_below_knee")
    assert "age" not in screen(answers(age=0)).missing


@pytest.mark.parametrize("weeks", [0.5, 20])
def test_a_pregnancy_needs_its_warning_signs_asked(weeks):
    assert screen(answers(pregnant_weeks=weeks)).blocking == ("pregnancy_warning_signs",)
    assert screen(answers(pregnant_weeks=weeks, pregnancy_warning_signs=False)).triage == "treat"
    assert screen(answers(pregnant_weeks=0)).triage == "treat"


PLACES = ("pain_low_back", "pain_buttock", "buttock_dominant", "pain_groin", "leg_worse_than_back", "pain_below_knee")


@pytest.mark.parametrize("cancer", [{"cancer_history": True}, {"cancer_active": True}])
def test_silence_about_pain_beside_a_cancer_is_not_read_as_no_pain(cancer):
    assert screen(answers(**cancer)).blocking == ("pain_now",)
    assert screen(answers(**cancer, **dict.fromkeys(PLACES, "not_sure"))).triage == "incomplete"
    assert screen(answers(**cancer, pain_now=0)).triage == "treat"
    assert screen(answers(**cancer, pain_now=1)).triage == "urgent_referral"
    for place in PLACES:
        assert screen(answers(**cancer, **{place: False})).triage == "treat"
        assert screen(answers(**cancer, **{place: True})).triage == "urgent_referral"
        assert screen(answers(**cancer, **{place: True, CLEARANCE: True})).triage == "treat"


@pytest.mark.parametrize("felt", [True, "not_sure"])
@pytest.mark.parametrize("tested", [None, "not_tested"])
def test_weakness_needs_strength_tested(felt, tested):
    assert screen(answers(weakness_reported=felt, strength=tested)).blocking == ("strength",)
    assert "strength" in screen(answers(foot_drop=felt, strength=tested)).blocking
    assert "strength" in screen(answers(weakness_progressing=felt, strength=tested)).blocking


# --- clearance


@pytest.mark.parametrize(
    "given", [{"strength": "reduced"}, {"reflexes": "absent"}, RADICULAR, {"heart_or_stroke_recent": True}]
)
def test_clearance_turns_a_routine_referral_into_treat_with_cautions(given):
    assert screen(examined(**given)).triage == "routine_referral"

    cleared = screen(examined(**given, **{CLEARANCE: True}))

    assert cleared.triage == "treat"
    assert "cleared" in {caution.id for caution in cleared.cautions}
    assert all(flag.cleared for flag in cleared.flags)


@pytest.mark.parametrize(
    "given",
    [
        {"foot_drop": True}, {"weight_loss": True}, {"pain_now": 9}, {"trauma": None}, {"age": 17},
        {"spreading_down": True}, {"contagious_illness": True}, {"weakness_progressing": True, "weakness_course": "weeks"},
    ],
)  # fmt: skip
def test_clearance_does_not_lift(given):
    assert screen(examined(**given, **{CLEARANCE: True})).triage == screen(examined(**given)).triage != "treat"


def test_a_cleared_flag_still_counts_beside_night_pain():
    result = screen(examined(cancer_history=True, pain_now=4, night_pain_any_position=True, **{CLEARANCE: True}))

    assert result.triage == "urgent_referral"


# --- weights, from the table: (axis, group, answers, ln LR before shrink)

WEIGHTS = [
    ("radicular", "distribution", {"pain_below_knee": True}, 0.5),
    ("radicular", "distribution", {"pain_below_knee": False}, -0.7),
    ("radicular", "distribution", {"pain_below_knee": True, "dermatomal_band": True, "pain_to_foot": True}, 0.9),
    ("radicular", "distribution", {"pain_below_knee": True, "dermatomal_band": True}, 0.5),
    ("radicular", "distribution", {"dermatomal_band": True, "pain_to_foot": True}, 0),
    ("radicular", "leg_or_back", {"leg_worse_than_back": True}, 0.5),
    ("radicular", "leg_or_back", {"leg_worse_than_back": False}, -0.5),
    ("radicular", "sensory", {"numb_tingling_leg": True}, 0.5),
    ("radicular", "sensory", {"numb_tingling_leg": False}, -0.5),
    ("radicular", "sensory", {"numb_tingling_leg": "not_sure"}, 0),
    ("radicular", "cough", {"cough_sneeze_leg_pain": True}, 0.5),
    ("radicular", "cough", {"cough_sneeze_leg_pain": False}, -0.1),
    ("radicular", "neural_tension", {"slr": "positive", "slr_angle_deg": 59}, 0.4),
    ("radicular", "neural_tension", {"slr": "positive", "slr_angle_deg": 60}, 0.2),
    ("radicular", "neural_tension", {"slr": "positive"}, 0.2),
    ("radicular", "neural_tension", {"slr": "negative"}, -0.8),
    ("radicular", "neural_tension", {"slr": "not_tested"}, 0),
    ("radicular", "neural_tension", {"crossed_slr": "positive"}, 1.03),
    ("radicular", "neural_tension", {"crossed_slr": "negative"}, 0),
    ("radicular", "neural_tension", {"slump": "positive"}, 1.0),
    ("radicular", "neural_tension", {"slump": "negative"}, -0.8),
    ("radicular", "neural_tension", {"femoral_stretch": "positive"}, 1.0),
    ("radicular", "neural_tension", {"femoral_stretch": "negative"}, 0),
    ("radicular", "neural_tension", {"slr": "negative", "slump": "negative"}, -0.8),
    ("radicular", "neural_tension", {"slr": "negative", "slump": "positive"}, 1.0),
    ("radicular", "neural_tension", {"slr": "positive", "crossed_slr": "positive", "slump": "positive"}, 1.03),
    ("radicular", "neuro", {"strength": "reduced"}, 1.2),
    ("radicular", "neuro", {"strength": "severely_reduced", "reflexes": "absent", "light_touch": "reduced"}, 1.2),
    ("radicular", "neuro", {"reflexes": "reduced"}, 1.2),
    ("radicular", "neuro", {"light_touch": "absent", "strength": "normal"}, 1.2),
    ("radicular", "neuro", {"strength": "normal", "light_touch": "normal"}, -0.3),
    ("radicular", "neuro", {"strength": "normal", "light_touch": "normal", "reflexes": "normal"}, -0.3),
    ("radicular", "neuro", {"strength": "normal", "reflexes": "normal"}, 0),
    ("radicular", "neuro", {"strength": "normal", "light_touch": "not_tested"}, 0),
    ("gluteal", "buttock", {"buttock_dominant": True}, 0.7),
    ("gluteal", "buttock", {"buttock_dominant": False}, -0.9),
    ("gluteal", "sitting", {"worse_sitting": True}, 0.6),
    ("gluteal", "sitting", {"worse_sitting": True, "sitting_tolerance_min": 30}, 0.6),
    ("gluteal", "sitting", {"worse_sitting": True, "sitting_tolerance_min": 31}, 0),
    ("gluteal", "sitting", {"worse_sitting": False}, -0.6),
    ("gluteal", "sitting", {"sitting_tolerance_min": 10}, 0),
    ("gluteal", "notch", {"notch_tenderness_familiar": True}, 0.4),
    ("gluteal", "notch", {"notch_tenderness_familiar": False}, -0.6),
    ("gluteal", "piriformis_tension", {"active_piriformis": "positive"}, 1.36),
    ("gluteal", "piriformis_tension", {"active_piriformis": "negative"}, -1.31),
    ("gluteal", "piriformis_tension", {"seated_piriformis_stretch": "positive"}, 1.5),  # 1.65 clamped
    ("gluteal", "piriformis_tension", {"seated_piriformis_stretch": "negative"}, -0.63),
    ("gluteal", "piriformis_tension", {"active_piriformis": "positive", "seated_piriformis_stretch": "positive"}, 1.5),
    ("gluteal", "piriformis_tension", {"active_piriformis": "positive", "seated_piriformis_stretch": "negative"}, 1.5),
    ("gluteal", "piriformis_tension", {"active_piriformis": "negative", "seated_piriformis_stretch": "positive"}, 1.5),
    ("gluteal", "piriformis_tension", {"active_piriformis": "negative", "seated_piriformis_stretch": "negative"}, -1.5),
    *(("gluteal", "piriformis_tension", {test: "positive"}, 0.4) for test in ("fair", "freiberg", "beatty", "pace")),
    *(("gluteal", "piriformis_tension", {test: "negative"}, -0.3) for test in ("fair", "freiberg", "beatty", "pace")),
    ("gluteal", "piriformis_tension", {"active_piriformis": "negative", "fair": "negative"}, -0.3),
    ("gluteal", "piriformis_tension", {"active_piriformis": "negative", "fair": "positive"}, 0.4),
    (
        "gluteal", "piriformis_tension",
        {"active_piriformis": "negative", "seated_piriformis_stretch": "negative", "fair": "positive"}, -1.5,
    ),
    ("gluteal", "fluctuation", {"pain_low_back": False, "pain_free_fluctuation": True}, 0.3),
    ("gluteal", "fluctuation", {"pain_low_back": True, "pain_free_fluctuation": True}, 0),
    ("gluteal", "fluctuation", {"pain_free_fluctuation": True}, 0),
    ("gluteal", "fluctuation", {"pain_low_back": False, "pain_free_fluctuation": False}, 0),
    ("gluteal", "wallet", {"wallet_back_pocket": True}, 0.3),
    ("gluteal", "wallet", {"wallet_back_pocket": False}, 0),
    ("myofascial", "palpation", {"trp_familiar_pain": []}, -0.5),
    ("myofascial", "palpation", {"trp_familiar_pain": ["piriformis"]}, 0),
    ("sacroiliac", "laslett", {"sij_tests_done": 4, "sij_tests_positive": 3}, 0.76),
    ("sacroiliac", "laslett", {"sij_tests_done": 6, "sij_tests_positive": 2}, 0),
    ("sacroiliac", "laslett", {"sij_tests_done": 3, "sij_tests_positive": 3}, 0),
    ("sacroiliac", "laslett", {"sij_tests_done": 4, "sij_tests_positive": 0}, -1.1),
    ("sacroiliac", "laslett", {"sij_tests_done": 3, "sij_tests_positive": 0}, 0),
    ("sacroiliac", "laslett", {"sij_tests_positive": 5}, 0),
]  # fmt: skip


@pytest.mark.parametrize(("axis", "group", "given", "ln_lr"), WEIGHTS)
def test_a_group_weighs_half_its_clamped_value(axis, group, given, ln_lr):
    assert weight(axis, group, **given) == pytest.approx(ln_lr / 2)


def test_every_weight_of_the_data_is_in_the_table_above():
    found = {
        (evidence.item, evidence.weight, evidence.text)
        for axis, group, given, _ in [
            *WEIGHTS,
            ("myofascial", "palpation", CLEAR | {"trp_familiar_pain": ["tfl_itb"]}, 0),
        ]
        for evidence in screen(given).evidence[axis]
        if evidence.group == group
    }
    all_weights = {
        (one.evidence.item, one.evidence.weight, one.evidence.text) for group in RULES.weights for one in group.values
    }

    # A loss of reflex or feeling weighs as a loss of strength does; each text is reached on its own here.
    assert all_weights == found


NORMAL = {"slr": "negative", "strength": "normal", "light_touch": "normal"}


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({}, 0.4),
        ({"crossed_slr": "negative", "slump": "not_tested", "reflexes": "normal"}, 0.4),
        ({"slr": "not_tested"}, 0), ({"slr": None}, 0), ({"slump": "positive"}, 0), ({"femoral_stretch": "positive"}, 0),
        ({"crossed_slr": "positive"}, 0), ({"light_touch": None}, 0), ({"reflexes": "reduced"}, 0), ({"strength": "reduced"}, 0),
    ],
)  # fmt: skip
def test_a_muscle_speaks_for_itself_only_beside_normal_nerves(given, value):
    assert weight("myofascial", "palpation", **changed(NORMAL, trp_familiar_pain=["piriformis"], **given)) == value


@pytest.mark.parametrize(
    ("muscles", "value"), [(["psoas"], 0), (["iliacus", "psoas"], 0), (["psoas", "hamstrings"], 0.4)]
)
def test_psoas_or_iliacus_alone_weigh_nothing(muscles, value):
    assert weight("myofascial", "palpation", **NORMAL, trp_familiar_pain=muscles) == value


@pytest.mark.parametrize(
    ("score", "band"),
    [(1.0, "several"), (0.995, "some"), (0.5, "some"), (0.495, "no_lean"), (-0.495, "no_lean"), (-0.5, "few")],
)
def test_bands(score, band):
    assert band_of(score, RULES.limits) == band


# --- the plan gate


@pytest.mark.parametrize(
    ("given", "gate"),
    [
        ({"slump": "positive"}, True),  # 0.5 with a positive test
        ({"slump": "positive", "numb_tingling_leg": False}, False),  # 0.25
        ({"pain_below_knee": True, "leg_worse_than_back": True}, False),  # 0.5, nothing tested positive
        ({"pain_below_knee": True, "leg_worse_than_back": True, "slr": "positive"}, True),  # 0.6
        ({"strength": "reduced", "pain_below_knee": True}, False),  # 0.85: the loss itself refers
        ({"strength": "reduced", "pain_below_knee": True, "numb_tingling_leg": True}, True),  # 1.1
    ],
)
def test_the_plan_gate_looks_at_the_radicular_axis(given, gate):
    assert ("plan_gate" in {flag.id for flag in screen(given).flags}) is gate


def test_the_plan_gate_holds_whichever_pattern_is_named():
    result = screen(examined(**RADICULAR, **GLUTEAL))

    assert (result.triage, result.pattern) == ("routine_referral", "mixed_or_unclear")


# --- patterns


@pytest.mark.parametrize(
    ("given", "pattern"),
    [
        (RADICULAR, "radicular"),
        (GLUTEAL, "deep_gluteal"),
        ({"trp_familiar_pain": ["gluteus_medius"]}, "myofascial"),
        ({"sij_tests_done": 6, "sij_tests_positive": 3}, "sacroiliac"),
        (RADICULAR | GLUTEAL, "mixed_or_unclear"),
        ({}, "mixed_or_unclear"),
        # two named rules at once
        ({"sij_tests_done": 6, "sij_tests_positive": 3, "trp_familiar_pain": ["piriformis"]}, "mixed_or_unclear"),
        (GLUTEAL | {"sij_tests_done": 6, "sij_tests_positive": 3}, "mixed_or_unclear"),
        # what blocks a name
        (GLUTEAL | {"reflexes": "absent"}, "mixed_or_unclear"),
        (GLUTEAL | {"femoral_stretch": "positive"}, "mixed_or_unclear"),
        ({"sij_tests_done": 6, "sij_tests_positive": 3, "pain_above_l5": True}, "mixed_or_unclear"),
        ({"sij_tests_done": 6, "sij_tests_positive": 3, "pain_buttock": False, "pain_low_back": False}, "mixed_or_unclear"),
        ({"trp_familiar_pain": ["gluteus_medius"]} | GLUTEAL, "deep_gluteal"),  # G is 1.0 or more: not myofascial too
    ],
)  # fmt: skip
def test_named_patterns(given, pattern):
    assert screen(examined(**given)).pattern == pattern


def test_r_must_lead_by_a_half_to_be_named():
    ahead = {"pain_below_knee": True, "leg_worse_than_back": True, "numb_tingling_leg": True, "crossed_slr": "positive"}
    gluteal = {"buttock_dominant": True, "worse_sitting": True, "active_piriformis": "not_tested", "fair": "negative"}
    result = screen(examined(**ahead, **gluteal))

    assert result.scores["radicular"] == 1.115
    assert result.scores["gluteal"] == 0.5
    assert result.pattern == "mixed_or_unclear"
    assert screen(examined(**ahead, **gluteal | {"worse_sitting": False})).pattern == "radicular"


def test_r_of_three_tenths_still_lets_the_sacroiliac_joint_be_named():
    edge = {"pain_below_knee": True, "leg_worse_than_back": True, "slr": "positive", "slr_angle_deg": 50}
    result = screen(examined(**edge, sij_tests_done=6, sij_tests_positive=3))

    assert result.scores["radicular"] == 0.3
    assert result.pattern == "sacroiliac"


@pytest.mark.parametrize("other", ["fair", "freiberg", "beatty", "pace"])
def test_when_the_pair_is_done_the_other_tests_do_not_count(other):
    for pair, value in (("positive", 0.75), ("negative", -0.75)):
        both = {"active_piriformis": pair, "seated_piriformis_stretch": pair}
        for result in ("positive", "negative"):
            assert weight("gluteal", "piriformis_tension", **both, **{other: result}) == value


@pytest.mark.parametrize(
    ("group", "taken_back", "asked"),
    [
        ("distribution", {"pain_below_knee": None}, "pain_below_knee"),
        ("distribution", {"pain_below_knee": "not_sure"}, "pain_below_knee"),
        ("leg_or_back", {"leg_worse_than_back": None}, "leg_worse_than_back"),
        ("sensory", {"numb_tingling_leg": "not_sure"}, "numb_tingling_leg"),
        ("sitting", {"worse_sitting": None}, "worse_sitting"),
        ("buttock", {"buttock_dominant": None}, "buttock_dominant"),
        ("slr", {"slr": "not_tested"}, "slr"),
        ("neuro", {"strength": None}, "strength"),
        ("neuro", {"light_touch": "not_tested"}, "light_touch"),
        ("piriformis", {"active_piriformis": None}, "active_piriformis"),
    ],
)
def test_no_pattern_without_the_minimum(group, taken_back, asked):
    result = screen(examined(**RADICULAR | taken_back))

    assert result.pattern == "insufficient_data"
    assert result.minimum_missing == (group,)
    assert result.minimum_answered == 7
    assert result.missing == (asked,)


@pytest.mark.parametrize("test", ["seated_piriformis_stretch", "fair", "freiberg", "pace", "beatty"])
def test_any_one_piriformis_test_will_do(test):
    assert screen(examined(active_piriformis=None, **{test: "negative"})).minimum_missing == ()


def test_history_alone_never_names_a_pattern():
    history = {
        key: True
        for group in RULES.groups
        if group.part == "pattern"
        for key in group.items
        if key != "sitting_tolerance_min"
    }

    assert screen(history).pattern == "insufficient_data"
    assert screen(answers(**history)).pattern == "insufficient_data"


# --- what the result carries


def test_as_dict_is_the_shape_of_the_command():
    shape = screen(examined(**RADICULAR, anticoagulant=True)).as_dict()

    assert list(shape) == ["triage", "pattern", "flags", "evidence", "missing", "cautions", "rules_version"]
    assert set(shape["flags"][0]) == {"id", "level", "why", "source"}
    assert set(shape["evidence"]) == {"radicular", "gluteal", "myofascial", "sacroiliac"}
    assert shape["evidence"]["radicular"][0] == {
        "item": "pain_below_knee", "direction": "for", "weight": 0.25, "source": "konstantinou-2012",
    }  # fmt: skip
    assert {caution["id"] for caution in shape["cautions"]} == {"blood_thinners", "nerve_root"}


@pytest.mark.parametrize(
    ("caution", "given", "neighbour"),
    [
        ("clot_before", {"dvt_history": True}, {"dvt_history": False}),
        ("heart", {"heart_or_stroke_recent": True}, {}),
        ("contagious_today", {"contagious_illness": True}, {}),
        ("blood_thinners", {"anticoagulant": "not_sure"}, {"anticoagulant": False}),
        ("aneurysm", {"aneurysm_history": True}, {}),
        ("belly_vessels", {"age": 60, "smoker": True}, {"age": 59, "smoker": True}),
        ("skin", {"skin_problem": True}, {}),
        ("veins", {"varicose_veins": True}, {}),
        ("fracture_site", {"fracture_recent": True}, {}),
        ("weak_bones", {"osteoporosis": True}, {}),
        ("steroids", {"steroids_long_term": True}, {}),
        ("infection_risk", {"recent_infection": True}, {}),
        ("injection", {"spinal_injection_recent": True}, {"recent_infection": True}),
        ("surgery", {"surgery_recent_6wk": True}, {}),
        ("hip_joint", {"hip_replacement": True}, {}),
        ("spine_implant", {"spinal_surgery_or_implant": True}, {}),
        ("cancer", {"cancer_active": True}, {"cancer_history": True}),
        ("pregnancy", {"pregnant_weeks": 8}, {"pregnant_weeks": 0}),
        ("pregnancy_high", {"pregnancy_high_risk": True}, {"pregnant_weeks": 8}),
        ("after_birth", {"postpartum_weeks": 8}, {"postpartum_weeks": 9}),
        ("sensation", {"light_touch": "reduced"}, {"light_touch": "normal"}),
        ("sensation", {"diabetes": True}, {}),
        ("hip_range", {"hip_internal_rotation": "limited"}, {"hip_internal_rotation": "normal"}),
        ("implant", {"implant_or_stent": True}, {}),
        ("blunted", {"sedatives_or_opioids": True}, {}),
        ("allergy", {"oil_or_latex_allergy": True}, {}),
        ("bladder_confirmed", {"bladder_change": True, "bladder_longstanding_confirmed": True}, {"bladder_change": True}),
        ("cleared", {CLEARANCE: True}, {CLEARANCE: False}),
        ("moving", {"pain_to_foot": True, "pain_rising": True}, {"pain_to_foot": True}),
        ("confirm_body", {"sex": "M", "pregnant_weeks": 3}, {"sex": "F", "pregnant_weeks": 3}),
        ("nerve_root", {"slump": "positive"}, {"slr": "positive"}),
        ("nerve_root", {"strength": "reduced"}, {"strength": "normal"}),
    ],
)  # fmt: skip
def test_cautions(caution, given, neighbour):
    assert caution in {one.id for one in screen(given).cautions}
    assert caution not in {one.id for one in screen(neighbour).cautions}


@pytest.mark.parametrize(
    ("caution", "key"),
    [
        ("clot_before", "dvt_history"), ("blood_thinners", "anticoagulant"), ("aneurysm", "aneurysm_history"),
        ("skin", "skin_problem"), ("veins", "varicose_veins"), ("weak_bones", "osteoporosis"),
        ("steroids", "steroids_long_term"), ("infection_risk", "immunosuppressed"),
        ("injection", "spinal_injection_recent"), ("hip_joint", "hip_replacement"),
        ("spine_implant", "spinal_surgery_or_implant"), ("cancer", "cancer_active"), ("sensation", "diabetes"),
        ("hip_range", "pain_groin"), ("implant", "implant_or_stent"), ("blunted", "sedatives_or_opioids"),
        ("allergy", "oil_or_latex_allergy"),
    ],
)  # fmt: skip
def test_not_sure_adapts_the_massage_like_yes(caution, key):
    assert caution in {one.id for one in screen({key: "not_sure"}).cautions}
    assert caution not in {one.id for one in screen({key: False}).cautions}


@pytest.mark.parametrize("risk", ["smoker", "hypertension"])
def test_not_sure_on_a_risk_to_the_belly_vessels_adapts_from_sixty(risk):
    assert "belly_vessels" in {one.id for one in screen({"age": 60, risk: "not_sure"}).cautions}


def test_every_caution_is_tested_above():
    tested = {case[0] for mark in test_cautions.pytestmark for case in mark.args[1]}

    assert tested == {rule.id for rule in RULES.cautions}


@pytest.mark.parametrize(
    ("advice", "given", "neighbour"),
    [
        ("sitting", {"sits_hours_per_day": 4}, {"sits_hours_per_day": 3}),
        ("standing", {"stands_hours_per_day": 4}, {"stands_hours_per_day": 3}),
        ("driving", {"drives_hours_per_day": 1}, {"drives_hours_per_day": 0.5}),
        ("wallet", {"wallet_back_pocket": True}, {}),
        ("sleep", {"fetal_sleep": True}, {}),
        ("chair", {"reclined_chair": True}, {}),
        ("screen", {"peers_at_screen": True}, {}),
        ("load", {"training_load_rise": True}, {}),
    ],
)
def test_modifiable_factors_feed_advice_and_weigh_nothing_but_the_wallet(advice, given, neighbour):
    assert advice in {one.id for one in screen(given).advice}
    assert advice not in {one.id for one in screen(neighbour).advice}
    assert any(screen(given).scores.values()) is (advice == "wallet")


# --- published scores


def score(name, **given):
    return next(one for one in published_scores(given) if one.id == name)


def test_laslett_counts_as_published():
    assert score("laslett", sij_tests_done=6, sij_tests_positive=3).met is True
    assert score("laslett", sij_tests_done=6, sij_tests_positive=2).met is False
    assert score("laslett", sij_tests_done=6, sij_tests_positive=5).count == 5
    assert score("laslett", sij_tests_done=3, sij_tests_positive=3).met is None
    assert score("laslett", sij_tests_positive=3).met is None


def test_the_martin_pair_counts_when_both_tests_are_done():
    assert score("martin_pair", active_piriformis="positive", seated_piriformis_stretch="negative").met is True
    assert score("martin_pair", active_piriformis="negative", seated_piriformis_stretch="negative").met is False
    assert score("martin_pair", active_piriformis="positive").met is None


def test_cook_counts_to_four_of_five():
    four = {
        "bilateral_leg_symptoms": True,
        "leg_worse_than_back": True,
        "worse_walking": True,
        "relief_sitting_or_bending": True,
    }

    assert score("cook", **four, age=48).count == 4
    assert score("cook", **four, age=48).met is True
    assert score("cook", **four | {"worse_walking": False}, age=48).met is False
    assert score("cook", **four).met is None


@pytest.mark.parametrize("name", ["stynes", "michel", "rapidh", "n_class", "vroomen"])
def test_unverified_scores_stay_off_and_say_why(name):
    off = score(name, **RADICULAR, **GLUTEAL, strength="reduced")

    assert not off.on
    assert off.met is None
    assert off.note.startswith("Off:")


def test_stynes_is_a_plain_count():
    assert score("stynes", **RADICULAR, strength="reduced").count == 5
