"""Visits as calendar files. Written by a library, with nothing a person typed but the practice's own details."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event, Timezone

from booking.models import Appointment, CalendarFeed
from practice.models import Practice
from practice.phones import own_number

LOOK_AGAIN = timedelta(minutes=15)


def calendar_file(appointment: Appointment, practice: Practice, *, now: datetime) -> bytes:
    """Return the visit as iCalendar for its client, in the practice's zone with its VTIMEZONE.

    The UID stays the same and SEQUENCE rises with the appointment's version, so that a calendar that has the visit
    moves it, and strikes it once it is cancelled. No name, no service, no word about health.
    """
    calendar = _calendar([_of_client(appointment, practice, now)])
    calendar.add("method", "CANCEL" if appointment.is_cancelled else "PUBLISH")
    return calendar.to_ical()


def calendar_of_several(visits: Iterable[Appointment], practice: Practice, *, now: datetime) -> bytes:
    """Return `visits` as one iCalendar for their client, each as in its own file.

    Published, cancelled ones too: RFC 5546 lets METHOD:CANCEL speak of one UID only, and STATUS says it as well.
    """
    calendar = _calendar(_of_client(visit, practice, now) for visit in visits)
    calendar.add("method", "PUBLISH")
    return calendar.to_ical()


def _of_client(visit: Appointment, practice: Practice, now: datetime) -> Event:
    event = _event(visit, practice, now)
    event.add("summary", f"Visit at {practice.name}")
    event.add("location", practice.address)
    event.add("description", f"To change it, please call {own_number(practice)}.")
    event.add("status", "CANCELLED" if visit.is_cancelled else "CONFIRMED")
    if practice.email:
        event.add("organizer", f"mailto:{practice.email}")
    return event


def feed_file(feed: CalendarFeed, visits: Iterable[Appointment], practice: Practice, *, now: datetime) -> bytes:
    """Return `visits` as iCalendar for their therapist's calendar program.

    Clients are named (first name and initial) only where the feed says so. The address in each entry opens the visit
    for whoever signs in.
    """
    calendar = _calendar(_of_therapist(visit, feed, practice, now) for visit in visits)
    calendar.add("method", "PUBLISH")
    calendar.add("name", f"{practice.name}: {feed.therapist.name}")
    calendar.add("x-wr-calname", f"{practice.name}: {feed.therapist.name}")
    calendar.add("refresh-interval", LOOK_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    return calendar.to_ical()


def _of_therapist(visit: Appointment, feed: CalendarFeed, practice: Practice, now: datetime) -> Event:
    event = _event(visit, practice, now)
    is_held = visit.status == Appointment.Status.HELD
    who = f"{visit.client.first_name} {visit.client.last_name[:1]}." if feed.has_names else "Visit"
    event.add("summary", f"{who} (held)" if is_held else who)
    event.add("status", "TENTATIVE" if is_held else "CONFIRMED")
    if visit.room:
        event.add("location", visit.room.name)
    event.add("url", settings.SITE_URL + reverse("booking:appointment_detail", args=[visit.pk]))
    return event


def _event(visit: Appointment, practice: Practice, now: datetime) -> Event:
    zone = ZoneInfo(practice.time_zone)
    event = Event()
    event.add("uid", f"appointment-{visit.pk}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("sequence", visit.version - 1)
    event.add("dtstamp", now)
    event.add("dtstart", visit.starts_at.astimezone(zone))
    event.add("dtend", visit.ends_at.astimezone(zone))
    return event


def _calendar(events: Iterable[Event]) -> Calendar:
    calendar, events = Calendar(), list(events)
    calendar.add("prodid", "-//Practice//Appointments//EN")
    calendar.add("version", "2.0")
    for event in events:
        calendar.add_component(event)
    years = [moment.year for event in events for moment in (event.start, event.end)]
    for name in calendar.get_missing_tzids():
        calendar.subcomponents.insert(0, _time_zone(name, min(years), max(years)))
    return calendar


@lru_cache(maxsize=32)
def _time_zone(name: str, first_year: int, last_year: int) -> Timezone:
    """Return the zone with every change of its clocks in these years, and the one before. Reckoning them takes long."""
    return Timezone.from_tzid(name, first_date=date(first_year - 1, 1, 1), last_date=date(last_year + 1, 1, 1))
