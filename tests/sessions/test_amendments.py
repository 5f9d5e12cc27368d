"""Later words on a chart, and charts entered in error: kept and readable, and part of nothing."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from booking.appointments import move_appointment, reopen_appointment
from booking.refusals import NotNow
from clients.gate import ScreeningNotClear
from clients.screenings import run_screening
from practice.constraints import AppendOnly, FrozenWhen
from practice.models import AuditEvent
from protocols.plans import visits_done
from referrals.models import Referral, Referrer
from referrals.reports import NothingSigned, draft_report_content
from sessions import charting
from sessions.charting import amend_session, save_chart, sign_session, start_session, withdraw_session
from sessions.look_again import full_rescreen_reasons
from sessions.models import (
    CLOSED,
    Amendment,
    FindingTechnique,
    MuscleFinding,
    OutcomeScore,
    TestResult,
    TreatmentSession,
)
from sessions.reading import previous_session
from tests.clients.answers import emergency
from tests.sessions.conftest import PIRIFORMIS, ask_and_start, make_visit
from tests.sessions.test_views import typed
from tests.world import NINE, TODAY, minutes
from workspace.timeline import timeline_of

LATER = NINE + timedelta(days=1)
CHART, SIGN, DETAIL, PRINT, AMEND, WITHDRAW = (
    f"sessions:session_{page}" for page in ("chart", "sign", "detail", "print", "amend", "withdraw")
)


def url(name, session):
    return reverse(name, args=[session.pk])


def amend(session, by, **words):
    words = {"kind": "addendum", "text": "Showed the bridge.", "reason": "Left out", **words}
    return amend_session(session, by=by, at=LATER, **words)


def withdraw(session, by, reason="Another client's visit", at=LATER):
    return withdraw_session(session, reason=reason, by=by, at=at)


def refused_by_the_database(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        act()


# --- kinds


def test_a_late_entry_shows_when_it_happened_and_when_it_was_written(signed, mia, signed_in):
    amend(signed, mia, kind="late_entry", text="She rang: no pain.", happened_at=NINE + minutes(180))

    shown = signed_in(mia).get(url(DETAIL, signed)).content.decode()

    assert "<h3>Late entry</h3>" in shown
    assert "Happened Mon 23 Nov 2026, 12:00</strong>, written Tue 24 Nov 2026, 09:00." in shown


def test_a_late_entry_says_when_it_happened(signed, mia):
    with pytest.raises(charting.NotThen, match="Say when it happened"):
        amend(signed, mia, kind="late_entry")
    with pytest.raises(charting.NotThen, match="still to come"):
        amend(signed, mia, kind="late_entry", happened_at=LATER + minutes(1))

    assert not Amendment.objects.exists()


@pytest.mark.parametrize("reason", ["", "  "])
def test_every_amendment_says_why(signed, mia, reason):
    with pytest.raises(charting.ReasonMissing):
        amend(signed, mia, reason=reason)
    with pytest.raises(charting.ReasonMissing):
        withdraw(signed, mia, reason=reason)

    assert TreatmentSession.objects.standing().get() == signed


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "late_entry", "happened_at": None},
        {"kind": "addendum", "happened_at": NINE},
        {"kind": "addendum", "text": ""},
        {"kind": "entered_in_error", "reason": ""},
    ],
    ids=["late without a time", "a time without being late", "no words", "no reason"],
)
def test_the_database_keeps_amendments_whole(signed, mia, fields):
    whole = {"text": "x", "reason": "y", "at": LATER, "by": mia, "signed_as": "Mia", "chain_position": 9}

    refused_by_the_database(lambda: Amendment.objects.create(session=signed, **{**whole, **fields}))


def test_the_form_takes_each_kind(signed, mia, signed_in, still_clock):
    still_clock.at = LATER
    browser = signed_in(mia)
    for kind, happened_at in (("addendum", ""), ("correction", ""), ("late_entry", "2026-11-23T12:00")):
        words = {"kind": kind, "happened_at": happened_at, "reason": "Left out", "text": f"A word of {kind}."}
        assert browser.post(url(AMEND, signed), words).status_code == 302

    rows = Amendment.objects.order_by("chain_position").values_list("kind", "happened_at")
    assert list(rows) == [("addendum", None), ("correction", None), ("late_entry", NINE + minutes(180))]


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": ""},
        {"kind": "entered_in_error"},
        {"kind": "late_entry", "happened_at": ""},
        {"kind": "late_entry", "happened_at": "2026-11-25T12:00"},
        {"kind": "late_entry", "happened_at": "0001-01-01T00:00"},
        {"kind": "late_entry", "happened_at": "9999-12-31T23:59"},
        {"kind": "late_entry", "happened_at": "yesterday"},
        {"kind": "addendum", "happened_at": "2026-11-23T12:00"},
        {"reason": " "},
        {"reason": "x" * 201},
        {"text": "   ", "reason": "Kept as typed"},
    ],
)
def test_the_form_refuses_the_rest_and_keeps_what_was_typed(signed, mia, signed_in, still_clock, fields):
    still_clock.at = LATER
    words = {"kind": "addendum", "reason": "Kept as typed", "text": "Kept as typed", **fields}

    answer = signed_in(mia).post(url(AMEND, signed), words)

    assert answer.status_code == 422
    assert "Kept as typed" in answer.content.decode()
    assert not Amendment.objects.exists()


# --- entered in error: what leaves it out


def test_withdraw_session_is_an_amendment_with_reason_and_name_and_an_audit_line(signed, mia):
    withdrawal = withdraw(signed, mia)

    signed.refresh_from_db()
    assert (withdrawal.kind, withdrawal.reason) == ("entered_in_error", "Another client's visit")
    assert (withdrawal.signed_as, withdrawal.chain_position) == ("Mia Berg, LMT 4711", 1)
    assert (signed.entered_in_error_at, signed.is_signed) == (LATER, True)
    assert AuditEvent.objects.filter(action="session.entered_in_error", by=mia, target_id=signed.pk).count() == 1


def test_a_session_in_error_is_part_of_nothing(signed, plan, ada, mia, massage, green_room):
    after = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7))
    next_one = ask_and_start(after, mia)
    assert previous_session(next_one) == signed
    assert visits_done(plan) == 2

    withdraw(signed, mia)

    assert previous_session(next_one) is None
    assert visits_done(plan) == 1
    assert list(TreatmentSession.objects.standing()) == [next_one]
    assert not TreatmentSession.objects.signed().exists()
    assert not OutcomeScore.objects.standing().exists()


def test_a_session_in_error_counts_towards_no_rescreen(signed, ada, mia, massage, green_room):
    for week, pain in ((1, 7), (2, 8)):
        visit = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(weeks=week))
        save_chart(ask_and_start(visit, mia), version=1, by=mia, at=visit.starts_at, pain_before_nrs=pain)
    now = NINE + timedelta(weeks=2)
    assert full_rescreen_reasons(ada, now=now) == ["The pain was worse at two visits running."]

    withdraw(signed, mia)

    assert full_rescreen_reasons(ada, now=now) == []


def test_a_session_in_error_is_not_reported(signed, ada, mia):
    referrer = Referrer.objects.create(name="Dr Lee", profession="physician")
    referral = Referral.objects.create(
        client=ada, referrer=referrer, received_on=TODAY, question="?", created_at=NINE, created_by=mia
    )
    assert draft_report_content(referral)["visits"]
    assert Referral.objects.with_progress().get().visits_signed == 1

    withdraw(signed, mia)

    with pytest.raises(NothingSigned):
        draft_report_content(referral)
    assert Referral.objects.with_progress().get().visits_signed == 0


def test_the_timeline_keeps_one_quiet_struck_out_line(signed, ada, mia, signed_in):
    amend(signed, mia)
    withdraw(signed, mia)

    told = [event for event in timeline_of(ada, is_clinical=True) if "ession" in event.title]

    assert [(event.title, event.tone, event.is_struck, event.text) for event in told] == [
        ("Session entered in error", "quiet", True, "")
    ]
    page = signed_in(mia).get(ada.get_absolute_url()).content.decode()
    assert f'<s><a href="{signed.get_absolute_url()}">Session entered in error</a></s>' in page
    assert not any("error" in event.title for event in timeline_of(ada, is_clinical=False))


def test_what_the_client_answered_later_stays_theirs(signed, ada, mia):
    OutcomeScore.objects.create(client=ada, session=signed, measure="pain_now", score=2, measured_at=LATER)

    withdraw(signed, mia)

    assert [score.measure for score in OutcomeScore.objects.standing()] == ["pain_now"]


# --- entered in error: kept and readable


@pytest.mark.parametrize("page", [DETAIL, PRINT])
def test_it_is_kept_and_readable_with_a_banner(signed, mia, signed_in, page):
    withdraw(signed, mia)

    shown = signed_in(mia).get(url(page, signed)).content.decode()

    assert "entered in error" in shown.lower()
    assert "Reason: " in shown
    assert "Another client&#x27;s visit" in shown
    assert "Sitting was easier after the last visit." in shown
    assert "Signed by Mia Berg, LMT 4711" in shown
    assert reverse(AMEND, args=[signed.pk]) not in shown


def test_nothing_is_added_to_it_and_it_is_not_withdrawn_twice(signed, mia):
    withdraw(signed, mia)

    with pytest.raises(charting.SessionEnteredInError):
        amend(signed, mia)
    with pytest.raises(charting.SessionEnteredInError):
        withdraw(signed, mia)
    assert Amendment.objects.count() == 1


def test_only_its_therapist_says_so(signed, tom, ada, massage, green_room):
    make_visit(ada, tom, massage, green_room, starts_at=NINE + timedelta(days=3))

    with pytest.raises(charting.NotYourChart):
        withdraw(signed, tom)


def test_once_its_therapist_has_left_a_colleague_in_care_may(signed, mia, tom, ada, massage, green_room):
    mia.is_active = False
    mia.save(update_fields=["is_active"])
    with pytest.raises(charting.NotInYourCare):
        withdraw(signed, tom)
    make_visit(ada, tom, massage, green_room, starts_at=NINE + timedelta(days=3))

    assert withdraw(signed, tom).signed_as == "Tom Reed"


def test_the_page_asks_for_a_reason_and_leads_to_the_banner(signed, mia, signed_in):
    browser = signed_in(mia)

    assert browser.get(url(WITHDRAW, signed)).status_code == 200
    assert browser.post(url(WITHDRAW, signed), {"reason": " "}).status_code == 422
    assert TreatmentSession.objects.standing().exists()
    answer = browser.post(url(WITHDRAW, signed), {"reason": "Wrong client"}, follow=True)
    assert "Chart this visit anew" in answer.content.decode()


# --- charting the visit anew


def test_the_visit_can_be_charted_anew(signed, visit, mia):
    withdraw(signed, mia)

    again = start_session(visit, by=mia, at=LATER)

    assert again != signed
    assert (again.visit_number, again.screening, again.is_signed) == (1, signed.screening, False)
    assert start_session(visit, by=mia, at=LATER) == again
    again = save_chart(again, version=1, by=mia, at=LATER, pain_before_nrs=4, subjective="As it was.")
    sign_session(again, version=again.version, by=mia, at=LATER)
    assert visit.treatment_sessions.count() == 2
    assert visit.chart == again


def test_the_pages_lead_from_the_one_in_error_to_the_new_one(signed, visit, mia, signed_in, still_clock):
    still_clock.at = LATER
    withdraw(signed, mia)
    browser = signed_in(mia)

    answer = browser.post(reverse("sessions:session_start", args=[visit.pk]))

    again = TreatmentSession.objects.standing().get()
    assert answer.url == url(CHART, again)
    shown = browser.get(url(DETAIL, signed)).content.decode()
    assert "Chart this visit anew" not in shown
    assert f'<a href="{url(DETAIL, again)}">The visit was charted anew</a>' in shown


def test_a_signed_visit_is_charted_anew_whatever_came_up_since(signed, visit, ada, mia):
    """It was treated under the gate of its own day, and writing it down again treats nobody."""
    withdraw(signed, mia)
    run_screening(client=ada, answers=emergency(), at=NINE + minutes(600))

    assert start_session(visit, by=mia, at=LATER).screening == signed.screening


def test_a_withdrawn_draft_opens_no_gate(draft, visit, ada, mia):
    withdraw(draft, mia)
    run_screening(client=ada, answers=emergency(), at=NINE + minutes(600))

    with pytest.raises(ScreeningNotClear):
        start_session(visit, by=mia, at=LATER)


def test_the_database_lets_one_chart_stand_per_visit(signed, visit, mia):
    fields = {"appointment": visit, "client": visit.client, "therapist": mia, "started_at": LATER}
    fields["screening"] = signed.screening

    refused_by_the_database(lambda: TreatmentSession.objects.create(**fields))
    withdraw(signed, mia)
    TreatmentSession.objects.create(**fields)
    refused_by_the_database(lambda: TreatmentSession.objects.create(**fields))


def test_the_desk_may_mark_the_visit_again(draft, visit, mia, dana):
    withdraw(draft, mia, at=NINE + minutes(5))

    assert visit.chart is None
    assert visit.treatment_sessions.get() == draft
    assert type(visit).objects.uncharted().get() == visit


def test_the_day_of_a_signed_note_cannot_be_moved_from_under_it(signed, visit, mia, dana):
    withdraw(signed, mia)
    reopen_appointment(visit, by=dana, at=LATER)

    with pytest.raises(NotNow, match="entered in error"):
        move_appointment(visit, starts_at=NINE + timedelta(days=2), by=dana, at=LATER)


# --- a draft withdrawn


def test_a_draft_withdrawn_is_neither_charted_nor_signed_and_waits_for_nobody(charted, mia):
    withdraw(charted, mia)

    with pytest.raises(charting.SessionEnteredInError):
        save_chart(charted, version=charted.version, by=mia, at=LATER, subjective="x")
    with pytest.raises(charting.SessionEnteredInError):
        sign_session(charted, version=charted.version, by=mia, at=LATER)
    assert not TreatmentSession.objects.waiting_for(mia).exists()
    assert not TreatmentSession.objects.overdue(LATER + timedelta(days=9)).exists()


def test_what_was_typed_into_a_withdrawn_draft_is_shown_and_not_stored(charted, mia, signed_in):
    withdraw(charted, mia)

    answer = signed_in(mia).post(url(CHART, charted), typed(charted, PIRIFORMIS, subjective="typed in vain"))

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "typed in vain" in page
    assert "entered in error and stays as it is" in page
    assert "Chart the visit anew" in page


def test_an_autosave_into_a_withdrawn_draft_is_told(charted, mia, signed_in):
    withdraw(charted, mia)

    answer = signed_in(mia).post(url(CHART, charted), typed(charted, PIRIFORMIS), headers={"X-Autosave": "1"})

    assert (answer.status_code, answer.json()["state"]) == (409, "withdrawn")


def test_an_autosave_after_the_signature_is_told_and_changes_nothing(signed, mia, signed_in):
    before = TreatmentSession.objects.values().get()

    answer = signed_in(mia).post(
        url(CHART, signed), typed(signed, PIRIFORMIS, subjective="later"), headers={"X-Autosave": "1"}
    )

    assert (answer.status_code, answer.json()["state"]) == (409, "signed")
    assert "Add an amendment instead" in answer.json()["words"]
    assert TreatmentSession.objects.values().get() == before


def test_the_pages_of_a_withdrawn_draft_lead_to_reading_it(charted, mia, signed_in):
    withdraw(charted, mia)
    browser = signed_in(mia)

    assert browser.get(url(CHART, charted)).url == url(DETAIL, charted)
    assert browser.get(url(SIGN, charted)).url == url(DETAIL, charted)
    answer = browser.post(url(SIGN, charted), {"version": charted.version}, follow=True)
    assert "entered in error and stays as it is" in answer.content.decode()


# --- what the database keeps

SESSION = TreatmentSession._meta.db_table


def set_columns(places, pk):
    def act():
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {SESSION} SET {places} WHERE id = %s", [pk])

    return act


def test_the_database_refuses_any_change_to_a_withdrawn_draft(charted, mia):
    withdraw(charted, mia)
    finding = charted.findings.get()

    for places in ("subjective = 'x'", "entered_in_error_at = NULL", "signed_at = started_at", "version = 9"):
        refused_by_the_database(set_columns(places, charted.pk))
    refused_by_the_database(lambda: TreatmentSession.objects.filter(pk=charted.pk)._raw_delete("default"))
    refused_by_the_database(finding.delete)
    refused_by_the_database(lambda: MuscleFinding.objects.update(minutes=1))
    refused_by_the_database(lambda: MuscleFinding.objects.create(session=charted, muscle="psoas", side="left"))
    refused_by_the_database(lambda: FindingTechnique.objects.all()._raw_delete("default"))
    refused_by_the_database(
        lambda: TestResult.objects.create(session=charted, test="slr", side="left", moment="before", result="positive")
    )


def test_of_a_signed_session_only_the_mark_of_error_may_be_set_and_only_once(signed):
    for column in (field.column for field in TreatmentSession._meta.concrete_fields):
        if column not in {"id", "entered_in_error_at"}:
            refused_by_the_database(set_columns(f"{column} = {column}", signed.pk))
            refused_by_the_database(
                set_columns(f"entered_in_error_at = signed_at, {column} = {OTHER.get(column, 1)}", signed.pk)
            )
    set_columns("entered_in_error_at = signed_at", signed.pk)()
    refused_by_the_database(set_columns("entered_in_error_at = started_at", signed.pk))
    refused_by_the_database(set_columns("entered_in_error_at = NULL", signed.pk))
    refused_by_the_database(lambda: TreatmentSession.objects.filter(pk=signed.pk)._raw_delete("default"))


OTHER = {
    **dict.fromkeys(("subjective", "objective", "assessment", "plan_text", "signed_as"), "'x'"),
    **dict.fromkeys(("content_hash", "chain_hash"), "'0'"),
    "started_at": "signed_at",
    "signed_at": "started_at",
    **dict.fromkeys(("appointment_id", "client_id", "plan_id", "screening_id", "chain_position"), "99"),
    **dict.fromkeys(("therapist_id", "signed_by_id", "visit_number", "version"), "99"),
    **dict.fromkeys(("pain_before_nrs", "pain_after_nrs"), "9"),
}


GUARDED_OTHERWISE = {
    "CheckIn": "the client's own answer, frozen once given",
    "Message": "a mail of the outbox, no part of the chart",
}


def test_whatever_belongs_to_a_session_is_guarded():
    """A new table that hangs on a session must say how it is frozen with it."""
    belongs = {relation.related_model for relation in TreatmentSession._meta.related_objects}
    belongs |= {relation.related_model for model in belongs for relation in model._meta.related_objects}
    parts = {model for model in belongs if model._meta.app_label == "treatment_sessions"}

    assert {model.__name__ for model in belongs - parts} <= GUARDED_OTHERWISE.keys() | {"CheckInLink", "ToldVisit"}
    assert {MuscleFinding, FindingTechnique, TestResult, OutcomeScore, Amendment} <= parts
    for model in parts:
        guards = model._meta.constraints
        closed = [guard for guard in guards if isinstance(guard, FrozenWhen) and guard.condition == CLOSED]
        kept = closed or [guard for guard in guards if isinstance(guard, AppendOnly)]
        assert kept, f"{model.__name__} can be changed after the signature"
