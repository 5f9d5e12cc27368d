"""Rows that may no longer change: `FrozenWhen` a condition holds, or `AppendOnly` from the start."""

from django.core import checks
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, NotSupportedError
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constants import LOOKUP_SEP

from practice.constraints.triggers import Elsewhere, GuardConstraint, condition_sql, sqlite_trigger

# One function for every guard on PostgreSQL: its trigger says when, its arguments the constraint and the words.
REFUSE_CHANGE = """CREATE OR REPLACE FUNCTION refuse_guarded_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_ARGV[0], MESSAGE = TG_ARGV[1],
    SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END $$"""


class RowGuard(GuardConstraint):
    """Triggers that refuse a change before it happens; a subclass says to which rows, in `refused_when()`."""

    violation_error_code = "frozen"

    def row_events(self):
        """Return the events that are refused row by row."""
        return ("update", "delete")

    def events(self, vendor):
        # Django empties tables with DELETE on SQLite, which has no TRUNCATE.
        return self.row_events() + (("truncate",) if vendor == "postgresql" else ())

    def refused_when(self, model, schema_editor, row):
        """Return the SQL expression under which the row called `row` ("old" or "new") is guarded."""
        raise NotImplementedError

    def tables(self, model, schema_editor):
        """Return the other tables named in `refused_when()`, by their placeholder."""
        return {}

    def helper(self, model, schema_editor):
        """Return the statement that creates what the triggers call on PostgreSQL, if anything."""
        return ""

    def drop_helper(self, model, schema_editor):
        return ""

    def _when(self, model, schema_editor, event):
        rows = {"insert": ["new"], "update": ["old", "new"], "delete": ["old"]}[event]
        if "insert" not in self.row_events():
            rows = rows[:1]  # the update that makes the condition true is allowed
        return " OR ".join(f"({self.refused_when(model, schema_editor, row)})" for row in rows)

    def statements(self, model, schema_editor):
        if schema_editor.connection.vendor == "sqlite":
            return [self._sqlite_trigger(model, schema_editor, event) for event in self.row_events()]
        if schema_editor.connection.vendor == "postgresql":
            return [self._postgresql_script(model, schema_editor)]
        raise NotSupportedError(f"{type(self).__name__} works on PostgreSQL and SQLite.")

    def _sqlite_trigger(self, model, schema_editor, event):
        when = self._when(model, schema_editor, event)
        tables = self.tables(model, schema_editor)
        return sqlite_trigger(self, model, schema_editor, event=event, when=when, **tables)

    def _postgresql_script(self, model, schema_editor):
        words = f"{schema_editor.quote_value(self.name)}, {schema_editor.quote_value(self.failed())}"
        refuse = f"EXECUTE FUNCTION refuse_guarded_change({words})"
        create = f'CREATE TRIGGER "{self.name}_'
        script = [REFUSE_CHANGE, self.helper(model, schema_editor)] + [
            f'{create}{event}" BEFORE {event.upper()} ON %(table)s '
            f"FOR EACH ROW WHEN ({self._when(model, schema_editor, event)}) {refuse}"
            for event in self.row_events()
        ]
        script.append(f'{create}truncate" BEFORE TRUNCATE ON %(table)s FOR EACH STATEMENT {refuse}')
        return Statement(
            ";\n".join(filter(None, script)),
            table=Table(model._meta.db_table, schema_editor.quote_name),
            **self.tables(model, schema_editor),
        )

    def remove_sql(self, model, schema_editor):
        # SQLite remakes the table without the constraint and never asks.
        script = [f'DROP TRIGGER IF EXISTS "{name}" ON %(table)s' for name in sorted(self.trigger_names("postgresql"))]
        script.append(self.drop_helper(model, schema_editor))
        table = Table(model._meta.db_table, schema_editor.quote_name)
        return Statement(";\n".join(filter(None, script)), table=table)


class AppendOnly(RowGuard):
    """Rows that are written once: the database refuses every UPDATE and DELETE, and TRUNCATE on PostgreSQL."""

    default_violation_error_message = "This entry is kept as it was written."

    def refused_when(self, model, schema_editor, row):
        return "true"

    def validate(self, model, instance, exclude=None, using=DEFAULT_DB_ALIAS):
        if not instance._state.adding:
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)


