"""Mails to the people who work here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, Q

from booking.models import Appointment, AppointmentChange
from clients.care import alerts_for_everybody
from clients.models import Client, Task
from practice.models import User
from reminders.due.common import Kind, mail, not_yet
from reminders.models import Message
from sessions.models import TreatmentSession

CHASE_EVERY = timedelta(hours=24)
TOLD_WITHIN = timedelta(hours=12)  # while no mail left the therapist has seen the board
Change = AppointmentChange.Kind
OPENING = (Change.CANCELLED, Change.MOVED, Change.REOPENED)  # what may open up a time, or close it again


def alerts(now):
    """Call who must look at a client now."""
    rows = Task.objects.open().filter(
        not_yet("task", Kind.THERAPIST_ALERT),
        kind__in=[Task.Kind.SCREENING_ALERT, Task.Kind.CHECK_IN_ALERT, Task.Kind.ADVERSE_EVENT],
        for_role__in=["therapist", "owner"],
    )
    return [
        mail(
            Kind.THERAPIST_ALERT,
            now=row.created_at,
            due_at=row.due_at,
            needed_by=row.due_at,
            client_id=row.client_id,
            task=row,
            reader=reader,
        )
        for row in rows
        for reader in _readers(row)
    ]


def unsigned(now):
    """Remind each therapist once a day of the oldest chart that waits for their signature, until none does."""
    told = Message.objects.filter(
        kind=Kind.UNSIGNED_NOTES, reader=OuterRef("therapist"), created_at__gt=now - CHASE_EVERY
    )
    drafts = TreatmentSession.objects.overdue(now).filter(~Exists(told), therapist__is_active=True)
    rows = drafts.exclude(therapist__email="").order_by("-appointment__ends_at", "-pk")
    oldest = {row.therapist_id: row for row in rows}
    return [
        mail(
            Kind.UNSIGNED_NOTES,
            now=now,
            client_id=row.client_id,
            session=row,
            reader_id=row.therapist_id,
            version=now.toordinal(),
        )
        for row in oldest.values()
    ]


def _readers(alert: Task) -> list[User | None]:
    """Return whom an alert is mailed to: who is in charge (None), all who could act if the client is in nobody's care, or the owners."""
    if alert.for_role == "owner":
        return list(User.objects.filter(is_owner=True, is_active=True).exclude(email="").order_by("pk"))
    if not alerts_for_everybody().filter(pk=alert.pk).exists():
        return [None]
    able = User.objects.filter(Q(is_therapist=True) | Q(is_owner=True), is_active=True).exclude(email="")
    return list(able.order_by("pk")) or [None]


def why_not_unsigned(message, now) -> str:
    """Return why a missing signature need not be mailed any more, or ""."""
    if not TreatmentSession.objects.overdue(now).filter(therapist=message.reader_id).exists():
        return "everything is signed"
    newer = Message.objects.filter(kind=message.kind, reader=message.reader_id, version__gt=message.version)
    return "a newer one says the same" if newer.exists() else ""


def why_not_alert(message, now) -> str:
    """Return why an alert need not be mailed any more, or ""."""
    if message.task.done_at:
        return "already looked at"
    if message.task.for_role == "owner":
        return ""
    if message.reader_id and not alerts_for_everybody().filter(pk=message.task_id).exists():
        is_theirs = Client.objects.in_care_of([message.reader_id]).filter(pk=message.client_id).exists()
        return "" if is_theirs else "a colleague has it"
    return ""


@dataclass(frozen=True, slots=True)
class DayChange:
    """What became of one visit since its therapist last heard of it, or within TOLD_WITHIN: where it was, and who did it."""

    visit: Appointment
    was_at: datetime
    therapist: User
    last: AppointmentChange

    @property
    def is_news(self) -> bool:
        """Whether the time opened up: the visit fell out, or stands elsewhere. One booked by mistake never was there."""
        if self.visit.is_cancelled:
            return self.last.reason != AppointmentChange.Reason.MISTAKE
        return (self.visit.starts_at, self.visit.therapist_id) != (self.was_at, self.therapist.pk)


def day_change_of(visit: Appointment, *, version: int, now: datetime) -> DayChange | None:
    """Return what happened to the visit up to `version`, or None. Changes put right within minutes come to nothing."""
    told = visit.messages.filter(kind=Kind.DAY_CHANGED, state=Message.State.SENT, version__lt=version)
    since = told.aggregate(last=Max("version"))["last"] or 0
    changes = visit.changes.filter(kind__in=OPENING, version__gt=since, version__lte=version, at__gt=now - TOLD_WITHIN)
    changes = list(changes.select_related("from_therapist").order_by("version", "pk"))
    if not changes or changes[-1].kind == Change.REOPENED and visit.is_cancelled:
        return None
    first = changes[0]
    return DayChange(
        visit=visit,
        was_at=first.from_starts_at or visit.starts_at,
        therapist=first.from_therapist or visit.therapist,
        last=changes[-1],
    )


def day_changes(now, hours):
    """Tell a therapist that a visit fell out, or moved, at short notice; not of what they did themselves.

    Due a few minutes later, like the client's mail: what is put right before then is told to nobody.
    """
    if "day_changed" not in hours:
        return []
    recent = AppointmentChange.objects.filter(kind__in=OPENING, at__gt=now - TOLD_WITHIN, at__lte=now)
    visits = Appointment.objects.filter(
        not_yet("appointment", Kind.DAY_CHANGED, version="version"), pk__in=recent.values("appointment")
    )
    return [
        mail(
            Kind.DAY_CHANGED,
            now=now,
            due_at=max(now, change.last.at + settings.BOOKING_MAIL_HOLD),
            needed_by=change.was_at,
            client_id=visit.client_id,
            appointment=visit,
            reader=change.therapist,
            version=visit.version,
        )
        for visit in visits.select_related("therapist").order_by("pk")
        if (change := day_change_of(visit, version=visit.version, now=now)) is not None
        and _is_short_notice(change, timedelta(hours=hours["day_changed"]))
    ]


def _is_short_notice(change: DayChange, notice: timedelta) -> bool:
    reader = change.therapist
    is_for_them = reader.is_active and reader.email and reader.pk != change.last.by_id
    return is_for_them and change.is_news and change.last.at < change.was_at <= change.last.at + notice


def why_not_day_changed(message, now) -> str:
    """Return why the therapist need not be told of a change any more, or ""."""
    if message.appointment.version != message.version:
        return "the visit has changed since"
    change = day_change_of(message.appointment, version=message.version, now=now)
    if change is None and not message.appointment.changes.filter(at__gt=now - TOLD_WITHIN).exists():
        return "too long ago: the board has shown it meanwhile"
    if change is None or not change.is_news:
        return "the visit stands as it was"
    return "that time has come" if change.was_at <= now else ""
