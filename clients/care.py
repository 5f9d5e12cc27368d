"""Taking a client of nobody into care: an alert calls every therapist, the chart opens to the one who takes it on.

Such an alert names the client to every therapist and says "look now", nothing else. Opening the chart is an act with a
name: one press by whoever is there, on file and in the audit. So nobody waits for the owner, and nobody reads unseen.
"""

from datetime import datetime

from django.db import transaction

from clients.models import TakenOn, Task, in_care
from clients.screenings import lock_client
from practice import audit
from practice.errors import Refused
from practice.models import User


class InCareAlready(Refused):
    """Another therapist has the client in care."""


class NoAlertOpen(Refused):
    """Nothing calls for anybody any more."""


def alerts_for_everybody():
    """Return the open alerts about clients who are in no working therapist's care, the oldest first."""
    therapists = User.objects.filter(is_active=True, is_therapist=True).values("pk")
    alerts = Task.objects.open().filter(~in_care("client_id", therapists), for_role="therapist")
    return alerts.select_related("client").order_by("due_at", "pk")


@transaction.atomic
def take_on(task: Task, *, by: User, at: datetime) -> TakenOn:
    """Take the client of an open alert into `by`'s care and return the row; the chart is theirs from here on.

    Raises NoAlertOpen, InCareAlready if somebody was faster. Effects: locks the client, audit.
    """
    lock_client(task.client)
    if not Task.objects.open().filter(pk=task.pk).exists():
        raise NoAlertOpen("Somebody has looked at this alert and closed it.")
    if not alerts_for_everybody().filter(pk=task.pk).exists():
        raise InCareAlready("A colleague has just taken this client on and looks at the alert.")
    row = TakenOn.objects.create(client=task.client, therapist=by, task=task, at=at)
    audit.record(action="client.taken_on", at=at, by=by, target=row, task=task.pk)
    return row
