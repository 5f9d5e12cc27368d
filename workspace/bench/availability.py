"""Availability, as the pages and `free_slots` ask for it: one therapist's day, and five therapists' month."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from statistics import median

from booking.slots import first_free, free_slots
from practice import clock
from practice.models import Practice, Service, User
from workspace.bench.stages import Stage, standing_in
from workspace.bench.timing import count_queries, median_ms

DAY, MONTH, FIRST = "therapist_day", "five_therapists_30_days", "first_free"
SAME_WEEKDAY = timedelta(days=7)  # everybody works on today's weekday
TURNS = 3  # from stage to stage: what else the machine does then falls on all of them alike
FIRST_ONES = 6  # as many as the booking page shows when the day it was asked for is full


def measure(stages: list[Stage], *, rounds: int) -> dict:
    """Return medians by number of appointments, and the queries of each question where there are most."""
    turns: dict[str, dict[str, list[float]]] = {DAY: {}, MONTH: {}, FIRST: {}}
    queries = {}
    for _ in range(TURNS):
        for stage in stages:
            with standing_in(stage) as practice:
                acts = _questions(practice)
                queries = {name: count_queries(act) for name, act in acts.items()}
                for name, ms in median_ms(acts, rounds=rounds).items():
                    turns[name].setdefault(str(stage.appointments), []).append(ms)
    medians = {name: {number: median(ms) for number, ms in by_stage.items()} for name, by_stage in turns.items()}
    return {**{f"{name}_ms": by_stage for name, by_stage in medians.items()}, "queries": queries}


def _questions(practice: Practice) -> dict[str, Callable[[], object]]:
    everybody = list(User.objects.therapists().order_by("pk"))
    today = clock.today()
    asked = {"practice": practice, "service": Service.objects.get(slug="follow-up"), "now": clock.now()}
    month = {**asked, "first_day": today + timedelta(days=1), "days": 30, "therapists": everybody}
    return {
        DAY: partial(free_slots, **asked, first_day=today + SAME_WEEKDAY, days=1, therapists=everybody[:1]),
        MONTH: partial(free_slots, **month),
        FIRST: partial(first_free, FIRST_ONES, **month),
    }
