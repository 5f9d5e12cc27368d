"""Time zones and wall-clock arithmetic: what the practice's zone rules."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError


@cache
def zone_names() -> tuple[str, ...]:
    """Return the zones a practice can stand in, sorted; region/city names and UTC only."""
    regions = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Arctic/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return (*sorted(name for name in available_timezones() if name.startswith(regions)), "UTC")


def validate_zone(name: str) -> None:
    """Raise ValidationError unless `name` is a known time zone."""
    if name not in zone_names():
        raise ValidationError("Choose a time zone from the list, for example Europe/London.")


def at_wall_time(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Return the UTC moment when clocks in `zone` show `wall` on `day`.

    A time the clocks skip gives the first moment after the gap; one they show twice gives the first of the two.
    """
    local = datetime.combine(day, wall, tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # In the gap: fold=0 applies the offset before the change, so the change lies at most the gap's length before.
    offset_before, offset_after = local.utcoffset(), local.replace(fold=1).utcoffset()
    before, after = moment - (offset_after - offset_before), moment
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset_before:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def wall_days_later(moment: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the UTC moment `days` calendar days after `moment` at the same wall-clock time in `zone`."""
    local = moment.astimezone(zone)
    return at_wall_time(local.date() + timedelta(days=days), local.time().replace(fold=0), zone)
