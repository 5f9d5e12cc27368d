"""Senders that are killed: run as a program, it forks workers that send what is due and kills them at random moments.

    killed.py DATABASE PORT NOW KILLS SEED HOW

HOW is "lease", the product's way, or "mark", which writes "sent" first and sends then. Prints the number of kills.
"""

import os
import random
import signal
import sys
import time
from datetime import datetime, timedelta

import django
from django.conf import settings
from django.core.mail.utils import DNS_NAME
from django.template.loader import get_template
from django.urls import reverse

WORKERS = 2
LEASE = timedelta(seconds=4)
LONGEST_LIFE = 0.4  # seconds a worker that has begun to send goes on before it is killed


def set_up(database: str, port: str) -> None:
    """Point the product at the test's database and at the test's mail server."""
    settings.DATABASES["default"]["NAME"] = database
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", int(port), 10
    django.setup()
    # What costs a worker its first second is done before it forks: a kill shall meet it while it sends.
    reverse("home")
    for twin in ("txt", "html"):
        get_template(f"reminders/mail/letter.{twin}")
    str(DNS_NAME)


def lease_then_send(now: datetime) -> bool:
    """Sweep the product's way; return whether anything is left to do."""
    delivery = outbox.SmtpDelivery()
    outbox.send_due(now=now, deliver=delivery, lease=LEASE)
    delivery.close()
    return Message.objects.filter(state__in=["due", "claimed", "handoff"]).exists()


def mark_then_send(now: datetime) -> bool:
    """Sweep the wrong way: what is marked is gone when the sender dies before it has sent."""
    practice, delivery = Practice.objects.current(), outbox.SmtpDelivery()
    while message := outbox.claim_one(now, outbox.Sweep(), lease=timedelta(days=1)):
        Message.objects.filter(pk=message.pk).update(state="sent")
        delivery(as_email(compose(message, practice=practice, now=now), message, practice=practice, now=now))
    delivery.close()
    return False


def work(sweep, now: datetime) -> int:
    """Sweep in a process of its own until nothing is left; return its id once it has begun."""
    begun, begin = os.pipe()
    pid = os.fork()
    if pid:
        os.close(begin)
        os.read(begun, 1)
        os.close(begun)
        return pid
    derive_due(now)  # and with it everything a process does for the first time
    os.write(begin, b"!")
    while sweep(now):
        time.sleep(0.05)
    os._exit(0)


def is_over(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def main(now: datetime, kills: int, rng: random.Random, sweep) -> int:
    """Keep WORKERS at work, kill one after the other, let the last ones finish; return how many were killed."""
    workers, killed = [work(sweep, now) for _ in range(WORKERS)], 0
    while killed < kills:
        time.sleep(rng.uniform(0, LONGEST_LIFE))
        victim = workers.pop(0)
        if is_over(victim):
            break  # nothing is left to send
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        killed += 1
        workers.append(work(sweep, now))
    for pid in workers:
        os.waitpid(pid, 0)
    return killed


if __name__ == "__main__":
    database, port, moment, kills, seed, how = sys.argv[1:]
    set_up(database, port)

    from practice.models import Practice
    from reminders import outbox
    from reminders.due import derive_due
    from reminders.mails import as_email, compose
    from reminders.models import Message

    sweeps = {"lease": lease_then_send, "mark": mark_then_send}
    print(main(datetime.fromisoformat(moment), int(kills), random.Random(int(seed)), sweeps[how]))  # noqa: T201
