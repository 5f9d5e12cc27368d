"""What is due stands in the rows of other rooms; here it becomes messages and check-ins. Nothing is scheduled."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat

from booking.models import Appointment, AppointmentChange, BookingInvitation, WaitlistOffer
from clients.care import alerts_for_everybody
from clients.models import Client, Intake, Task
from clients.todo import raise_task
from practice.models import Practice, User
from referrals.models import Report
from referrals.reports import may_be_read
from reminders.models import CheckIn, Message, ReminderRule
from sessions.models import TreatmentSession

CHECK_IN_HOURS = 24
# A visit longer ago gets no check-in any more: after an outage, a restore or a late signature nobody is asked about it.
CHECK_IN_WINDOW = timedelta(days=7)
# A report sent longer ago, to somebody without e-mail, is not mailed when an address is entered at last.
REPORT_WINDOW = timedelta(days=7)
# Whoever asked for a link to book longer ago, while no mail left, has called meanwhile.
INVITATION_WINDOW = timedelta(days=1)
CHASE_EVERY = timedelta(hours=24)
CALL_SUBJECT = "check-in "
Kind = Message.Kind
# Perhaps sent counts as sent, and so does sent before and about to be sent again.
ANNOUNCED = Q(state=Message.State.SENT) | Q(handoffs__gt=0) | Q(sent_at__isnull=False)


def derive_due(now: datetime) -> int:
    """Insert every message and check-in that the rows call for and that is not there yet; returns how many.

    Safe to run twice and by two workers at once: what is unique in the database cannot be made again.
    """
    made = _insert(CheckIn, _check_ins(now))
    _ask_for_calls(now)
    return made + _insert(
        Message,
        [
            *_intakes(now),
            *_appointments(now),
            *_held(now),
            *_invitations(now),
            *_offers(now),
            *_check_in_mails(now),
            *_reports(now),
            *_alerts(),
            *_unsigned(now),
        ],
    )


def _insert(model, rows: list) -> int:
    """Insert the rows that nobody else has inserted meanwhile; returns how many came to be."""
    if not rows:
        return 0
    with transaction.atomic():
        before = model.objects.count()
        model.objects.bulk_create(rows, ignore_conflicts=True)
        return model.objects.count() - before


def _not_yet(subject: str, *kinds: str, version: str | None = None) -> Q:
    """Rows for which no message of these kinds (and of the version in the row's own column) exists."""
    messages = Message.objects.filter(**{subject: OuterRef("pk")}, kind__in=kinds)
    if version:
        messages = messages.filter(version=OuterRef(version))
    return Q(~Exists(messages))


def _intakes(now):
    rows = Intake.objects.open().filter(_not_yet("intake", Kind.INTAKE_LINK, version="mail_version"), wants_mail=True)
    return [
        Message(
            kind=Kind.INTAKE_LINK,
            client=intake.client,
            intake=intake,
            version=intake.mail_version,
            due_at=now,
            created_at=now,
        )
        for intake in rows.select_related("client")
        if intake.client.can_be_mailed
    ]


def _appointments(now):
    """Confirm what was booked, say what moved, and take back what was announced and then cancelled.

    Each is due a few minutes after the last change: whatever is corrected before then has one mail, about what stands.
    """
    coming = Appointment.objects.filter(starts_at__gt=now).prefetch_related(
        "client"
    )  # joined, SQLite walks every client
    coming = coming.annotate(promised_at=_promised_at())
    bookable = Q(status__in=[Appointment.Status.BOOKED, Appointment.Status.CONFIRMED])
    announced = Message.objects.filter(
        ANNOUNCED,
        appointment=OuterRef("pk"),
        kind__in=[Kind.BOOKING_CONFIRMATION, Kind.APPOINTMENT_MOVED],
    )
    untold = _not_yet("appointment", Kind.BOOKING_CONFIRMATION, Kind.APPOINTMENT_MOVED, version="version")
    told = [
        (visit, Kind.APPOINTMENT_MOVED if visit.was_announced else Kind.BOOKING_CONFIRMATION)
        for visit in coming.filter(bookable, untold).annotate(was_announced=Exists(announced))
    ]
    not_taken_back = _not_yet("appointment", Kind.APPOINTMENT_CANCELLED, version="version")
    cancelled = coming.filter(Exists(announced), not_taken_back, status=Appointment.Status.CANCELLED)
    return [
        Message(
            kind=kind,
            client=visit.client,
            appointment=visit,
            version=visit.version,
            due_at=max(now, visit.promised_at + settings.BOOKING_MAIL_HOLD),
            created_at=now,
        )
        for visit, kind in [*told, *((visit, Kind.APPOINTMENT_CANCELLED) for visit in cancelled)]
        if visit.client.can_be_mailed
    ]


def _promised_at():
    """Return when what stands was promised: the change that gave the visit its version, else the booking."""
    kinds = AppointmentChange.Kind
    raising = [kinds.MOVED, kinds.CANCELLED, kinds.REOPENED, kinds.ACCEPTED, kinds.LAPSED]
    changes = AppointmentChange.objects.filter(
        appointment=OuterRef("pk"), version=OuterRef("version"), kind__in=raising
    )
    return Coalesce(Subquery(changes.order_by("pk").values("at")[:1]), F("booked_at"))


def _held(now):
    """Ask newcomers to confirm the time they chose online. Times offered from the waitlist have a mail of their own."""
    held = Appointment.objects.filter(
        _not_yet("appointment", Kind.BOOKING_HELD, version="version"),
        status=Appointment.Status.HELD,
        held_until__gt=now,
        booked_by=None,
        offer=None,
    )
    return [
        Message(
            kind=Kind.BOOKING_HELD,
            client=visit.client,
            appointment=visit,
            version=visit.version,
            due_at=now,
            created_at=now,
        )
        for visit in held.select_related("client")
        if visit.client.can_be_mailed
    ]


def _invitations(now):
    rows = BookingInvitation.objects.filter(
        _not_yet("invitation", Kind.BOOKING_LINK), asked_at__gt=now - INVITATION_WINDOW
    ).select_related("client")
    return [
        Message(kind=Kind.BOOKING_LINK, client=row.client, invitation=row, due_at=now, created_at=now)
        for row in rows
        if row.client.can_be_mailed
    ]


def _offers(now):
    """Tell people on the waitlist of the time that is held for them."""
    offers = WaitlistOffer.objects.open().filter(_not_yet("offer", Kind.WAITLIST_OFFER), expires_at__gt=now)
    return [
        Message(kind=Kind.WAITLIST_OFFER, client=offer.entry.client, offer=offer, due_at=now, created_at=now)
        for offer in offers.select_related("entry__client")
        if offer.entry.client.can_be_mailed
    ]


def check_in_hours() -> int | None:
    """Return after how many hours a signed session is followed up, or None if the owner switched it off."""
    rule = ReminderRule.objects.filter(kind=Kind.CHECK_IN).first()
    if rule is None:
        return CHECK_IN_HOURS
    return rule.offset_hours if rule.is_active else None


def _check_ins(now) -> list[CheckIn]:
    """Follow up each visit a number of hours after it; one signed later than that, as soon as it is signed."""
    hours = check_in_hours()
    if hours is None:
        return []
    # A visit is followed up once, even if its chart was entered in error after the client was asked and charted anew.
    asked = Q(answered_at__isnull=False) | Q(messages__handoffs__gt=0)
    same_visit = CheckIn.objects.filter(session__appointment=OuterRef("appointment"))
    sessions = TreatmentSession.objects.signed().filter(
        ~Exists(CheckIn.objects.filter(session=OuterRef("pk"))),
        ~Exists(same_visit.filter(asked)),
        appointment__starts_at__gt=now - CHECK_IN_WINDOW,
        signed_at__lte=now,
    )
    return [
        CheckIn(session=session, client_id=session.client_id, due_at=_follow_up_at(session, hours))
        for session in sessions.select_related("appointment")
    ]


def _follow_up_at(session: TreatmentSession, hours: int) -> datetime:
    visit = min(session.appointment.starts_at, session.signed_at)  # whoever came early was treated early
    return max(session.signed_at, visit + timedelta(hours=hours))


def _due_check_ins(now):
    return CheckIn.objects.filter(
        _not_yet("check_in", Kind.CHECK_IN),
        session__entered_in_error_at__isnull=True,
        answered_at__isnull=True,
        due_at__lte=now,
        due_at__gt=now - CHECK_IN_WINDOW,
    ).select_related("client")


def _check_in_mails(now):
    return [
        Message(kind=Kind.CHECK_IN, client_id=row.client_id, check_in=row, due_at=row.due_at, created_at=now)
        for row in _due_check_ins(now)
        if row.client.can_be_mailed
    ]


def _ask_for_calls(now) -> None:
    """Put clients without e-mail whose check-in is due onto the call list."""
    subject = Concat(Value(CALL_SUBJECT), Cast(OuterRef("pk"), CharField()))
    unmailed = Q(client__email="") | Q(client__wants_no_mail=True)
    asked = Task.objects.filter(kind=Task.Kind.CALL_CLIENT, subject=subject)
    for check_in in _due_check_ins(now).filter(unmailed, ~Exists(asked)):
        with transaction.atomic():
            raise_task(
                kind=Task.Kind.CALL_CLIENT,
                client=check_in.client,
                subject=f"{CALL_SUBJECT}{check_in.pk}",
                for_role="front_desk",
                at=now,
            )


def _reports(now):
    rows = Report.objects.filter(_not_yet("report", Kind.REPORT_READY), sent_at__gt=now - REPORT_WINDOW).exclude(
        referral__referrer__email=""
    )
    return [
        Message(kind=Kind.REPORT_READY, client_id=row.client_id, report=row, due_at=row.sent_at, created_at=row.sent_at)
        for row in rows
    ]


def _alerts():
    alerts = Task.objects.open().filter(
        _not_yet("task", Kind.THERAPIST_ALERT),
        kind__in=[Task.Kind.SCREENING_ALERT, Task.Kind.CHECK_IN_ALERT, Task.Kind.ADVERSE_EVENT],
        for_role__in=["therapist", "owner"],
    )
    return [
        Message(
            kind=Kind.THERAPIST_ALERT,
            client_id=row.client_id,
            task=row,
            reader=reader,
            due_at=row.due_at,
            created_at=row.created_at,
        )
        for row in alerts
        for reader in _readers(row)
    ]


def _unsigned(now):
    """Remind each therapist once a day of the oldest chart that waits for their signature, until none does."""
    told = Message.objects.filter(
        kind=Kind.UNSIGNED_NOTES, reader=OuterRef("therapist"), created_at__gt=now - CHASE_EVERY
    )
    drafts = TreatmentSession.objects.overdue(now).filter(~Exists(told), therapist__is_active=True)
    rows = drafts.exclude(therapist__email="").order_by("-appointment__ends_at", "-pk")
    oldest = {row.therapist_id: row for row in rows}
    return [
        Message(
            kind=Kind.UNSIGNED_NOTES,
            client_id=row.client_id,
            session=row,
            reader_id=row.therapist_id,
            version=now.toordinal(),
            due_at=now,
            created_at=now,
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


def why_not(message: Message, now: datetime) -> str:
    """Return why a message is not needed any more, or "" while it is. Asked again just before it leaves."""
    if message.intake_id and (message.intake.is_submitted or message.version != message.intake.mail_version):
        return "the questions are answered" if message.intake.is_submitted else "a newer link was asked for"
    if message.appointment_id:
        return _why_not_visit(message, now)
    if message.invitation_id and not Practice.objects.current().is_online_booking_open:
        return "online booking is closed"
    if message.offer_id:
        return _why_not_offer(message.offer, now)
    if message.check_in_id and message.check_in.is_answered:
        return "already answered"
    if message.check_in_id and message.check_in.session.is_in_error:
        return "the visit's chart was entered in error"
    if message.report_id and not may_be_read(message.report):
        return "the client has taken the agreement back"
    if message.session_id:
        return _why_not_author(message, now)
    if message.task_id and message.task.done_at:
        return "already looked at"
    if message.task_id and message.task.for_role == "owner":
        return ""
    if message.task_id and message.reader_id and not alerts_for_everybody().filter(pk=message.task_id).exists():
        return (
            "" if Client.objects.in_care_of([message.reader_id]).filter(pk=message.client_id) else "a colleague has it"
        )
    return ""


def _why_not_author(message, now) -> str:
    if not TreatmentSession.objects.overdue(now).filter(therapist=message.reader_id).exists():
        return "everything is signed"
    newer = Message.objects.filter(kind=message.kind, reader=message.reader_id, version__gt=message.version)
    return "a newer one says the same" if newer.exists() else ""


def _why_not_offer(offer, now) -> str:
    if offer.answer:
        return f"the offer is closed: {offer.get_answer_display().lower()}"
    return "the time is held no longer" if offer.expires_at <= now else ""


def _why_not_visit(message, now) -> str:
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
