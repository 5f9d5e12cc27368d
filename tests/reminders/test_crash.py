"""Workers killed at random moments: nothing is lost, nothing comes three times, nothing stays behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from clients.models import Intake, Task
from reminders.due import derive_due
from reminders.models import Message
from tests.reminders.sink import Sink
from tests.support.proof import keep, size
from tests.world import NOW, make_client

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.chaos]

PEOPLE, KILLS, SEED = size(quick=80, long=400), size(quick=12, long=50), 20261123


@pytest.fixture
def sink():
    """Writes down, then takes a moment to answer: the gap in which a kill leaves doubt."""
    sink = Sink()
    sink.pauses["DATA"] = 0.05
    yield sink.start()
    sink.stop()


@pytest.fixture
def due(practice):
    """As many mails to send as there are people."""
    for number in range(PEOPLE):
        person = make_client("Ada", f"No{number}", email=f"ada{number}@mail.example")
        Intake.objects.create(client=person, requested_at=NOW)
    assert derive_due(NOW) == PEOPLE


def send_while_killing(sink, how) -> int:
    """Send all that is due with workers that are killed; return how many were."""
    database = str(connection.settings_dict["NAME"])
    connection.close()
    environment = {**os.environ, "DATA_DIR": str(settings.DATA_DIR), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.reminders.killed"]
        + [database, str(sink.port), NOW.isoformat(), str(KILLS), str(SEED), how],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=size(quick=120, long=900),
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return int(run.stdout)


def test_killed_workers_lose_nothing_and_repeat_at_most_one_mail_each(sink, due):
    kills = send_while_killing(sink, "lease")

    copies = {recipient: sink.recipients().count(recipient) for recipient in sink.recipients()}
    unknown = Message.objects.filter(state="unknown")
    sure = set(Message.objects.filter(state="sent").values_list("client__email", flat=True))
    keep(
        "mails_under_kill",
        mails=PEOPLE,
        kills=kills,
        lost=PEOPLE - len(sure | copies.keys()),
        doubled=sum(count == 2 for count in copies.values()),
        tripled=sum(count > 2 for count in copies.values()),
        unknown=unknown.count(),
        seed=SEED,
    )
    assert kills >= 3
    assert sure <= copies.keys()
    assert len(sure) + unknown.count() == PEOPLE
    assert max(copies.values()) <= 2
    assert sum(copies.values()) - len(copies) <= kills
    assert Task.objects.count() == unknown.count()


def test_killed_workers_that_mark_before_they_send_do_lose_mails(sink, due):
    """The negative control: the same kills, the other order."""
    sink.pauses["MAIL"] = 0.03

    send_while_killing(sink, "mark")

    arrived, marked = len(set(sink.recipients())), Message.objects.filter(state="sent").count()
    keep("mails_under_kill_without_control", marked_as_sent=marked, lost=marked - arrived)
    assert arrived < marked
