"""Promising time: booking, moving, cancelling and what happens at the door.

Whoever takes time locks the therapists, then the rooms, then the client, each by id, then checks, writes and records.
Giving time back and marking arrivals lock the appointment alone. The constraints of the table are the backstop.
`version` rises whenever the promise itself changes: moved, cancelled, or taken up again.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import models

from booking.holds import refuse_if_offered, refuse_if_on_offer, release_lapsed_holds
from booking.models import Appointment, AppointmentChange, Series
from booking.placing import find_place, lock, refuse_if_busy, refuse_if_room_taken, refuse_unless_offered
from booking.refusals import ChangedMeanwhile, NotNow, NotThisLong, TimeIsPast, TooLate, Warned, promised
from clients.gate import may_be_booked
from clients.intakes import request_intake
from clients.models import Client, Intake
from practice import audit
from practice.idempotency import body_hash, earlier_result, remember_result
from practice.models import AuditEvent, Practice, Room, Service, User
from practice.prepared import prepared
from protocols.models import TreatmentPlan

Status, Kind = Appointment.Status, AppointmentChange.Kind
EARLY_ARRIVAL = timedelta(hours=12)
OPEN_STATES = {Status.HELD, Status.BOOKED, Status.CONFIRMED}
LENGTH_STEP, SHORTEST, LONGEST_VISIT = timedelta(minutes=5), timedelta(minutes=5), timedelta(hours=8)


def book_appointment(
    *,
    client: Client,
    therapist: User,
    service: Service,
    starts_at: datetime,
    by: User | None,
    at: datetime,
    room: Room | None = None,
    plan: TreatmentPlan | None = None,
    note: str = "",
    key: UUID | None = None,
    overrule: Collection[str] = (),
    held_until: datetime | None = None,
    series: Series | None = None,
    actor: str = "",
    past_gate: bool = False,
) -> Appointment:
    """Book `client` with `therapist` and return the saved appointment; the same `key` gives the same appointment.

    `starts_at` is aware; the visit lasts as long as the service. Without `room` the first free one is taken if the
    service needs one. Without `by` the client books (or `actor`), and nothing can be overruled. With `held_until` the time is only
    held until then (`booking.holds`); `past_gate` holds it for whom the gate bars, too: taking it up asks the gate. Asks for an intake when the client has handed in none and the time is not only
    held. Raises StopFirst, NotOffered, TimeIsPast, SlotTaken, RoomTaken, ClientBusy, FormAlreadyUsed,
    Retry; Warned for opening hours, buffers and notice, unless `by` is staff and `overrule` names every warning's key.
    """
    body = body_hash(
        client=client.pk, therapist=therapist.pk, service=service.pk, starts_at=starts_at, room=room and room.pk
    )
    with promised():
        need = lock(service=service, room=room, therapists=[therapist.pk], clients=[client.pk])
        earlier = earlier_result(key, purpose="appointment", body=body)
        if earlier is not None:
            return Appointment.objects.get(pk=earlier)

        if not (past_gate and held_until):
            may_be_booked(client)
        refuse_unless_offered(service=service, therapist=therapist, room=room, need=need)
        chosen, warnings = find_place(need=need, client=client, therapist=therapist, starts_at=starts_at, at=at)
        _refuse_unless_overruled(warnings, overrule=overrule, by=by)

        appointment = Appointment.objects.create(
            client=client,
            therapist=therapist,
            service=service,
            room_id=chosen,
            plan=plan,
            starts_at=starts_at,
            ends_at=starts_at + need.duration,
            status=Status.HELD if held_until else Status.BOOKED,
            held_until=held_until,
            series=series,
            note=note,
            booked_at=at,
            booked_by=by,
        )
        if held_until is None:
            _ask_for_intake(client, by=by, at=at)
        verb, overruled = "held" if held_until else "booked", ",".join(sorted(warnings))
        _audit(verb, appointment, at=at, by=by, actor=actor, overruled=overruled)
        remember_result(key, purpose="appointment", body=body, result_id=appointment.pk, at=at)
        return appointment


def move_appointment(
    appointment: Appointment,
    *,
    starts_at: datetime,
    by: User | None,
    at: datetime,
    therapist: User | None = None,
    room: Room | None = None,
    duration: timedelta | None = None,
    version: int | None = None,
    key: UUID | None = None,
    overrule: Collection[str] = (),
) -> Appointment:
    """Move the visit to `starts_at`, perhaps to another therapist or room, and return it. It keeps its row.

    It keeps its length too, unless `duration` gives another. Its room is kept if it is free then, else the first free
    one is taken. At another time, or with somebody else, a confirmed visit is booked again: the client has not yet said
    yes to that, and links sent for the old time close. Of a client whom the gate bars nothing is promised anew: the
    visit stays where it is or is cancelled. The same `key` moves once. With `version`, raises ChangedMeanwhile unless
    it still is the present one; NotThisLong for a length no visit has; a client (without `by`) inside the practice's
    window gets TooLate. Otherwise refuses as `book_appointment` does.
    """
    service, client = appointment.service, appointment.client
    therapist = therapist or appointment.therapist
    body = body_hash(
        appointment=appointment.pk,
        starts_at=starts_at,
        therapist=therapist.pk,
        room=room and room.pk,
        duration=duration,
    )
    with promised():
        both = [therapist.pk, appointment.therapist_id]
        need = lock(service=service, room=room, therapists=both, clients=[client.pk])
        row = _locked(appointment)
        if earlier_result(key, purpose="appointment.move", body=body) is not None:
            return row
        _refuse_stale(row, version, therapist_id=appointment.therapist_id)
        length = row.ends_at - row.starts_at if duration is None else duration
        standing = (row.starts_at, row.ends_at, row.therapist_id)
        if standing == (starts_at, starts_at + length, therapist.pk) and room in (None, row.room):
            return row
        _refuse_unless(row, OPEN_STATES if by else OPEN_STATES - {Status.HELD}, "be moved")
        _refuse_if_a_note_tells_of_it(row)
        refuse_if_offered(row)
        may_be_booked(client)
        if by is None and is_too_late(row, practice=Practice.objects.current(), now=at):
            raise TooLate("It is too late to move your visit by link. Please call us.")
        _refuse_unless_a_length(length, service=service, standing=row.ends_at - row.starts_at)
        need = replace(need, duration=length)

        if therapist.pk != row.therapist_id or room is not None:
            refuse_unless_offered(service=service, therapist=therapist, room=room, need=need)
        prefer = row.room_id if room is None else None
        chosen, warnings = find_place(
            need=need, client=client, therapist=therapist, starts_at=starts_at, at=at, without=row, prefer=prefer
        )
        _refuse_unless_overruled(warnings, overrule=overrule, by=by)

        before = {
            "from_starts_at": row.starts_at,
            "from_ends_at": row.ends_at,
            "from_therapist_id": row.therapist_id,
            "from_room_id": row.room_id,
            "from_held_until": row.held_until,
        }
        row.starts_at, row.ends_at = starts_at, starts_at + need.duration
        row.therapist, row.room_id = therapist, chosen
        row.version += 1
        if (before["from_starts_at"], before["from_therapist_id"]) != (starts_at, therapist.pk):
            if row.status == Status.HELD:
                _ask_for_intake(client, by=by, at=at)
            row.status, row.held_until = Status.BOOKED, None
            row.links.revoke(at=at)
        row.save()
        _remember(Kind.MOVED, row, at=at, by=by, **before)
        _audit("moved", row, at=at, by=by, overruled=",".join(sorted(warnings)))
        remember_result(key, purpose="appointment.move", body=body, result_id=row.pk, at=at)
        return row


def cancel_appointment(
    appointment: Appointment, *, reason: str, by: User | None, at: datetime, version: int | None = None
) -> Appointment:
    """Give the time back, keeping the row and the `reason` (AppointmentChange.Reason), and return the appointment.

    Cancelling twice is cancelling once. Raises NotNow when the client has come, did not come, or has been treated;
    TooLate for a client (without `by`) inside the practice's window.
    """
    with promised():
        row = _locked(appointment)
        if row.is_cancelled:
            return row
        _refuse_stale(row, version)
        # Held time falls back by itself; were it cancelled by link, taking that back would book it without the yes.
        _refuse_unless(row, OPEN_STATES if by else OPEN_STATES - {Status.HELD}, "be cancelled")
        refuse_if_offered(row)
        if by is None and is_too_late(row, practice=Practice.objects.current(), now=at):
            raise TooLate("It is too late to cancel by link. Please call us.")
        held_until = row.held_until
        row.status, row.held_until = Status.CANCELLED, None
        row.version += 1
        row.save(update_fields=["status", "held_until", "version"])
        _remember(Kind.CANCELLED, row, at=at, by=by, reason=reason, from_held_until=held_until)
        _audit("cancelled", row, at=at, by=by, reason=reason)
        return row


def is_too_late(appointment: Appointment, *, practice: Practice, now: datetime) -> bool:
    """Say whether the client has to call to cancel: the visit is nearer than the practice's window."""
    return appointment.starts_at - now < timedelta(hours=practice.change_window_hours)


