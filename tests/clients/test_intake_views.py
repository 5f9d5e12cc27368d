"""The intake on the client's phone: link, saving, resuming, emergencies, handing in."""

from datetime import date

import pytest
from django.test import Client as Browser
from django.urls import reverse

from clients.consents import holding_consents
from clients.gate import gate_for
from clients.intakes import save_group
from clients.models import Consent, Intake, IntakeLink, PainDrawing, Screening, Task
from clients.screenings import current_screening
from clients.views.intake_steps import Walk, serve_step
from clients.walk import STEPS, FullMemory
from practice.models import AuditEvent
from referrals.models import Referral, Referrer
from tests.clients.conftest import SIGNATURE, Phone
from tests.world import NOW, minutes

SADDLE_YES = {"saddle_numbness": "yes", "bladder_change": "no", "bowel_change": "no"}


def text_of(response):
    return response.content.decode()


# --- the link


def test_intake_open_takes_the_token_out_of_the_address(intake):
    phone = Phone(intake)

    response = phone.open()

    assert response.redirect_chain == [(phone.url("intake_page"), 302)]
    assert "Hello Ada" in text_of(response)
    assert phone.token not in text_of(response)


@pytest.mark.parametrize("how", ["unknown", "expired", "revoked"])
def test_intake_open_answers_a_dead_link_with_a_way_to_a_new_one(intake, how, still_clock):
    phone = Phone(intake)
    if how == "unknown":
        phone.token = "x" * 43
    if how == "expired":
        still_clock.at = NOW + minutes(61)
    if how == "revoked":
        IntakeLink.objects.all().revoke(at=NOW)

    response = phone.open()

    assert response.status_code == 404
    assert "ask us for a new link" in text_of(response)
    assert "+442079460000" in text_of(response)


def test_intake_pages_close_with_their_link(phone, still_clock):
    still_clock.at = NOW + minutes(61)

    assert phone.get("intake_page").status_code == 404
    assert phone.send("urgent_pelvis", SADDLE_YES).status_code == 404
    assert Intake.objects.get().answers == {}


def test_intake_pages_open_only_in_a_browser_that_opened_the_link(phone):
    stranger = Browser()

    for name in ("intake_page", "intake_done", "intake_copy", "intake_emergency"):
        assert stranger.get(phone.url(name)).status_code == 404
    assert stranger.post(phone.url("intake_group", "urgent_pelvis"), SADDLE_YES).status_code == 404


def test_intake_link_of_one_client_opens_nothing_of_another(phone, ben, dana):
    other = Phone(Intake.objects.create(client=ben, requested_at=NOW))

    assert phone.browser.get(other.url("intake_page")).status_code == 404
    assert phone.browser.get(reverse("booking:appointment_open", args=[phone.token])).status_code == 404


def test_no_get_changes_anything(phone):
    pages = ["intake_page", "intake_done", "intake_copy", "intake_emergency"]
    before = AuditEvent.objects.count(), Intake.objects.values().get()

    for name in pages:
        phone.get(name)
    for step in STEPS:
        assert phone.get("intake_group", step.key).status_code == 200
    phone.browser.get(reverse("clients:intake_open", args=[phone.token]))

    assert (AuditEvent.objects.count(), Intake.objects.values().get()) == before


# --- saving and resuming


def test_intake_group_saves_and_leads_to_the_next(phone):
    response = phone.send("urgent_pelvis", {"saddle_numbness": "no", "bladder_change": "no", "bowel_change": "no"})

    assert response.url == phone.url("intake_group", "urgent_legs")
    saved = Intake.objects.get()
    assert saved.answers["saddle_numbness"] is False
    assert "sexual_function_change" not in saved.answers
    assert saved.visited_groups == ["urgent_pelvis"]


def test_intake_group_shows_its_answers_again_to_the_same_browser(phone):
    phone.send("urgent_pelvis", {"bladder_change": "no"})

    page = text_of(phone.get("intake_group", "urgent_pelvis"))

    assert 'name="bladder_change" value="no" id="id_bladder_change_1" checked' in page
    assert page.count("checked") == 1


