"""What a plan asks of its client at home, and how often they say they did it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from clients.gate import gate_for
from clients.screenings import current_screening
from practice import audit
from practice.errors import Refused
from protocols.knowledge import Advice
from protocols.models import Exercise, HomeReport, TreatmentPlan
from protocols.plans import advice_for, current_phase, visits_done


class PlanIsClosed(Refused):
    """Nothing is asked of the client any more."""


@dataclass(frozen=True, slots=True)
class Programme:
    """The exercises of the plan's phase, in order, and advice for daily life from the client's own answers.

    `is_paused`: a therapist has to speak with the client before they go on.
    """

    exercises: Sequence[Exercise]
    advice: Sequence[Advice]
    is_paused: bool


def programme_of(plan: TreatmentPlan) -> Programme:
    """Return what the plan asks of its client at home between the last visit and the next."""
    phase = current_phase(plan, max(1, visits_done(plan)))
    screening = current_screening(plan.client)
    return Programme(
        exercises=phase.exercises.order_by("position", "pk") if phase else [],
        advice=advice_for(plan.protocol, screening.answers if screening else {}),
        is_paused=not gate_for(plan.client).is_bookable,
    )


@transaction.atomic
def report_home(plan: TreatmentPlan, *, how_often: str, at: datetime) -> HomeReport:
    """Store the client's word on how often they did the programme, and return the row. The newest before a visit holds.

    The same word again, with nothing said in between and no visit, is one row. Raises PlanIsClosed.
    """
    standing = TreatmentPlan.objects.select_for_update(no_key=True, of=("self",)).get(pk=plan.pk)
    if not standing.is_open:
        raise PlanIsClosed("This programme has ended. Please ask your therapist what to go on with.")
    last = standing.home_reports.order_by("-at", "-pk").first()
    visits = standing.treatment_sessions.standing()
    if last and last.how_often == how_often and not visits.filter(started_at__gt=last.at).exists():
        return last
    row = HomeReport.objects.create(plan=standing, how_often=HomeReport.HowOften(how_often), at=at)
    audit.record(action="home.reported", at=at, actor="client", target=row)
    return row


def said_before(visits: Sequence[datetime], reports: Iterable[HomeReport]) -> list[HomeReport | None]:
    """Return what held before each visit: the newest report since the visit before; one more for what was said since the last.

    `visits` are their beginnings in order.
    """
    said: list[HomeReport | None] = [None] * (len(visits) + 1)
    for report in sorted(reports, key=lambda row: (row.at, row.pk)):
        said[sum(visit < report.at for visit in visits)] = report
    return said
