"""People who would come earlier: onto the list once, off it when they have a time or no longer wish one."""

from datetime import datetime, timedelta

from django.db import transaction

from booking.models import WaitlistEntry
from clients.models import Client
from practice import audit
from practice.models import Service, User

STAYS = timedelta(days=60)


@transaction.atomic
def add_to_waitlist(
    *, client: Client, service: Service, by: User, at: datetime, therapist: User | None = None, wishes: str = ""
) -> WaitlistEntry:
    """Put `client` on the list for `service` and return the entry; who is on it already keeps the place.

    `wishes` are days and times in the client's words. An entry leaves the list by itself after 60 days.
    """
    list(Client.objects.select_for_update(no_key=True).filter(pk=client.pk).values_list("pk"))
    entry = WaitlistEntry.objects.filter(client=client, service=service, closed_at__isnull=True).first()
    if entry is None:
        entry = WaitlistEntry(client=client, service=service, created_at=at, created_by=by)
    entry.therapist, entry.wishes, entry.expires_at = therapist, wishes, at + STAYS
    entry.save()
    audit.record(action="waitlist.added", at=at, by=by, target=entry)
    return entry


@transaction.atomic
def close_waitlist_entry(entry: WaitlistEntry, *, by: User, at: datetime) -> WaitlistEntry:
    """Take the entry off the list and return it; closing twice is closing once."""
    row = WaitlistEntry.objects.select_for_update(of=("self",), no_key=True).get(pk=entry.pk)
    if row.closed_at is None:
        row.closed_at = at
        row.save(update_fields=["closed_at"])
        audit.record(action="waitlist.closed", at=at, by=by, target=row)
    return row
