"""Run every test on SQLite and on PostgreSQL, and close with one line of totals. BROWSER=0 leaves the browser tests out."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tools import browser, pgtemp

ROOT = Path(__file__).resolve().parent.parent
LONGEST_SECONDS = 2700
LAST_WORDS_SECONDS = 30
# What a developer set for the practice must not reach the tests.
OF_THE_PRACTICE = (ROOT / ".env.example").read_text().splitlines()
OUTCOMES = ("failed", "passed", "skipped", "errors")


def environment(data_dir, **more):
    """Return the environment of a test run: this one without the practice's variables, and `more`."""
    names = {line.lstrip("# ").split("=")[0] for line in OF_THE_PRACTICE if "=" in line}
    return {name: value for name, value in os.environ.items() if name not in names} | {"DATA_DIR": data_dir} | more


class Part:
    """One run of pytest, in a folder of its own that goes with it."""

    def __init__(self, title, marks, *, shown=True, **more):
        self.title = title
        self.folder = tempfile.TemporaryDirectory(prefix="practice-tests-")
        self.report = Path(self.folder.name) / "report.xml"
        self.output = None if shown else Path(self.folder.name) / "output"
        command = [sys.executable, "-m", "pytest", "-q", "-m", marks, f"--junitxml={self.report}", *sys.argv[1:]]
        with contextlib.nullcontext() if shown else self.output.open("w") as out:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(self.folder.name, **more),
                stdout=out,
                stderr=subprocess.STDOUT if out else None,
            )

    def result(self):
        """Wait for the run and return (title, exit status, counts by outcome). What was not shown before is shown now."""
        try:
            status = self.process.wait(LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            status = self.stop() or 124
            print(f"stopped after {LONGEST_SECONDS} seconds", flush=True)
        if self.output:
            print(f"\n##### {self.title}\n{self.output.read_text(errors='replace')}", flush=True)
        return self.title, status, counts(self.report)

    def stop(self):
        """End the run, letting pytest say what it knows; return its exit status."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


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
    """Run both parts side by side and return the exit status: 0 only if every test of both passed."""
    started = time.monotonic()
    with_browser = os.environ.get("BROWSER") != "0"
    try:
        more = {"CHROMIUM": browser.install()} if with_browser else {}
        binaries = pgtemp.find_binaries()
        with pgtemp.cluster() as url:
            results = run_both(with_browser, f"PostgreSQL {pgtemp.version(binaries)}", url, more)
    except (browser.NoBrowser, pgtemp.NoPostgres) as error:
        sys.exit(f"The tests cannot run: {error}")
    return close(results, with_browser, time.monotonic() - started)


def run_both(with_browser, postgres, url, more):
    """Run the tests on SQLite, shown as they run, and beside them on the PostgreSQL at `url`; return both results."""
    print("\n##### SQLite (PostgreSQL runs beside it and is shown after it)", flush=True)
    once = "not one_database and not browser"
    parts = [
        Part("SQLite", "browser or not browser" if with_browser else "not browser", **more),
        Part(postgres, f"({once}) or both_databases" if with_browser else once, shown=False, DATABASE_URL=url, **more),
    ]
    try:
        return [part.result() for part in parts]
    finally:
        for part in parts:
            if part.process.poll() is None:
                part.stop()
            part.folder.cleanup()


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
