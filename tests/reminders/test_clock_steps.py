"""The machine's clock is set wrong and right again while the worker runs: nothing leaves early, nothing twice, and people see why."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from clients.models import Intake
from practice import clock
from practice.models import Practice
from reminders import outbox, tasks
from reminders.models import Message
from tests import world
from tests.reminders.rush import people
from tests.support.proof import keep, size
from tests.support.visits import make_visit
from tests.world import NOW, minutes

pytestmark = [pytest.mark.django_db, pytest.mark.chaos]

EVERY = size(quick=15, long=10)  # minutes between two looks of the worker
STEP_AT, BACK_AT, RELEASED_AT, END = 60, 120, 150, 60 * size(quick=3, long=8)  # minutes
PER_HOUR = 2  # mails that come due
EARLY = timedelta(minutes=5)
STEPS = {"an_hour_ahead": 60, "an_hour_behind": -60, "a_day_ahead": 24 * 60, "a_day_behind": -24 * 60}


class Machine:
    """A machine whose clock may be wrong. `at` is the true time."""

    def __init__(self):
        self.at, self.wrong_by = NOW, timedelta(0)

    def says(self):
        return self.at + self.wrong_by


@pytest.fixture
def machine(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(clock, "now", machine.says)
    monkeypatch.setattr(clock, "machine_now", machine.says)
    monkeypatch.setattr(clock.StepWatch, "_measure", staticmethod(lambda: machine.wrong_by.total_seconds()))
    monkeypatch.setattr(tasks, "watch", clock.StepWatch())
    return machine


@pytest.fixture
def due(practice, mia, massage):
    """Mails that come due twice an hour for a day and a half, and visits whose reminders do; return when each is due, by address."""
    clients = people(PER_HOUR * 36)
    intakes = Intake.objects.bulk_create(Intake(client=person, requested_at=NOW) for person in clients)
    rows = Message.objects.bulk_create(
        Message(
            kind="intake_link",
            client=intake.client,
            intake=intake,
            due_at=NOW + minutes(60 // PER_HOUR * number),
            needed_by=NOW + timedelta(days=9),
            created_at=NOW,
        )
        for number, intake in enumerate(intakes)
    )
    for day in range(1, 5):
        client = world.make_client("Eve", f"Day{day}", email=f"eve{day}@mail.example")
        visit = make_visit(client, mia, massage, starts_at=world.NINE + timedelta(days=day, hours=2))
        type(visit).objects.filter(pk=visit.pk).update(booked_at=NOW - timedelta(days=30))
    return {row.client.email: row.due_at for row in rows}


def live_through(machine, olga, *, step: timedelta, act) -> list[tuple]:
    """Let hours pass, one of them with a wrong clock, which an owner releases once it is right; return who got a mail, and when in truth."""
    left = []
    for minute in range(0, END, EVERY):
        machine.at = NOW + minutes(minute)
        machine.wrong_by = step if STEP_AT <= minute < BACK_AT else timedelta(0)
        if minute == RELEASED_AT:
            outbox.release_mail(by=olga, at=clock.now())
        act()
        left += [(message.to[0], machine.at) for message in mail.outbox[len(left) :]]
    return left


def early(left, due) -> int:
    """Count mails that left more than five minutes before they were due."""
    return sum(at < due[address] - EARLY for address, at in left if address in due)


@pytest.mark.parametrize("name", STEPS)
def test_wrong_clock_holds_the_mail_until_an_owner_has_looked(machine, due, olga, name):
    left = live_through(machine, olga, step=minutes(STEPS[name]), act=tasks.send_due)

    start, end, release = (NOW + minutes(minute) for minute in (STEP_AT, BACK_AT, RELEASED_AT))
    while_wrong = sum(start <= at < release for _, at in left)
    of_intakes = [address for address, _ in left if address in due]
    lost = sum(at <= machine.at for at in due.values()) - len(of_intakes)
    keep(
        f"clock_{name}",
        mails=len(left),
        early=early(left, due),
        while_wrong=while_wrong,
        twice=len(of_intakes) - len(set(of_intakes)),
        lost=lost,
    )
    assert (early(left, due), while_wrong, lost) == (0, 0, 0)
    assert len(of_intakes) == len(set(of_intakes))
    assert any(at < start for _, at in left)
    assert any(at >= release for _, at in left)


@pytest.mark.parametrize(("name", "said"), [("an_hour_ahead", "by 60 minutes"), ("a_day_behind", "by -1440 minutes")])
def test_people_are_told_why_no_mail_leaves(machine, due, signed_in, olga, name, said):
    browser = signed_in(olga)
    tasks.send_due()
    assert "clock jumped" not in browser.get(reverse("reminders:outbox")).content.decode()

    machine.wrong_by = minutes(STEPS[name])
    tasks.send_due()

    assert said in Practice.objects.get().mail_held_because
    assert f"clock jumped {said}" in signed_in(olga).get(reverse("reminders:outbox")).content.decode()


def test_small_corrections_hold_nothing(machine, due, olga):
    left = live_through(machine, olga, step=minutes(4), act=tasks.send_due)

    assert early(left, due) == 0
    assert any(NOW + minutes(STEP_AT) <= at < NOW + minutes(BACK_AT) for _, at in left)


@pytest.mark.parametrize("name", [name for name in STEPS if "ahead" in name])
def test_without_the_watch_mails_leave_early(machine, due, olga, name):
    """The negative control."""

    def unwatched():
        outbox.send_due(now=clock.now(), deliver=outbox.SmtpDelivery(), watch=None)

    left = live_through(machine, olga, step=minutes(STEPS[name]), act=unwatched)

    keep(f"clock_{name}_without_control", early=early(left, due))
    assert early(left, due) > 0
