"""Starting, writing, signing and amending a chart."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from clients.gate import RescreenDue, ScreeningNotClear
from clients.rescreen import record_all_no
from clients.screenings import current_screening, run_screening
from practice.models import AuditEvent, Cover
from sessions import charting
from sessions.charting import amend_session, save_chart, sign_session, start_session
from sessions.entries import FindingEntry, TestEntry
from sessions.models import (
    Amendment,
    FindingTechnique,
    MuscleFinding,
    OutcomeScore,
    TestResult,
    TreatmentSession,
)
from sessions.reading import finding_entries
from tests.clients.answers import emergency
from tests.sessions.conftest import PIRIFORMIS, make_visit
from tests.world import NINE, NOW, minutes

LATER = NINE + minutes(50)


def save(session, by, **chart):
    return save_chart(session, version=session.version, by=by, at=LATER, **chart)


def sign(session, by, at=LATER):
    return sign_session(session, version=session.version, by=by, at=at)


# --- starting


def test_start_session_lays_out_the_phase_on_the_plans_side_with_nothing_recorded(draft):
    entries = finding_entries(draft)

    assert [entry.spot for entry in entries] == [
        "right:piriformis",
        "right:gluteus_maximus",
        "right:gluteus_medius",
        "right:erector_spinae",
    ]
    assert all(entry.is_empty for entry in entries)
    assert draft.visit_number == 1


def test_start_session_twice_gives_the_same_chart(draft, visit, mia):
    assert start_session(visit, by=mia, at=LATER) == draft
    assert TreatmentSession.objects.count() == 1


def test_start_session_marks_the_visit_as_arrived_and_is_audited(draft, visit, mia):
    visit.refresh_from_db()

    assert visit.status == "arrived"
    assert AuditEvent.objects.filter(action="session.started", by=mia, target_id=draft.pk).count() == 1


def test_start_session_is_refused_the_evening_before(visit, plan, mia):
    with pytest.raises(charting.VisitNotOpen, match="opens on the day"):
        start_session(visit, by=mia, at=NINE - minutes(11 * 60))


def test_start_session_of_a_second_visit_of_the_day_wants_its_own_questions(draft, ada, mia, massage, green_room):
    second = make_visit(ada, mia, massage, green_room, starts_at=NINE + minutes(300))
    with pytest.raises(RescreenDue):
        start_session(second, by=mia, at=second.starts_at)

    record_all_no(current_screening(ada), by=mia, at=NINE + minutes(290))

    assert start_session(second, by=mia, at=second.starts_at).appointment == second


def test_start_session_of_the_earlier_visit_wants_its_own_questions_when_the_later_one_came_first(
    visit, screening, ada, mia, massage, green_room
):
    second = make_visit(ada, mia, massage, green_room, starts_at=NINE + minutes(300))
    start_session(second, by=mia, at=NINE)

    with pytest.raises(RescreenDue):
        start_session(visit, by=mia, at=NINE + minutes(60))

    record_all_no(current_screening(ada), by=mia, at=NINE + minutes(60))
    assert start_session(visit, by=mia, at=NINE + minutes(60)).appointment == visit


def test_start_session_is_refused_while_the_screening_says_stop(visit, screening, ada, mia):
    run_screening(client=ada, answers=emergency(), at=NOW + minutes(1))

    with pytest.raises(ScreeningNotClear):
        start_session(visit, by=mia, at=NINE)


def test_start_session_is_refused_to_another_therapist(visit, screening, tom):
    with pytest.raises(charting.NotInYourCare):
        start_session(visit, by=tom, at=NINE)


def test_start_session_is_open_to_the_covering_therapist_only_while_the_cover_lasts(
    visit, screening, mia, tom, still_clock
):
    Cover.objects.create(who=tom, for_whom=mia, starts_at=NOW, until=NINE, created_by=tom)

    still_clock.at = NINE
    with pytest.raises(charting.NotInYourCare):
        start_session(visit, by=tom, at=NINE)

    still_clock.at = NOW
    assert start_session(visit, by=tom, at=NOW).therapist == tom


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_start_session_is_refused_for_a_visit_that_does_not_happen(visit, screening, mia, status):
    visit.status = status
    visit.save()
    make_visit(visit.client, mia, visit.service, visit.room, starts_at=NINE + timedelta(days=1))

    with pytest.raises(charting.VisitNotOpen):
        start_session(visit, by=mia, at=NINE)


def test_start_session_is_refused_days_before_the_visit(visit, screening, mia):
    with pytest.raises(charting.VisitNotOpen):
        start_session(visit, by=mia, at=NINE - timedelta(days=2))


def test_start_session_counts_the_visits_of_the_plan(signed, ada, mia, massage, green_room):
    second = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7))
    with pytest.raises(RescreenDue):
        start_session(second, by=mia, at=second.starts_at)

    record_all_no(current_screening(ada), by=mia, at=second.starts_at)

    assert start_session(second, by=mia, at=second.starts_at).visit_number == 2


# --- writing


def test_save_chart_stores_findings_with_their_techniques(charted):
    assert finding_entries(charted) == [PIRIFORMIS]
    assert charted.version == 2


def test_save_chart_without_a_change_writes_nothing(charted, mia):
    again = save(charted, mia, pain_before_nrs=6, findings=[PIRIFORMIS])

    assert again.version == charted.version
    assert AuditEvent.objects.filter(action="session.charted").count() == 1


def test_save_chart_refuses_a_stale_version(charted, mia):
    with pytest.raises(charting.ChartChanged):
        save_chart(charted, version=1, by=mia, at=LATER, subjective="from another tab")


def test_save_chart_refuses_another_therapist(charted, tom):
    with pytest.raises(charting.NotYourChart):
        save(charted, tom, subjective="x")


def test_save_chart_refuses_more_minutes_than_the_visit_has(charted, mia):
    two = [FindingEntry("psoas", "left", minutes=40), FindingEntry("psoas", "right", minutes=21)]

    with pytest.raises(charting.MinutesBeyondVisit, match="add up to 61, but the visit was booked for 60"):
        save(charted, mia, findings=two)


@pytest.mark.parametrize(
    "finding",
    [FindingEntry("heart", "left"), FindingEntry("psoas", "left", techniques=("hammer",))],
    ids=["muscle", "technique"],
)
def test_save_chart_refuses_what_the_practice_does_not_know(charted, mia, finding):
    with pytest.raises(charting.UnknownEntry):
        save(charted, mia, findings=[finding])


def test_save_chart_refuses_a_muscle_twice_on_one_side(charted, mia):
    with pytest.raises(charting.UnknownEntry):
        save(charted, mia, findings=[PIRIFORMIS, PIRIFORMIS])


def test_save_chart_replaces_test_results(charted, mia):
    first = TestEntry("slr", "right", "before", "positive", 45)
    save(charted, mia, test_results=[first])
    charted.refresh_from_db()
    save(charted, mia, test_results=[first, TestEntry("slr", "right", "after", "negative")])

    assert TestResult.objects.filter(session=charted).count() == 2


# --- signing


def test_sign_session_records_who_when_and_both_pain_ratings(signed, mia):
    assert (signed.signed_by, signed.signed_as) == (mia, "Mia Berg, LMT 4711")
    scores = OutcomeScore.objects.filter(session=signed).order_by("measured_at")
    assert [(score.measure, score.score, score.measured_at) for score in scores] == [
        ("pain_before", 6, NINE),
        ("pain_after", 3, NINE + minutes(60)),
    ]


def test_sign_session_leaves_out_what_was_laid_out_and_not_charted(draft, mia):
    save(draft, mia, pain_before_nrs=5, pain_after_nrs=5, findings=[PIRIFORMIS, FindingEntry("psoas", "right")])
    draft.refresh_from_db()

    sign(draft, mia)

    assert finding_entries(draft) == [PIRIFORMIS]


def test_sign_session_refuses_an_incomplete_chart(draft, mia):
    with pytest.raises(charting.SessionIncomplete) as refusal:
        sign(draft, mia)

    assert "pain before" in str(refusal.value)
    assert "Nothing is charted" in str(refusal.value)


def test_sign_session_asks_for_the_pain_after_only_when_there_was_treatment(draft, mia):
    save(draft, mia, pain_before_nrs=8, subjective="Worse, leg weaker: no massage, sent to the doctor.")
    draft.refresh_from_db()

    assert sign(draft, mia).is_signed


def test_sign_session_refuses_a_text_that_was_not_shown(charted, mia):
    with pytest.raises(charting.ChartChanged):
        sign_session(charted, version=charted.version - 1, by=mia, at=LATER)


def test_sign_session_refuses_a_second_signature(signed, mia):
    with pytest.raises(charting.SessionAlreadySigned):
        sign(signed, mia)


def test_sign_session_refuses_another_therapist(charted, tom):
    with pytest.raises(charting.NotYourChart):
        sign(charted, tom)


def test_save_chart_refuses_a_signed_chart(signed, mia):
    with pytest.raises(charting.SessionAlreadySigned):
        save(signed, mia, subjective="later")


# --- what the database refuses


def refused(act):
    with pytest.raises(DatabaseError, match="is_frozen|append_only"), transaction.atomic():
        act()


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_refuses_to_change_a_signed_session(signed):
    signed.subjective = "other"

    refused(signed.save)
    refused(lambda: TreatmentSession.objects.filter(pk=signed.pk).update(subjective="other"))
    refused(lambda: TreatmentSession.objects.filter(pk=signed.pk).update(signed_at=None))
    refused(lambda: TreatmentSession.objects.filter(pk=signed.pk)._raw_delete("default"))
    refused(lambda: sql(f"UPDATE treatment_sessions_treatmentsession SET subjective = '' WHERE id = {signed.pk}"))
    refused(lambda: sql(f"DELETE FROM treatment_sessions_treatmentsession WHERE id = {signed.pk}"))


def test_the_database_refuses_to_change_the_findings_of_a_signed_session(signed):
    finding = signed.findings.get()
    technique = finding.used_techniques.get()

    finding.minutes = 45
    refused(finding.save)
    refused(finding.delete)
    refused(lambda: MuscleFinding.objects.create(session=signed, muscle="psoas", side="left"))
    refused(lambda: FindingTechnique.objects.filter(pk=technique.pk)._raw_delete("default"))
    refused(lambda: FindingTechnique.objects.create(finding=finding, technique_id=technique.technique_id + 1))
    refused(
        lambda: TestResult.objects.create(session=signed, test="slr", side="left", moment="before", result="positive")
    )
    refused(lambda: sql("UPDATE treatment_sessions_musclefinding SET minutes = 45"))
    refused(lambda: sql("DELETE FROM treatment_sessions_findingtechnique"))


def test_the_database_refuses_to_change_scores_and_amendments(signed, mia):
    amend_session(signed, kind="addendum", text="Also showed the bridge.", reason="Late entry", by=mia, at=LATER)

    refused(lambda: OutcomeScore.objects.update(score=0))
    refused(lambda: Amendment.objects.update(text=""))
    refused(lambda: Amendment.objects.all()._raw_delete("default"))


# --- afterwards


def test_amend_session_leaves_the_original_as_it_was(signed, mia):
    amend_session(
        signed, kind="correction", text="Right, not left.", reason="Mistyped", by=mia, at=LATER + timedelta(days=1)
    )

    signed.refresh_from_db()
    assert signed.subjective == "Sitting was easier after the last visit."
    assert signed.amendments.get().signed_as == "Mia Berg, LMT 4711"


def test_amend_session_is_refused_for_a_draft(draft, mia):
    with pytest.raises(charting.SessionNotSigned):
        amend_session(draft, kind="addendum", text="x", reason="y", by=mia, at=LATER)


def test_amend_session_is_refused_to_another_therapist(signed, tom):
    with pytest.raises(charting.NotInYourCare):
        amend_session(signed, kind="addendum", text="x", reason="y", by=tom, at=LATER)


def test_waiting_for_lists_the_drafts_of_their_author(draft, mia, tom):
    assert list(TreatmentSession.objects.waiting_for(mia)) == [draft]
    assert not TreatmentSession.objects.waiting_for(tom).exists()


def test_waiting_for_leaves_out_what_is_signed(signed, mia):
    assert not TreatmentSession.objects.waiting_for(mia).exists()
