"""tools/run_tests.py: the totals are those of the parts, and nothing is left out in silence."""

import pytest

from tools import browser, check, pgtemp, run_tests

pytestmark = pytest.mark.one_database
GOOD = {"failed": 0, "passed": 5, "skipped": 0, "errors": 0}
BAD = {"failed": 1, "passed": 3, "skipped": 2, "errors": 1}


def test_counts_reads_the_outcomes_of_a_run(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="7" failures="1" errors="1" skipped="2"/></testsuites>')
    assert run_tests.counts(report) == BAD


def test_counts_of_a_run_that_broke_off_are_nought(tmp_path):
    assert set(run_tests.counts(tmp_path / "none.xml").values()) == {0}


def test_close_ends_with_the_totals_as_pytest_words_them(capsys):
    assert run_tests.close([("SQLite", 0, GOOD), ("PostgreSQL 18.4", 0, GOOD)], True, 12.5) == 0
    assert capsys.readouterr().out.splitlines()[-1].strip("= ") == "10 passed in 12.50s"


def test_close_fails_if_any_part_failed(capsys):
    assert run_tests.close([("SQLite", 1, BAD), ("PostgreSQL 18.4", 0, GOOD)], True, 1) == 1
    assert capsys.readouterr().out.splitlines()[-1].strip("= ") == "1 failed, 8 passed, 2 skipped, 1 errors in 1.00s"


def test_close_fails_if_a_part_ran_no_test():
    assert run_tests.close([("SQLite", 5, dict.fromkeys(GOOD, 0))], True, 1) == 1


def test_close_says_that_browser_tests_were_left_out(capsys):
    run_tests.close([("SQLite", 0, GOOD)], False, 1)
    assert "Browser tests were left out: BROWSER=0" in capsys.readouterr().out


def test_without_a_browser_the_run_fails(monkeypatch):
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setattr(browser, "find", lambda: None)
    monkeypatch.setattr(browser.shutil, "which", lambda _: None)
    monkeypatch.setattr(run_tests, "run_both", lambda *_: pytest.fail("tests ran without a browser"))
    with pytest.raises(SystemExit, match="The browser tests miss chromium.*apt-get install chromium"):
        run_tests.main()


def test_without_postgres_the_run_fails(monkeypatch):
    monkeypatch.setenv("BROWSER", "0")
    monkeypatch.setattr(pgtemp, "candidates", lambda: iter([]))
    monkeypatch.setattr(run_tests, "run_both", lambda *_: pytest.fail("tests ran without PostgreSQL"))
    with pytest.raises(SystemExit, match="No PostgreSQL was found"):
        run_tests.main()


def test_the_practice_of_this_machine_does_not_reach_the_tests(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://practice@127.0.0.1/practice")
    monkeypatch.setenv("DATA_DIR", "/srv/practice")
    environment = run_tests.environment("/elsewhere")
    assert environment["DATA_DIR"] == "/elsewhere"
    assert "DATABASE_URL" not in environment


def test_check_looks_at_every_folder_of_templates():
    assert "templates" in check.template_folders()


def test_a_failing_check_fails_the_whole(monkeypatch, capsys):
    monkeypatch.setattr(check, "checks", lambda: {"true is true": ["true"], "false is true": ["false"]})
    assert check.main() == 1
    assert capsys.readouterr().out.endswith("Failed: false is true\n")


@pytest.mark.parametrize(("code", "status"), [("assert True", 0), ("assert False", 1)])
def test_a_part_gives_the_outcome_of_its_run(code, status, tmp_path, monkeypatch, capsys):
    """A real run of pytest over one test; its output is shown when it is over."""
    test = tmp_path / "test_one.py"
    test.write_text(f"def test_one():\n    {code}\n")
    monkeypatch.setattr(run_tests.sys, "argv", ["run_tests", str(test), "-p", "no:cacheprovider"])
    part = run_tests.Part("PostgreSQL 18.4", "not browser", shown=False)
    title, ended, count = part.result()
    assert (title, ended) == ("PostgreSQL 18.4", status)
    assert (count["passed"], count["failed"]) == (1 - status, status)
    assert "##### PostgreSQL 18.4" in capsys.readouterr().out
    part.folder.cleanup()
