"""docs/screening.md says what the program does: every number, source and name in it is held against the data."""

import re
from collections import Counter
from pathlib import Path

import pytest

from clients.replay import built_in_cases
from clients.screening import ITEMS, RULES, emergency_keys, published_scores, screen
from tests.screening.rulebook import DOCUMENT, rulebook

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "screening.md").read_text(encoding="utf-8")
PLAIN = " ".join(TEXT.split())
SOURCES = set(re.findall(r"^### (\S+)$", (DOCS / "clinical-sources.md").read_text(encoding="utf-8"), re.M))
WORKED = next(case for case in built_in_cases() if case.id == "worked_example")
AXES = {RULES.words["axis"][axis]["title"]: axis for axis in RULES.words["axis"]}


def section(title):
    return TEXT.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(title, head):
    """The rows of the table under a heading whose first cell is `head`, as lists of cells."""
    lines = section(title).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"| {head} "))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def signed(text):
    """The signed numbers in a cell: +0.45, −0.35."""
    return [float(number.replace("−", "-")) for number in re.findall(r"[+−]\d+(?:\.\d+)?", text)]


def numbers(text):
    return sorted(float(number.replace("−", "-")) for number in re.findall(r"−?\d+(?:\.\d+)?", text))


def keys(text):
    return set(re.findall(r"`([a-z][a-z0-9_-]+)`", text))


# --- weights


def test_every_group_of_weights_has_its_row():
    shown = [(AXES[axis], label) for axis, label, *_ in rows("What a finding counts", "Axis")]

    assert shown == [(group.axis, group.label) for group in RULES.weights]


@pytest.mark.parametrize("row", rows("What a finding counts", "Axis"), ids=lambda row: row[1])
def test_the_weights_shown_are_those_that_count(row):
    axis, label, speaks_for, speaks_against, sources = row
    [group] = [group for group in RULES.weights if (group.axis, group.label) == (AXES[axis], label)]
    found = [value.evidence for value in group.values]

    # Several findings may stand behind one number ("any loss", "others"), so each counts once.
    assert set(signed(speaks_for)) == {each.weight for each in found if each.weight > 0}
    assert set(signed(speaks_against)) == {each.weight for each in found if each.weight < 0}
    assert keys(sources) == {each.source for each in found}


NAMED = {
    "narrow band to the foot": "In one narrow band, below the knee into the foot",
    "; below the knee": "Goes below the knee",
    "crossed leg raise": "Crossed straight leg raise positive",
    "; slump": ("Slump positive", "Slump negative"),
    "femoral stretch": "Femoral stretch positive",
    "leg raise under 60°": "Straight leg raise positive under 60 degrees",
    "under 60° +0.2, else": "Straight leg raise positive, at 60 degrees or more or angle unknown",
    "| leg raise": "Straight leg raise negative",
    "both of the pair done:": "Active piriformis test positive, both tests of the pair done",
    "active alone": ("Active piriformis test positive", "Active piriformis test negative"),
    "seated stretch alone": ("Seated piriformis stretch positive", "Seated piriformis stretch negative"),
    "each of the others": "Clinical FAIR positive",
    "; others": "Clinical FAIR negative",
    "| pair": "Active test and seated stretch both negative",
}


@pytest.mark.parametrize("phrase", NAMED)
def test_a_weight_that_shares_its_cell_stands_behind_its_own_name(phrase):
    by_text = {value.evidence.text: value.evidence.weight for group in RULES.weights for value in group.values}
    texts = (NAMED[phrase],) if isinstance(NAMED[phrase], str) else NAMED[phrase]
    shown = re.findall(re.escape(phrase) + r" ([+−]\S+?)(?=[;, ])", section("What a finding counts"))

    assert [signed(number)[0] for number in shown] == [by_text[text] for text in texts]


def test_each_weight_is_the_log_ratio_clamped_and_halved():
    clamp = float(re.search(r"clamped to ±(\d\.\d)", PLAIN)[1])
    end = float(re.search(r"an axis ends at ±(\d\.\d)", PLAIN)[1])

    assert "**halved**" in PLAIN and RULES.limits.shrink == 0.5
    assert (clamp, end) == (RULES.limits.clamp, RULES.limits.axis_clamp)
    for group in RULES.weights:
        for value in group.values:
            assert value.evidence.weight == pytest.approx(max(-clamp, min(clamp, value.ln_lr)) / 2)


