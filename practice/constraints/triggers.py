"""What the constraints share: their place in migrations, conditions as SQL, and triggers on both engines."""

from django.apps import apps
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, IntegrityError, NotSupportedError, connections
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constraints import BaseConstraint
from django.db.models.sql import Query
from django.db.models.sql.datastructures import BaseTable

LONGEST_NAME = 63 - len("_truncate")  # PostgreSQL cuts identifiers at 63 bytes; a trigger's name ends in its event
REMADE = "new__"  # what Django calls a table while it remakes it on SQLite


class GuardConstraint(BaseConstraint):
    """A constraint made of triggers, wholly or on one engine; a subclass says which in `statements()`.

    Django creates constraints inside CREATE TABLE, and on SQLite creates that table anew for most changes of a column,
    losing its triggers. Both ways pass `constraint_sql()`, so the triggers join the editor's deferred statements
    there: those run once the table stands under its own name.
    """

    options: tuple[str, ...] = ()  # the attributes that belong in a migration

    def events(self, vendor):
        """Return the events, in lower case, for which this constraint has a trigger on that engine."""
        raise NotImplementedError

    def statements(self, model, schema_editor):
        """Return the statements that create this constraint: several on SQLite, one on PostgreSQL."""
        raise NotImplementedError

    def failed(self):
        """Return the words of the database's error; they end in the constraint's name."""
        return f"{type(self).__name__} constraint failed: {self.name}"

    def trigger_names(self, vendor):
        return {f"{self.name}_{event}" for event in self.events(vendor)}

    def constraint_sql(self, model, schema_editor):
        set_aside_triggers_on(model, schema_editor)
        schema_editor.deferred_sql.extend(self.statements(model, schema_editor))

    def create_sql(self, model, schema_editor):
        first, *others = self.statements(model, schema_editor)
        schema_editor.deferred_sql.extend(others)
        return first

    def check(self, model, connection):
        if len(self.name) <= LONGEST_NAME:
            return []
        return [checks.Error(f"{self.name} is longer than {LONGEST_NAME} characters.", obj=model, id="practice.E001")]

    def _check(self, model, connection):  # Django 5.2 calls it so, 6 without the underscore
        return self.check(model, connection)

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        path = f"practice.constraints.{type(self).__name__}"
        if self.violation_error_code == type(self).violation_error_code:
            kwargs.pop("violation_error_code", None)
        return path, args, kwargs | {option: getattr(self, option) for option in self.options}

    def __eq__(self, other):
        if isinstance(other, GuardConstraint):
            return self.deconstruct() == other.deconstruct()
        return NotImplemented

    def __repr__(self):
        options = "".join(f" {option}={getattr(self, option)!r}" for option in self.options)
        return f"<{type(self).__name__}: name={self.name!r}{options}>"


class Elsewhere(Table):
    """Another table in a deferred statement: follows its renames, but is not dropped along with that table's remake."""

    def references_table(self, table):
        return False


def set_aside_triggers_on(model, schema_editor):
    """Drop, until the remade table of `model` stands, the triggers of other tables that read it.

    SQLite refuses to rename a table while any trigger names one that is missing, and during a remake the old table is
    gone before the new one takes its name.
    """
    table = model._meta.db_table
    if schema_editor.connection.vendor != "sqlite" or not table.startswith(REMADE):
        return
    table = table.removeprefix(REMADE)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name <> %s AND instr(sql, %s)",
            [table, schema_editor.quote_name(table)],
        )
        readers = cursor.fetchall()
    for name, sql in readers:
        schema_editor.execute(f"DROP TRIGGER {schema_editor.quote_name(name)}")
        schema_editor.deferred_sql.append(sql)


def sqlite_trigger(constraint, model, schema_editor, *, event, when, timing="BEFORE", **tables):
    """Return CREATE TRIGGER for SQLite, refusing `event` when the SQL expression `when` holds."""
    return Statement(
        f"CREATE TRIGGER %(trigger)s {timing} {event.upper()} ON %(table)s WHEN {when} "
        f"BEGIN SELECT RAISE(ABORT, {schema_editor.quote_value(constraint.failed())}); END",
        trigger=schema_editor.quote_name(f"{constraint.name}_{event}"),
        table=Table(model._meta.db_table, schema_editor.quote_name),
        **tables,
    )


def condition_sql(model, condition, schema_editor, alias=None):
    """Return the Q `condition` as SQL over the row called `alias` (or over bare columns), its values quoted in."""
    connection = schema_editor.connection
    query = Query(model=model, alias_cols=alias is not None)
    if alias:
        query.alias_map[alias], query.alias_refcount[alias] = BaseTable(model._meta.db_table, alias), 1
    where = query.build_where(condition)
    sql, params = where.as_sql(query.get_compiler(connection=connection), connection)
    sql = sql % tuple(schema_editor.quote_value(value) for value in params)
    if "%" in sql:
        # Deferred statements pass through one more round of %-formatting on some of Django's paths and not on others.
        raise NotSupportedError(f"A guard's condition cannot hold a percent sign: {sql}")
    return sql


def declared_triggers(connection):
    """Return the names of the triggers that the installed models' constraints ask for on this engine."""
    constraints = [constraint for model in apps.get_models() for constraint in model._meta.constraints]
    guards = [constraint for constraint in constraints if isinstance(constraint, GuardConstraint)]
    return {name for guard in guards for name in guard.trigger_names(connection.vendor)}


INSTALLED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """
        SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE NOT tgisinternal AND tgenabled <> 'D' AND relnamespace = current_schema()::regnamespace
    """,
}


def installed_triggers(connection=None) -> set[str]:
    """Return the names of the triggers that stand in the database and are switched on."""
    connection = connection or connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED[connection.vendor])
        return {name for (name,) in cursor.fetchall()}


def violates(error: IntegrityError, name: str) -> bool:
    """Say whether `error` comes from the constraint called `name`: one of these, or a CheckConstraint.

    On PostgreSQL any named constraint is recognised; SQLite does not name unique and foreign keys.
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis:
        return diagnosis.constraint_name == name
    return str(error).endswith(f"constraint failed: {name}")
