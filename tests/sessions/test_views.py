"""The pages of a session: who may open them, what they keep, what they refuse."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from anatomy.body import MUSCLES
from practice.models import AuditEvent, Cover
from protocols.models import Technique
from sessions.charting import save_chart, sign_session, start_session
from sessions.entries import FindingEntry
from sessions.models import AdverseEvent, Amendment, TreatmentSession
from sessions.reading import finding_entries
from tests.sessions.conftest import PIRIFORMIS, ask_and_start, make_visit
from tests.world import NINE, NOW, minutes

CHART, SIGN, DETAIL, PRINT, AMEND = (
    f"sessions:session_{page}" for page in ("chart", "sign", "detail", "print", "amend")
)
PAGES = (CHART, SIGN, DETAIL, PRINT, AMEND)


def url(name, session):
    return reverse(name, args=[session.pk])


def typed(session, *findings, **fields):
    """What the browser posts for a chart with those findings."""
    data = {"version": session.version, "card": [finding.spot for finding in findings], **fields}
    for finding in findings:
        prefix = f"{finding.side}-{finding.muscle}"
        values = {
            "tone": finding.tone,
            "tenderness": finding.tenderness,
            "has_trigger_point": {True: "yes", False: "no", None: None}[finding.has_trigger_point],
            "is_familiar_pain": {True: "yes", False: "no", None: None}[finding.is_familiar_pain],
            "refers_to": finding.refers_to,
            "techniques": list(finding.techniques),
            "pressure": finding.pressure,
            "minutes": finding.minutes,
            "response": finding.response,
        }
        data |= {f"{prefix}-{name}": value for name, value in values.items() if value is not None}
    return data


# --- who may


@pytest.mark.parametrize("page", PAGES)
def test_another_therapist_meets_the_same_404_as_for_a_session_that_does_not_exist(signed, tom, signed_in, page):
    browser = signed_in(tom)

    assert browser.get(url(page, signed)).status_code == 404
    assert browser.get(reverse(page, args=[signed.pk + 99])).status_code == 404
    assert browser.get(reverse(page, args=[2**70])).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_the_desk_is_refused(signed, dana, signed_in, page):
    assert signed_in(dana).get(url(page, signed)).status_code == 403


def test_the_desk_starts_no_session_and_reports_nothing(visit, dana, signed_in):
    browser = signed_in(dana)

    assert browser.post(reverse("sessions:session_start", args=[visit.pk])).status_code == 403
    assert browser.get(reverse("sessions:adverse_event_create", args=[visit.client_id])).status_code == 403


def test_the_owner_reads_and_does_not_write(signed, olga, signed_in):
    browser = signed_in(olga)

    assert browser.get(url(DETAIL, signed)).status_code == 200
    assert browser.get(url(PRINT, signed)).status_code == 200
    assert browser.get(url(CHART, signed)).status_code == 403


def test_cover_opens_a_chart_and_closes_it_when_it_ends(signed, mia, tom, signed_in, still_clock):
    Cover.objects.create(who=tom, for_whom=mia, starts_at=NOW, until=NOW + minutes(60), created_by=mia)
    browser = signed_in(tom)

    assert browser.get(url(DETAIL, signed)).status_code == 200
    still_clock.at = NOW + minutes(60)
    assert signed_in(tom).get(url(DETAIL, signed)).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_every_reading_is_written_down(draft, mia, signed_in, page):
    signed_in(mia).get(url(page, draft))

    readings = AuditEvent.objects.filter(action="chart.read", by=mia, about_client_id=draft.client_id)
    assert [event.page for event in readings] == [page]


# --- starting


def test_session_start_opens_the_chart(visit, plan, mia, signed_in):
    answer = signed_in(mia).post(reverse("sessions:session_start", args=[visit.pk]))

    assert answer.url == url(CHART, TreatmentSession.objects.get())


def test_session_start_without_a_screening_leads_to_asking(visit, mia, signed_in):
    answer = signed_in(mia).post(reverse("sessions:session_start", args=[visit.pk]), follow=True)

    assert answer.request["PATH_INFO"] == reverse("clients:screening_page", args=[visit.client_id])
    assert "There is no screening yet" in answer.content.decode()
    assert not TreatmentSession.objects.exists()


def test_session_start_leads_to_the_questions_of_this_visit_and_back(visit, plan, ada, mia, signed_in, still_clock):
    still_clock.at = NINE + timedelta(days=7)
    second = make_visit(ada, mia, visit.service, visit.room, starts_at=still_clock.at)
    browser, start = signed_in(mia), reverse("sessions:session_start", args=[second.pk])

    page = browser.post(start, follow=True)
    assert "The safety questions were not asked for this visit yet." in page.content.decode()
    form = {"base": page.context["screening"].pk, "next": page.context["next"], "act": "all_no"}
    back = browser.post(page.request["PATH_INFO"], form)

    assert back.url == reverse("workspace:today")
    assert browser.post(start).url == url(CHART, TreatmentSession.objects.get())


def test_session_start_is_a_404_for_another_therapist(visit, screening, tom, signed_in):
    assert signed_in(tom).post(reverse("sessions:session_start", args=[visit.pk])).status_code == 404


# --- the chart


def test_the_chart_shows_the_plan_and_a_card_per_planned_muscle(draft, mia, signed_in):
    page = signed_in(mia).get(url(CHART, draft)).content.decode()

    assert "Plan: visit 1 of 8" in page
    assert "As planned: 10 min" in page
    assert page.count("data-muscle ") == 4


def test_the_chart_shows_the_last_visit(signed, ada, mia, massage, green_room, signed_in):
    visit = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7))
    second = ask_and_start(visit, mia)

    page = signed_in(mia).get(url(CHART, second)).content.decode()

    assert "Last time: tone 3/4, tenderness 3/4, trigger point, familiar pain" in page
    assert "Pain 6/10 before, 3/10 after" in page


def test_the_chart_is_saved_as_typed(draft, mia, signed_in):
    words = "مؤلم عند الجلوس 🙂\nsecond line"
    data = typed(draft, PIRIFORMIS, pain_before_nrs=7, subjective=words.replace("\n", "\r\n"))

    answer = signed_in(mia).post(url(CHART, draft), data)

    draft.refresh_from_db()
    assert answer.status_code == 302
    assert (draft.pain_before_nrs, draft.subjective) == (7, words)
    assert finding_entries(draft) == [PIRIFORMIS]


def test_the_stored_chart_comes_back_into_the_form(charted, mia, signed_in):
    page = signed_in(mia).get(url(CHART, charted)).content.decode()

    assert re.search(r'name="right-piriformis-tone" id="[^"]+" value="3" checked', page)
    assert re.search(r'value="trigger_point_compression" checked', page)
    assert re.search(r'name="right-piriformis-minutes" id="[^"]+" value="10"', page)
    assert re.search(r'name="pain_before_nrs" id="[^"]+" value="6" checked', page)


def test_planned_fills_in_the_dose_and_nothing_that_was_felt(draft, mia, signed_in):
    findings = finding_entries(draft)

    signed_in(mia).post(url(CHART, draft), typed(draft, *findings, act="planned:right:piriformis"))

    piriformis = finding_entries(draft)[0]
    assert (piriformis.minutes, piriformis.techniques) == (10, ("trigger_point_compression", "myofascial_release"))
    assert (piriformis.tone, piriformis.pressure, piriformis.response) == (None, None, "")
    assert sum(finding.minutes for finding in finding_entries(draft)) == 10


def test_all_planned_fills_in_every_card(draft, mia, signed_in):
    signed_in(mia).post(url(CHART, draft), typed(draft, *finding_entries(draft), act="planned:all"))

    assert sum(finding.minutes for finding in finding_entries(draft)) == 30


def test_add_and_remove_change_the_cards(draft, mia, signed_in):
    browser = signed_in(mia)
    browser.post(url(CHART, draft), typed(draft, *finding_entries(draft), act="add:left:psoas"))
    draft.refresh_from_db()
    assert "left:psoas" in {finding.spot for finding in finding_entries(draft)}

    browser.post(url(CHART, draft), typed(draft, *finding_entries(draft), act="remove:left:psoas"))
    assert "left:psoas" not in {finding.spot for finding in finding_entries(draft)}


@pytest.mark.parametrize("act", ["add:left:heart", "add:nowhere", "remove:x", "planned:left:heart", "fly:away"])
def test_an_unknown_act_changes_nothing(draft, mia, signed_in, act):
    answer = signed_in(mia).post(url(CHART, draft), typed(draft, *finding_entries(draft), act=act))

    assert answer.status_code == 302
    assert len(finding_entries(draft)) == 4


def test_draft_writes_what_is_charted_below_what_was_typed(draft, mia, signed_in):
    data = typed(draft, PIRIFORMIS, objective="Walks stiffly.", act="draft")
    browser = signed_in(mia)

    browser.post(url(CHART, draft), data)
    draft.refresh_from_db()
    browser.post(url(CHART, draft), data | {"version": draft.version, "objective": draft.objective})

    draft.refresh_from_db()
    assert draft.objective == (
        "Walks stiffly.\nRight piriformis: tone 3/4, tenderness 3/4, trigger point, familiar pain, "
        "refers to back of the thigh."
    )
    assert draft.plan_text == "Right piriformis: trigger-point compression, 10 min, pressure 5/10, eased."


BAD = [
    ({"pain_before_nrs": "11"}, "Choose a number from 0 to 10."),
    ({"pain_after_nrs": "lots"}, "Choose a number from 0 to 10."),
    ({"right-piriformis-tone": "5"}, "Choose a number from 0 to 4."),
    ({"right-piriformis-minutes": "-1"}, "greater than or equal to 0"),
    ({"right-piriformis-minutes": "61"}, "The visit was booked for 60 minutes."),
    ({"right-piriformis-minutes": "9" * 400}, "Minutes"),
    ({"right-piriformis-techniques": "hammer"}, "“hammer” is not in the practice's list of techniques."),
    ({"right-piriformis-response": "cured"}, "Choose eased, unchanged or sore."),
    ({"right-piriformis-has_trigger_point": "maybe"}, "Choose yes or no."),
    ({"right-piriformis-refers_to": "x" * 121}, "at most 120 characters (it has 121)"),
    ({"subjective": "x" * 5001}, "at most 5000 characters (it has 5001)"),
    ({"card": "left:heart"}, "“left:heart” is not in the practice's list of muscles."),
    ({"version": "soon"}, "Enter a whole number."),
]


@pytest.mark.parametrize(("bad", "words"), BAD, ids=[f"{next(iter(bad))}={str(bad)[-12:-2]}" for bad, _ in BAD])
@pytest.mark.parametrize("headers", [{}, {"X-Autosave": "1"}], ids=["page", "autosave"])
def test_bad_input_is_refused_with_words_and_nothing_is_lost(draft, mia, signed_in, bad, words, headers):
    data = typed(draft, PIRIFORMIS, subjective="Kept as typed.") | bad

    answer = signed_in(mia).post(url(CHART, draft), data, headers=headers)

    draft.refresh_from_db()
    assert answer.status_code == 422
    assert draft.version == 1
    if headers:
        assert words in str(answer.json()["errors"])
    else:
        page = answer.content.decode()
        assert escape(words) in page
        assert "subjective" in bad or "Kept as typed." in page


def test_nul_bytes_are_refused(draft, mia, signed_in):
    assert signed_in(mia).post(url(CHART, draft), typed(draft, subjective="a\x00b")).status_code == 400


def test_minutes_beyond_the_visit_are_refused_with_their_sum(draft, mia, signed_in):
    two = [FindingEntry("psoas", "left", minutes=40), FindingEntry("psoas", "right", minutes=40)]

    answer = signed_in(mia).post(url(CHART, draft), typed(draft, *two))

    assert answer.status_code == 422
    assert "The minutes add up to 80, but the visit was booked for 60." in answer.content.decode()


def test_a_chart_of_every_muscle_on_both_sides_with_every_technique_is_saved(draft, mia, signed_in):
    techniques = tuple(Technique.objects.order_by("position").values_list("key", flat=True))
    whole = [
        replace(PIRIFORMIS, muscle=muscle, side=side, techniques=techniques, minutes=2)
        for muscle in MUSCLES
        for side in ("left", "right")
    ]

    assert signed_in(mia).post(url(CHART, draft), typed(draft, *whole)).status_code == 302
    assert len(finding_entries(draft)) == len(whole)


def test_autosave_answers_with_the_new_version(draft, mia, signed_in):
    data = typed(draft, PIRIFORMIS, pain_before_nrs=5)

    answer = signed_in(mia).post(url(CHART, draft), data, headers={"X-Autosave": "1"})

    assert answer.json() == {"state": "saved", "version": 2}


def test_a_stale_save_shows_both_and_loses_nothing(charted, mia, signed_in):
    data = typed(charted, PIRIFORMIS, pain_before_nrs=9, subjective="Typed in the second tab.") | {"version": 1}
    browser = signed_in(mia)

    answer = browser.post(url(CHART, charted), data)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "changed in another window" in page
    assert "Sitting was easier after the last visit." in page
    assert page.count("Typed in the second tab.") == 2
    charted.refresh_from_db()
    assert charted.pain_before_nrs == 6

    version = re.search(r'name="version" value="(\d+)"', page)[1]
    assert browser.post(url(CHART, charted), data | {"version": version}).status_code == 302
    charted.refresh_from_db()
    assert (charted.pain_before_nrs, charted.subjective) == (9, "Typed in the second tab.")


def test_a_stale_autosave_is_told(charted, mia, signed_in):
    data = typed(charted, PIRIFORMIS, subjective="second tab") | {"version": 1}

    answer = signed_in(mia).post(url(CHART, charted), data, headers={"X-Autosave": "1"})

    assert (answer.status_code, answer.json()["state"]) == (409, "changed")


def test_the_same_save_sent_again_after_a_lost_answer_is_no_conflict(draft, mia, signed_in):
    browser, data = signed_in(mia), typed(draft, PIRIFORMIS, pain_before_nrs=5)

    answers = [browser.post(url(CHART, draft), data, headers={"X-Autosave": "1"}).json() for _ in range(2)]

    assert answers == [{"state": "saved", "version": 2}] * 2


def test_a_save_after_the_signature_keeps_the_typed_words_on_the_page(signed, mia, signed_in):
    data = typed(signed, PIRIFORMIS, subjective="Too late.")

    answer = signed_in(mia).post(url(CHART, signed), data)

    assert answer.status_code == 409
    assert "Too late." in answer.content.decode()
    signed.refresh_from_db()
    assert signed.subjective == "Sitting was easier after the last visit."


def test_a_signed_chart_opens_as_a_page_to_read(signed, mia, signed_in):
    assert signed_in(mia).get(url(CHART, signed)).url == url(DETAIL, signed)


def test_the_queries_of_the_chart_do_not_grow_with_the_clients_history(draft, ada, mia, massage, green_room, signed_in):
    browser = signed_in(mia)

    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(url(CHART, draft)).status_code == 200
        return len(queries)

    def chart_week(number):
        visit = make_visit(ada, mia, massage, green_room, starts_at=NINE - timedelta(weeks=number))
        earlier = start_session(visit, by=mia, at=visit.starts_at)
        save_chart(earlier, version=1, by=mia, at=visit.starts_at, pain_before_nrs=5, findings=[PIRIFORMIS])

    chart_week(1)
    browser.get(url(CHART, draft))
    few = count()
    for number in range(2, 9):
        chart_week(number)

    assert count() == few < 40


# --- signing and after


def test_the_sign_page_shows_what_will_be_signed_and_signs_it(charted, mia, signed_in):
    browser = signed_in(mia)
    page = browser.get(url(SIGN, charted)).content.decode()
    assert "Sitting was easier after the last visit." in page
    assert "trigger-point compression, 10 min, pressure 5/10, eased" in page

    answer = browser.post(url(SIGN, charted), {"version": re.search(r'name="version" value="(\d+)"', page)[1]})

    charted.refresh_from_db()
    assert answer.url == url(DETAIL, charted)
    assert charted.is_signed


def test_the_sign_page_refuses_a_text_it_did_not_show(charted, mia, signed_in):
    shown = charted.version
    save_chart(charted, version=shown, by=mia, at=NINE, assessment="Written in another tab.")

    answer = signed_in(mia).post(url(SIGN, charted), {"version": shown})

    charted.refresh_from_db()
    assert answer.status_code == 409
    assert "Written in another tab." in answer.content.decode()
    assert not charted.is_signed


@pytest.mark.parametrize("version", ["", "x", "-1", "²", "9" * 50])
def test_a_signature_over_no_version_is_refused(charted, mia, signed_in, version):
    assert signed_in(mia).post(url(SIGN, charted), {"version": version}).status_code == 409


def test_the_sign_page_says_what_is_missing(draft, mia, signed_in):
    page = signed_in(mia).get(url(SIGN, draft)).content.decode()

    assert "The pain before the session is missing." in page
    assert "Sign as" not in page


@pytest.mark.parametrize("page", [DETAIL, PRINT])
def test_a_signed_session_reads_with_its_signature_and_amendments(signed, mia, signed_in, page):
    browser = signed_in(mia)
    browser.post(url(AMEND, signed), {"kind": "addendum", "reason": "Left out", "text": "Bridge shown as well."})

    shown = browser.get(url(page, signed)).content.decode()

    assert "Signed by Mia Berg, LMT 4711" in shown
    assert "Bridge shown as well." in shown
    assert "Right piriformis" in shown


def test_an_amendment_needs_words_and_a_reason(signed, mia, signed_in):
    answer = signed_in(mia).post(url(AMEND, signed), {"kind": "addendum", "reason": "", "text": "Kept."})

    assert answer.status_code == 422
    assert "Kept." in answer.content.decode()
    assert not Amendment.objects.exists()


def test_amending_a_draft_is_refused_with_words(charted, mia, signed_in):
    answer = signed_in(mia).post(url(AMEND, charted), {"kind": "addendum", "reason": "x", "text": "y"})

    assert answer.status_code == 422
    assert "not signed yet" in answer.content.decode()


# --- what went wrong


EVENT = {
    "happened_on": "2026-11-23",
    "site": "Right buttock",
    "severity": "mild",
    "description": "Bruise the size of a coin.",
    "action_taken": "Advised, called the next day.",
}


def report(browser, client, **fields):
    return browser.post(reverse("sessions:adverse_event_create", args=[client.pk]), EVENT | fields)


def test_adverse_event_create_records_it(signed, ada, mia, signed_in):
    assert report(signed_in(mia), ada, session=signed.pk).status_code == 302

    event = AdverseEvent.objects.get()
    assert (event.session, event.by, event.severity) == (signed, mia, "mild")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("happened_on", "2026-11-24"),
        ("happened_on", "9999-12-31"),
        ("happened_on", "0001-01-01"),
        ("severity", "awful"),
        ("session", "999999"),
        ("session", "x"),
        ("description", ""),
        ("site", "x" * 121),
    ],
)
def test_adverse_event_create_refuses_what_cannot_be(ada, visit, mia, signed_in, field, value):
    answer = report(signed_in(mia), ada, **{field: value})

    assert answer.status_code == 422
    assert "Advised, called the next day." in answer.content.decode()
    assert not AdverseEvent.objects.exists()


def test_adverse_event_create_is_a_404_for_another_therapist(ada, visit, tom, signed_in):
    assert report(signed_in(tom), ada).status_code == 404


def test_adverse_event_create_offers_only_the_clients_sessions(signed, ben, mia, massage, signed_in):
    make_visit(ben, mia, massage, None, starts_at=NINE + minutes(120))

    assert report(signed_in(mia), ben, session=signed.pk).status_code == 422


@pytest.mark.parametrize("session", ["", "x", "99999999999999999999999"])
def test_adverse_event_create_opens_with_any_session_in_its_address(ada, visit, mia, signed_in, session):
    address = reverse("sessions:adverse_event_create", args=[ada.pk])

    assert signed_in(mia).get(address, {"session": session}).status_code == 200


def test_signing_from_the_chart_leads_to_the_sign_page(draft, mia, signed_in):
    answer = signed_in(mia).post(url(CHART, draft), typed(draft, PIRIFORMIS, act="sign"))

    assert answer.url == url(SIGN, draft)


def test_a_session_signed_a_day_late_says_so(charted, mia, signed_in):
    sign_session(charted, version=charted.version, by=mia, at=NINE + timedelta(days=2))

    assert "Late signature" in signed_in(mia).get(url(DETAIL, charted)).content.decode()
