"""Clients book by themselves: the practice's own rules hold, nobody overrules them, and nobody learns who is a client here."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import transaction

from booking.appointments import book_appointment, move_appointment
from booking.availability import grid
from booking.models import Appointment, BookingInvitation
from booking.refusals import ClientBusy, NotOffered, promised
from clients.folding import fold
from clients.gate import StopFirst
from clients.models import Client
from clients.records import create_client, possible_duplicates
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
CALL_TO_BOOK = "Please call us to book: we would like to speak with you first."
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
    held_until: datetime | None = None,
) -> Appointment:
    """Book for the client who asks, and return the appointment; `key` as for `book_appointment`.

    Raises OnlineBookingClosed, CallFirst for whom a therapist must see first, TooManyUpcoming, NotOffered for a time
    off the grid, and what `book_appointment` raises; its warnings are refusals here.
    """
    with promised():
        refuse_off_grid(starts_at, _refuse_unless_open(service))
        try:
            appointment = book_appointment(
                client=client,
                therapist=therapist,
                service=service,
                starts_at=starts_at,
                by=None,
                at=at,
                key=key,
                held_until=held_until,
            )
        except StopFirst as stop:
            raise CallFirst(CALL_FIRST) from stop
        except ClientBusy as busy:
            raise ClientBusy("You already have a visit at that time.") from busy
        # The client's lock is held until the end, so two browsers cannot both book the last one.
        if _booked_ahead(client, at) > MOST_UPCOMING:
            raise TooManyUpcoming(f"You have {MOST_UPCOMING} visits booked ahead. For another one please call us.")
        return appointment


def _booked_ahead(client: Client, at: datetime) -> int:
    return client.appointments.occupying(at).filter(starts_at__gt=at, booked_by=None).count()


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
) -> Appointment:
    """Hold a first visit for somebody who says they are new, until they confirm it by mail; return the held visit.

    Who turns out to be on file already gets no second record: the time is held for the first one. Whatever stands
    against that is one refusal, CallFirst, which does not say who is a client here. One newcomer at a time.
    """
    details = {"first_name": first_name, "last_name": last_name, "born_on": born_on, "phone": phone, "email": email}
    with promised():
        # Two forms of one person must not make two records: newcomers are taken in one after the other.
        Practice.objects.select_for_update(no_key=True).get()
        client = _on_file(**details)
        is_known = client is not None
        if client is None:
            note = COMPARE if _may_be_on_file(details) else ""
            client = create_client(by=None, at=at, key=uuid5(key, "client"), desk_note=note, **details)
        try:
            return book_online(
                client=client,
                therapist=therapist,
                service=service,
                starts_at=starts_at,
                at=at,
                key=key,
                held_until=at + HOLD,
            )
        except (CallFirst, TooManyUpcoming, ClientBusy) as refusal:
            raise (CallFirst(CALL_TO_BOOK) if is_known else refusal) from refusal


def _on_file(*, first_name, last_name, born_on, email, **_others) -> Client | None:
    """Return who this is if they are on file: the same e-mail, and the same name or the same first name and birthday.

    Twins share address and birthday, so a birthday alone is not enough. The mail goes to the address on file in any case.
    Raises CallFirst where the one on file wishes no mail.
    """
    same = [each for each in Client.objects.filter(email__iexact=email) if fold(each.first_name) == fold(first_name)]
    found = [each for each in same if each.born_on == born_on or fold(each.last_name) == fold(last_name)]
    if not found:
        return None
    likeliest = min(found, key=lambda each: (each.born_on != born_on, each.pk))
    if not likeliest.can_be_mailed:
        raise CallFirst(CALL_TO_BOOK)
    return likeliest


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
