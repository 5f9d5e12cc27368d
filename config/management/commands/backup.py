"""A copy of the running practice's SQLite database that can be trusted."""

import sqlite3
from contextlib import closing
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

POSTGRESQL = "This practice keeps its data in PostgreSQL: back it up with pg_dump (see the README)."


class Command(BaseCommand):
    """`backup FILE`: copy the database while it runs, then check the copy."""

    help = "Copy the SQLite database to FILE while the practice runs, and check the copy."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)

    def handle(self, *, file, **options):
        if connection.vendor != "sqlite":
            raise CommandError(POSTGRESQL)
        if file.exists():
            raise CommandError(f"{file} is there already. Name a new file; backups are never written over.")
        connection.ensure_connection()
        try:
            file.touch(mode=0o600)  # health data: the copy is its owner's alone
            with closing(sqlite3.connect(file)) as copy:
                connection.connection.backup(copy)
                problems = copy.execute("PRAGMA integrity_check").fetchone()[0]
        except (OSError, sqlite3.Error) as error:
            file.unlink(missing_ok=True)
            raise CommandError(f"{file} could not be written: {error}.") from error
        if problems != "ok":
            file.unlink()
            raise CommandError(f"The copy is not sound: {problems}. Nothing was kept.")
        self.stdout.write(f"Copied to {file}, {file.stat().st_size:,} bytes, checked. Keep CHAIN_KEY apart from it.")
