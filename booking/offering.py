"""Offering a freed time to the waitlist: one person at a time, in the order of the list, held for them while they think.

Which times came free stands in the rows: visits cancelled or moved away whose time lies ahead. Nothing is scheduled: every
sweep looks again, so a time that was declined or not answered goes to the next one by itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet

from booking.appointments import book_appointment
from booking.holds import accept_hold, give_back_hold, offer_call, release_lapsed_holds, settle_offer_call
from booking.intervals import Interval, merge, overlaps_any
from booking.models import Appointment, AppointmentChange, WaitlistEntry, WaitlistOffer
from booking.placing import find_place, lock
from booking.prospects import look_at
from booking.refusals import NotNow, SlotTaken, promised
from booking.series import plan_for
from booking.undo import UNDO_TIME
from booking.waitlist import close_waitlist_entry, suits
from clients.gate import stopped_clients
from clients.models import Task
from clients.todo import raise_task
from practice import audit
from practice.errors import Refused, Retry
from practice.models import AuditEvent, Practice, User

Answer, Kind = WaitlistOffer.Answer, AppointmentChange.Kind
A_MOMENT = timedelta(minutes=1)
FAR_OFF = datetime.max.replace(tzinfo=UTC)


class OfferGone(Refused):
    """The offer was taken back, or its time is no longer free, or the client has left the list."""


@dataclass(frozen=True)
class Freed:
    """A therapist's time that came free: [starts_at, …), and the visit that gave it up."""

    visit: Appointment
    therapist: User
    starts_at: datetime


def held_until(practice: Practice, *, starts_at: datetime, at: datetime) -> datetime:
    """Return until when a time is held for whom it is offered to: shorter for a time of today, never past its start."""
    zone = ZoneInfo(practice.time_zone)
    is_today = starts_at.astimezone(zone).date() == at.astimezone(zone).date()
    minutes = practice.same_day_offer_minutes if is_today else practice.offer_minutes
    return min(at + timedelta(minutes=minutes), starts_at)


def offer_freed_times(now: datetime, *, passing_over: Collection[int] = ()) -> int:
    """Offer each time that came free to the first on the waitlist whom it suits; returns how many were offered.

    `passing_over` are clients, by id, who want no offers: a time held for them would be held in vain, again and again.
    Safe to run twice and by two at once: a time offered is held, and a held time is not free. The sweep calls it.
    """
    practice = Practice.objects.current()
    waiting = WaitlistEntry.objects.waiting(now).exclude(client__in=passing_over)
    entries = list(waiting.select_related("client", "service", "therapist"))
    if practice is None or not entries:
        return 0
    release_lapsed_holds(now)
    heard, resting, busy = _heard(entries), _taken_back(), set(_open_offers(entries))
    stopped = stopped_clients({entry.client_id for entry in entries})
    next_visits = _next_visits(entries, now)
    zone, made = ZoneInfo(practice.time_zone), 0
    times = freed_times(practice, now)
    undoable = _undoable(now)  # read last: what a client gives up meanwhile is either still taken above or found here
    for freed in times:
        time = (freed.therapist.pk, freed.starts_at)
        if time in resting:
            continue
        for entry in entries:
            if (
                entry.pk not in busy
                and entry.client_id != freed.visit.client_id
                and (entry.pk, *time) not in heard
                and entry.client_id not in stopped
                and freed.starts_at < next_visits.get(entry.client_id, FAR_OFF)
                and not _is_undoable(entry, freed, undoable)
                and _suits(entry, freed, zone)
                and _is_free(entry, freed, practice, now)
            ):
                outcome = _try_to_offer(entry, freed, now)
                if outcome is None:
                    continue
                made += outcome
                busy.add(entry.pk)
                break
    return made


def _next_visits(entries: list[WaitlistEntry], now: datetime) -> dict[int, datetime]:
    """Return when each of these clients comes next: a time after that is not the earlier one they wait for. One query."""
    visits = Appointment.objects.filter(client__in={entry.client_id for entry in entries}, starts_at__gt=now)
    visits = visits.filter(status__in=[Appointment.Status.BOOKED, Appointment.Status.CONFIRMED]).order_by()
    return dict(visits.values_list("client").annotate(Min("starts_at")))


