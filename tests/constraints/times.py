"""One morning, in words."""

from datetime import UTC, datetime, timedelta

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
TEN, ELEVEN, TWELVE = (NINE + timedelta(hours=hours) for hours in (1, 2, 3))


def minutes(number):
    return timedelta(minutes=number)
