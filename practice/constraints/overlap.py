"""`NoOverlap`: nothing is in two places at once. EXCLUDE on PostgreSQL (without any extension), triggers on SQLite."""

from datetime import UTC, datetime, timedelta

from django.core import checks
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, NotSupportedError
from django.db.backends.ddl_references import Statement, Table
from django.db.models import CheckConstraint, DateTimeField, F, Func, Q
from django.utils.deconstruct import deconstructible

from practice.constraints.triggers import GuardConstraint, condition_sql, sqlite_trigger


@deconstructible(path="practice.constraints.Later")
class Later(Func):
    """The moment `by` (whole seconds) after a column, for a condition: Q(ends_at__lte=Later("starts_at", LONGEST)).

    F("starts_at") + LONGEST would write a Python function of Django's into SQLite's table, over which its shell, its
    integrity check and a VACUUM by any other program stumble; on PostgreSQL a "day" would depend on the time zone.
    """

    output_field = DateTimeField()

    def __init__(self, moment, by):
        super().__init__(moment)
        self.by = by

    def __repr__(self):
        return f"Later({self.source_expressions[0].name!r}, {self.by!r})"

    @property
    def seconds(self):
        return whole_seconds(self.by)

    def as_sqlite(self, compiler, connection, **context):
        # Text, as Django stores it; datetime() drops the microseconds, substr() puts them back.
        template = f"(datetime(%(expressions)s, '+{self.seconds} seconds') || substr(%(expressions)s, 20))"
        sql, params = self.as_sql(compiler, connection, template=template, **context)
        return sql, (*params, *params)

    def as_postgresql(self, compiler, connection, **context):
        template = f"(%(expressions)s + interval '{self.seconds} seconds')"
        return self.as_sql(compiler, connection, template=template, **context)


def whole_seconds(duration):
    """Return a timedelta as seconds; a fraction is refused, since SQLite's clock arithmetic would lose it."""
    if duration % timedelta(seconds=1):
        raise ValueError(f"{duration} is not a whole number of seconds.")
    return duration // timedelta(seconds=1)