def _suits(entry: WaitlistEntry, freed: Freed, zone: ZoneInfo) -> bool:
    ends_at = freed.starts_at + entry.service.duration
    return suits(entry, starts_at=freed.starts_at, ends_at=ends_at, therapist_id=freed.therapist.pk, zone=zone)


def _undoable(now: datetime) -> dict[int, list[Interval]]:
    """Return, by therapist, the times that clients gave up by link and may still take back.

    Somebody else may have given up the same time, or part of it, long before: that does not make it free to offer.
    """
    kinds = [Kind.CANCELLED, Kind.MOVED]
    changes = AppointmentChange.objects.filter(by=None, kind__in=kinds, at__gt=now - UNDO_TIME)
    found: dict[int, list[Interval]] = defaultdict(list)
    for change in changes.filter(version=F("appointment__version")).select_related("appointment"):
        visit = change.appointment
        if change.kind == Kind.MOVED:
            found[change.from_therapist_id].append(Interval(change.from_starts_at, change.from_ends_at))
        else:
            found[visit.therapist_id].append(Interval(visit.starts_at, visit.ends_at))
    return {therapist: merge(times) for therapist, times in found.items()}


def _is_undoable(entry: WaitlistEntry, freed: Freed, undoable: dict[int, list[Interval]]) -> bool:
    ends_at = freed.starts_at + entry.service.duration
    return overlaps_any(freed.starts_at, ends_at, undoable.get(freed.therapist.pk, []))


def _is_free(entry: WaitlistEntry, freed: Freed, practice: Practice, now: datetime) -> bool:
    (prospect,) = look_at(
        [freed.starts_at],
        practice=practice,
        service=entry.service,
        therapist=freed.therapist,
        client=entry.client,
        now=now,
    )
    return prospect.is_free


def _try_to_offer(entry: WaitlistEntry, freed: Freed, now: datetime) -> bool | None:
    """Return True if it was offered, False if another writer was in the way (the next sweep looks again), None if refused."""
    try:
        offer_time(
            entry=entry, therapist=freed.therapist, starts_at=freed.starts_at, freed=freed.visit, by=None, at=now
        )
    except Retry:
        return False
    except Refused:
        return None
    return True


def freed_times(practice: Practice, now: datetime) -> list[Freed]:
    """Return the times ahead that visits gave up and nobody has taken since, earliest first.

    A time nearer than the practice's notice is left to the desk. What a client gave up by link rests for as long as they
    may take that back.
    """
    earliest = now + timedelta(minutes=practice.notice_minutes)
    changes = AppointmentChange.objects.exclude(by=None, at__gt=now - UNDO_TIME)
    cancelled = changes.filter(appointment=OuterRef("pk"), version=OuterRef("version"), kind=Kind.CANCELLED)
    given_up = Appointment.objects.filter(Exists(cancelled), status="cancelled", starts_at__gte=earliest)
    moved = changes.filter(kind=Kind.MOVED, from_starts_at__gte=earliest)
    found = [
        *(Freed(row, row.therapist, row.starts_at) for row in given_up.select_related("therapist", "client")),
        *(
            Freed(row.appointment, row.from_therapist, row.from_starts_at)
            for row in moved.select_related("appointment__client", "from_therapist")
        ),
    ]
    taken = set(_starts_taken(found, now))
    free = {(one.therapist.pk, one.starts_at): one for one in sorted(found, key=lambda one: one.visit.pk)}
    return [one for time, one in sorted(free.items(), key=lambda item: (item[0][1], item[0][0])) if time not in taken]


def _starts_taken(found: list[Freed], now: datetime) -> Iterable[tuple[int, datetime]]:
    """Return which of these times are taken again, from their first minute on. One query."""
    if not found:
        return
    first, last = min(one.starts_at for one in found), max(one.starts_at for one in found)
    visits = Appointment.objects.occupying(now).overlapping(first, last + A_MOMENT)
    rows = list(
        visits.filter(therapist__in={one.therapist.pk for one in found}).values_list(
            "therapist_id", "starts_at", "ends_at"
        )
    )
    for one in found:
        if any(pk == one.therapist.pk and start <= one.starts_at < end for pk, start, end in rows):
            yield one.therapist.pk, one.starts_at


