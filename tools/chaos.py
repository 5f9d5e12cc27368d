"""Run the long form of the proofs marked `chaos` on SQLite and on PostgreSQL, and keep what they counted in docs/results/.

Arguments go to pytest: `python -m tools.chaos -k kill` runs some of the proofs, and keeps the figures of the others.
"""

import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tools import pgtemp
from tools.run_tests import ROOT, environment

RESULTS = ROOT / "docs" / "results" / "chaos.json"


def run(folder, **more):
    """Run the proofs on one database, letting them write into `folder`; return pytest's exit status and each test's outcome."""
    with tempfile.TemporaryDirectory(prefix="practice-chaos-") as data_dir:
        report = Path(data_dir) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "chaos", f"--junitxml={report}", *sys.argv[1:]]
        variables = environment(data_dir, CHAOS="long", CHAOS_RESULTS=str(folder), **more)
        status = subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode
        return status, outcomes(report.read_text() if report.is_file() else "<none/>")


def outcomes(report):
    """Return by test what pytest's `report`, in XML, says of it: whether it held, and how many seconds it took."""
    return {
        case.get("name"): {"held": not list(case), "seconds": round(float(case.get("time")))}
        for case in ElementTree.fromstring(report).iter("testcase")  # noqa: S314  # written by the run above
    }


def gathered(folder, by_test):
    """Return the figures written into `folder`, by proof, each with how its test ended."""
    figures = {}
    for path in sorted(Path(folder).glob("*.json")):
        kept = json.loads(path.read_text())
        figures[path.stem] = by_test.get(kept.pop("test"), {"held": False, "seconds": 0}) | kept
    return figures


def merged(before, found):
    """Return the figures by proof and database: those found, and those of before that were not looked for this time."""
    return {proof: before.get(proof, {}) | found.get(proof, {}) for proof in sorted({*before, *found})}


def verdict(proof, database, figures):
    """Return one line on one proof."""
    counts = ", ".join(f"{name} {value}" for name, value in figures.items() if name not in {"held", "seconds"})
    return f"{proof} on {database}: {'held' if figures['held'] else 'FAILED'} in {figures['seconds']} s ({counts})"


def prove(database, *, with_others, **more):
    """Run the proofs on one database, write their figures, and say a line on each; return pytest's exit status.

    What is known of other proofs and of the other database stays only `with_others`.
    """
    with tempfile.TemporaryDirectory(prefix="practice-chaos-") as folder:
        status, by_test = run(folder, **more)
        found = gathered(folder, by_test)
    before = json.loads(RESULTS.read_text()) if RESULTS.is_file() and with_others else {}
    before.pop("processors", None)
    figures = merged(before, {proof: {database: kept} for proof, kept in found.items()})
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"processors": os.cpu_count(), **figures}, indent=2) + "\n")
    for proof, kept in found.items():
        print(verdict(proof, database, kept))
    for test, how in by_test.items():
        if not how["held"]:
            print(f"{test} on {database}: FAILED")
    return status


def main():
    """Run both databases one after the other and return the worse exit status."""
    try:
        statuses = [prove("sqlite", with_others=bool(sys.argv[1:]))]
        with pgtemp.cluster() as url:
            statuses.append(prove("postgresql", with_others=True, DATABASE_URL=url))
    except pgtemp.NoPostgres as error:
        sys.exit(f"The proofs cannot run: {error}")
    return max(statuses)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
