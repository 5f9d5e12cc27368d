"""Reminders through the outbox into a mail server on this machine that takes everything."""

from time import perf_counter

from practice import clock
from reminders.outbox import SmtpDelivery, send_due
from workspace.bench.stages import Stage, standing_in


class NothingSent(Exception):
    """No mail left, so that there is no speed to tell."""


def measure(stage: Stage, *, at_most: int) -> float:
    """Return how many mails per second leave, deriving included, until none is due or `at_most` have left."""
    sent, begin = 0, perf_counter()
    delivery = SmtpDelivery()
    with standing_in(stage):
        try:
            while sent < at_most:
                sweep = send_due(now=clock.now(), deliver=delivery, per_minute=0)
                sent += sweep.sent
                if not sweep.sent:
                    break
        finally:
            delivery.close()
    if not sent:
        raise NothingSent(f"The outbox sent nothing: {sweep}.")
    return round(sent / (perf_counter() - begin), 1)
