"""Where a visit can stand: taking the locks, and what speaks against a time, a room or a therapist."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, models

from booking.availability import Book, Need, free_room, working_time
from booking.holds import release_lapsed_holds
from booking.intervals import Interval, contains, overlaps_any
from booking.models import LONGEST, Appointment
from booking.refusals import ClientBusy, NotOffered, RoomTaken, SlotTaken, TimeIsPast
from booking.slots import load_book_at, need_of
from clients.models import Client
from practice.models import Practice, Room, Service, User
from practice.prepared import prepared

FURTHEST = timedelta(days=732)  # nobody promises time later than this


def lock(*, service: Service, room: Room | None, therapists: list[int], clients: list[int]) -> Need:
    """Lock therapists, then rooms, then clients, each in id order; return what the visit needs.

    All rooms that might be taken are locked, since which one is free is only known under the lock.
    """
    need = need_of(service)
    if room is not None:
        suits = need.rooms is not None and room.pk in need.rooms
        need = Need(need.duration, need.before, need.after, (room.pk,) if suits else ())
    _lock_rows((User, therapists), (Room, need.rooms or ()), (Client, clients))
    return need


def _lock_rows(*rows) -> None:
    """Lock the rows of each (model, ids), one model after the other, in one trip to the database."""
    if not connection.features.has_select_for_update:
        return  # SQLite took its one write lock when the transaction began
    order = "SELECT 1 FROM {} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
    with connection.cursor() as cursor:
        cursor.execute(
            "; ".join(order.format(model._meta.db_table) for model, _ in rows), [list(ids) for _, ids in rows]
        )


def refuse_unless_offered(*, service: Service, therapist: User, room: Room | None, need: Need) -> None:
    """Raise NotOffered unless the therapist gives the service and the room, if one is wished for, suits it."""
    if not service.is_active:
        raise NotOffered(f"{service.name} is no longer on offer.")
    if not _gives(service.pk, therapist.pk):
        raise NotOffered(f"{therapist.name} does not give {service.name}.")
    if room is not None and not need.rooms:
        raise NotOffered(f"{service.name} cannot be given in {room.name}.")


@prepared(models.BigAutoField(), models.BigAutoField())
def _gives(service, therapist):
    return User.objects.therapists().filter(services=service, pk=therapist).values_list("pk")


def find_place(
    *,
    need: Need,
    client: Client,
    therapist: User,
    starts_at: datetime,
    at: datetime,
    without: Appointment | None = None,
    prefer: int | None = None,
) -> tuple[int | None, dict[str, str]]:
    """Return the room to take (None when none is needed) and the rules that staff would overrule, as words by key.

    `without` is the appointment about to move, `prefer` the room it would like to keep. Held time in the way whose
    moment has gone is given back. Raises what nobody may overrule: TimeIsPast, ClientBusy, SlotTaken, RoomTaken.
    """
    practice = Practice.objects.current()
    zone = ZoneInfo(practice.time_zone)
    keeps_its_start = without is not None and without.starts_at == starts_at  # promised long ago
    warnings = {} if keeps_its_start else time_warnings(practice, starts_at, at, zone)
    visit = Interval(starts_at, starts_at + need.duration)
    release_lapsed_holds(at, overlapping=visit)
    refuse_if_busy(client, therapist, *visit, without)

    book = load_book_at(practice, therapist=therapist, span=visit, now=at, without=without)
    warnings |= hours_warnings(book, need, therapist, starts_at)
    if need.rooms is None:
        return None, warnings

    rooms = tuple(sorted(need.rooms, key=lambda room: room != prefer))
    need = Need(need.duration, need.before, need.after, rooms)
    room = free_room(starts_at, need, book)
    if room is None:
        room = _room_without_buffers(need, starts_at, without)
        warnings["room"] = "The room is closed then, or has no time to be turned over."
    return room, warnings


def time_warnings(practice: Practice, starts_at: datetime, at: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Return what the practice's notice and horizon say against a moment. Raises TimeIsPast."""
    if starts_at < at - timedelta(minutes=practice.slot_minutes):
        raise TimeIsPast("That time has passed. Please choose another.")
    if starts_at > at + FURTHEST:
        raise TimeIsPast("That is too far ahead. Please choose a date within the next two years.")
    if starts_at < at:
        return {"notice": "That time has already begun."}
    if starts_at < at + timedelta(minutes=practice.notice_minutes):
        return {"notice": f"That is less than {practice.notice_minutes} minutes from now."}
    last_day = at.astimezone(zone).date() + timedelta(days=practice.horizon_days)
    if starts_at.astimezone(zone).date() > last_day:
        return {"horizon": f"That is more than {practice.horizon_days} days ahead."}
    return {}


def hours_warnings(book: Book, need: Need, therapist: User, starts_at: datetime) -> dict[str, str]:
    """Return what working hours, closures and breaks say against a moment."""
    ends_at, day = starts_at + need.duration, starts_at.astimezone(book.zone).date()
    warnings = {}
    if not contains(working_time(book.hours.get(therapist.pk, ()), day, book.zone), starts_at, ends_at):
        warnings["hours"] = f"{therapist.name} does not work then."
    if overlaps_any(starts_at, ends_at, book.closed.get(therapist.pk, [])):
        warnings["closed"] = f"The practice is closed then, or {therapist.name} is away."
    if overlaps_any(starts_at - need.before, ends_at + need.after, book.taken.get(therapist.pk, [])):
        warnings["buffer"] = f"That leaves {therapist.name} no break between two visits."
    return warnings


def refuse_if_busy(
    client: Client, therapist: User, starts_at: datetime, ends_at: datetime, without: Appointment | None
) -> None:
    """Raise ClientBusy or SlotTaken if the client or the therapist has another live visit in [starts_at, ends_at)."""
    for therapist_id, client_id in _live_visits(starts_at, ends_at, starts_at - LONGEST, without.pk if without else 0):
        if client_id == client.pk:
            raise ClientBusy("The client already has a visit at that time.")
        if therapist_id == therapist.pk:
            raise SlotTaken("That time has just been taken. Please choose another.")


@prepared(*[models.DateTimeField()] * 3, models.BigAutoField())
def _live_visits(start, end, since, without):
    visits = Appointment.objects.live().overlapping(start, end, since=since)
    return visits.exclude(pk=without).values_list("therapist_id", "client_id")


def refuse_if_room_taken(appointment: Appointment) -> None:
    """Raise RoomTaken if another live visit stands in the appointment's room at its time."""
    visits = Appointment.objects.live().overlapping(appointment.starts_at, appointment.ends_at)
    if appointment.room_id and visits.exclude(pk=appointment.pk).filter(room=appointment.room_id).exists():
        raise RoomTaken("The room has been given to somebody else. Please book a new time.")


def _room_without_buffers(need: Need, starts_at: datetime, without: Appointment | None) -> int:
    visits = Appointment.objects.live().overlapping(starts_at, starts_at + need.duration)
    taken = set(visits.exclude(pk=without and without.pk).values_list("room_id", flat=True))
    for room in need.rooms or ():
        if room not in taken:
            return room
    raise RoomTaken("No suitable room is free at that time. Please choose another time.")
