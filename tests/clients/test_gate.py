"""Who may be booked and treated, and what the desk is told."""

import pytest

from clients.gate import (
    GO,
    INTAKE_MISSING,
    STOP,
    ScreeningNotClear,
    StopFirst,
    gate_for,
    gates_for,
    may_be_booked,
    may_start_session,
)
from clients.intakes import request_intake, save_group
from clients.models import Task
from clients.screenings import clarify_screening, current_screening, record_clearance, run_screening
from clients.todo import finish_task
from tests.clients.answers import calm, emergency
from tests.world import NOW, TODAY


def close_alerts(therapist):
    for task in Task.objects.open().filter(kind="screening_alert"):
        finish_task(task, by=therapist, at=NOW, outcome="Sent to the emergency department; she is on her way.")


def test_gate_for_somebody_never_screened_is_intake_missing_but_bookable(ada):
    gate = gate_for(ada)

    assert (gate.state, gate.is_bookable) == (INTAKE_MISSING, True)
    may_be_booked(ada)
    with pytest.raises(ScreeningNotClear, match="no screening"):
        may_start_session(ada)


def test_gate_for_calm_answers_is_go(ada, mia):
    screening = run_screening(client=ada, answers=calm(), at=NOW, by=mia)

    assert gate_for(ada).state == GO
    assert may_start_session(ada) == screening


def test_gate_for_one_silent_emergency_item_is_not_go(ada, mia):
    answers = calm()
    del answers["saddle_numbness"]

    run_screening(client=ada, answers=answers, at=NOW, by=mia)

    assert gate_for(ada).state == INTAKE_MISSING
    may_be_booked(ada)
    with pytest.raises(ScreeningNotClear, match="not complete"):
        may_start_session(ada)


def test_gate_stops_at_an_emergency_until_the_screening_and_the_alert_are_settled(ada, mia):
    screening = run_screening(client=ada, answers=emergency(), at=NOW, by=mia)
    with pytest.raises(StopFirst):
        may_be_booked(ada)

    clarify_screening(screening, changes={"saddle_numbness": False}, by=mia, at=NOW)
    assert gate_for(ada).state == STOP  # the alert still stands
    with pytest.raises(ScreeningNotClear, match="alert"):
        may_start_session(ada)

    close_alerts(mia)
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
    assert gate_for(ada).state == INTAKE_MISSING


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
