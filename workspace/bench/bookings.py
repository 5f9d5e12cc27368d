"""Bookings through the web server, against the bare database insert of the same rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import count
from statistics import median
from uuid import uuid4

from django.db import connection, transaction
from django.db.models.sql import InsertQuery
from django.utils import timezone

from booking.forms import slot_value
from booking.models import Appointment
from booking.slots import Slot, free_slots, rooms_for
from clients.models import Client
from practice import clock
from practice.models import Practice, Service, User
from workspace.bench.browser import Browser
from workspace.bench.stages import Stage, regulars, standing_in
from workspace.bench.timing import seconds_of

FIRST_DAY = timedelta(days=31)  # after what availability looks at
APART = timedelta(minutes=90)  # the longest visit and the turning over of its room
PATH = "/booking/appointments/new/"


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that can be booked, and with whom."""

    slot: Slot
    client: Client


class Desk:
    """The front desk of one stage: books day after day, a day through the server and the next one by bare inserts."""

    def __init__(self, stage: Stage, *, days: int):
        self.browser = Browser(stage, "dana")
        self.through_server: list[float] = []
        self.bare: list[float] = []
        with standing_in(stage) as practice:
            self.service = Service.objects.get(slug="follow-up")
            self.by = User.objects.get(username="dana")
            self.days = _visits_by_day(practice, self.service, days=2 * days)
        self.stage = stage
        self.browser.get(f"{PATH}?client={self.days[0][0].client.pk}")  # brings the token that every form carries

    def book_two_days(self) -> None:
        """Book one day through the server and one by bare inserts, and note how many per second."""
        visits = self.days.pop()
        forms = [self._form(visit) for visit in visits]
        seconds = seconds_of(lambda: [self.browser.post(PATH, form) for form in forms])
        self.through_server.append(len(forms) / seconds)
        visits = self.days.pop()
        with standing_in(self.stage):
            inserts = [partial(_insert, *_statement(self._row(visit))) for visit in visits]
            seconds = seconds_of(lambda: [insert() for insert in inserts])
        self.bare.append(len(inserts) / seconds)

    def _form(self, visit: Visit) -> dict[str, object]:
        """Return what the page sends."""
        return {
            "client": visit.client.pk,
            "key": uuid4(),
            "service": self.service.pk,
            "therapist": visit.slot.therapist_id,
            "day": visit.slot.starts_at.date().isoformat(),
            "slot": slot_value(visit.slot.starts_at, visit.slot.therapist_id),
            "room": "",
            "note": "",
            "other_time": "",
            "overrule": "",
        }

    def _row(self, visit: Visit) -> Appointment:
        return Appointment(
            client=visit.client,
            service=self.service,
            booked_at=clock.now(),
            booked_by=self.by,
            **visit.slot._asdict(),
        )


def measure(small: Stage, large: Stage, *, days: int) -> dict:
    """Return bookings per second where there are most appointments and, beside it, where there are none."""
    desks = {stage.appointments: Desk(stage, days=days) for stage in (small, large)}
    for _ in range(days):
        for desk in desks.values():
            desk.book_two_days()
    full = desks[large.appointments]
    served, bare = median(full.through_server), median(full.bare)
    return {
        "per_second": round(served, 1),
        "bare_insert_per_second": round(bare, 1),
        "ratio": round(served / bare, 3),
        "per_second_at": {str(number): round(median(desk.through_server), 1) for number, desk in desks.items()},
        "bare_insert_per_second_at": {str(number): round(median(desk.bare), 1) for number, desk in desks.items()},
    }


def _visits_by_day(practice: Practice, service: Service, *, days: int) -> list[list[Visit]]:
    """Return, for each of `days` days, visits that can all be booked: three at a time, as there are three rooms."""
    waiting, rooms = regulars(), rooms_for(service)
    clients = (waiting[number % len(waiting)] for number in count())
    found = []
    first = max(clock.today() + FIRST_DAY, _day_after_the_last_visit())
    for number in range(5 * days):
        day = first + timedelta(days=number)
        slots = free_slots(practice=practice, service=service, first_day=day, days=1, now=clock.now())
        found.append([Visit(slot, next(clients)) for slot in _beside_each_other(slots, rooms)])
    return [visits for visits in found if visits][:days]


def _day_after_the_last_visit() -> date:
    """Return the first day on which nothing stands in the book yet: some of the demo's series reach far ahead."""
    last = Appointment.objects.order_by("starts_at").last()
    return timezone.localdate(last.starts_at) + timedelta(days=1) if last else clock.today()


def _beside_each_other(slots: list[Slot], rooms: tuple[int, ...]) -> Iterator[Slot]:
    """Yield slots that leave each other therapist, room and time."""
    begin, free = None, list(rooms)
    for slot in slots:
        if begin is None or slot.starts_at >= begin + APART:
            begin, free = slot.starts_at, list(rooms)
        if slot.starts_at == begin and free:
            yield slot._replace(room_id=free.pop(0))


def _statement(row: Appointment) -> tuple[str, tuple]:
    """Return the very INSERT that the product sends for `row`, and its values."""
    query = InsertQuery(Appointment)
    fields = [field for field in Appointment._meta.concrete_fields if not field.primary_key]
    query.insert_values(fields, [row])
    ((statement, values),) = query.get_compiler(connection=connection).as_sql()
    return statement, values


@transaction.atomic
def _insert(statement: str, values: tuple) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
