"""Clients book by themselves: the practice's own rules hold, nobody overrules them, and nobody learns who is a client here."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import transaction

from booking.appointments import book_appointment, move_appointment
from booking.availability import grid
from booking.holds import accept_hold, refuse_if_offered
from booking.models import Appointment, BookingInvitation
from booking.refusals import ClientBusy, NotOffered, promised
from clients.folding import fold
from clients.gate import StopFirst, gate_for
from clients.models import Client, Task
from clients.records import create_client, possible_duplicates
from clients.todo import raise_task
from practice import audit
from practice.errors import Refused
from practice.models import AuditEvent, Practice, Service, User

STATUS = Appointment.Status
HOLD = timedelta(minutes=30)
MOST_UPCOMING = 3  # visits ahead that one client has booked online
MOST_OF_AN_ADDRESS = 6  # people of one family who are written to at once
COMPARE = "Booked online. Perhaps on file already: please compare before the visit."


class OnlineBookingClosed(Refused):
    """The owner has switched online booking off, or this service is not booked online."""


class CallFirst(Refused):
    """Somebody has to speak with this person first. Why is not said."""


class TooManyUpcoming(Refused):
    """This client has booked as many visits ahead as one may book online."""


CALL_FIRST = "Please call us: your therapist would like to speak with you first."
NOT_A_TIME = "That time is not on offer. Please choose one of those below."


# --- what may be booked


def online_services(*, is_first_visit: bool):
    """Return the services a client may book online: those for a first visit, or the others."""
    return Service.objects.active().filter(is_online=True, is_first_visit=is_first_visit).order_by("name", "pk")


def services_for(client: Client):
    """Return what this client may book: a first visit until one stands in the book, then what follows."""
    has_come = client.appointments.live().exclude(status__in=[STATUS.NO_SHOW, STATUS.HELD]).exists()
    fitting = online_services(is_first_visit=not has_come)
    return fitting if fitting.exists() else online_services(is_first_visit=has_come)


def usual_therapist(client: Client) -> User | None:
    """Return who treats this client: the therapist of the newest visit, if they still treat."""
    visits = client.appointments.live().filter(therapist__is_active=True, therapist__is_therapist=True)
    newest = visits.select_related("therapist").order_by("-starts_at", "-pk").first()
    return newest.therapist if newest else None


def _refuse_unless_open(service: Service) -> Practice:
    practice = Practice.objects.current()
    if not practice.is_online_booking_open:
        raise OnlineBookingClosed("Online booking is closed at present. Please call us.")
    if not Service.objects.active().filter(pk=service.pk, is_online=True).exists():
        raise OnlineBookingClosed(f"{service.name} is not booked online. Please call us.")
    return practice


def refuse_off_grid(starts_at: datetime, practice: Practice) -> None:
    """Raise NotOffered unless visits may start then: on the practice's grid, at a time its clocks show, once."""
    zone = ZoneInfo(practice.time_zone)
    if starts_at not in grid(starts_at.astimezone(zone).date(), practice.slot_minutes, zone):
        raise NotOffered(NOT_A_TIME)


# --- booking


def book_online(
    *,
    client: Client,
    therapist: User,
    service: Service,
    starts_at: datetime,
    at: datetime,
    key: UUID | None = None,
) -> Appointment:
    """Book for the client who asks, and return the appointment; `key` as for `book_appointment`.

    Raises OnlineBookingClosed, CallFirst for whom a therapist must see first, TooManyUpcoming, NotOffered for a time
    off the grid, and what `book_appointment` raises; its warnings are refusals here.
    """
    with promised():
        refuse_off_grid(starts_at, _refuse_unless_open(service))
        asked = {"therapist": therapist, "service": service, "starts_at": starts_at, "at": at, "key": key}
        try:
            appointment = book_appointment(client=client, by=None, **asked)
        except StopFirst as stop:
            raise CallFirst(CALL_FIRST) from stop
        except ClientBusy as busy:
            raise ClientBusy("You already have a visit at that time.") from busy
        _refuse_if_too_many(client, at)
        return appointment


def accept_online(appointment: Appointment, *, by: User | None, at: datetime) -> Appointment:
    """Take up time held on the public page, and return the visit. Without `by` the client does, with it the desk for them.

    Raises what `accept_hold` raises, NotNow for time on offer from the waitlist; TooManyUpcoming for a client.
    """
    with promised():
        refuse_if_offered(appointment)
        taken = accept_hold(appointment, by=by, at=at)
        if by is None:
            _refuse_if_too_many(taken.client, at)
        return taken


def _refuse_if_too_many(client: Client, at: datetime) -> None:
    """Call it under the client's lock, so that two browsers cannot both book the last one."""
    if _has_too_many(client, at):
        raise TooManyUpcoming(f"You have {MOST_UPCOMING} visits booked ahead. For another one please call us.")


def _has_too_many(client: Client, at: datetime) -> bool:
    return client.appointments.occupying(at).filter(starts_at__gt=at, booked_by=None).count() > MOST_UPCOMING


def must_call(appointment: Appointment, *, at: datetime) -> bool:
    """Say whether the client could not take up this held time alone, so that their mail asks them to call instead."""
    return not gate_for(appointment.client).is_bookable or _has_too_many(appointment.client, at)


