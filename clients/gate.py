"""The gate: whether a client may be booked and treated, in words the desk may read. No reasons leave this module."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from clients.models import Client, Intake, Screening, Task
from clients.rescreen import is_asked_since, start_of_day
from clients.screening import emergency_now
from practice import audit
from practice.errors import Refused
from practice.models import User

GO, STOP, INTAKE_MISSING = "go", "stop", "intake_missing"
STOP_WORDS = "Stop – therapist first"
ALERTS = (Task.Kind.SCREENING_ALERT, Task.Kind.CHECK_IN_ALERT)


class StopFirst(Refused):
    """A therapist has to speak with the client before anything is booked."""


class ScreeningNotClear(Refused):
    """Nobody is treated before the screening says so."""


class RescreenDue(ScreeningNotClear):
    """The safety questions of this visit are still to be asked."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What everybody may know: `state` is go, stop or intake_missing; `words` are for the desk.

    `is_bookable` is False only while an emergency or urgent answer stands, or an alert nobody has looked at.
    """

    state: str
    words: str
    is_bookable: bool = True


OPEN_GATE = Gate(GO, "Go")
BARRED = Gate(STOP, STOP_WORDS, is_bookable=False)
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


def gate_for(client: Client) -> Gate:
    """Return where the client stands."""
    return gates_for([client.pk])[client.pk]


def gates_for(client_ids: Iterable[int]) -> dict[int, Gate]:
    """Return the gate of each client; three queries, however many they are.

    An answer of an intake not yet handed in counts at once, and so does an alert that nobody has closed.
    """
    ids = list(client_ids)
    barred = set(Task.objects.open().filter(client__in=ids, kind__in=ALERTS).values_list("client_id", flat=True))
    for client_id, answers in Intake.objects.open().filter(client__in=ids).values_list("client_id", "answers"):
        if answers and emergency_now(answers):
            barred.add(client_id)
    standing = Screening.objects.filter(client__in=ids, superseded_by__isnull=True)
    triages = dict(standing.order_by("at", "pk").values_list("client_id", "triage"))
    return {pk: BARRED if pk in barred else BY_TRIAGE.get(triages.get(pk), MISSING) for pk in ids}


def may_be_booked(client: Client) -> None:
    """Return if the client may be booked for treatment; a missing or incomplete intake is no hindrance.

    Raises StopFirst while an emergency or urgent answer or an unread alert stands.
    """
    if not gate_for(client).is_bookable:
        raise StopFirst(f"{STOP_WORDS}. Please fetch the therapist before anything is booked for this client.")


def may_be_treated(client: Client) -> Screening:
    """Return the screening that allows treatment. Raises ScreeningNotClear, with words for the therapist."""
    if Task.objects.open().filter(client=client, kind__in=ALERTS).exists():
        raise ScreeningNotClear("An alert about this client is open. Look at it and write down what was done first.")
    standing = client.screenings.newest_first().first()
    if standing is None:
        raise ScreeningNotClear("There is no screening yet. Ask the safety questions first.")
    if not gate_for(client).is_bookable or standing.triage != Screening.Triage.TREAT:
        words = Screening.Triage(standing.triage).label.lower()
        raise ScreeningNotClear(
            f"The screening does not allow treatment (result: {words}). Open it to see what is needed."
        )
    return standing


def may_start_session(client: Client, *, visit_at: datetime, at: datetime, by: User) -> Screening:
    """Return the screening under which the session of the visit at `visit_at` may start, and write that it may.

    Answers are of one day: each item of the re-screen must have been asked since the day of the visit began (or today,
    where the chart is opened the evening before). An intake handed in on that day counts, an older one does not.
    Raises ScreeningNotClear, RescreenDue, with words for the therapist. Effects: an audit line for each pass.
    """
    standing = may_be_treated(client)
    if not is_asked_since(client, start_of_day(min(visit_at, at))):
        raise RescreenDue("The safety questions were not asked for this visit yet. Ask them first; it takes a minute.")
    audit.record(action="gate.passed", at=at, by=by, target=standing)
    return standing
