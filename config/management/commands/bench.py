"""Measure the product against itself and print one JSON object; docs/measurements.md says what each figure means."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from config.bench.databases import NoDatabase, copy_of, name_of, own_database
from config.env import BASE_DIR
from config.management.commands.dev import prepare_static_files
from config.management.commands.prepare import one_patient_connection
from config.processes import Children, die_with_parent
from practice import clock
from workspace.bench import availability, bookings, mails, pages, screening, sweeps
from workspace.bench.browser import HOST, UnexpectedAnswer
from workspace.bench.stages import Growing, Stage

FIGURES = "figures.json"
AMOUNTS = (0, 2_000, 50_000)
REPEATS = {"availability": 15, "days": 20, "pages": 30, "mails": 600, "sweeps": 15, "sent": 100_000, "screening": 15}
QUICK_AMOUNTS = (0, 150, 400)
QUICK_REPEATS = {"availability": 1, "days": 1, "pages": 2, "mails": 20, "sweeps": 3, "sent": 1_000, "screening": 1}
WAIT_SECONDS = 60
WEB = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "config.bench.wsgi:application"]
# What somebody set for the practice and must not reach the bench: it measures the product as it comes.
OF_THE_PRACTICE = {
    "ALLOWED_HOSTS",
    "BROKER_URL",
    "CHAIN_KEY_FILE",
    "DATABASE_POOL",
    "LOG_LEVEL",
    "SECRET_KEY_FALLBACKS",
    "SECRET_KEY_FILE",
    "SITE_URL",
    "STATIC_ROOT",
    "TLS_PROXY",
    "WEB_WORKERS",
}


class Command(BaseCommand):
    """Runs itself once more in a world of its own, so that neither data nor settings of the practice are touched."""

    help = "Measure speed on this machine, in a database of its own. Prints one JSON object; progress goes to stderr."
    requires_system_checks = []

    def add_arguments(self, parser):
        """Add how much is measured."""
        parser.add_argument("--quick", action="store_true", help="small data and few rounds: for trying it out")
        parser.add_argument("--inside", action="store_true", help="used by the command itself")

    def handle(self, *, quick, inside, **options):
        """Print the figures. Raises CommandError, in one line, if they cannot be had."""
        if inside:
            self.measure(quick)
            return
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self.stdout.write(run_inside(quick))
        except NoDatabase as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"the database cannot be used: {' '.join(str(error).split())}") from error
        except KeyboardInterrupt as error:
            raise CommandError("interrupted; nothing is left behind.") from error

    def measure(self, quick):
        """Measure everything and write it to the file that `run_inside` reads."""
        die_with_parent(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        children = Children()
        self.began = perf_counter()
        try:
            figures = self.figures(children, *((QUICK_AMOUNTS, QUICK_REPEATS) if quick else (AMOUNTS, REPEATS)))
        except UnexpectedAnswer as error:
            raise CommandError(str(error)) from error
        finally:
            connection.close()
            children.stop()
        (settings.DATA_DIR / FIGURES).write_text(json.dumps(figures, indent=1))

    def figures(self, children, amounts, repeats):
        """Return all figures."""
        empty, small, large = self.make_stages(children, amounts)
        figures = {"database": connection.vendor}
        self.say("availability")
        figures["availability"] = availability.measure([empty, small, large], rounds=repeats["availability"])
        self.say("bookings")
        figures["booking"] = bookings.measure(empty, large, days=repeats["days"])
        self.say("pages")
        figures["pages"] = pages.measure(small, large, rounds=repeats["pages"])
        self.say("mails")
        figures["reminders_per_second"] = mails.measure(large, at_most=repeats["mails"])
        self.say(f"sweeps after {repeats['sent']:,} mails")
        figures["sweep"] = sweeps.measure(large, sent=repeats["sent"], rounds=repeats["sweeps"])
        self.say("screening")
        figures["screening_per_second"] = screening.measure(rounds=repeats["screening"])
        self.say("done")
        return figures

    def say(self, what):
        """Tell how far it is, on stderr."""
        self.stderr.write(f"bench: {perf_counter() - self.began:6.1f} s  {what}")

    def make_stages(self, children, amounts):
        """Let a practice grow, keep a copy of it at each of `amounts`, and start a web server on each."""
        self.say("tables and static files")
        call_command("prepare", verbosity=0)
        prepare_static_files()
        if connection.vendor == "postgresql":
            one_patient_connection()
        first, addresses, stages = os.environ["DATABASE_URL"], [], []
        growing = Growing(now=clock.now())
        for number in amounts:
            self.say(f"a practice with {number:,} appointments")
            growing.grow_to(number)
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("ANALYZE")  # the server would, within a minute
            connection.close()
            copy = copy_of(first, f"with_{number}")
            addresses.append(copy)
            stages.append(Stage(appointments=number, name=name_of(copy), port=free_port()))
        for stage, copy in ((stages[0], addresses[0]), (stages[-1], addresses[-1])):
            start_server(children, stage, copy)
        children.start("mail server", [sys.executable, "-m", "workspace.bench.sink", str(settings.EMAIL_PORT)])
        for port in (stages[0].port, stages[-1].port, settings.EMAIL_PORT):
            wait_for(port, children)
        return stages


def run_inside(quick: bool) -> str:
    """Run the command in a folder, a database and settings of its own, and return what it found as JSON."""
    settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=settings.DATA_DIR)))
        database = stack.enter_context(own_database(folder))
        command = [sys.executable, "manage.py", "bench", "--inside", *(["--quick"] if quick else [])]
        child = subprocess.Popen(  # noqa: S603
            command, cwd=BASE_DIR, env=world_of(folder, database), stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno()
        )
        try:
            status = child.wait()
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()
        if status:
            raise CommandError("nothing was measured; the reason stands above.")
        return (folder / FIGURES).read_text()


def world_of(folder: Path, database: str) -> dict[str, str]:
    """Return the variables of a practice in production on `folder` and `database`, and of nobody else's."""
    return {
        **{name: value for name, value in os.environ.items() if name not in OF_THE_PRACTICE},
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "CHAIN_KEY": secrets.token_urlsafe(48),
        "DATA_DIR": str(folder),
        "DATABASE_URL": database,
        "DEBUG": "false",
        "DEMO": "false",
        "HOST": HOST,
        "EMAIL_URL": f"smtp://{HOST}:{free_port()}",
        "EMAIL_PER_MINUTE": "0",  # as fast as they can be written
    }


def start_server(children: Children, stage: Stage, database: str) -> None:
    """Start the product's web server on the stage's database, with the one view more."""
    children.start(
        f"web server on {stage.appointments}",
        WEB,
        log=settings.DATA_DIR / f"web-{stage.appointments}.log",
        environment={"PORT": str(stage.port), "DATABASE_URL": database},
    )


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def wait_for(port: int, children: Children) -> None:
    """Return once something answers on `port`. Raises CommandError if a child ended or none answers in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and children.ended() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise CommandError(f"nothing answered on port {port}: {children.ended() or 'it took too long'}.")
