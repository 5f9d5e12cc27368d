"""Who may be booked and treated, and what the desk is told."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from clients.gate import (
    GO,
    INTAKE_MISSING,
    STOP,
    RescreenDue,
    ScreeningNotClear,
    StopFirst,
    gate_for,
    gates_for,
    may_be_booked,
    may_be_treated,
    may_start_session,
)
from clients.intakes import GROUPS, request_intake, save_group, submit_intake
from clients.models import Task
from clients.rescreen import EVERY_VISIT, asked_since, known_keys, record_all_no
from clients.screening import emergency_keys
from clients.screenings import (
    ScreeningChangedMeanwhile,
    clarify_screening,
    current_screening,
    record_clearance,
    run_screening,
    screen_in_person,
    what_stands,
)
from clients.todo import finish_task, raise_alert, raise_task
from practice.models import AuditEvent
from tests.clients.answers import calm, emergency
from tests.world import NINE, NOW, TODAY, minutes


def close_alerts(therapist):
    for task in Task.objects.open().filter(kind="screening_alert"):
        finish_task(task, by=therapist, at=NOW, outcome="Sent to the emergency department; she is on her way.")


def test_gate_for_somebody_never_screened_is_intake_missing_but_bookable(ada):
    gate = gate_for(ada)

    assert (gate.state, gate.is_bookable) == (INTAKE_MISSING, True)
    may_be_booked(ada)
    with pytest.raises(ScreeningNotClear, match="no screening"):
        may_be_treated(ada)


def test_gate_for_calm_answers_is_go(ada, mia):
    screening = run_screening(client=ada, answers=calm(), at=NOW, by=mia)

    assert gate_for(ada).state == GO
    assert may_be_treated(ada) == screening


def test_gate_for_one_silent_emergency_item_is_not_go(ada, mia):
    answers = calm()
    del answers["saddle_numbness"]

    run_screening(client=ada, answers=answers, at=NOW, by=mia)

    assert gate_for(ada).state == INTAKE_MISSING
    may_be_booked(ada)
    with pytest.raises(ScreeningNotClear, match="not complete"):
        may_be_treated(ada)


def test_gate_stops_at_an_emergency_until_the_screening_and_the_alert_are_settled(ada, mia):
    screening = run_screening(client=ada, answers=emergency(), at=NOW, by=mia)
    with pytest.raises(StopFirst):
        may_be_booked(ada)

    clarify_screening(screening, changes={"saddle_numbness": False}, by=mia, at=NOW)
    assert gate_for(ada).state == STOP  # the alert still stands
    with pytest.raises(ScreeningNotClear, match="alert"):
        may_be_treated(ada)

    close_alerts(mia)
    assert gate_for(ada).state == STOP  # nobody has asked the other questions again
    record_all_no(current_screening(ada), by=mia, at=NOW + minutes(1))
    assert gate_for(ada).state == GO


def test_gate_stops_while_an_intake_is_being_filled_in(ada, dana, mia):
    intake = request_intake(client=ada, by=dana, at=NOW)

    save_group(intake, group="urgent_pelvis", answers={"bladder_change": "not_sure"}, at=NOW, is_finished=False)

    assert gate_for(ada).state == STOP
    close_alerts(mia)
    assert gate_for(ada).state == STOP  # the answer itself stops, not only the alert
    with pytest.raises(StopFirst):
        may_be_booked(ada)


def test_an_emergency_answer_taken_back_still_needs_a_therapist_and_stays_on_file(ada, dana, mia):
    intake = request_intake(client=ada, by=dana, at=NOW)
    save_group(intake, group="urgent_pelvis", answers={"bladder_change": True}, at=NOW)

    save_group(intake, group="urgent_pelvis", answers={"bladder_change": False}, at=NOW)

    assert gate_for(ada).state == STOP
    assert intake.changed_answers == [
        {"key": "bladder_change", "from": True, "to": False, "at": NOW.isoformat()},
    ]
    close_alerts(mia)
    assert gate_for(ada).state == STOP
    run_screening(client=ada, answers=calm(), at=NOW + minutes(1), by=mia)
    assert gate_for(ada).state == GO


def test_a_referral_stops_the_table_but_not_the_book_until_a_clearance(ada, mia):
    run_screening(client=ada, answers=calm(heart_or_stroke_recent=True), at=NOW, by=mia)
    gate = gate_for(ada)
    assert (gate.state, gate.is_bookable) == (STOP, True)

    record_clearance(
        client=ada,
        clinician_name="Dr Rao",
        profession="GP",
        given_on=TODAY,
        note="Letter on file",
        by=mia,
        at=NOW,
    )

    assert gate_for(ada).state == GO
    assert current_screening(ada).supersedes.triage == "routine_referral"


def test_gates_are_asked_in_the_same_number_of_queries_however_many(ada, ben, mia, django_assert_num_queries):
    for client in (ada, ben):
        run_screening(client=client, answers=calm(), at=NOW, by=mia)

    with django_assert_num_queries(3):
        assert {gate.state for gate in gates_for([ada.pk, ben.pk]).values()} == {GO}


# --- every visit

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def start(client, therapist, *, at=NINE, visit_at=NINE):
    return may_start_session(client, visit_at=visit_at, at=at, by=therapist)


def test_every_visit_asks_the_emergency_items_and_what_may_be_new():
    assert set(emergency_keys()) < set(EVERY_VISIT)
    for key in ("weakness_reported", "numb_tingling_leg", "bilateral_leg_symptoms", "spreading_down"):
        assert key in EVERY_VISIT


def test_an_answer_of_yesterday_does_not_open_the_table_today(ada, mia):
    run_screening(client=ada, answers=calm(), at=NOW - DAY, by=mia)
    with pytest.raises(RescreenDue):
        start(ada, mia)

    record_all_no(current_screening(ada), by=mia, at=NOW)

    assert start(ada, mia) == current_screening(ada)
    assert AuditEvent.objects.filter(action="gate.passed", by=mia, about_client_id=ada.pk).count() == 1


def test_an_examination_alone_does_not_count_as_asking(ada, mia):
    yesterday = run_screening(client=ada, answers=calm(), at=NOW - DAY, by=mia)

    clarify_screening(yesterday, changes={"slr": "negative"}, by=mia, at=NOW)

    with pytest.raises(RescreenDue):
        start(ada, mia)


def test_a_clearance_alone_does_not_count_as_asking(ada, mia):
    run_screening(client=ada, answers=calm(heart_or_stroke_recent=True), at=NOW - DAY, by=mia)

    record_clearance(
        client=ada, clinician_name="Dr Rao", profession="GP", given_on=TODAY, note="Letter", by=mia, at=NOW
    )

    with pytest.raises(RescreenDue):
        start(ada, mia)


@pytest.mark.parametrize("key", EVERY_VISIT)
def test_one_question_not_asked_keeps_the_table_shut(ada, mia, key):
    yesterday = run_screening(client=ada, answers=calm(), at=NOW - DAY, by=mia)

    clarify_screening(yesterday, changes={}, asked=set(EVERY_VISIT) - {key}, by=mia, at=NOW)

    with pytest.raises(RescreenDue):
        start(ada, mia)


def test_an_intake_handed_in_on_the_day_counts_and_one_of_the_day_before_does_not(ada, mia):
    run_screening(client=ada, answers=calm(), at=NOW)

    assert start(ada, mia)
    with pytest.raises(RescreenDue):
        start(ada, mia, at=NINE + DAY, visit_at=NINE + DAY)


def test_the_day_is_the_practices_calendar_day(ada, mia):
    run_screening(client=ada, answers=calm(), at=datetime(2026, 11, 22, 23, 59, tzinfo=UTC), by=mia)
    with pytest.raises(RescreenDue):
        start(ada, mia)

    record_all_no(current_screening(ada), by=mia, at=datetime(2026, 11, 23, 0, 0, tzinfo=UTC))
    assert start(ada, mia)


def test_what_was_asked_the_evening_before_does_not_open_the_morning(ada, mia):
    run_screening(client=ada, answers=calm(), at=NINE + 12 * HOUR, by=mia)

    for at in (NINE + 13 * HOUR, NINE + DAY):
        with pytest.raises(RescreenDue):
            start(ada, mia, at=at, visit_at=NINE + DAY)


def test_a_visit_soon_after_midnight_takes_what_was_asked_just_before(ada, mia):
    midnight = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
    run_screening(client=ada, answers=calm(), at=midnight - HOUR, by=mia)

    assert start(ada, mia, at=midnight - minutes(5), visit_at=midnight + minutes(30))
    with pytest.raises(RescreenDue):
        start(ada, mia, at=midnight - minutes(5), visit_at=midnight + 3 * HOUR)


@pytest.mark.parametrize(
    ("zone", "asked_at"),
    [
        ("Pacific/Auckland", datetime(2026, 11, 22, 10, 59, tzinfo=UTC)),  # 23:59 of the day before, in Auckland
        ("America/Los_Angeles", datetime(2026, 11, 23, 7, 59, tzinfo=UTC)),  # the same, in Los Angeles
    ],
)
def test_the_day_begins_at_midnight_where_the_practice_is(ada, mia, zone, asked_at):
    with timezone.override(zone):
        visit_at = asked_at + 10 * HOUR
        first = run_screening(client=ada, answers=calm(), at=asked_at, by=mia)
        with pytest.raises(RescreenDue):
            start(ada, mia, at=visit_at, visit_at=visit_at)

        record_all_no(first, by=mia, at=asked_at + minutes(1))

        assert start(ada, mia, at=visit_at, visit_at=visit_at)


def test_a_second_visit_of_the_day_asks_anew(ada, mia):
    run_screening(client=ada, answers=calm(), at=NOW, by=mia)
    used_at = NOW + minutes(1)
    with pytest.raises(RescreenDue):
        may_start_session(ada, visit_at=NINE + 5 * HOUR, at=NINE + 5 * HOUR, by=mia, used_at=used_at)

    record_all_no(current_screening(ada), by=mia, at=NINE + 4 * HOUR)

    assert may_start_session(ada, visit_at=NINE + 5 * HOUR, at=NINE + 5 * HOUR, by=mia, used_at=used_at)


def test_record_all_no_stores_an_explicit_no_per_item_and_who_asked(ada, mia):
    answers = calm()
    for key in EVERY_VISIT:
        answers.pop(key)
    before = run_screening(client=ada, answers=answers, at=NOW - DAY, by=mia)

    version = record_all_no(before, by=mia, at=NOW)

    assert {key: version.answers[key] for key in EVERY_VISIT} == dict.fromkeys(EVERY_VISIT, False)
    assert (version.by, version.at, version.supersedes) == (mia, NOW, before)
    assert set(version.asked) == set(EVERY_VISIT)


def test_record_all_no_makes_a_version_though_every_answer_is_as_it_was(ada, mia):
    before = run_screening(client=ada, answers=calm(), at=NOW - DAY, by=mia)

    version = record_all_no(before, by=mia, at=NOW)

    assert version.answers == before.answers
    assert current_screening(ada) == version


def test_record_all_no_never_turns_a_yes_on_file_into_a_no(ada, mia):
    before = run_screening(client=ada, answers=calm(foot_drop=True, numb_tingling_leg=True), at=NOW, by=mia)
    assert known_keys(before) == ["foot_drop", "numb_tingling_leg"]

    version = record_all_no(before, by=mia, at=NOW)

    assert version.answers["foot_drop"] is True
    assert version.triage == before.triage == "emergency"


def test_asked_since_is_one_query_however_many(ada, ben, mia, django_assert_num_queries):
    for client in (ada, ben):
        run_screening(client=client, answers=calm(), at=NOW, by=mia)

    with django_assert_num_queries(1):
        assert asked_since([ada.pk, ben.pk], NOW) == {ada.pk, ben.pk}


# --- alerts: closing one records what was advised, and opens nothing

SOON = NOW + minutes(5)


@pytest.fixture
def alert(ada):
    """Ada was screened yesterday, and this morning's answer to the check-in worried us."""
    run_screening(client=ada, answers=calm(), at=NOW - DAY)
    return raise_task(kind="check_in_alert", client=ada, subject="check-in 1", for_role="therapist", at=NOW)