def test_another_browser_goes_on_at_the_first_open_group_and_sees_no_answer(phone, intake):
    phone.send("safety_pain", {"pain_now": "9", "duration_weeks": "777.25"})
    phone.send("urgent_pelvis", {"bladder_change": "no"})
    other = Phone(intake)

    start = text_of(other.open())

    assert "On another device" in start
    assert other.url("intake_group", "urgent_legs") in start
    again = text_of(other.get("intake_group", "safety_pain"))
    assert "Answered on another device" in again
    assert "777.25" not in again and "checked" not in again
    assert "777.25" not in text_of(other.get("intake_group", "check"))


def test_an_empty_field_in_another_browser_erases_nothing(phone, intake):
    phone.send("urgent_pelvis", {"bladder_change": "no"}, HTTP_HX_REQUEST="true")
    other = Phone(intake)
    other.open()

    other.send("urgent_pelvis", {"bowel_change": "no"})

    assert Intake.objects.get().answers == {"bladder_change": False, "bowel_change": False, "age": 46}


def test_an_answer_can_be_taken_back_in_the_browser_that_gave_it(phone):
    phone.send("urgent_pelvis", {"bladder_change": "no"})

    phone.send("urgent_pelvis", {"bladder_change": "skip"})

    assert "bladder_change" not in Intake.objects.get().answers


def test_intake_group_saves_while_it_is_being_filled_in(phone):
    response = phone.send("urgent_pelvis", {"bowel_change": "no"}, HTTP_HX_REQUEST="true")

    assert response.status_code == 204
    saved = Intake.objects.get()
    assert saved.answers["bowel_change"] is False
    assert saved.visited_groups == []


def test_intake_group_keeps_what_was_typed_and_says_what_is_wrong_at_the_field(phone):
    response = phone.send("safety_pain", {"pain_now": "4", "duration_weeks": "many"})

    assert response.status_code == 422
    assert "Write a number from 0 to 6300" in text_of(response)
    assert 'value="many"' in text_of(response)
    assert Intake.objects.get().answers["pain_now"] == 4


@pytest.mark.parametrize(
    "data",
    [
        {"pain_now": "11"},
        {"pain_now": "-1"},
        {"night_pain_any_position": "maybe"},
        {"duration_weeks": "1e9"},
        {"duration_weeks": "NaN"},
        {"duration_weeks": "9" * 5000},
    ],
)
def test_intake_group_refuses_what_is_no_answer(phone, data):
    assert phone.send("safety_pain", data).status_code == 422


def test_intake_group_refuses_bytes_no_database_takes(phone):
    assert phone.send("safety_pain", {"duration_weeks": "4\x00"}).status_code == 400
    assert phone.send("nowhere").status_code == 404


def test_intake_words_and_places_are_saved_and_limited(phone):
    phone.send("words", {"goals": "Walk the dog", "medicines": "Ramipril"})
    phone.send("body", {"regions": ["left:buttock", "left:calf"]})

    assert Intake.objects.get().history["goals"] == "Walk the dog"
    assert {"region": "calf", "side": "left"} in Intake.objects.get().history["regions"]
    too_long = phone.send("words", {"goals": "x" * 2001})
    assert too_long.status_code == 422
    assert "x" * 2001 in text_of(too_long)
    assert phone.send("body", {"regions": ["left:head"]}).status_code == 422


def test_a_part_sent_empty_saves_nothing_and_stays_open_everywhere(phone, intake):
    before = Intake.objects.values().get(), AuditEvent.objects.count()

    for step in STEPS[:-2]:
        assert phone.send(step.key).status_code == 302

    assert (Intake.objects.values().get(), AuditEvent.objects.count()) == before
    other = Phone(intake)
    assert "Hello Ada" in text_of(other.open())
    assert other.url("intake_group", STEPS[0].key) in text_of(other.get("intake_page"))
    assert other.send("urgent_pelvis", {"bowel_change": "no"}).url == other.url("intake_group", "urgent_legs")