class FrozenWhen(RowGuard):
    """Rows that stay as they are once `condition` holds for them: no UPDATE, no DELETE.

    The update that makes the condition true is the last one allowed. One column may be left out with `once`: it may
    still be filled, from NULL and a single time, by an update that changes nothing else. With `via`, a path of foreign keys such as
    "session" or "finding__session", the condition is asked of the row at its end, and its children are frozen with it:
    none is added, changed, moved in or out, or deleted. Every model on the path needs its own FrozenWhen with the same
    condition, or the row could be thawed by moving its parent (system check practice.E002).

    On PostgreSQL a child's writer locks the rows on its path, so a child cannot slip in while its parent is being
    signed; TRUNCATE of a guarded table is refused whatever it holds.
    A migration that must change frozen rows, or the type of a column on the path, removes the constraint and adds it
    again; where parent and child both have one, the child's goes first.
    """

    default_violation_error_message = "This record is closed and can no longer be changed."
    options = ("condition", "via", "once")

    def __init__(self, *, name, condition, via="", once="", violation_error_code=None, violation_error_message=None):
        self.condition, self.via, self.once = condition, via, once
        super().__init__(
            name=name, violation_error_code=violation_error_code, violation_error_message=violation_error_message
        )

    def row_events(self):
        return ("insert", "update", "delete") if self.via else ("update", "delete")

    def path(self, model):
        """Return the foreign keys from `model` to the row that decides, nearest first."""
        fields = []
        for name in self.via.split(LOOKUP_SEP) if self.via else []:
            fields.append(model._meta.get_field(name))
            model = fields[-1].remote_field.model
        return fields

    # --- SQL

    def _when(self, model, schema_editor, event):
        refused = super()._when(model, schema_editor, event)
        if event != "update" or not self.once:
            return refused
        return f"({refused}) AND NOT ({self._fills_once(model, schema_editor)})"

    def _fills_once(self, model, schema_editor):
        """Return the SQL expression under which an update fills the column `once` and leaves every other as it was."""
        same = "IS" if schema_editor.connection.vendor == "sqlite" else "IS NOT DISTINCT FROM"
        quoted = {field.name: schema_editor.quote_name(field.column) for field in model._meta.concrete_fields}
        column = quoted.pop(self.once)
        kept = [f"old.{other} {same} new.{other}" for other in quoted.values()]
        return " AND ".join([f"old.{column} IS NULL", f"new.{column} IS NOT NULL", *kept])

    def refused_when(self, model, schema_editor, row):
        path = self.path(model)
        if not path:
            return condition_sql(model, self.condition, schema_editor, alias=row)
        key = f"{row}.{schema_editor.quote_name(path[0].column)}"
        if schema_editor.connection.vendor == "postgresql":
            return f'"{self.name}"({key})'
        parent = self._parent(path, schema_editor, key)
        return f"EXISTS (SELECT 1 FROM {parent} AND ({self._condition(path, schema_editor)}))"

    def tables(self, model, schema_editor):
        return {
            f"table_{depth}": Elsewhere(field.remote_field.model._meta.db_table, schema_editor.quote_name)
            for depth, field in enumerate(self.path(model))
        }

    def _condition(self, path, schema_editor):
        return condition_sql(path[-1].remote_field.model, self.condition, schema_editor, alias="parent")

    def _parent(self, path, schema_editor, key, lock=""):
        """Return FROM and WHERE of the row at the end of `path`, whose first foreign key has the value `key`."""
        quote = schema_editor.quote_name
        for depth, (field, following) in enumerate(zip(path, path[1:], strict=False)):
            where = f"%(table_{depth})s AS hop WHERE hop.{quote(field.target_field.column)} = {key}"
            key = f"(SELECT hop.{quote(following.column)} FROM {where}{lock})"
        return f"%(table_{len(path) - 1})s AS parent WHERE parent.{quote(path[-1].target_field.column)} = {key}"

    def helper(self, model, schema_editor):
        """Return a function from the row's foreign key to whether its parent is frozen.

        Its body is parsed when it is created, so it follows the parent's table through renames and search paths. It
        locks before it looks: without the lock it would miss a signature that another transaction is about to commit.
        """
        path = self.path(model)
        if not path:
            return ""
        lock = " FOR NO KEY UPDATE"
        return (
            f'CREATE OR REPLACE FUNCTION "{self.name}"({self._key_type(model, schema_editor)}) RETURNS boolean '
            f"LANGUAGE sql BEGIN ATOMIC SELECT COALESCE((SELECT {self._condition(path, schema_editor)} "
            f"FROM {self._parent(path, schema_editor, '$1', lock)}{lock}), false); END"
        )

    def drop_helper(self, model, schema_editor):
        if not self.via:
            return ""
        return f'DROP FUNCTION IF EXISTS "{self.name}"({self._key_type(model, schema_editor)})'

    def _key_type(self, model, schema_editor):
        return self.path(model)[0].db_type(schema_editor.connection)

    # --- Django

    def check(self, model, connection):
        errors = super().check(model, connection)
        path = self.path(model)
        for depth, field in enumerate(path, start=1):
            parent, rest = field.remote_field.model, LOOKUP_SEP.join(step.name for step in path[depth:])
            if not any(self._freezes(constraint, rest) for constraint in parent._meta.constraints):
                hint = f"Add FrozenWhen(condition={self.condition!r}, via={rest!r}) to {parent.__name__}."
                errors.append(checks.Error(f"{self.name} can be thawed.", hint=hint, obj=model, id="practice.E002"))
        return errors

    def _freezes(self, constraint, via):
        if isinstance(constraint, AppendOnly):
            return True
        return isinstance(constraint, FrozenWhen) and (constraint.condition, constraint.via) == (self.condition, via)

    def validate(self, model, instance, exclude=None, using=DEFAULT_DB_ALIAS):
        stored = model._base_manager.using(using).filter(pk=instance.pk)
        if self.via:
            nearest, *rest = self.path(model)
            keys = {getattr(instance, nearest.attname), *stored.values_list(nearest.attname, flat=True)}
            keys.discard(None)
            rows = nearest.remote_field.model._base_manager.using(using)
            rows = rows.filter(**{f"{nearest.target_field.name}__in": keys})
            for field in rest:
                following = field.remote_field.model._base_manager.using(using)
                rows = following.filter(**{f"{field.target_field.name}__in": rows.values(field.attname)})
        else:
            rows = stored
        if rows.filter(self.condition).exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)