def close(task, therapist, *, at=SOON):
    return finish_task(task, by=therapist, at=at, outcome="Rang her: no numbness, no weakness.")


def clear(client, therapist, *, given_on=TODAY, at=NOW + HOUR):
    return record_clearance(
        client=client, clinician_name="Dr Rao", profession="GP", given_on=given_on, note="Letter", by=therapist, at=at
    )


def stands(client):
    """The gate is shut in every way, and says that the screening's result does not hold."""
    gate = gate_for(client)
    with pytest.raises(StopFirst):
        may_be_booked(client)
    with pytest.raises(ScreeningNotClear):
        may_be_treated(client)
    return (gate.state, gate.words, gate.overtakes_screening) == (STOP, "Stop – therapist first", True)


def test_an_alert_closed_with_words_alone_stays_a_stop(ada, mia, alert):
    assert stands(ada)

    close(alert, mia)

    assert stands(ada)
    with pytest.raises(ScreeningNotClear, match="Ask every safety question again"):
        start(ada, mia)


def test_an_alert_is_settled_when_a_therapist_has_asked_everything_since_and_closed_it(ada, mia, alert):
    record_all_no(current_screening(ada), by=mia, at=NOW + HOUR)
    assert stands(ada)  # asked, and nobody wrote what was advised

    close(alert, mia)

    assert gate_for(ada).state == GO
    assert start(ada, mia)