def confirm_appointment(appointment: Appointment, *, by: User | None, at: datetime) -> Appointment:
    """Note that the client will come, and return the appointment. Raises NotNow once it has begun or is cancelled."""
    with promised():
        row = _locked(appointment)
        if row.status == Status.CONFIRMED:
            return row
        _refuse_unless(row, {Status.BOOKED}, "be confirmed")
        if row.starts_at <= at:
            raise NotNow("This visit has already begun.")
        return _mark(row, Status.CONFIRMED, Kind.CONFIRMED, at=at, by=by)


def mark_arrived(appointment: Appointment, *, by: User, at: datetime) -> Appointment:
    """Note that the client is here, and return the appointment. Raises NotNow more than 12 hours ahead of the visit."""
    with promised():
        row = _locked(appointment)
        if row.status == Status.ARRIVED:
            return row
        _refuse_unless(row, {Status.BOOKED, Status.CONFIRMED}, "be marked as arrived")
        if row.starts_at - at > EARLY_ARRIVAL:
            raise NotNow("This visit is on another day. Move it first if the client is here now.")
        return _mark(row, Status.ARRIVED, Kind.ARRIVED, at=at, by=by)


def mark_no_show(appointment: Appointment, *, by: User, at: datetime) -> Appointment:
    """Note that the client did not come, and return the appointment. Raises NotNow before the visit should begin."""
    with promised():
        row = _locked(appointment)
        if row.status == Status.NO_SHOW:
            return row
        _refuse_unless(row, {Status.BOOKED, Status.CONFIRMED}, "be marked as missed")
        if row.starts_at > at:
            raise NotNow("The visit has not begun yet. Cancel it if the client will not come.")
        return _mark(row, Status.NO_SHOW, Kind.NO_SHOW, at=at, by=by)


