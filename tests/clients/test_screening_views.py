"""The screening as the therapist reads it and adds to it."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import escape, strip_tags

from clients.consents import has_consent
from clients.gate import gate_for
from clients.intakes import request_intake, save_group
from clients.models import Clearance, Screening, Task
from clients.overruling import overrule_pattern
from clients.questions import QuestionForm
from clients.rescreen import EVERY_VISIT, asked_since
from clients.screening import ITEMS, RULES
from clients.screenings import (
    ClearanceTooOld,
    NothingClarified,
    ScreeningChangedMeanwhile,
    changes_between,
    clarify_screening,
    current_screening,
    readers_of,
    record_clearance,
    run_screening,
    screen_in_person,
    unlikely_answers,
)
from practice.models import AuditEvent
from tests.clients.answers import calm, emergency
from tests.clients.conftest import typed
from tests.world import NOW, TODAY, minutes


def text_of(response):
    return response.content.decode()


DEEP_GLUTEAL = {
    "buttock_dominant": True, "sitting_tolerance_min": 20, "numb_tingling_leg": False, "slr": "negative",
    "strength": "normal", "light_touch": "normal",
    "active_piriformis": "positive", "seated_piriformis_stretch": "positive",
}  # fmt: skip


def page(name, client, *args):
    return reverse(f"clients:{name}", args=[client.pk, *args])


def screened(client, by, **changes):
    return run_screening(client=client, answers=calm(**changes), at=NOW, by=by)


# --- versions


def test_clarify_screening_makes_a_version_and_keeps_the_old_one(ada, mia):
    first = screened(ada, mia)

    second = clarify_screening(first, changes={"slr": "positive", "slr_angle_deg": 45}, by=mia, at=NOW + minutes(5))

    assert current_screening(ada) == second
    assert second.supersedes == first
    assert Screening.objects.get(pk=first.pk).answers == first.answers
    assert [(each["label"], each["now"]) for each in changes_between(first, second)] == [
        ("Straight leg raise", "positive"),
        ("Straight leg raise angle", 45),
    ]


def test_clarify_screening_refuses_to_branch_and_to_change_nothing(ada, mia, tom):
    first = screened(ada, mia)
    with pytest.raises(NothingClarified):
        clarify_screening(first, changes={"pain_now": 3}, by=mia, at=NOW)
    clarify_screening(first, changes={"pain_now": 4}, by=mia, at=NOW)

    with pytest.raises(ScreeningChangedMeanwhile):
        clarify_screening(first, changes={"pain_now": 5}, by=tom, at=NOW)

    assert Screening.objects.count() == 2


def test_a_clearance_lapses_when_something_new_turns_up(ada, mia):
    screened(ada, mia, heart_or_stroke_recent=True)
    cleared = record_clearance(
        client=ada, clinician_name="Dr Rao", profession="GP", given_on=TODAY, note="Letter", by=mia, at=NOW
    )
    assert cleared.triage == "treat"
    examined = clarify_screening(cleared, changes={"thomas": "positive"}, by=mia, at=NOW)
    assert examined.triage == "treat"  # nothing new: the clearance holds

    worse = clarify_screening(examined, changes={"spreading_down": True}, by=mia, at=NOW)

    assert worse.triage == "routine_referral"
    assert "cleared_by_clinician_this_episode" not in worse.answers


def test_a_stop_raises_one_alert_and_not_again_for_the_same_reason(ada, mia):
    first = run_screening(client=ada, answers=emergency(), at=NOW, by=mia)
    Task.objects.update(done_at=NOW, done_by=mia, outcome="Sent to hospital")

    again = clarify_screening(first, changes={"pain_now": 5}, by=mia, at=NOW)
    assert not Task.objects.open().exists()

    clarify_screening(again, changes={"bowel_change": True}, by=mia, at=NOW)
    assert Task.objects.open().count() == 1


# --- pages


def test_screening_page_gives_every_reason_with_its_source_and_is_audited(signed_in, mia, ada_in_care):
    screening = screened(ada_in_care, mia, heart_or_stroke_recent=True, pain_below_knee=True, leg_worse_than_back=True)

    shown = text_of(signed_in(mia).get(page("screening_page", ada_in_care)))

    for flag in screening.result["flags"]:
        assert flag["why"] in shown
        assert flag["source"] in shown
    for found in screening.result["evidence"].values():
        for each in found:
            assert each["text"] in shown
    assert "Screening aid; not a diagnosis; not validated as a whole" in shown
    assert screening.rules_version in shown
    read = AuditEvent.objects.get(action="chart.read")
    assert (read.by, read.about_client_id, read.page) == (mia, ada_in_care.pk, "clients:screening_page")


def test_screening_page_before_any_screening_leads_to_asking(signed_in, mia, ada_in_care):
    shown = text_of(signed_in(mia).get(page("screening_page", ada_in_care)))

    assert "Nobody has screened Ada yet" in shown
    assert page("intake_by_phone", ada_in_care) in shown


def test_screening_version_stays_readable(signed_in, mia, ada_in_care, ben):
    first = screened(ada_in_care, mia, heart_or_stroke_recent=True)
    clarify_screening(first, changes={"heart_or_stroke_recent": False}, by=mia, at=NOW + minutes(9))
    therapist = signed_in(mia)

    shown = text_of(therapist.get(page("screening_version", ada_in_care, first.pk)))

    assert "An earlier version, kept as it was." in shown
    assert "Recent heart attack" in text_of(therapist.get(page("screening_page", ada_in_care)))  # as what changed
    assert therapist.get(page("screening_version", ben, first.pk)).status_code == 404
    assert therapist.get(page("screening_version", ada_in_care, 999)).status_code == 404


def test_screening_clarify_asks_first_what_is_open_unsure_or_stopping(signed_in, mia, ada_in_care):
    answers = calm(saddle_numbness="not_sure", night_pain_any_position="not_sure")
    del answers["weight_loss"]
    run_screening(client=ada_in_care, answers=answers, at=NOW, by=mia)

    asked = signed_in(mia).get(page("screening_clarify", ada_in_care)).context["open_questions"]

    assert {each.item.key for each in asked} == {"saddle_numbness", "night_pain_any_position", "weight_loss"}


def test_screening_clarify_saves_only_what_was_changed(signed_in, mia, ada_in_care):
    first = screened(ada_in_care, mia)
    form = {**typed(first.answers), "base": str(first.pk)}
    form.pop("age")

    response = signed_in(mia).post(
        page("screening_clarify", ada_in_care),
        {
            **form,
            "slr-left": "negative",
            "strength-left": "normal",
            "light_touch-right": "not_tested",
            "trp_familiar_pain": ["none"],
        },
    )

    assert response.url == page("screening_page", ada_in_care)
    second = current_screening(ada_in_care)
    assert {each["key"]: each["now"] for each in changes_between(first, second)} == {
        "slr": "negative",
        "strength": "normal",
        "light_touch": "not_tested",
        "trp_familiar_pain": [],
    }
    assert second.by == mia


def test_screening_clarify_can_be_the_first_screening(signed_in, mia, ada_in_care):
    signed_in(mia).post(page("screening_clarify", ada_in_care), typed(calm()))

    assert current_screening(ada_in_care).triage == "treat"
    assert gate_for(ada_in_care).state == "go"


def test_screening_clarify_keeps_what_was_chosen_when_somebody_was_faster(signed_in, mia, ada_in_care):
    first = screened(ada_in_care, mia)
    clarify_screening(first, changes={"pain_now": 4}, by=mia, at=NOW)

    response = signed_in(mia).post(
        page("screening_clarify", ada_in_care),
        {**typed(first.answers), "base": str(first.pk), "slump-left": "positive"},
    )

    assert response.status_code == 422
    assert "newer version" in text_of(response)
    assert 'name="slump-left" value="positive" id="id_slump-left_0" checked' in text_of(response)
    assert Screening.objects.count() == 2


def test_two_therapists_at_once_lose_no_answer_and_are_told(signed_in, mia, tom, ada_in_care):
    first = screened(ada_in_care, mia)
    theirs = {"slr": {"left": {"result": "negative"}}, "fair": {"right": {"result": "negative"}}}
    clarify_screening(first, changes={"pain_now": 6, "fever": True}, card=theirs, by=tom, at=NOW)
    browser, address = signed_in(mia), page("screening_clarify", ada_in_care)
    mine = {
        **typed(first.answers),
        "base": first.pk,
        "pain_now": "8",
        "slr-left": "positive",
        "slr_angle_deg-left": "40",
    }

    refused = browser.post(address, {**mine, "slump-right": "negative"})

    told = {each.label: (each.theirs, each.mine) for each in refused.context["meanwhile"].told}
    assert refused.status_code == 422
    assert "Tom" in text_of(refused)
    assert "saved a newer version" in text_of(refused)
    assert told == {
        ITEMS["pain_now"].label: ("6 of 10", "8 of 10"),
        ITEMS["fever"].label: ("Yes", ""),
        "Straight leg raise, left": ("Negative", "Positive at 40°"),
        "Clinical FAIR, right": ("Negative", ""),
    }
    assert Screening.objects.count() == 2

    form, card = refused.context["form"], refused.context["card"]
    again = {name: field.initial for name, field in card.fields.items() if field.initial is not None}
    shown = {name: value for name, value in form.initial.items() if value is not None}
    stands_on = {name: refused.context[name] for name in ("base", "seen_alert")}
    browser.post(address, {**shown, **again, **stands_on})

    both = current_screening(ada_in_care)
    assert (both.answers["pain_now"], both.answers["fever"]) == (8, True)
    assert both.card == {
        "slr": {"left": {"result": "positive", "angle_deg": 40}},
        "slump": {"right": {"result": "negative"}},
        "fair": {"right": {"result": "negative"}},
    }


def test_a_first_screening_does_not_pass_by_what_the_client_said_meanwhile(signed_in, dana, mia, ada_in_care):
    browser, address = signed_in(mia), page("screening_clarify", ada_in_care)
    intake = request_intake(client=ada_in_care, by=dana, at=NOW)
    save_group(intake, group="urgent_pelvis", answers={"bladder_change": True}, at=NOW)

    refused = browser.post(address, {**typed(calm()), "base": "", "seen_alert": ""})

    assert refused.status_code == 422
    assert "the client has sent an answer" in text_of(refused)
    assert current_screening(ada_in_care) is None
    stands_on = {name: refused.context[name] for name in ("base", "seen_alert")}
    browser.post(address, {**typed(calm()), **stands_on})
    assert current_screening(ada_in_care).triage == "treat"


def test_a_first_screening_made_twice_at_once_is_laid_together(signed_in, mia, tom, ada_in_care):
    screened(ada_in_care, tom, fever=True)

    refused = signed_in(mia).post(page("screening_clarify", ada_in_care), {"base": "", "slump-left": "positive"})

    assert refused.status_code == 422
    assert refused.context["form"].initial["fever"] == "yes"
    assert 'name="slump-left" value="positive" id="id_slump-left_0" checked' in text_of(refused)
    with pytest.raises(ScreeningChangedMeanwhile):
        screen_in_person(client=ada_in_care, answers=calm(), card={}, by=mia, at=NOW)


@pytest.mark.parametrize(
    ("found", "pattern"),
    [
        ({"pain_below_knee": True, "leg_worse_than_back": True, "crossed_slr": "positive"}, "mixed_or_unclear"),
        ({"strength": "not_tested"}, "insufficient_data"),
        ({}, "deep_gluteal"),
    ],
)
def test_the_page_says_the_reviewed_words_of_each_pattern(signed_in, mia, ada_in_care, found, pattern):
    stored = screened(ada_in_care, mia, **{**DEEP_GLUTEAL, **found})
    assert stored.pattern == pattern

    shown = text_of(signed_in(mia).get(page("screening_page", ada_in_care)))

    words = RULES.words["pattern"][pattern]
    for text in (words["title"], words["therapist"], RULES.words["footer"].format(version=stored.rules_version)):
        assert escape(text) in shown
    if pattern == "insufficient_data":
        assert "7 of 8 groups answered; missing: Strength and feeling." in shown


def test_an_overruling_stands_wherever_the_pattern_is_shown(signed_in, mia, ada_in_care):
    named = screened(ada_in_care, mia, **DEEP_GLUTEAL)
    overrule_pattern(named, pattern="sacroiliac", reason="The stairs, not the chair", by=mia, at=NOW)
    browser = signed_in(mia)

    shown = [
        page("screening_page", ada_in_care),
        page("screening_version", ada_in_care, named.pk),
        page("screening_compare", ada_in_care),
        reverse("workspace:client_page", args=[ada_in_care.pk]),
        reverse("workspace:today"),
        reverse("protocols:plan_create", args=[ada_in_care.pk]),
    ]

    for address in shown:
        assert "The stairs, not the chair" in text_of(browser.get(address)), address
        assert "Overruled" in text_of(browser.get(address)), address


def test_the_page_says_who_saw_the_screening_while_it_was_the_newest(signed_in, mia, olga, ada_in_care):
    first = screened(ada_in_care, mia)
    signed_in(olga).get(page("screening_page", ada_in_care))
    clarify_screening(first, changes={"pain_now": 6}, by=mia, at=NOW + minutes(3))

    assert [each["by"] for each in readers_of(first)] == [olga]
    assert readers_of(current_screening(ada_in_care)) == []
    shown = text_of(signed_in(mia).get(page("screening_version", ada_in_care, first.pk)))
    assert f"Seen while it was the newest by {olga.name}" in shown


FORBIDDEN = re.compile(r"\b(you have|rule[sd]? out|per ?cent|%|diagnosed)\b|\d ?%", re.IGNORECASE)


def test_no_page_of_the_screening_names_a_disease_as_found(signed_in, mia, ada_in_care):
    screened(ada_in_care, mia, **DEEP_GLUTEAL)
    browser = signed_in(mia)

    for name in ("screening_page", "screening_compare", "screening_overrule"):  # the card asks "Do you have …?"
        words = strip_tags(text_of(browser.get(page(name, ada_in_care))).split("<main")[1].split("Sources (")[0])
        assert not FORBIDDEN.findall(words), name


def test_screening_clarify_names_contradictions_at_the_field(signed_in, mia, ada_in_care):
    screened(ada_in_care, mia)

    response = signed_in(mia).post(
        page("screening_clarify", ada_in_care),
        {
            "slr-left": "positive",
            "slr_angle_deg-left": "95",
            "slr_angle_deg-right": "40",
            "trp_familiar_pain": ["none", "psoas"],
        },
    )

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"trp_familiar_pain"}
    assert set(response.context["card"].errors) == {"slr_angle_deg-left", "slr_angle_deg-right"}
    assert 'value="95"' in text_of(response)
    assert Screening.objects.count() == 1


def test_a_clearance_cannot_be_ticked_without_a_name(signed_in, mia, ada_in_care):
    first = screened(ada_in_care, mia, heart_or_stroke_recent=True)

    signed_in(mia).post(
        page("screening_clarify", ada_in_care),
        {**typed(first.answers), "base": str(first.pk), "cleared_by_clinician_this_episode": "yes"},
    )

    assert current_screening(ada_in_care).triage == "routine_referral"


def test_clearance_create_files_who_and_when(signed_in, mia, ada_in_care):
    screened(ada_in_care, mia, heart_or_stroke_recent=True)
    therapist = signed_in(mia)
    typed_in = {"clinician_name": "Dr Rao", "profession": "GP", "given_on": "2026-11-20", "note": "Letter"}

    refused = therapist.post(page("clearance_create", ada_in_care), {**typed_in, "given_on": "2026-11-24"})
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"given_on", "is_same_episode"}
    assert 'value="Dr Rao"' in text_of(refused)

    therapist.post(page("clearance_create", ada_in_care), {**typed_in, "is_same_episode": "on"})
    assert Clearance.objects.get().clinician_name == "Dr Rao"
    assert gate_for(ada_in_care).state == "go"


def test_consent_record_takes_a_consent_back(signed_in, mia, ada_in_care):
    therapist = signed_in(mia)
    address = page("consent_record", ada_in_care)
    yes = {"scope": "treatment", "is_given": "yes", "signed_name": "Ada Müller"}

    therapist.post(address, yes)
    assert has_consent(ada_in_care, "treatment")

    therapist.post(address, {**yes, "is_given": "no"})
    assert not has_consent(ada_in_care, "treatment")
    assert therapist.post(address, {**yes, "scope": "everything"}).status_code == 422


def test_alert_is_closed_with_what_was_advised(signed_in, mia, ada_in_care, phone):
    phone.send("urgent_pelvis", {"saddle_numbness": "yes"})
    therapist = signed_in(mia)
    assert "Nobody is treated while this stands" in text_of(therapist.get(page("screening_page", ada_in_care)))
    alert = Task.objects.get()

    refused = therapist.post(reverse("clients:task_done", args=[alert.pk]), {"outcome": " "})
    assert refused.status_code == 422
    assert "Write what was advised" in text_of(refused)

    therapist.post(reverse("clients:task_done", args=[alert.pk]), {"outcome": "Rang her, she goes to A&E now."})
    assert "Rang her, she goes to A&amp;E now." in text_of(therapist.get(page("screening_page", ada_in_care)))


def test_a_stop_of_an_open_intake_leads_into_that_intake(signed_in, mia, ada_in_care, phone):
    phone.send("urgent_pelvis", {"saddle_numbness": "yes"})

    shown = text_of(signed_in(mia).get(page("screening_page", ada_in_care)))

    notice = shown[shown.index("ask every safety question again") :].partition("Nobody has screened")[0]
    assert page("intake_by_phone", ada_in_care) in notice
    assert page("intake_read", ada_in_care, phone.intake.pk) in notice


def clear(client, therapist, given_on, at=NOW + timedelta(days=3)):
    return record_clearance(
        client=client, clinician_name="Dr Rao", profession="GP", given_on=given_on, note="Letter", by=therapist, at=at
    )


def test_a_clearance_from_before_a_flag_came_up_does_not_lift_it(ada, mia):
    clarify_screening(screened(ada, mia), changes={"heart_or_stroke_recent": True}, by=mia, at=NOW + timedelta(days=2))

    with pytest.raises(ClearanceTooOld, match="25 Nov 2026"):
        clear(ada, mia, TODAY + timedelta(days=1))
    assert not Clearance.objects.exists()
    assert gate_for(ada).state == "stop"

    clear(ada, mia, TODAY + timedelta(days=2))
    assert gate_for(ada).state == "go"


def test_a_clearance_may_be_older_than_the_intake_that_tells_of_it(ada, mia):
    screened(ada, mia, heart_or_stroke_recent=True)

    clear(ada, mia, TODAY - timedelta(days=5))

    assert gate_for(ada).state == "go"


def test_intake_by_phone_shows_all_answers_and_is_stored_as_asked(signed_in, mia, ada_in_care, phone):
    phone.send("urgent_pelvis", {"bladder_change": "no"})
    therapist = signed_in(mia)
    step = page("intake_by_phone_group", ada_in_care, "urgent_pelvis")

    shown = text_of(therapist.get(step))
    assert 'name="bladder_change" value="no" id="id_bladder_change_1" checked' in shown
    therapist.post(step, {"bladder_change": "no", "bowel_change": "no", "saddle_numbness": "no"})
    therapist.post(
        page("intake_by_phone_group", ada_in_care, "sign"),
        {"treatment": "yes", "sensitive_areas": "yes", "share_with_referrer": "no", "signed_name": "Ada Müller"},
    )

    phone.intake.refresh_from_db()
    assert phone.intake.taken_by == mia
    assert current_screening(ada_in_care).by == mia
    assert ada_in_care.consents.filter(taken_by=mia).count() == 3
    assert AuditEvent.objects.filter(action="intake.saved", by=mia).exists()


def test_intake_by_phone_starts_nothing_by_looking(signed_in, mia, ada_in_care):
    therapist = signed_in(mia)

    assert "No intake is open" in text_of(therapist.get(page("intake_by_phone", ada_in_care)))
    assert ada_in_care.intakes.count() == 0

    therapist.post(page("intake_request", ada_in_care), {"next": page("intake_by_phone", ada_in_care)})
    assert "Bladder, bowel and feeling" in text_of(therapist.get(page("intake_by_phone", ada_in_care)))


def test_intake_read_shows_answers_taken_back(signed_in, mia, ada_in_care, phone):
    phone.send("urgent_pelvis", {"bladder_change": "yes"})
    phone.send("urgent_pelvis", {"bladder_change": "no"})

    shown = text_of(signed_in(mia).get(page("intake_read", ada_in_care, phone.intake.pk)))

    assert "Bladder change: first “Yes”, then “No”" in shown


# --- the form


def test_question_form_reads_back_what_it_shows():
    answers = {
        "saddle_numbness": False,
        "bladder_change": "not_sure",
        "pain_now": 0,
        "duration_weeks": 2.5,
        "sex": "F",
        "slr": "not_tested",
        "strength": "reduced",
        "trp_familiar_pain": ["psoas"],
        "sij_tests_done": 0,
    }
    shown = QuestionForm(keys=ITEMS, answers=answers)
    sent = {key: value for key, value in shown.initial.items() if value is not None}

    form = QuestionForm(sent, keys=ITEMS, answers=answers)

    assert form.is_valid(), form.errors
    assert form.changed_answers() == {}
    assert {key: value for key, value in form.read_answers().items() if value is not None} == answers


def test_the_therapist_who_asks_is_told_why_to_stop(signed_in, mia, ada_in_care, phone):
    therapist = signed_in(mia)

    shown = therapist.post(
        page("intake_by_phone_group", ada_in_care, "urgent_pelvis"), {"saddle_numbness": "yes"}, follow=True
    )

    assert "Stop: an answer needs emergency help" in text_of(shown)
    assert "saddle area" in text_of(shown)


# --- before every visit


@pytest.fixture
def screened_last_week(ada_in_care, mia):
    """Ada's screening of the week before, which allowed treatment."""
    return run_screening(client=ada_in_care, answers=calm(), at=NOW - timedelta(days=7), by=mia)


