"""How long something takes: medians of repetitions, in milliseconds."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

from django.db import connection
from django.test.utils import CaptureQueriesContext

# What opens, closes and undoes is no question to the database.
NO_QUERY = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def seconds_of(act: Callable[[], object]) -> float:
    """Do `act` once and return how long it took."""
    before = perf_counter()
    act()
    return perf_counter() - before


def median_ms(acts: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Return the median of each act by name. They take turns, so that a busy moment of the machine meets all of them."""
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            taken[name].append(seconds_of(act))
    return {name: round(1000 * median(seconds), 3) for name, seconds in taken.items()}


def count_queries(act: Callable[[], object]) -> int:
    """Do `act` and return how many queries it sent."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return sum(not query["sql"].startswith(NO_QUERY) for query in captured)