def _heard(entries: list[WaitlistEntry]) -> set[tuple[int, int, datetime]]:
    """Return which times (entry, therapist, start) somebody has been offered before: nobody hears of a time twice.

    An offer that lapsed before its mail left, because the mail server was away, has not been heard of. One whose mail was
    refused counts as heard of: the next one would be refused as well, and the others wait.
    """
    told = Q(messages__handoffs__gt=0) | Q(messages__state="failed")
    messages = WaitlistOffer.objects.filter(told, pk=OuterRef("pk"))
    rows = WaitlistOffer.objects.filter(entry__in=entries).annotate(was_mailed=Exists(messages))
    return {
        (row.entry_id, row.appointment.therapist_id, row.appointment.starts_at)
        for row in rows.select_related("appointment", "entry__client")
        if row.was_mailed or row.answer != Answer.LAPSED or not row.entry.client.can_be_mailed
    }


def _taken_back() -> set[tuple[int, datetime]]:
    """Return the times the desk took back: it has a use for them, so they are not offered by themselves again."""
    rows = WaitlistOffer.objects.filter(answer=Answer.WITHDRAWN)
    return set(rows.values_list("appointment__therapist_id", "appointment__starts_at"))


def _open_offers(entries: list[WaitlistEntry]) -> QuerySet:
    return WaitlistOffer.objects.open().filter(entry__in=entries).values_list("entry_id", flat=True)


def open_offers(user: User, now: datetime) -> QuerySet[WaitlistOffer]:
    """Return the times held for people on the waitlist whom `user` may see, the first to lapse first."""
    offers = WaitlistOffer.objects.visible_to(user).open().filter(expires_at__gt=now)
    return offers.select_related("entry__client", "appointment__therapist").order_by("expires_at", "pk")


def offer_time(
    *,
    entry: WaitlistEntry,
    therapist: User,
    starts_at: datetime,
    by: User | None,
    at: datetime,
    freed: Appointment | None = None,
    overrule: Collection[str] = (),
) -> WaitlistOffer:
    """Hold a time for the entry's client and return the offer; the mail with its link is derived from it.

    Who cannot be mailed comes onto the call list. Without `by` the system offers what came free. Raises NotNow when the
    entry has left the list or has an offer already; otherwise refuses as `book_appointment` does.
    """
    practice, client, service = Practice.objects.current(), entry.client, entry.service
    until = held_until(practice, starts_at=starts_at, at=at)
    actor = AuditEvent.Actor.STAFF if by else AuditEvent.Actor.SYSTEM
    with promised():
        lock(service=service, room=None, therapists=[therapist.pk], clients=[client.pk])
        row = WaitlistEntry.objects.select_for_update(of=("self",), no_key=True).get(pk=entry.pk)
        _refuse_unless_waiting(row, at)
        visit = book_appointment(
            client=client,
            therapist=therapist,
            service=service,
            starts_at=starts_at,
            plan=plan_for(client, service),
            by=by,
            at=at,
            overrule=overrule,
            held_until=until,
            actor=actor,
        )
        offer = WaitlistOffer.objects.create(
            entry=row, appointment=visit, freed=_unless_known(freed, row), offered_at=at, expires_at=until
        )
        audit.record(action="waitlist.offered", at=at, by=by, actor=actor, target=offer, about_client_id=client.pk)
        if not client.can_be_mailed:
            subject = offer_call(offer)
            raise_task(kind=Task.Kind.CALL_CLIENT, client=client, subject=subject, for_role="front_desk", at=at)
        return offer


def _refuse_unless_waiting(entry: WaitlistEntry, at: datetime) -> None:
    if entry.closed_at is not None or entry.expires_at <= at:
        raise NotNow("This client is no longer on the waitlist.")
    if entry.offers.open().exists():
        raise NotNow("This client is thinking about another time. Wait for the answer, or withdraw that offer.")


