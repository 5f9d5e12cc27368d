"""The one world of named people that tests stand in: a small practice on Monday 23 November 2026, 08:00 in London."""

from datetime import UTC, date, datetime, time, timedelta

from clients.folding import fold
from clients.models import Client
from practice.models import Practice, Room, Service, User, WorkingHours

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday; London is on UTC in winter
TODAY = date(2026, 11, 23)
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PASSWORD = "a long enough password"


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def make_practice(**fields) -> Practice:
    return Practice.objects.create(
        pk=1,
        **{
            "name": "Elm Street Massage",
            "time_zone": "Europe/London",
            "address": "12 Elm Street, London N1",
            "phone": "+442079460000",
            "emergency_number": "999",
            "urgent_advice": "Call NHS 111 or your doctor.",
            **fields,
        },
    )


def make_staff(username: str, first: str, last: str, *roles: str, **fields) -> User:
    user = User(
        username=username,
        first_name=first,
        last_name=last,
        email=f"{username}@elmstreet.example",
        **{f"is_{role}": True for role in roles},
        **fields,
    )
    user.set_password(PASSWORD)
    user.save()
    return user


def make_hours(therapist: User) -> None:
    """Monday to Friday, 09:00 to 17:00."""
    for weekday in range(5):
        WorkingHours.objects.create(therapist=therapist, weekday=weekday, starts=time(9), ends=time(17))


def make_service(name: str, slug: str, duration: int, *therapists: User, **fields) -> Service:
    service = Service.objects.create(name=name, slug=slug, duration_minutes=duration, **fields)
    service.therapists.set(therapists)
    return service


def make_room(name: str) -> Room:
    return Room.objects.create(name=name)


def make_client(first: str, last: str, **fields) -> Client:
    client = Client(
        first_name=first,
        last_name=last,
        **{
            "born_on": date(1980, 5, 17),
            "phone": "+447911123456",
            "email": f"{fold(first)}.{fold(last)}@mail.example",
            "created_at": NOW,
            **fields,
        },
    )
    client.search = client.fold_search()
    client.save()
    return client
