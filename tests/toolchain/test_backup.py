"""The backup of a running SQLite practice."""

import sqlite3
from contextlib import closing

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from practice.constraints import installed_triggers
from tests.world import make_client


@pytest.mark.django_db(transaction=True)
def test_backup_copies_rows_and_guards(tmp_path, capsys):
    make_client("Ada", "Müller")
    if connection.vendor != "sqlite":
        with pytest.raises(CommandError, match="pg_dump"):
            call_command("backup", str(tmp_path / "copy.sqlite3"))
        return

    call_command("backup", str(tmp_path / "copy.sqlite3"))

    with closing(sqlite3.connect(tmp_path / "copy.sqlite3")) as copy:
        assert copy.execute("SELECT last_name FROM clients_client").fetchall() == [("Müller",)]
        triggers = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    assert triggers == set(installed_triggers(connection)) != set()
    assert (tmp_path / "copy.sqlite3").stat().st_mode & 0o077 == 0


@pytest.mark.django_db(transaction=True)
def test_backup_never_writes_over_another(tmp_path):
    (tmp_path / "copy").write_text("earlier")

    with pytest.raises(CommandError):
        call_command("backup", str(tmp_path / "copy"))

    assert (tmp_path / "copy").read_text() == "earlier"


@pytest.mark.django_db(transaction=True)
def test_backup_says_when_it_cannot_be_written(tmp_path):
    with pytest.raises(CommandError):
        call_command("backup", str(tmp_path / "nowhere" / "copy"))
