"""Second thoughts of a client: for half an hour a move or a cancellation by link can be taken back with one tap."""

from datetime import datetime, timedelta

from booking.appointments import reopen_appointment
from booking.holds import release_lapsed_holds
from booking.models import Appointment, AppointmentChange
from booking.online import CALL_FIRST, CallFirst
from booking.placing import lock, refuse_if_busy, refuse_if_room_taken
from booking.refusals import ChangedMeanwhile, ClientBusy, TimeIsPast, TooLate, promised
from clients.gate import StopFirst
from practice import audit
from practice.models import AuditEvent

Status, Kind = Appointment.Status, AppointmentChange.Kind
SECOND_THOUGHTS = timedelta(minutes=30)


def last_change(appointment: Appointment) -> AppointmentChange | None:
    """Return the newest change of the visit."""
    return appointment.changes.order_by("-pk").first()


def undo_until(change: AppointmentChange | None) -> datetime | None:
    """Return until when the client may take this change back; None if it is not one of theirs that can be."""
    if change is None or change.by_id is not None or change.kind not in (Kind.MOVED, Kind.CANCELLED):
        return None
    return change.at + SECOND_THOUGHTS


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


def _reopen(row: Appointment, at: datetime) -> Appointment:
    if row.starts_at <= at:
        raise TimeIsPast("That time has gone. Please choose a new one.")
    try:
        return reopen_appointment(row, by=None, at=at)
    except StopFirst as stop:
        raise CallFirst(CALL_FIRST) from stop


def _move_back(row: Appointment, change: AppointmentChange, at: datetime) -> Appointment:
    """Give the visit its time, therapist and room of before. It was promised once, so no rule is asked again."""
    if change.from_starts_at <= at:
        raise TimeIsPast("That time has gone. Please choose a new one.")
    now_at = {
        "from_starts_at": row.starts_at,
        "from_ends_at": row.ends_at,
        "from_therapist_id": row.therapist_id,
        "from_room_id": row.room_id,
    }
    release_lapsed_holds(at, overlapping=(change.from_starts_at, change.from_ends_at))
    row.starts_at, row.ends_at = change.from_starts_at, change.from_ends_at
    row.therapist, row.room = change.from_therapist, change.from_room
    refuse_if_busy(row.client, row.therapist, row.starts_at, row.ends_at, row)
    refuse_if_room_taken(row)
    row.status = _status_before(row, change)
    row.version += 1
    row.save()
    row.links.revoke(at=at)
    AppointmentChange.objects.create(appointment=row, kind=Kind.REOPENED, version=row.version, at=at, by=None, **now_at)
    audit.record(action="appointment.moved_back", at=at, actor=AuditEvent.Actor.CLIENT, target=row)
    return row


def _status_before(row: Appointment, change: AppointmentChange) -> str:
    """Return confirmed if the client had said yes to the time the visit goes back to, else booked."""
    earlier = row.changes.filter(pk__lt=change.pk).order_by("-pk").first()
    return Status.CONFIRMED if earlier and earlier.kind == Kind.CONFIRMED else Status.BOOKED
