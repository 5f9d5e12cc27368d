"""Overruling the pattern: what the therapist works with instead, and why. The triage cannot be overruled.

Nothing in the sources gives a ground for overruling a red flag in person: an emergency, an urgent review or a referral is
lifted by asking again or by a clinician's clearance. So an overruling changes neither the triage nor the gate.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from clients.models import Overruling, Screening
from clients.screenings import ScreeningChangedMeanwhile, current_screening, lock_client
from practice import audit
from practice.errors import Refused
from practice.models import User

UNNAMED = (Screening.Pattern.INSUFFICIENT_DATA, Screening.Pattern.NOT_APPLICABLE)
CHOICES = [(pattern.value, pattern.label) for pattern in Screening.Pattern if pattern not in UNNAMED]


class NothingToOverrule(Refused):
    """The screening names no pattern: it stops, or too little is known."""


class ReasonMissing(Refused):
    """An overruling says why."""


def may_be_overruled(screening: Screening) -> bool:
    """Say whether the screening names a pattern that a therapist may set another one against."""
    open_or_stopped = (Screening.Triage.EMERGENCY, Screening.Triage.URGENT_REFERRAL, Screening.Triage.INCOMPLETE)
    return screening.pattern not in UNNAMED and screening.triage not in open_or_stopped


def standing_overruling(screening: Screening) -> Overruling | None:
    """Return the overruling that holds for this version: the client's newest, while the same pattern is still named."""
    newest = screening.client.overrulings.filter(at__lte=_end_of(screening)).order_by("-at", "-pk")
    found = newest.select_related("by").first()
    return found if found and _holds(found, screening) else None


def overrulings_by_client(screenings: Iterable[Screening]) -> dict[int, Overruling]:
    """Return the overruling that holds for each of these current screenings, by client, in one query."""
    current = {screening.client_id: screening for screening in screenings}
    newest = {
        row.client_id: row
        for row in Overruling.objects.filter(client__in=current).order_by("at", "pk").select_related("by")
    }
    return {client_id: row for client_id, row in newest.items() if _holds(row, current[client_id])}


def _holds(found, screening):
    return found.overruled == screening.pattern != found.pattern and may_be_overruled(screening)


def _end_of(screening):
    """A superseded version shows what held until the next one came."""
    following = Screening.objects.filter(supersedes=screening).values_list("at", flat=True).first()
    return following or datetime.max.replace(tzinfo=screening.at.tzinfo)


@transaction.atomic
def overrule_pattern(screening: Screening, *, pattern: str, reason: str, by: User, at: datetime) -> Overruling:
    """File that `by` works with `pattern` instead of the one named, and return the row; the named one takes it back.

    Raises ScreeningChangedMeanwhile, NothingToOverrule, ReasonMissing. Effects: locks the client, audit.
    """
    lock_client(screening.client)
    if current_screening(screening.client) != screening:
        raise ScreeningChangedMeanwhile("There is a newer version of this screening. Read it first.")
    if not may_be_overruled(screening):
        raise NothingToOverrule("This screening names no pattern, so there is none to overrule.")
    if not reason.strip():
        raise ReasonMissing("Write why you work with another pattern.")
    row = Overruling.objects.create(
        client=screening.client,
        screening=screening,
        overruled=screening.pattern,
        pattern=Screening.Pattern(pattern),
        reason=reason.strip(),
        at=at,
        by=by,
    )
    audit.record(action="pattern.overruled", at=at, by=by, target=row, pattern=row.pattern, overruled=row.overruled)
    return row


def pattern_in_words(screening: Screening) -> str:
    """Return the pattern as named, and beside it what the therapist works with instead and why."""
    found = standing_overruling(screening)
    if found is None:
        return screening.get_pattern_display()
    return f"{screening.get_pattern_display()}; the therapist works with: {found.get_pattern_display()}, because {found.reason}"