def press(browser, client, screening, act="all_no", **marks):
    return browser.post(page("rescreen", client), {"base": screening.pk, "act": act, "next": "/today/", **marks})


def test_rescreen_lists_every_item_and_stores_them_by_one_press(signed_in, mia, ada_in_care, screened_last_week):
    browser = signed_in(mia)
    shown = text_of(browser.get(page("rescreen", ada_in_care)))
    for key in EVERY_VISIT:
        assert escape(ITEMS[key].question) in shown
        assert f'name="{key}" value="no"' in shown
    assert "checked" not in shown

    response = press(browser, ada_in_care, screened_last_week)

    assert response.url == "/today/"
    version = current_screening(ada_in_care)
    assert (version.by, set(version.asked)) == (mia, set(EVERY_VISIT))
    shown = text_of(browser.get(page("screening_page", ada_in_care)))
    assert f"Asked and examined for this version by Mia Berg, Mon 23 Nov 2026, 08:00 ({len(EVERY_VISIT)})" in shown


@pytest.mark.parametrize("mark", ["yes", "not_sure"])
def test_rescreen_with_something_new_opens_the_full_page_with_it_chosen(
    signed_in, mia, ada_in_care, screened_last_week, mark
):
    browser = signed_in(mia)

    shown = press(browser, ada_in_care, screened_last_week, foot_drop=mark)

    assert Screening.objects.count() == 1  # nothing is stored by a press that was not true
    form = shown.context["form"]
    assert form["foot_drop"].initial == mark
    assert form["fever"].initial is None  # last week's answers are not today's
    assert form["pain_now"].initial == "3"
    assert {each.item.key for each in shown.context["open_questions"]} >= set(EVERY_VISIT)


