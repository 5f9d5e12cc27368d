"""Trying a rule set before anyone switches: what changes, what is less safe, and what cannot be used at all."""

import itertools
import json
import tracemalloc
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from clients.management.commands.screen_replay import MOST_NAMED, named, on_file, stored_cases
from clients.models import Screening
from clients.replay import (
    Case,
    Tally,
    Unreadable,
    built_in_cases,
    compare,
    compare_all,
    load_candidate,
    rule_changes,
)
from clients.screening import RULES, BadRule, screen
from clients.screening.rules import DATA, TRIAGE
from clients.screenings import clarify_screening, run_screening
from tests.screening.cases import ALL_NO, CLEAR, examined
from tests.world import NOW, make_client

CASES = built_in_cases()
BOWEL = examined(bowel_change=True)


def text_of(name):
    return (DATA / f"{name}.toml").read_text(encoding="utf-8")


def without_rule(rule):
    """The text of rules.toml lacking one rule."""
    before, found, after = text_of("rules").partition(f'[[rule]]\nid = "{rule}"')
    assert found
    return before + after[after.index("[[rule]]") :]


@pytest.fixture
def trial(tmp_path):
    """Write a trial folder: `trial(weights=[(old, new)])` changes the first place, `trial(rules="…")` gives the text."""

    def write(**changed):
        for name, change in changed.items():
            text = change if isinstance(change, str) else text_of(name)
            for old, new in () if isinstance(change, str) else change:
                assert old in text
                text = text.replace(old, new, 1)
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def look(case_answers, candidate, case_id=7):
    return compare(Case(case_id, case_answers), in_use=RULES, candidate=candidate)


# --- the built-in cases


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_built_in_case_decides_as_it_is_meant_to(case):
    result = screen(case.answers)

    assert (result.triage, result.pattern) == case.stored


def test_the_built_in_cases_reach_everything():
    fired = {flag.id for case in CASES for flag in screen(case.answers).flags}

    assert len({case.id for case in CASES}) == len(CASES) >= 80
    assert {case.stored[0] for case in CASES} == set(Screening.Triage.values)
    assert {case.stored[1] for case in CASES} == set(Screening.Pattern.values)
    assert {rule.id for rule in RULES.rules} == fired


# --- comparing


def test_the_rules_in_use_change_nothing_against_themselves():
    tally = Tally()
    for outcome in compare_all(CASES, in_use=RULES, candidate=RULES):
        assert not outcome.is_change
        tally.add(outcome)

    assert (tally.cases, tally.changed, tally.less_safe, tally.unreadable) == (len(CASES), 0, [], [])
    assert tally.stored_otherwise == 0
    assert sum(tally.triage.values()) == sum(tally.pattern.values()) == len(CASES)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES.rules if rule.level == "emergency"])
def test_taking_out_an_emergency_rule_is_said(rule):
    candidate = RULES.without(rule)

    gone = [
        outcome.case
        for outcome in compare_all(CASES, in_use=RULES, candidate=candidate)
        if f"{rule} (emergency)" in outcome.flags.gone
    ]

    assert gone
    assert rule_changes(RULES, candidate).lost_emergencies == (rule,)


def test_a_fall_of_the_triage_is_less_safe_and_a_rise_is_not():
    candidate = RULES.without("ces_bowel")

    falls = look(BOWEL, candidate)
    rises = compare(Case(7, BOWEL), in_use=candidate, candidate=RULES)

    assert (falls.triage, falls.flags.gone, falls.flags.new) == (("emergency", "treat"), ("ces_bowel (emergency)",), ())
    assert falls.pattern == ("not_applicable", "mixed_or_unclear")
    assert falls.is_less_safe and not rises.is_less_safe
    assert rises.flags.new == ("ces_bowel (emergency)",)


@pytest.mark.parametrize(("before", "after"), list(itertools.pairwise(TRIAGE)))
def test_every_step_down_is_less_safe(before, after):
    outcome = look(BOWEL, RULES)

    assert replace(outcome, triage=(before, after)).is_less_safe
    assert not replace(outcome, triage=(after, before)).is_less_safe
    assert not replace(outcome, triage=(after, after)).is_less_safe


def test_another_level_of_a_flag_is_a_flag_gone_and_a_flag_new(trial):
    text = text_of("rules").replace(
        'id = "ces_bowel"\nlevel = "emergency"', 'id = "ces_bowel"\nlevel = "urgent_referral"'
    )
    candidate = load_candidate(trial(rules=text))

    outcome = look(BOWEL, candidate)

    assert outcome.flags.gone == ("ces_bowel (emergency)",)
    assert outcome.flags.new == ("ces_bowel (urgent_referral)",)
    assert rule_changes(RULES, candidate).levels == (("ces_bowel", "emergency", "urgent_referral"),)
    assert rule_changes(RULES, candidate).lost_emergencies == ("ces_bowel",)


