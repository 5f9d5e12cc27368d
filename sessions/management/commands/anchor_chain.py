"""`manage.py anchor_chain`: write down how far the chains have come, and print it to be kept off the machine."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from practice import clock
from sessions.anchors import write_anchor


class Command(BaseCommand):
    """Anchors the chains of signatures."""

    help = (
        "Append the heads of both chains to the anchors (CHAIN_ANCHORS) and print the line. Keep it off this machine, "
        "by mail or on paper: verify_chain --anchors FILE holds the chain against it."
    )

    def handle(self, **options):
        try:
            anchor = write_anchor(settings.CHAIN_ANCHORS, at=clock.now())
        except OSError as error:
            raise CommandError(f"{settings.CHAIN_ANCHORS} cannot be written: {error.strerror}.") from error
        self.stdout.write(anchor.as_line())
