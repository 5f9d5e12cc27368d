"""The report back: from signed sessions only, with consent only, frozen once sent."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from clients.consents import give_consent
from practice.models import AuditEvent
from referrals.letters import enter_referrer, status_of, take_in_referral
from referrals.models import Referral, Report, ReportLink
from referrals.reports import NoConsentToShare, NothingSigned, ReportAlreadySent, send_report, write_report
from sessions.models import MuscleFinding, OutcomeScore
from tests.support.visits import make_screening, make_session, make_visit, sign
from tests.world import NOW, TODAY

DAY = timedelta(days=1)


@pytest.fixture
def referral(ada, dana):
    referrer = enter_referrer(
        name="Dr. Nora Lind",
        profession="chiropractor",
        organisation="Spine House",
        email="nora@spine.example",
        phone="",
        by=dana,
        at=NOW,
    )
    return take_in_referral(
        referrer=referrer,
        client=ada,
        received_on=TODAY,
        question="Buttock pain when sitting. Please treat and report.",
        by=dana,
        at=NOW,
        today=TODAY,
    )


@pytest.fixture
def signed(referral, ada, mia, massage):
    session = make_session(
        make_visit(ada, mia, massage),
        screening=make_screening(ada, answers={"saddle_numbness": False, "bladder_change": "not_sure"}),
        pain_before_nrs=7,
        pain_after_nrs=4,
    )
    MuscleFinding.objects.create(
        session=session,
        muscle="piriformis",
        side="right",
        tone=3,
        tenderness=2,
        has_trigger_point=True,
        minutes=12,
        response="eased",
    )
    for score in (7, 4):
        OutcomeScore.objects.create(client=ada, session=session, measure="pain_before", score=score, measured_at=NOW)
    return sign(session)


@pytest.fixture
def consent(ada):
    return share(ada, True)


def share(client, is_given):
    return give_consent(
        client=client,
        scope="share_with_referrer",
        is_given=is_given,
        signed_name="Ada Müller",
        is_by_guardian=False,
        at=NOW,
    )


@pytest.fixture
def report(referral, signed, consent, mia):
    return write_report(referral, message="Please assess the right toe extensors.", by=mia, at=NOW)


def test_write_report_draws_its_facts_from_the_signed_session(report):
    content = report.content

    assert content["muscles"][0] == {
        "muscle": "Piriformis",
        "side": "Right",
        "found": ["tone 3 of 4", "tenderness 2 of 4", "trigger point"],
        "done": [],
        "minutes": 12,
        "response": "Eased",
    }
    assert content["measures"][0]["first"] == 7
    assert content["measures"][0]["matters"] is True


def test_write_report_says_of_each_emergency_question_how_it_was_answered(report):
    answers = {row["question"]: row["answer"] for row in report.content["screening"]["asked"]}

    assert sorted(set(answers.values())) == ["no", "not answered", "not sure"]


def test_write_report_refuses_without_consent(referral, signed, mia):
    with pytest.raises(NoConsentToShare):
        write_report(referral, message="", by=mia, at=NOW)


def test_write_report_refuses_when_nothing_is_signed(referral, consent, mia):
    with pytest.raises(NothingSigned):
        write_report(referral, message="", by=mia, at=NOW)


def test_send_report_refuses_once_the_consent_is_taken_back(report, ada, mia):
    share(ada, False)

    with pytest.raises(NoConsentToShare):
        send_report(report, by=mia, at=NOW)


def test_send_report_freezes_it(report, mia):
    send_report(report, by=mia, at=NOW)

    with pytest.raises(ReportAlreadySent):
        send_report(report, by=mia, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(message="Something else.")


def test_status_of_follows_the_client_through_the_house(referral, ada, mia, massage, dana):
    def status():
        return status_of(Referral.objects.with_progress().get(pk=referral.pk))

    assert status() == "received"
    visit = make_visit(ada, mia, massage)
    assert status() == "booked"
    sign(make_session(visit))
    assert status() == "seen"
    share(ada, True)
    send_report(write_report(referral, message="", by=mia, at=NOW), by=mia, at=NOW)
    assert status() == "report_ready"


@pytest.fixture
def link(report, mia):
    send_report(report, by=mia, at=NOW)
    return reverse("referrals:report_open", args=[ReportLink.mint(now=NOW, expires_at=NOW + 90 * DAY, report=report)])


def test_report_page_opens_by_link_and_records_the_reading(client, link):
    page = client.get(link, follow=True)

    assert "Please assess the right toe extensors." in page.content.decode()
    assert "Screening pattern, not a diagnosis" in page.content.decode()
    assert "When to get help at once" in page.content.decode()
    assert AuditEvent.objects.filter(action="chart.read", actor="referrer", page="referrals:report_page").exists()


def test_report_page_shuts_when_the_consent_is_taken_back(client, link, ada):
    page = client.get(link)["Location"]
    share(ada, False)

    assert client.get(page).status_code == 404
    assert client.get(link).status_code == 404


def test_report_page_shuts_after_ninety_days(client, link, still_clock):
    still_clock.at = NOW + 90 * DAY

    assert client.get(link).status_code == 404
