"""Second thoughts of a client: for half an hour a move or a cancellation by link can be taken back with one tap."""

from datetime import datetime

from booking.appointments import reopen_appointment
from booking.models import Appointment, AppointmentChange
from booking.online import CALL_FIRST, CallFirst
from booking.placing import lock
from booking.refusals import ChangedMeanwhile, ClientBusy, TimeIsPast, TooLate, promised
from booking.undo import UNDO_TIME, last_change, put_back
from clients.gate import StopFirst

Kind = AppointmentChange.Kind


def undo_until(change: AppointmentChange | None) -> datetime | None:
    """Return until when the client may take this change back; None if it is not one of theirs that can be."""
    if change is None or change.by_id is not None or change.kind not in (Kind.MOVED, Kind.CANCELLED):
        return None
    return change.at + UNDO_TIME


def take_back(appointment: Appointment, *, at: datetime) -> Appointment:
    """Let the client undo their own last move or cancellation, and return the visit as it stood before.

    Raises TooLate once the half hour is over or somebody else has changed the visit since; SlotTaken, RoomTaken,
    ClientBusy where the time is no longer free, TimeIsPast where it has gone; CallFirst.
    """
    with promised():
        change = last_change(appointment)
        before = change.from_therapist_id if change else None
        therapists = [appointment.therapist_id, *([before] if before else [])]
        lock(service=appointment.service, room=None, therapists=therapists, clients=[appointment.client_id])
        row = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment.pk)
        if last_change(row) != change or row.therapist_id not in therapists:
            raise ChangedMeanwhile("Somebody changed this visit a moment ago. Look at it again before you go on.")
        until = undo_until(change)
        if until is None or until <= at:
            raise TooLate("It is too late to take that back. You can choose a new time, or call us.")
        try:
            return _reopen(row, at) if change.kind == Kind.CANCELLED else _move_back(row, change, at)
        except ClientBusy as busy:
            raise ClientBusy("You have another visit at that time by now.") from busy
        except StopFirst as stop:
            raise CallFirst(CALL_FIRST) from stop


def _reopen(row: Appointment, at: datetime) -> Appointment:
    if row.starts_at <= at:
        raise TimeIsPast("That time has gone. Please choose a new one.")
    return reopen_appointment(row, by=None, at=at)


def _move_back(row: Appointment, change: AppointmentChange, at: datetime) -> Appointment:
    if change.from_starts_at <= at:
        raise TimeIsPast("That time has gone. Please choose a new one.")
    return put_back(row, change, by=None, at=at)
