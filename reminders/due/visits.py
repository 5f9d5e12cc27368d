"""Mails about a visit that was booked, moved, held or cancelled."""

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from booking.models import Appointment, AppointmentChange
from reminders.due.common import ANNOUNCED, Kind, announced, mail, not_yet, promised_at
from reminders.due.series import together, told_with_others, version_of
from reminders.models import Message, ToldVisit


def told_of_visits(now):
    """Confirm what was booked, say what moved, and take back what was announced and then cancelled.

    Each is due a few minutes after the last change: whatever is corrected before then has one mail, about what stands.
    Visits of a series share one where none was told yet, and where the desk cancelled them.
    """
    standing = [visit for visit in untold(now) if visit.client.can_be_mailed]
    cancelled = [visit for visit in to_take_back(now) if visit.client.can_be_mailed]
    booked, confirmed = together([visit for visit in standing if not visit.was_announced], Kind.SERIES_BOOKED, now)
    struck, struck_alone = together([visit for visit in cancelled if visit.is_by_desk], Kind.SERIES_CANCELLED, now)
    alone = {
        Kind.BOOKING_CONFIRMATION: confirmed,
        Kind.APPOINTMENT_MOVED: [visit for visit in standing if visit.was_announced],
        Kind.APPOINTMENT_CANCELLED: [*struck_alone, *(visit for visit in cancelled if not visit.is_by_desk)],
    }
    return [
        *booked,
        *struck,
        *(
            mail(
                kind,
                now=now,
                due_at=max(now, visit.promised_at + settings.BOOKING_MAIL_HOLD),
                needed_by=visit.starts_at,
                client=visit.client,
                appointment=visit,
                version=visit.version,
            )
            for kind, visits in alone.items()
            for visit in visits
        ),
    ]


def _coming(now):
    """Visits ahead, with `promised_at`, and `was_announced`: whether their client ever heard of them."""
    own = Message.objects.filter(
        ANNOUNCED, appointment=OuterRef("pk"), kind__in=[Kind.BOOKING_CONFIRMATION, Kind.APPOINTMENT_MOVED]
    )
    rows = Appointment.objects.filter(starts_at__gt=now).prefetch_related("client")  # joined, SQLite walks every client
    return rows.annotate(
        promised_at=promised_at(), was_announced=Q(Exists(own)) | Q(told_with_others(is_cancelled=False))
    )


def untold(now):
    """Return the visits ahead that stand, and of which no mail tells as they stand."""
    return _coming(now).filter(
        not_yet("appointment", Kind.BOOKING_CONFIRMATION, Kind.APPOINTMENT_MOVED, version="version"),
        ~told_with_others(is_cancelled=False, version="version"),
        status__in=[Appointment.Status.BOOKED, Appointment.Status.CONFIRMED],
    )


def to_take_back(now):
    """Return the visits ahead that were announced and are cancelled, without a mail that says so; and `is_by_desk`."""
    by_desk = AppointmentChange.objects.filter(
        appointment=OuterRef("pk"),
        version=OuterRef("version"),
        kind=AppointmentChange.Kind.CANCELLED,
        by__isnull=False,
    )
    return (
        _coming(now)
        .annotate(is_by_desk=Exists(by_desk))
        .filter(
            not_yet("appointment", Kind.APPOINTMENT_CANCELLED, version="version"),
            ~told_with_others(is_cancelled=True, version="version"),
            was_announced=True,
            status=Appointment.Status.CANCELLED,
        )
    )


def held(now):
    """Ask newcomers to confirm the time they chose online. Times offered from the waitlist have a mail of their own."""
    rows = Appointment.objects.filter(
        not_yet("appointment", Kind.BOOKING_HELD, version="version"),
        status=Appointment.Status.HELD,
        held_until__gt=now,
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
        if visit.booked_by_id is None
        and visit.client.can_be_mailed  # asked in the query, SQLite would look there first
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


def visits_of_mail(message: Message, now) -> list[Appointment]:
    """Return the visits that a mail about several tells of, in order of time.

    Until it was handed over these are all of its series that its kind is about and nothing else tells of; none once one of
    them has changed, because another mail then tells of them all. Handed over once, it tells again of those it told of.
    """
    if Message.objects.filter(ANNOUNCED, pk=message.pk).exists():
        is_cancelled = Q(status=Appointment.Status.CANCELLED)
        rows = Appointment.objects.filter(
            is_cancelled if message.kind == Kind.SERIES_CANCELLED else ~is_cancelled,
            told_with__message=message,
            told_with__version=F("version"),
            starts_at__gt=now,
        )
    elif version_of(message.series.appointments.all()) != message.version:
        return []
    elif message.kind == Kind.SERIES_BOOKED:
        rows = untold(now).filter(series=message.series_id, was_announced=False)
    else:
        rows = to_take_back(now).filter(series=message.series_id, is_by_desk=True)
    return list(rows.select_related("therapist").order_by("starts_at", "pk"))


def remember_told(message: Message, visits: list[Appointment]) -> None:
    """Remember which visits a mail about several tells of, unless it was handed over before: then it stands already."""
    if Message.objects.filter(ANNOUNCED, pk=message.pk).exists():
        return
    message.told_visits.all().delete()
    ToldVisit.objects.bulk_create(
        ToldVisit(message=message, appointment=visit, version=visit.version, is_cancelled=visit.is_cancelled)
        for visit in visits
    )


def why_not_series(message, now) -> str:
    """Return why the client need not be told of several visits, or ""."""
    return "" if visits_of_mail(message, now) else "the visits have changed since"


def _last_told(visit) -> tuple[int, bool] | None:
    """Return (version, is_cancelled) of what the last mail told of the visit before it became what it is, or None."""
    kinds = [Kind.BOOKING_CONFIRMATION, Kind.APPOINTMENT_MOVED, Kind.APPOINTMENT_CANCELLED]
    own = visit.messages.filter(ANNOUNCED, kind__in=kinds).values_list("version", "kind")
    shared = visit.told_with.filter(announced("message__")).values_list("version", "is_cancelled")
    told = [*((version, kind == Kind.APPOINTMENT_CANCELLED) for version, kind in own), *shared]
    return max((each for each in told if each[0] != visit.version), default=None)


def _is_where_it_was_announced(visit) -> bool:
    """Say whether a visit that was moved stands at the time, and with the therapist, of which the client last heard.

    So it does when it was moved back, when the desk took a cancellation back that nobody was told of, or when it only got
    another room or length, of which mails say nothing. A move keeps what stood before it: the first one after the version
    last told holds what the client knows. A client who cancelled by link knows that, and is told when it stands again.
    """
    last = _last_told(visit)
    if last is None or last[1]:
        return False
    since = visit.changes.filter(version__gt=last[0])
    if since.filter(kind="cancelled", by=None).exists():
        return False
    moves = since.filter(from_starts_at__isnull=False).order_by("version", "pk")  # moved, or moved back
    stands = (visit.starts_at, visit.therapist_id)
    return (moves.values_list("from_starts_at", "from_therapist_id").first() or stands) == stands
