"""Screening cases per second: the pure engine on one core, whole intakes with whole examinations."""

from itertools import product
from statistics import median

from clients.screening import screen
from workspace.bench.timing import seconds_of
from workspace.demo.data import PROFILES, answers_of, examination

AGES = range(19, 85, 3)
SEXES = ("F", "M", "X")
# What one person in five answers beside their pain, in turn, so that every kind of result is among the cases.
EVERY = 5
ALARMS = ({"saddle_numbness": True}, {"cancer_history": True, "weight_loss": True}, {"fever": "not_sure"})


def cases() -> list[dict]:
    """Return every profile of the demo at many ages: all that is asked of a client, and all that is found at the table."""
    return [
        {**answers_of(profile, {"age": age, "sex": sex, **_alarm(number)}), **examination(profile)}
        for number, (profile, age, sex) in enumerate(product(PROFILES, AGES, SEXES))
    ]


def _alarm(number: int) -> dict:
    turn, rest = divmod(number, EVERY)
    return {} if rest else ALARMS[turn % len(ALARMS)]


def measure(*, rounds: int) -> float:
    """Return the median of cases per second over `rounds` rounds of all cases."""
    everybody = cases()
    seconds = [seconds_of(lambda: [screen(answers) for answers in everybody]) for _ in range(rounds)]
    return round(len(everybody) / median(seconds), 1)