class NoOverlap(GuardConstraint):
    """No two rows with the same `key` (an integer or a foreign key) overlap in [`start`, `end`), both not null.

    Touching ends do not overlap; rows whose key is NULL or which do not meet `condition` never conflict.
    `longest` is how long one row may last: SQLite looks back no further, so its check stays as fast in year five as on
    the first day. The model says so in a CheckConstraint, and has an index that begins with (key, start) for SQLite and
    for its own queries: system checks practice.E003 to E005.

    PostgreSQL refuses to add it over rows that already overlap; SQLite does not look, so check them first.
    bulk_create(ignore_conflicts=True) skips overlapping rows on PostgreSQL and raises on SQLite.
    """

    default_violation_error_message = "This time overlaps another booking."
    violation_error_code = "overlap"
    options = ("key", "start", "end", "condition", "longest")

    def __init__(
        self,
        *,
        name,
        key,
        start,
        end,
        condition=None,
        longest=timedelta(days=1),
        violation_error_code=None,
        violation_error_message=None,
    ):
        self.key, self.start, self.end, self.condition, self.longest = key, start, end, condition, longest
        super().__init__(
            name=name, violation_error_code=violation_error_code, violation_error_message=violation_error_message
        )

    # --- SQL

    def events(self, vendor):
        return ("insert", "update") if vendor == "sqlite" else ()

    def _columns(self, model, schema_editor):
        fields = (model._meta.get_field(name) for name in (self.key, self.start, self.end))
        return [schema_editor.quote_name(field.column) for field in fields]

    def _holds(self, model, schema_editor, alias=None):
        return condition_sql(model, self.condition, schema_editor, alias) if self.condition else "true"

    def _exclusion(self, model, schema_editor):
        key, start, end = self._columns(model, schema_editor)
        # int8range(NULL, NULL) is everything and would overlap every row, hence IS NOT NULL.
        return (
            f"CONSTRAINT {schema_editor.quote_name(self.name)} EXCLUDE USING gist "
            f"(int8range({key}, {key}, '[]') WITH &&, tstzrange({start}, {end}) WITH &&) "
            f"WHERE ({key} IS NOT NULL AND ({self._holds(model, schema_editor)}))"
        )

    def _sqlite_trigger(self, model, schema_editor, event):
        key, start, end = self._columns(model, schema_editor)
        pk = schema_editor.quote_name(model._meta.pk.column)
        # AFTER: in a BEFORE trigger the new row has no id yet. datetime() drops the microseconds, which only widens.
        return sqlite_trigger(
            self,
            model,
            schema_editor,
            event=event,
            timing="AFTER",
            when=f"({self._holds(model, schema_editor, 'new')}) AND EXISTS (SELECT 1 FROM %(table)s AS other "
            f"WHERE other.{key} = new.{key} AND other.{start} < new.{end} AND other.{end} > new.{start} "
            f"AND other.{start} >= datetime(new.{start}, '-{whole_seconds(self.longest)} seconds') "
            f"AND other.{pk} <> new.{pk} AND ({self._holds(model, schema_editor, 'other')}))",
        )

    def statements(self, model, schema_editor):
        if schema_editor.connection.vendor == "sqlite":
            return [self._sqlite_trigger(model, schema_editor, event) for event in self.events("sqlite")]
        if schema_editor.connection.vendor == "postgresql":
            table = Table(model._meta.db_table, schema_editor.quote_name)
            return [Statement(f"ALTER TABLE %(table)s ADD {self._exclusion(model, schema_editor)}", table=table)]
        raise NotSupportedError("NoOverlap works on PostgreSQL and SQLite.")

    def remove_sql(self, model, schema_editor):
        table, name = Table(model._meta.db_table, schema_editor.quote_name), schema_editor.quote_name(self.name)
        return Statement("ALTER TABLE %(table)s DROP CONSTRAINT %(name)s", table=table, name=name)

    # --- Django

    def check(self, model, connection):
        return [*super().check(model, connection), *self._check_index(model), *self._check_bounds(model)]

    def _check_index(self, model):
        if any(tuple(index.fields[:2]) == (self.key, self.start) for index in model._meta.indexes):
            return []
        hint = f"Add models.Index(fields={[self.key, self.start]!r}, name=…)."
        return [checks.Error(f"{self.name} has no index to look in.", hint=hint, obj=model, id="practice.E003")]

    def _check_bounds(self, model):
        """The rows must end after they start, within `longest`, or the engines would disagree."""
        fields = [model._meta.get_field(name) for name in (self.start, self.end)]
        if any(field.null for field in fields):
            yield checks.Error(f"{self.name} needs a start and an end.", obj=model, id="practice.E004")
        said = [c.condition for c in model._meta.constraints if isinstance(c, CheckConstraint)]
        said = [part for condition in said if condition.connector == Q.AND for part in condition.children]
        for lookup, bound in (
            (f"{self.end}__gt", F(self.start)),
            (f"{self.end}__lte", Later(self.start, self.longest)),
        ):
            if (lookup, bound) not in said:
                hint = f"Add CheckConstraint(condition=Q({lookup}={bound!r}), name=…)."
                yield checks.Error(f"{self.name} needs its bounds.", hint=hint, obj=model, id="practice.E005")

    def validate(self, model, instance, exclude=None, using=DEFAULT_DB_ALIAS):
        names = (self.key, self.start, self.end)
        if set(names) & set(exclude or ()):
            return
        key, start, end = (getattr(instance, model._meta.get_field(name).attname) for name in names)
        if None in (key, start, end) or not self._applies_to(instance, using):
            return
        others = model._base_manager.using(using).filter(self.condition or Q()).exclude(pk=instance.pk)
        earliest = max(start, datetime.min.replace(tzinfo=UTC) + self.longest) - self.longest
        if others.filter(**self._overlapping(key, start, end, earliest)).exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def _overlapping(self, key, start, end, earliest):
        return {
            self.key: key,
            f"{self.start}__lt": end,
            f"{self.end}__gt": start,
            f"{self.start}__gte": earliest,
        }

    def _applies_to(self, instance, using):
        if self.condition is None:
            return True
        # The instance's own values, also those missing from a form.
        return self.condition.check(instance._get_field_expression_map(meta=instance._meta), using=using)