def _unless_known(freed: Appointment | None, entry: WaitlistEntry) -> Appointment | None:
    """Return the visit that gave the time up, unless it gave up another time before that is on offer or known here."""
    if freed is None:
        return None
    offers = WaitlistOffer.objects.filter(freed=freed)
    return None if offers.open().exists() or offers.filter(entry=entry).exists() else freed


# --- the answer


def is_still_free(offer: WaitlistOffer, *, practice: Practice, now: datetime) -> bool:
    """Say whether somebody who comes too late can still have it: nobody holds it, and the client is on the list."""
    if offer.answer not in ("", Answer.LAPSED, Answer.DECLINED) or offer.entry.closed_at is not None:
        return False
    visit = offer.appointment
    place = {"service": visit.service, "therapist": visit.therapist, "client": visit.client}
    (prospect,) = look_at([visit.starts_at], practice=practice, now=now, without=visit, **place)
    return prospect.is_free


def accept_offer(offer: WaitlistOffer, *, by: User | None, at: datetime) -> WaitlistOffer:
    """Book the time offered and take its client off the list; return the offer. Accepting twice is accepting once.

    Whoever answers too late still gets the time if nobody else holds it by then. Without `by` the client accepts.
    Raises OfferGone, SlotTaken, RoomTaken, ClientBusy; StopFirst where a therapist has to speak with the client first.
    """
    visit = offer.appointment
    with promised():
        need = lock(service=visit.service, room=None, therapists=[visit.therapist_id], clients=[visit.client_id])
        release_lapsed_holds(at, overlapping=(visit.starts_at, visit.ends_at))
        row = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=visit.pk)
        standing = WaitlistOffer.objects.select_for_update(of=("self",), no_key=True).get(pk=offer.pk)
        if standing.answer == Answer.ACCEPTED:
            return standing
        if standing.answer == Answer.WITHDRAWN:
            raise OfferGone("We had to take this time back. Please call us for another one.")
        if standing.answer:
            _hold_again(row, standing, need=need, at=at)

        accept_hold(row, by=by, at=at)
        standing.answer, standing.answered_at = Answer.ACCEPTED, at
        standing.save(update_fields=["answer", "answered_at"])
        settle_offer_call(standing, at=at)
        close_waitlist_entry(standing.entry, by=by, at=at)
        _record("accepted", standing, by=by, at=at)
        return standing


def _hold_again(row: Appointment, offer: WaitlistOffer, *, need, at: datetime) -> None:
    """Hold a time for a moment that fell back meanwhile, if it can still be had."""
    if offer.entry.closed_at is not None:
        raise OfferGone("You are no longer on our list for an earlier time. Please call us.")
    place = {"need": need, "client": row.client, "therapist": row.therapist, "starts_at": row.starts_at, "at": at}
    room, warnings = find_place(**place, without=row, prefer=row.room_id)
    if warnings:
        raise SlotTaken("That time can no longer be had.")
    row.room_id, row.status, row.held_until = room, Appointment.Status.HELD, at + A_MOMENT
    row.save(update_fields=["room", "status", "held_until"])


def decline_offer(offer: WaitlistOffer, *, by: User | None, at: datetime, is_leaving: bool = False) -> None:
    """Give the time back, so that the next one is offered it. The client stays on the list unless `is_leaving`.

    Raises NotNow once the time was taken.
    """
    with promised():
        give_back_hold(offer.appointment, answer=Answer.DECLINED, by=by, at=at)
        if is_leaving:
            close_waitlist_entry(offer.entry, by=by, at=at)
        _record("declined", offer, by=by, at=at)


def withdraw_offer(offer: WaitlistOffer, *, by: User, at: datetime) -> None:
    """Take the time back for the practice; it is not offered by itself again. Raises NotNow once it was taken."""
    with promised():
        give_back_hold(offer.appointment, answer=Answer.WITHDRAWN, by=by, at=at)
        _record("withdrawn", offer, by=by, at=at)


def _record(verb: str, offer: WaitlistOffer, *, by: User | None, at: datetime) -> None:
    actor = AuditEvent.Actor.STAFF if by else AuditEvent.Actor.CLIENT
    client = offer.entry.client_id
    audit.record(action=f"waitlist.{verb}", at=at, by=by, actor=actor, target=offer, about_client_id=client)
