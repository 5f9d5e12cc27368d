"""Lets the tests empty guarded tables: the owner of a database may set its triggers aside, the application may not."""

import pytest
from django.db.backends.base.operations import BaseDatabaseOperations

TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT DISTINCT tgrelid::regclass::text, NULL FROM pg_trigger WHERE NOT tgisinternal",
}


def guards_off_and_on(connection):
    """Return the statements that set every trigger of the database aside, and those that bring them back."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS[connection.vendor])
        rows = cursor.fetchall()
    if connection.vendor == "sqlite":
        return [f'DROP TRIGGER "{name}"' for name, _ in rows], [sql for _, sql in rows]
    tables = [table for table, _ in rows]
    return (
        [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables],
        [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables],
    )


@pytest.fixture(scope="session", autouse=True)
def flush_past_the_guards():
    """Begin and end every flush, in its one transaction, with the triggers. The value is Django's own flush."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def guarded_flush(operations, sql_list):
        off, on = guards_off_and_on(operations.connection)
        return flush(operations, [*off, *sql_list, *on])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", guarded_flush)
        yield flush
