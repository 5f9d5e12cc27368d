"""What Celery runs: one call each."""

from celery import shared_task
from celery.signals import worker_shutting_down

from practice import clock
from reminders.outbox import SmtpDelivery, Stop
from reminders.outbox import send_due as sweep

watch = clock.StepWatch()
stop = Stop()


@worker_shutting_down.connect
def finish_the_mail_in_hand(**_ignored):
    """A worker that is to end begins no other mail. It reaches the sweeps because they are threads of this process."""
    stop.set()


@shared_task(ignore_result=True)
def send_due(**_ignored):
    """Send every mail due now. Safe to run twice, and by two workers at once."""
    delivery = SmtpDelivery()
    try:
        sweep(now=clock.now(), deliver=delivery, watch=watch, stop=stop)
    finally:
        delivery.close()
