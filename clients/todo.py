"""What a person has to do about a client: raised once per cause, done once, with what came of it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from clients.models import Client, Task
from practice import audit
from practice.errors import Refused
from practice.models import User

ALERTS = (Task.Kind.SCREENING_ALERT, Task.Kind.CHECK_IN_ALERT)
OUTCOME_LENGTH = Task._meta.get_field("outcome").max_length


class TaskAlreadyDone(Refused):
    """Somebody has done it meanwhile."""


class OutcomeMissing(Refused):
    """An alert is closed only with what was advised or done."""


def raise_task(*, kind: str, client: Client, subject: str, for_role: str, at: datetime) -> Task:
    """Make sure the task stands and return it; one cause (`kind` and `subject`) makes one task, open or done.

    `subject` names a row ("intake:12"), never a health word. Effects: an audit line when the task is new.
    An alert counts from the newest screening on, if its own moment is earlier: a sheet saved while the client's answer
    waited for the lock did not know of it and does not settle it.
    """
    raised_at = max(at, _last_screened(client) or at) if kind in ALERTS else at
    task, is_new = Task.objects.get_or_create(
        kind=kind,
        subject=subject,
        defaults={"client": client, "for_role": for_role, "due_at": at, "created_at": raised_at},
    )
    if is_new:
        audit.record(action="task.raised", at=at, actor="system", target=task, kind=kind)
    return task


def _last_screened(client: Client) -> datetime | None:
    return client.screenings.aggregate(last=Max("at"))["last"]


def raise_alert(*, client: Client, subject: str, at: datetime) -> Task:
    """Call a therapist to the client's answers now, unless an alert about them is open; return the open one.

    A new alert about the same `subject` after one was closed gets its own row, and so does one that comes after a
    therapist has asked again: what was asked before it does not settle it. Call it under the client's lock.
    """
    alerts = Task.objects.filter(kind=Task.Kind.SCREENING_ALERT, client=client)
    standing = alerts.open().order_by("created_at", "pk").last()
    if standing and not client.screenings.filter(by__isnull=False, at__gt=standing.created_at).exists():
        return standing
    number = alerts.filter(subject__startswith=f"{subject}:").count() + 1
    return raise_task(
        kind=Task.Kind.SCREENING_ALERT,
        client=client,
        subject=f"{subject}:{number}",
        for_role="therapist",
        at=at,
    )


def newest_alert(client: Client) -> Task | None:
    """Return the client's latest alert, open or closed, or None."""
    return client.tasks.filter(kind__in=ALERTS).order_by("created_at", "pk").last()


@transaction.atomic
def finish_task(task: Task, *, by: User, at: datetime, outcome: str = "") -> Task:
    """Mark the task done with what came of it, and return it.

    For alerts `outcome` is the record of an emergency's handling: what was advised, to whom. It opens no gate.
    Raises OutcomeMissing for a clinical one without words, TaskAlreadyDone if somebody was faster.
    """
    standing = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
    if standing.done_at is not None:
        raise TaskAlreadyDone("Somebody has done this already. Reload the page to see what came of it.")
    if standing.for_role != "front_desk" and not outcome.strip():
        raise OutcomeMissing("Write what was advised or done, and to whom.")
    standing.done_at, standing.done_by, standing.outcome = at, by, outcome.strip()[:OUTCOME_LENGTH]
    standing.save(update_fields=["done_at", "done_by", "outcome"])
    audit.record(action="task.done", at=at, by=by, target=standing, kind=standing.kind)
    return standing


def settle_tasks(*, kind: str, subject: str, at: datetime, outcome: str) -> None:
    """Close the open task of that cause without a person: what it asked for has happened by itself."""
    for task in Task.objects.open().filter(kind=kind, subject=subject):
        task.done_at, task.outcome = at, outcome
        task.save(update_fields=["done_at", "outcome"])
        audit.record(action="task.settled", at=at, actor="system", target=task, kind=kind)
