"""The browser of the browser tests: the machine's Chromium, else Debian's, installed here by root."""

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ATOMIC = ("/usr/lib/*/libatomic.so.1", "/lib/*/libatomic.so.1", "/usr/lib*/libatomic.so.1")
HOW = "as root: apt-get install chromium libatomic1; or name one with CHROMIUM=/path; or leave browser tests out with BROWSER=0"


class NoBrowser(Exception):
    """No browser is here and none could be installed; the text says what to do."""


def find():
    """Return the path of a Chromium: the one CHROMIUM names, else the machine's, else None."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    return next((path for path in map(shutil.which, NAMES) if path), None)


def has_atomic():
    """Say whether libatomic is here, which Playwright's driver needs and a minimal Debian 12 lacks."""
    return any(True for pattern in ATOMIC for _ in Path("/").glob(pattern.lstrip("/")))


def install():
    """Return the path of a Chromium that can be driven; root on Debian installs what is missing. Raises NoBrowser."""
    wanted = ([] if find() else ["chromium"]) + ([] if has_atomic() else ["libatomic1"])
    if not wanted:
        return find()
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoBrowser(f"The browser tests miss {' and '.join(wanted)}. Get them {HOW}.")
    print(f"Installing {' and '.join(wanted)} …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "--no-install-recommends", *wanted]):
        done = subprocess.run(command, env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise NoBrowser(f"{' '.join(command)} failed ({' '.join(words)}). Get them {HOW}.")
    if not find():
        raise NoBrowser(f"Chromium was installed but is not on the PATH. Get it {HOW}.")
    return find()
