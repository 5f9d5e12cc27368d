"""Carrying the last visit forward: what may come along, what never does, and how long a value says where it is from."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from anatomy.body import MUSCLES, SIDES
from sessions.chain import content_hash, session_content, verify
from sessions.chart_page import with_drafts
from sessions.charting import (
    NotThisClientsVisit,
    SessionAllCopy,
    is_copy,
    save_chart,
    sign_session,
)
from sessions.copying import CARRIED, WORDS, Mark, carry_forward, is_all_copy, parse_mark, still_copied, values_of
from sessions.entries import FindingEntry, TestEntry, total_minutes
from sessions.history import treated_muscles, trend_rows, trends_of
from sessions.models import CopiedField, TreatmentSession
from sessions.note import note_of
from sessions.reading import copied_from, fetch_parts, finding_entries
from sessions.words import draft_objective, draft_work, without_lines
from tests.sessions.conftest import PIRIFORMIS, ask_and_start, make_visit
from tests.world import NINE, minutes

TECHNIQUES = {"deep_stripping": "Deep stripping", "met_pir": "Muscle energy (contract and relax)"}
PHRASES = st.sampled_from(
    ["", "back of the thigh", "Walks freely.", "الفخذ 🙂", "0", "and, or; so: a line", "one\u2028line\x0bonly"]
)

findings = st.builds(
    FindingEntry,
    muscle=st.sampled_from(sorted(MUSCLES)),
    side=st.sampled_from([side.value for side in SIDES]),
    tone=st.none() | st.integers(0, 4),
    tenderness=st.none() | st.integers(0, 4),
    has_trigger_point=st.none() | st.booleans(),
    is_familiar_pain=st.none() | st.booleans(),
    refers_to=PHRASES,
    techniques=st.lists(st.sampled_from(sorted(TECHNIQUES)), unique=True, max_size=2).map(tuple),
    pressure=st.none() | st.integers(0, 10),
    minutes=st.integers(0, 40),
    response=st.sampled_from(["", "eased", "unchanged", "sore"]),
)
charts = st.lists(findings, max_size=6, unique_by=lambda finding: finding.spot)
words = st.fixed_dictionaries({name: st.sampled_from(["", "Sits longer.", "مؤلم 🙂"]) for name in WORDS})
tests_ = st.builds(
    TestEntry,
    test=st.just("slr"),
    side=st.sampled_from(["left", "right"]),
    moment=st.sampled_from(["before", "after"]),
    result=st.sampled_from(["positive", "negative"]),
    value=st.none() | st.integers(0, 90),
)


# --- what comes along


@given(now=charts, last=charts, typed=words, old=words, booked=st.integers(0, 120))
def test_what_stands_stays_and_only_what_may_be_copied_comes_along(now, last, typed, old, booked):
    carried = carry_forward(now, typed, last=last, last_words=old, booked_minutes=booked)

    before, after = values_of(now, typed), values_of(carried.findings, carried.words)
    assert all(after[mark] == value for mark, value in before.items())
    assert after.keys() - before.keys() == carried.marks
    source = values_of(last, old)
    assert all(after[mark] == source[mark] for mark in carried.marks)


@given(now=charts, last=charts, booked=st.integers(0, 120))
def test_a_response_is_never_copied_and_minutes_fit_the_visit(now, last, booked):
    carried = carry_forward(now, {}, last=last, last_words={}, booked_minutes=booked)

    responses = {finding.spot: finding.response for finding in now}
    assert all(finding.response == responses.get(finding.spot, "") for finding in carried.findings)
    assert total_minutes(carried.findings) <= max(booked, total_minutes(now))
    assert all(finding.minutes >= 0 for finding in carried.findings)


@given(now=charts, last=charts, typed=words, old=words)
def test_carrying_forward_twice_is_carrying_forward_once(now, last, typed, old):
    once = carry_forward(now, typed, last=last, last_words=old, booked_minutes=500)
    twice = carry_forward(once.findings, once.words, last=last, last_words=old, booked_minutes=500)

    assert (twice.findings, twice.words, twice.marks) == (once.findings, once.words, frozenset())


def test_of_a_visit_nothing_else_can_be_marked():
    never = {"response", "signed_at", "signed_as", "pain_before_nrs", "pain_after_nrs", "test_results", "started_at"}

    assert not never & {*CARRIED, *WORDS}
    for text in ["left:piriformis/response", "/pain_after_nrs", "left:piriformis/subjective", "/tone", "tone", ""]:
        with pytest.raises(ValueError):
            parse_mark(text)


# --- how long a value says so


@given(last=charts.filter(bool))
def test_a_mark_goes_when_its_value_changes_or_somebody_confirms_it(last):
    carried = carry_forward([], {}, last=last, last_words={}, booked_minutes=500)
    before = values_of(carried.findings, {})

    assert still_copied(carried.marks, before=before, after=before) == carried.marks
    for mark in carried.marks:
        changed = {**before, mark: "something else"}
        assert still_copied(carried.marks, before=before, after=changed) == carried.marks - {mark}
        assert still_copied(carried.marks, before=before, after=before, confirmed={mark}) == carried.marks - {mark}
    assert not still_copied(carried.marks, before=before, after={})


# --- the drafted sentences


@given(found=charts, tested=st.lists(tests_, max_size=3, unique_by=lambda test: (test.side, test.moment)))
def test_the_draft_mentions_every_finding_and_only_those(found, tested):
    text = draft_objective(found, tested) + "\n" + draft_work(found, TECHNIQUES)

    for finding in found:
        said = [line for line in text.splitlines() if line.startswith(f"{finding.name}: ")]
        told = [value for _, value in values_of([finding], {}).items()] + (
            [finding.response] if finding.response else []
        )
        assert bool(said) == bool(told)
        line = " ".join(said)
        assert (f"tone {finding.tone}/4" in line) == (finding.tone is not None)
        assert (f"tenderness {finding.tenderness}/4" in line) == (finding.tenderness is not None)
        assert (f"{finding.minutes} min" in line) == bool(finding.minutes)
        for key, name in TECHNIQUES.items():
            assert (name[1:] in line) == (key in finding.techniques)
    names = {finding.name for finding in found} | {"Straight leg raise, left", "Straight leg raise, right"}
    assert all(any(line.startswith(name) for name in names) for line in text.split("\n") if line)


@given(found=charts, changed=charts, own=PHRASES)
def test_drafting_again_leaves_a_hands_own_words_and_no_stale_sentence(found, changed, own):
    chart = {"objective": own, "plan_text": own, "findings": found, "test_results": []}
    first = with_drafts(chart, TECHNIQUES)
    first["objective"] += " and a hand's word"
    again = with_drafts(first | {"findings": changed}, TECHNIQUES, drafted=first["drafted"])

    fresh = with_drafts({**chart, "objective": "", "plan_text": "", "findings": changed}, TECHNIQUES)
    assert again["plan_text"] == "\n".join(filter(None, [own, fresh["plan_text"]]))
    assert "and a hand's word" in again["objective"]
    assert without_lines(again["plan_text"], again["drafted"]) == own


def test_a_draft_says_of_a_copied_value_that_it_is_copied():
    marks = {Mark(PIRIFORMIS.spot, "tenderness"): "18 Nov 2026"}

    assert draft_objective([replace(PIRIFORMIS, refers_to="")], [], marks) == (
        "Right piriformis: tone 3/4, trigger point, familiar pain; copied from 18 Nov 2026, not confirmed: tenderness 3/4."
    )


# --- in the chart


def refused(act):
    with pytest.raises(DatabaseError, match="is_frozen"), transaction.atomic():
        act()


@pytest.fixture
def next_week(signed, ada, mia, massage, green_room):
    """Ada's visit a week after the signed one, its chart open and empty."""
    return ask_and_start(make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7)), mia)


