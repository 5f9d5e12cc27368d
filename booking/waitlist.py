"""People who would come earlier: onto the list once, off it when they have a time or no longer wish one."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from booking.holds import give_back_hold
from booking.models import EVERY_DAY, WaitlistEntry, WaitlistOffer
from clients.models import Client
from practice import audit
from practice.models import AuditEvent, Service, User

STAYS = timedelta(days=60)


def suits(entry: WaitlistEntry, *, starts_at: datetime, ends_at: datetime, therapist_id: int, zone: ZoneInfo) -> bool:
    """Say whether a time is what the entry waits for: the therapist named or any, a day named, within the hours named.

    Days and hours are the practice's, by the clock on its wall. It must not begin before `earliest` and must be over
    by `latest`.
    """
    starts, ends = starts_at.astimezone(zone), ends_at.astimezone(zone)
    return (
        entry.therapist_id in (None, therapist_id)
        and has_weekday(entry.weekdays, starts.weekday())
        and (entry.earliest is None or starts.time() >= entry.earliest)
        and (entry.latest is None or (ends.date() == starts.date() and ends.time() <= entry.latest))
    )


def has_weekday(weekdays: int, weekday: int) -> bool:
    """Say whether a set of days, one bit each, holds that day; Monday is 0."""
    return bool(weekdays >> weekday & 1)


def weekday_bits(days: Iterable[int]) -> int:
    """Return these days as one number, one bit each; no day at all means any day."""
    return sum(1 << day for day in set(days)) or EVERY_DAY


@transaction.atomic
def add_to_waitlist(
    *,
    client: Client,
    service: Service,
    by: User,
    at: datetime,
    therapist: User | None = None,
    weekdays: int = EVERY_DAY,
    earliest: time | None = None,
    latest: time | None = None,
    wishes: str = "",
) -> WaitlistEntry:
    """Put `client` on the list for `service` and return the entry; who is on it already keeps the place.

    `weekdays`, `earliest` and `latest` are what `suits` asks of a time; `wishes` is the rest in the client's words.
    An entry leaves the list by itself after 60 days.
    """
    list(Client.objects.select_for_update(no_key=True).filter(pk=client.pk).values_list("pk"))
    entry = WaitlistEntry.objects.filter(client=client, service=service, closed_at__isnull=True).first()
    if entry is None:
        entry = WaitlistEntry(client=client, service=service, created_at=at, created_by=by)
    entry.therapist, entry.wishes, entry.expires_at = therapist, wishes, at + STAYS
    entry.weekdays, entry.earliest, entry.latest = weekdays, earliest, latest
    entry.save()
    audit.record(action="waitlist.added", at=at, by=by, target=entry)
    return entry


@transaction.atomic
def close_waitlist_entry(entry: WaitlistEntry, *, by: User | None, at: datetime) -> WaitlistEntry:
    """Take the entry off the list and return it; closing twice is closing once. Without `by` the client leaves it.

    A time held for it is given back, for the next one to have.
    """
    for offer in WaitlistOffer.objects.open().filter(entry=entry).select_related("appointment"):
        give_back_hold(offer.appointment, answer=WaitlistOffer.Answer.DECLINED, by=by, at=at)
    row = WaitlistEntry.objects.select_for_update(of=("self",), no_key=True).get(pk=entry.pk)
    if row.closed_at is None:
        row.closed_at = at
        row.save(update_fields=["closed_at"])
        actor = AuditEvent.Actor.STAFF if by else AuditEvent.Actor.CLIENT
        audit.record(action="waitlist.closed", at=at, by=by, actor=actor, target=row)
    return row
