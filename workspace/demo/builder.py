"""Making the demo practice: all of it or nothing, the same for the same seed and moment."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from practice import audit
from practice.errors import Refused
from practice.models import Practice
from workspace.demo.bulk import AMOUNTS, Amount, Bulk
from workspace.demo.cases import PRESENT, TODAY_ENDINGS, Case
from workspace.demo.data import STORIES
from workspace.demo.house import House, arrange_cover, close_days, found_demo
from workspace.demo.online import visit_the_public_page
from workspace.demo.past_mails import offer_what_came_free, rules_were_kept
from workspace.demo.telling import Telling
from workspace.demo.timetable import Timetable, place_of_the_hour

SIZES = ("small", *AMOUNTS)
OFFERED_AGO = timedelta(minutes=20)


class PracticeExists(Refused):
    """The demo never mixes with what is already there."""


class Demo:
    """A demo practice in the making: `found` it, then `live` its stories; all that it draws comes from `seed`."""

    def __init__(self, *, seed: int, now: datetime):
        self.now, self.seed = now, seed
        self.place = place_of_the_hour(now)
        self.rng = random.Random(seed)  # noqa: S311 - a demo, not a secret
        self.timetable = Timetable(now=now, zone=ZoneInfo(self.place["zone"]), rng=self.rng)
        self.house: House | None = None
        self.phones: list[str] = []

    def found(self) -> House:
        """Create the practice before its first client. Raises PracticeExists."""
        if (standing := Practice.objects.current()) is not None:
            raise PracticeExists(
                "the demo is already here; nothing was changed."
                if standing.is_demo
                else "a practice is already here. The demo needs an empty database of its own."
            )
        self.house = found_demo(self.place, self.timetable)
        self.phones = phone_numbers(self.place, self.rng)
        return self.house

    def live(self, amount: Amount | None = None) -> None:
        """Tell the stories; with `amount`, after years of ordinary visits."""
        house, timetable, telling = self.house, self.timetable, Telling(self.now)
        telling.plan(timetable.moment(-40, 9), lambda at: close_days(house, timetable, at=at))
        telling.plan(timetable.moment(-2, 9), lambda at: arrange_cover(house, timetable, at=at))
        cases = [
            Case(story, phone=phone, house=house, timetable=timetable, telling=telling, seed=str(self.seed))
            for story, phone in zip(STORIES, self.phones, strict=False)
        ]
        for endings in (PRESENT, TODAY_ENDINGS.keys() - set(PRESENT)):
            for case in cases:
                case.take_times_of_today(endings)
        for case in cases:
            case.take_other_times()
        for case in cases:
            case.take_series_times()
        if amount:
            self.bulk().fill(amount)
        for case in cases:
            case.plan_all()
        telling.plan(self.now - OFFERED_AGO, lambda at: offer_what_came_free(at, now=self.now))
        with timezone.override(timetable.zone):  # as inside a request, so that a day is the practice's day
            telling.tell()
            visit_the_public_page(house, phone=self.phones[-1], now=self.now)
            rules_were_kept(self.now)

    def bulk(self) -> Bulk:
        """Return what writes ordinary visits into the times still free."""
        return Bulk(house=self.house, timetable=self.timetable, phones=self.phones, rng=self.rng, now=self.now)


@audit.told()
@transaction.atomic
def make_demo(*, seed: int, size: str, now: datetime) -> House:
    """Make the demo practice of `size` (one of SIZES) around `now` and return it. Raises PracticeExists."""
    lift_limits()
    demo = Demo(seed=seed, now=now)
    house = demo.found()
    demo.live(AMOUNTS.get(size))
    return house


def lift_limits() -> None:
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