def reopen_appointment(
    appointment: Appointment, *, by: User | None, at: datetime, version: int | None = None
) -> Appointment:
    """Take back an arrival, a no-show or a cancellation, and return the appointment as it stood before.

    A cancelled visit gets its time back only if it is still free: SlotTaken, RoomTaken, ClientBusy otherwise. Time that
    was only held is held again, and NotNow is raised once that would be over: the client never said yes. With
    `version`, raises ChangedMeanwhile unless it still is the present one.
    """
    with promised():
        therapists, clients = [appointment.therapist_id], [appointment.client_id]
        lock(service=appointment.service, room=None, therapists=therapists, clients=clients)
        row = _locked(appointment)
        _refuse_stale(row, version, therapist_id=appointment.therapist_id)
        if row.status in OPEN_STATES:
            return row
        _refuse_if_treated(row)
        if row.is_cancelled:
            if row.ends_at <= at:
                raise TimeIsPast("That time has gone. Please book a new one.")
            may_be_booked(row.client)
            release_lapsed_holds(at, overlapping=(row.starts_at, row.ends_at))
            if by is not None:
                refuse_if_on_offer(row, at)
            refuse_if_busy(row.client, row.therapist, row.starts_at, row.ends_at, row)
            refuse_if_room_taken(row)
            last = row.changes.order_by("-pk").first()
            row.held_until = still_held(last, at)
            if last and last.kind == Kind.LAPSED:  # what was only held has not asked for one
                _ask_for_intake(row.client, by=by, at=at)
            row.version += 1
        row.status = Status.HELD if row.held_until else status_before(row)
        row.save(update_fields=["status", "held_until", "version"])
        _remember(Kind.REOPENED, row, at=at, by=by)
        _audit("reopened", row, at=at, by=by)
        return row


