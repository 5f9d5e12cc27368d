"""Many mails at once: people who are to get one, the processes that send them, and what arrived."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from clients.models import Client, Intake
from reminders.models import Message
from tests.reminders.sink import Sink
from tests.support.proof import size
from tests.world import NOW

ROOT = Path(__file__).parents[2]
SECONDS = size(quick=120, long=1800)  # none of the runs takes half as long, even beside others


def people(count: int, *, first: int = 0) -> list[Client]:
    """Make that many clients with an address each, numbered from `first`."""
    return Client.objects.bulk_create(
        Client(first_name="Ada", last_name=f"No{number}", email=f"ada{number}@mail.example", created_at=NOW)
        for number in range(first, first + count)
    )


def ask(clients: list[Client]) -> None:
    """Ask all of them for their intake, which makes a mail each."""
    Intake.objects.bulk_create(Intake(client=client, requested_at=NOW) for client in clients)


def run_workers(sink: Sink, **plan) -> dict:
    """Carry out the plan with `tests.reminders.workers` on the test's database; return what it printed."""
    plan |= {"database": str(connection.settings_dict["NAME"]), "port": sink.port, "now": NOW.isoformat()}
    connection.close()
    run = subprocess.run(
        [sys.executable, "-m", "tests.reminders.workers", json.dumps({"seconds": SECONDS, **plan})],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(settings.DATA_DIR), "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        timeout=SECONDS + 30,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-6000:]
    return json.loads(run.stdout)


@dataclass(frozen=True)
class Count:
    """What became of one mail for each of `mails` people. `lost` did not arrive, whatever the outbox says of them."""

    mails: int
    lost: int
    doubled: int
    tripled: int
    unknown: int
    in_doubt: int


def count(sink: Sink) -> Count:
    """Count what arrived against who was to get a mail."""
    copies = Counter(sink.recipients())
    wanted = set(Client.objects.values_list("email", flat=True))
    return Count(
        mails=len(wanted),
        lost=len(wanted - copies.keys()),
        doubled=sum(number == 2 for number in copies.values()),
        tripled=sum(number > 2 for number in copies.values()),
        unknown=Message.objects.filter(state="unknown").count(),
        in_doubt=Message.objects.filter(state="handoff").count(),
    )


def broken_hand_overs() -> int:
    """Return how many hand-offs ended without a record: one sent keeps its last one, one unknown has none."""
    rows = Message.objects.filter(handoffs__gt=0).values_list("state", "handoffs")
    return sum(handoffs - (state == "sent") for state, handoffs in rows)
