"""The whole practice as it is started for real, a mail server that keeps what it gets, and five people's browsers."""

import email
import email.policy
import os
import re
import secrets
import subprocess
import sys
from contextlib import contextmanager

import psycopg
import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import sync_playwright

from tests.toolchain.practice_process import ROOT, RunningPractice, environment, free_port, wait_for
from tests.walk.seed import PASSWORD
from tools import browser as chromium

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
TABLET = {"viewport": {"width": 1024, "height": 768}, "has_touch": True}
DESK = {"viewport": {"width": 1366, "height": 900}}


class Postman:
    """An SMTP server's handler: keeps every mail before it says 250."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the name aiosmtpd calls
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 kept"

    def link_to(self, address, subject):
        """Wait for the mail whose subject begins so and return the link in it."""
        mail = wait_for(lambda: self._find(address, subject), 30)
        assert mail, (
            f"no mail “{subject}” for {address}, only {[(str(m['To']), str(m['Subject'])) for m in self.mails]}"
        )
        return re.search(r"http://\S+", mail.get_body(("plain",)).get_content()).group()

    def _find(self, address, subject):
        mine = (mail for mail in self.mails if str(mail["To"]) == address)
        return next((mail for mail in mine if str(mail["Subject"]).startswith(subject)), None)


@pytest.fixture
def postman():
    handler = Postman()
    handler.port = free_port()
    server = Controller(handler, hostname="127.0.0.1", port=handler.port)
    server.start()
    yield handler
    server.stop()


@contextmanager
def own_database():
    """A fresh database beside the test run's own: named in the environment for PostgreSQL, a file of the practice otherwise."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        yield {}
        return
    name = f"walk_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield {"DATABASE_URL": re.sub(r"/[^/?]+(\?|$)", rf"/{name}\1", url, count=1)}
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def practice_running(tmp_path, postman):
    """`manage.py dev` on a seeded practice: gunicorn, a Celery worker, beat and a Redis-protocol broker."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    with own_database() as database:
        more = {
            "EMAIL_URL": f"smtp://127.0.0.1:{postman.port}",
            "DEFAULT_FROM_EMAIL": "practice@elmstreet.example",
            **database,
        }
        for command in (["prepare"], ["shell", "-c", "from tests.walk.seed import seed; seed()"]):
            run = subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=environment(data_dir, 1, **more),
                check=False,
                capture_output=True,
                text=True,
            )
            assert run.returncode == 0, run.stderr
        with RunningPractice(data_dir, **more) as running:
            assert "The practice is open" in running.output(), running.output()
            yield running


@pytest.fixture
def browsers(practice_running):
    """A new browser per person: `browsers(PHONE)`; `browsers(DESK, "dana")` is signed in."""
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)

        def open_browser(device, username=None):
            context = chrome.new_context(base_url=f"http://127.0.0.1:{practice_running.port}", **device)
            context.set_default_timeout(15_000)
            page = context.new_page()
            if username:
                page.goto("/accounts/login/")
                page.fill("[name=login]", username)
                page.fill("[name=password]", PASSWORD)
                page.get_by_role("button", name="Sign in").click()
                page.wait_for_url(re.compile(r"/(today|booking)/"))
            return page

        yield open_browser
        chrome.close()
