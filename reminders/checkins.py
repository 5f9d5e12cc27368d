"""Check-ins: three questions after a visit, and what a worrying answer sets in motion."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from anatomy.body import stored_drawing
from clients.drawings import course_of, store_drawing
from clients.models import Task
from clients.screenings import lock_client
from clients.todo import raise_task
from practice import audit
from practice.errors import Refused
from reminders.concerns import concerns_of
from reminders.models import CheckIn
from sessions.models import OutcomeScore


class AlreadyAnswered(Refused):
    """The check-in was answered before; the first answer stands."""


@transaction.atomic
def answer_check_in(
    check_in: CheckIn,
    *,
    pain_now_nrs: int | None,
    warning_sign: str,
    at: datetime,
    soreness_nrs: int | None = None,
    leg_symptoms: str = "",
    comment: str = "",
    regions: Sequence[str] = (),
    nowhere_now: bool = False,
) -> CheckIn:
    """Store the client's answer, for good, and return the check-in.

    `pain_now_nrs` and `soreness_nrs` are NRS 0-10, None if not said. The pain becomes an OutcomeScore of the chart. Places
    marked in `regions` (`left:calf`), or the answer that it is felt `nowhere_now`, become a PainDrawing; neither is no
    drawing. What `concerns_of` finds in the answer is kept with it and raises an alert to the therapist, whose mail the
    outbox derives. Raises AlreadyAnswered, ValueError for a place that is not on the map.
    """
    lock_client(check_in.client)  # before the row, so that no screening is saved past the alert
    row = CheckIn.objects.select_for_update(of=("self",), no_key=True).get(pk=check_in.pk)
    if row.is_answered:
        raise AlreadyAnswered("You have answered already. Thank you.")
    row.pain_now_nrs, row.soreness_nrs = pain_now_nrs, soreness_nrs
    row.leg_symptoms, row.warning_sign, row.comment = leg_symptoms, warning_sign, comment
    row.answered_at = at
    if regions or nowhere_now:
        places = stored_drawing(regions)
        row.pain_drawing = store_drawing(client=row.client, regions=places, at=at, is_nowhere=nowhere_now)
    row.concerns = concerns_of(
        pain_now_nrs=pain_now_nrs,
        pain_before_nrs=row.session.pain_before_nrs,
        leg_symptoms=leg_symptoms,
        warning_sign=warning_sign,
        is_further_down=bool(regions) and course_of(row.client).is_spreading,
    )
    row.save()
    if pain_now_nrs is not None:
        OutcomeScore.objects.create(
            client_id=row.client_id,
            session_id=row.session_id,
            measure=OutcomeScore.Measure.PAIN_NOW,
            score=pain_now_nrs,
            measured_at=at,
        )
    if row.needs_attention:
        raise_task(
            kind=Task.Kind.CHECK_IN_ALERT, client=row.client, subject=f"check-in {row.pk}", for_role="therapist", at=at
        )
    audit.record(action="check_in.answered", at=at, actor="client", target=row)
    return row
