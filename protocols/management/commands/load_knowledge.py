"""`manage.py load_knowledge`: bring the reviewed text of techniques, exercises and protocols into the tables."""

from django.core.management.base import BaseCommand

from protocols.library import load_knowledge


class Command(BaseCommand):
    """Loads the knowledge; safe to run again."""

    help = "Load techniques, exercises and protocols from protocols/knowledge. Running it again changes nothing."

    def handle(self, **options):
        loaded = load_knowledge()
        self.stdout.write(
            f"{loaded.techniques} techniques, {loaded.exercises} exercises and {loaded.protocols} protocols are on "
            f"offer; {loaded.set_aside} set aside."
        )
