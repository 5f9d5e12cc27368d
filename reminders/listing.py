"""The visits of a mail about several, in words and each with its own link. What it tells of is remembered at hand-off."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from booking.models import Appointment
from reminders.due.visits import remember_told, visits_of_mail
from reminders.models import Message
from reminders.wording import active_phrases, called, in_words, time_in_words


@dataclass(frozen=True, slots=True)
class Listed:
    """One of several visits in a mail: when it is, in words, and the address that opens it, "" once it is cancelled."""

    visit: Appointment
    when: str
    link: str


def zone_of(moment: datetime, zone: ZoneInfo) -> str:
    """Return the zone's name at a moment: 'GMT'."""
    return time_in_words(moment, zone).partition(" (")[2].removesuffix(")")


def day_in_words(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return a moment as in a list whose zone is named once: 'Monday 23 November at 14:30'."""
    return in_words(moment, zone, now).replace(f" ({zone_of(moment, zone)})", "")


def _with_therapist(when: str, visit: Appointment) -> str:
    return active_phrases().with_therapist.format(when=when, therapist=called(visit.therapist))


def list_visits(
    message: Message, zone: ZoneInfo, now: datetime, *, link_to: Callable[..., str], is_preview: bool
) -> tuple[Listed, ...]:
    """Return what a mail about several visits lists; a preview shows the whole series once nothing is left to tell.

    The zone stands in each line only where it changes among them, and the therapist only where there are several.
    Unless it is a preview, each visit's link is minted and the visits are remembered as told.
    """
    visits = visits_of_mail(message, now)
    if is_preview and not visits:
        visits = list(message.series.appointments.select_related("therapist").order_by("starts_at", "pk"))
    if not visits:
        raise ValueError("no visit is left to tell of")  # changed since it was claimed; the outbox writes that down
    if not is_preview:
        remember_told(message, visits)
    has_one_zone = len({zone_of(visit.starts_at, zone) for visit in visits}) == 1
    has_one_therapist = len({visit.therapist_id for visit in visits}) == 1
    listed = []
    for visit in visits:
        when = (day_in_words if has_one_zone else in_words)(visit.starts_at, zone, now)
        when = when if has_one_therapist else _with_therapist(when, visit)
        listed.append(Listed(visit, when, "" if visit.is_cancelled else link_to(visit, now, is_preview)))
    return tuple(listed)
