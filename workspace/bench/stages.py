"""One practice at three ages: the same house, people and stories, with no visits, some, and years of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.db import connection, transaction
from django.utils import timezone

from booking.models import Appointment
from clients.models import Client
from practice.models import Practice
from workspace.demo.builder import Demo, lift_limits
from workspace.demo.bulk import KINDS, Amount, Course
from workspace.demo.timetable import Place

NOTES = 0.2  # of the visits; each with its findings, scores, check-in and mail
DAYS_BACK = 6000
VISITS_OF_STORIES = 150  # at most; what is missing to the number wanted is filled in after them
REGULARS = 60  # clients of the first hour, who book while it is measured
HORIZON_DAYS = 366  # room for what is booked while it is measured


@dataclass(frozen=True, slots=True)
class Stage:
    """A database of the practice at one age. `name` is the database's own, `port` that of its web server here."""

    appointments: int
    name: str
    port: int


class Growing:
    """Makes the practice in the database at hand, and lets it grow."""

    def __init__(self, *, now: datetime):
        self.demo = Demo(seed=1, now=now)
        self.has_lived = False

    @transaction.atomic
    def grow_to(self, appointments: int) -> None:
        """Write visits until there are `appointments`; the first time, with 0, the house and its regular clients."""
        lift_limits()
        if not appointments:
            self._found()
            return
        if not self.has_lived:
            # The stories come after the ordinary visits, as in the demo: some of them book what is still free.
            self.demo.live(_amount(max(0, appointments - VISITS_OF_STORIES)))
            self.has_lived = True
        missing = appointments - Appointment.objects.count()
        if missing > 0:
            self.demo.bulk().fill(_amount(missing), self._day_before())

    def _found(self) -> None:
        house = self.demo.found()
        Practice.objects.update(is_demo=False, horizon_days=HORIZON_DAYS)
        house.practice.refresh_from_db()
        people = list(self.demo.timetable.people)
        self.demo.bulk().write_clients(
            [
                Course(people[number % len(people)], KINDS[number % len(KINDS)], "left", places=[Place(-1, 0)])
                for number in range(REGULARS)
            ]
        )

    def _day_before(self) -> int:
        """Return the day before the oldest visit, counted from today: older visits go there, so that none comes near the present."""
        first = Appointment.objects.earliest("starts_at").starts_at.astimezone(self.demo.timetable.zone).date()
        return (first - self.demo.timetable.today).days - 1


def _amount(visits: int) -> Amount:
    return Amount(appointments=visits, notes=ceil(visits * NOTES), days_back=DAYS_BACK)


def regulars() -> list[Client]:
    """Return the clients of the first hour."""
    return list(Client.objects.order_by("pk")[:REGULARS])


@contextmanager
def standing_in(stage: Stage) -> Iterator[Practice]:
    """Let this process talk to the stage's database, in the practice's time zone; the connection is closed afterwards."""
    connection.close()
    connection.settings_dict["NAME"] = stage.name
    practice = Practice.objects.current()
    try:
        with timezone.override(practice.time_zone):
            yield practice
    finally:
        connection.close()
