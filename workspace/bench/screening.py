"""Screening cases per second: the pure engine on one core, whole intakes with whole examinations."""

from itertools import product
from statistics import median

from clients.screening import screen
from workspace.bench.timing import seconds_of
from workspace.demo.data import PROFILES, answers_of, examination

AGES = range(19, 85, 3)
SEXES = ("F", "M", "X")


def cases() -> list[dict]:
    """Return every profile of the demo at every age of AGES: all that is asked of a client and found at the table."""
    return [
        {
            **answers_of(profile, {"age": age, "sex": sex}),
            **(examination(profile) if "exam" in PROFILES[profile] else {}),
        }
        for profile, age, sex in product(PROFILES, AGES, SEXES)
    ]


def measure(*, rounds: int) -> float:
    """Return the median of cases per second over `rounds` rounds of all cases."""
    everybody = cases()
    seconds = [seconds_of(lambda: [screen(answers) for answers in everybody]) for _ in range(rounds)]
    return round(len(everybody) / median(seconds), 1)
