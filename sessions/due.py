"""When an outcome measure is due: at the start, at visit 3 or 4 or after four weeks, and at the last planned visit."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from protocols.knowledge import MeasureCard

FOUR_WEEKS = timedelta(weeks=4) - timedelta(hours=12)  # to the day: the visit four weeks later may begin earlier
RETEST_AT = 3  # the visit from which the first re-test is due


def due_because(
    card: MeasureCard,
    *,
    measured: Sequence[datetime],
    visits: Sequence[datetime],
    planned_visits: int | None,
    now: datetime,
) -> str:
    """Return why the measure is due now, in words for the therapist, or "".

    `measured` are its moments in this course, `visits` when the course's visits began, this one included; both oldest
    first. `planned_visits` is None without a plan. What is asked at each visit stands on the chart and is never "due".
    """
    if card.when not in ("milestone", "retest"):
        return ""
    if not measured:
        return _before_the_first(card, visits=visits, planned_visits=planned_visits, now=now)
    visits_since = sum(visit > measured[-1] for visit in visits)
    if visits_since and planned_visits and len(visits) >= planned_visits:
        return "Last planned visit"
    if len(measured) == 1 and card.when == "milestone" and visits_since >= RETEST_AT - 1:
        return "First re-test, visit 3 or 4"
    if visits_since and now - measured[-1] >= FOUR_WEEKS:
        return "Four weeks since the last time"
    return ""


def _before_the_first(
    card: MeasureCard, *, visits: Sequence[datetime], planned_visits: int | None, now: datetime
) -> str:
    if card.when == "milestone":
        return "Baseline is missing" if len(visits) > 1 else "Start of the course"
    if not visits:
        return ""
    if planned_visits and len(visits) >= planned_visits:
        return "Last planned visit"
    if len(visits) >= RETEST_AT:
        return "First re-test, visit 3 or 4"
    return "Four weeks since the start" if now - visits[0] >= FOUR_WEEKS else ""