def test_what_stays_open_in_the_full_page_was_not_asked(signed_in, mia, ada_in_care, screened_last_week):
    sent = {**typed(screened_last_week.answers), "base": screened_last_week.pk, "rescreen": "yes", "pain_now": "5"}
    del sent["fever"]
    browser = signed_in(mia)

    browser.post(page("screening_clarify", ada_in_care), sent)

    version = current_screening(ada_in_care)
    assert set(version.asked) == {*EVERY_VISIT, "pain_now"} - {"fever"}
    assert version.answers["fever"] is False
    assert not asked_since([ada_in_care.pk], NOW)

    browser.post(page("screening_clarify", ada_in_care), {**sent, "base": version.pk, "fever": "no"})
    assert asked_since([ada_in_care.pk], NOW) == {ada_in_care.pk}


def test_rescreen_shows_what_is_known_and_keeps_it(signed_in, mia, ada_in_care):
    first = run_screening(client=ada_in_care, answers=calm(numb_tingling_leg=True), at=NOW - timedelta(days=7), by=mia)
    browser = signed_in(mia)
    assert "On file already: ask whether it changed" in text_of(browser.get(page("rescreen", ada_in_care)))

    press(browser, ada_in_care, first)

    assert current_screening(ada_in_care).answers["numb_tingling_leg"] is True


