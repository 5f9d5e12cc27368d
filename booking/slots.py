"""Free times from the database: one bounded set of queries, whatever the book holds, then pure arithmetic."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from booking.availability import Book, Hours, Need, day_span, starts
from booking.intervals import Interval, merge, overlaps_any, widen
from booking.models import LONGEST, Appointment
from practice.models import Closure, Practice, Room, Service, User, WorkingHours

# Visits reach into a day from this far outside it: the longest visit, and the two longest buffers between visits.
MARGIN = LONGEST + timedelta(hours=4)


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
    giving = service.therapists.therapists().order_by("first_name", "last_name", "pk").values_list("pk", flat=True)
    if therapists is not None:
        giving = giving.filter(pk__in=[therapist.pk for therapist in therapists])
    return list(giving)


def rooms_for(service: Service) -> tuple[int, ...] | None:
    """Return ids of the rooms in use that suit the service, in order of name; None when it needs no room."""
    if not service.needs_room:
        return None
    ticked = service.rooms.through.objects.filter(service=service, room=OuterRef("pk"))
    rooms = Room.objects.annotate(is_ticked=Exists(ticked)).order_by("name", "pk")
    rows = list(rooms.values_list("pk", "is_active", "is_ticked"))
    any_will_do = not any(is_ticked for _, _, is_ticked in rows)
    return tuple(pk for pk, is_active, is_ticked in rows if is_active and (is_ticked or any_will_do))


def need_of(service: Service) -> Need:
    """Return what a visit of `service` needs. One query when it needs a room."""
    return Need(
        duration=service.duration,
        before=timedelta(minutes=service.buffer_before_minutes),
        after=timedelta(minutes=service.buffer_after_minutes),
        rooms=rooms_for(service),
    )


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
    therapists, rooms = tuple(therapists), need.rooms or ()
    closed, room_closed = _closures(therapists, span)
    taken, room_taken = _taken(therapists, rooms, span, now, without)
    return Book(
        zone=ZoneInfo(practice.time_zone),
        step_minutes=practice.slot_minutes,
        hours=load_hours(therapists),
        closed=closed,
        taken=taken,
        room_closed=room_closed,
        room_taken=room_taken,
    )


def load_hours(therapists: Iterable[int]) -> dict[int, list[Hours]]:
    """Return the working hours of these therapists. One query."""
    hours = defaultdict(list)
    rows = WorkingHours.objects.filter(therapist__in=list(therapists)).values_list(
        "therapist_id", "weekday", "starts", "ends", "valid_from", "valid_to"
    )
    for therapist, *row in rows:
        hours[therapist].append(Hours(*row))
    return hours


def _closures(therapists, span: Interval) -> tuple[dict, dict]:
    """Return closed time by therapist and by room; what closes the practice closes every therapist."""
    by_therapist, by_room = defaultdict(list), defaultdict(list)
    rows = Closure.objects.filter(starts_at__lt=span.end, ends_at__gt=span.start).values_list(
        "therapist_id", "room_id", "starts_at", "ends_at"
    )
    for therapist, room, start, end in rows:
        if room is not None:
            by_room[room].append(Interval(start, end))
        else:
            for one in therapists if therapist is None else (therapist,):
                by_therapist[one].append(Interval(start, end))
    return _merged(by_therapist), _merged(by_room)


def _taken(therapists, rooms, span: Interval, now: datetime, without: Appointment | None) -> tuple[dict, dict]:
    """Return what the visits near `span` take, buffers included, by therapist and by room."""
    near = widen(span, before=MARGIN, after=MARGIN)
    rows = Appointment.objects.occupying(now).overlapping(near.start, near.end)
    rows = rows.filter(Q(therapist__in=therapists) | Q(room__in=rooms)).exclude(pk=without and without.pk)
    by_therapist, by_room = defaultdict(list), defaultdict(list)
    for therapist, room, start, end, before, after in rows.values_list(
        "therapist_id",
        "room_id",
        "starts_at",
        "ends_at",
        "service__buffer_before_minutes",
        "service__buffer_after_minutes",
    ):
        takes = widen(Interval(start, end), before=timedelta(minutes=before), after=timedelta(minutes=after))
        by_therapist[therapist].append(takes)
        if room is not None:
            by_room[room].append(takes)
    return _merged(by_therapist), _merged(by_room)


def _visits_of(client, span: Interval, now: datetime, without: Appointment | None) -> list[Interval]:
    visits = client.appointments.occupying(now).overlapping(span.start, span.end).exclude(pk=without and without.pk)
    return merge(Interval(*row) for row in visits.values_list("starts_at", "ends_at"))


def _merged(intervals: dict[int, list[Interval]]) -> dict[int, list[Interval]]:
    return {key: merge(value) for key, value in intervals.items()}


def nearest(slots: Iterable[Slot], moment: datetime, count: int = 6) -> list[Slot]:
    """Return the `count` slots whose starts lie nearest to `moment`, in order of time."""
    chosen = sorted(slots, key=lambda slot: (abs(slot.starts_at - moment), slot.starts_at))[:count]
    return sorted(chosen)
