"""The check-in, from the mail's link to the chart."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse

from anatomy.body import stored_drawing
from clients.drawings import store_drawing
from clients.models import PainDrawing, Task
from clients.screening import RULES, SAFETY_NET
from practice import clock
from practice.models import AuditEvent
from reminders import mailbox
from reminders.checkins import AlreadyAnswered, answer_check_in
from reminders.concerns import advice_on, concerns_of
from reminders.due import derive_due
from reminders.forms import SIGNS
from reminders.mailbox import DemoMailbox, NoMailServer, stored_mail, stored_mails
from reminders.models import CheckIn, CheckInLink
from reminders.outbox import send_due
from sessions.models import OutcomeScore
from tests.support.queries import queries_of
from tests.support.visits import make_session, sign
from tests.world import NOW

DAY = timedelta(days=1)
MARKED = {
    "pain_now_nrs": "3",
    "leg_symptoms": "better",
    "soreness_nrs": "2",
    "warning_sign": "no",
    "comment": "Slept well",
}
GOOD = MARKED | {"nowhere_now": "on"}


@pytest.fixture
def check_in(signed_session):
    derive_due(NOW)
    return CheckIn.objects.get(step=1)


@pytest.fixture
def token(check_in):
    return CheckInLink.mint(now=NOW, expires_at=NOW + 7 * DAY, check_in=check_in)


def opened(client, token):
    return client.get(reverse("reminders:check_in_open", args=[token]))


def test_check_in_open_takes_the_token_out_of_the_address(client, token):
    response = opened(client, token)

    assert response.status_code == 302
    assert token not in response["Location"]


def test_check_in_open_refuses_a_dead_link_with_words(client, token, still_clock):
    still_clock.at = NOW + 7 * DAY

    response = opened(client, token)

    assert response.status_code == 404
    assert "This link no longer opens" in response.content.decode()


@pytest.mark.parametrize("spoil", [lambda token: token[:-1], lambda token: token.swapcase(), lambda token: "x" * 43])
def test_check_in_open_refuses_a_changed_token(client, token, spoil):
    assert opened(client, spoil(token)).status_code == 404


def test_check_in_page_opens_only_for_the_browser_that_held_the_link(client, check_in, token):
    handle = CheckInLink.objects.get().handle

    assert client.get(reverse("reminders:check_in_page", args=[handle])).status_code == 404


def test_check_in_page_shows_the_safety_net_and_changes_nothing_by_looking(client, check_in, token):
    page = client.get(opened(client, token)["Location"])

    check_in.refresh_from_db()
    assert "When to get help at once" in page.content.decode()
    assert not check_in.is_answered


def test_check_in_page_stores_the_answer_in_the_chart(client, check_in, token):
    response = client.post(opened(client, token)["Location"], GOOD, follow=True)

    check_in.refresh_from_db()
    assert "Thank you" in response.content.decode()
    assert (check_in.pain_now_nrs, check_in.warning_sign, check_in.comment) == (3, "no", "Slept well")
    assert OutcomeScore.objects.get().score == 3
    assert AuditEvent.objects.filter(action="check_in.answered", actor="client").exists()
    assert not Task.objects.exists()


@pytest.mark.parametrize("missing", ["pain_now_nrs", "warning_sign"])
def test_check_in_page_never_reads_silence_as_no(client, check_in, token, missing):
    page = opened(client, token)["Location"]

    response = client.post(page, {name: value for name, value in GOOD.items() if name != missing})

    check_in.refresh_from_db()
    assert response.status_code == 422
    assert not check_in.is_answered
    assert "Slept well" in response.content.decode()


@pytest.mark.parametrize("sign", ["yes", "not_sure"])
def test_check_in_page_says_at_once_what_to_do_about_a_warning_sign(client, check_in, token, sign):
    response = client.post(opened(client, token)["Location"], {**GOOD, "warning_sign": sign}, follow=True)

    assert "Some of your answers need a doctor to look at you today, now." in response.content.decode()
    assert "999" in response.content.decode()
    assert Task.objects.get().kind == "check_in_alert"


def test_check_in_page_alerts_the_therapist_when_the_leg_is_worse(client, check_in, token):
    client.post(opened(client, token)["Location"], {**GOOD, "leg_symptoms": "worse"})

    assert Task.objects.get().for_role == "therapist"


def test_check_in_page_keeps_where_it_is_now_as_a_drawing(client, check_in, token):
    page = opened(client, token)["Location"]
    assert 'name="regions" value="left:calf"' in client.get(page).content.decode()

    response = client.post(page, {**MARKED, "regions": ["left:calf", "left:buttock"]}, follow=True)

    check_in.refresh_from_db()
    drawing = check_in.pain_drawing
    assert (drawing.client, drawing.lowest_level, drawing.by) == (check_in.client, "calf", None)
    assert drawing.drawn_at == check_in.answered_at
    assert "Left buttock, Left calf" in response.content.decode()
    assert not Task.objects.exists()


def test_check_in_page_keeps_nowhere_as_an_answer_of_its_own(client, check_in, token):
    response = client.post(opened(client, token)["Location"], GOOD, follow=True)

    check_in.refresh_from_db()
    assert (check_in.pain_drawing.regions, check_in.pain_drawing.reaches) == ([], "nowhere")
    assert "<dt>Where now</dt><dd>Nowhere</dd>" in response.content.decode()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "Mark a place, or tap “Nowhere now”."),
        ({"nowhere_now": "on", "regions": ["left:foot"]}, "You marked a place, and “Nowhere now”."),
    ],
)
def test_check_in_page_asks_again_where_it_is_and_keeps_the_rest(client, check_in, token, said, words):
    response = client.post(opened(client, token)["Location"], {**MARKED, **said})

    check_in.refresh_from_db()
    assert response.status_code == 422
    assert words in response.content.decode()
    assert "Slept well" in response.content.decode()
    assert not check_in.is_answered
    assert not PainDrawing.objects.exists()


@pytest.mark.parametrize("sign", ["yes", "not_sure"])
def test_check_in_page_keeps_nobody_with_a_warning_sign_from_the_doctor(client, check_in, token, sign):
    response = client.post(opened(client, token)["Location"], {"warning_sign": sign}, follow=True)

    check_in.refresh_from_db()
    assert "Some of your answers need a doctor to look at you today, now." in response.content.decode()
    assert (check_in.pain_now_nrs, check_in.pain_drawing, check_in.concerns) == (None, None, ["warning_sign"])
    assert Task.objects.get().kind == "check_in_alert"
    assert not OutcomeScore.objects.exists()


def test_check_in_page_that_comes_back_shows_the_advice_without_a_script(client, check_in, token):
    page = opened(client, token)["Location"]
    hidden = 'data-show-when="pain_now_nrs=9,10" hidden'
    assert hidden in client.get(page).content.decode()

    response = client.post(page, {"pain_now_nrs": "9", "warning_sign": "no"})

    assert response.status_code == 422
    assert hidden not in response.content.decode()
    assert 'data-show-when="warning_sign=yes,not_sure" hidden' in response.content.decode()


def test_check_in_page_says_which_visit_and_which_time_it_asks(client, check_in, token):
    second = CheckIn.objects.get(step=2)
    of_second = CheckInLink.mint(now=NOW, expires_at=NOW + 7 * DAY, check_in=second)

    pages = [client.get(opened(client, each)["Location"]).content.decode() for each in (token, of_second)]

    assert ["the last time about" in page for page in pages] == [False, True]
    assert all("your visit with Mia on Monday 23 November" in page for page in pages)


@pytest.mark.parametrize(
    ("said", "concerns", "level"),
    [
        ({}, [], None),
        ({"warning_sign": "yes"}, ["warning_sign"], "emergency"),
        ({"warning_sign": "not_sure"}, ["warning_sign"], "emergency"),
        ({"pain_now_nrs": 9, "pain_before_nrs": 8}, ["severe_pain"], "urgent_referral"),
        ({"pain_now_nrs": 8, "pain_before_nrs": 7}, [], None),
        ({"leg_symptoms": "worse"}, ["leg_worse"], "routine_referral"),
        ({"leg_symptoms": "same"}, [], None),
        ({"is_further_down": True}, ["further_down"], "routine_referral"),
        ({"pain_now_nrs": 6, "pain_before_nrs": 4}, ["more_pain"], "routine_referral"),
        ({"pain_now_nrs": 5, "pain_before_nrs": 4}, [], None),
        ({"pain_now_nrs": 6, "pain_before_nrs": None}, [], None),
        ({"pain_now_nrs": None, "pain_before_nrs": 4}, [], None),
        ({"pain_now_nrs": 10, "leg_symptoms": "worse"}, ["severe_pain", "leg_worse", "more_pain"], "urgent_referral"),
    ],
)
def test_concerns_of_finds_what_needs_a_person_and_the_gravest_decides_the_words(said, concerns, level):
    calm = {"pain_now_nrs": 3, "pain_before_nrs": 4, "leg_symptoms": "", "warning_sign": "no", "is_further_down": False}

    found = concerns_of(**{**calm, **said})

    assert found == concerns
    advice = advice_on(found)
    assert (advice.level if advice else None) == level
    assert advice is None or advice.words == RULES.words["triage"][level]["client"]


def test_check_in_page_alerts_the_therapist_when_the_pain_has_risen_since_before_the_visit(client, visit):
    sign(make_session(visit, pain_before_nrs=6))
    derive_due(NOW)
    check_in = CheckIn.objects.get(step=1)
    token = CheckInLink.mint(now=NOW, expires_at=NOW + 7 * DAY, check_in=check_in)

    response = client.post(opened(client, token)["Location"], {**GOOD, "pain_now_nrs": "8"}, follow=True)

    check_in.refresh_from_db()
    assert check_in.concerns == ["more_pain"]
    assert "We suggest that your doctor or physiotherapist checks this." in response.content.decode()
    assert Task.objects.get().for_role == "therapist"


def test_the_signs_asked_about_are_those_of_the_safety_net():
    assert [sign for sign in SIGNS if sign not in SAFETY_NET] == []
    assert len(SIGNS) == len(SAFETY_NET.partition(":")[0].split(",")) + 1  # "chest pain or sudden severe pain"


def test_check_in_page_alerts_the_therapist_when_it_reaches_further_down(client, check_in, token):
    store_drawing(client=check_in.client, regions=stored_drawing(["left:thigh_back"]), at=NOW - DAY)

    client.post(opened(client, token)["Location"], {**MARKED, "regions": ["left:foot"]})

    assert Task.objects.get().kind == "check_in_alert"


def test_check_in_page_does_not_alert_when_it_reaches_less_far(client, check_in, token):
    store_drawing(client=check_in.client, regions=stored_drawing(["left:foot"]), at=NOW - DAY)

    client.post(opened(client, token)["Location"], {**MARKED, "regions": ["left:thigh_back"]})

    assert not Task.objects.exists()


@pytest.mark.parametrize("place", ["left:elbow", "calf", "<b>", "9" * 400])
def test_check_in_page_refuses_a_place_off_the_map_and_keeps_the_rest(client, check_in, token, place):
    response = client.post(opened(client, token)["Location"], {**MARKED, "regions": ["left:calf", place]})

    check_in.refresh_from_db()
    assert response.status_code == 422
    assert "is not a place of the body map" in response.content.decode()
    assert "Slept well" in response.content.decode()
    assert not check_in.is_answered
    assert not PainDrawing.objects.exists()


@pytest.mark.parametrize("value", ["11", "-1", "3.5", "ten", "9" * 400])
def test_check_in_page_refuses_a_number_off_the_scale(client, check_in, token, value):
    response = client.post(opened(client, token)["Location"], {**GOOD, "pain_now_nrs": value})

    assert response.status_code == 422


def test_answer_check_in_lets_the_first_answer_stand(check_in):
    answer_check_in(check_in, pain_now_nrs=3, warning_sign="no", at=NOW)

    with pytest.raises(AlreadyAnswered):
        answer_check_in(check_in, pain_now_nrs=9, warning_sign="no", at=NOW)


def test_an_answered_check_in_cannot_be_changed_even_by_the_database(check_in):
    answer_check_in(check_in, pain_now_nrs=3, warning_sign="no", at=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        CheckIn.objects.filter(pk=check_in.pk).update(pain_now_nrs=0)


def test_demo_mailbox_keeps_each_mail_readable(settings, tmp_path):
    settings.MAILBOX_DIR = tmp_path
    DemoMailbox().send_messages(
        [mail.EmailMessage("Your visit", "See https://example.org/x", "a@b.example", ["c@d.example"])]
    )

    kept = stored_mails()[0]

    assert (kept.subject, kept.to) == ("Your visit", "c@d.example")
    assert kept.sent_at.utcoffset() == timedelta(0)
    assert stored_mail(kept.name).text.strip() == "See https://example.org/x"


@pytest.mark.parametrize("name", ["../../etc/passwd", "x", "", "20261123T080000000000-zzzzzzzz"])
def test_stored_mail_reads_nothing_but_mails(settings, tmp_path, name):
    settings.MAILBOX_DIR = tmp_path

    assert stored_mail(name) is None


def test_no_mail_server_sends_nothing_and_says_so(caplog):
    assert NoMailServer().send_messages([mail.EmailMessage("a", "b", "a@b.example", ["c@d.example"])]) == 0
    assert "no mail server" in caplog.text


def test_check_in_page_names_the_day_of_the_visit_not_of_its_chart(client, check_in, token):
    visit = check_in.session.appointment
    type(visit).objects.filter(pk=visit.pk).update(starts_at=NOW - 2 * DAY, ends_at=NOW - 2 * DAY + DAY / 24)

    page = client.get(opened(client, token)["Location"])

    assert "on Saturday 21 November" in page.content.decode()


def test_stored_mails_opens_only_the_newest(settings, tmp_path, monkeypatch):
    settings.MAILBOX_DIR = tmp_path
    monkeypatch.setattr(mailbox, "SHOWN", 2)
    for number in range(4):
        monkeypatch.setattr(clock, "now", lambda number=number: NOW + number * DAY)
        DemoMailbox().send_messages([mail.EmailMessage(f"Mail {number}", "", "a@b.example", ["c@d.example"])])

    assert [kept.subject for kept in stored_mails()] == ["Mail 3", "Mail 2"]


def test_a_check_in_waits_for_whoever_is_saving_a_screening_of_its_client(check_in):
    asked = queries_of(lambda: answer_check_in(check_in, pain_now_nrs=8, warning_sign="yes", at=NOW))

    tables = [sql.partition('FROM "')[2].partition('"')[0] for sql in asked if sql.startswith("SELECT")]
    assert tables.index("clients_client") < tables.index("reminders_checkin")


def test_in_an_emergency_nobody_is_sent_to_where_it_is_merely_urgent(client, check_in, token, practice):
    page = opened(client, token)["Location"]

    asked = client.get(page).content.decode()
    answered = client.post(page, {"warning_sign": "yes"}, follow=True).content.decode()

    assert asked.count(practice.urgent_advice) == 1  # beside severe pain
    assert practice.urgent_advice not in answered


def test_the_second_check_in_does_not_read_like_the_first(check_in, postbox):
    send_due(now=NOW + DAY, deliver=postbox)
    send_due(now=NOW + 3 * DAY, deliver=postbox)

    first, second = [mail for mail in postbox.mails if "check-in/open" in mail.body]
    assert (first.subject, second.subject) == ("How are you after your visit?", "And now? A few days after your visit")
    assert "for the last time" in second.body
