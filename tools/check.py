"""Everything `make check` looks at; all are run, each failure is shown, any failure fails the whole."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MANAGE = [sys.executable, "manage.py"]


def template_folders():
    """Return the folders that hold templates, as paths from the root."""
    folders = [ROOT / "templates", *ROOT.glob("*/templates")]
    return [str(folder.relative_to(ROOT)) for folder in folders if folder.is_dir()]


def checks():
    """Return the checks: what each is about, and its command."""
    templates = template_folders()
    return {
        "code is formatted": [BIN / "ruff", "format", "--check", "."],
        "code follows the rules": [BIN / "ruff", "check", "."],
        "apps import only from their left": [BIN / "lint-imports"],
        "pure modules are typed": [BIN / "mypy"],
        "templates follow the rules": [BIN / "djlint", "--lint", "--quiet", *templates],
        "models and migrations agree": [*MANAGE, "makemigrations", "--check", "--dry-run"],
        "production settings are safe": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
    }


def production(data_dir):
    """Return the environment of a practice in production, with secrets made up for this run."""
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "CHAIN_KEY": secrets.token_urlsafe(48),
        "SITE_URL": "https://practice.example",
        "TLS_PROXY": "true",
        "DATA_DIR": data_dir,
        "EMAIL_URL": "smtp+tls://user:password@mail.practice.example:587",
        "DEFAULT_FROM_EMAIL": "desk@practice.example",
    }


def main():
    """Run all checks; return 1 if any failed."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="practice-check-") as folder:
        for name, command in checks().items():
            started = time.monotonic()
            done = subprocess.run(
                command, cwd=ROOT, env=production(folder), capture_output=True, text=True, check=False
            )
            print(f"{'FAILED' if done.returncode else 'ok':<8}{name} ({time.monotonic() - started:.1f} s)", flush=True)
            if done.returncode:
                failed.append(name)
                print(done.stdout + done.stderr, flush=True)
    print("All checks passed." if not failed else "Failed: " + "; ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
