"""One sweep of the outbox, without Celery."""

from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from practice import clock
from reminders.outbox import SmtpDelivery, catch_up, due, expired, send_due


def moment(text: str) -> datetime:
    """Parse an ISO moment; without an offset it is UTC."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class Command(BaseCommand):
    """`send_due [--now T] [--dry-run]`."""

    help = "Send every mail that is due now, once."

    def add_arguments(self, parser):
        parser.add_argument("--now", help="Act as if it were this moment (ISO 8601), for trying things out.")
        parser.add_argument("--dry-run", action="store_true", help="Say what is due; send nothing.")

    def handle(self, *args, **options):
        try:
            now = moment(options["now"]) if options["now"] else clock.now()
        except ValueError as error:
            raise CommandError(f"--now is not a moment: {options['now']}. Write it like 2026-11-24T09:00.") from error
        if options["dry_run"]:
            self._show(now)
            return
        delivery = SmtpDelivery()
        try:
            sweep = send_due(now=now, deliver=delivery)
        finally:
            delivery.close()
        held = f", held: {sweep.held}" if sweep.held else ""
        self.stdout.write(
            f"sent {sweep.sent}, dropped {sweep.dropped}, failed {sweep.failed}, postponed {sweep.postponed}{held}"
        )

    def _show(self, now):
        """Say what a sweep would send, and write nothing: what it derives is rolled back."""
        with transaction.atomic():
            catch_up(now, may_offer=True)
            for message in [*expired(), *due(now)]:
                self.stdout.write(
                    f"due: {message.kind} for client {message.client_id} since {message.due_at.isoformat()}"
                )
            transaction.set_rollback(True)
