"""Asking how somebody is after a visit: a first time, a second time, and once more if nobody answered."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from booking.models import Appointment
from clients.models import Client, Task, among
from clients.todo import raise_task
from practice.models import Practice
from reminders.due.common import Kind, mail, not_yet
from reminders.models import CheckIn, Message
from reminders.rules import Topic, wants
from reminders.timing import Quiet, follow_up_at, hours_after
from sessions.models import TreatmentSession

# A visit longer ago gets no check-in any more: after an outage, a restore or a late signature nobody is asked about it.
CHECK_IN_WINDOW = timedelta(days=7)
CLOCKS_CHANGE = timedelta(hours=2)
CALL_SUBJECT = "check-in "
STEPS = {CheckIn.Step.FIRST: "check_in", CheckIn.Step.SECOND: "second_check_in"}


def check_ins(now: datetime, hours: dict[str, int], practice: Practice) -> list[CheckIn]:
    """Follow up each visit some hours after it, once its chart is signed; one signed later, as soon as it is signed."""
    quiet = Quiet.of(practice)
    return [
        CheckIn(session=session, step=step, client_id=session.client_id, due_at=_due_at(session, hours[rule], quiet))
        for step, rule in STEPS.items()
        if rule in hours
        for session in _sessions(step, now)
    ]


def _sessions(step: int, now: datetime):
    """Signed sessions not yet followed up by this step.

    A visit is asked about once, even if its chart was entered in error after the client was asked, and charted anew.
    """
    asked = Q(answered_at__isnull=False) | Q(messages__handoffs__gt=0)
    same_visit = CheckIn.objects.filter(session__appointment=OuterRef("appointment"), step=step)
    return (
        TreatmentSession.objects.signed()
        .filter(
            ~Exists(CheckIn.objects.filter(session=OuterRef("pk"), step=step)),
            ~Exists(same_visit.filter(asked)),
            appointment__starts_at__gt=now - CHECK_IN_WINDOW,
            signed_at__lte=now,
        )
        .select_related("appointment")
    )


def _due_at(session: TreatmentSession, hours: int, quiet: Quiet) -> datetime:
    visit = min(session.appointment.starts_at, session.signed_at)  # whoever came early was treated early
    return max(session.signed_at, follow_up_at(visit, hours, quiet))


def _due(now):
    rows = CheckIn.objects.filter(
        not_yet("check_in", Kind.CHECK_IN),
        session__entered_in_error_at__isnull=True,
        answered_at__isnull=True,
        due_at__lte=now,
        due_at__gt=now - CHECK_IN_WINDOW,
    )
    return rows.select_related("client")


def check_in_mails(now):
    """Ask how they are those whose check-in is due."""
    rows = _due(now).filter(among(Client.objects.mailable()), wants("client_id", Topic.FOLLOW_UP))
    return [
        mail(
            Kind.CHECK_IN,
            now=now,
            due_at=row.due_at,
            needed_by=row.due_at + CHECK_IN_WINDOW,
            client_id=row.client_id,
            check_in=row,
        )
        for row in rows
    ]


def nudges(now, hours, practice):
    """Ask once more whoever did not answer, unless a newer check-in asks the same; once per session."""
    if "check_in_nudge" not in hours:
        return []
    after, zone = hours["check_in_nudge"], ZoneInfo(practice.time_zone)
    asked = Message.objects.filter(check_in=OuterRef("pk"), kind=Kind.CHECK_IN, state=Message.State.SENT)
    of_session = Message.objects.filter(check_in__session=OuterRef("session"))
    rows = CheckIn.objects.filter(
        ~Exists(of_session.filter(kind=Kind.CHECK_IN_NUDGE)),
        ~Exists(CheckIn.objects.filter(session=OuterRef("session"), answered_at__isnull=False)),
        ~Exists(CheckIn.objects.filter(session=OuterRef("session"), step__gt=OuterRef("step"), due_at__lte=now)),
        among(Client.objects.mailable()),
        wants("client_id", Topic.FOLLOW_UP),
        # not joined: SQLite would begin with every mail ever sent
        Exists(asked.filter(sent_at__lte=now - timedelta(hours=after) + CLOCKS_CHANGE)),
        session__entered_in_error_at__isnull=True,
        due_at__gt=now - CHECK_IN_WINDOW,
    )
    rows = rows.annotate(asked_at=asked.values("sent_at")[:1])
    return [
        mail(
            Kind.CHECK_IN_NUDGE,
            now=now,
            needed_by=row.due_at + CHECK_IN_WINDOW,
            client_id=row.client_id,
            check_in=row,
        )
        for row in rows
        if hours_after(row.asked_at, after, zone) <= now
    ]


def ask_for_calls(now) -> None:
    """Put clients without e-mail whose first check-in is due onto the call list."""
    subject = Concat(Value(CALL_SUBJECT), Cast(OuterRef("pk"), CharField()))
    asked = Task.objects.filter(kind=Task.Kind.CALL_CLIENT, subject=subject)
    unmailed = _due(now).filter(~Exists(asked), ~among(Client.objects.mailable()), step=CheckIn.Step.FIRST)
    for check_in in unmailed:
        with transaction.atomic():
            raise_task(
                kind=Task.Kind.CALL_CLIENT,
                client=check_in.client,
                subject=f"{CALL_SUBJECT}{check_in.pk}",
                for_role="front_desk",
                at=now,
            )


def why_not_check_in(message, now) -> str:
    """Return why a check-in need not be asked any more, or ""."""
    check_in = message.check_in
    if check_in.session.is_in_error:
        return "the visit's chart was entered in error"
    answered = CheckIn.objects.filter(session=check_in.session_id, answered_at__isnull=False)
    if check_in.is_answered or (message.kind == Kind.CHECK_IN_NUDGE and answered.exists()):
        return "already answered"
    later = CheckIn.objects.filter(session=check_in.session_id, step__gt=check_in.step, due_at__lte=now)
    if later.exists():
        return "a newer one asks the same"
    if check_in.step == CheckIn.Step.SECOND and _came_again(check_in, now):
        return "the client has come again since"
    return ""


def _came_again(check_in: CheckIn, now: datetime) -> bool:
    visits = Appointment.objects.live().exclude(status=Appointment.Status.NO_SHOW)
    since = F("client__check_ins__session__appointment__starts_at")
    return visits.filter(
        client=check_in.client_id, client__check_ins=check_in.pk, starts_at__gt=since, starts_at__lte=now
    ).exists()
