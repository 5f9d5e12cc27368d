"""Why a visit cannot be booked, moved or changed, in words for the person who asked."""

from contextlib import contextmanager

from django.db import IntegrityError, OperationalError, transaction

from practice.constraints import violates
from practice.errors import Refused, Retry
from practice.idempotency import FormAlreadyUsed

CONTENTION = {"40P01", "55P03", "57014"}  # deadlock_detected, lock_not_available, query_canceled


class SlotTaken(Refused):
    """The therapist has another visit then."""


class RoomTaken(Refused):
    """No suitable room is free then."""


class ClientBusy(Refused):
    """The client has another visit then."""


class NotOffered(Refused):
    """The therapist does not give the service, or one of them is no longer there, or the room does not suit."""


class TimeIsPast(Refused):
    """The time has gone, or lies too far ahead to promise."""


class NotNow(Refused):
    """The visit is in a state, or at a time, in which this cannot be done."""


class TooLate(Refused):
    """Inside the practice's window a client can no longer cancel by link."""


class NotThisLong(Refused):
    """No visit lasts so long, or so short a time."""


class ChangedMeanwhile(Refused):
    """Somebody else changed the visit while this page was open."""


RULES = frozenset({"notice", "horizon", "hours", "closed", "buffer", "room"})


class Warned(Refused):
    """Rules the desk may overrule. `warnings` maps a key of RULES to its words."""

    def __init__(self, warnings: dict[str, str]):
        super().__init__(" ".join(warnings.values()))
        self.warnings = warnings


TAKEN = {
    "appointment_therapist_is_free": SlotTaken("That time has just been taken. Please choose another."),
    "appointment_room_is_free": RoomTaken("The room has just been taken at that time. Please choose another time."),
    "appointment_client_is_free": ClientBusy("The client already has a visit at that time."),
}


@contextmanager
def promised():
    """One transaction of the book. What the database refuses comes out as a Refused; anything else is a bug."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        for name, refusal in TAKEN.items():
            if violates(error, name):
                raise type(refusal)(str(refusal)) from error
        if "practice_idempotencykey" in str(error):
            raise FormAlreadyUsed("This form was sent twice at the same moment. Please look at the board.") from error
        raise
    except OperationalError as error:
        if is_contention(error):
            raise Retry("Many people are booking right now. Nothing was changed. Please try again.") from error
        raise


def is_contention(error: OperationalError) -> bool:
    """Say whether the database gave up waiting for other writers: a later try may well succeed."""
    return getattr(error.__cause__, "sqlstate", None) in CONTENTION or "database is locked" in str(error)