@pytest.mark.parametrize("key", EVERY_VISIT)
def test_one_question_not_asked_again_leaves_the_alert_standing(ada, mia, alert, key):
    close(alert, mia)

    clarify_screening(current_screening(ada), changes={}, asked=set(EVERY_VISIT) - {key}, by=mia, at=NOW + HOUR)

    assert stands(ada)


@pytest.mark.parametrize("at", [NOW - minutes(1), NOW])
def test_what_was_asked_before_the_alert_does_not_settle_it(ada, mia, at):
    run_screening(client=ada, answers=calm(), at=NOW - DAY)
    record_all_no(current_screening(ada), by=mia, at=at)
    close(raise_task(kind="check_in_alert", client=ada, subject="check-in 1", for_role="therapist", at=NOW), mia)

    assert stands(ada)


def test_what_the_client_fills_in_alone_does_not_settle_an_alert(ada, mia, alert):
    close(alert, mia)

    run_screening(client=ada, answers=calm(), at=NOW + HOUR)

    assert stands(ada)


def test_a_clearance_since_settles_an_alert(ada, mia, alert):
    close(alert, mia)

    clear(ada, mia)

    assert gate_for(ada).state == GO


def test_a_clearance_from_before_the_alert_does_not_settle_it(ada, mia, alert):
    close(alert, mia)

    clear(ada, mia, given_on=TODAY - DAY)

    assert stands(ada)


