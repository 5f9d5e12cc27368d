"""tools/chaos.py: a run of some proofs keeps the figures of the others, and what did not hold is told."""

import json

import pytest

from tools import chaos

pytestmark = pytest.mark.one_database
REPORT = """<testsuites><testsuite>
  <testcase name="test_good" time="12.4"/>
  <testcase name="test_bad" time="3.1"><failure message="lost one"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def figures(tmp_path):
    """Two proofs wrote down what they counted, each under its test's name."""
    for proof, test, lost in (("kills", "test_good", 0), ("crowd", "test_bad", 1)):
        (tmp_path / f"{proof}.json").write_text(json.dumps({"test": test, "lost": lost}))
    return chaos.gathered(tmp_path, chaos.outcomes(REPORT))


def test_gathered_says_of_each_proof_whether_it_held_and_what_it_counted(figures):
    assert figures == {
        "kills": {"held": True, "seconds": 12, "lost": 0},
        "crowd": {"held": False, "seconds": 3, "lost": 1},
    }


def test_gathered_takes_a_proof_whose_run_broke_off_as_not_held(tmp_path):
    (tmp_path / "kills.json").write_text('{"test": "test_good", "lost": 0}')
    assert not chaos.gathered(tmp_path, {})["kills"]["held"]


def test_merged_keeps_the_other_proofs_and_the_other_database():
    before = {"kills": {"sqlite": {"lost": 3}, "postgresql": {"lost": 4}}, "crowd": {"sqlite": {"lost": 5}}}
    assert chaos.merged(before, {"kills": {"sqlite": {"lost": 0}}, "steps": {"sqlite": {"early": 0}}}) == {
        "crowd": {"sqlite": {"lost": 5}},
        "kills": {"sqlite": {"lost": 0}, "postgresql": {"lost": 4}},
        "steps": {"sqlite": {"early": 0}},
    }


def test_verdict_is_one_line(figures):
    assert chaos.verdict("kills", "sqlite", figures["kills"]) == "kills on sqlite: held in 12 s (lost 0)"
    assert chaos.verdict("crowd", "sqlite", figures["crowd"]) == "crowd on sqlite: FAILED in 3 s (lost 1)"


def test_main_writes_both_databases_beside_what_stood_there(tmp_path, monkeypatch, capsys):
    results = tmp_path / "chaos.json"
    results.write_text('{"processors": 1, "crowd": {"sqlite": {"lost": 5}}}')
    monkeypatch.setattr(chaos, "RESULTS", results)
    monkeypatch.setattr(chaos.sys, "argv", ["chaos", "-k", "kill"])
    monkeypatch.setattr(chaos.pgtemp, "cluster", chaos.tempfile.TemporaryDirectory)
    monkeypatch.setattr(chaos, "run", lambda folder, **more: (0, {}) if more else (1, {"test_kill": {"held": False}}))

    assert chaos.main() == 1

    assert json.loads(results.read_text())["crowd"] == {"sqlite": {"lost": 5}}
    assert "test_kill on sqlite: FAILED" in capsys.readouterr().out
