"""Mails nobody asked for and most are glad of: a visit comes near, questions are open, it is time to come again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, Exists, OuterRef, Q, Subquery, When

from booking.models import Appointment, AppointmentChange
from clients.gate import GO, gates_for
from clients.models import Client, Intake, Task, among
from clients.todo import raise_task, settle_tasks
from practice.models import Practice
from protocols.models import TreatmentPlan
from protocols.plans import current_phase, visits_done
from reminders.due.common import Kind, mail, not_yet
from reminders.due.visits import promised_at
from reminders.models import Message
from reminders.rules import Topic, choices_of, wants
from reminders.timing import TOO_LATE, Quiet, follow_up_at, reminder_at
from sessions.measures import measures_of
from sessions.models import TreatmentSession

Status = Appointment.Status
SLACK = timedelta(hours=26)  # a reminder may be brought forward out of quiet hours, and clocks may change
JUST_TOLD = timedelta(hours=1)  # a reminder right after the word of the booking, or before it, says the same
# What came due longer ago is left alone: after an outage, or where a rule is switched on, nobody hears of old things.
WINDOW = timedelta(days=7)
FIRST_MAIL_RESTS = timedelta(days=1)  # questions are not asked twice within a day
HOME_EVERY = timedelta(days=7)
TRIES = 2  # invitations to come again, before the desk is asked to call
TWO_APART = timedelta(hours=12)  # two reminders of one visit
UNDER_WAY = [Message.State.DUE, Message.State.CLAIMED, Message.State.HANDOFF]
REMINDER_CALL, RECALL_CALL = "reminder ", "recall "


# --- a visit comes near


def reminder_moments(
    starts_at: datetime, hours: dict[str, int], quiet: Quiet
) -> tuple[datetime | None, datetime | None]:
    """Return when a visit's first and second reminder are due by the rules; None for one that never goes.

    Where both would come at the same time, or the second before the first, only the second goes.
    """
    first, second = (
        reminder_at(starts_at, hours[rule], quiet) if rule in hours else None
        for rule in ("first_reminder", "second_reminder")
    )
    return (None if first and second and second <= first else first), second


def visit_reminders(now, hours, practice):
    """Remind clients of visits that come near: a first time, and a second time unless they have confirmed.

    Not of a visit that was booked, or moved to where it stands, after the reminder's own moment or just before it.
    """
    quiet = Quiet.of(practice)
    rows = _coming(now, hours).filter(among(Client.objects.mailable()), wants("client_id", Topic.REMINDERS))
    return [
        mail(
            kind,
            now=now,
            due_at=due_at,
            needed_by=visit.starts_at,
            client_id=visit.client_id,
            appointment=visit,
            version=visit.version,
        )
        for visit in rows.filter(not_yet("appointment", Kind.SECOND_REMINDER, version="version"))
        for kind, due_at in _reminder_due(visit, now, hours, quiet)
    ]


def _coming(now, hours):
    """Visits near enough for a reminder, with `promised_at` and `reminded_at`; none of which the client hears at this hour."""
    farthest = max((hours.get(rule, 0) for rule in ("first_reminder", "second_reminder")), default=0)
    of_version = Message.objects.filter(appointment=OuterRef("pk"), version=OuterRef("version"))
    on_its_way = Q(state__in=UNDER_WAY) | Q(sent_at__gt=now - JUST_TOLD)
    word = of_version.filter(on_its_way, kind__in=[Kind.BOOKING_CONFIRMATION, Kind.APPOINTMENT_MOVED])
    reminded = of_version.filter(kind=Kind.FIRST_REMINDER)
    return Appointment.objects.filter(
        ~Exists(word),
        status__in=[Status.BOOKED, Status.CONFIRMED],
        starts_at__gt=now,
        starts_at__lte=now + timedelta(hours=farthest) + SLACK,
    ).annotate(promised_at=promised_at(), reminded_at=Subquery(reminded.values("created_at")[:1]))


def _reminder_due(visit, now, hours, quiet) -> Iterator[tuple[str, datetime]]:
    """Yield the reminder of the visit that is due now: the newest only, and only once."""
    first, second = reminder_moments(visit.starts_at, hours, quiet)
    if second and second <= now:
        # An owner who brings the second one forward does not send it on the heels of the first.
        apart = min(TWO_APART, second - first) if first else TWO_APART
        if visit.reminded_at and now < visit.reminded_at + apart:
            return
        if visit.promised_at + JUST_TOLD <= second and visit.status != Status.CONFIRMED:
            yield Kind.SECOND_REMINDER, second
    elif first and first <= now and visit.promised_at + JUST_TOLD <= first and visit.reminded_at is None:
        yield Kind.FIRST_REMINDER, first


def ask_for_reminder_calls(now, hours, practice) -> None:
    """Put clients who get no mail onto the call list when their second reminder is due, else their first.

    A call about a visit that has begun, or has changed since, is not asked for any more.
    """
    _settle_reminder_calls(now)
    quiet = Quiet.of(practice)
    for visit in _coming(now, hours).filter(~among(Client.objects.mailable()), status=Status.BOOKED):
        first, second = reminder_moments(visit.starts_at, hours, quiet)
        moment = second or first
        if moment and visit.promised_at + JUST_TOLD <= moment <= now:
            raise_task(
                kind=Task.Kind.CALL_CLIENT,
                client=visit.client,
                subject=f"{REMINDER_CALL}{visit.pk}.{visit.version}",
                for_role="front_desk",
                at=now,
            )


def _settle_reminder_calls(now) -> None:
    calls = Task.objects.open().filter(kind=Task.Kind.CALL_CLIENT, subject__startswith=REMINDER_CALL)
    subjects = {task.subject.removeprefix(REMINDER_CALL): task.subject for task in calls}
    if not subjects:
        return
    visits = Appointment.objects.filter(
        pk__in=[key.partition(".")[0] for key in subjects], status=Status.BOOKED, starts_at__gt=now
    )
    standing = {f"{visit.pk}.{visit.version}" for visit in visits}
    for key in subjects.keys() - standing:
        settle_tasks(kind=Task.Kind.CALL_CLIENT, subject=subjects[key], at=now, outcome="The visit began or changed.")


def why_not_reminder(message, now) -> str:
    """Return why a visit need not be reminded of any more, or ""."""
    visit = message.appointment
    if visit.is_cancelled:
        return "the visit is cancelled"
    if visit.starts_at <= now:
        return "the visit has begun"
    if message.version != visit.version:
        return "the visit has changed since"
    if visit.status not in (Status.BOOKED, Status.CONFIRMED):
        return "the client is here already"
    if message.kind == Kind.SECOND_REMINDER:
        return "the client has confirmed" if visit.status == Status.CONFIRMED else ""
    newer = visit.messages.filter(kind=Kind.SECOND_REMINDER, version=visit.version)
    return "a later reminder says the same" if newer.exists() else ""


# --- questions are open


def intake_reminders(now, hours, practice):
    """Ask once more whoever has not answered: some hours before the visit, or after the first mail if nothing is booked."""
    if "intake_reminder" not in hours:
        return []
    sent = Message.objects.filter(
        intake=OuterRef("pk"), kind=Kind.INTAKE_LINK, version=OuterRef("mail_version"), state=Message.State.SENT
    )
    latest = now - timedelta(hours=hours["intake_reminder"]) - WINDOW
    coming = Appointment.objects.filter(client=OuterRef("client")).upcoming(now)
    rows = Intake.objects.open().filter(
        Exists(sent.filter(sent_at__lte=now - FIRST_MAIL_RESTS)),
        Exists(sent.filter(sent_at__gt=latest)) | Exists(coming),
        not_yet("intake", Kind.INTAKE_REMINDER, version="mail_version"),
        among(Client.objects.mailable()),
        wants("client_id", Topic.REMINDERS),
        wants_mail=True,
    )
    rows = rows.annotate(asked_at=sent.values("sent_at")[:1])
    starts = _next_starts([row.client_id for row in rows], now)
    return [
        mail(
            Kind.INTAKE_REMINDER,
            now=now,
            due_at=due_at,
            needed_by=starts.get(row.client_id),
            client_id=row.client_id,
            intake=row,
            version=row.mail_version,
        )
        for row in rows
        if (due_at := _ask_again_at(row.asked_at, starts.get(row.client_id), hours["intake_reminder"], practice)) <= now
    ]


def _ask_again_at(asked_at: datetime, starts_at: datetime | None, hours: int, practice: Practice) -> datetime:
    quiet = Quiet.of(practice)
    if starts_at is None:
        return follow_up_at(asked_at, hours, quiet)
    return max(reminder_at(starts_at, hours, quiet), asked_at + FIRST_MAIL_RESTS)


def _next_starts(client_ids, now) -> dict[int, datetime]:
    rows = Appointment.objects.upcoming(now).filter(client__in=client_ids).order_by("-starts_at", "-pk")
    return dict(rows.values_list("client_id", "starts_at"))


def why_not_intake_reminder(message, now) -> str:
    """Return why the questions need not be asked once more, or ""."""
    if message.intake.is_submitted:
        return "the questions are answered"
    if message.version != message.intake.mail_version:
        return "a newer link was asked for"
    starts_at = _next_starts([message.client_id], now).get(message.client_id)
    return "the visit is about to begin" if starts_at and starts_at - TOO_LATE < now else ""


# --- somebody did not come, or has not come for long


def no_shows(now, hours, practice):
    """Write to whoever did not come, unless they came later, something else is booked, or they may not book by themselves."""
    if "no_show" not in hours:
        return []
    quiet = Quiet.of(practice)
    later = Appointment.objects.filter(client=OuterRef("client"), starts_at__gt=OuterRef("starts_at"))
    marked = AppointmentChange.objects.filter(appointment=OuterRef("pk"), kind=AppointmentChange.Kind.NO_SHOW)
    rows = Appointment.objects.filter(
        ~Exists(later.occupying(now)),
        not_yet("appointment", Kind.NO_SHOW, version="version"),
        among(Client.objects.mailable()),
        wants("client_id", Topic.REMINDERS),
        status=Status.NO_SHOW,
        starts_at__gt=now - timedelta(hours=hours["no_show"]) - WINDOW,
        starts_at__lte=now,
    ).annotate(marked_at=Subquery(marked.order_by("-pk").values("at")[:1]))
    gates = gates_for({visit.client_id for visit in rows})
    return [
        mail(
            Kind.NO_SHOW,
            now=now,
            # marked late it would leave at once, before a slip of the finger can be taken back
            due_at=max(due_at, (visit.marked_at or due_at) + settings.BOOKING_MAIL_HOLD),
            client_id=visit.client_id,
            appointment=visit,
            version=visit.version,
        )
        for visit in rows
        if now - WINDOW < (due_at := follow_up_at(visit.starts_at, hours["no_show"], quiet)) <= now
        and gates[visit.client_id].is_bookable
    ]


def why_not_no_show(message, now) -> str:
    """Return why somebody need not be written to about a visit they missed, or ""."""
    if message.appointment.status != Status.NO_SHOW:
        return "the client came after all"
    if not gates_for([message.client_id])[message.client_id].is_bookable:
        return "a therapist speaks with them first"
    return _booked_again(message, now, since=message.appointment.starts_at)


def _booked_again(message, now, *, since: datetime) -> str:
    """Return that the client has something booked after the visit at `since`, or came after it, or ""."""
    later = Appointment.objects.filter(client=message.client_id, starts_at__gt=since).occupying(now)
    later = later.exclude(status=Status.NO_SHOW)
    if later.filter(starts_at__gt=now).exists():
        return "something else is booked"
    return "the client has come again since" if later.exists() else ""


def _lapsed(now, hours: int, number: int, quiet: Quiet) -> list[Appointment]:
    """Visits that took place `number` times `hours` ago, after which the client has not come, and nothing is booked.

    Each with `due_at`, and `was_invited`. Whose course was closed has finished; whom a therapist must speak to first is not
    invited, nor is who was invited within WINDOW, by the hours the rule had then.
    """
    later = Appointment.objects.filter(client=OuterRef("client"), starts_at__gt=OuterRef("starts_at"))
    closed = TreatmentPlan.objects.filter(client=OuterRef("client"), closed_at__gte=OuterRef("starts_at"))
    invited = Message.objects.filter(appointment=OuterRef("pk"), kind=Kind.RECALL)
    told = Q(Exists(invited.filter(version=number))) | Q(Exists(invited.filter(created_at__gt=now - WINDOW)))
    since = timedelta(hours=hours * number)
    rows = (
        Appointment.objects.with_chart()
        .filter(
            Q(status=Status.ARRIVED) | Q(charted__isnull=False),
            ~Exists(later.occupying(now).exclude(status=Status.NO_SHOW)),
            ~Exists(closed),
            ~told,
            starts_at__gt=now - since - WINDOW,
            starts_at__lte=now - since + timedelta(days=1),
        )
        .annotate(was_invited=Exists(invited))
    )
    found = []
    for visit in rows.select_related("client"):
        visit.due_at = follow_up_at(visit.starts_at, hours * number, quiet)
        if now - WINDOW < visit.due_at <= now:
            found.append(visit)
    gates = gates_for({visit.client_id for visit in found})
    return [visit for visit in found if gates[visit.client_id].state == GO]


def recalls(now, hours, practice):
    """Invite whoever has not come for long and has nothing booked; TRIES times, each the rule's hours after the one before."""
    if "recall" not in hours:
        return []
    quiet = Quiet.of(practice)
    return [
        mail(
            Kind.RECALL,
            now=now,
            due_at=visit.due_at,
            client_id=visit.client_id,
            appointment=visit,
            version=number,
        )
        for number in range(1, TRIES + 1)
        for visit in _lapsed(now, hours["recall"], number, quiet)
        if visit.client.can_be_mailed and choices_of(visit.client)[Topic.RECALL]
    ]


