"""The tests may empty guarded tables; nobody else may."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.db.backends.base.operations import BaseDatabaseOperations

from practice.constraints import declared_triggers, installed_triggers
from tests.constraints.app.models import LogEntry, Paper
from tests.constraints.times import NINE

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_flush_empties_guarded_tables_and_leaves_the_guards_standing(signed):
    LogEntry.objects.create(text="Opened")

    call_command("flush", interactive=False, verbosity=0)

    assert not Paper.objects.exists()
    assert not LogEntry.objects.exists()
    assert installed_triggers(connection) == declared_triggers(connection)
    entry = LogEntry.objects.create(text="Opened again")
    with pytest.raises(IntegrityError):
        entry.delete()


@pytest.mark.parametrize("round_number", [1, 2])
def test_the_flush_between_transactional_tests_leaves_nothing_behind(round_number):
    assert not LogEntry.objects.exists()

    LogEntry.objects.create(text="Opened")
    Paper.objects.create(text="A contract", signed_at=NINE)


def test_without_the_tests_help_a_flush_is_refused(flush_past_the_guards, monkeypatch):
    LogEntry.objects.create(text="Opened")

    with monkeypatch.context() as patch, pytest.raises(CommandError):
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush_past_the_guards)
        call_command("flush", interactive=False, verbosity=0)

    assert LogEntry.objects.exists()


def test_a_live_server_s_rows_go_too(live_server):
    assert live_server.url.startswith("http")
    assert not LogEntry.objects.exists()

    LogEntry.objects.create(text="Opened")
