"""What a sweep of the outbox costs that finds nothing to do, as it does every few seconds, by how many mails were sent before."""

from datetime import timedelta
from itertools import cycle, islice

from django.db import connection

from booking.models import Appointment
from practice import clock
from reminders.models import Message
from reminders.outbox import SmtpDelivery, send_due
from workspace.bench.stages import Stage, standing_in
from workspace.bench.timing import count_queries, median_ms

MOST_SWEEPS = 200  # until nothing is due
FIRST_VERSION = 1000  # of the mails written here: beyond those of the practice
AT_ONCE = 5000


class NeverDone(Exception):
    """Each sweep found something to send, so that none could be measured that finds nothing."""


def measure(stage: Stage, *, sent: int, rounds: int) -> dict:
    """Return by number of mails sent before, 0 and `sent`, the median milliseconds and the queries of a sweep."""
    figures: dict[str, dict[str, float]] = {"ms": {}, "queries": {}}
    delivery = SmtpDelivery()

    def sweep():
        return send_due(now=clock.now(), deliver=delivery)

    with standing_in(stage):
        Message.objects.all().delete()
        _send_what_is_due(sweep)
        for number in (0, sent):
            write_sent(number)
            figures["queries"][str(number)] = count_queries(sweep)
            figures["ms"][str(number)] = median_ms({"sweep": sweep}, rounds=rounds)["sweep"]
        delivery.close()
    return figures


def _send_what_is_due(sweep) -> None:
    for _ in range(MOST_SWEEPS):
        if not sweep().sent:
            return
    raise NeverDone(f"{MOST_SWEEPS} sweeps sent something each.")


def write_sent(number: int) -> None:
    """Write so many mails as sent, about the visits of the past in turn, as confirmations of versions they never had."""
    now = clock.now()
    visits = Appointment.objects.filter(starts_at__lt=now).order_by("pk").values_list("pk", "client_id", "starts_at")
    rows = (
        Message(
            kind=Message.Kind.BOOKING_CONFIRMATION,
            client_id=client,
            appointment_id=visit,
            version=FIRST_VERSION + place,
            state=Message.State.SENT,
            due_at=starts_at - timedelta(days=3),
            needed_by=starts_at,
            sent_at=starts_at - timedelta(days=3),
            created_at=starts_at - timedelta(days=3),
            attempts=1,
            handoffs=1,
        )
        for place, (visit, client, starts_at) in enumerate(islice(cycle(list(visits)), number))
    )
    while batch := list(islice(rows, AT_ONCE)):
        Message.objects.bulk_create(batch)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE reminders_message")  # the server would, within a minute
