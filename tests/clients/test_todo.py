"""Tasks: one per cause, done once, alerts only with what was advised."""

import pytest

from clients.models import Task
from clients.todo import OutcomeMissing, TaskAlreadyDone, finish_task, raise_alert, raise_task
from practice.models import AuditEvent
from tests.world import NOW


def call(client):
    return raise_task(kind="call_client", client=client, subject="check_in:1", for_role="front_desk", at=NOW)


def test_raise_task_makes_one_task_per_cause(ada):
    assert call(ada) == call(ada)
    assert AuditEvent.objects.filter(action="task.raised").count() == 1


def test_finish_task_is_done_once(ada, dana):
    task = finish_task(call(ada), by=dana, at=NOW, outcome="Rings back tomorrow.")

    assert (task.done_by, task.outcome) == (dana, "Rings back tomorrow.")
    with pytest.raises(TaskAlreadyDone):
        finish_task(task, by=dana, at=NOW)


def test_finish_task_wants_words_for_an_alert(ada, mia):
    alert = raise_alert(client=ada, subject="intake:1", at=NOW)

    with pytest.raises(OutcomeMissing):
        finish_task(alert, by=mia, at=NOW, outcome="  ")

    assert Task.objects.open().get() == alert


def test_raise_alert_waits_for_the_open_one_and_comes_back_after_it_was_closed(ada, mia):
    first = raise_alert(client=ada, subject="intake:1", at=NOW)
    assert raise_alert(client=ada, subject="intake:1", at=NOW) == first
    finish_task(first, by=mia, at=NOW, outcome="Advised to go to the emergency department.")

    second = raise_alert(client=ada, subject="intake:1", at=NOW)

    assert second.pk != first.pk
    assert second.done_at is None
