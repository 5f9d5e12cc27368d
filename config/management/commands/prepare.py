"""Bring the database up to what the code expects: tables, cache table, clinical knowledge."""

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

CONNECT_SECONDS = 5


class Command(BaseCommand):
    """Run before web, worker and timetable start; running it again changes nothing."""

    help = "Create or update the tables and load the clinical knowledge. Run it before the practice starts."
    requires_system_checks = []

    def handle(self, **options):
        """Migrate, make the cache table, load the knowledge. Raises CommandError, in one line, if the database refuses."""
        if connection.vendor == "postgresql":
            one_patient_connection()
        try:
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
            call_command("load_knowledge", verbosity=0)
        except Error as error:
            raise CommandError(f"the database cannot be used: {' '.join(str(error).split())}") from error


def one_patient_connection() -> None:
    """Let this process talk to PostgreSQL without a pool (whose threads a fork would lose) and without the limits of a page."""
    connection.close()
    connection.close_pool()
    database = connection.settings_dict["OPTIONS"]
    database.pop("pool", None)
    database.update(options="-c lock_timeout=30000", connect_timeout=CONNECT_SECONDS)
