"""Recording what went wrong: what happened, where, how bad it was, what was done, who was told; and correcting it."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from clients.models import Client, Task
from clients.screenings import lock_client
from clients.todo import raise_task
from practice import audit
from practice.errors import Refused
from practice.models import User
from protocols.models import Technique
from protocols.plans import is_in_care
from sessions.charting import NotInYourCare
from sessions.models import AdverseEvent, TreatmentSession
from sessions.words import lowered

CAUTION_LENGTH = 240  # of the description, on a chart; the whole of it is one tap away
SHOWN_AS_CAUTIONS = 5


class OtherClientsSession(Refused):
    """The session named belongs to somebody else."""


class CorrectedAlready(Refused):
    """A later entry has corrected this one."""


@transaction.atomic
def report_adverse_event(
    *,
    client: Client,
    happened_on: date,
    severity: str,
    description: str,
    action_taken: str,
    by: User,
    at: datetime,
    session: TreatmentSession | None = None,
    spot: str = "",
    site: str = "",
    used_technique: Technique | None = None,
    technique: str = "",
    reported_to: str = "",
) -> AdverseEvent:
    """Write the event down for good and return it. `severity` is mild, moderate or severe; `spot` such as `left:piriformis`.

    Where it was stands in `spot`, in `site`, or in both. Raises NotInYourCare, OtherClientsSession.
    Effects: audit; a severe one becomes a task for the owner.
    """
    event = AdverseEvent(
        client=client,
        session=session,
        happened_on=happened_on,
        used_technique=used_technique,
        technique=technique,
        spot=spot,
        site=site,
        severity=AdverseEvent.Severity(severity),
        description=description,
        action_taken=action_taken,
        reported_to=reported_to,
        at=at,
        by=by,
    )
    _write(event)
    audit.record(action="adverse_event.reported", at=at, by=by, target=event, severity=str(severity))
    if event.severity == AdverseEvent.Severity.SEVERE:
        _tell_the_owner(event)
    return event


@transaction.atomic
def correct_adverse_event(
    event: AdverseEvent, *, reason: str, by: User, at: datetime, is_in_error: bool = False, **told
) -> AdverseEvent:
    """Add an entry that tells the event as it should have been told, and return it; the earlier one stays readable.

    `told` are the names of report_adverse_event but the client; a name left out stays as it was. `is_in_error` says that
    the event never was this client's. Raises NotInYourCare, OtherClientsSession, CorrectedAlready.
    Effects: locks the client, audit; what is now severe and was not becomes a task for the owner.
    """
    lock_client(event.client)
    if AdverseEvent.objects.filter(corrects=event).exists():
        raise CorrectedAlready("Somebody has corrected this entry meanwhile. Open the newest one and look again.")
    kept = {name: getattr(event, name) for name in TOLD}
    correction = AdverseEvent(
        **{**kept, **told}, client=event.client, corrects=event, reason=reason, is_in_error=is_in_error, at=at, by=by
    )
    _write(correction)
    audit.record(action="adverse_event.corrected", at=at, by=by, target=correction, corrects=event.pk)
    if AdverseEvent.Severity.SEVERE == correction.severity != event.severity and not is_in_error:
        _tell_the_owner(correction)
    return correction


TOLD = (
    "session",
    "happened_on",
    "used_technique",
    "technique",
    "spot",
    "site",
    "severity",
    "description",
    "action_taken",
    "reported_to",
)


def _write(event: AdverseEvent) -> None:
    if not is_in_care(event.client, event.by):
        raise NotInYourCare("This client is in another therapist's care.")
    if event.session is not None and event.session.client_id != event.client_id:
        raise OtherClientsSession("That session is not this client's.")
    event.save(force_insert=True)


def _tell_the_owner(event: AdverseEvent) -> None:
    raise_task(
        kind=Task.Kind.ADVERSE_EVENT,
        client=event.client,
        subject=f"adverse-event:{event.pk}",
        for_role="owner",
        at=event.at,
    )


def entries_of(event: AdverseEvent) -> list[AdverseEvent]:
    """Return every entry about the same event, the first one first. One query."""
    rows = AdverseEvent.objects.filter(client=event.client_id).select_related(
        "by", "used_technique", "session__appointment"
    )
    by_pk = {row.pk: row for row in rows}
    later = {row.corrects_id: row for row in by_pk.values() if row.corrects_id}
    first = by_pk[event.pk]
    while first.corrects_id:
        first = by_pk[first.corrects_id]
    entries = [first]
    while entries[-1].pk in later:
        entries.append(later[entries[-1].pk])
    return entries


def tasks_of(entries: Iterable[AdverseEvent]):
    """Return the owner's tasks about these entries, open or done."""
    subjects = [f"adverse-event:{entry.pk}" for entry in entries]
    return Task.objects.filter(kind=Task.Kind.ADVERSE_EVENT, subject__in=subjects).order_by("created_at", "pk")


def adverse_cautions(client: Client) -> list[dict]:
    """Return what went wrong before, newest first, as cautions of a chart (tone, title, words, url). One query."""
    events = client.adverse_events.standing().newest_first().select_related("used_technique")
    found = list(events[: SHOWN_AS_CAUTIONS + 1])
    cautions = [_caution(event) for event in found[:SHOWN_AS_CAUTIONS]]
    if len(found) > SHOWN_AS_CAUTIONS:
        cautions[-1]["words"] += " There are earlier events as well: open this client's list."
    return cautions


def _caution(event: AdverseEvent) -> dict:
    after = f" after {lowered(event.technique_words)}" if event.technique_words else ""
    told = event.description.strip()
    if len(told) > CAUTION_LENGTH:
        told = f"{told[:CAUTION_LENGTH].rstrip()} … (goes on in the entry)"
    return {
        "tone": "stop" if event.severity == AdverseEvent.Severity.SEVERE else "warn",
        "title": f"Adverse event {event.happened_on:%-d %b %Y}{after}, {event.place}: {event.severity}",
        "words": told,
        "url": event.get_absolute_url(),
    }
