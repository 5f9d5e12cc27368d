"""One client's story, newest first, told from the rows of every room. What is clinical is told to chart readers only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone

from booking.models import Appointment
from clients.models import NOWHERE, Client
from clients.todo import ALERTS
from practice.templatetags.ui import local_dt
from protocols.models import HomeReport
from reminders.concerns import in_words
from reminders.models import CheckIn
from sessions.models import Amendment, OutcomeScore, TreatmentSession
from sessions.note import is_late

TRIAGE_TONES = {
    "emergency": "stop",
    "urgent_referral": "stop",
    "routine_referral": "warn",
    "incomplete": "warn",
    "treat": "go",
}
VISIT_TONES = {"cancelled": "quiet", "no_show": "warn"}
TOLD_ELSEWHERE = (OutcomeScore.Measure.PAIN_BEFORE, OutcomeScore.Measure.PAIN_AFTER, OutcomeScore.Measure.PAIN_NOW)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the story; the fields are those of `_components/event.html`."""

    at: datetime
    title: str
    text: str = ""
    url: str = ""
    tone: str = "quiet"
    icon_name: str = "circle"
    is_struck: bool = False


def timeline_of(client: Client, *, is_clinical: bool) -> list[Event]:
    """Return the client's events, newest first. Without `is_clinical` only what the desk may know."""
    events = [*_visits(client, without_charts=is_clinical), *_letters(client)]
    if is_clinical:
        for tell in (
            _intakes,
            _drawings,
            _screenings,
            _alerts,
            _overrulings,
            _clearances,
            _plans,
            _sessions,
            _measures,
            _check_ins,
            _home_reports,
            _reports,
            _adverse_events,
        ):
            events += tell(client)
    return sorted(events, key=lambda event: event.at, reverse=True)


def _visits(client, *, without_charts: bool) -> Iterator[Event]:
    """All visits; `without_charts` leaves out those that are told by their chart."""
    visits = client.appointments.select_related("therapist", "service").order_by("starts_at")
    if without_charts:
        visits = visits.uncharted()
    for visit in visits:
        yield Event(
            at=visit.starts_at,
            title=f"{visit.service.name} with {visit.therapist.name}",
            text=Appointment.Status(visit.status).label,
            url=visit.get_absolute_url(),
            tone=VISIT_TONES.get(visit.status, "info"),
            icon_name="calendar-check",
        )


def _letters(client) -> Iterator[Event]:
    for referral in client.referrals.select_related("referrer"):
        yield Event(
            at=timezone.make_aware(datetime.combine(referral.received_on, time(0))),
            title=f"Letter from {referral.referrer.name}",
            text=referral.referrer.get_profession_display(),
            url=referral.get_absolute_url(),
            tone="info",
            icon_name="envelope-open",
        )


def _intakes(client) -> Iterator[Event]:
    for intake in client.intakes.filter(submitted_at__isnull=False).select_related("taken_by"):
        who = f"Asked by {intake.taken_by.name}" if intake.taken_by else "Answered by link"
        yield Event(at=intake.submitted_at, title="Intake handed in", text=who, tone="go", icon_name="clipboard-check")


def _drawings(client) -> Iterator[Event]:
    for drawing in client.pain_drawings.exclude(lowest_level=""):
        yield Event(
            at=drawing.drawn_at,
            title="Pain drawing",
            text="Felt nowhere now" if drawing.lowest_level == NOWHERE else f"Lowest place marked: {drawing.reaches}",
            icon_name="pencil",
        )


def _screenings(client) -> Iterator[Event]:
    """Those that came to another result than the one before; asked again with nothing new, the visit tells enough."""
    before = None
    for screening in client.screenings.select_related("by").order_by("at", "pk"):
        result = (screening.triage, screening.pattern)
        if result == before:
            continue
        before = result
        by = f" – clarified by {screening.by.name}" if screening.by else ""
        yield Event(
            at=screening.at,
            title=f"Screening: {screening.get_triage_display()}",
            text=f"{screening.get_pattern_display()}{by}",
            url=reverse("clients:screening_version", args=[client.pk, screening.pk]),
            tone=TRIAGE_TONES[screening.triage],
            icon_name="clipboard-check",
        )


