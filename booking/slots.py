"""Free times from the database: one bounded set of queries, whatever the book holds, then pure arithmetic."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, OuterRef, Q

from booking.availability import Book, Hours, Need, day_span, starts
from booking.intervals import Interval, merge, overlaps_any, widen
from booking.models import LONGEST, Appointment
from practice.models import Closure, Practice, Room, Service, User, WorkingHours
from practice.prepared import prepared

MARGIN = timedelta(hours=4)  # between two visits lie at most the two longest buffers


class Slot(NamedTuple):
    """A visit that could be booked: [starts_at, ends_at) with a therapist, in a room (None when it needs none)."""

    starts_at: datetime
    ends_at: datetime
    therapist_id: int
    room_id: int | None


def free_slots(
    *,
    practice: Practice,
    service: Service,
    first_day: date,
    days: int,
    now: datetime,
    therapists: Iterable[User] | None = None,
    client=None,
    notice_minutes: int | None = None,
    without: Appointment | None = None,
    duration: timedelta | None = None,
) -> list[Slot]:
    """Return the free slots of `service` on `days` days from `first_day`, in order of time, then of therapist.

    Without `therapists` all who give the service are asked; of those given, the ones who give it. Starts keep the
    practice's notice (or `notice_minutes`, 0 for the desk) and its horizon. With `client`, times at which the client
    has another visit are left out; `without` is an appointment about to move, whose own time counts as free;
    `duration` is a length other than the service's.
    At most five queries, six with `client`.
    """
    return list(
        iter_free_slots(
            practice=practice,
            service=service,
            first_day=first_day,
            days=days,
            now=now,
            therapists=therapists,
            client=client,
            notice_minutes=notice_minutes,
            without=without,
            duration=duration,
        )
    )


def first_free(count: int, **asked) -> list[Slot]:
    """Return the first `count` slots; `asked` as for `free_slots`. Looks only as far as it must."""
    return list(islice(iter_free_slots(**asked), count))


def free_day_counts(**asked) -> dict[date, int]:
    """Return how many moments are free on each day that has one; `asked` as for `free_slots`.

    A month costs what a day does: at most five queries, six with `client`.
    """
    zone = ZoneInfo(asked["practice"].time_zone)
    moments = dict.fromkeys(slot.starts_at for slot in iter_free_slots(**asked))
    return dict(Counter(moment.astimezone(zone).date() for moment in moments))


def iter_free_slots(
    *,
    practice,
    service,
    first_day,
    days,
    now,
    therapists=None,
    client=None,
    notice_minutes=None,
    without=None,
    duration=None,
) -> Iterator[Slot]:
    """Yield what `free_slots` returns."""
    zone = ZoneInfo(practice.time_zone)
    last_day = now.astimezone(zone).date() + timedelta(days=practice.horizon_days)
    days = min(days, (last_day - first_day).days + 1)
    giving = _giving(service, therapists)
    if days <= 0 or not giving:
        return
    span = day_span(first_day, days, zone)
    need = need_of(service)
    need = replace(need, duration=duration or need.duration)
    book = load_book(practice, need, therapists=giving, span=span, now=now, without=without)
    own = _visits_of(client, span, now, without) if client else []
    notice = timedelta(minutes=practice.notice_minutes if notice_minutes is None else notice_minutes)
    for start in starts(first_day, days, need, book, therapists=giving, earliest=now + notice):
        if not overlaps_any(start.at, start.at + need.duration, own):
            yield Slot(start.at, start.at + need.duration, start.therapist, start.room)


def _giving(service: Service, therapists: Iterable[User] | None) -> list[int]:
    """Return the ids of those who give the service: asked of the database once, in the order of their names."""
    giving = [pk for (pk,) in _therapists_giving(service.pk)]
    if therapists is None:
        return giving
    asked = {therapist.pk for therapist in therapists}
    return [pk for pk in giving if pk in asked]


@prepared(models.BigAutoField())
def _therapists_giving(service):
    giving = User.objects.therapists().filter(services=service)
    return giving.order_by("first_name", "last_name", "pk").values_list("pk")


def rooms_for(service: Service) -> tuple[int, ...] | None:
    """Return ids of the rooms in use that suit the service, in order of name; None when it needs no room."""
    if not service.needs_room:
        return None
    rows = _rooms_by_name(service.pk)
    any_will_do = not any(is_ticked for _, _, is_ticked in rows)
    return tuple(pk for pk, is_active, is_ticked in rows if is_active and (is_ticked or any_will_do))


@prepared(models.BigAutoField())
def _rooms_by_name(service):
    ticked = Service.rooms.through.objects.filter(service=service, room=OuterRef("pk"))
    rooms = Room.objects.annotate(is_ticked=Exists(ticked)).order_by("name", "pk")
    return rooms.values_list("pk", "is_active", "is_ticked")


def need_of(service: Service) -> Need:
    """Return what a visit of `service` needs. One query when it needs a room."""
    return Need(
        duration=service.duration,
        before=timedelta(minutes=service.buffer_before_minutes),
        after=timedelta(minutes=service.buffer_after_minutes),
        rooms=rooms_for(service),
    )


# What is read of the book: working hours, closures, and what visits take with their buffers.
HOURS = ("therapist_id", "weekday", "starts", "ends", "valid_from", "valid_to")
CLOSED = ("therapist_id", "room_id", "starts_at", "ends_at")
TAKES = (*CLOSED, "service__buffer_before_minutes", "service__buffer_after_minutes")


def load_book(
    practice: Practice,
    need: Need,
    *,
    therapists: Iterable[int],
    span: Interval,
    now: datetime,
    without: Appointment | None = None,
) -> Book:
    """Return the book of `therapists` and of the rooms of `need` over `span`, as it stands `now`. Three queries."""
    therapists, near = tuple(therapists), widen(span, before=MARGIN, after=MARGIN)
    visits = Appointment.objects.occupying(now).overlapping(near.start, near.end)
    visits = visits.filter(Q(therapist__in=therapists) | Q(room__in=need.rooms or ()))
    visits = visits.exclude(pk=without and without.pk)
    return _book(practice, therapists, load_hours(therapists), _closures(*span), visits.values_list(*TAKES))


def load_book_at(
    practice: Practice, *, therapist: User, span: Interval, now: datetime, without: Appointment | None = None
) -> Book:
    """Return what a book tells about one visit of `therapist` at `span`, in whatever room. Three queries, prepared."""
    near = widen(span, before=MARGIN, after=MARGIN)
    visits = _visits_near(*near, near.start - LONGEST, now, without.pk if without else 0)
    return _book(practice, [therapist.pk], _by_therapist(_hours_of(therapist.pk)), _closures(*span), visits)


def load_hours(therapists: Iterable[int]) -> dict[int, list[Hours]]:
    """Return the working hours of these therapists. One query."""
    return _by_therapist(WorkingHours.objects.filter(therapist__in=list(therapists)).values_list(*HOURS))


def _by_therapist(rows) -> dict[int, list[Hours]]:
    hours = defaultdict(list)
    for therapist, *row in rows:
        hours[therapist].append(Hours(*row))
    return hours


@prepared(models.BigAutoField())
def _hours_of(therapist):
    return WorkingHours.objects.filter(therapist=therapist).values_list(*HOURS)


@prepared(models.DateTimeField(), models.DateTimeField())
def _closures(start, end):
    return Closure.objects.filter(starts_at__lt=end, ends_at__gt=start).values_list(*CLOSED)


@prepared(*[models.DateTimeField()] * 4, models.BigAutoField())
def _visits_near(start, end, since, now, without):
    visits = Appointment.objects.occupying(now).overlapping(start, end, since=since)
    return visits.exclude(pk=without).values_list(*TAKES)


def _book(practice: Practice, therapists, hours, closures, visits) -> Book:
    """Return the rows as a Book. What closes the practice closes every therapist."""
    closed, taken, room_closed, room_taken = (defaultdict(list) for _ in range(4))
    for therapist, room, start, end in closures:
        if room is not None:
            room_closed[room].append(Interval(start, end))
        else:
            for one in therapists if therapist is None else (therapist,):
                closed[one].append(Interval(start, end))
    for therapist, room, start, end, before, after in visits:
        takes = widen(Interval(start, end), before=timedelta(minutes=before), after=timedelta(minutes=after))
        taken[therapist].append(takes)
        if room is not None:
            room_taken[room].append(takes)
    return Book(
        zone=ZoneInfo(practice.time_zone),
        step_minutes=practice.slot_minutes,
        hours=hours,
        closed=_merged(closed),
        taken=_merged(taken),
        room_closed=_merged(room_closed),
        room_taken=_merged(room_taken),
    )


def _visits_of(client, span: Interval, now: datetime, without: Appointment | None) -> list[Interval]:
    visits = client.appointments.occupying(now).overlapping(span.start, span.end).exclude(pk=without and without.pk)
    return merge(Interval(*row) for row in visits.values_list("starts_at", "ends_at"))


def _merged(intervals: dict[int, list[Interval]]) -> dict[int, list[Interval]]:
    return {key: merge(value) for key, value in intervals.items()}


def nearest(slots: Iterable[Slot], moment: datetime, count: int = 6) -> list[Slot]:
    """Return the `count` slots whose starts lie nearest to `moment`, in order of time."""
    chosen = sorted(slots, key=lambda slot: (abs(slot.starts_at - moment), slot.starts_at))[:count]
    return sorted(chosen)
