"""The re-screen before every visit: what is asked each time, and whether it was asked since the visit's day began."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta

from django.utils import timezone

from clients.models import Client, Screening
from clients.screening import ITEMS, emergency_keys
from clients.screenings import Seen, clarify_screening
from practice.models import User
from practice.zones import at_wall_time

# Asked at every visit beside the emergency items, which hold both legs and what is getting worse.
NEW_SINCE_LAST_TIME = ("weakness_reported", "numb_tingling_leg", "spreading_down")
EARLY = timedelta(hours=2)
EVERY_VISIT = tuple(key for key in ITEMS if key in {*emergency_keys(), *NEW_SINCE_LAST_TIME})


def known_keys(screening: Screening) -> list[str]:
    """Return the items of the re-screen that stand as yes or not sure: "all no" means of them that nothing is new."""
    return [key for key in EVERY_VISIT if screening.answers.get(key) not in (None, False)]


def record_all_no(screening: Screening, *, by: User, at: datetime, seen: Seen | None = None) -> Screening:
    """Store that `by` asked every item of the re-screen and nothing is new, and return the new version.

    Each item gets its explicit no; what stood as yes stays as it was, and counts as asked. The triage decides what
    then holds. `seen` and ScreeningChangedMeanwhile as in `clarify_screening`.
    """
    known = known_keys(screening)
    said = {key: False for key in EVERY_VISIT if key not in known}
    return clarify_screening(screening, changes=said, asked=EVERY_VISIT, by=by, at=at, seen=seen)


def is_asked_since(client: Client, since: datetime) -> bool:
    """Say whether every item of the re-screen was asked since that moment, by whoever: a therapist or an intake."""
    return client.pk in asked_since([client.pk], since)


def asked_since(client_ids: Iterable[int], since: datetime) -> set[int]:
    """Return which of these clients were asked every item of the re-screen since that moment, in one query."""
    return set(last_asked(client_ids, since))


def last_asked(client_ids: Iterable[int], since: datetime) -> dict[int, datetime]:
    """Return since when everything was asked, of those who were asked every item since that moment, in one query."""
    newest: dict[int, dict[str, datetime]] = {}
    versions = Screening.objects.filter(client__in=list(client_ids), at__gte=since).order_by("at", "pk")
    for client_id, at, keys in versions.values_list("client_id", "at", "asked"):
        newest.setdefault(client_id, {}).update(dict.fromkeys(keys, at))
    return {
        client_id: min(asked[key] for key in EVERY_VISIT)
        for client_id, asked in newest.items()
        if asked.keys() >= set(EVERY_VISIT)
    }


def asked_again_since(moments: Mapping[int, datetime]) -> set[int]:
    """Return whom (client id → moment) a therapist has asked every item of the re-screen after that moment, in one query.

    What clients fill in alone does not count: an alert about their own words is settled by speaking with them. Nor does
    an intake that a therapist hands in: whose answers it holds, nobody can tell.
    """
    asked: dict[int, set[str]] = {}
    versions = Screening.objects.filter(client__in=list(moments), by__isnull=False, at__gt=min(moments.values()))
    rows = versions.values_list("client_id", "at", "asked", "intake_id", "supersedes__intake_id")
    for client_id, at, keys, intake, intake_before in rows:
        is_handed_in = intake is not None and intake != intake_before
        if at > moments[client_id] and not is_handed_in:
            asked.setdefault(client_id, set()).update(keys)
    return {client_id for client_id, keys in asked.items() if keys.issuperset(EVERY_VISIT)}


def counts_from(visit_at: datetime) -> datetime:
    """Return from when on answers are those of the visit at `visit_at`: since its calendar day began.

    A visit soon after midnight takes what was asked in the two hours before it.
    """
    return min(start_of_day(visit_at), visit_at - EARLY)


def start_of_day(moment: datetime) -> datetime:
    """Return when the calendar day of `moment` began in the practice's zone."""
    return at_wall_time(timezone.localdate(moment), time(0), timezone.get_current_timezone())