def test_whoever_skipped_a_part_goes_on_behind_it_and_may_come_back(phone):
    phone.send("urgent_pelvis")
    phone.send("urgent_legs", {"weakness_progressing": "no"})
    phone.send("urgent_pelvis", {"bowel_change": "no"})
    phone.send("urgent_pelvis", {"bowel_change": "skip"})

    page = text_of(phone.get("intake_page"))

    assert page.count("Skipped") == 1
    assert f'href="{phone.url("intake_group", "urgent_pelvis")}"' in page
    assert f'btn-block-phone" href="{phone.url("intake_group", STEPS[2].key)}"' in page


def test_a_browser_that_skipped_a_part_sees_nothing_of_it_once_another_answered(phone, intake):
    phone.send("body")
    phone.send("words")
    other = Phone(intake)
    other.open()
    other.send("body", {"regions": ["left:calf"]})
    other.send("words", {"goals": "Walk the dog"})

    for step in ("body", "words"):
        assert "Walk the dog" not in text_of(phone.get("intake_group", step))
        phone.send(step)  # empty once more: nothing of the other one's is taken back
    shown = text_of(phone.get("intake_group", "check"))

    assert "Walk the dog" not in shown
    assert shown.count("Answered on another device") == 2
    history = Intake.objects.get().history
    assert (history["goals"], history["regions"]) == ("Walk the dog", [{"side": "left", "region": "calf"}])


def test_a_part_begun_in_one_browser_is_completed_in_another_that_sees_none_of_it(phone, intake):
    phone.send("urgent_pelvis", {"bladder_change": "no"})
    other = Phone(intake)

    assert f'href="{other.url("intake_group", "urgent_pelvis")}"' in text_of(other.open())
    other.send("urgent_pelvis", {"bowel_change": "no"})

    answers = Intake.objects.get().answers
    assert (answers["bladder_change"], answers["bowel_change"]) == (False, False)
    assert text_of(other.get("intake_group", "urgent_pelvis")).count("checked") == 1
    assert f'href="{other.url("intake_group", "urgent_pelvis")}"' in text_of(other.get("intake_group", "check"))
    assert Intake.objects.get().changed_answers == []


def test_an_emergency_can_be_told_in_a_browser_that_did_not_begin_the_part(phone, intake):
    phone.send("urgent_pelvis", {"bladder_change": "no"})
    other = Phone(intake)
    other.open()

    assert other.send("urgent_pelvis", {"bladder_change": "yes"}).url == other.url("intake_emergency")

    standing = Intake.objects.get()
    assert standing.answers["bladder_change"] is True
    assert [(each["key"], each["from"], each["to"]) for each in standing.changed_answers] == [
        ("bladder_change", False, True)
    ]


def test_a_later_answer_of_another_browser_stands_and_the_earlier_is_kept_for_the_therapist(
    phone, intake, signed_in, mia
):
    phone.send("safety_pain", {"pain_now": "9"})
    phone.send("body", {"regions": ["left:calf"]})
    phone.send("words", {"goals": "Walk the dog"})
    other = Phone(intake)
    other.open()

    other.send("safety_pain", {"pain_now": "4"})
    other.send("body", {"regions": ["right:calf"]})
    other.send("words", {"goals": "Run"})

    standing = Intake.objects.get()
    assert (standing.answers["pain_now"], standing.history["goals"]) == (4, "Run")
    read = text_of(signed_in(mia).get(reverse("clients:intake_read", args=[intake.client_id, intake.pk])))
    for words in ("first “9 of 10”, then “4 of 10”", "first “Walk the dog”, then “Run”", "first “Left calf"):
        assert words in read


def test_who_answered_first_does_not_see_what_another_browser_answered_after(phone, intake):
    phone.send("words", {"goals": "Walk the dog"})
    other = Phone(intake)
    other.open()
    other.send("words", {"goals": "Run away from home"})

    assert "Run away" not in text_of(phone.get("intake_group", "words"))
    assert "Run away" not in text_of(phone.get("intake_group", "check"))
    phone.send("words", {"goals": "Walk the cat"})

    assert "Walk the cat" not in text_of(other.get("intake_group", "words"))


def test_the_overview_counts_the_steps_that_the_pages_number(phone):
    phone.send("urgent_pelvis", {"bladder_change": "no"})

    page, step = text_of(phone.get("intake_page")), text_of(phone.get("intake_group", "urgent_legs"))

    assert f"1 of {len(STEPS)} done" in page
    assert f"of {len(STEPS)}" in step


