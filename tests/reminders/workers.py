"""Senders in processes of their own, forked from one that is warm: run as a program, with a plan in JSON as its argument.

The plan's `how` names what is done: "killed" senders, or a "crowd" of senders and sweeps; `sends` how a sender sends: "leased",
the product's way, "marked", which writes "sent" first and sends then, or "unclaimed", which takes what is due without claiming it.
Prints one JSON object.
"""

import faulthandler
import json
import os
import random
import signal
import sys
import time
from datetime import datetime, timedelta

import django
from django.conf import settings
from django.core.mail.utils import DNS_NAME
from django.db import connection, transaction
from django.template.loader import get_template
from django.urls import reverse

SENDERS_UNDER_FIRE, SENDERS_OF_A_CROWD, SWEEPS = 2, 4, 2
LEASE = timedelta(seconds=4)  # much longer than one hand-off, much shorter than the product's: somebody waits here
PORTION, PORTION_EVERY = 100, 0.1  # of what comes to be due while a crowd sends; seconds
MINUTE = timedelta(minutes=1)
OPEN = ("due", "claimed", "handoff")


def set_up(database: str, port: int) -> None:
    """Point the product at the test's database and at the test's mail server."""
    settings.DATABASES["default"]["NAME"] = database
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 10
    django.setup()
    faulthandler.register(signal.SIGUSR1)
    # What costs a sender its first second is done before it forks: a kill shall meet it while it sends.
    reverse("home")
    for twin in ("txt", "html"):
        get_template(f"reminders/mail/letter.{twin}")
    str(DNS_NAME)


class Senders:
    """What a forked process does, again and again until nothing is left; each returns how many it sent."""

    def __init__(self, now: datetime):
        self.now = now

    def leased(self) -> int:
        """Sweep the product's way. Where nothing leaves, time goes on: a mail put off must come due before the run is over."""
        delivery = outbox.SmtpDelivery()
        sent = outbox.send_due(now=self.now, deliver=delivery, lease=LEASE).sent
        delivery.close()
        self.now += timedelta(0) if sent else MINUTE
        return sent

    def marked(self) -> int:
        """Sweep the wrong way: what is marked is gone when the sender dies before it has sent."""
        return self._wrongly(self._mark_first)

    def unclaimed(self) -> int:
        """Sweep the other wrong way: what somebody is sending is taken by everybody who comes by."""
        derive_due(self.now)
        return self._wrongly(Message.objects.filter(state="due").order_by("pk").first)

    def _wrongly(self, take) -> int:
        practice, delivery, sent = Practice.objects.current(), outbox.SmtpDelivery(), 0
        while message := take():
            letter = compose(message, practice=practice, now=self.now)
            delivery(as_email(letter, message, practice=practice, now=self.now))
            Message.objects.filter(pk=message.pk).update(state="sent")
            sent += 1
        delivery.close()
        return sent

    @transaction.atomic
    def _mark_first(self) -> "Message | None":
        message = Message.objects.select_for_update(skip_locked=True).filter(state="due").order_by("pk").first()
        Message.objects.filter(pk=message.pk if message else None).update(state="sent")
        return message


def fork(work, is_over, *, first) -> int:
    """Do `work` in a process of its own until `is_over` when there was nothing to do; return its id once `first` is done."""
    begun, begin = os.pipe()
    pid = os.fork()
    if pid:
        os.close(begin)
        os.read(begun, 1)
        os.close(begun)
        return pid
    first()
    os.write(begin, b"!")
    while work() or not is_over():
        time.sleep(0.2)
    os._exit(0)


def has_ended(pid: int) -> bool:
    """Say whether a forked process has ended by itself. Exits, with its last words above, if that went badly."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    if status:
        sys.exit(f"process {pid} ended with status {status}")
    return ended == pid


def wait_for(pids: list[int], *, until: float) -> None:
    """Wait until all have ended. Exits, saying what stands in the outbox, if they have not by `until`."""
    while pids := [pid for pid in pids if not has_ended(pid)]:
        if time.monotonic() > until:
            for pid in pids:
                os.kill(pid, signal.SIGUSR1)  # it says where it stands
                time.sleep(0.5)
                os.kill(pid, signal.SIGKILL)
            rows = Message.objects.exclude(state="sent").values_list("state", "due_at", "attempts", "handoffs", "why")
            sys.exit(f"{len(pids)} not ended in time; not sent: {[*map(str, rows[:10])]}")
        time.sleep(0.05)


def killed(send, now: datetime, *, kills: int, longest_life: float, seed: int, until: float) -> dict:
    """Keep two senders at work and kill one after the other at random moments; let the last ones finish."""
    rng, killed_so_far = random.Random(seed), 0

    def start():
        return fork(send, is_empty, first=lambda: derive_due(now))

    pids = [start() for _ in range(SENDERS_UNDER_FIRE)]
    while killed_so_far < kills:
        time.sleep(rng.uniform(0, longest_life))
        if has_ended(victim := pids.pop(0)):
            break  # nothing is left to send
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        killed_so_far += 1
        pids.append(start())
    wait_for(pids, until=until)
    return {"kills": killed_so_far}


def crowd(send, now: datetime, *, until: float) -> dict:
    """Let four send and two sweep while intakes are asked for, portion by portion, of everybody who has none."""
    people = Client.objects.order_by("pk").values_list("pk", flat=True)
    waiting = list(people)
    connection.close()  # a forked child must not share it

    def is_over():
        return Message.objects.exclude(state__in=OPEN).count() >= len(waiting)

    begin = time.monotonic()
    pids = [fork(send, is_over, first=lambda: None) for _ in range(SENDERS_OF_A_CROWD)]
    pids += [fork(lambda: derive_due(now), is_over, first=lambda: None) for _ in range(SWEEPS)]
    for first in range(0, len(waiting), PORTION):
        portion = waiting[first : first + PORTION]
        Intake.objects.bulk_create(Intake(client_id=client, requested_at=now) for client in portion)
        time.sleep(PORTION_EVERY)
    wait_for(pids, until=until)
    return {"senders": SENDERS_OF_A_CROWD, "sweeps": SWEEPS, "seconds": round(time.monotonic() - begin, 1)}


def is_empty() -> bool:
    """Say whether nothing is left to send."""
    return not Message.objects.filter(state__in=OPEN).exists()


if __name__ == "__main__":
    plan = json.loads(sys.argv[1])
    set_up(plan.pop("database"), plan.pop("port"))

    from clients.models import Client, Intake
    from practice.models import Practice
    from reminders import outbox
    from reminders.due import derive_due
    from reminders.mails import as_email, compose
    from reminders.models import Message

    now, how = datetime.fromisoformat(plan.pop("now")), {"killed": killed, "crowd": crowd}[plan.pop("how")]
    send, until = getattr(Senders(now), plan.pop("sends")), time.monotonic() + plan.pop("seconds")
    print(json.dumps(how(send, now, until=until, **plan)))  # noqa: T201
