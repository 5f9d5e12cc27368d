"""An empty practice of four people, where it is day whenever the walk starts: visits of today can be booked, mails leave."""

from datetime import time
from zoneinfo import ZoneInfo

from practice import clock
from practice.models import Practice, Room, Service, User, WorkingHours
from protocols.library import load_knowledge

PASSWORD = "a long enough password"
ZONES = (
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "Pacific/Auckland",
    "Asia/Tokyo",
    "Asia/Kolkata",
)


def where_it_is_day() -> str:
    """Return a zone in which it is between eight and four now."""
    now = clock.machine_now()
    return next(zone for zone in ZONES if 8 <= now.astimezone(ZoneInfo(zone)).hour < 16)


def staff(username, first, last, role, **fields):
    user = User(
        username=username,
        first_name=first,
        last_name=last,
        email=f"{username}@elmstreet.example",
        **{f"is_{role}": True},
        **fields,
    )
    user.set_password(PASSWORD)
    user.save()
    return user


def seed():
    Practice.objects.create(
        pk=1,
        name="Elm Street Massage",
        time_zone=where_it_is_day(),
        address="12 Elm Street, London N1",
        phone="+442079460000",
        emergency_number="999",
        urgent_advice="Call NHS 111 or your doctor.",
        is_demo=True,
    )
    mia = staff("mia", "Mia", "Berg", "therapist", credential="LMT 4711")
    staff("dana", "Dana", "Ortiz", "front_desk")
    staff("olga", "Olga", "Stein", "owner")
    for weekday in range(7):
        WorkingHours.objects.create(therapist=mia, weekday=weekday, starts=time(0), ends=time(23, 59))
    Room.objects.create(name="Green room")
    service = Service.objects.create(name="First visit", slug="first-visit", duration_minutes=75, is_first_visit=True)
    service.therapists.set([mia])
    load_knowledge()
