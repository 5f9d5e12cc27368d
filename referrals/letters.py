"""Letters in: who sent whom, and why. What became of it is derived, never stored."""

from datetime import date, datetime

from django.db import transaction

from clients.models import Client
from practice import audit
from practice.errors import Refused
from practice.models import User
from referrals.models import Referral, ReferralLink, Referrer, ReportLink

FIRST_YEAR = 2000


class LetterFromTheFuture(Refused):
    """Nothing can have been received tomorrow."""


@transaction.atomic
def enter_referrer(*, by: User, at: datetime, **fields) -> Referrer:
    """Put a referrer into the address book and return the row. `fields` are those of Referrer."""
    referrer = Referrer.objects.create(**fields)
    audit.record(action="referrer.entered", at=at, by=by, target=referrer)
    return referrer


@transaction.atomic
def change_referrer(referrer: Referrer, *, by: User, at: datetime, **fields) -> Referrer:
    """Change an entry of the address book and return it. `fields` are those of Referrer.

    With another e-mail address every link that went to the old one opens no more. Effects: audit line.
    """
    standing = Referrer.objects.select_for_update(no_key=True).get(pk=referrer.pk)
    changed = sorted(name for name, value in fields.items() if getattr(standing, name) != value)
    for name in changed:
        setattr(standing, name, fields[name])
    if changed:
        standing.save(update_fields=changed)
        audit.record(action="referrer.changed", at=at, by=by, target=standing, fields=changed)
    if "email" in changed:
        ReferralLink.objects.filter(referral__referrer=standing).revoke(at=at)
        ReportLink.objects.filter(report__referral__referrer=standing).revoke(at=at)
    return standing


@transaction.atomic
def take_in_referral(
    *,
    referrer: Referrer,
    client: Client,
    received_on: date,
    question: str,
    by: User,
    at: datetime,
    today: date,
    precautions: str = "",
    visits_allowed: int | None = None,
) -> Referral:
    """Enter one letter and return the referral.

    `visits_allowed` is a count of visits, None when the letter names none. Raises LetterFromTheFuture.
    """
    if received_on > today:
        raise LetterFromTheFuture("The letter cannot have come in later than today.")
    referral = Referral.objects.create(
        referrer=referrer,
        client=client,
        received_on=received_on,
        question=question,
        precautions=precautions,
        visits_allowed=visits_allowed,
        created_at=at,
        created_by=by,
    )
    audit.record(action="referral.received", at=at, by=by, target=referral, referrer=referrer.pk)
    return referral


STATUSES = ("received", "booked", "seen", "report_ready")


def status_of(referral: Referral) -> str:
    """Return how far a referral has come: received, booked, seen or report_ready.

    Reads `visits_booked`, `visits_signed` and `reports_sent`, which `Referral.objects.with_progress()` counts.
    """
    if referral.reports_sent:
        return "report_ready"
    if referral.visits_signed:
        return "seen"
    return "booked" if referral.visits_booked else "received"