def test_a_flag_that_a_clearance_now_lifts_is_seen(trial):
    candidate = load_candidate(trial(rules=[('id = "contagious"\n', 'id = "contagious"\nclearable = true\n')]))

    outcome = look(examined(contagious_illness=True, cleared_by_clinician_this_episode=True), candidate)

    assert outcome.triage == ("routine_referral", "treat")
    assert outcome.flags.new == ("contagious (routine_referral, cleared)",)
    assert rule_changes(RULES, candidate).reworded == ("contagious",)


def test_cautions_and_open_questions_count_as_changes(trial):
    caution = load_candidate(trial(cautions=[("anticoagulant possible", "anticoagulant yes")]))
    outcome = look(examined(anticoagulant="not_sure"), caution)
    assert outcome.is_change and outcome.triage == ("treat", "treat")
    assert outcome.cautions.gone == ("blood_thinners (clearance)",)

    opened = load_candidate(
        trial(open=[('item = "trauma"\nwhen = "trauma open"', 'item = "smoker"\nwhen = "smoker open"')])
    )
    outcome = look(examined(trauma=None), opened)
    assert outcome.triage == ("incomplete", "incomplete") and outcome.is_change
    assert (outcome.open_questions.gone, outcome.open_questions.new) == (("trauma",), ("smoker",))
    assert rule_changes(RULES, opened).lost_questions == ("trauma",)


def test_an_emergency_item_that_may_be_left_open_is_a_lost_question(trial):
    start = text_of("items").index('key = "fever"')
    text = text_of("items")[:start] + text_of("items")[start:].replace("emergency = true\n", "", 1)

    assert rule_changes(RULES, load_candidate(trial(items=text))).lost_questions == ("fever",)


def test_scores_that_move_without_consequence_are_counted_apart(trial):
    candidate = load_candidate(
        trial(weights=[('ln_lr = 0.5\nwhen = "pain_below_knee yes"', 'ln_lr = 0.6\nwhen = "pain_below_knee yes"')])
    )
    tally = Tally()

    tally.add(look(examined(pain_below_knee=True), candidate))
    tally.add(look(examined(), candidate))

    assert (tally.cases, tally.changed, tally.only_scores) == (2, 0, 1)


def test_what_is_on_file_otherwise_is_counted():
    tally = Tally()

    for stored in (("treat", "mixed_or_unclear"), ("emergency", "not_applicable"), None):
        tally.add(compare(Case(1, CLEAR, stored), in_use=RULES, candidate=RULES))

    assert (tally.stored_otherwise, tally.changed) == (1, 0)


def test_answers_the_candidate_cannot_read_are_named_and_stop_nothing(trial):
    start = text_of("items").index('[[item]]\nkey = "varicose_veins"')
    end = text_of("items").index("[[item]]", start + 1)
    candidate = load_candidate(
        trial(
            items=text_of("items")[:start] + text_of("items")[end:],
            groups=[('  "varicose_veins",\n', "")],
            cautions=[('when = "varicose_veins possible"', 'when = "smoker yes"')],
        )
    )
    tally = Tally()

    for answers in (CLEAR, CLEAR | {"varicose_veins": True}):
        tally.add(look(answers, candidate))

    outcome = look(CLEAR | {"varicose_veins": True}, candidate)
    assert isinstance(outcome, Unreadable) and outcome.by_candidate and "varicose_veins" in outcome.why
    assert (tally.cases, tally.unreadable) == (2, [7])
    assert not look({"horoscope": True}, candidate).by_candidate


def test_compare_all_takes_one_case_at_a_time():
    taken = []
    endless = (taken.append(at) or Case(at, ALL_NO) for at in itertools.count())

    list(itertools.islice(compare_all(endless, in_use=RULES, candidate=RULES), 5))

    assert len(taken) == 5


# --- what cannot be used


