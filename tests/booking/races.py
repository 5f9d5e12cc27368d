"""What the races at the book share: counting overlaps, and taking away what keeps them out."""

from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from booking import placing, refusals
from booking.models import Appointment


def overlapping_pairs(start=None, end=None) -> int:
    """Return how many pairs of live visits share a minute of a therapist, a room or a client; of all, or from start to end."""
    live = Appointment.objects.live()
    if start:
        live = live.filter(starts_at__gte=start, starts_at__lt=end)
    other = Appointment.objects.live().filter(
        Q(therapist=OuterRef("therapist")) | Q(room=OuterRef("room")) | Q(client=OuterRef("client")),
        pk__gt=OuterRef("pk"),
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
    )
    return live.filter(Exists(other)).count()


def take_locks_away(monkeypatch) -> None:
    """Let everybody look and write without waiting for each other."""
    monkeypatch.setattr(placing, "_lock_rows", lambda *anything: None)
    if connection.vendor == "sqlite":  # there the transaction itself is the lock
        monkeypatch.setattr(refusals, "transaction", SimpleNamespace(atomic=nullcontext))


@contextmanager
def without_constraints():
    """Set the NoOverlap constraints of appointments aside, and bring them back over a book of cancelled visits."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'appointment%is_free%'"
            )
            rows = cursor.fetchall()
            off, on = [f'DROP TRIGGER "{name}"' for name, _ in rows], [sql for _, sql in rows]
        else:
            cursor.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
                "WHERE conname LIKE 'appointment%is_free' AND contype = 'x'"
            )
            rows, table = cursor.fetchall(), "ALTER TABLE booking_appointment"
            off = [f"{table} DROP CONSTRAINT {name}" for name, _ in rows]
            on = [f"{table} ADD CONSTRAINT {name} {sql}" for name, sql in rows]
        assert len(rows) >= 3
        for sql in off:
            cursor.execute(sql)
        try:
            yield
        finally:
            Appointment.objects.update(status="cancelled")  # cancelled visits may overlap
            for sql in on:
                cursor.execute(sql)