def ask_for_recall_calls(now, hours, practice) -> None:
    """Ask the desk to call whoever was invited TRIES times and did not come, and at the first time who gets no mail."""
    if "recall" not in hours:
        return
    quiet = Quiet.of(practice)
    unmailed = [visit for visit in _lapsed(now, hours["recall"], 1, quiet) if not visit.client.can_be_mailed]
    silent = [visit for visit in _lapsed(now, hours["recall"], TRIES + 1, quiet) if visit.was_invited]
    for visit in [*unmailed, *silent]:
        if choices_of(visit.client)[Topic.RECALL]:
            raise_task(
                kind=Task.Kind.CALL_CLIENT,
                client=visit.client,
                subject=f"{RECALL_CALL}{visit.pk}",
                for_role="front_desk",
                at=now,
            )


def why_not_recall(message, now) -> str:
    """Return why somebody need not be invited any more, or ""."""
    since = message.appointment.starts_at
    if booked := _booked_again(message, now, since=since):
        return booked
    if message.client.treatment_plans.filter(closed_at__gte=since).exists():
        return "the course was closed"
    return "" if gates_for([message.client_id])[message.client_id].state == GO else "a therapist speaks with them first"


# --- during a plan


def _due_sessions(kind: str, topic: str, now: datetime, hours: int, quiet: Quiet) -> list[TreatmentSession]:
    """The newest session of each plan under way, if the rule's hours after it are over and no mail of `kind` was made of it.

    Each with `due_at`, which lies within WINDOW, `was_told_lately`, and `is_booked`: a visit after it stands, or took
    place. Whom a therapist must speak to first gets none.
    """
    of_plan = Message.objects.filter(plan=OuterRef("plan"), kind=kind)
    later = Appointment.objects.filter(client=OuterRef("client"), starts_at__gt=OuterRef("appointment__starts_at"))
    sessions = TreatmentSession.objects.standing().filter(
        plan__isnull=False,
        plan__closed_at__isnull=True,
        appointment__starts_at__gt=now - timedelta(hours=hours) - WINDOW,
        appointment__starts_at__lte=now,
    )
    sessions = sessions.annotate(
        is_told=Exists(of_plan.filter(version=OuterRef("pk"))),
        was_told_lately=Exists(of_plan.filter(created_at__gt=now - HOME_EVERY)),
        is_booked=Exists(later.occupying(now)),
        is_wanted=Case(When(among(Client.objects.mailable()) & wants("client_id", topic), then=True), default=False),
    ).select_related("appointment", "plan__client", "plan__protocol")
    newest = {session.plan_id: session for session in sessions.order_by("appointment__starts_at", "pk")}
    found = []
    for session in newest.values():
        session.due_at = follow_up_at(session.appointment.starts_at, hours, quiet)
        if session.is_wanted and not session.is_told and now - WINDOW < session.due_at <= now:
            found.append(session)
    gates = gates_for({session.client_id for session in found})
    return [session for session in found if gates[session.client_id].state == GO]


