"""Run the long form of the proofs marked `chaos` on SQLite and on PostgreSQL, and keep what they counted in docs/results/."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import pgtemp
from tools.run_tests import ROOT, environment

RESULTS = ROOT / "docs" / "results" / "chaos.json"


def run(folder, **more):
    """Run the proofs on one database, letting them write into `folder`; return pytest's exit status."""
    with tempfile.TemporaryDirectory(prefix="practice-chaos-") as data_dir:
        command = [sys.executable, "-m", "pytest", "-q", "-m", "chaos", *sys.argv[1:]]
        variables = environment(data_dir, CHAOS="long", CHAOS_RESULTS=str(folder), **more)
        return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


def gathered(folder):
    """Return the figures written into `folder`: by proof, then by database."""
    figures = {}
    for path in sorted(Path(folder).glob("*.json")):
        proof, database, _ = path.name.split(".")
        figures.setdefault(proof, {})[database] = json.loads(path.read_text())
    return figures


def main():
    """Run both databases one after the other, write the figures, and return the worse exit status."""
    with tempfile.TemporaryDirectory(prefix="practice-chaos-") as folder:
        statuses = [run(folder)]
        try:
            with pgtemp.cluster() as url:
                statuses.append(run(folder, DATABASE_URL=url))
        except pgtemp.NoPostgres as error:
            sys.exit(f"The proofs cannot run: {error}")
        figures = gathered(folder)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"processors": os.cpu_count(), **figures}, indent=2) + "\n")
    print(RESULTS.read_text())
    return max(statuses)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
