"""Compile each requirements*.in into its .txt with hashes, for every platform. `--upgrade` takes the newest that fit."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("requirements", "requirements-dev", "requirements-tools")  # the first constrains the others
FLAGS = ["--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
NO_HOSTS = ["--no-emit-index-url", "--no-emit-find-links"]


def main():
    """Compile the files in order; stop at the first that cannot be resolved."""
    uv = Path(sys.executable).with_name("uv")
    for name in NAMES:
        command = [uv, "pip", "compile", *FLAGS, *NO_HOSTS, *sys.argv[1:], f"{name}.in", "-o", f"{name}.txt"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"}, check=True)
        print(f"{name}.txt is up to date.", flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"lock: uv ended with status {error.returncode}; nothing after that file was compiled.")
