"""Taking back the last act at the desk: what it was, in words, and the act undone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from booking.appointments import cancel_appointment, reopen_appointment, status_before, still_held
from booking.holds import release_lapsed_holds
from booking.models import Appointment, AppointmentChange
from booking.placing import lock, refuse_if_busy, refuse_if_room_taken
from booking.refusals import ChangedMeanwhile, NotNow, promised
from booking.wording import read_back
from clients.gate import may_be_booked
from practice import audit
from practice.models import AuditEvent, User
from practice.templatetags.ui import local_dt, local_time, minutes

UNDO_TIME = timedelta(minutes=30)  # for the desk and for clients
Status, Kind, Reason = Appointment.Status, AppointmentChange.Kind, AppointmentChange.Reason
UNDOABLE = {Kind.MOVED, Kind.CANCELLED, Kind.ARRIVED, Kind.NO_SHOW}


class NothingToUndo(NotNow):
    """The last act is not one that can be taken back, not one's own, or too long ago."""


@dataclass(frozen=True)
class Act:
    """The last thing somebody did in the book. `change` is None for a booking."""

    appointment: Appointment
    change: AppointmentChange | None
    is_undoable: bool

    @property
    def seen(self) -> int:
        """What the page shows, for `undo_last_act`: the number of the change, 0 for a booking."""
        return self.change.pk if self.change else 0

    @property
    def words(self) -> str:
        """What was done, for whoever did it."""
        return _words(self.appointment, self.change)


def last_act(user: User, now: datetime) -> Act | None:
    """Return what `user` did last in the book within half an hour, if the visit still stands as they left it.

    Four queries. None also for what the board does not speak of: series, held time, a confirmation by phone; and for what
    a loader told in the name of `user`.
    """
    visits = Appointment.objects.visible_to(user).select_related("client", "therapist", "service", "room")
    booking = visits.filter(booked_by=user).order_by("-pk").first()
    change = AppointmentChange.objects.filter(by=user).order_by("-pk").first()
    if booking and change and change.at < booking.booked_at:
        change = None
    if change is not None:
        appointment, at = visits.filter(pk=change.appointment_id).first(), change.at
    else:
        appointment, at = booking, booking and booking.booked_at
    if appointment is None or now - at > UNDO_TIME:
        return None
    if last_change(appointment) != change:
        return None  # somebody else went on from there
    if change is None and (appointment.series_id or appointment.status == Status.HELD):
        return None
    if change is not None and change.kind not in UNDOABLE | {Kind.REOPENED}:
        return None
    if audit.is_told(by=user, at=at, target=appointment):
        return None
    return Act(appointment, change, is_undoable=change is None or change.kind in UNDOABLE)


def undo_last_act(appointment: Appointment, *, version: int, by: User, at: datetime, seen: int | None = None):
    """Take back what `by` did last with the visit, and return the appointment.

    A booking is cancelled as a mistake; its mail, if it has not left, never leaves. A move or a new length goes back to
    where it was, as confirmed as it was, and the links it closed open again. A cancellation, an arrival and a no-show
    are reopened. `version`, and `seen` (the number of the change on the page, 0 for a booking), are what the page
    showed. Raises ChangedMeanwhile if the visit is no longer that; NothingToUndo for other acts, somebody else's and
    those of more than half an hour ago; SlotTaken, RoomTaken, ClientBusy when the old time is gone; StopFirst.
    """
    change = last_change(appointment)
    if appointment.version != version or (seen is not None and seen != (change.pk if change else 0)):
        raise ChangedMeanwhile("Somebody changed this visit a moment ago. Look at it again before you go on.")
    doer, moment = (change.by, change.at) if change else (appointment.booked_by, appointment.booked_at)
    if doer != by:
        raise NothingToUndo("Somebody else did this. Ask them, or change the visit yourself.")
    if at - moment > UNDO_TIME:
        raise NothingToUndo("That was more than half an hour ago. Change the visit itself instead.")
    if change is None:
        return cancel_appointment(appointment, reason=Reason.MISTAKE, by=by, at=at, version=version)
    if change.kind == Kind.MOVED:
        return _move_back(appointment, change, by=by, at=at)
    if change.kind in UNDOABLE:
        return reopen_appointment(appointment, by=by, at=at, version=version)
    raise NothingToUndo("There is nothing to take back: the visit stands as it is.")


