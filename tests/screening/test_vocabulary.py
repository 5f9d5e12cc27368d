"""Answers are read strictly: an unknown key or an impossible value is refused by name, and nothing is guessed."""

import pytest

from clients.screening import (
    GROUPS,
    ITEMS,
    MUSCLES,
    BadAnswer,
    UnknownQuestion,
    client_groups,
    emergency_keys,
    emergency_now,
    is_asked,
    screen,
    validate,
)

NAN, INFINITE = float("nan"), float("inf")


def test_the_vocabulary_has_its_items_and_emergency_items():
    assert len(ITEMS) == 124
    assert set(emergency_keys()) == {
        "saddle_numbness", "bladder_change", "bowel_change", "bilateral_leg_symptoms", "foot_drop",
        "weakness_progressing", "cord_signs", "fever", "sudden_severe_onset", "pulsating_abdomen", "faint_or_collapse",
        "cold_or_pale_foot", "calf_swelling", "chest_pain_or_breathless",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("fever", [True, False, "not_sure", None], [1, 0, "yes", "", [], {}, 1.0, "NOT_SURE", NAN]),
        ("slr", ["positive", "negative", "not_tested", None], [True, "Positive", "", 1, ["positive"]]),
        ("strength", ["normal", "severely_reduced", "not_tested", None], ["absent", True, 3, {}]),
        ("sex", ["F", "M", "X", None], ["f", "", 0, True]),
        ("pain_now", [0, 10, None], [11, -1, 5.5, 5.0, True, "5", NAN, [5]]),
        ("age", [0, 120, None], [121, -1, 40.5, False, "40", 10**400]),
        ("duration_weeks", [0, 0.5, 6300, None], [-0.1, NAN, INFINITE, -INFINITE, True, "6", 6301, 10**400]),
        ("sitting_tolerance_min", [0, 30, 12.5, None], [-1, INFINITE, True, "30"]),
        ("sits_hours_per_day", [0, 24, 7.5, None], [24.1, -1, NAN, True]),
        ("slr_angle_deg", [0, 90, 42.5, None], [91, -1, INFINITE, True]),
        ("sij_tests_done", [0, 6, None], [7, -1, 2.5, True, "3"]),
        ("trp_familiar_pain", [[], ["piriformis"], ("psoas",), list(MUSCLES), None], ["piriformis", ["elbow"], [1], {}, True]),
    ],
)  # fmt: skip
def test_what_an_answer_may_be(key, good, bad):
    for value in good:
        validate({key: value})
    for value in bad:
        with pytest.raises(BadAnswer) as refusal:
            validate({key: value})
        assert refusal.value.key == key
        assert str(refusal.value).startswith(key)


def test_an_unknown_question_is_named():
    with pytest.raises(UnknownQuestion) as refusal:
        screen({"fever": True, "horoscope": "lion"})

    assert refusal.value.key == "horoscope"
    assert "horoscope" in str(refusal.value)


def test_an_unknown_question_of_endless_length_is_named_in_short():
    with pytest.raises(UnknownQuestion) as refusal:
        validate({"x" * 10_000: True})

    assert len(str(refusal.value)) < 200


def test_more_positive_than_done_is_a_contradiction():
    with pytest.raises(BadAnswer) as refusal:
        screen({"sij_tests_done": 3, "sij_tests_positive": 4})

    assert refusal.value.key == "sij_tests_positive"
    validate({"sij_tests_done": 3, "sij_tests_positive": 3})
    validate({"sij_tests_positive": 3})


def test_pregnant_and_male_asks_to_confirm_and_blocks_nothing():
    male, female = ({"sex": sex, "pregnant_weeks": 12, "pregnancy_warning_signs": False} for sex in "MF")

    assert "confirm_body" in {caution.id for caution in screen(male).cautions}
    assert "confirm_body" not in {caution.id for caution in screen(female).cautions}
    assert screen(male).triage == screen(female).triage


def test_answers_are_left_as_they_were_given():
    given = {"trp_familiar_pain": ["piriformis", "piriformis"], "fever": None}

    screen(given)

    assert given == {"trp_familiar_pain": ["piriformis", "piriformis"], "fever": None}


def test_every_question_stands_in_exactly_one_group_and_emergency_groups_come_first():
    asked = [key for group in GROUPS for key in group.items]
    parts = [group.part for group in GROUPS]

    assert sorted(asked) == sorted(ITEMS)
    assert list(dict.fromkeys(parts)) == ["urgent", "safety", "history", "pattern", "exam"]
    assert parts == sorted(parts, key=["urgent", "safety", "history", "pattern", "exam"].index)
    for group in GROUPS:
        emergencies = [key for key in group.items if ITEMS[key].emergency]
        assert bool(emergencies) == (group.part == "urgent")


def test_a_client_is_asked_what_is_theirs_in_plain_words_and_nothing_else():
    asked = {key for group in client_groups() for key in group.items}

    assert {key for key, item in ITEMS.items() if item.by == "client"} <= asked
    assert not [key for key in asked if ITEMS[key].by == "therapist"]
    assert all(ITEMS[key].question.endswith("?") for key in asked)
    assert all(len(group.items) <= 9 for group in client_groups())


def test_a_client_cannot_clear_themselves():
    assert "cleared_by_clinician_this_episode" not in {key for group in client_groups() for key in group.items}
    assert "bladder_longstanding_confirmed" not in {key for group in client_groups() for key in group.items}


def test_the_therapist_has_each_definition_at_hand():
    exam = [ITEMS[key] for group in GROUPS if group.by == "therapist" for key in group.items]

    assert all(item.help and item.label for item in exam)


def test_follow_ups_are_asked_after_a_yes_or_not_sure():
    assert is_asked("fever", {})
    assert is_asked("weakness_course", {"weakness_progressing": "not_sure"})
    assert not is_asked("weakness_course", {"weakness_progressing": False})
    assert not is_asked("pregnancy_warning_signs", {"pregnant_weeks": 0})
    assert is_asked("pregnancy_warning_signs", {"pregnant_weeks": 3})


def test_an_emergency_shows_as_soon_as_it_is_told():
    assert emergency_now({}) == ()
    assert emergency_now(dict.fromkeys(emergency_keys(), False)) == ()
    assert [flag.id for flag in emergency_now({"bowel_change": True, "night_pain_any_position": True})] == ["ces_bowel"]
    assert [flag.id for flag in emergency_now({"sudden_severe_onset": True})] == ["aaa"]
    assert emergency_now({"calf_swelling": True}) == ()


def test_emergency_now_refuses_what_screen_refuses():
    with pytest.raises(UnknownQuestion):
        emergency_now({"horoscope": True})
    with pytest.raises(BadAnswer):
        emergency_now({"fever": "yes"})