# --- the row, and what speaks against the act


def _locked(appointment: Appointment) -> Appointment:
    return Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment.pk)


def _refuse_stale(row: Appointment, version: int | None, *, therapist_id: int | None = None) -> None:
    """Refuse if the page showed another version, or the locks were taken for a therapist who no longer has it."""
    if version not in (None, row.version) or therapist_id not in (None, row.therapist_id):
        raise ChangedMeanwhile("Somebody changed this visit a moment ago. Look at it again before you go on.")


def _refuse_unless_overruled(warnings: dict[str, str], *, overrule: Collection[str], by: User | None) -> None:
    if warnings and (by is None or not warnings.keys() <= set(overrule)):
        raise Warned(warnings)


def _refuse_unless_a_length(length: timedelta, *, service: Service, standing: timedelta) -> None:
    """Five-minute steps from 5 minutes to 8 hours; a visit that has an odd length already may keep it."""
    if length in (standing, service.duration):
        return
    if not SHORTEST <= length <= LONGEST_VISIT:
        raise NotThisLong("A visit lasts between 5 minutes and 8 hours.")
    if length % LENGTH_STEP:
        raise NotThisLong("Give the length in steps of 5 minutes.")


def _refuse_unless(row: Appointment, states: set[str], what: str) -> None:
    _refuse_if_treated(row)
    if row.status not in states:
        raise NotNow(f"This visit cannot {what}: it is marked “{row.get_status_display().lower()}”.")


def _refuse_if_treated(row: Appointment) -> None:
    if row.chart is not None:
        raise NotNow("The therapist has begun to chart this visit, so it stays as it is.")


def _refuse_if_a_note_tells_of_it(row: Appointment) -> None:
    """A signed note has its day and hour from the visit, one that was entered in error too: it is kept as it was."""
    if row.treatment_sessions.filter(signed_at__isnull=False).exists():
        raise NotNow("A note about this visit was signed and then entered in error. Cancel the visit and book another.")


# --- write and record


def _ask_for_intake(client: Client, *, by: User | None, at: datetime) -> None:
    if not _intakes_handed_in(client.pk):
        request_intake(client=client, by=by, at=at)


@prepared(models.BigAutoField())
def _intakes_handed_in(client):
    return Intake.objects.filter(client=client, submitted_at__isnull=False).values_list("pk")[:1]


def _mark(row: Appointment, status: str, kind: str, *, at, by) -> Appointment:
    row.status = status
    row.save(update_fields=["status"])
    _remember(kind, row, at=at, by=by)
    _audit(kind, row, at=at, by=by)
    return row


def status_before(row: Appointment) -> str:
    """Return confirmed if the client said so to the time and the therapist the visit has, else booked.

    A move away from there takes the yes back; one that only gave another length or room, or was taken back, does not:
    what it moved from is what the visit has.
    """
    decisive = row.changes.filter(kind__in=[Kind.CONFIRMED, Kind.MOVED, Kind.CANCELLED])
    for change in decisive.order_by("-pk"):
        if (change.from_starts_at, change.from_therapist_id) != (row.starts_at, row.therapist_id):
            return Status.CONFIRMED if change.kind == Kind.CONFIRMED else Status.BOOKED
    return Status.BOOKED


def still_held(change: AppointmentChange | None, at: datetime) -> datetime | None:
    """Return until when the time is held once `change` is taken back; None where the client had said yes before it.

    Raises NotNow when the hold would be over by now.
    """
    until = change and change.from_held_until
    if until is not None and until <= at:
        raise NotNow("This time was only held, and not for so long. If the client says yes now, book a new visit.")
    return until


def _remember(kind: str, row: Appointment, *, at, by, **more) -> None:
    AppointmentChange.objects.create(appointment=row, kind=kind, version=row.version, at=at, by=by, **more)


def _audit(verb: str, row: Appointment, *, at, by, actor="", **detail) -> None:
    actor = actor or (AuditEvent.Actor.STAFF if by else AuditEvent.Actor.CLIENT)
    audit.record(action=f"appointment.{verb}", at=at, by=by, actor=actor, target=row, **detail)
