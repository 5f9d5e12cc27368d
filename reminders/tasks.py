"""What Celery runs: one call each."""

from celery import shared_task

from practice import clock
from reminders.outbox import SmtpDelivery
from reminders.outbox import send_due as sweep

watch = clock.StepWatch()


@shared_task(ignore_result=True)
def send_due(**_ignored):
    """Send every mail due now. Safe to run twice, and by two workers at once."""
    delivery = SmtpDelivery()
    try:
        sweep(now=clock.now(), deliver=delivery, watch=watch)
    finally:
        delivery.close()
