"""A referral's status behind its link, and the mails that carry it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from clients.consents import give_consent
from practice.models import AuditEvent
from referrals.letters import change_referrer, enter_referrer, take_in_referral
from referrals.models import Referral, ReferralLink, Referrer, Report, ReportLink
from referrals.reports import send_report, write_report
from referrals.status import status_for_referrer
from reminders.due import derive_due, why_not
from reminders.models import Message
from reminders.outbox import send_due
from reminders.rules import change_rule, resting_kinds
from tests.reminders.conftest import postbox  # noqa: F401 – a fixture
from tests.support import visits
from tests.support.visits import make_session, make_visit, sign
from tests.world import NINE, NOW, TODAY, minutes

DAY = timedelta(days=1)
KINDS = ("referral_received", "referral_seen")


@pytest.fixture
def referrer(dana):
    details = {"name": "Dr. Nora Lind", "profession": "chiropractor", "organisation": "Spine Care", "phone": ""}
    return enter_referrer(email="nora@spine.example", by=dana, at=NOW, **details)


@pytest.fixture
def referral(ada, referrer, dana):
    return take_in_referral(
        referrer=referrer, client=ada, received_on=TODAY, question="CANARY", by=dana, at=NOW, today=TODAY
    )


@pytest.fixture
def token(referral):
    return ReferralLink.mint(now=NOW, expires_at=NOW + 90 * DAY, referral=referral)


def share(client, is_given, at=NOW):
    scope, name = "share_with_referrer", "Ada Müller"
    give_consent(client=client, scope=scope, is_given=is_given, signed_name=name, is_by_guardian=False, at=at)


def opened(client, token) -> str:
    return client.get(reverse("referrals:status_open", args=[token]))["Location"]


def seen(ada, mia, massage):
    """Ada comes and her chart is signed, after the letter was taken in."""
    return sign(make_session(make_visit(ada, mia, massage)))


def reached(referral):
    return [step.name for step in status_for_referrer(referral, now=NOW).steps if step.on]


# --- the page


def test_without_agreement_the_page_says_that_the_letter_came_and_no_more(client, referral, token, ada, mia, massage):
    seen(ada, mia, massage)

    page = client.get(opened(client, token)).content.decode()

    assert "Letter received" in page
    assert "once the person has agreed" in page
    for words in ("Visit booked", "First visit done", "Report ready"):
        assert words not in page


def test_with_agreement_the_page_tells_each_step_by_its_day(client, referral, token, ada, mia, massage):
    share(ada, True)
    seen(ada, mia, massage)

    page = client.get(opened(client, token)).content.decode()

    for words in ("Letter received", "Visit booked", "First visit done", "Report ready", "not yet", "23 Nov 2026"):
        assert words in page
    assert ":00" not in page.partition("<main")[2].partition("</main")[0]


def test_a_visit_booked_before_the_letter_came_counts_as_booked(ada, mia, massage, referrer, dana):
    share(ada, True)
    make_visit(ada, mia, massage, starts_at=NOW + DAY)
    letter = {"referrer": referrer, "client": ada, "received_on": TODAY, "question": "?"}

    referral = take_in_referral(**letter, by=dana, at=NOW + minutes(5), today=TODAY)

    assert reached(referral) == ["Letter received", "Visit booked"]
    assert Referral.objects.with_progress().get(pk=referral.pk).visits_booked == 1


def test_the_page_names_the_person_no_further_than_needed(client, referral, token):
    page = client.get(opened(client, token)).content.decode()

    assert "Ada M." in page
    for words in ("Müller", "CANARY"):
        assert words not in page


def test_agreement_taken_back_shuts_what_was_shown(referral, ada, mia, massage):
    share(ada, True)
    seen(ada, mia, massage)
    assert reached(referral) == ["Letter received", "Visit booked", "First visit done"]

    share(ada, False)

    assert reached(referral) == ["Letter received"]


def test_the_report_opens_from_the_page_under_the_rules_of_its_own_link(client, referral, token, ada, mia, massage):
    share(ada, True)
    seen(ada, mia, massage)
    report = send_report(write_report(referral, message="CANARY-REPORT", by=mia, at=NOW), by=mia, at=NOW)
    page = opened(client, token)
    report_address = f"{page}report/"
    assert client.get(report_address).status_code == 404  # no link of its own was sent yet

    ReportLink.mint(now=NOW, expires_at=NOW + 90 * DAY, report=report)
    assert report_address in client.get(page).content.decode()
    assert "CANARY-REPORT" in client.get(report_address, follow=True).content.decode()

    ReportLink.objects.all().revoke(at=NOW)
    assert client.get(report_address).status_code == 404
    assert "No link to the report is open just now" in client.get(page).content.decode()


def test_reading_is_on_file_as_the_referrers(client, referral, token):
    client.get(opened(client, token))

    read = AuditEvent.objects.get(action="chart.read")
    assert (read.actor, read.about_client_id) == ("referrer", referral.client_id)


def test_another_address_of_the_referrer_shuts_their_links(client, referral, token, referrer, ada, mia, massage, dana):
    page = opened(client, token)
    fields = {"name": "Dr. Nora Lind-Park", "email": referrer.email}
    change_referrer(referrer, by=dana, at=NOW, **fields)
    assert client.get(page).status_code == 200

    change_referrer(referrer, by=dana, at=NOW, **{**fields, "email": "nora@new.example"})

    assert client.get(page).status_code == 404
    assert AuditEvent.objects.filter(action="referrer.changed").count() == 2


def test_another_address_of_the_referrer_shuts_links_to_reports(referral, referrer, ada, mia, massage, dana):
    share(ada, True)
    seen(ada, mia, massage)
    report = send_report(write_report(referral, message="", by=mia, at=NOW), by=mia, at=NOW)
    token = ReportLink.mint(now=NOW, expires_at=NOW + DAY, report=report)

    change_referrer(referrer, by=dana, at=NOW, email="nora@new.example")

    assert ReportLink.objects.opened_by(token, now=NOW) is None


def test_the_desk_changes_an_entry_of_the_address_book(signed_in, dana, referrer):
    browser, url = signed_in(dana), reverse("referrals:referrer_edit", args=[referrer.pk])
    form = {"name": "Dr. Nora Park", "profession": "chiropractor", "email": "", "phone": ""}

    assert browser.post(url, {**form, "name": ""}).status_code == 422
    assert browser.post(url, form).status_code == 302

    changed = Referrer.objects.get()
    assert (changed.name, changed.email, changed.is_active) == ("Dr. Nora Park", "", False)
    assert "Not in use" in browser.get(reverse("referrals:referrer_list")).content.decode()


# --- the mails


def sent_kinds():
    return sorted(Message.objects.filter(kind__in=KINDS).values_list("kind", flat=True))


def test_a_letter_is_acknowledged_once_with_a_link_and_without_the_person(referral, postbox):  # noqa: F811
    send_due(now=NOW, deliver=postbox)
    send_due(now=NOW, deliver=postbox)

    (mail,) = [mail for mail in postbox.mails if mail.to == ["nora@spine.example"]]
    assert "/referrals/status/open/" in mail.body
    assert "your letter; it reached us on 23 November 2026" in mail.body
    for word in ("Ada", "Müller", "CANARY", "pain", "massage"):
        assert word not in mail.subject + mail.body.replace("Elm Street Massage", "")
    link = ReferralLink.objects.get()
    assert link.expires_at - link.created_at == 90 * DAY


@pytest.mark.parametrize(("days", "kinds"), [(0, ["referral_received"]), (6, ["referral_received"]), (8, [])])
def test_an_old_letter_is_not_acknowledged(ada, referrer, dana, days, kinds):
    received_on = TODAY - days * DAY
    take_in_referral(referrer=referrer, client=ada, received_on=received_on, question="?", by=dana, at=NOW, today=TODAY)

    derive_due(NOW)

    assert sent_kinds() == kinds


@pytest.mark.parametrize("change", [{"email": ""}, {"is_active": False}])
def test_who_has_no_address_or_is_not_in_use_gets_nothing(referral, referrer, dana, change):
    change_referrer(referrer, by=dana, at=NOW, **change)

    derive_due(NOW)

    assert sent_kinds() == []


@pytest.mark.parametrize("is_given", [True, False])
def test_the_first_visit_is_told_only_with_the_persons_agreement(referral, ada, mia, massage, is_given):
    share(ada, is_given)
    derive_due(NOW)
    assert sent_kinds() == ["referral_received"]

    seen(ada, mia, massage)
    derive_due(NOW)

    assert sent_kinds() == ["referral_received", "referral_seen"][: 1 + is_given]


def test_a_first_visit_long_ago_is_no_news_nor_is_one_that_follows_it(referral, ada, mia, massage, monkeypatch):
    seen(ada, mia, massage)
    monkeypatch.setattr(visits, "NOW", NOW + 7 * DAY)
    sign(make_session(make_visit(ada, mia, massage, starts_at=NINE + 7 * DAY), screening=ada.screenings.get()), 2)
    share(ada, True)

    derive_due(NOW + 8 * DAY)

    assert "referral_seen" not in sent_kinds()


def test_what_was_waiting_is_dropped_once_it_may_not_be_told(referral, ada, mia, massage):
    share(ada, True)
    seen(ada, mia, massage)
    derive_due(NOW)
    message = Message.objects.get(kind="referral_seen")
    assert why_not(message, NOW) == ""

    share(ada, False)
    assert why_not(Message.objects.get(pk=message.pk), NOW) == "the client has taken the agreement back"

    share(ada, True)
    send_report(write_report(referral, message="", by=mia, at=NOW), by=mia, at=NOW)
    assert Report.objects.exists()
    assert why_not(Message.objects.get(pk=message.pk), NOW) == "the report says more"


@pytest.mark.parametrize("kind", KINDS)
def test_the_owner_switches_either_off(referral, ada, mia, massage, kind):
    share(ada, True)
    seen(ada, mia, massage)
    change_rule(kind, hours=0, is_active=False, by=mia, at=NOW)

    derive_due(NOW)

    assert sent_kinds() == [other for other in KINDS if other != kind]


def test_that_a_letter_came_leaves_at_night_and_that_somebody_was_seen_waits(practice):
    night = NOW.replace(hour=23)

    assert {kind for kind in KINDS if kind in resting_kinds(practice, night)} == {"referral_seen"}


# --- for staff


def test_the_desk_sends_the_link_again(signed_in, dana, referral, postbox):  # noqa: F811
    send_due(now=NOW, deliver=postbox)
    browser = signed_in(dana)
    assert "Referral received" in browser.get(referral.get_absolute_url()).content.decode()

    browser.post(reverse("reminders:referral_send_again", args=[referral.pk]))
    send_due(now=NOW, deliver=postbox)

    assert ReferralLink.objects.count() == 2
    assert AuditEvent.objects.filter(action="message.resent").exists()


def test_the_desk_sends_a_link_for_an_old_letter_that_never_had_one(signed_in, dana, ada, referrer, postbox):  # noqa: F811
    old = take_in_referral(
        referrer=referrer, client=ada, received_on=TODAY - 30 * DAY, question="?", by=dana, at=NOW, today=TODAY
    )

    signed_in(dana).post(reverse("reminders:referral_send_again", args=[old.pk]))
    send_due(now=NOW, deliver=postbox)

    assert ReferralLink.objects.get().referral == old


def test_without_an_address_there_is_nothing_to_send_again(signed_in, dana, referral, referrer):
    change_referrer(referrer, by=dana, at=NOW, email="")

    browser = signed_in(dana)
    answer = browser.post(reverse("reminders:referral_send_again", args=[referral.pk]), follow=True)

    assert "There is no e-mail address to send it to." in answer.content.decode()
    assert not Message.objects.filter(kind="referral_received").exists()
