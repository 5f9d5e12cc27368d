"""Who may be tried in the demo."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from workspace.demo import SIGN_INS


class Command(BaseCommand):
    """One line per person."""

    help = "Print user names and passwords of the demo's people. Refused outside DEMO."

    def handle(self, **options):
        """Print them. Raises CommandError outside the demo."""
        if not settings.DEMO:
            raise CommandError("this is not a demo: DEMO is off. Passwords of real people are kept nowhere.")
        for username, password, who in SIGN_INS:
            self.stdout.write(f"{username:<12} {password:<24} {who}")
