"""What stands at a moment before anybody books it: free, against a rule, or taken. Only looks; booking has the last word."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from booking.availability import Book, Need, day_span, free_room, starts_on
from booking.intervals import Interval, merge, overlaps_any
from booking.models import Appointment
from booking.placing import hours_warnings, time_warnings
from booking.refusals import TimeIsPast
from booking.slots import load_book, need_of
from clients.models import Client
from practice.models import Practice, Service, User

NO_ROOM = "The room is closed then, or has no time to be turned over."


@dataclass(frozen=True)
class Prospect:
    """One moment. `refusal` is what nobody may overrule, `warnings` what staff may, as words by rule.

    `nearest` is the free time of that day nearest to it, where the moment itself is not free.
    """

    starts_at: datetime
    ends_at: datetime
    refusal: str = ""
    warnings: dict[str, str] = field(default_factory=dict)
    nearest: datetime | None = None

    @property
    def is_free(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.refusal and not self.warnings


@dataclass(frozen=True)
class _Known:
    """What is known about the days looked at."""

    practice: Practice
    client: Client
    therapist: User
    need: Need
    book: Book
    of_client: list[Interval]
    of_therapist: list[Interval]
    of_rooms: dict[int, list[Interval]]
    now: datetime


def look_at(
    moments: Sequence[datetime],
    *,
    practice: Practice,
    service: Service,
    therapist: User,
    client: Client,
    now: datetime,
    without: Appointment | None = None,
) -> list[Prospect]:
    """Return how it stands with `service` for `client` with `therapist` at each of `moments`, in their order.

    Says what `book_appointment` would say, and writes nothing. The same five queries for one moment and for twelve.
    `without` is a visit whose own time counts as free.
    """
    if not moments:
        return []
    zone, need = ZoneInfo(practice.time_zone), need_of(service)
    days = [moment.astimezone(zone).date() for moment in moments]
    span = day_span(min(days), (max(days) - min(days)).days + 2, zone)
    book = load_book(practice, need, therapists=[therapist.pk], span=span, now=now, without=without)
    known = _Known(practice, client, therapist, need, book, *_taken(client, therapist, need, span, now, without), now)
    return [_prospect(moment, known) for moment in moments]


def _taken(client: Client, therapist: User, need: Need, span: Interval, now: datetime, without: Appointment | None):
    """Return when the client, the therapist and each room have visits, without their breaks."""
    rooms = need.rooms or ()
    visits = Appointment.objects.occupying(now).overlapping(span.start, span.end).exclude(pk=without and without.pk)
    visits = visits.filter(Q(client=client) | Q(therapist=therapist) | Q(room__in=rooms))
    rows = list(visits.values_list("client_id", "therapist_id", "room_id", "starts_at", "ends_at"))
    return (
        merge(Interval(start, end) for owner, _, _, start, end in rows if owner == client.pk),
        merge(Interval(start, end) for _, owner, _, start, end in rows if owner == therapist.pk),
        {pk: merge(Interval(start, end) for _, _, room, start, end in rows if room == pk) for pk in rooms},
    )


def _prospect(moment: datetime, known: _Known) -> Prospect:
    ends_at = moment + known.need.duration
    refusal, warnings = _against(moment, ends_at, known)
    nearest = _nearest(moment, known) if refusal or warnings else None
    return Prospect(moment, ends_at, refusal, warnings, nearest)


def _against(moment: datetime, ends_at: datetime, known: _Known) -> tuple[str, dict[str, str]]:
    try:
        warnings = time_warnings(known.practice, moment, known.now, known.book.zone)
    except TimeIsPast as refusal:
        return str(refusal), {}
    if overlaps_any(moment, ends_at, known.of_client):
        return "The client already has a visit at that time.", {}
    if overlaps_any(moment, ends_at, known.of_therapist):
        return f"{known.therapist.name} has another visit then.", {}
    warnings |= hours_warnings(known.book, known.need, known.therapist, moment)
    if known.need.rooms is not None and free_room(moment, known.need, known.book) is None:
        if all(overlaps_any(moment, ends_at, taken) for taken in known.of_rooms.values()):
            return "No suitable room is free then.", {}
        warnings["room"] = NO_ROOM
    return "", warnings


def _nearest(moment: datetime, known: _Known) -> datetime | None:
    """Return the free start of that day with the same therapist that lies nearest."""
    day = moment.astimezone(known.book.zone).date()
    earliest = known.now + timedelta(minutes=known.practice.notice_minutes)
    starts = starts_on(day, known.need, known.book, therapists=[known.therapist.pk], earliest=earliest)
    free = (one.at for one in starts if not overlaps_any(one.at, one.at + known.need.duration, known.of_client))
    return min(free, key=lambda start: (abs(start - moment), start), default=None)
