"""Fill an empty database with the demo practice."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clients.models import Client
from practice import clock
from practice.errors import Refused
from workspace.demo.builder import SIZES, make_demo


class Command(BaseCommand):
    """Refused outside the demo, and where a practice is already."""

    help = "Fill an empty database with a synthetic practice. Only under DEMO; never where a practice is already."

    def add_arguments(self, parser):
        """Add what chooses between demos."""
        parser.add_argument("--seed", type=int, default=1, help="another number, another timetable (default 1)")
        parser.add_argument("--size", choices=SIZES, default="small", help="how much history (default small)")

    def handle(self, *, seed, size, verbosity, **options):
        """Make the demo. Raises CommandError if it cannot be made here."""
        if not settings.DEMO:
            raise CommandError("this is not a demo: DEMO is off, and nothing was changed.")
        try:
            made = make_demo(seed=seed, size=size, now=clock.now())
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        anchors = settings.CHAIN_ANCHORS
        if anchors.exists():  # of an earlier demo, whose chain is gone
            anchors.replace(anchors.with_suffix(".old"))
        if verbosity:
            self.stdout.write(f"The demo practice is here: {made.practice.name}, {Client.objects.count()} clients.")
