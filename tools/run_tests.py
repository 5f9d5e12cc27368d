"""Run every test on SQLite and on PostgreSQL, and close with one line of totals. BROWSER=0 leaves the browser tests out."""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tools import browser, pgtemp

ROOT = Path(__file__).resolve().parent.parent
LONGEST_SECONDS = 900
# What a developer set for the practice must not reach the tests.
OF_THE_PRACTICE = (ROOT / ".env.example").read_text().splitlines()
OUTCOMES = ("failed", "passed", "skipped", "errors")


def environment(data_dir, **more):
    """Return the environment of a test run: this one without the practice's variables, and `more`."""
    names = {line.lstrip("# ").split("=")[0] for line in OF_THE_PRACTICE if "=" in line}
    return {name: value for name, value in os.environ.items() if name not in names} | {"DATA_DIR": data_dir} | more


def run_pytest(title, marks, **more):
    """Run the tests that `marks` selects; return (title, exit status, counts by outcome)."""
    print(f"\n##### {title}", flush=True)
    with tempfile.TemporaryDirectory(prefix="practice-tests-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", marks, f"--junitxml={report}", *sys.argv[1:]]
        try:
            status = subprocess.run(
                command, cwd=ROOT, env=environment(folder, **more), timeout=LONGEST_SECONDS, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            print(f"stopped after {LONGEST_SECONDS} seconds", flush=True)
            status = 124
        return title, status, counts(report)


def counts(report):
    """Return how many tests of the junit `report` had which outcome; all 0 if there is no report."""
    if not report.is_file():
        return dict.fromkeys(OUTCOMES, 0)
    suite = ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314  # written by the run above
    count = {name: int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")}
    failed, errors, skipped = count["failures"], count["errors"], count["skipped"]
    return {
        "failed": failed,
        "passed": count["tests"] - failed - errors - skipped,
        "skipped": skipped,
        "errors": errors,
    }


def in_words(count):
    """Return `count` as pytest words it, such as `1 failed, 20 passed`."""
    return ", ".join(f"{count[name]} {name}" for name in OUTCOMES if count[name] or name == "passed")


def main():
    """Run both parts and return the exit status: 0 only if every test of both passed."""
    started = time.monotonic()
    with_browser = os.environ.get("BROWSER") != "0"
    once = "not one_database"
    try:
        more = {"CHROMIUM": browser.install()} if with_browser else {}
        binaries = pgtemp.find_binaries()
        parts = [run_pytest("SQLite", "browser or not browser" if with_browser else "not browser", **more)]
        marks = f"({once} and not browser) or both_databases" if with_browser else f"{once} and not browser"
        with pgtemp.cluster() as url:
            parts.append(run_pytest(f"PostgreSQL {pgtemp.version(binaries)}", marks, DATABASE_URL=url, **more))
    except (browser.NoBrowser, pgtemp.NoPostgres) as error:
        sys.exit(f"The tests cannot run: {error}")
    return close(parts, with_browser, time.monotonic() - started)


def close(parts, with_browser, seconds):
    """Print the result of each part and the totals; return the exit status."""
    print("\n##### Summary")
    for title, status, count in parts:
        print(f"{title}: {in_words(count)}" + (f" (pytest ended with status {status})" if status else ""))
    if not with_browser:
        print("Browser tests were left out: BROWSER=0")
    total = {name: sum(count[name] for _, _, count in parts) for name in OUTCOMES}
    print(f" {in_words(total)} in {seconds:.2f}s ".center(80, "="), flush=True)
    return 1 if any(status for _, status, _ in parts) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