def test_words_and_places_can_be_taken_back_in_the_browser_that_wrote_them(phone, intake):
    phone.send("body", {"regions": ["left:calf"]})
    phone.send("words", {"goals": "Walk the dog"})

    phone.send("body")
    phone.send("words", {"goals": ""})

    assert not any(Intake.objects.get().history.values())
    other = Phone(intake)
    other.open()
    assert other.get("intake_group", "body").status_code == 200


def test_a_part_the_therapist_left_open_is_saved_as_seen(intake, mia):
    save_group(intake, group="urgent_pelvis", answers={}, at=NOW, taken_by=mia)

    assert Intake.objects.get().visited_groups == ["urgent_pelvis"]


# --- emergencies


def test_an_emergency_answer_shows_at_once_what_to_do(phone, ada_in_care):
    response = phone.send("urgent_pelvis", SADDLE_YES, follow=True)

    assert response.redirect_chain == [(phone.url("intake_emergency"), 302)]
    page = text_of(response)
    assert 'href="tel:999"' in page
    assert "Call NHS 111 or your doctor." in page
    assert phone.url("intake_group", "urgent_legs") in page  # the client may go on
    assert gate_for(ada_in_care).state == "stop"
    assert Task.objects.open().get().kind == "screening_alert"


def test_an_emergency_answer_shows_at_once_even_before_the_page_is_sent(phone):
    response = phone.send("urgent_pelvis", {"saddle_numbness": "yes"}, HTTP_HX_REQUEST="true")

    assert response["HX-Redirect"] == phone.url("intake_emergency")
    again = phone.send("urgent_pelvis", {"saddle_numbness": "yes"}, HTTP_HX_REQUEST="true")
    assert "HX-Redirect" not in again  # shown once, then a banner on every page
    assert "Please get help now" in text_of(phone.get("intake_group", "urgent_legs"))


def test_another_browser_is_not_told_of_an_emergency_answer(phone, intake):
    phone.send("urgent_pelvis", SADDLE_YES)
    other = Phone(intake)
    other.open()

    assert "Please get help now" not in text_of(other.get("intake_group", "urgent_legs"))
    assert other.get("intake_emergency").url == other.url("intake_page")


# --- looking over, consenting, handing in


def test_intake_check_names_each_question_that_was_skipped(phone):
    phone.send("urgent_pelvis", {"saddle_numbness": "no", "bowel_change": "no"})

    page = text_of(phone.get("intake_group", "check"))

    assert "You did not answer" in page
    assert "Any new trouble with passing urine" in page
    assert "How fast is it getting worse?" not in page  # a follow-up to a question not answered yes


def test_intake_sign_needs_an_explicit_answer_to_each_consent(phone):
    response = phone.send("sign", {"treatment": "yes", "signed_name": "Ada Müller"})

    assert response.status_code == 422
    assert text_of(response).count("Please choose yes or no.") >= 2
    assert 'value="Ada Müller"' in text_of(response)
    assert Consent.objects.count() == 0


def test_intake_sign_does_not_hand_in_without_consent_to_treatment(phone):
    response = phone.hand_in(treatment="no")

    assert response.status_code == 422
    assert "Without this we cannot treat you." in text_of(response)
    assert not Intake.objects.get().is_submitted


def test_intake_sign_stores_everything_and_screens(phone, ada_in_care):
    phone.send_all()
    phone.send("body", {"regions": ["left:buttock", "left:calf"]})

    response = phone.hand_in()

    assert response.url == phone.url("intake_done")
    assert Intake.objects.get().submitted_at == NOW
    assert {scope: consent.is_given for scope, consent in holding_consents(ada_in_care).items()} == {
        "treatment": True,
        "sensitive_areas": False,
        "share_with_referrer": True,
    }
    assert PainDrawing.objects.get().lowest_level == "calf"
    screening = current_screening(ada_in_care)
    assert (screening.triage, screening.intake, screening.answers["age"]) == ("treat", Intake.objects.get(), 46)
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"intake.submitted", "screening.run"}


