"""Words for what the settings and the audit show."""

from datetime import datetime, time, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format

register = template.Library()
DAY, DAY_OF_YEAR = "D j M", "D j M Y"


@register.filter
def until(starts_at: datetime, ends_at: datetime) -> str:
    """Return the span [starts_at, ends_at) in the active zone: whole days as days, anything else with its times."""
    first, last = timezone.localtime(starts_at), timezone.localtime(ends_at)
    if first.time() == last.time() == time(0):
        last_day = last.date() - timedelta(days=1)
        if first.date() == last_day:
            return date_format(last_day, DAY_OF_YEAR)
        return f"{date_format(first, DAY)} to {date_format(last_day, DAY_OF_YEAR)}"
    if first.date() == last.date():
        return f"{date_format(first, DAY_OF_YEAR)}, {first:%H:%M} to {last:%H:%M}"
    return f"{date_format(first, DAY)}, {first:%H:%M} to {date_format(last, DAY_OF_YEAR)}, {last:%H:%M}"


@register.filter
def deed(action: str) -> str:
    """Return an audit action such as `appointment.no_show` in words: "Appointment no show"."""
    words = action.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
