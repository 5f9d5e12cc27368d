"""Making the demo practice: all of it or nothing, the same for the same seed and moment."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from practice.errors import Refused
from practice.models import Practice
from workspace.demo.bulk import AMOUNTS, Bulk
from workspace.demo.cases import PRESENT, TODAY_ENDINGS, Case
from workspace.demo.data import STORIES
from workspace.demo.house import House, arrange_cover, close_days, found_demo
from workspace.demo.past_mails import offer_what_came_free
from workspace.demo.telling import Telling
from workspace.demo.timetable import Timetable, place_of_the_hour

SIZES = ("small", *AMOUNTS)
OFFERED_AGO = timedelta(minutes=20)


class PracticeExists(Refused):
    """The demo never mixes with what is already there."""


@transaction.atomic
def make_demo(*, seed: int, size: str, now: datetime) -> House:
    """Make the demo practice of `size` (one of SIZES) around `now` and return it. Raises PracticeExists."""
    if (standing := Practice.objects.current()) is not None:
        raise PracticeExists(
            "the demo is already here; nothing was changed."
            if standing.is_demo
            else "a practice is already here. The demo needs an empty database of its own."
        )
    _lift_limits()
    place = place_of_the_hour(now)
    rng = random.Random(seed)  # noqa: S311 - a demo, not a secret
    timetable = Timetable(now=now, zone=ZoneInfo(place["zone"]), rng=rng)
    house = found_demo(place, timetable)
    telling = Telling(now)
    telling.plan(timetable.moment(-40, 9), lambda at: close_days(house, timetable, at=at))
    telling.plan(timetable.moment(-2, 9), lambda at: arrange_cover(house, timetable, at=at))
    phones = phone_numbers(place, rng)
    cases = [
        Case(story, phone=phone, house=house, timetable=timetable, telling=telling, seed=str(seed))
        for story, phone in zip(STORIES, phones, strict=False)
    ]
    for endings in (PRESENT, TODAY_ENDINGS.keys() - set(PRESENT)):
        for case in cases:
            case.take_times_of_today(endings)
    for case in cases:
        case.take_other_times()
    for case in cases:
        case.take_series_times()
    if size in AMOUNTS:
        Bulk(house=house, timetable=timetable, phones=phones, rng=rng, now=now).fill(AMOUNTS[size])
    for case in cases:
        case.plan_all()
    telling.plan(now - OFFERED_AGO, lambda at: offer_what_came_free(at, now=now))
    with timezone.override(timetable.zone):  # as inside a request, so that a day is the practice's day
        telling.tell()
    return house


def _lift_limits() -> None:
    """Let this one transaction take its time: the limits of a page are not meant for years of visits."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def phone_numbers(place: dict, rng: random.Random) -> list[str]:
    """Return the place's numbers kept for fiction, shuffled."""
    digits = place["digits"]
    numbers = [f"{place['client_phone']}{number:0{digits}}" for number in range(13, 10 ** min(digits, 3))]
    rng.shuffle(numbers)
    return numbers
