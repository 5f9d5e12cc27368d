"""Case vignettes: what a careful clinician would expect, and proof that each emergency rule is needed for it."""

import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from clients.screening import ITEMS, RULES, screen
from clients.screening.rules import TRIAGE
from tests.screening.cases import ALL_NO, CLEAR
from tests.screening.test_loader import checked

VIGNETTES = tomllib.loads(Path(__file__).with_name("vignettes.toml").read_text(encoding="utf-8"))["vignette"]
STARTS = {"blank": {}, "no": ALL_NO, "examined": CLEAR}
STOPS = ("emergency", "urgent_referral")
EMERGENCY_RULES = [rule.id for rule in RULES.rules if rule.level == "emergency"]


def told(vignette):
    start = {
        key: value for key, value in STARTS[vignette["start"]].items() if key not in vignette.get("taken_back", ())
    }
    return start | vignette["answers"]


def outcome(vignette, rules=RULES):
    result = screen(told(vignette), rules=rules)
    return result.triage, result.pattern, sorted(flag.id for flag in result.flags)


def expected(vignette):
    return vignette["triage"], vignette["pattern"], vignette["flags"]


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda vignette: vignette["id"])
def test_vignette(vignette):
    assert outcome(vignette) == expected(vignette)


def test_there_are_enough_vignettes_and_each_says_where_it_comes_from():
    ids = [vignette["id"] for vignette in VIGNETTES]

    assert len(ids) == len(set(ids)) >= 60
    assert all(vignette["source"] and vignette["story"] for vignette in VIGNETTES)
    assert {vignette["triage"] for vignette in VIGNETTES} == set(TRIAGE)
    assert {key for vignette in VIGNETTES for key in vignette["answers"]} <= set(ITEMS)


def test_a_vignette_cites_a_text_that_was_read_or_says_constructed():
    cited = {vignette["source"] for vignette in VIGNETTES} - {"constructed"}

    assert len(cited) >= 20
    assert {source for source in cited if checked(source) in {"not read", "–"}} == set()


# An abscess, a clot or a fracture can have every one of these.
ALL_BUTTOCK_SIGNS = {
    "buttock_dominant": True, "worse_sitting": True, "sitting_tolerance_min": 10, "notch_tenderness_familiar": True,
    "active_piriformis": "positive", "seated_piriformis_stretch": "positive", "fair": "positive",
    "freiberg": "positive", "pace": "positive", "beatty": "positive", "wallet_back_pocket": True,
    "trp_familiar_pain": ["piriformis", "gluteus_minimus"], "sij_tests_done": 6, "sij_tests_positive": 6,
}  # fmt: skip
STOPPED = [vignette for vignette in VIGNETTES if vignette["triage"] != "treat"]


@pytest.mark.parametrize("vignette", STOPPED, ids=lambda vignette: vignette["id"])
def test_every_buttock_sign_positive_lowers_nobody(vignette):
    before, after = screen(told(vignette)), screen(told(vignette) | ALL_BUTTOCK_SIGNS)

    assert TRIAGE.index(after.triage) <= TRIAGE.index(before.triage)
    assert after.scores["radicular"] == before.scores["radicular"]


def agreement():
    """How often each expected triage was found as which."""
    return Counter((vignette["triage"], outcome(vignette)[0]) for vignette in VIGNETTES)


def test_the_table_of_agreement_is_printed():
    rows = [f"{wanted:<18}{found:<18}{number}" for (wanted, found), number in sorted(agreement().items())]
    sys.stdout.write("\n".join((f"{'expected':<18}{'found':<18}cases", *rows, "")))  # shown by pytest -rP

    assert len(rows) == len(TRIAGE)


@pytest.mark.parametrize("level", STOPS)
def test_sensitivity_is_complete(level):
    table = agreement()

    due = sum(number for (wanted, _), number in table.items() if wanted == level)

    assert due >= 25
    assert table[level, level] == due


@pytest.mark.parametrize("rule", [rule.id for rule in RULES.rules])
def test_taking_out_any_rule_turns_a_vignette_red(rule):
    without = RULES.without(rule)

    red = [vignette["id"] for vignette in VIGNETTES if outcome(vignette, without) != expected(vignette)]

    assert red, f"no vignette needs {rule}"


# Rules that only add a reason: another emergency always fires beside them, so no triage hangs on them alone.
REASONS_ONLY = {"pe"}


@pytest.mark.parametrize("rule", sorted(set(EMERGENCY_RULES) - REASONS_ONLY))
def test_taking_out_an_emergency_rule_lets_somebody_through(rule):
    without = RULES.without(rule)

    lowered = [v["id"] for v in VIGNETTES if v["triage"] == "emergency" != outcome(v, without)[0]]

    assert lowered, f"no emergency vignette hangs on {rule} alone"