def _alerts(client) -> Iterator[Event]:
    """When a therapist was called to the client's own words, and what was advised, by whom and when."""
    url = reverse("clients:screening_page", args=[client.pk])
    for alert in client.tasks.filter(kind__in=ALERTS).select_related("done_by"):
        yield Event(
            at=alert.created_at,
            title=f"Alert: {alert.get_kind_display().lower()}",
            url=url,
            tone="stop",
            icon_name="exclamation-octagon-fill",
        )
        if alert.done_at:
            who = f" by {alert.done_by.name}" if alert.done_by else ""
            yield Event(
                at=alert.done_at,
                title=f"Alert answered{who}",
                text=alert.outcome,
                url=url,
                tone="warn",
                icon_name="person-raised-hand",
            )


def _overrulings(client) -> Iterator[Event]:
    for row in client.overrulings.select_related("by"):
        taken_back = row.pattern == row.overruled
        yield Event(
            at=row.at,
            title="Overruling taken back"
            if taken_back
            else f"Pattern overruled: works with “{row.get_pattern_display()}”",
            text=f"{row.by.name}: {row.reason}",
            tone="warn",
            icon_name="person-raised-hand",
        )


def _clearances(client) -> Iterator[Event]:
    for clearance in client.clearances.all():
        yield Event(
            at=clearance.at,
            title=f"Clearance by {clearance.clinician_name}",
            text=f"{clearance.profession}, {clearance.given_on:%d %b %Y}",
            tone="go",
            icon_name="file-earmark-text",
        )


def _plans(client) -> Iterator[Event]:
    for plan in client.treatment_plans.select_related("protocol"):
        url = reverse("protocols:plan_detail", args=[plan.pk])
        yield Event(
            at=plan.started_at,
            title=f"Plan started: {plan.protocol.name}",
            text=f"{plan.planned_visits} visits planned. Goal: {plan.goal}",
            url=url,
            tone="hand",
            icon_name="play-circle",
        )
        if plan.closed_at:
            yield Event(at=plan.closed_at, title="Plan closed", text=plan.closing_note, url=url, icon_name="check2")


def _sessions(client) -> Iterator[Event]:
    sessions = client.treatment_sessions.select_related("therapist", "appointment").prefetch_related("amendments")
    for session in sessions:
        if session.is_in_error:
            yield _in_error(session)
            continue
        yield Event(
            at=session.appointment.starts_at,
            title=_session_title(session),
            text=_pain(session),
            url=session.get_absolute_url(),
            tone="go" if session.is_signed else "warn",
            icon_name="lock-fill" if session.is_signed else "pencil",
        )
        for amendment in session.amendments.all():
            yield Event(
                at=amendment.at,
                title=f"{amendment.get_kind_display()} to a session",
                text=_later_word(amendment),
                url=session.get_absolute_url(),
                tone="info",
                icon_name="journal-plus",
            )


def _later_word(amendment: Amendment) -> str:
    told = f"Of {local_dt(amendment.happened_at)}. " if amendment.happened_at else ""
    return f"{told}{amendment.reason} ({amendment.signed_as})"


def _session_title(session: TreatmentSession) -> str:
    if not session.is_signed:
        return "Session not signed yet"
    return "Session signed late" if is_late(session) else "Session signed"


def _in_error(session: TreatmentSession) -> Event:
    """One quiet line: it is kept, and part of nothing."""
    return Event(
        at=session.appointment.starts_at,
        title="Session entered in error",
        url=session.get_absolute_url(),
        icon_name="x-octagon-fill",
        is_struck=True,
    )


def _pain(session: TreatmentSession) -> str:
    if session.pain_before_nrs is None or session.pain_after_nrs is None:
        return f"By {session.therapist.name}"
    return f"By {session.therapist.name}. Pain {session.pain_before_nrs} before, {session.pain_after_nrs} after (of 10)"