def test_rescreen_over_an_older_version_is_refused_with_words(signed_in, mia, ada_in_care, screened_last_week):
    clarify_screening(screened_last_week, changes={"pain_now": 6}, by=mia, at=NOW)

    response = press(signed_in(mia), ada_in_care, screened_last_week)

    assert response.status_code == 422
    assert "newer version" in text_of(response)
    assert Screening.objects.count() == 2


def test_rescreen_without_a_screening_leads_to_the_first_one(signed_in, mia, ada_in_care):
    assert signed_in(mia).get(page("rescreen", ada_in_care)).url == page("screening_clarify", ada_in_care)


def test_rescreen_of_a_stopped_client_leads_to_the_screening(signed_in, mia, ada_in_care):
    first = run_screening(
        client=ada_in_care, answers=calm(heart_or_stroke_recent=True), at=NOW - timedelta(days=7), by=mia
    )

    assert press(signed_in(mia), ada_in_care, first).url == page("screening_page", ada_in_care)


def test_todays_card_leads_to_the_questions_until_they_are_asked(signed_in, mia, ada_in_care, screened_last_week):
    browser = signed_in(mia)
    assert "Ask first" in text_of(browser.get("/today/"))

    press(browser, ada_in_care, screened_last_week)

    shown = text_of(browser.get("/today/"))
    assert "Ask first" not in shown
    assert "Start</button>" in shown


