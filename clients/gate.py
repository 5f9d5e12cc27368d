"""The gate: whether a client may be booked and treated, in words the desk may read. No reasons leave this module."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils import timezone

from clients.models import Clearance, Client, Intake, Screening, Task
from clients.rescreen import asked_again_since, counts_from, is_asked_since
from clients.screening import emergency_now
from clients.screenings import STOPPING
from clients.todo import ALERTS
from practice import audit
from practice.errors import Refused
from practice.models import User
from practice.prepared import prepared

GO, STOP, INTAKE_MISSING = "go", "stop", "intake_missing"
STOP_WORDS = "Stop – therapist first"


class StopFirst(Refused):
    """A therapist has to speak with the client before anything is booked."""


class ScreeningNotClear(Refused):
    """Nobody is treated before the screening says so."""


class RescreenDue(ScreeningNotClear):
    """The safety questions of this visit are still to be asked."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What everybody may know: `state` is go, stop or intake_missing; `words` are for the desk.

    `is_bookable` is False only while an emergency or urgent answer or an alert stands. `overtakes_screening` says that
    the stop comes from what the client said after the screening, whose result does not hold meanwhile.
    """

    state: str
    words: str
    is_bookable: bool = True
    overtakes_screening: bool = False


OPEN_GATE = Gate(GO, "Go")
BARRED = Gate(STOP, STOP_WORDS, is_bookable=False)
OVERTAKEN = Gate(STOP, STOP_WORDS, is_bookable=False, overtakes_screening=True)
THERAPIST_DECIDES = Gate(STOP, STOP_WORDS)
MISSING = Gate(INTAKE_MISSING, "Intake missing")
UNFINISHED = Gate(INTAKE_MISSING, "Intake incomplete – therapist asks first")
BY_TRIAGE = {
    Screening.Triage.EMERGENCY: BARRED,
    Screening.Triage.URGENT_REFERRAL: BARRED,
    Screening.Triage.INCOMPLETE: UNFINISHED,
    Screening.Triage.ROUTINE_REFERRAL: THERAPIST_DECIDES,
    Screening.Triage.TREAT: OPEN_GATE,
}


def _about_clients(question):
    """Make a question about clients, by id; about one alone, as at every booking, it is prepared."""
    about_one = prepared(models.BigAutoField())(lambda client: question(client=client))
    return lambda ids: about_one(*ids) if len(ids) == 1 else list(question(client__in=ids))


@_about_clients
def _alerts(**of):
    alerts = Task.objects.filter(**of, kind__in=ALERTS).order_by("created_at", "pk")
    return alerts.values_list("client_id", "created_at", "done_at")


@_about_clients
def _answers_not_handed_in(**of):
    return Intake.objects.open().filter(**of).values_list("client_id", "answers")


@_about_clients
def _standing_triages(**of):
    standing = Screening.objects.filter(**of, superseded_by__isnull=True)
    return standing.order_by("at", "pk").values_list("client_id", "triage")


def gate_for(client: Client) -> Gate:
    """Return where the client stands."""
    return gates_for([client.pk])[client.pk]


def gates_for(client_ids: Iterable[int]) -> dict[int, Gate]:
    """Return the gate of each client; three queries, however many they are, and two more where there were alerts.

    An answer of an intake not yet handed in counts at once, and so does an alert: until it is settled, not until it is
    closed.
    """
    ids = list(client_ids)
    stopped = unsettled_alerts(ids) | stopped_by_open_intake(ids)
    triages = dict(_standing_triages(ids))
    return {pk: _gate(triages.get(pk), is_stopped=pk in stopped) for pk in ids}


def _gate(triage: str | None, *, is_stopped: bool) -> Gate:
    """Return what a screening's result and the client's newer words come to; a stop of the screening speaks for itself."""
    if is_stopped and triage not in STOPPING:
        return OVERTAKEN
    return BY_TRIAGE.get(triage, MISSING)


def stopped_by_open_intake(client_ids: Iterable[int]) -> set[int]:
    """Return which of these clients say yes or not sure to an emergency in an intake that is not handed in yet."""
    intakes = _answers_not_handed_in(list(client_ids))
    return {client_id for client_id, answers in intakes if answers and emergency_now(answers)}


def unsettled_alerts(client_ids: Iterable[int]) -> set[int]:
    """Return which of these clients stand under an alert.

    Closing it records what was advised and settles nothing. Settled is an alert when it is closed, and when a therapist
    has asked every safety question since it was raised, or a clinician has cleared the client since.
    """
    still_open, raised_at = set(), {}
    for client_id, created_at, done_at in _alerts(list(client_ids)):
        raised_at[client_id] = created_at
        if done_at is None:
            still_open.add(client_id)
    settled = asked_again_since(raised_at) | _cleared_since(raised_at) if raised_at else set()
    return still_open | (raised_at.keys() - settled)


def _cleared_since(raised_at: Mapping[int, datetime]) -> set[int]:
    """A letter written before the alert knows nothing of it, whenever it was filed."""
    clearances = Clearance.objects.filter(client__in=list(raised_at)).values_list("client_id", "given_on", "at")
    return {
        client_id
        for client_id, given_on, at in clearances
        if at > raised_at[client_id] and given_on >= timezone.localdate(raised_at[client_id])
    }


def stopped_clients(client_ids: Iterable[int]) -> set[int]:
    """Return which of these clients a therapist has to speak with first."""
    return {pk for pk, gate in gates_for(client_ids).items() if gate.state == STOP}


def may_be_booked(client: Client) -> None:
    """Return if the client may be booked for treatment; a missing or incomplete intake is no hindrance.

    Raises StopFirst while an emergency or urgent answer or an alert stands.
    """
    if not gate_for(client).is_bookable:
        raise StopFirst(f"{STOP_WORDS}. Please fetch the therapist before anything is booked or moved for this client.")


def may_be_treated(client: Client) -> Screening:
    """Return the screening that allows treatment. Raises ScreeningNotClear, with words for the therapist."""
    if Task.objects.open().filter(client=client, kind__in=ALERTS).exists():
        raise ScreeningNotClear("An alert about this client is open. Look at it and write down what was done first.")
    standing, gate = client.screenings.newest_first().first(), gate_for(client)
    if gate.overtakes_screening:
        raise ScreeningNotClear(
            "The client said something new after the last screening. Ask every safety question again."
        )
    if standing is None:
        raise ScreeningNotClear("There is no screening yet. Ask the safety questions first.")
    if not gate.is_bookable or standing.triage != Screening.Triage.TREAT:
        words = Screening.Triage(standing.triage).label.lower()
        raise ScreeningNotClear(
            f"The screening does not allow treatment (result: {words}). Open it to see what is needed."
        )
    return standing


def may_start_session(
    client: Client, *, visit_at: datetime, at: datetime, by: User, used_at: datetime | None = None
) -> Screening:
    """Return the screening under which the session of the visit at `visit_at` may start, and write that it may.

    Answers are of one visit: each item of the re-screen must have been asked since the day of the visit began, and since
    `used_at`, when an earlier session of that day began. An intake handed in on that day counts, an older one does not.
    Raises ScreeningNotClear, RescreenDue, with words for the therapist. Effects: an audit line for each pass.
    """
    standing = may_be_treated(client)
    since = counts_from(visit_at)
    if not is_asked_since(client, max(since, used_at) if used_at else since):
        raise RescreenDue("The safety questions were not asked for this visit yet. Ask them first; it takes a minute.")
    audit.record(action="gate.passed", at=at, by=by, target=standing)
    return standing
