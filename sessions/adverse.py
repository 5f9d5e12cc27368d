"""Recording what went wrong: what happened, where, how bad it was, what was done, who was told."""

from datetime import date, datetime

from django.db import transaction

from clients.models import Client
from practice import audit
from practice.errors import Refused
from practice.models import User
from protocols.plans import is_in_care
from sessions.charting import NotInYourCare
from sessions.models import AdverseEvent, TreatmentSession


class OtherClientsSession(Refused):
    """The session named belongs to somebody else."""


@transaction.atomic
def report_adverse_event(
    *,
    client: Client,
    happened_on: date,
    site: str,
    severity: str,
    description: str,
    action_taken: str,
    by: User,
    at: datetime,
    session: TreatmentSession | None = None,
    technique: str = "",
    reported_to: str = "",
) -> AdverseEvent:
    """Write the event down for good and return it. `severity` is mild, moderate or severe.

    Raises NotInYourCare, OtherClientsSession. Effects: audit.
    """
    if not is_in_care(client, by):
        raise NotInYourCare("This client is in another therapist's care.")
    if session is not None and session.client_id != client.pk:
        raise OtherClientsSession("That session is not this client's.")
    event = AdverseEvent.objects.create(
        client=client,
        session=session,
        happened_on=happened_on,
        technique=technique,
        site=site,
        severity=AdverseEvent.Severity(severity),
        description=description,
        action_taken=action_taken,
        reported_to=reported_to,
        at=at,
        by=by,
    )
    audit.record(action="adverse_event.reported", at=at, by=by, target=event, severity=str(severity))
    return event