# --- side by side


def test_screening_compare_marks_in_words_what_differs(signed_in, mia, ada_in_care):
    first = screened(ada_in_care, mia)
    second = clarify_screening(first, changes={"pain_now": 7}, by=mia, at=NOW + minutes(5))
    clarify_screening(second, changes={"fever": True}, by=mia, at=NOW + minutes(9))
    chosen = {"before": first.pk, "after": second.pk}

    response = signed_in(mia).get(page("screening_compare", ada_in_care), chosen)

    rows = response.context["rows"]
    assert [row["label"] for row in rows if row["differs"]] == [ITEMS["pain_now"].label]
    assert rows[0]["words"] == ["3 of 10", "7 of 10"]
    assert text_of(response).count("Differs</span>") == 1


def test_screening_compare_knows_only_this_clients_versions(signed_in, mia, ada_in_care, ben):
    first, foreign = screened(ada_in_care, mia), screened(ben, mia)
    browser, address = signed_in(mia), page("screening_compare", ada_in_care)

    for before in (foreign.pk, 999_999, "", "x", "9" * 40):
        assert browser.get(address, {"before": before, "after": first.pk}).status_code == 404
    assert browser.get(address).status_code == 200


def test_screening_compare_before_any_screening_says_so(signed_in, mia, ada_in_care):
    assert "no screening to compare" in text_of(signed_in(mia).get(page("screening_compare", ada_in_care)))


