"""One visit as a calendar file. Written by a library, with nothing a person typed but the practice's own details."""

from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Calendar, Event

from booking.models import Appointment
from practice.models import Practice


def calendar_file(appointment: Appointment, practice: Practice, *, now: datetime) -> bytes:
    """Return the visit as iCalendar, in the practice's zone with its VTIMEZONE.

    The UID stays the same and SEQUENCE rises with the appointment's version, so that a calendar that has the visit
    moves it. No name, no service, no word about health.
    """
    zone = ZoneInfo(practice.time_zone)
    event = Event()
    event.add("uid", f"appointment-{appointment.pk}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("sequence", appointment.version - 1)
    event.add("dtstamp", now)
    event.add("dtstart", appointment.starts_at.astimezone(zone))
    event.add("dtend", appointment.ends_at.astimezone(zone))
    event.add("summary", f"Visit at {practice.name}")
    event.add("location", practice.address)
    event.add("description", f"To change it, please call {practice.phone}.")
    event.add("status", "CANCELLED" if appointment.is_cancelled else "CONFIRMED")

    calendar = Calendar()
    calendar.add("prodid", "-//Practice//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if appointment.is_cancelled else "PUBLISH")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return calendar.to_ical()
