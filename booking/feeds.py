"""Calendar feeds: the secret address under which a calendar program reads one therapist's visits."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from booking.models import Appointment, CalendarFeed
from practice import audit
from practice.errors import Refused
from practice.links import token_hash
from practice.models import User

LOOKS_BACK = timedelta(days=30)
MOST_FEEDS = 10


class TooManyFeeds(Refused):
    """So many addresses nobody keeps in mind."""


@transaction.atomic
def make_feed(*, label: str, has_names: bool, by: User, at: datetime) -> tuple[CalendarFeed, str]:
    """Give the therapist `by` a feed of their own visits; return it and its token, which is kept nowhere else.

    Raises TooManyFeeds.
    """
    list(User.objects.select_for_update(no_key=True).filter(pk=by.pk).values_list("pk"))
    if by.calendar_feeds.live().count() >= MOST_FEEDS:
        raise TooManyFeeds(f"You have {MOST_FEEDS} addresses already. Close one that is not used any more.")
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        therapist=by, token_hash=token_hash(token), label=label, has_names=has_names, created_at=at, created_by=by
    )
    audit.record(action="calendar_feed.made", at=at, by=by, target=feed, has_names=has_names)
    return feed, token


@transaction.atomic
def revoke_feed(feed: CalendarFeed, *, by: User, at: datetime) -> CalendarFeed:
    """Close the address for good and return the feed; closing twice is closing once."""
    row = CalendarFeed.objects.select_for_update(of=("self",), no_key=True).get(pk=feed.pk)
    if row.revoked_at is None:
        row.revoked_at = at
        row.save(update_fields=["revoked_at"])
        audit.record(action="calendar_feed.revoked", at=at, by=by, target=row)
    return row


def feed_opened_by(token: str) -> CalendarFeed | None:
    """Return the feed that `token` opens, or None: unknown, revoked, or its therapist works here no longer."""
    feeds = CalendarFeed.objects.live().filter(therapist__in=User.objects.therapists())
    return feeds.filter(token_hash=token_hash(token)).select_related("therapist").first()


def visits_of(feed: CalendarFeed, *, now: datetime):
    """Return the therapist's visits from 30 days ago on, in order of time."""
    visits = Appointment.objects.occupying(now).filter(therapist=feed.therapist_id, starts_at__gt=now - LOOKS_BACK)
    return visits.select_related("client", "room").order_by("starts_at", "pk")