def test_intake_done_tells_the_client_what_to_do_and_never_a_pattern(phone):
    phone.send_all(cancer_history=True)
    phone.hand_in()

    page = text_of(phone.get("intake_done"))

    assert "Please be seen by a doctor" in page
    for word in ("pattern", "radicular", "nerve-root", "sciatica", "diagnosis"):
        assert word not in page.lower()


def test_handed_in_answers_cannot_be_sent_again(phone):
    phone.send_all()
    phone.hand_in()

    assert phone.send("urgent_pelvis", SADDLE_YES).url == phone.url("intake_done")
    assert phone.hand_in().url == phone.url("intake_done")
    assert Intake.objects.get().answers["saddle_numbness"] is False
    assert Screening.objects.count() == 1


def test_a_second_tap_on_hand_in_leads_to_the_thanks_without_a_scolding(phone, rf):
    """Both requests find the intake open; the second waits at the lock and then finds it handed in."""
    stale = Intake.objects.select_related("client").get()
    phone.send_all()
    phone.hand_in()
    names = {name: phone.url(f"intake_{name}") for name in ("page", "emergency", "done")}
    walk = Walk(stale, FullMemory(stale), NOW, str, names["page"], names["emergency"], names["done"])

    answer = serve_step(rf.post("/", SIGNATURE), walk, "sign")

    assert answer.url == phone.url("intake_done")
    assert Screening.objects.count() == 1
    assert "Thank you, Ada" in text_of(phone.get("intake_done"))


def test_intake_copy_opens_only_in_the_browser_that_wrote_it(phone, intake):
    phone.send_all()
    phone.send("words", {"goals": "Walk the dog"})
    phone.hand_in()
    other = Phone(intake)
    other.open()

    page = text_of(phone.get("intake_copy"))

    assert "Walk the dog" in page
    assert "I agree to be assessed and massaged here." in page
    assert other.get("intake_copy").status_code == 404
    assert "Your answers have been handed in" in text_of(other.get("intake_done"))
    assert AuditEvent.objects.filter(action="chart.read", actor="client").count() == 1


def test_a_guardian_signs_for_somebody_under_eighteen(phone, ada_in_care):
    ada_in_care.born_on = date(2012, 1, 1)
    ada_in_care.save()

    refused = phone.hand_in()
    assert refused.status_code == 422
    assert "a parent or guardian has to sign" in text_of(refused)

    phone.hand_in(signed_name="Jo Müller", is_by_guardian="on")
    assert set(Consent.objects.values_list("signed_name", "is_by_guardian")) == {("Jo Müller", True)}


def test_intake_sign_names_who_sent_the_client(phone, ada_in_care, dana):
    referrer = Referrer.objects.create(name="Dr Chiro", profession="chiropractor")
    Referral.objects.create(
        client=ada_in_care,
        referrer=referrer,
        received_on=date(2026, 11, 1),
        question="?",
        created_at=NOW,
        created_by=dana,
    )

    assert "You were sent by Dr Chiro." in text_of(phone.get("intake_group", "sign"))


def test_every_page_behind_the_link_carries_the_safety_net(phone):
    phone.send("urgent_pelvis", SADDLE_YES)
    pages = [phone.get("intake_page"), phone.get("intake_emergency")]
    pages += [phone.get("intake_group", step.key) for step in STEPS]
    phone.hand_in()
    pages += [phone.get("intake_done"), phone.get("intake_copy")]

    for page in pages:
        assert "go to an emergency department now. Do not wait" in text_of(page)


def test_intake_check_names_a_skipped_follow_up_only_where_it_makes_sense(phone):
    phone.send("urgent_legs", {"bilateral_leg_symptoms": "yes", "weakness_progressing": "no"})

    page = text_of(phone.get("intake_group", "check"))

    assert "How did both legs become involved?" in page
    assert "How fast is it getting worse?" not in page


def test_the_look_over_asks_to_confirm_pregnant_and_male_and_lets_the_client_go_on(phone):
    phone.send_all(sex="M", pregnant_weeks=12, pregnancy_warning_signs=False)

    shown = phone.get("intake_group", "check").content.decode()
    handed_in = phone.hand_in()

    assert "Please look at two answers again" in shown
    assert handed_in.status_code == 302
    assert current_screening(phone.intake.client).answers["sex"] == "M"