def test_minutes_and_degrees_in_the_table_are_those_of_the_rules():
    said = {row[1]: row[2] for row in rows("What a finding counts", "Axis")}
    when = {value.when.text for group in RULES.weights for value in group.values}

    minutes = re.search(r"within (\d+) minutes", said["Sitting"])[1]
    degrees = re.search(r"under (\d+)°", said["Neural tension tests"])[1]
    assert any(f"sitting_tolerance_min <= {minutes}" in text for text in when)
    assert f"slr is positive and slr_angle_deg < {degrees}" in when


def test_most_weights_are_expert_as_the_text_says():
    grades = Counter(value.evidence.grade for group in RULES.weights for value in group.values)

    assert "marked *expert*; most are" in PLAIN
    assert grades["expert"] > grades.total() / 2


# --- thresholds


def test_bands():
    several, some, few = re.search(r'≥ (\S+) "several features", ≥ (\S+) "some", ≤ −(\S+) "few"', PLAIN).groups()

    assert (float(several), float(some), -float(few)) == (RULES.limits.several, RULES.limits.some, RULES.limits.few)


@pytest.mark.parametrize("row", rows("What a finding counts", "Result"), ids=lambda row: row[0])
def test_the_thresholds_of_each_result(row):
    name, said = row
    conditions = {pattern.id: pattern.when.text for pattern in RULES.patterns}
    conditions["mixed_or_unclear"] = RULES.mixed.text
    conditions["plan gate"] = next(rule.when.text for rule in RULES.rules if rule.after_scores)
    text = conditions[name].replace("laslett_positive", "sij_tests_done >= 4 and sij_tests_positive >= 3")

    assert numbers(re.sub(r"`[^`]*`", "", said)) == numbers(text)


def test_three_of_four_sacroiliac_tests_is_what_the_engine_asks():
    weight = next(value for group in RULES.weights for value in group.values if value.evidence.weight == 0.38)
    at = {done: screen({"sij_tests_done": done, "sij_tests_positive": 3}).scores["sacroiliac"] for done in (3, 4)}

    assert at == {3: 0, 4: weight.evidence.weight}


def test_every_result_is_in_the_table():
    named = [row[0] for row in rows("What a finding counts", "Result")]

    assert sorted(named) == sorted(["mixed_or_unclear", "plan gate", *(pattern.id for pattern in RULES.patterns)])


# --- counts and names


def test_counts():
    levels = Counter(rule.level for rule in RULES.rules)
    said = re.search(r"(\d+) rules, no arithmetic: (\d+) say emergency, (\d+) urgent referral, (\d+) routine", PLAIN)
    wanted = (levels.total(), levels["emergency"], levels["urgent_referral"], levels["routine_referral"])

    assert tuple(map(int, said.groups())) == wanted
    assert f"one of {len(emergency_keys())} emergency questions" in PLAIN
    assert f"one of {len(RULES.open_questions) - len(emergency_keys())} further questions" in PLAIN
    assert f"only when {len(RULES.minimum)} groups of answers" in PLAIN
    assert f"the {len(built_in_cases())} built-in cases" in (DOCS / "screening-changes.md").read_text(encoding="utf-8")


def test_what_is_our_own_choice_to_clarify():
    [said] = re.findall(r"For (`[^.]*?`) this is our own choice", PLAIN)
    [silent] = re.findall(r"with nothing said about pain\*\* keeps (`[^.]*?`) open \(`expert-design`\)", PLAIN)

    assert keys(said) | keys(silent) == {
        question.item for question in RULES.open_questions if question.source == "expert-design"
    }
    assert {question.grade for question in RULES.open_questions if question.source == "expert-design"} == {"expert"}
    assert [question.item for question in RULES.asked_besides] == ["age"]


def test_what_a_clearance_lifts():
    urgent = {rule.id for rule in RULES.rules if rule.level == "urgent_referral" and rule.clearable}
    never = {rule.id for rule in RULES.rules if rule.level == "routine_referral" and not rule.clearable}
    [lifts] = re.findall(r"of the urgent ones only (.*?)\. It never lifts", PLAIN)
    [lifts_not] = re.findall(r"It never lifts an emergency, an open question, or (.*?)\.", PLAIN)

    assert (keys(lifts), keys(lifts_not)) == (urgent, never)
    assert not [rule.id for rule in RULES.rules if rule.level == "emergency" and rule.clearable]


