"""Mails about a visit that was booked, moved, held or cancelled."""

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from booking.models import Appointment, AppointmentChange
from reminders.due.common import ANNOUNCED, Kind, mail, not_yet
from reminders.models import Message


def told_of_visits(now):
    """Confirm what was booked, say what moved, and take back what was announced and then cancelled.

    Each is due a few minutes after the last change: whatever is corrected before then has one mail, about what stands.
    """
    coming = Appointment.objects.filter(starts_at__gt=now).prefetch_related(
        "client"
    )  # joined, SQLite walks every client
    coming = coming.annotate(promised_at=promised_at())
    bookable = Q(status__in=[Appointment.Status.BOOKED, Appointment.Status.CONFIRMED])
    announced = Message.objects.filter(
        ANNOUNCED,
        appointment=OuterRef("pk"),
        kind__in=[Kind.BOOKING_CONFIRMATION, Kind.APPOINTMENT_MOVED],
    )
    untold = not_yet("appointment", Kind.BOOKING_CONFIRMATION, Kind.APPOINTMENT_MOVED, version="version")
    told = [
        (visit, Kind.APPOINTMENT_MOVED if visit.was_announced else Kind.BOOKING_CONFIRMATION)
        for visit in coming.filter(bookable, untold).annotate(was_announced=Exists(announced))
    ]
    not_taken_back = not_yet("appointment", Kind.APPOINTMENT_CANCELLED, version="version")
    cancelled = coming.filter(Exists(announced), not_taken_back, status=Appointment.Status.CANCELLED)
    return [
        mail(
            kind,
            now=now,
            due_at=max(now, visit.promised_at + settings.BOOKING_MAIL_HOLD),
            needed_by=visit.starts_at,
            client=visit.client,
            appointment=visit,
            version=visit.version,
        )
        for visit, kind in [*told, *((visit, Kind.APPOINTMENT_CANCELLED) for visit in cancelled)]
        if visit.client.can_be_mailed
    ]


def promised_at():
    """Return when what stands was promised: the change that gave the visit its version, else the booking."""
    kinds = AppointmentChange.Kind
    raising = [kinds.MOVED, kinds.CANCELLED, kinds.REOPENED, kinds.ACCEPTED, kinds.LAPSED]
    changes = AppointmentChange.objects.filter(
        appointment=OuterRef("pk"), version=OuterRef("version"), kind__in=raising
    )
    return Coalesce(Subquery(changes.order_by("pk").values("at")[:1]), F("booked_at"))


def held(now):
    """Ask newcomers to confirm the time they chose online. Times offered from the waitlist have a mail of their own."""
    rows = Appointment.objects.filter(
        not_yet("appointment", Kind.BOOKING_HELD, version="version"),
        status=Appointment.Status.HELD,
        held_until__gt=now,
        booked_by=None,
        offer=None,
    )
    return [
        mail(
            Kind.BOOKING_HELD,
            now=now,
            needed_by=visit.held_until,
            client=visit.client,
            appointment=visit,
            version=visit.version,
        )
        for visit in rows.select_related("client")
        if visit.client.can_be_mailed
    ]


def why_not_visit(message, now) -> str:
    """Return why the client need not be told of what happened to the visit, or ""."""
    visit = message.appointment
    if visit.starts_at <= now:
        return "the visit has begun"
    if message.kind == Kind.BOOKING_HELD and (visit.status != Appointment.Status.HELD or visit.held_until <= now):
        return "the time is not held any more"
    if message.version != visit.version:
        return "the visit has changed since"
    if visit.is_cancelled != (message.kind == Kind.APPOINTMENT_CANCELLED):
        return "the visit is cancelled" if visit.is_cancelled else "the visit stands again"
    if message.kind == Kind.APPOINTMENT_MOVED and _is_where_it_was_announced(visit):
        return "the client knows this time already"
    return ""


def _is_where_it_was_announced(visit) -> bool:
    """Say whether a visit that was moved stands at the time, and with the therapist, of which the client last heard.

    So it does when it was moved back, when the desk took a cancellation back that nobody was told of, or when it only got
    another room or length, of which mails say nothing. A move keeps what stood before it: the first one after the version
    last told holds what the client knows. A client who cancelled by link knows that, and is told when it stands again.
    """
    kinds = [Kind.BOOKING_CONFIRMATION, Kind.APPOINTMENT_MOVED, Kind.APPOINTMENT_CANCELLED]
    told = visit.messages.filter(ANNOUNCED, kind__in=kinds).exclude(version=visit.version)
    last = told.order_by("-version", "-pk").first()
    if last is None or last.kind == Kind.APPOINTMENT_CANCELLED:
        return False
    since = visit.changes.filter(version__gt=last.version)
    if since.filter(kind="cancelled", by=None).exists():
        return False
    moves = since.filter(from_starts_at__isnull=False).order_by("version", "pk")  # moved, or moved back
    stands = (visit.starts_at, visit.therapist_id)
    return (moves.values_list("from_starts_at", "from_therapist_id").first() or stands) == stands
