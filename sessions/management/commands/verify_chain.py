"""`manage.py verify_chain`: walk the signed sessions and amendments and say whether anything was altered."""

from django.core.management.base import BaseCommand, CommandError

from sessions.chain import verify


class Command(BaseCommand):
    """Verifies the chains of signatures."""

    help = "Verify every signed session and amendment against its chain. Names the first bad row and exits with 1."

    def handle(self, **options):
        verdict = verify()
        if verdict.fault:
            fault = verdict.fault
            raise CommandError(f"{fault.row}, position {fault.position}: {fault.words}.", returncode=1)
        self.stdout.write(f"{verdict.sessions} signed sessions and {verdict.amendments} amendments: the chain holds.")
