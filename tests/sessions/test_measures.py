"""Outcome measures in the database: recorded once, never changed, corrected by a later row, read from baseline to now."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from practice.constraints import violates
from practice.models import AuditEvent
from protocols.knowledge import KNOWLEDGE
from protocols.plans import close_plan, measured_under
from sessions.charting import NotInYourCare, save_chart, sign_session, withdraw_session
from sessions.measures import (
    AlreadyCorrected,
    FormSkipped,
    MeasuredInTheFuture,
    NotEnteredHere,
    NotTheirSession,
    StartDayMissing,
    WrongNumberOfActivities,
    correct_score,
    courses_ever,
    measures_of,
    name_activities,
    record_ratings,
    record_score,
    record_statements,
)
from sessions.models import ActivityRating, FunctionalActivity, OutcomeScore, TestResult
from sessions.scoring import ActivityNotRated, ScoreOutOfRange
from tests.sessions.conftest import ask_and_start, make_visit
from tests.support.queries import assert_queries_do_not_grow
from tests.world import NINE, NOW, TODAY, minutes

WORDS = ["Sit through a film", "Drive an hour", "Tie my shoes"]


@pytest.fixture
def asked(ada, visit, mia):
    """What every recording says."""
    return {"client": ada, "measured_on": TODAY, "by": mia, "at": NOW}


@pytest.fixture
def activities(ada, visit, mia):
    return name_activities(client=ada, words=WORDS, by=mia, at=NOW)


def rate(activities, *ratings):
    return {activity.pk: rating for activity, rating in zip(activities, ratings, strict=True)}


# --- what the database refuses


@pytest.mark.parametrize("card", KNOWLEDGE.measures.values(), ids=lambda card: card.key)
def test_the_database_keeps_every_measure_in_its_own_range(ada, card):
    since_on = TODAY if card.is_change else None
    row = {"client": ada, "measure": card.key, "measured_at": NOW, "since_on": since_on}
    OutcomeScore.objects.create(**row, score=card.least)
    OutcomeScore.objects.create(**row, score=card.most)

    for beyond in (card.least - 1, card.most + 1):
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            OutcomeScore.objects.create(**row, score=beyond)
        assert violates(error.value, f"outcome_score_{card.key}_is_in_range")


def broken(name, act):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        act()
    assert violates(error.value, name)


def test_the_database_knows_the_measures_and_asks_a_rating_of_change_since_when(ada):
    row = {"client": ada, "score": 1, "measured_at": NOW}

    broken("outcome_score_is_of_a_known_measure", lambda: OutcomeScore.objects.create(**row, measure="happiness"))
    broken("outcome_score_of_change_says_since_when", lambda: OutcomeScore.objects.create(**row, measure="groc"))
    broken(
        "outcome_score_of_change_says_since_when",
        lambda: OutcomeScore.objects.create(**row, measure="psfs", since_on=TODAY),
    )


def test_the_database_lets_a_score_be_missing_only_where_it_strikes_another_out_with_a_reason(ada):
    row = {"client": ada, "measure": "lefs", "measured_at": NOW}
    name = "outcome_score_is_left_out_only_to_correct_another_with_a_reason"
    wrong = OutcomeScore.objects.create(**row, score=8)

    broken(name, lambda: OutcomeScore.objects.create(**row, score=None))
    broken(name, lambda: OutcomeScore.objects.create(**row, score=None, corrects=wrong))
    broken(name, lambda: OutcomeScore.objects.create(**row, score=9, reason="No other row"))
    assert OutcomeScore.objects.create(**row, score=None, corrects=wrong, reason="Other client")


def test_the_database_keeps_activities_and_ratings_as_they_were(asked, activities):
    record_ratings(ratings=rate(activities, 3, 4, 5), **asked)

    changes = {FunctionalActivity: {"words": "Other"}, ActivityRating: {"rating": 9}, OutcomeScore: {"score": 9}}
    for model, change in changes.items():
        with pytest.raises(IntegrityError, match="append_only"), transaction.atomic():
            model.objects.update(**change)
        with pytest.raises(IntegrityError, match="append_only"), transaction.atomic():
            model.objects.all()._raw_delete("default")


def test_the_database_keeps_ratings_and_places_in_range(asked, activities, ada, mia):
    score = record_ratings(ratings=rate(activities, 3, 4, 5), **asked)
    sixth = {"client": ada, "position": 6, "words": "One more", "named_at": NOW, "by": mia}
    fresh = FunctionalActivity.objects.create(**sixth | {"position": 4})

    broken(
        "activity_rating_is_0_to_10",
        lambda: ActivityRating.objects.create(score=score, activity=fresh, rating=11),
    )
    broken("functional_activity_is_one_of_five_with_words", lambda: FunctionalActivity.objects.create(**sixth))


def test_the_database_keeps_pain_by_place_in_range(draft):
    for field in ("pain_back_nrs", "pain_buttock_nrs", "pain_leg_nrs"):
        broken(
            "treatment_session_pain_is_0_to_10",
            lambda field=field: type(draft).objects.filter(pk=draft.pk).update(**{field: 11}),
        )


TESTED = {"test": "slr", "side": "left", "moment": "before"}
NO_TEST = [
    ({**TESTED}, "test_result_says_something"),
    ({**TESTED, "result": "maybe"}, "test_result_says_something"),
    ({**TESTED, "result": "positive", "value": 91}, "test_result_value_is_within_its_test"),
    ({**TESTED, "test": "slump", "result": "positive", "value": 601}, "test_result_value_is_within_its_test"),
    ({**TESTED, "side": "", "result": "positive"}, "test_result_has_a_side_where_its_test_has_sides"),
    (
        {"test": "sitting_tolerance", "side": "left", "moment": "after", "value": 20},
        "test_result_has_a_side_where_its_test_has_sides",
    ),
]


@pytest.mark.parametrize(("row", "name"), NO_TEST)
def test_the_database_refuses_a_test_that_cannot_be(draft, row, name):
    broken(name, lambda: TestResult.objects.create(session=draft, **row))


def test_the_database_takes_a_value_alone_of_the_whole_person(draft):
    assert TestResult.objects.create(session=draft, test="sitting_tolerance", moment="before", value=600)


# --- recording


def test_record_score_keeps_who_measured_what_and_when_and_is_audited(asked, mia):
    row = record_score(measure="odi", value=Decimal("44.4"), **asked)

    assert (row.measure, row.score, row.measured_at, row.by, row.session) == ("odi", Decimal("44.4"), NOW, mia, None)
    event = AuditEvent.objects.get(action="measure.recorded")
    assert (event.about_client_id, event.detail) == (row.client_id, {"measure": "odi"})


def test_record_score_of_a_day_before_counts_from_its_noon(asked):
    row = record_score(measure="lefs", value=40, **asked | {"measured_on": date(2026, 11, 1)})

    assert row.measured_at.isoformat() == "2026-11-01T12:00:00+00:00"


def test_a_form_sent_twice_is_one_row_and_another_value_is_another(asked, activities):
    for _ in range(2):
        record_score(measure="lefs", value=40, **asked)
        record_statements(measure="rmdq", ticked=[3, 1], none_applies=False, **asked)
        record_ratings(ratings=rate(activities, 3, 4, 5), **asked)
    record_score(measure="lefs", value=41, **asked)
    record_statements(measure="rmdq", ticked=[1, 4], none_applies=False, **asked)
    record_ratings(ratings=rate(activities, 5, 4, 3), **asked)

    assert sorted(OutcomeScore.objects.values_list("measure", flat=True)) == ["lefs"] * 2 + ["psfs"] * 2 + ["rmdq"] * 2


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"measure": "lefs", "value": 81}, ScoreOutOfRange),
        ({"measure": "lefs", "value": Decimal("40.5")}, ScoreOutOfRange),
        ({"measure": "groc", "value": -6, "since_on": date(2026, 11, 1)}, ScoreOutOfRange),
        ({"measure": "groc", "value": 2}, StartDayMissing),
        ({"measure": "groc", "value": 2, "since_on": TODAY}, StartDayMissing),
        ({"measure": "groc", "value": 2, "since_on": date(1926, 11, 1)}, StartDayMissing),
        ({"measure": "psfs", "value": 5}, NotEnteredHere),
        ({"measure": "rmdq", "value": 5}, NotEnteredHere),
        ({"measure": "pain_before", "value": 5}, NotEnteredHere),
        ({"measure": "lefs", "value": 40, "measured_on": TODAY + timedelta(days=1)}, MeasuredInTheFuture),
        ({"measure": "lefs", "value": 40, "measured_on": date(1999, 12, 31)}, MeasuredInTheFuture),
    ],
)
def test_record_score_refuses(asked, changes, refusal):
    with pytest.raises(refusal):
        record_score(**asked | changes)

    assert not OutcomeScore.objects.exists()


def test_recording_is_for_the_therapist_in_care_and_for_sessions_of_the_client(asked, draft, tom, ben):
    with pytest.raises(NotInYourCare):
        record_score(measure="lefs", value=40, **asked | {"by": tom})
    with pytest.raises(NotInYourCare):
        name_activities(client=asked["client"], words=WORDS, by=tom, at=NOW)
    make_visit(ben, asked["by"], draft.appointment.service, None, starts_at=NINE + timedelta(days=2))
    with pytest.raises(NotTheirSession):
        record_score(measure="lefs", value=40, **asked | {"client": ben, "session": draft})


def test_record_statements_freezes_what_was_ticked(asked):
    row = record_statements(measure="rmdq", ticked=[18, 2, 2], none_applies=False, **asked)

    row.refresh_from_db()
    assert (row.score, row.answers) == (2, {"ticked": [2, 18], "of": 24})


def test_record_statements_tells_nothing_applies_from_a_form_that_was_skipped(asked):
    with pytest.raises(FormSkipped):
        record_statements(measure="rmdq", ticked=[], none_applies=False, **asked)
    with pytest.raises(FormSkipped):
        record_statements(measure="rmdq", ticked=[1], none_applies=True, **asked)
    assert not OutcomeScore.objects.exists()

    assert record_statements(measure="rmdq", ticked=[], none_applies=True, **asked).score == 0


def test_record_ratings_keeps_each_and_the_mean(asked, activities):
    row = record_ratings(ratings=rate(activities, 3, 4, 6), **asked)

    assert row.score == Decimal("4.3")
    assert list(row.ratings.order_by("activity__position").values_list("activity__words", "rating")) == list(
        zip(WORDS, (3, 4, 6), strict=True)
    )


def test_record_ratings_refuses_one_left_out_and_one_of_an_older_list(asked, activities, ada, mia):
    with pytest.raises(ActivityNotRated):
        record_ratings(ratings=rate(activities[:2], 3, 4), **asked)
    name_activities(client=ada, words=["Run", "Swim", "Sleep"], by=mia, at=NOW + minutes(1))
    with pytest.raises(ActivityNotRated):
        record_ratings(ratings=rate(activities, 3, 4, 6), **asked)


def test_name_activities_keeps_the_words_and_a_new_list_replaces_the_old_as_a_whole(ada, activities, mia):
    same = name_activities(client=ada, words=[" Sit  through a film", "", *WORDS[1:]], by=mia, at=NOW + minutes(1))
    assert same == activities

    name_activities(client=ada, words=["Run", "Swim", "Sleep", "Работать"], by=mia, at=NOW + minutes(2))

    assert [each.words for each in ada.functional_activities.standing()] == ["Run", "Swim", "Sleep", "Работать"]
    assert ada.functional_activities.count() == 7


@pytest.mark.parametrize("words", [[], ["One", "Two"], list("abcdef"), ["One", "Two", "one"], ["One", "Two", "  "]])
def test_name_activities_takes_three_to_five_each_once(ada, visit, mia, words):
    with pytest.raises(WrongNumberOfActivities):
        name_activities(client=ada, words=words, by=mia, at=NOW)


def test_signing_keeps_the_pain_by_place_that_was_asked(charted, mia):
    session = save_chart(charted, version=charted.version, by=mia, at=NINE, pain_buttock_nrs=6, pain_leg_nrs=0)

    sign_session(session, version=session.version, by=mia, at=NINE + minutes(60))

    rows = OutcomeScore.objects.filter(measure__startswith="nrs_").order_by("measure")
    assert [(row.measure, row.score, row.measured_at, row.by) for row in rows] == [
        ("nrs_buttock", 6, NINE, mia),
        ("nrs_leg", 0, NINE, mia),
    ]


# --- correcting


def test_correct_score_leaves_the_wrong_row_and_goes_by_the_right_one(asked, ada, mia):
    wrong = record_score(measure="lefs", value=14, **asked)

    right = correct_score(wrong, value=41, reason="Digits swapped", by=mia, at=NOW + minutes(9))

    wrong.refresh_from_db()
    assert (wrong.score, right.score, right.corrects, right.measured_at) == (14, 41, wrong, wrong.measured_at)
    assert list(ada.outcome_scores.standing()) == [right]
    assert [each.value for each in courses_ever(ada)[0].scores] == [41]


def test_correct_score_strikes_out_and_a_correction_is_corrected_itself(asked, ada, mia):
    wrong = record_score(measure="groc", value=2, since_on=date(2026, 11, 1), **asked)
    second = correct_score(wrong, value=-2, reason="Sign", by=mia, at=NOW + minutes(1))
    with pytest.raises(AlreadyCorrected):
        correct_score(wrong, value=3, reason="Again", by=mia, at=NOW + minutes(2))

    struck = correct_score(second, reason="Other client", by=mia, at=NOW + minutes(3))

    assert not ada.outcome_scores.standing().exists()
    assert courses_ever(ada) == []
    with pytest.raises(AlreadyCorrected):
        correct_score(struck, value=3, reason="Again", by=mia, at=NOW + minutes(4))


def test_correct_score_keeps_to_the_range_to_what_is_asked_and_to_who_is_in_care(asked, mia, tom):
    wrong = record_score(measure="lefs", value=14, **asked)
    ticked = record_statements(measure="rmdq", ticked=[1], none_applies=False, **asked)

    with pytest.raises(ScoreOutOfRange):
        correct_score(wrong, value=81, reason="Typed", by=mia, at=NOW)
    with pytest.raises(NotEnteredHere):
        correct_score(ticked, value=3, reason="Typed", by=mia, at=NOW)
    with pytest.raises(NotInYourCare):
        correct_score(wrong, value=41, reason="Typed", by=tom, at=NOW)
    assert OutcomeScore.objects.count() == 2


# --- reading


def test_ratings_of_another_list_of_activities_are_not_compared(asked, activities, ada, mia):
    record_ratings(ratings=rate(activities, 1, 1, 1), **asked)
    again = name_activities(client=ada, words=["Run", "Swim", "Sleep"], by=mia, at=NOW + minutes(1))
    later = asked | {"at": NOW + minutes(2)}
    record_ratings(ratings=rate(again, 4, 4, 4), **later)
    record_ratings(ratings=rate(again, 6, 6, 6), **later | {"at": NOW + minutes(3)})

    psfs = courses_ever(ada)[0]

    assert ([score.value for score in psfs.scores], psfs.matters) == ([4, 6], True)


def test_measures_of_a_plan_are_those_of_its_time(asked, plan, ada, mia, draft):
    for days, value in ((-60, 20), (0, 40)):
        record_score(measure="lefs", value=value, **asked | {"measured_on": TODAY + timedelta(days=days)})
    assert [score.value for score in measures_of(ada, now=NINE).courses[0].scores] == [40]

    close_plan(plan, note="Well", by=mia, at=NINE)
    record_score(measure="lefs", value=60, **asked | {"at": NINE + timedelta(days=9), "measured_on": date(2026, 12, 2)})

    plan.refresh_from_db()
    assert [score.value for score in measured_under(plan)[0].scores] == [40]
    assert [score.value for score in measures_of(ada, now=NINE).courses[0].scores] == [20, 40, 60]


def test_measures_of_say_what_is_due(asked, plan, ada, draft, activities):
    assert [due.card.key for due in measures_of(ada, now=NINE).due] == ["psfs", "rmdq"]

    record_ratings(ratings=rate(activities, 3, 4, 5), **asked | {"at": NINE + minutes(5)})
    record_statements(measure="rmdq", ticked=[1], none_applies=False, **asked | {"at": NINE + minutes(5)})

    assert measures_of(ada, now=NINE + minutes(9)).due == ()


def test_measures_of_ask_as_many_queries_after_many_values(asked, plan, ada, mia, draft, activities):
    def grow():
        for day in range(30):
            at = NINE + timedelta(days=day + 1)
            fresh = asked | {"at": at, "measured_on": at.date()}
            record_ratings(ratings=rate(activities, 3, day % 10, 5), **fresh)
            record_score(measure="nrs_leg", value=day % 10, **fresh)

    assert_queries_do_not_grow(act=lambda: measures_of(ada, now=NINE), grow=grow)


def test_what_was_signed_counts_at_the_next_visit(charted, ada, mia, massage, green_room):
    visit = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7))
    sign_session(charted, version=charted.version, by=mia, at=NINE + minutes(60))

    assert (
        measures_of(ada, now=visit.starts_at, plan=ask_and_start(visit, mia).plan).courses[0].card.key == "pain_before"
    )


def test_a_session_entered_in_error_neither_counts_nor_is_measured_in(asked, signed, ada, mia):
    record_score(measure="lefs", value=40, session=signed, **asked | {"at": NINE})
    assert {course.card.key for course in courses_ever(ada)} == {"pain_before", "pain_after", "lefs"}

    withdraw_session(signed, reason="Another client's visit", by=mia, at=NINE + minutes(70))

    signed.refresh_from_db()
    assert courses_ever(ada) == []
    assert "Start of the course" in {due.reason for due in measures_of(ada, now=NINE + minutes(80)).due}
    with pytest.raises(NotTheirSession, match="entered in error"):
        record_score(measure="lefs", value=41, session=signed, **asked | {"at": NINE + minutes(80)})
