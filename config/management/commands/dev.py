"""The whole practice on one machine: broker, web server, worker and timetable, until Ctrl-C."""

import contextlib
import fcntl
import hashlib
import http.client
import os
import signal
import socket
import stat
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config import broker
from config.management.commands.prepare import for_the_founder
from config.processes import Children, die_with_parent
from practice.models import Practice
from workspace.demo import SIGN_INS

WEB_SECONDS = 60
BROKER_SECONDS = 10
# Root is warned by Celery for pickle's sake; tasks here are JSON only.
CELERY = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "-A", "config"]
WORKER = [*CELERY, "worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING"]
WORKER += ["--without-gossip", "--without-mingle"]
TIMETABLE = [*CELERY, "beat", "--loglevel", "WARNING"]
WEB = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi:application"]


class Command(BaseCommand):
    """Check, prepare, start, watch, stop."""

    help = "Start the whole practice on this machine: broker, web server, worker and timetable. Ctrl-C stops all of it."
    requires_system_checks = []

    def add_arguments(self, parser):
        """Add the one flag; all else comes from the settings."""
        parser.add_argument("--with-parent", action="store_true", help="stop when the process that started this ends")

    def handle(self, *, with_parent, **options):
        """Run until interrupted. Any part that ends by itself ends all, with exit status 1."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP: let it
                signal.signal(number, signal.default_int_handler)
        if with_parent:
            die_with_parent(signal.SIGTERM)
        os.umask(0o077)  # health data: what is written here is its owner's alone
        children = Children()
        with only_one_here(settings.DATA_DIR):
            try:
                check_address_is_free(settings.HOST, settings.PORT)
                start_broker(children)
                self.prepare_data()
                self.start_practice(children)
                self.welcome()
                watch(children)
            except KeyboardInterrupt:
                self.say("Stopping …")
            finally:
                children.stop()
        self.say("Stopped.")

    def say(self, line):
        """Print `line` at once, also into a pipe."""
        self.stdout.write(line)
        self.stdout.flush()

    def prepare_data(self):
        """Bring database and static files up to date; fill an empty demo."""
        call_command("prepare", verbosity=0)
        if settings.DEMO and not Practice.objects.exists():
            self.say("Making the demo practice …")
            call_command("load_demo", verbosity=0)
        connection.close()  # a forked child must not share it
        prepare_static_files()

    def start_practice(self, children):
        """Start web server, worker and timetable; return once the first page answers."""
        children.start("web server", WEB)
        # A killed worker loses nothing (what is due stands in the database); one that waits for a lost broker would stay.
        children.start("worker", WORKER, on_orphaned=signal.SIGKILL)
        children.start("timetable", TIMETABLE, on_orphaned=signal.SIGKILL)
        deadline = time.monotonic() + WEB_SECONDS
        while not first_page_answers():
            stop_if_one_ended(children)
            if time.monotonic() > deadline:
                raise CommandError(f"the web server did not answer within {WEB_SECONDS} seconds.")
            time.sleep(0.1)

    def welcome(self):
        """Say where the practice is and how to get in."""
        self.say(f"\nThe practice is open at {settings.SITE_URL}")
        if settings.DEMO:
            for username, password, who in SIGN_INS:
                self.say(f"  {username:<12} {password:<24} {who}")
        elif words := for_the_founder():
            self.say(words)
        self.say(f"Its data is in {settings.DATA_DIR}. Ctrl-C stops everything.")
        connection.close()


@contextlib.contextmanager
def only_one_here(data_dir: Path):
    """Hold the data folder, made if need be. Raises CommandError if it cannot be written or another practice runs on it."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("w")
    except OSError as error:
        raise CommandError(
            f"the data folder {data_dir} cannot be written: {error.strerror}. Name another: make run DATA_DIR=/path"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(
                f"a practice already runs on {data_dir}. Stop it, or name another folder: make run DATA_DIR=/path"
            ) from error
        yield


def check_address_is_free(host: str, port: int) -> None:
    """Raise CommandError if the web server could not listen on `host` and `port`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise CommandError(
            f"{host}:{port} cannot be used: {error.strerror}. Choose another: make run PORT={port + 1}"
        ) from error


def start_broker(children: Children) -> None:
    """Start the practice's own broker, unless BROKER_URL names another, and wait until it listens."""
    path = broker.socket_path(settings.DATA_DIR)
    if f"redis+socket://{path}" != settings.BROKER_URL:
        return
    binary = broker.server_binary()
    if binary is None:
        raise CommandError(
            "there is no broker for this machine: install valkey-server or redis-server, or set BROKER_URL."
        )
    own_folder(path.parent)
    path.unlink(missing_ok=True)
    log = settings.DATA_DIR / "broker.log"
    children.start("broker", broker.command(binary, path), log=log)
    deadline = time.monotonic() + BROKER_SECONDS
    while not listens(path):
        if children.ended() or time.monotonic() > deadline:
            raise CommandError(f"the broker {binary} did not start; its last words are in {log}.")
        time.sleep(0.02)


def own_folder(folder: Path) -> None:
    """Make `folder`, or take it if it is this account's alone. Raises CommandError if another account could reach into it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if folder != settings.DATA_DIR and (
        not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077
    ):
        raise CommandError(f"{folder} belongs to another account; remove it, or name a shorter DATA_DIR.")


def listens(path: Path) -> bool:
    """Say whether something accepts connections on the socket `path`."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def prepare_static_files() -> None:
    """Collect the static files, unless exactly these were collected before."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    stamp = settings.DATA_DIR / "static.digest"
    root = Path(settings.STATIC_ROOT)
    if root.is_dir() and stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False, clear=root.is_dir())
    stamp.write_text(digest.hexdigest())


def first_page_answers() -> bool:
    """Ask the web server for the first page, as a browser here would."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)  # noqa: S104
    asking = http.client.HTTPConnection(host, settings.PORT, timeout=5)
    try:
        asking.request("GET", "/", headers={"Host": urlsplit(settings.SITE_URL).netloc})
        return bool(asking.getresponse().status)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def watch(children: Children) -> None:
    """Look after the children until one ends."""
    while True:
        stop_if_one_ended(children)
        time.sleep(0.5)


def stop_if_one_ended(children: Children) -> None:
    """Raise CommandError, naming it, if one of the parts has ended."""
    if gone := children.ended():
        name, status = gone
        how = f"was killed (signal {-status})" if status < 0 else f"ended by itself (exit status {status})"
        raise CommandError(f"the {name} {how}, so everything was stopped.")