def hold_for_newcomer(
    *,
    first_name: str,
    last_name: str,
    born_on: date,
    phone: object,
    email: str,
    therapist: User,
    service: Service,
    starts_at: datetime,
    at: datetime,
    key: UUID,
) -> Appointment | None:
    """Hold a first visit for somebody who says they are new, until they confirm it by mail; return the held visit.

    Who turns out to be on file already gets no second record: the time is held for the first one. Whatever stands in
    their way changes nothing for whoever typed, who may be anybody: the time is held all the same, and what to do
    stands in the mail to the address on file (`must_call`), or on the call list where that may not be mailed. Who has
    another visit at that time gets a link to book instead, and there is none (None). One newcomer at a time.
    Raises OnlineBookingClosed, NotOffered and what `book_appointment` raises, alike for everybody.
    """
    details = {"first_name": first_name, "last_name": last_name, "born_on": born_on, "phone": phone, "email": email}
    with promised():
        # Two forms of one person must not make two records: newcomers are taken in one after the other.
        Practice.objects.select_for_update(no_key=True).get()
        refuse_off_grid(starts_at, _refuse_unless_open(service))
        asked = {"therapist": therapist, "service": service, "starts_at": starts_at, "at": at, "key": key}
        known = _on_file(**details)
        if known is None:
            note = COMPARE if _may_be_on_file(details) else ""
            client = create_client(by=None, at=at, key=uuid5(key, "client"), desk_note=note, **details)
            return _hold_for(client, **asked)
        try:
            held = _hold_for(known, **asked)
        except ClientBusy:
            _refuse_as_a_stranger(details, **asked)
            _write_instead(known, at=at)
            return None
        if not known.can_be_mailed:
            _ask_for_call(known, f"held {held.pk}", at=at)
        return held


def _hold_for(client: Client, *, at: datetime, **asked) -> Appointment:
    return book_appointment(client=client, by=None, at=at, held_until=at + HOLD, past_gate=True, **asked)


def _refuse_as_a_stranger(details: dict, *, key: UUID, **asked) -> None:
    """Raise what somebody not on file would be told about that time, and leave nothing behind."""
    with transaction.atomic():
        at = asked["at"]
        _hold_for(create_client(by=None, at=at, key=uuid5(key, "stranger"), **details), key=key, **asked)
        transaction.set_rollback(True)


def _write_instead(client: Client, *, at: datetime) -> None:
    """Send a link to book, which shows the visits that stand; once for as long as a time would be held."""
    if not client.can_be_mailed:
        _ask_for_call(client, f"held {client.pk} {at:%Y%m%d}", at=at)
    elif not client.booking_invitations.filter(asked_at__gt=at - HOLD).exists():
        invite_to_book(client=client, by=None, at=at)


def _ask_for_call(client: Client, subject: str, *, at: datetime) -> None:
    raise_task(kind=Task.Kind.CALL_CLIENT, client=client, subject=subject, for_role="front_desk", at=at)


def _on_file(*, first_name, last_name, born_on, email, **_others) -> Client | None:
    """Return who this is if they are on file: the same e-mail, and the same name or the same first name and birthday.

    Twins share address and birthday, so a birthday alone is not enough. The mail goes to the address on file in any case.
    """
    same = [each for each in Client.objects.filter(email__iexact=email) if fold(each.first_name) == fold(first_name)]
    found = [each for each in same if each.born_on == born_on or fold(each.last_name) == fold(last_name)]
    if not found:
        return None
    return min(found, key=lambda each: (each.born_on != born_on, each.pk))


def _may_be_on_file(details: dict) -> bool:
    return any("name" in reason for each in possible_duplicates(**details) for reason in each.reasons)


def move_online(
    appointment: Appointment, *, therapist: User, starts_at: datetime, at: datetime, version: int
) -> Appointment:
    """Move the client's own visit, and return it.

    Raises what `move_appointment` raises without `by`, NotOffered, and CallFirst instead of the words for the desk.
    """
    with promised():
        refuse_off_grid(starts_at, Practice.objects.current())
        try:
            return move_appointment(
                appointment, therapist=therapist, starts_at=starts_at, by=None, at=at, version=version
            )
        except StopFirst as stop:
            raise CallFirst(CALL_FIRST) from stop
        except ClientBusy as busy:
            raise ClientBusy("You already have a visit at that time.") from busy


# --- asking for a link


@transaction.atomic
def ask_for_booking_link(*, email: str, at: datetime) -> None:
    """Invite whoever is on file under this address to book; their mails derive from the invitations.

    It returns nothing and does the same work for any address, known or not, so that neither the answer nor its time tells
    who is a client here. Each person of a family gets a mail of their own.
    """
    audit.record(action="booking.link_asked", at=at, actor=AuditEvent.Actor.CLIENT)
    known = Client.objects.filter(email__iexact=email, wants_no_mail=False).order_by("pk")
    people, stand_ins = list(known[:MOST_OF_AN_ADDRESS]), list(Client.objects.order_by("pk")[:1])
    for client in people or stand_ins:
        with transaction.atomic():
            invite_to_book(client=client, by=None, at=at)
            if not people:
                transaction.set_rollback(True)


@transaction.atomic
def invite_to_book(*, client: Client, by: User | None, at: datetime) -> BookingInvitation:
    """Let a link to book go to the client by mail, and return the invitation. Without `by` they asked for it."""
    invitation = BookingInvitation.objects.create(client=client, asked_at=at, asked_by=by)
    actor = AuditEvent.Actor.STAFF if by else AuditEvent.Actor.CLIENT
    audit.record(action="booking.invited", at=at, by=by, actor=actor, target=invitation)
    return invitation
