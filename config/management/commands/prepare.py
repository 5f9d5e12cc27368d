"""Bring the database up to what the code expects: tables, cache table, clinical knowledge."""

import io

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

from practice.models import Practice
from workspace.founding import setup_code

CONNECT_SECONDS = 5


class Command(BaseCommand):
    """Run before web, worker and timetable start; running it again changes nothing."""

    help = "Create or update the tables and load the clinical knowledge. Run it before the practice starts."
    requires_system_checks = []

    def handle(self, *, verbosity, **options):
        """Migrate, make the cache table, load the knowledge. Raises CommandError, in one line, if the database refuses."""
        settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        if connection.vendor == "postgresql":
            one_patient_connection()
        try:
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
            call_command("load_knowledge", stdout=io.StringIO())
        except Error as error:
            raise CommandError(f"the database cannot be used: {' '.join(str(error).split())}") from error
        keep_demo_and_real_apart()
        if verbosity and not settings.DEMO and (words := for_the_founder()):
            self.stdout.write(words)


def keep_demo_and_real_apart() -> None:
    """Raise CommandError if a demo is about to run on a real practice's database, or a real practice on the demo's."""
    practice = Practice.objects.current()
    if practice and practice.is_demo and not settings.DEMO:
        raise CommandError("this database holds the demo practice. Name another in DATABASE_URL, or start with DEMO=1.")
    if practice and settings.DEMO and not practice.is_demo:
        raise CommandError("this database holds a real practice, not the demo. Start with DEMO=0.")


def for_the_founder() -> str:
    """Return what whoever founds the practice must know, or nothing once it is founded."""
    if Practice.objects.exists():
        return ""
    return f"It is new. Open {settings.SITE_URL}/first-run/ to name it and its owner; the set-up code is {setup_code()}"


def one_patient_connection() -> None:
    """Let this process talk to PostgreSQL without a pool (whose threads a fork would lose) and without the limits of a page."""
    connection.close()
    connection.close_pool()
    database = connection.settings_dict["OPTIONS"]
    database.pop("pool", None)
    database.update(options="-c lock_timeout=30000", connect_timeout=CONNECT_SECONDS)