@pytest.mark.parametrize(
    ("changed", "named_in_error"),
    [
        ({"rules": [('when = "saddle_numbness possible"', "when = 5")]}, ["rules.toml", "ces_saddle", "when"]),
        ({"rules": [('when = "saddle_numbness possible"\n', "")]}, ["rules.toml", "ces_saddle", "'when' is missing"]),
        ({"rules": [('when = "saddle_numbness possible"', 'when = "saddle possible"')]}, ["ces_saddle", "saddle"]),
        ({"rules": [('grade = "published"', "")]}, ["rules.toml", "ces_saddle", "grade"]),
        ({"rules": [('level = "emergency"', 'level = "alarming"')]}, ["ces_saddle", "alarming"]),
        ({"rules": [("version = 1", "version = ")]}, ["rules.toml"]),
        ({"rules": "version = 1"}, ["rules.toml", "missing"]),
        ({"rules": [('any_pain = """', 'any_pain = """(((((' + "(" * 5000)]}, ["nested"]),
        ({"rules": [("[define]", "[define]\nodd = 3")]}, ["rules.toml", "odd", "text"]),
        ({"weights": [("shrink = 0.5", 'shrink = "half"')]}, ["weights.toml", "shrink", "number"]),
        ({"weights": [("shrink = 0.5", "shrink = nan")]}, ["weights.toml", "shrink"]),
        ({"weights": [("ln_lr = 0.9", "ln_lr = inf")]}, ["weights.toml", "dermatomal_band", "ln_lr"]),
        ({"weights": [("ln_lr = 0.9\n", "")]}, ["weights.toml", "group distribution", "dermatomal_band", "ln_lr"]),
        ({"words": [("Rules version {version}.", "Rules {horoscope}.")]}, ["horoscope"]),
        ({"words": [("[pattern.myofascial]", "[pattern.muscle]")]}, ["words.toml", "myofascial"]),
        ({"groups": [('  "saddle_numbness",\n', "")]}, ["saddle_numbness"]),
        ({"rule": "version = 1"}, ["rule.toml"]),
        ({}, ["no file of rules"]),
    ],
)
def test_a_candidate_that_cannot_be_used_is_refused_by_name(trial, changed, named_in_error):
    with pytest.raises(BadRule) as refusal:
        load_candidate(trial(**changed))

    for part in named_in_error:
        assert part in str(refusal.value)


