"""Questions asked at every booking, whose SQL Django writes once per connection: the writing costs more than the answer.

Only for fixed questions of a few values. What a question is must not depend on the values; what comes out does.
"""

from collections.abc import Callable, Sequence
from functools import wraps

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.expressions import Expression


class Place(Expression):
    """Where the value number `number` will stand: the statement is written before the value is known."""

    def __init__(self, number: int, field: models.Field):
        super().__init__(output_field=field)
        self.number = number

    def as_sql(self, compiler, connection):
        """Return a placeholder, and this place as what is to be filled in."""
        return "%s", [self]


class Statement:
    """A question as one connection sends it, and how its rows are read."""

    def __init__(self, queryset: models.QuerySet, connection):
        self.connection = connection
        self.compiler = queryset.query.get_compiler(connection=connection)
        self.sql, self.parameters = self.compiler.as_sql()
        columns = [column for column, *_ in self.compiler.select]
        self.converters = self.compiler.get_converters(columns)
        self.model = queryset.model if queryset.query.default_cols else None
        self.names = [column.target.attname for column in columns] if self.model else []

    def rows(self, values: Sequence[object]) -> list:
        """Return model instances, or tuples where the question names columns."""
        with self.connection.cursor() as cursor:
            cursor.execute(self.sql, [self._filled(one, values) for one in self.parameters])
            rows = cursor.fetchall()
        if self.converters:
            rows = map(tuple, self.compiler.apply_converters(rows, self.converters))
        if self.model:
            return [self.model.from_db(self.connection.alias, self.names, row) for row in rows]
        return list(rows)

    def _filled(self, one: object, values: Sequence[object]) -> object:
        if isinstance(one, Place):
            return one.output_field.get_db_prep_value(values[one.number], self.connection)
        return one


def prepared(*fields: models.Field) -> Callable:
    """Turn a function from places to a QuerySet into one from values to its rows, as a list.

    `fields` say what kind of value each place takes. The rows are model instances without related ones, or tuples after
    `values_list`. Nothing is kept but the statement: every call asks the database.
    """
    places = [Place(number, field) for number, field in enumerate(fields)]

    def decorate(question: Callable[..., models.QuerySet]) -> Callable[..., list]:
        @wraps(question)
        def ask(*values) -> list:
            connection = connections[DEFAULT_DB_ALIAS]
            statements = vars(connection).setdefault("prepared_statements", {})
            if question not in statements:
                statements[question] = Statement(question(*places), connection)
            return statements[question].rows(values)

        return ask

    return decorate
