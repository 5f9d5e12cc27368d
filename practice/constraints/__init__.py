"""What may never be true of a row, kept by the database itself on PostgreSQL and on SQLite.

`NoOverlap`, `FrozenWhen` and `AppendOnly` stand in `Meta.constraints` like Django's own and travel through migrations.
A broken one raises `IntegrityError`; `violates(error, name)` tells which. Whoever owns the tables, or the SQLite file,
can still drop a trigger: the guards stop the application and its mistakes, not its administrator.
"""

from practice.constraints.guards import AppendOnly, FrozenWhen
from practice.constraints.overlap import Later, NoOverlap
from practice.constraints.triggers import declared_triggers, installed_triggers, violates

__all__ = ["AppendOnly", "FrozenWhen", "Later", "NoOverlap", "declared_triggers", "installed_triggers", "violates"]
