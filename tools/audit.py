"""Look the pinned packages up in the public list of known weaknesses; without a network, say so and fail nothing."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main():
    """Print each known weakness; return 1 if there is one, 0 if there is none or the list cannot be reached."""
    command = [Path(sys.executable).with_name("pip-audit"), "--requirement", "requirements.txt", "--require-hashes"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        words = done.stderr.strip().splitlines()[-1:] or ["no output"]
        print(f"Not audited: the list of known weaknesses could not be read ({words[0][:200]}).")
        return 0
    found = [(package, known) for package in packages for known in package.get("vulns", [])]
    for package, known in found:
        fixed = ", ".join(known["fix_versions"]) or "no release yet"
        print(f"{package['name']} {package['version']}: {known['id']}, fixed in {fixed}")
    print(f"{len(packages)} packages looked up, {len(found)} known weaknesses.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