def test_a_clearance_on_file_before_the_alert_does_not_settle_it(ada, mia):
    run_screening(client=ada, answers=calm(), at=NOW - DAY)
    clear(ada, mia, at=NOW - HOUR)

    close(raise_task(kind="check_in_alert", client=ada, subject="check-in 1", for_role="therapist", at=NOW), mia)

    assert stands(ada)


def test_each_alert_is_settled_for_itself(ada, mia, alert):
    close(alert, mia)
    record_all_no(current_screening(ada), by=mia, at=NOW + HOUR)

    close(
        raise_task(kind="check_in_alert", client=ada, subject="check-in 2", for_role="therapist", at=NOW + 2 * HOUR),
        mia,
        at=NOW + 3 * HOUR,
    )

    assert stands(ada)


def test_an_emergency_answer_after_a_therapist_asked_is_an_alert_of_its_own(ada, dana, mia):
    run_screening(client=ada, answers=calm(), at=NOW - DAY)
    intake = request_intake(client=ada, by=dana, at=NOW)
    save_group(intake, group="urgent_pelvis", answers={"bladder_change": True}, at=NOW)
    record_all_no(current_screening(ada), by=mia, at=NOW + minutes(10))

    save_group(intake, group="urgent_pelvis", answers={"bladder_change": "not_sure"}, at=NOW + minutes(20))
    save_group(intake, group="urgent_pelvis", answers={"bladder_change": False}, at=NOW + minutes(30))
    for task in Task.objects.open().filter(kind="screening_alert"):
        close(task, mia, at=NOW + minutes(40))

    assert stands(ada)


@pytest.mark.parametrize("kind", ["screening_alert", "check_in_alert"])
def test_an_alert_that_waited_for_a_sheet_to_be_saved_is_not_settled_by_it(ada, mia, kind):
    run_screening(client=ada, answers=calm(), at=NOW - DAY)
    record_all_no(current_screening(ada), by=mia, at=NOW + timedelta(seconds=1))

    close(raise_task(kind=kind, client=ada, subject="check-in 1", for_role="therapist", at=NOW), mia)

    assert stands(ada)


def test_a_sheet_that_did_not_know_of_an_alert_is_not_saved(ada, mia):
    first = run_screening(client=ada, answers=calm(), at=NOW - DAY)
    seen = what_stands(ada)
    raise_alert(client=ada, subject="intake:1", at=NOW)

    with pytest.raises(ScreeningChangedMeanwhile):
        record_all_no(first, by=mia, at=NOW + HOUR, seen=seen)
    with pytest.raises(ScreeningChangedMeanwhile):
        clarify_screening(first, changes={"pain_now": 4}, by=mia, at=NOW + HOUR, seen=seen)
    assert current_screening(ada) == first

    record_all_no(first, by=mia, at=NOW + HOUR, seen=what_stands(ada))
    assert current_screening(ada) != first


def test_a_first_sheet_that_did_not_know_of_an_alert_is_not_saved(ada, mia):
    seen = what_stands(ada)
    raise_alert(client=ada, subject="intake:1", at=NOW)

    with pytest.raises(ScreeningChangedMeanwhile):
        screen_in_person(client=ada, answers=calm(), card={}, by=mia, at=NOW + HOUR, seen=seen)

    assert current_screening(ada) is None