@pytest.fixture
def chart_of(mia, signed_in):
    browser = signed_in(mia)

    def post(session, **data):
        stored = TreatmentSession.objects.get(pk=session.pk)
        form = browser.get(reverse("sessions:session_chart", args=[session.pk])).context["form"]
        sent = {"version": stored.version, "card": [each.spot for each in form.findings]}
        for each in (form.head, *form.findings):
            for bound in each:
                if (value := bound.value()) not in (None, ""):
                    sent[bound.html_name] = value
        return browser.post(reverse("sessions:session_chart", args=[session.pk]), sent | data)

    return post


def test_the_last_visit_is_carried_forward_and_says_so(next_week, signed, chart_of):
    assert chart_of(next_week, act="copy").status_code == 302

    session = fetch_parts(TreatmentSession.objects.get(pk=next_week.pk))
    assert finding_entries(session)[0] == replace(PIRIFORMIS, response="")
    assert session.subjective == signed.subjective
    assert (session.pain_before_nrs, session.pain_after_nrs) == (None, None)
    marks = copied_from(session)
    assert marks.keys() == {Mark(PIRIFORMIS.spot, field) for field in CARRIED} | {Mark("", "subjective")}
    assert {source.pk for source in marks.values()} == {signed.pk}


def test_a_copied_value_loses_its_mark_when_it_is_changed_or_confirmed(next_week, chart_of):
    chart_of(next_week, act="copy")
    chart_of(next_week, **{"right-piriformis-tone": 1, "confirm": ["right:piriformis/tenderness"]})

    left = {mark.field for mark in copied_from(TreatmentSession.objects.get(pk=next_week.pk))}
    assert left == {*CARRIED, "subjective"} - {"tone", "tenderness"}
    chart_of(next_week, act="confirm:right:piriformis")
    chart_of(next_week, act="confirm:subjective")
    assert not CopiedField.objects.exists()