def _move_back(appointment: Appointment, change: AppointmentChange, *, by: User, at: datetime) -> Appointment:
    with promised():
        therapists = [appointment.therapist_id, change.from_therapist_id]
        lock(service=appointment.service, room=None, therapists=therapists, clients=[appointment.client_id])
        row = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment.pk)
        if row.version != appointment.version or last_change(row) != change:
            raise ChangedMeanwhile("Somebody changed this visit a moment ago. Look at it again before you go on.")
        if row.chart is not None:
            raise NotNow("The therapist has begun to chart this visit, so it stays as it is.")
        return put_back(row, change, by=by, at=at)


def put_back(row: Appointment, change: AppointmentChange, *, by: User | None, at: datetime) -> Appointment:
    """Give the visit its time, length, therapist and room of before `change`, a move, and return it.

    It was promised once, so no rule of the book is asked again; the gate is, as for any move. The links the move closed
    open, those made since close; what was only held is held again. Call it under the booking locks, with the row locked.
    Raises StopFirst; SlotTaken, RoomTaken, ClientBusy when the old time is gone, NotNow when the hold would be over.
    """
    may_be_booked(row.client)
    undone = {
        "from_starts_at": row.starts_at,
        "from_ends_at": row.ends_at,
        "from_therapist_id": row.therapist_id,
        "from_room_id": row.room_id,
    }
    row.starts_at, row.ends_at = change.from_starts_at, change.from_ends_at
    row.therapist_id, row.room_id = change.from_therapist_id, change.from_room_id
    release_lapsed_holds(at, overlapping=(row.starts_at, row.ends_at))
    refuse_if_busy(row.client, row.therapist, row.starts_at, row.ends_at, row)
    refuse_if_room_taken(row)

    row.version += 1
    if (undone["from_starts_at"], undone["from_therapist_id"]) != (row.starts_at, row.therapist_id):
        row.held_until = still_held(change, at)
        row.status = Status.HELD if row.held_until else status_before(row)
        closed = list(row.links.filter(revoked_at=change.at).values_list("pk", flat=True))
        row.links.exclude(pk__in=closed).revoke(at=at)
        row.links.filter(pk__in=closed).update(revoked_at=None)
    row.save()
    AppointmentChange.objects.create(appointment=row, kind=Kind.REOPENED, version=row.version, at=at, by=by, **undone)
    actor = AuditEvent.Actor.STAFF if by else AuditEvent.Actor.CLIENT
    audit.record(action="appointment.moved_back", at=at, by=by, actor=actor, target=row)
    return row


def last_change(appointment: Appointment) -> AppointmentChange | None:
    """Return the newest change of the visit; None if it stands as it was booked."""
    return appointment.changes.order_by("-pk").first()


def _words(visit: Appointment, change: AppointmentChange | None) -> str:
    name = visit.client.name
    if change is None:
        return f"Booked: {read_back(visit)}"
    if change.kind == Kind.MOVED:
        return _words_of_move(visit, change)
    if change.kind == Kind.CANCELLED:
        what = "Taken back: the booking of" if change.reason == Reason.MISTAKE else "Cancelled:"
        return f"{what} {name} on {local_dt(visit.starts_at)}."
    if change.kind == Kind.ARRIVED:
        return f"{name} has arrived."
    if change.kind == Kind.NO_SHOW:
        return f"{name} did not come."
    return f"Taken back. {read_back(visit)}"


def _words_of_move(visit: Appointment, change: AppointmentChange) -> str:
    before = (change.from_starts_at, change.from_therapist_id, change.from_room_id)
    if before == (visit.starts_at, visit.therapist_id, visit.room_id):
        length = minutes((visit.ends_at - visit.starts_at) // timedelta(minutes=1))
        return f"New length: {visit.client.name} now has {length}, until {local_time(visit.ends_at)}."
    return f"Moved: {read_back(visit)}"