def test_a_folder_that_is_none_and_a_file_that_cannot_be_read_are_refused(tmp_path):
    for folder in (tmp_path / "nowhere", DATA / "rules.toml"):
        with pytest.raises(BadRule, match="not a folder"):
            load_candidate(folder)
    (tmp_path / "rules.toml").mkdir()
    with pytest.raises(BadRule, match="cannot be read"):
        load_candidate(tmp_path)
    (tmp_path / "rules.toml").rmdir()
    (tmp_path / "rules.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadRule, match=r"rules\.toml"):
        load_candidate(tmp_path)


def test_a_folder_with_one_changed_file_is_enough(trial):
    candidate = load_candidate(trial(rules=[("pain_now >= 9", "pain_now >= 8")]))

    assert look(examined(pain_now=8), candidate).triage == ("treat", "urgent_referral")
    assert rule_changes(RULES, candidate).reworded == ("severe",)


def test_a_changed_definition_is_a_changed_condition_of_every_rule_that_uses_it(trial):
    candidate = load_candidate(trial(rules=[('"trauma possible or minor_trauma possible"', '"trauma possible"')]))

    assert rule_changes(RULES, candidate).reworded == ("bleed_neuro",)


def test_a_question_that_is_asked_less_often_is_seen_although_no_case_shows_it(replayed, trial):
    folder = trial(open=[('when = "rash_or_blisters open"', 'when = "rash_or_blisters unsure"')])
    changes = rule_changes(RULES, load_candidate(folder))

    assert (changes.lost_questions, changes.asked_otherwise) == ((), ("rash_or_blisters",))
    assert "Must be answered under another condition: rash_or_blisters." in replayed(folder, "--demo")


# --- the command


@pytest.fixture
def replayed(capsys):
    def replay(folder, *options):
        call_command("screen_replay", "--rules", str(folder), *options)
        return capsys.readouterr().out

    return replay


@pytest.fixture
def bowel_on_file(ada, mia):
    return run_screening(client=ada, answers=BOWEL, at=NOW, by=mia)


def test_screen_replay_names_changed_screenings_by_id_and_says_what_is_less_safe(
    replayed, trial, bowel_on_file, ben, mia
):
    kept = run_screening(client=ben, answers=CLEAR, at=NOW, by=mia)

    told = replayed(trial(rules=without_rule("ces_bowel")))

    assert f"Screening {bowel_on_file.pk}: Emergency → Treat; Not applicable → Mixed or unclear  LESS SAFE" in told
    assert "  flags gone: ces_bowel (emergency)\n" in told
    assert f"LESS SAFE: the triage falls in 1 of 2: {bowel_on_file.pk}." in told
    assert "LESS SAFE: no longer an emergency: ces_bowel." in told
    assert "2 screenings on file, 1 change." in told
    assert "       1  Emergency → Treat\n" in told and "       1  Treat, as before\n" in told
    assert f"Screening {kept.pk}" not in told
    for private in ("Ada", "Müller", "Ben", "Okafor", "mail.example"):
        assert private not in told


def test_screen_replay_looks_at_the_present_version_only(replayed, trial, bowel_on_file, mia):
    clarify_screening(bowel_on_file, changes={"bowel_change": False}, by=mia, at=NOW)

    told = replayed(trial(rules=without_rule("ces_bowel")))

    assert "1 screenings on file, 0 change." in told
    assert "the triage falls" not in told
    assert "no longer an emergency: ces_bowel" in told  # no case shows it, and it is said all the same


def test_screen_replay_writes_nothing(replayed, trial, bowel_on_file, django_assert_num_queries):
    before = Screening.objects.values().get()

    with django_assert_num_queries(2):
        replayed(trial(rules=without_rule("ces_bowel")))

    assert Screening.objects.values().get() == before


def test_screen_replay_counts_what_earlier_rules_decided(replayed, trial, ada):
    Screening.objects.create(
        client=ada, answers=CLEAR, result={}, triage="emergency", pattern="not_applicable", rules_version="0", at=NOW
    )

    told = replayed(trial(rules=text_of("rules")))

    assert "1 screenings on file, 0 change." in told
    assert "1 have another triage or pattern on file" in told


@pytest.mark.django_db
def test_screen_replay_uses_the_built_in_cases_where_nothing_is_on_file(replayed, trial):
    told = replayed(trial(rules=without_rule("ces_bowel")))

    assert f"{len(CASES)} built-in cases, " in told
    assert "bladder_confirmed_bowel_unsure: Emergency → Treat" in told


def test_screen_replay_demo_needs_no_database(replayed, trial):
    """No database fixture: a query would fail."""
    assert f"{len(CASES)} built-in cases, 0 change." in replayed(trial(rules=text_of("rules")), "--demo")


def test_screen_replay_demo_leaves_what_is_on_file_alone(replayed, trial, bowel_on_file):
    assert "Screening " not in replayed(trial(rules=without_rule("ces_bowel")), "--demo")


def test_screen_replay_json_is_one_object(replayed, trial, bowel_on_file):
    told = json.loads(replayed(trial(rules=without_rule("ces_bowel")), "--json"))

    assert (told["cases"], told["changed"], told["less_safe"]) == (1, 1, [bowel_on_file.pk])
    assert (told["cases_from"], told["rules_in_use"]) == ("screenings on file", RULES.version)
    assert told["triage"] == [{"in_use": "emergency", "candidate": "treat", "cases": 1}]
    assert told["rules"]["lost_emergencies"] == ["ces_bowel"]
    [change] = told["changes"]
    assert (change["case"], change["triage"], change["less_safe"]) == (bowel_on_file.pk, ["emergency", "treat"], True)
    assert change["flags"] == {"new": [], "gone": ["ces_bowel (emergency)"]}


def test_screen_replay_json_without_a_change(replayed, trial, bowel_on_file):
    assert json.loads(replayed(trial(rules=text_of("rules")), "--json"))["changes"] == []


def test_screen_replay_refuses_bad_rules_with_two(replayed, trial):
    with pytest.raises(CommandError) as refusal:
        replayed(trial(rules=[('when = "saddle_numbness possible"\n', "")]))

    assert refusal.value.returncode == 2
    assert "rules.toml, rule ces_saddle: 'when' is missing." in str(refusal.value)


def test_screen_replay_names_what_cannot_be_read(replayed, trial, ada):
    row = Screening.objects.create(
        client=ada,
        answers={"horoscope": True},
        result={},
        triage="treat",
        pattern="radicular",
        rules_version="0",
        at=NOW,
    )

    told = replayed(trial(rules=text_of("rules")))

    assert f"Screening {row.pk}: cannot be read by the rules in use" in told
    assert f"NOT COMPARED: 1 cannot be read: {row.pk}." in told


def test_a_long_list_of_ids_is_cut():
    assert named(list(range(MOST_NAMED))).endswith(str(MOST_NAMED - 1))
    assert named(list(range(MOST_NAMED + 3))).endswith(" and 3 more")


def test_screenings_on_file_are_fetched_a_few_hundred_at_a_time(practice):
    people = [make_client(f"Person {at}", "Row") for at in range(4)]
    Screening.objects.bulk_create(
        Screening(
            client=people[at % 4], answers=EVERYTHING, result={}, triage="treat", pattern="radicular",
            rules_version="0", at=NOW,
        )
        for at in range(1500)
    )  # fmt: skip

    def peak(work):
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    one_by_one = peak(lambda: sum(1 for _ in stored_cases()))
    at_once = peak(lambda: list(on_file().values_list("pk", "answers")))

    assert one_by_one < at_once * 0.6


EVERYTHING = CLEAR | {key: False for key in RULES.items if RULES.items[key].kind == "answer"}
