"""Outcome measures of a client: recorded once, corrected by a later row, read as courses from baseline to now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from clients.models import Client
from practice import audit
from practice.errors import Refused
from practice.models import Practice, User
from practice.zones import at_wall_time
from protocols.knowledge import KNOWLEDGE, MeasureCard
from protocols.models import TreatmentPlan
from protocols.plans import is_in_care, measured_under, open_plan
from protocols.progress import Course, courses_of
from sessions.charting import NotInYourCare
from sessions.due import due_because
from sessions.models import ActivityRating, FunctionalActivity, OutcomeScore, TreatmentSession
from sessions.scoring import (
    FEWEST_ACTIVITIES,
    MOST_ACTIVITIES,
    activities_score,
    checked,
    statements_score,
)

FIRST_YEAR = 2000


class NotEnteredHere(Refused):
    """The value comes with a chart, or with answers, and not as a number of its own."""


class MeasuredInTheFuture(Refused):
    """Nothing was measured on a day that is still to come, or before the practice can have been."""


class NotTheirSession(Refused):
    """The session named belongs to somebody else, or was entered in error."""


class StartDayMissing(Refused):
    """A rating of change says nothing without the day it compares with."""


class FormSkipped(Refused):
    """A questionnaire without a single tick was either skipped or says that nothing applies: the person has to say which."""


class WrongNumberOfActivities(Refused):
    """The patient-specific scale stands on three to five activities, each named once."""


class AlreadyCorrected(Refused):
    """A row is corrected once; after that its correction is the one to correct."""


# --- recording


@transaction.atomic
def record_score(
    *,
    client: Client,
    measure: str,
    value: Decimal | int,
    measured_on: date,
    by: User,
    at: datetime,
    session: TreatmentSession | None = None,
    since_on: date | None = None,
) -> OutcomeScore:
    """Keep one number of a measure for good and return its row; the same number sent twice is one row.

    `value` lies in the measure's range; `since_on` is the day a rating of change compares with. Raises NotInYourCare,
    NotEnteredHere, ScoreOutOfRange, StartDayMissing, MeasuredInTheFuture, NotTheirSession. Effects: locks the client, audit.
    """
    card = KNOWLEDGE.measures[measure]
    if card.way not in ("scale", "number"):
        raise NotEnteredHere(f"{card.short} is not entered as a number.")
    score = checked(card, value)
    if card.is_change:
        _check_since(since_on, measured_on)
    return _record(
        client,
        card,
        score,
        measured_on=measured_on,
        session=session,
        by=by,
        at=at,
        since_on=since_on if card.is_change else None,
    )


def _check_since(since_on: date | None, measured_on: date) -> None:
    if since_on is None:
        raise StartDayMissing("Say which day the change is compared with.")
    if since_on.year < FIRST_YEAR or since_on >= measured_on:
        raise StartDayMissing("The day compared with lies before the day of the rating.")


@transaction.atomic
def record_statements(
    *,
    client: Client,
    measure: str,
    ticked: Iterable[int],
    none_applies: bool,
    measured_on: date,
    by: User,
    at: datetime,
    session: TreatmentSession | None = None,
) -> OutcomeScore:
    """Keep the statements that were ticked (numbered from 1), with their count as the score, and return the row.

    A form without a tick counts 0 only when the person says that nothing applies; skipped, it is not done at all.
    Raises FormSkipped, UnknownStatement and what `record_score` raises. Effects: locks the client, audit.
    """
    card, numbers = KNOWLEDGE.measures[measure], sorted(set(ticked))
    score = statements_score(card, numbers)
    if not numbers and not none_applies:
        raise FormSkipped("Nothing is ticked. Tick what describes today, or say that none of it does.")
    if numbers and none_applies:
        raise FormSkipped("Some statements are ticked, and none is said to apply. Take one of the two back.")
    answers = {"ticked": numbers, "of": len(card.statements)}
    return _record(client, card, score, measured_on=measured_on, session=session, by=by, at=at, answers=answers)


@transaction.atomic
def record_ratings(
    *,
    client: Client,
    ratings: Mapping[int, int],
    measured_on: date,
    by: User,
    at: datetime,
    session: TreatmentSession | None = None,
) -> OutcomeScore:
    """Keep how well each of the client's activities goes (by its id, 0–10), with the mean as the score of the PSFS.

    Raises ActivityNotRated and what `record_score` raises. Effects: locks the client, audit.
    """
    _lock(client)
    card = KNOWLEDGE.measures["psfs"]
    activities = list(client.functional_activities.standing())
    score = activities_score(card, ratings, [activity.pk for activity in activities])
    rated = [(activity, ratings[activity.pk]) for activity in activities]
    return _record(client, card, score, measured_on=measured_on, session=session, by=by, at=at, rated=rated)


def _record(
    client: Client,
    card: MeasureCard,
    score: Decimal,
    *,
    measured_on: date,
    session: TreatmentSession | None,
    by: User,
    at: datetime,
    rated: Sequence[tuple[FunctionalActivity, int]] = (),
    **more: Any,
) -> OutcomeScore:
    _lock(client)
    if not is_in_care(client, by):
        raise NotInYourCare("This client is in another therapist's care.")
    if session is not None and session.client_id != client.pk:
        raise NotTheirSession("That session is not this client's.")
    if session is not None and session.is_in_error:
        raise NotTheirSession("That session was entered in error: nothing is measured in it any more.")
    measured_at = _moment_of(measured_on, at=at)
    standing = _same(client, card, score, measured_on=measured_on, session=session, rated=rated, **more)
    if standing is not None:
        return standing
    row = OutcomeScore.objects.create(
        client=client, session=session, measure=card.key, score=score, measured_at=measured_at, by=by, **more
    )
    _rate(row, rated)
    audit.record(action="measure.recorded", at=at, by=by, target=row, measure=card.key)
    return row


def _lock(client: Client) -> None:
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)


def _moment_of(measured_on: date, *, at: datetime) -> datetime:
    """Return the moment a value counts from: now for today, noon for a day before."""
    zone = ZoneInfo(Practice.objects.current().time_zone)
    today = at.astimezone(zone).date()
    if measured_on.year < FIRST_YEAR or measured_on > today:
        raise MeasuredInTheFuture("Check the day it was measured on: it cannot be later than today.")
    return at if measured_on == today else at_wall_time(measured_on, time(12), zone)


def _same(client, card, score, *, measured_on, session, rated, **more) -> OutcomeScore | None:
    """Return the standing row that says the same of the same day and session: a form sent twice."""
    zone = ZoneInfo(Practice.objects.current().time_zone)
    rows = client.outcome_scores.standing().filter(measure=card.key, session=session, score=score, **more)
    wanted = {(activity.pk, rating) for activity, rating in rated}
    for row in rows.order_by("-pk").prefetch_related("ratings"):
        is_same_day = row.measured_at.astimezone(zone).date() == measured_on
        if is_same_day and {(each.activity_id, each.rating) for each in row.ratings.all()} == wanted:
            return row
    return None


def _rate(row: OutcomeScore, rated: Sequence[tuple[FunctionalActivity, int]]) -> None:
    ActivityRating.objects.bulk_create(
        ActivityRating(score=row, activity=activity, rating=rating) for activity, rating in rated
    )


# --- naming and correcting


@transaction.atomic
def name_activities(*, client: Client, words: Iterable[str], by: User, at: datetime) -> list[FunctionalActivity]:
    """Keep the three to five activities the client named, in their order, and return them.

    A new list replaces the one before, which stays readable; its ratings begin anew. The same list again changes nothing.
    Raises NotInYourCare, WrongNumberOfActivities. Effects: locks the client, audit.
    """
    _lock(client)
    if not is_in_care(client, by):
        raise NotInYourCare("This client is in another therapist's care.")
    named = [" ".join(each.split()) for each in words if each.strip()]
    if not FEWEST_ACTIVITIES <= len(named) <= MOST_ACTIVITIES:
        raise WrongNumberOfActivities("Name three to five activities.")
    if len({each.casefold() for each in named}) < len(named):
        raise WrongNumberOfActivities("One of the activities stands there twice.")
    standing = list(client.functional_activities.standing())
    if [activity.words for activity in standing] == named:
        return standing
    rows = [
        FunctionalActivity.objects.create(client=client, position=position, words=each, named_at=at, by=by)
        for position, each in enumerate(named, start=1)
    ]
    audit.record(action="activities.named", at=at, by=by, target=rows[0], count=len(rows))
    return rows


@transaction.atomic
def correct_score(
    score: OutcomeScore, *, reason: str, by: User, at: datetime, value: Decimal | int | None = None
) -> OutcomeScore:
    """Answer a wrong row by one with the right `value`, or by one that strikes it out, and return the new row.

    The wrong one stays as it was, out of sight of charts and reports. What was made of answers (PSFS, RMDQ) is struck out
    and asked again: a mean without its ratings would stand on nothing. Raises NotInYourCare, AlreadyCorrected,
    NotEnteredHere, ScoreOutOfRange. Effects: locks the client, audit.
    """
    _lock(score.client)
    if not is_in_care(score.client, by):
        raise NotInYourCare("This client is in another therapist's care.")
    if score.score is None or OutcomeScore.objects.filter(corrects=score.pk).exists():
        raise AlreadyCorrected("This value was corrected already. Look at the newest one.")
    card = score.card
    if value is not None and card.way in ("activities", "statements"):
        raise NotEnteredHere(f"{card.short} is made of answers: strike it out and ask again.")
    row = OutcomeScore.objects.create(
        client=score.client,
        session=score.session,
        measure=score.measure,
        score=None if value is None else checked(card, value),
        measured_at=score.measured_at,
        since_on=score.since_on,
        by=by,
        corrects=score,
        reason=reason,
    )
    audit.record(action="measure.corrected", at=at, by=by, target=row, measure=score.measure, struck=value is None)
    return row


# --- reading


@dataclass(frozen=True, slots=True)
class Due:
    """A measure that is due, and why."""

    card: MeasureCard
    reason: str


@dataclass(frozen=True, slots=True)
class Measures:
    """What is due of a client, and each measure from baseline to now; `plan` is the one under way, or None."""

    plan: TreatmentPlan | None
    due: tuple[Due, ...]
    courses: tuple[Course, ...]


def measures_of(client: Client, *, now: datetime, plan: TreatmentPlan | None = None) -> Measures:
    """Return what is due and how each measure went: under `plan` or the one under way, else ever. Up to three queries."""
    plan = plan or open_plan(client)
    courses = measured_under(plan) if plan else courses_ever(client)
    sessions = plan.treatment_sessions if plan else client.treatment_sessions
    visits = list(
        sessions.standing().order_by("appointment__starts_at").values_list("appointment__starts_at", flat=True)
    )
    moments = {course.card.key: [score.at for score in course.scores] for course in courses}
    planned = plan.planned_visits if plan else None
    reasons = [
        (card, due_because(card, measured=moments.get(key, ()), visits=visits, planned_visits=planned, now=now))
        for key, card in KNOWLEDGE.measures.items()
    ]
    due = tuple(Due(card, reason) for card, reason in reasons if reason)
    return Measures(plan=plan, due=due, courses=tuple(courses))


def courses_ever(client: Client) -> list[Course]:
    """Return each measure of the client over all time. One query."""
    rows = client.outcome_scores.comparable().oldest_first()
    return courses_of(rows.values_list("measure", "measured_at", "score"))


def usual_start(client: Client, plan: TreatmentPlan | None) -> datetime | None:
    """Return the moment a rating of change usually compares with: the start of the plan, or of the first visit."""
    if plan is not None:
        return plan.started_at
    return client.treatment_sessions.standing().order_by("started_at").values_list("started_at", flat=True).first()