def _measures(client) -> Iterator[Event]:
    """What was measured, one line per moment; the pain is told by the session or the check-in."""
    moments: dict[datetime, list[OutcomeScore]] = {}
    for score in client.outcome_scores.standing().exclude(measure__in=TOLD_ELSEWHERE).order_by("measured_at", "pk"):
        moments.setdefault(score.measured_at, []).append(score)
    for at, scores in moments.items():
        said = "; ".join(f"{score.get_measure_display()}: {score.score.normalize():f}" for score in scores)
        yield Event(at=at, title="Measured", text=said, tone="info", icon_name="graph-up")


def _check_ins(client) -> Iterator[Event]:
    """Each answer, and each that was asked for by mail and never came."""
    asked = client.messages.filter(kind="check_in", check_in=OuterRef("pk"), sent_at__isnull=False)
    for check_in in client.check_ins.select_related("pain_drawing").annotate(
        asked_at=Subquery(asked.values("sent_at")[:1])
    ):
        name = f"{check_in.get_step_display()} check-in"
        if check_in.is_answered:
            yield Event(
                at=check_in.answered_at,
                title=f"{name} answered",
                text=_said(check_in),
                tone="stop" if check_in.needs_attention else "go",
                icon_name="chat-left-text",
            )
        elif check_in.asked_at:
            yield Event(at=check_in.asked_at, title=f"{name}: no answer so far", icon_name="chat-left-text")


def _home_reports(client) -> Iterator[Event]:
    for report in HomeReport.objects.filter(plan__client=client):
        yield Event(
            at=report.at,
            title=f"Home programme: {report.get_how_often_display().lower()}",
            icon_name="person-check",
        )


def _said(check_in: CheckIn) -> str:
    """The answer in one line. What was left out is said to be."""
    concerns = in_words(check_in.concerns)
    said = [
        f"Look at: {concerns}" if concerns else "",
        f"Pain now {of_ten(check_in.pain_now_nrs)}",
        f"soreness {of_ten(check_in.soreness_nrs)}",
        f"felt down to: {check_in.pain_drawing.reaches}" if check_in.pain_drawing else "where now: not answered",
        f"leg: {check_in.get_leg_symptoms_display().lower()}" if check_in.leg_symptoms else "",
        f"warning signs: {check_in.get_warning_sign_display().lower()}",
    ]
    words = f"{'; '.join(filter(None, said))}."
    return f"{words} “{check_in.comment}”" if check_in.comment else words


def of_ten(nrs: int | None) -> str:
    """Return a rating in words: "3 of 10"."""
    return "not answered" if nrs is None else f"{nrs} of 10"


def _reports(client) -> Iterator[Event]:
    for report in client.reports.filter(sent_at__isnull=False).select_related("referral__referrer"):
        yield Event(
            at=report.sent_at,
            title=f"Report sent to {report.referral.referrer.name}",
            url=report.get_absolute_url(),
            tone="info",
            icon_name="send-check",
        )


def _adverse_events(client) -> Iterator[Event]:
    """Every entry, corrections and those entered in error included; a moment is when it was written down."""
    for event in client.adverse_events.select_related("used_technique", "by"):
        words = f"{event.happened_on:%-d %b %Y}, {event.severity}: {event.place}"
        after = f", after {event.technique_words}" if event.technique_words else ""
        why = f" Corrected by {event.by.name}: {event.reason}" if event.corrects_id else ""
        yield Event(
            at=event.at,
            title=_adverse_title(event),
            text=f"{words}{after}.{why}",
            url=event.get_absolute_url(),
            tone="quiet" if event.is_in_error else "stop",
            icon_name="exclamation-triangle",
        )


def _adverse_title(event) -> str:
    if event.is_in_error:
        return "Adverse event entered in error"
    return "Adverse event corrected" if event.corrects_id else "Adverse event"
