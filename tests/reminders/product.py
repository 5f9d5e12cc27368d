"""The product's own processes, as `manage.py dev` starts them, on the test's database: they can be stopped one by one."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode

import redis
from django.db import connection

from config import broker
from config.celery import app
from config.management.commands.dev import TIMETABLE, WEB, WORKER
from practice import clock
from tests.reminders.rush import ROOT
from tests.reminders.sink import Sink, free_port, wait_until
from tests.support.proof import size
from tests.world import NOW

SEND_DUE = [sys.executable, "manage.py", "send_due"]
COMMANDS = {"web": WEB, "worker": WORKER, "timetable": TIMETABLE, "first sender": SEND_DUE, "second sender": SEND_DUE}
PATIENCE = size(quick=60, long=300)  # seconds: the longest a part may take to start on a busy machine


def database_url() -> str:
    """Return the address of the test's database, for a process of its own."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return re.sub(r"/[^/?]+(\?|$)", rf"/{name}\1", os.environ["DATABASE_URL"], count=1)


class Product:
    """Processes by name, in a data folder of their own. Their clock shows NOW when this is made, and goes."""

    def __init__(self, folder: Path, sink: Sink):
        self.folder, self.port, self.socket = folder, free_port(), broker.socket_path(folder)
        self.running: dict[str, subprocess.Popen] = {}
        self.log = (folder / "log").open("wb")
        (folder / "clock").write_text(str(int((NOW - clock.machine_now()).total_seconds())))
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url(),
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
            "BROKER_URL": f"redis+socket://{self.socket}",
            "BOOKING_MAIL_HOLD": "0",
            "EMAIL_PER_MINUTE": "0",
            "DEMO": "true",
            "DEBUG": "true",  # static files need not be gathered first
            "PORT": str(self.port),
            "WEB_WORKERS": "1",
        }

    def start(self, *names: str) -> None:
        """Start these parts."""
        for name in names:
            command = broker.command(broker.server_binary(), self.socket) if name == "broker" else COMMANDS[name]
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
            )

    def stop(self, *names: str, by: int = signal.SIGTERM) -> list[int]:
        """Send these parts a signal, all at once; wait until they are gone and return their exit statuses."""
        parts = [self.running.pop(name) for name in names]
        for part in parts:
            part.send_signal(by)
        return [part.wait(PATIENCE) for part in parts]

    def close(self) -> None:
        """Leave nothing running."""
        self.stop(*self.running, by=signal.SIGKILL)
        self.log.close()

    def words(self) -> str:
        """Return what the parts printed so far."""
        return (self.folder / "log").read_text(errors="replace")

    # --- the broker

    def broker(self) -> redis.Redis:
        """Return a connection to the broker."""
        return redis.Redis(unix_socket_path=str(self.socket))

    def start_broker(self) -> None:
        """Start the broker and wait until it answers."""
        self.socket.unlink(missing_ok=True)
        self.start("broker")
        assert wait_until(self._broker_answers, PATIENCE), self.words()

    def _broker_answers(self) -> bool:
        try:
            return self.broker().ping()
        except redis.ConnectionError:
            return False

    def wake(self, times: int = 1) -> None:
        """Put the timetable's order into the queue."""
        with app.connection_for_write(self.environment["BROKER_URL"]) as line:
            for _ in range(times):
                app.send_task("reminders.tasks.send_due", connection=line)

    def is_listening(self) -> bool:
        """Say whether a worker waits for the next order."""
        return any(client["cmd"] == "brpop" for client in self.broker().client_list())

    # --- the pages

    def sign_in(self, username: str, password: str) -> "Visitor":
        """Sign in at the web server; return who is inside."""
        visitor = Visitor(f"http://127.0.0.1:{self.port}")
        assert wait_until(visitor.is_let_in, PATIENCE), self.words()
        visitor.sign_in(username, password)
        return visitor


class Visitor:
    """A browser of one person."""

    def __init__(self, site: str):
        self.site = site
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, path: str, **form: str) -> tuple[int, str]:
        """Open a page, or send a form to it, and follow where it leads; return status and text."""
        data = urlencode(form).encode() if form else None
        try:
            answer = self._browser.open(f"{self.site}{path}", data, timeout=PATIENCE)
        except HTTPError as refusal:
            answer = refusal
        with answer:
            return answer.status, answer.read().decode()

    def is_let_in(self) -> bool:
        """Say whether the sign-in page is there."""
        try:
            return self.open("/accounts/login/")[0] == 200
        except (URLError, OSError):
            return False

    def sign_in(self, username: str, password: str) -> None:
        """Sign in. Raises AssertionError where the page still asks to."""
        page = self.open("/accounts/login/")[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
        inside = self.open("/accounts/login/", csrfmiddlewaretoken=token, login=username, password=password)[1]
        assert 'name="login"' not in inside


@contextmanager
def product(folder: Path, sink: Sink):
    """Give the product's processes to a test, and leave none behind."""
    folder.mkdir()
    parts = Product(folder, sink)
    connection.close()
    try:
        yield parts
    finally:
        parts.close()
