"""Visits booked together, week after week: looked at first, then booked all or none. Each stands on its own afterwards."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import models

from booking.appointments import OPEN_STATES, book_appointment, cancel_appointment
from booking.models import Appointment, Series
from booking.placing import lock, refuse_unless_offered
from booking.prospects import Prospect, look_at
from booking.refusals import ChangedMeanwhile, NotNow, promised
from clients.gate import may_be_booked
from clients.models import Client
from practice import audit
from practice.errors import Refused, Retry
from practice.idempotency import body_hash, earlier_result, remember_result
from practice.models import IdempotencyKey, Practice, Service, User
from practice.prepared import prepared
from practice.zones import wall_days_later
from protocols.models import TreatmentPlan
from protocols.plans import current_phase, visits_done

MOST_VISITS = 12
USUAL_VISITS = 6
MOST_WEEKS_APART = 8


class SeriesConflicts(Refused):
    """Some of the times chosen can no longer be had, so none was booked. `conflicts` says why, by time."""

    def __init__(self, conflicts: dict[datetime, str]):
        super().__init__("Some of these times were taken meanwhile. Nothing was booked. Please choose again below.")
        self.conflicts = conflicts


class NoTimeChosen(Refused):
    """A series has at least one visit."""


def series_times(first: datetime, *, count: int, weeks_apart: int, zone: ZoneInfo) -> list[datetime]:
    """Return `count` moments from `first` on, at the same time by the clock on the wall, `weeks_apart` weeks apart."""
    return [first, *(wall_days_later(first, 7 * weeks_apart * number, zone) for number in range(1, count))]


def propose_series(
    *,
    practice: Practice,
    client: Client,
    therapist: User,
    service: Service,
    first: datetime,
    count: int,
    weeks_apart: int,
    now: datetime,
) -> list[Prospect]:
    """Return each date of the series: free, or why not and the nearest free time of that day. Books nothing."""
    times = series_times(first, count=count, weeks_apart=weeks_apart, zone=ZoneInfo(practice.time_zone))
    return look_at(times, practice=practice, service=service, therapist=therapist, client=client, now=now)


def book_series(
    *,
    client: Client,
    therapist: User,
    service: Service,
    times: Mapping[datetime, Collection[str]],
    weeks_apart: int,
    by: User,
    at: datetime,
    plan: TreatmentPlan | None = None,
    note: str = "",
    key: UUID | None = None,
) -> Series:
    """Book a visit at each of `times` (moment to the rules overruled there) and return the series: all or none.

    Each goes through the checks of `book_appointment`. The same `key` gives the same series. Raises SeriesConflicts
    with what stands against each time; NoTimeChosen, StopFirst, NotOffered, FormAlreadyUsed, Retry.
    """
    body = body_hash(client=client.pk, therapist=therapist.pk, service=service.pk, times=sorted(times))
    if not times:
        raise NoTimeChosen("Choose at least one of the dates.")
    with promised():
        need = lock(service=service, room=None, therapists=[therapist.pk], clients=[client.pk])
        earlier = earlier_result(key, purpose="series", body=body)
        if earlier is not None:
            return Series.objects.get(pk=earlier)

        may_be_booked(client)
        refuse_unless_offered(service=service, therapist=therapist, room=None, need=need)

        series = Series.objects.create(client=client, weeks_apart=weeks_apart, created_at=at, created_by=by)
        visit = {"client": client, "therapist": therapist, "service": service, "plan": plan, "note": note}
        _book_all(times, **visit, series=series, by=by, at=at)

        audit.record(action="series.booked", at=at, by=by, target=series, visits=len(times))
        remember_result(key, purpose="series", body=body, result_id=series.pk, at=at)
        return series


def booked_with(key: UUID | None, *, client: Client) -> Series | None:
    """Return the series that the form `key` has made for the client before: its own dates are no conflict on a double click."""
    used = IdempotencyKey.objects.filter(pk=key, purpose="series").first() if key else None
    return Series.objects.filter(pk=used.result_id, client=client).first() if used else None


def _book_all(times: Mapping[datetime, Collection[str]], **visit) -> None:
    """Book every time, and refuse with all that speaks against any of them."""
    conflicts = {}
    for starts_at in sorted(times):
        try:
            book_appointment(starts_at=starts_at, overrule=times[starts_at], **visit)
        except Retry:
            raise
        except Refused as refusal:
            conflicts[starts_at] = str(refusal)
    if conflicts:
        raise SeriesConflicts(conflicts)


# --- afterwards


def visits_of(series: Series) -> list[Appointment]:
    """Return the visits of the series in order of time, the cancelled ones too."""
    return list(series.appointments.select_related("therapist", "service").order_by("starts_at", "pk"))


def this_and_later(appointment: Appointment) -> list[Appointment]:
    """Return the visit and those of its series after it that can still be cancelled, in order of time."""
    if appointment.series_id is None:
        return []
    rows = Appointment.objects.filter(series=appointment.series_id, starts_at__gte=appointment.starts_at)
    rows = rows.uncharted().filter(status__in=OPEN_STATES)
    return list(rows.select_related("therapist").order_by("starts_at", "pk"))


def seen_mark(visits: Iterable[Appointment]) -> str:
    """Return which visits a page showed, and in which state."""
    return ",".join(f"{visit.pk}.{visit.version}" for visit in visits)


def cancel_this_and_later(
    appointment: Appointment, *, reason: str, by: User, at: datetime, seen: str | None = None
) -> list[Appointment]:
    """Cancel the visit and all of its series after it, and return them; earlier ones and those that took place stay.

    `seen` is what the page showed (`seen_mark`): raises ChangedMeanwhile if it is no longer so, NotNow when nothing
    is left to cancel.
    """
    with promised():
        later = this_and_later(appointment)
        if not later:
            raise NotNow("There is nothing left to cancel.")
        if seen not in (None, seen_mark(later)):
            raise ChangedMeanwhile("Somebody changed one of these visits a moment ago. Look at them again.")
        for visit in sorted(later, key=lambda one: one.pk):  # locked in one order, whoever else locks several
            cancel_appointment(visit, reason=reason, by=by, at=at, version=visit.version)
        audit.record(action="series.ended", at=at, by=by, target=appointment.series, visits=len(later))
        return later


# --- from a plan


@dataclass(frozen=True)
class PlannedVisits:
    """What a plan still asks for: how many visits are neither done nor booked, and how many weeks apart."""

    plan: TreatmentPlan
    left: int
    weeks_apart: int


def plan_for(client: Client, service: Service) -> TreatmentPlan | None:
    """Return the plan in which a visit of that service counts: the one under way, but never for a first visit."""
    return None if service.is_first_visit else next(iter(_open_plans(client.pk)), None)


@prepared(models.BigAutoField())
def _open_plans(client):
    return TreatmentPlan.objects.open().filter(client=client).order_by("pk")[:1]


def planned_visits(plan: TreatmentPlan, *, now: datetime) -> PlannedVisits:
    """Return what the plan still asks for. The weeks are those of the phase the next visit falls into, at least one."""
    done = visits_done(plan)
    booked = plan.appointments.upcoming(now).uncharted().count()
    phase = current_phase(plan, done + 1)
    weeks = round(phase.days_between / 7) if phase else 1
    return PlannedVisits(
        plan, left=max(0, plan.planned_visits - done - booked), weeks_apart=min(max(weeks, 1), MOST_WEEKS_APART)
    )
