"""Make .venv, install the pinned packages and write .env. Standard library only; runs on any Python 3, to say so if it is too old."""

import argparse
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
ENV_TEXT = """\
# Written by `make setup`. Keep this file: CHAIN_KEY proves that signed sessions were not changed. All variables: .env.example
SECRET_KEY={secret_key}
CHAIN_KEY={chain_key}
DEMO=true
"""


def stop(message):
    """End with one line that says what to do."""
    sys.exit("setup: " + message)


def check_python():
    """Stop unless this Python is new enough and can make environments with pip in them."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        stop(
            "Python 3.11 or newer is needed, this is " + found + ". Name a newer one: make run PYTHON=/path/to/python3"
        )
    try:
        import ensurepip  # noqa: F401, PLC0415  # a Debian without python3-venv has venv but not this
        import venv  # noqa: F401, PLC0415
    except ImportError:
        stop("this Python cannot make environments. On Debian or Ubuntu: apt-get install python3-venv")


def works(command):
    """Say whether `command` can be run and ends well."""
    try:
        return (
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
        )
    except OSError:
        return False


def make_venv():
    """Make .venv, or make it again if it is half made, moved, or of a Python that has gone."""
    if (VENV / "made-here").is_file() and (VENV / "made-here").read_text() == str(VENV) and works([PYTHON, "-V"]):
        return
    if VENV.exists() and not works([PYTHON, "-m", "pip", "--version"]):
        if not (VENV / "pyvenv.cfg").exists() and any(VENV.iterdir()):
            stop(f"{VENV} is in the way and is no Python environment. Move it and try again.")
        shutil.rmtree(VENV)
    if not VENV.exists():
        print("Making .venv …", flush=True)
        made = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True, check=False)
        if made.returncode:
            stop("the environment could not be made: " + last_line(made.stdout + made.stderr))
    (VENV / "made-here").write_text(str(VENV))


def last_line(output):
    """Return the line of `output` that tells most: pip's last ERROR, else the last one."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no output"])[-1]


def install(requirements, announce):
    """Install the `requirements` files, unless the very same were installed by this Python before."""
    digest = hashlib.sha256(sys.version.encode())
    for name in requirements:
        digest.update((ROOT / name).read_bytes())
    stamp = VENV / ("installed-" + "-".join(requirements))
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    print(announce, flush=True)
    command = [PYTHON, "-m", "pip", "install", "--require-hashes", "--no-input", "--disable-pip-version-check"]
    command += ["--quiet", "--progress-bar", "off"]
    for name in requirements:
        command += ["-r", ROOT / name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        stop(
            "the packages could not be installed; check the network and try again. pip said: " + last_line(done.stderr)
        )
    stamp.write_text(digest.hexdigest())


def write_env():
    """Write .env with new secrets, readable by its owner alone, if there is none."""
    path = ROOT / ".env"
    if path.exists():
        return
    text = ENV_TEXT.format(secret_key=secrets.token_urlsafe(48), chain_key=secrets.token_urlsafe(48))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    print("Wrote .env with new secrets.", flush=True)


def main():
    """Do what the flags ask for; each step takes no time when it is already done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="install what tests and checks need, too")
    parser.add_argument("--tools", action="store_true", help="install what locking and auditing need, too")
    wanted = parser.parse_args()
    check_python()
    try:
        make_venv()
        install(["requirements.txt"], "Installing the packages, about half a minute the first time …")
        if wanted.dev:
            install(["requirements-dev.txt"], "Installing what the tests need, about a minute the first time …")
        if wanted.tools:
            install(["requirements-tools.txt"], "Installing the tools for the requirement files …")
        write_env()
    except OSError as error:
        stop(f"{error.filename or ROOT}: {error.strerror}.")
    except KeyboardInterrupt:
        stop("interrupted; run it again to go on.")


if __name__ == "__main__":
    main()
