"""One sweep of the outbox, without Celery."""

import signal
from datetime import UTC, datetime, timedelta

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from practice import clock
from practice.models import Practice
from reminders.outbox import SmtpDelivery, Stop, Sweep, catch_up, due, expired, send_due

ALMANAC = timedelta(days=3660)  # what is due lies weeks around the present; further off no calendar reaches


def moment(text: str) -> datetime:
    """Parse an ISO moment; without an offset it is UTC. Raises ValueError, also for one that is years from now."""
    parsed = datetime.fromisoformat(text)
    parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    if abs(parsed - clock.now()) > ALMANAC:
        raise ValueError("years from now")
    return parsed


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
            raise CommandError(
                f"--now is not a moment within ten years: {options['now']}. Write it like 2026-11-24T09:00."
            ) from error
        if options["dry_run"]:
            self._show(now)
            return
        self._say(self._sweep(now))

    def _sweep(self, now: datetime) -> Sweep:
        """Sweep once. Whoever ends this process lets it finish the mail in hand."""
        delivery, stop = SmtpDelivery(), Stop()
        before = signal.signal(signal.SIGTERM, stop.set)
        try:
            return send_due(now=now, deliver=delivery, stop=stop)
        finally:
            signal.signal(signal.SIGTERM, before)
            delivery.close()

    def _say(self, sweep: Sweep) -> None:
        held = f", held: {sweep.held}" if sweep.held else ""
        if sweep.resting:
            practice = Practice.objects.current()
            held = (
                f", the mail server is away since {practice.mail_down_since.isoformat()},"
                f" next try at {practice.mail_next_try_at.isoformat()}"
            )
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
