"""Counting queries: a page must ask the database as often for much data as for little."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext


def queries_of(act: Callable[[], object]) -> list[str]:
    """Run `act` and return the SQL it sent, savepoints left out."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [
        query["sql"] for query in captured.captured_queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))
    ]


def assert_queries_do_not_grow(*, act: Callable[[], object], grow: Callable[[], object]) -> int:
    """Run `act`, let `grow` add rows, run `act` again, and fail if it now asks more often. Return the count.

    `act` runs once before it is counted, so that what is asked only the first time (content types, sessions) is warm.
    """
    act()
    before = queries_of(act)
    grow()
    after = queries_of(act)
    listing = "\n".join(sql[:300] for sql in after)
    assert len(after) <= len(before), f"{len(before)} queries became {len(after)}:\n{listing}"
    return len(after)
