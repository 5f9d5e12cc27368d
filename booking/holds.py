"""Time held for somebody until a moment: it occupies the book like a visit, and falls back by itself when nobody takes it."""

from datetime import datetime

from django.db import transaction

from booking.models import Appointment, AppointmentChange, WaitlistOffer
from booking.refusals import NotNow, promised
from clients.gate import may_be_booked
from clients.intakes import lock_client, request_intake
from practice import audit
from practice.models import AuditEvent, User

Status, Kind = Appointment.Status, AppointmentChange.Kind


class HoldLapsed(NotNow):
    """The time was held until a moment that has gone."""


def accept_hold(appointment: Appointment, *, by: User | None, at: datetime) -> Appointment:
    """Turn held time into a booked visit and return it; accepting twice is accepting once.

    Asks for an intake when the client has handed in none. Raises HoldLapsed once the time was given back, StopFirst
    where a therapist has to speak with the client first.
    """
    with promised():
        lock_client(appointment.client)  # before the row, as whoever books does
        row = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment.pk)
        if row.status in (Status.BOOKED, Status.CONFIRMED):
            return row
        if row.status != Status.HELD or row.held_until <= at:
            raise HoldLapsed("We held this time for you, but not for so long. Please choose another.")
        may_be_booked(row.client)
        row.status, row.held_until = Status.BOOKED, None
        row.version += 1
        row.save(update_fields=["status", "held_until", "version"])
        _record(Kind.ACCEPTED, row, at=at, by=by, actor=AuditEvent.Actor.STAFF if by else AuditEvent.Actor.CLIENT)
        if not row.client.intakes.filter(submitted_at__isnull=False).exists():
            request_intake(client=row.client, by=by, at=at)
        return row


@transaction.atomic
def release_lapsed_holds(at: datetime, *, overlapping: tuple[datetime, datetime] | None = None) -> int:
    """Give back every held time whose moment has gone; returns how many. Safe to run twice and by two at once.

    Whoever takes time calls it for what overlaps it, under the booking locks; the sweep calls it for the whole book.
    """
    lapsed = Appointment.objects.filter(status=Status.HELD, held_until__lte=at)
    if overlapping:
        lapsed = lapsed.overlapping(*overlapping)
    rows = list(lapsed.select_for_update(of=("self",), no_key=True).order_by("pk"))
    for row in rows:
        row.status, row.held_until = Status.CANCELLED, None
        row.version += 1
        row.save(update_fields=["status", "held_until", "version"])
        WaitlistOffer.objects.open().filter(appointment=row).update(answer=WaitlistOffer.Answer.LAPSED, answered_at=at)
        _record(Kind.LAPSED, row, at=at, by=None, actor=AuditEvent.Actor.SYSTEM)
    return len(rows)


def _record(kind: str, row: Appointment, *, at: datetime, by: User | None, actor: str) -> None:
    AppointmentChange.objects.create(appointment=row, kind=kind, version=row.version, at=at, by=by)
    audit.record(action=f"appointment.{kind}", at=at, by=by, actor=actor, target=row)
