"""What happened on the public page of the demo a few minutes ago: somebody new holds a time, a client asked for a link to book."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from booking.online import ask_for_booking_link, hold_for_newcomer
from booking.slots import first_free
from practice.models import User
from workspace.demo.house import House

NEWCOMER = {"first_name": "Hana", "last_name": "Sato", "born_on": date(1992, 4, 18), "email": "hana.sato@mail.example"}
RETURNING = "peter.novak@mail.example"


def visit_the_public_page(house: House, *, phone: str, now: datetime) -> None:
    """Hold a first visit for somebody new, and let a client ask for a link."""
    at = now - timedelta(minutes=4)
    ask_for_booking_link(email=RETURNING, at=at)
    service = house.services["first-visit"]
    tomorrow = timezone.localdate(at) + timedelta(days=1)
    free = first_free(1, practice=house.practice, service=service, first_day=tomorrow, days=30, now=at)
    for slot in free:
        therapist = User.objects.get(pk=slot.therapist_id)
        place = {"service": service, "therapist": therapist, "starts_at": slot.starts_at}
        hold_for_newcomer(**NEWCOMER, **place, phone=phone, at=at, key=UUID(int=house.practice.pk))