# --- unlikely, but possible


def test_pregnant_and_male_asks_to_confirm_and_stops_nothing(signed_in, mia, ada_in_care):
    plain = screened(ada_in_care, mia, pregnant_weeks=12, pregnancy_warning_signs=False)
    unlikely = clarify_screening(plain, changes={"sex": "M"}, by=mia, at=NOW)
    assert unlikely.triage == plain.triage
    assert gate_for(ada_in_care).state == "go"
    browser = signed_in(mia)
    assert "please confirm" in text_of(browser.get(page("screening_page", ada_in_care)))

    browser.post(page("screening_confirm", ada_in_care))

    assert "please confirm" not in text_of(browser.get(page("screening_page", ada_in_care)))
    confirmed = current_screening(ada_in_care)
    assert (confirmed.asked, confirmed.answers) == (["sex", "pregnant_weeks"], unlikely.answers)


def test_a_confirmation_does_not_cover_other_weeks(ada, mia):
    first = screened(ada, mia, pregnant_weeks=12, sex="M")
    confirmed = clarify_screening(first, changes={}, asked=["sex", "pregnant_weeks"], by=mia, at=NOW + minutes(1))
    assert unlikely_answers(confirmed) == []

    later = clarify_screening(confirmed, changes={"pregnant_weeks": 13}, by=mia, at=NOW + minutes(2))

    assert unlikely_answers(later) == ["sex", "pregnant_weeks"]
