"""Time held for somebody until a moment: it occupies the book like a visit, and falls back by itself when nobody takes it."""

from datetime import datetime

from django.db import models, transaction
from django.db.models import QuerySet

from booking.models import LONGEST, Appointment, AppointmentChange, WaitlistOffer
from booking.refusals import NotNow, SlotTaken, promised
from clients.gate import may_be_booked
from clients.intakes import lock_client, request_intake
from clients.models import Task
from clients.todo import settle_tasks
from practice import audit
from practice.models import AuditEvent, User
from practice.prepared import prepared
from practice.templatetags.ui import local_time

Status, Kind, Answer = Appointment.Status, AppointmentChange.Kind, WaitlistOffer.Answer


class HoldLapsed(NotNow):
    """The time was held until a moment that has gone."""


class OnOffer(SlotTaken):
    """The time is held for somebody on the waitlist."""


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


def release_lapsed_holds(at: datetime, *, overlapping: tuple[datetime, datetime] | None = None) -> int:
    """Give back every held time whose moment has gone; returns how many. Safe to run twice and by two at once.

    Whoever takes time calls it for what overlaps it, under the booking locks; the sweep calls it for the whole book.
    """
    if overlapping and not _lapsed_holds(at, *overlapping, overlapping[0] - LONGEST):
        return 0  # nearly always: one look, without a lock
    return _release_lapsed_holds(at, overlapping=overlapping)


@prepared(*[models.DateTimeField()] * 4)
def _lapsed_holds(at, start, end, since):
    lapsed = Appointment.objects.filter(status=Status.HELD, held_until__lte=at)
    return lapsed.overlapping(start, end, since=since).values_list("pk")


@transaction.atomic
def _release_lapsed_holds(at: datetime, *, overlapping: tuple[datetime, datetime] | None) -> int:
    lapsed = Appointment.objects.filter(status=Status.HELD, held_until__lte=at)
    if overlapping:
        lapsed = lapsed.overlapping(*overlapping)
    # One order for whoever locks several; by `held_until`, because SQLite would else walk through every visit.
    rows = list(lapsed.select_for_update(of=("self",), no_key=True).order_by("held_until", "pk"))
    for row in rows:
        _free(row, Answer.LAPSED, at=at, by=None, actor=AuditEvent.Actor.SYSTEM)
    return len(rows)


@transaction.atomic
def give_back_hold(appointment: Appointment, *, answer: str, by: User | None, at: datetime) -> Appointment:
    """Free held time before its moment and return the visit; `answer` (WaitlistOffer.Answer) is kept with its offer.

    Giving back twice is giving back once. Raises NotNow once the time is booked.
    """
    row = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment.pk)
    if row.is_cancelled:
        return row
    if row.status != Status.HELD:
        raise NotNow("This time has been taken meanwhile: it is a visit now. Cancel the visit if it is not wanted.")
    _free(row, answer, at=at, by=by, actor=AuditEvent.Actor.STAFF if by else AuditEvent.Actor.CLIENT)
    return row


def refuse_if_offered(row: Appointment) -> None:
    """Raise NotNow while the visit is time held for somebody on the waitlist: it is taken or given back, nothing else."""
    if row.status == Status.HELD and WaitlistOffer.objects.open().filter(appointment=row).exists():
        raise NotNow("This time is held for somebody on the waitlist. Withdraw the offer first.")


def refuse_if_on_offer(row: Appointment, at: datetime) -> None:
    """Raise OnOffer while the time of a cancelled visit is held for somebody on the waitlist."""
    offer = offers_in_the_way(row, at).first()
    if offer is not None:
        until = local_time(offer.expires_at)
        raise OnOffer(
            f"This time is held for somebody on the waitlist until {until}. Withdraw the offer to take it back."
        )


def offers_in_the_way(row: Appointment, at: datetime) -> QuerySet[WaitlistOffer]:
    """Return the open offers that hold the visit's therapist while the visit would last."""
    held = Appointment.objects.occupying(at).filter(therapist=row.therapist_id)
    held = held.overlapping(row.starts_at, row.ends_at).exclude(pk=row.pk)
    return WaitlistOffer.objects.open().filter(appointment__in=held.values("pk")).order_by("pk")


def _free(row: Appointment, answer: str, *, at: datetime, by: User | None, actor: str) -> None:
    row.status, row.held_until = Status.CANCELLED, None
    row.version += 1
    row.save(update_fields=["status", "held_until", "version"])
    for offer in WaitlistOffer.objects.open().filter(appointment=row):
        offer.answer, offer.answered_at = answer, at
        offer.save(update_fields=["answer", "answered_at"])
        settle_offer_call(offer, at=at)
    _record(Kind.LAPSED, row, at=at, by=by, actor=actor)


def offer_call(offer: WaitlistOffer) -> str:
    """Return the cause under which the desk is asked to tell somebody by phone of the time held for them."""
    return f"offer {offer.pk}"


def settle_offer_call(offer: WaitlistOffer, *, at: datetime) -> None:
    """Take the call about an answered offer off the list."""
    settle_tasks(kind=Task.Kind.CALL_CLIENT, subject=offer_call(offer), at=at, outcome=f"{offer.get_answer_display()}.")


def _record(kind: str, row: Appointment, *, at: datetime, by: User | None, actor: str) -> None:
    AppointmentChange.objects.create(appointment=row, kind=kind, version=row.version, at=at, by=by)
    audit.record(action=f"appointment.{kind}", at=at, by=by, actor=actor, target=row)
