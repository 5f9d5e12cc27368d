"""A therapist's day: one card per visit with what matters before the client comes in. A fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, QuerySet

from booking.models import Appointment
from clients.care import alerts_for_everybody
from clients.gate import Gate, gates_for
from clients.models import Intake, Overruling, Screening, Task
from clients.overruling import overrulings_by_client
from clients.rescreen import last_asked
from practice.models import User
from practice.templatetags.ui import local_time
from practice.zones import at_wall_time
from protocols.models import HomeReport, TreatmentPlan
from protocols.plans import current_phase
from reminders.concerns import in_words
from reminders.models import CheckIn
from sessions.models import TreatmentSession

AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Card:
    """One visit of the day. `visit_number` counts the signed ones before it and this one; None without a plan."""

    appointment: Appointment
    gate: Gate
    screening: Screening | None
    overruling: Overruling | None
    plan: TreatmentPlan | None
    visit_number: int
    phase_name: str
    last_session: TreatmentSession | None
    check_in: CheckIn | None
    at_home: HomeReport | None
    session: TreatmentSession | None
    has_open_intake: bool
    is_rescreen_due: bool
    is_next: bool = False
    is_hours_away: bool = False

    @property
    def concerns(self) -> str:
        """What in the last check-in needs a person, in words."""
        return in_words(self.check_in.concerns) if self.check_in else ""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do: signed, or the client did not come."""
        return bool(self.session and self.session.is_signed) or self.appointment.status == Appointment.Status.NO_SHOW


@dataclass(frozen=True, slots=True)
class Day:
    """What stands on Today: the cards in time order, the one to open, and what waits from other days."""

    cards: list[Card]
    unsigned: list[TreatmentSession]
    alerts: list[Task]
    alerts_for_everybody: list[Task]

    @property
    def next_words(self) -> str:
        """What the head of the page says: who is being charted, and when the next visit begins."""
        card, said = self.next_card, []
        if card and card.session:
            said.append(f"{card.appointment.client.first_name} is being charted")
            later = self.cards[self.cards.index(card) + 1 :]
            card = next((each for each in later if not each.is_over and not each.session), None)
        if card:
            said.append(f"next at {local_time(card.appointment.starts_at)}")
        return ", ".join(said)

    @property
    def next_card(self) -> Card | None:
        """The visit to prepare for: the first that is not over."""
        return next((card for card in self.cards if card.is_next), None)


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the half-open interval of a calendar day in the practice's zone, in UTC."""
    return at_wall_time(day, time(0), zone), at_wall_time(day + timedelta(days=1), time(0), zone)


def day_of(therapist: User, *, day: date, now: datetime, zone: ZoneInfo) -> Day:
    """Return the therapist's day: own visits and those of therapists they cover."""
    start, end = bounds(day, zone)
    visits = (
        Appointment.objects.live()
        .filter(therapist__in=therapist.therapist_ids(), starts_at__gte=start, starts_at__lt=end)
        .exclude(status=Appointment.Status.HELD)
        .select_related("client", "service", "room", "therapist")
        .order_by("starts_at", "pk")
    )
    alerts = list(
        Task.objects.visible_to(therapist)
        .open()
        .filter(for_role="therapist")
        .select_related("client")
        .order_by("due_at", "pk")
    )
    return Day(
        cards=_mark_next(_cards(list(visits), start), now),
        unsigned=list(
            TreatmentSession.objects.unsigned()
            .filter(therapist=therapist, appointment__starts_at__lt=start)
            .select_related("client", "appointment")
            .order_by("appointment__starts_at", "pk")
        ),
        alerts=alerts,
        alerts_for_everybody=[alert for alert in alerts_for_everybody() if alert not in alerts],
    )


def _cards(visits: list[Appointment], start: datetime) -> list[Card]:
    clients = [visit.client_id for visit in visits]
    gates, asked = gates_for(clients), last_asked(clients, start)
    screenings = _by_client(Screening.objects.filter(client__in=clients, superseded_by__isnull=True))
    overrulings = overrulings_by_client(screenings.values())
    plans = _by_client(
        TreatmentPlan.objects.open()
        .filter(client__in=clients)
        .select_related("protocol")
        .prefetch_related("protocol__phases")
    )
    signed = TreatmentSession.objects.signed().filter(client__in=clients).select_related("appointment")
    last = _by_client(_latest(signed, "appointment__starts_at"))
    answers = CheckIn.objects.filter(client__in=clients, answered_at__isnull=False).select_related("pain_drawing")
    answered = _by_client(_latest(answers, "answered_at"))
    said = HomeReport.objects.filter(plan__in=[plan.pk for plan in plans.values()]).order_by("at", "pk")
    at_home = {row.plan_id: row for row in said}
    sessions = {row.appointment_id: row for row in TreatmentSession.objects.standing().filter(appointment__in=visits)}
    open_intakes = set(Intake.objects.open().filter(client__in=clients).values_list("client_id", flat=True))
    cards = []
    for visit in visits:
        plan, session = plans.get(visit.client_id), sessions.get(visit.pk)
        number = session.visit_number if session else _next_number(last.get(visit.client_id), plan)
        phase = _phase(plan, number)
        cards.append(
            Card(
                appointment=visit,
                gate=gates[visit.client_id],
                screening=screenings.get(visit.client_id),
                overruling=overrulings.get(visit.client_id),
                plan=plan,
                visit_number=number,
                phase_name=phase.name if phase else "",
                last_session=last.get(visit.client_id),
                check_in=answered.get(visit.client_id),
                at_home=_since(at_home.get(plan.pk) if plan else None, last.get(visit.client_id)),
                session=session,
                has_open_intake=visit.client_id in open_intakes,
                is_rescreen_due=visit.client_id not in asked
                or asked[visit.client_id] < _used_at(visit, sessions.values(), start),
            )
        )
    return cards


def _used_at(visit: Appointment, sessions: Iterable[TreatmentSession], start: datetime) -> datetime:
    """Return since when the questions of `visit` must have been asked: another visit of the day uses up what was asked for it."""
    others = (row for row in sessions if row.client_id == visit.client_id and row.appointment_id != visit.pk)
    return max((row.started_at for row in others), default=start)


def _mark_next(cards: list[Card], now: datetime) -> list[Card]:
    coming = next((card for card in cards if not card.is_over and card.appointment.ends_at > now), None)
    return [
        replace(card, is_next=card is coming, is_hours_away=card.appointment.starts_at - now > AN_HOUR)
        for card in cards
    ]


def _since(report: HomeReport | None, last: TreatmentSession | None) -> HomeReport | None:
    """What was said of the home programme counts until the next visit."""
    return None if report and last and report.at < last.appointment.starts_at else report


def _phase(plan, number):
    return current_phase(plan, number) if plan else None


def _next_number(last_session, plan) -> int:
    """The visit after the last signed one of the same plan; the first one otherwise."""
    if last_session is None or plan is None or last_session.plan_id != plan.pk:
        return 1
    return last_session.visit_number + 1


def _by_client(rows) -> dict:
    return {row.client_id: row for row in rows}


def _latest(rows: QuerySet, moment: str) -> QuerySet:
    """The newest row of each client."""
    newest = rows.order_by().values("client").annotate(newest=Max(moment)).values("newest")
    return rows.filter(**{f"{moment}__in": newest}).order_by(moment, "pk")
