"""An empty practice of four people, open round the clock so that the walk can start at any hour."""

from datetime import time

from practice.models import Practice, Room, Service, User, WorkingHours
from protocols.library import load_knowledge

PASSWORD = "a long enough password"


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
        time_zone="Europe/London",
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