def test_alerts_cost_the_same_queries_however_many(ada, ben, mia, django_assert_num_queries):
    for client in (ada, ben):
        run_screening(client=client, answers=calm(), at=NOW - DAY)
        close(
            raise_task(kind="check_in_alert", client=client, subject=f"{client.pk}", for_role="therapist", at=NOW), mia
        )

    with django_assert_num_queries(5):
        assert {gate.state for gate in gates_for([ada.pk, ben.pk]).values()} == {STOP}


def test_each_client_s_alert_is_measured_by_its_own_moment(ada, ben, mia):
    for client in (ada, ben):
        run_screening(client=client, answers=calm(), at=NOW - DAY)
    for client, raised_at in ((ada, NOW - 2 * HOUR), (ben, NOW)):
        alert = raise_task(
            kind="check_in_alert", client=client, subject=f"{client.pk}", for_role="therapist", at=raised_at
        )
        close(alert, mia)
        if client == ada:
            for each in (ada, ben):
                record_all_no(current_screening(each), by=mia, at=NOW - HOUR)

    assert (gate_for(ada).state, gate_for(ben).state) == (GO, STOP)
    assert {pk: gate.state for pk, gate in gates_for([ada.pk, ben.pk]).items()} == {ada.pk: GO, ben.pk: STOP}


# --- nobody lifts a stop alone


def stopped_though_asked(client, therapist):
    """A therapist has asked twice, and it is an emergency still; the alert is closed and settled."""
    screening = run_screening(client=client, answers=emergency(), at=NOW, by=therapist)
    close_alerts(therapist)
    record_all_no(screening, by=therapist, at=NOW + minutes(5))


def test_a_clients_own_intake_does_not_lift_what_a_therapist_found(ada, mia):
    stopped_though_asked(ada, mia)

    screening = run_screening(client=ada, answers=calm(), at=NOW + minutes(10))

    assert screening.triage == "treat"
    assert (gate_for(ada).state, gate_for(ada).is_bookable) == (STOP, False)
    close_alerts(mia)
    with pytest.raises(ScreeningNotClear, match="Ask every safety question again"):
        may_start_session(ada, visit_at=NINE, at=NINE, by=mia)


def test_an_empty_intake_does_not_lift_a_stop_either(ada, mia):
    stopped_though_asked(ada, mia)

    run_screening(client=ada, answers={}, at=NOW + minutes(10))

    with pytest.raises(StopFirst):
        may_be_booked(ada)


def test_an_intake_that_a_therapist_hands_in_settles_no_alert(ada, dana, mia):
    intake = request_intake(client=ada, by=dana, at=NOW)
    for group in GROUPS.values():
        said = {key: answer for key, answer in calm(bladder_change=True).items() if key in group.items}
        save_group(intake, group=group.id, answers=said, at=NOW)
    save_group(intake, group="urgent_pelvis", answers={"bladder_change": False}, at=NOW)
    close_alerts(mia)
    signed = {"consents": {"treatment": True}, "signed_name": "Ada Müller", "is_by_guardian": False}

    screening = submit_intake(intake, **signed, at=NOW + minutes(5), taken_by=mia)

    assert gate_for(ada).state == STOP
    record_all_no(screening, by=mia, at=NOW + minutes(6))
    assert gate_for(ada).state == GO


def hand_in_calm(intake):
    """Answer every question of the client's with nothing worrying, and hand it in alone."""
    for group in GROUPS.values():
        save_group(intake, group=group.id, answers={key: calm()[key] for key in group.items if key in calm()}, at=NOW)
    signed = {"consents": {"treatment": True}, "signed_name": "Ada Müller", "is_by_guardian": False}
    return submit_intake(intake, **signed, at=NOW)


def test_handing_in_an_intake_at_last_keeps_what_was_examined_meanwhile(ada, mia):
    intake = request_intake(client=ada, by=mia, at=NOW - minutes(60))
    card = {"slr": {"left": {"result": "positive", "angle_deg": 40}}}
    run_screening(client=ada, answers=calm(strength="reduced", slr="positive"), card=card, at=NOW - minutes(30), by=mia)

    screening = hand_in_calm(intake)

    assert screening.triage == "routine_referral"
    assert (screening.answers["strength"], screening.card) == ("reduced", card)
    assert "strength" not in screening.asked


def test_an_intake_of_a_new_episode_starts_without_the_old_examination(ada, mia):
    run_screening(client=ada, answers=calm(strength="reduced"), at=NOW - minutes(60), by=mia)
    intake = request_intake(client=ada, by=mia, at=NOW)

    assert "strength" not in hand_in_calm(intake).answers