def home_programmes(now, hours, practice):
    """Send what the plan asks of the client at home, some hours after a signed visit; once in HOME_EVERY at most."""
    if "home_programme" not in hours:
        return []
    due = _due_sessions(Kind.HOME_PROGRAMME, Topic.FOLLOW_UP, now, hours["home_programme"], Quiet.of(practice))
    return [
        mail(
            Kind.HOME_PROGRAMME,
            now=now,
            due_at=session.due_at,
            client_id=session.client_id,
            plan=session.plan,
            version=session.pk,
        )
        for session in due
        if session.is_signed and not session.was_told_lately and _asks_something(session.plan)
    ]


def _asks_something(plan: TreatmentPlan) -> bool:
    phase = current_phase(plan, max(1, visits_done(plan)))
    return phase is not None and phase.exercises.exists()


def why_not_home_programme(message, now) -> str:
    """Return why a home programme need not be sent any more, or ""."""
    if not message.plan.is_open:
        return "the plan is closed"
    session = TreatmentSession.objects.filter(pk=message.version).first()
    if session is None or session.is_in_error:
        return "the visit's chart was entered in error"
    if gates_for([message.client_id])[message.client_id].state != GO:
        return "a therapist speaks with them first"
    return "" if _asks_something(message.plan) else "the plan asks nothing of them at home"


def reassessments(now, hours, practice):
    """Invite whoever is to be measured again and has nothing booked; once per last visit."""
    if "reassessment" not in hours:
        return []
    due = _due_sessions(Kind.REASSESSMENT, Topic.RECALL, now, hours["reassessment"], Quiet.of(practice))
    return [
        mail(
            Kind.REASSESSMENT,
            now=now,
            due_at=session.due_at,
            client_id=session.client_id,
            plan=session.plan,
            version=session.pk,
        )
        for session in due
        if not session.is_booked and measures_of(session.plan.client, now=now, plan=session.plan).due
    ]


def why_not_reassessment(message, now) -> str:
    """Return why somebody need not be invited to look at it together any more, or ""."""
    if not message.plan.is_open:
        return "the plan is closed"
    session = TreatmentSession.objects.select_related("appointment").filter(pk=message.version).first()
    if session and (booked := _booked_again(message, now, since=session.appointment.starts_at)):
        return booked
    if gates_for([message.client_id])[message.client_id].state != GO:
        return "a therapist speaks with them first"
    return "" if measures_of(message.plan.client, now=now, plan=message.plan).due else "nothing is due to be measured"