def test_the_page_marks_each_copied_field(next_week, mia, signed_in, chart_of):
    chart_of(next_week, act="copy")
    page = signed_in(mia).get(reverse("sessions:session_chart", args=[next_week.pk])).content.decode()

    for field in CARRIED:
        assert f'data-copied="right:piriformis/{field}"' in page
    assert 'data-copied="/subjective"' in page
    assert 'data-copied="/objective"' not in page


def test_a_note_that_is_all_copy_asks_before_signing(next_week, mia, signed_in, chart_of):
    chart_of(next_week, act="copy", pain_before_nrs=4, pain_after_nrs=2)
    session = TreatmentSession.objects.get(pk=next_week.pk)
    assert is_copy(session)
    with pytest.raises(SessionAllCopy):
        sign_session(session, version=session.version, by=mia, at=session.started_at)

    page, address = signed_in(mia), reverse("sessions:session_sign", args=[session.pk])
    assert 'name="same_today"' in page.get(address).content.decode()
    assert page.post(address, {"version": session.version}).status_code == 409
    assert page.post(address, {"version": session.version, "same_today": "yes"}).status_code == 302

    session.refresh_from_db()
    assert session.is_signed
    note = note_of(session)
    assert note["findings"][0]["copied_on"] == "23 Nov 2026"
    assert "tenderness" in note["findings"][0]["copied"]
    assert ("Subjective", session.subjective, "23 Nov 2026") in note["words"]


def test_sentences_drafted_from_a_copy_leave_it_a_copy(next_week, signed, mia, chart_of):
    save_chart(
        next_week,
        version=next_week.version,
        by=mia,
        at=next_week.started_at,
        copied={Mark("", "objective")},
        source=signed,
        objective="Slight limp.",
    )
    chart_of(next_week, act="copy", pain_before_nrs=4, pain_after_nrs=2)
    chart_of(next_week, act="draft")

    session = TreatmentSession.objects.get(pk=next_week.pk)
    assert session.objective.startswith("Slight limp.\nRight piriformis: copied from 23 Nov 2026")
    assert Mark("", "objective") in copied_from(session)
    assert is_copy(session)
    chart_of(next_week, objective=f"{session.objective}\nWalks freely.")
    session = TreatmentSession.objects.get(pk=next_week.pk)
    assert Mark("", "objective") not in copied_from(session)
    assert not is_copy(session)


@pytest.mark.parametrize(
    "own", [{"right-piriformis-tone": 1}, {"right-piriformis-response": "eased"}, {"objective": "Walks freely."}]
)
def test_one_finding_of_today_and_it_is_no_copy(next_week, chart_of, own):
    chart_of(next_week, act="copy", pain_before_nrs=4, pain_after_nrs=2)
    chart_of(next_week, **own)

    assert not is_copy(TreatmentSession.objects.get(pk=next_week.pk))


def test_nothing_charted_is_no_copy(next_week):
    assert not is_copy(next_week)
    assert not is_all_copy([], {}, set())


def test_only_the_clients_own_signed_visits_are_carried_forward(next_week, signed, mia):
    marks = {Mark("", "subjective")}
    other = TreatmentSession.objects.get(pk=signed.pk)
    other.client_id += 1
    for source in (other, next_week, None):
        with pytest.raises(NotThisClientsVisit):
            save_chart(
                next_week,
                version=next_week.version,
                by=mia,
                at=next_week.started_at,
                copied=marks,
                source=source,
                subjective="Copied.",
            )


def test_the_marks_are_signed_with_the_note_and_cannot_go_afterwards(next_week, mia, chart_of):
    chart_of(next_week, act="copy", pain_before_nrs=4, pain_after_nrs=2)
    chart_of(next_week, **{"right-piriformis-response": "eased"})
    session = TreatmentSession.objects.get(pk=next_week.pk)
    signed = sign_session(session, version=session.version, by=mia, at=session.started_at + minutes(60))

    refused(lambda: CopiedField.objects.filter(session=signed).first().delete())
    refused(lambda: CopiedField.objects.filter(session=signed).update(field="minutes"))
    assert verify().fault is None
    content = session_content(fetch_parts(TreatmentSession.objects.get(pk=signed.pk)))
    assert len(content["copied"]) == len(CARRIED) + 1
    assert content_hash(content | {"copied": []}) != signed.content_hash


