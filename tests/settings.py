"""Settings of the test run: the product's own, with generated-looking secrets and a fast password hasher."""

import os
import tempfile
from pathlib import Path

os.environ["ENV_FILE"] = os.devnull
os.environ.setdefault("SECRET_KEY", "test-secret-key-of-at-least-thirty-two-characters")
os.environ.setdefault("CHAIN_KEY", "test-chain-key-of-at-least-thirty-two-characters")
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="practice-tests-"))
os.environ.setdefault("DEMO", "true")
os.environ.setdefault("EMAIL_PER_MINUTE", "0")
os.environ.setdefault("BOOKING_MAIL_HOLD", "0")  # tests/reminders/test_mail_hold.py turns it on
if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # side by side, each with files of its own
    os.environ["DATA_DIR"] = str(Path(os.environ["DATA_DIR"]) / worker)

from config.settings import *  # noqa: E402, F403
from config.settings import DATA_DIR, DATABASES, INSTALLED_APPS, STATIC_ROOT  # noqa: E402

INSTALLED_APPS = [*INSTALLED_APPS, "tests.constraints.app"]
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where there is none
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, so that threads, a live server and a worker see the same rows; in memory no race could show.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(DATA_DIR) / "test.sqlite3")}
    # Nobody pulls the plug on a test: it need not wait for the disk.
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
else:
    DATABASES["default"]["OPTIONS"].pop("pool", None)
    DATABASES["default"]["OPTIONS"]["options"] = "-c lock_timeout=5000 -c statement_timeout=30000"
