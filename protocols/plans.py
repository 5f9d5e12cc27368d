"""One client's course of treatment: starting it, where it stands, closing it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from clients.gate import may_be_treated
from clients.models import Client, Screening
from clients.screenings import current_screening
from practice import audit
from practice.errors import Refused
from practice.models import User
from protocols.knowledge import KNOWLEDGE, Advice
from protocols.models import HomeProgrammeLink, Phase, PhaseMuscle, Protocol, TreatmentPlan
from protocols.progress import Course, courses_of

A_DAY = timedelta(days=1)


class NotInCare(Refused):
    """The client is in somebody else's care."""


class ScreeningIsNotCurrent(Refused):
    """The plan would rest on a screening that another one has replaced."""


class ClearanceMissing(Refused):
    """This protocol asks for a clinician's clearance, and none is on file."""


class PlanAlreadyOpen(Refused):
    """A client has one plan at a time."""


class PlanAlreadyClosed(Refused):
    """The plan was closed before."""


def start_plan(
    *,
    client: Client,
    protocol: Protocol,
    screening: Screening,
    side: str,
    goal: str,
    by: User,
    at: datetime,
    planned_visits: int | None = None,
) -> TreatmentPlan:
    """Start the client's course under `protocol`, led by `by`, and return it. `side` is left, right or both.

    `planned_visits` is 1 to 60; without it the protocol's own number. Raises NotInCare, ScreeningIsNotCurrent,
    ScreeningNotClear (the screening says stop), ClearanceMissing, PlanAlreadyOpen. Effects: locks the client, audit.
    """
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        _check_start(client=client, protocol=protocol, screening=screening, by=by)
        try:
            with transaction.atomic():
                plan = TreatmentPlan.objects.create(
                    client=client,
                    therapist=by,
                    protocol=protocol,
                    screening=screening,
                    side=TreatmentPlan.Side(side),
                    planned_visits=planned_visits or protocol.planned_visits,
                    goal=goal,
                    started_at=at,
                )
        except IntegrityError as error:
            if client.treatment_plans.open().exists():
                raise PlanAlreadyOpen("This client already has a plan. Close it before starting another.") from error
            raise
        audit.record(action="plan.started", at=at, by=by, target=plan, protocol=protocol.key)
        return plan


def _check_start(*, client: Client, protocol: Protocol, screening: Screening, by: User) -> None:
    if not is_in_care(client, by):
        raise NotInCare("This client is in another therapist's care.")
    current = current_screening(client)
    if current is None or current.pk != screening.pk:
        raise ScreeningIsNotCurrent("There is a newer screening. Read it before planning.")
    may_be_treated(client)
    if protocol.requires_clearance and not client.clearances.exists():
        raise ClearanceMissing("This protocol is used beside a clinician only. Enter their clearance first.")
    if client.treatment_plans.open().exists():
        raise PlanAlreadyOpen("This client already has a plan. Close it before starting another.")


def is_in_care(client: Client, therapist: User) -> bool:
    """Say whether the client is this therapist's own, or of one they cover now."""
    return Client.objects.in_care_of(therapist.therapist_ids()).filter(pk=client.pk).exists()


@transaction.atomic
def close_plan(plan: TreatmentPlan, *, note: str, by: User, at: datetime) -> TreatmentPlan:
    """Close the plan with what came of it, and return it; links to its home programme open no more.

    Raises NotInCare, PlanAlreadyClosed.
    """
    standing = TreatmentPlan.objects.select_for_update(no_key=True, of=("self",)).get(pk=plan.pk)
    if not is_in_care(standing.client, by):
        raise NotInCare("This client is in another therapist's care.")
    if not standing.is_open:
        raise PlanAlreadyClosed("This plan is closed already.")
    standing.closed_at, standing.closed_by, standing.closing_note = at, by, note
    standing.save(update_fields=["closed_at", "closed_by", "closing_note"])
    HomeProgrammeLink.objects.filter(plan=standing).revoke(at=at)
    audit.record(action="plan.closed", at=at, by=by, target=standing)
    return standing


def current_phase(plan: TreatmentPlan, visit_number: int) -> Phase | None:
    """Return the phase of the plan's protocol that visit belongs to; after the last one, the last phase.

    Uses prefetched phases when there are some. None for a protocol without phases.
    """
    phases = sorted(plan.protocol.phases.all(), key=lambda phase: phase.position)
    return next((phase for phase in phases if visit_number <= phase.last_visit), phases[-1] if phases else None)


def planned_minutes(planned: PhaseMuscle, sides: Iterable[str]) -> int:
    """Return the minutes for one side: all of them on one affected side, half on each of two (never under one)."""
    return max(1, planned.minutes // len(tuple(sides)))


def visits_done(plan: TreatmentPlan) -> int:
    """Return how many visits took place under the plan, signed or not."""
    return plan.treatment_sessions.standing().count()


def measured_under(plan: TreatmentPlan) -> list[Course]:
    """Return the measures of the plan's time, baseline first: from the day before it started to the day after it closed.

    The first visit's ratings are older than the plan that was made in it. One query.
    """
    scores = plan.client.outcome_scores.comparable().filter(measured_at__gte=plan.started_at - A_DAY)  # by relation
    if plan.closed_at:
        scores = scores.filter(measured_at__lte=plan.closed_at + A_DAY)
    return courses_of(scores.oldest_first().values_list("measure", "measured_at", "score"))


def open_plan(client: Client) -> TreatmentPlan | None:
    """Return the plan under way, with its protocol, or None."""
    return client.treatment_plans.open().select_related("protocol", "therapist").first()


def by_pattern(protocols: Iterable[Protocol], pattern: str) -> list[Protocol]:
    """Return the protocols, those offered for the screening's `pattern` first; none is chosen by it."""
    return sorted(protocols, key=lambda protocol: (not is_offered_for(protocol, pattern), protocol.position))


def is_offered_for(protocol: Protocol, pattern: str) -> bool:
    """Say whether the protocol's text names that screening pattern."""
    return pattern in protocol.offered_for.split()


def advice_for(protocol: Protocol, answers: Mapping[str, object]) -> list[Advice]:
    """Return the advice cards that the client's own answers bring up, those of the protocol first; silence brings up none."""
    keys = dict.fromkeys([*protocol.advice.split(), *KNOWLEDGE.advice])
    cards = (KNOWLEDGE.advice[key] for key in keys if key in KNOWLEDGE.advice)
    return [card for card in cards if _is_brought_up(card, answers.get(card.item))]


def _is_brought_up(card: Advice, answer: object) -> bool:
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        return answer >= max(card.at_least, 1)
    return answer is True