def test_what_was_copied_twice_is_from_the_visit_that_found_it(
    next_week, signed, ada, mia, massage, green_room, chart_of
):
    chart_of(next_week, act="copy", pain_before_nrs=4, pain_after_nrs=2)
    chart_of(next_week, **{"right-piriformis-response": "eased", "confirm": ["right:piriformis/tone"]})
    session = TreatmentSession.objects.get(pk=next_week.pk)
    sign_session(session, version=session.version, by=mia, at=session.started_at + minutes(60))
    third = ask_and_start(make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=14)), mia)
    chart_of(third, act="copy")

    came_from = copied_from(TreatmentSession.objects.get(pk=third.pk))
    assert came_from[Mark(PIRIFORMIS.spot, "tone")] == session
    assert came_from[Mark(PIRIFORMIS.spot, "tenderness")] == came_from[Mark("", "subjective")] == signed
    told = note_of(TreatmentSession.objects.get(pk=third.pk))["findings"][0]
    assert told["copied_on"] == "23 Nov 2026 and 30 Nov 2026"


def test_a_mark_nobody_knows_is_refused_with_words(next_week, chart_of):
    answer = chart_of(next_week, confirm=["left:piriformis/response"])

    assert answer.status_code == 422
    assert "not a field that can be copied" in answer.content.decode()


def test_an_unsigned_visit_is_not_offered(draft, ada, mia, massage, green_room, signed_in):
    second = ask_and_start(make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7)), mia)

    assert (
        'value="copy"' not in signed_in(mia).get(reverse("sessions:session_chart", args=[second.pk])).content.decode()
    )


def test_drafting_again_replaces_the_older_sentences(draft, mia, signed_in, chart_of):
    chart_of(draft, **{"right-piriformis-tone": 3, "act": "draft", "objective": "Walks stiffly."})
    chart_of(draft, **{"right-piriformis-tone": 2, "act": "draft"})

    assert TreatmentSession.objects.get(pk=draft.pk).objective == "Walks stiffly.\nRight piriformis: tone 2/4."


def test_what_is_signed_says_in_words_what_the_entries_say(next_week, chart_of):
    chart_of(next_week, act="copy")
    chart_of(next_week, act="draft")
    assert "not confirmed" in TreatmentSession.objects.get(pk=next_week.pk).objective

    chart_of(next_week, act="confirm:right:piriformis")
    chart_of(next_week, act="sign", objective="")
    session = TreatmentSession.objects.get(pk=next_week.pk)
    assert session.objective == ""
    assert "not confirmed" not in session.plan_text
    assert session.plan_text.startswith("Right piriformis: ")


def test_the_history_of_a_muscle_says_what_was_copied_and_draws_what_was_felt(
    next_week, signed, mia, signed_in, chart_of
):
    chart_of(next_week, act="copy")
    client = TreatmentSession.objects.get(pk=next_week.pk).client

    trend = trends_of(trend_rows(client, "piriformis"))[0]
    assert [mark.tenderness for mark in trend.marks] == [3, None]
    page = signed_in(mia).get(reverse("sessions:muscle_history", args=[client.pk, "piriformis"])).content.decode()
    assert page.count("in part copied, marked *") == 1
    assert page.count("3/4*") == 2
    assert [each.tenderness for each in treated_muscles(client)] == [None]


def test_drafted_sentences_are_no_word_of_today(next_week, mia, chart_of):
    chart_of(next_week, act="copy", pain_before_nrs=4, pain_after_nrs=2)
    chart_of(next_week, act="draft")
    session = TreatmentSession.objects.get(pk=next_week.pk)

    assert session.objective
    assert is_copy(session)
    with pytest.raises(SessionAllCopy):
        sign_session(session, version=session.version, by=mia, at=session.started_at)


def test_drafting_below_copied_words_is_no_touch(next_week, signed, mia, chart_of):
    save_chart(
        next_week,
        version=next_week.version,
        by=mia,
        at=next_week.started_at,
        copied={Mark("", "objective")},
        source=signed,
        objective="Walks stiffly.",
    )
    chart_of(next_week, **{"right-piriformis-tone": 3, "act": "draft"})

    session = TreatmentSession.objects.get(pk=next_week.pk)
    assert session.objective == "Walks stiffly.\nRight piriformis: tone 3/4."
    assert copied_from(session).keys() == {Mark("", "objective")}
    chart_of(next_week, objective="Walks freely.\nRight piriformis: tone 3/4.")
    assert not CopiedField.objects.exists()


def test_what_is_copied_anew_is_marked_whatever_was_confirmed_before(next_week, chart_of):
    chart_of(next_week, act="copy")
    touched = ["right:piriformis/tone", "/subjective"]
    chart_of(next_week, **{"right-piriformis-tone": "", "subjective": "", "confirm": touched})
    chart_of(next_week, act="copy", confirm=touched)

    marks = copied_from(TreatmentSession.objects.get(pk=next_week.pk))
    assert {Mark(PIRIFORMIS.spot, "tone"), Mark("", "subjective")} <= marks.keys()