def test_published_scores_on_and_off():
    by_name = {"Laslett": "laslett", "Martin": "martin_pair", "Cook": "cook", "Stynes": "stynes", "Michel": "michel"}
    by_name |= {"RAPIDH": "rapidh", "N-CLASS": "n_class", "Vroomen": "vroomen"}
    on, off = re.search(r"decide nothing: (.*?)\. (.*?) stay off", PLAIN).groups()

    for score in published_scores({}):
        [name] = [name for name, each in by_name.items() if each == score.id]
        assert name in (on if score.on else off)
    assert len(RULES.scores) == len(by_name)


def test_every_key_resolves():
    rest = {"worked_example", "screening", "rules"} | {rule.id for rule in RULES.rules} | set(ITEMS)
    unknown = {key for key in keys(TEXT) if key not in SOURCES | rest}

    assert not unknown


def test_every_row_with_a_number_names_a_source():
    for head in ("Axis", "Result"):
        for row in rows("What a finding counts", head):
            assert keys(" ".join(row)) & SOURCES or "all thresholds `expert-design`" in TEXT and head == "Result"
    for _, found, _ in rows("A worked example", "Axis"):
        assert all(keys(each) & SOURCES for each in found.split("; "))


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", TEXT):
        assert (DOCS / target).is_file()


# --- the worked example


def test_the_worked_example_is_what_the_engine_says():
    shown = [
        (AXES[axis], *re.fullmatch(r"(.+) ([+−]\S+) \(`(\S+)`\)", each).groups())
        for axis, found, _ in rows("A worked example", "Axis")
        for each in found.split("; ")
    ]
    found = screen(WORKED.answers).evidence

    assert [(axis, text, signed(counts)[0], source) for axis, text, counts, source in shown] == [
        (axis, each.text, each.weight, each.source) for axis in found for each in found[axis]
    ]


def test_the_sums_and_the_result_of_the_worked_example():
    result = screen(WORKED.answers)

    for axis, _, said in rows("A worked example", "Axis"):
        total, band = re.fullmatch(r"[RG] (\S+), (.+)", said).groups()
        assert float(total.replace("−", "-")) == result.scores[AXES[axis]]
        assert band == RULES.words["band"][result.bands[AXES[axis]]]["title"]
    assert "**treat, more like deep buttock-nerve irritation**" in PLAIN
    assert (result.triage, result.pattern, result.flags) == ("treat", "deep_gluteal", ())


def test_the_person_of_the_worked_example_is_the_case():
    answers = WORKED.answers

    assert "A man of 46, ten weeks of buttock pain that goes below the knee" in PLAIN
    assert (answers["age"], answers["duration_weeks"], answers["pain_buttock"], answers["pain_below_knee"]) == (
        46,
        10,
        True,
        True,
    )
    assert (answers["slump"], answers["fair"]) == ("negative", "positive")


def test_the_worked_example_starts_incomplete_for_that_one_answer():
    unsure = screen(WORKED.answers | {"night_pain_any_position": "not_sure"})

    assert (unsure.triage, unsure.blocking) == ("incomplete", ("night_pain_any_position",))


def test_the_other_ending_of_the_worked_example():
    result = screen(WORKED.answers | {"slump": "positive"})
    new, old, r, g = re.search(
        r"\+(\S+) would stand in place of −(\S+): R (\S+)\. With G at (\S+) both", PLAIN
    ).groups()
    slump, negative = (
        next(
            each.weight
            for each in screen(WORKED.answers | {"slump": answer}).evidence["radicular"]
            if each.group == "neural_tension"
        )
        for answer in ("positive", "negative")
    )

    assert (float(new), -float(old)) == (slump, negative)
    assert (float(r), float(g)) == (result.scores["radicular"], result.scores["gluteal"])
    assert (result.triage, result.pattern) == ("routine_referral", "mixed_or_unclear")
    assert [flag.id for flag in result.flags] == ["plan_gate"]


# --- the rules, written out


def test_the_rulebook_is_up_to_date():
    assert DOCUMENT.read_text(encoding="utf-8") == rulebook(), "python -m tests.screening.rulebook writes it anew"


def test_the_rulebook_names_every_rule_caution_and_weight():
    text = rulebook()

    for rule in RULES.rules:
        assert f"| `{rule.id}` | {rule.why} |" in text
    assert text.count("\n| ") >= len(RULES.rules) + len(RULES.cautions) + sum(
        len(group.values) for group in RULES.weights
    )
