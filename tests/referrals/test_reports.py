"""The report back: from signed sessions only, with consent only, frozen once sent."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.html import strip_tags

from clients.consents import give_consent
from practice.models import AuditEvent
from protocols.library import load_knowledge
from protocols.models import Protocol, TreatmentPlan
from referrals.letters import enter_referrer, status_of, take_in_referral
from referrals.models import Referral, Report, ReportLink
from referrals.reports import (
    NoConsentToShare,
    NothingSigned,
    ReportAlreadySent,
    may_be_read,
    send_report,
    write_report,
)
from sessions.models import CopiedField, MuscleFinding, OutcomeScore, TestResult
from tests.support.visits import make_screening, make_session, make_visit, sign
from tests.world import NINE, NOW, TODAY

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
def plan(ada, mia):
    load_knowledge()
    return TreatmentPlan.objects.create(
        client=ada,
        therapist=mia,
        protocol=Protocol.objects.order_by("pk").first(),
        screening=make_screening(ada),
        side="right",
        goal="Sit through a film",
        planned_visits=6,
        started_at=NOW,
    )


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
        "found": ["tone 3/4", "tenderness 2/4", "trigger point"],
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


def test_report_page_stays_shut_for_an_old_link_when_the_client_agrees_again(client, link, ada, referral, mia):
    share(ada, False)
    share(ada, True)

    assert client.get(link).status_code == 404
    again = write_report(referral, message="", by=mia, at=NOW)
    send_report(again, by=mia, at=NOW)
    assert may_be_read(again)


def test_send_report_goes_by_the_consent_that_holds_when_it_is_sent(report, ada, mia):
    share(ada, False)
    newer = share(ada, True)

    assert send_report(report, by=mia, at=NOW).consent == newer


def test_write_report_says_what_was_not_found_as_exactly_as_what_was(referral, ada, mia, massage, consent):
    session = make_session(make_visit(ada, mia, massage))
    finding = {"session": session, "muscle": "piriformis", "side": "left", "tone": 0}
    MuscleFinding.objects.create(**finding, has_trigger_point=False, is_familiar_pain=False)
    for side, result, angle in (("left", "negative", None), ("right", "positive", 45)):
        TestResult.objects.create(session=session, test="slr", side=side, moment="before", result=result, value=angle)
    sign(session)

    content = write_report(referral, message="", by=mia, at=NOW).content

    assert content["muscles"][0]["found"] == ["tone 0/4", "no trigger point", "not the familiar pain"]
    assert [words.split(": ")[1] for words in content["tests"]] == ["negative", "positive at 45°"]


def test_write_report_says_what_was_copied_and_not_found(client, signed, referral, ada, mia, massage, consent):
    session = make_session(make_visit(ada, mia, massage, starts_at=NINE + timedelta(days=7)))
    MuscleFinding.objects.create(session=session, muscle="piriformis", side="right", tone=3, tenderness=1, minutes=12)
    for field in ("tone", "minutes"):
        CopiedField.objects.create(session=session, source=signed, spot="right:piriformis", field=field)
    sign(session, position=2)

    report = write_report(referral, message="", by=mia, at=NOW)
    send_report(report, by=mia, at=NOW)
    token = ReportLink.mint(now=NOW, expires_at=NOW + 90 * DAY, report=report)
    page = client.get(reverse("referrals:report_open", args=[token]), follow=True).content.decode()

    assert report.content["muscles"][0]["copied"] == "Copied from 23 Nov 2026, not confirmed: tone, minutes"
    assert "not confirmed: tone, minutes" in page


def test_write_report_leaves_out_other_courses_of_treatment(referral, ada, mia, massage, consent):
    for day, score, position in ((-400, 9, 1), (0, 6, 2), (1, 4, 3)):
        session = make_session(make_visit(ada, mia, massage, starts_at=NINE + day * DAY))
        OutcomeScore.objects.create(
            client=ada, session=session, measure="pain_before", score=score, measured_at=session.started_at
        )
        sign(session, position=position)

    content = write_report(referral, message="", by=mia, at=NOW).content

    assert len(content["visits"]) == 2
    assert (content["measures"][0]["first"], content["measures"][0]["latest"]) == (6, 4)


def test_write_report_takes_in_the_whole_plan_even_before_the_letter(referral, ada, mia, massage, consent, plan):
    for day, its_plan, position in ((-400, None, 1), (-7, plan, 2), (0, plan, 3)):
        visit = make_visit(ada, mia, massage, starts_at=NINE + day * DAY)
        sign(make_session(visit, plan=its_plan), position=position)

    assert len(write_report(referral, message="", by=mia, at=NOW).content["visits"]) == 2


def test_write_report_tells_a_referrer_who_writes_late_of_the_last_visit(referral, ada, mia, massage, consent):
    sign(make_session(make_visit(ada, mia, massage, starts_at=NINE - 30 * DAY)))

    assert len(write_report(referral, message="", by=mia, at=NOW).content["visits"]) == 1


def test_report_names_who_wrote_it_beside_who_signed_the_session(signed_in, referral, signed, consent, olga):
    report = write_report(referral, message="", by=olga, at=NOW)

    words = " ".join(strip_tags(signed_in(olga).get(report.get_absolute_url()).content.decode()).split())

    assert "Written by Olga Stein on 23 Nov 2026. Last session signed by Mia Berg, LMT 4711." in words


def test_report_page_shows_the_referrer_nothing_of_the_rest_of_the_record(client, link, ada):
    page = client.get(link, follow=True).content.decode()

    for kept in (ada.email, str(ada.phone), ada.phone.as_international, "chart", "Sign in"):
        assert kept not in page


def test_report_dates_a_visit_by_the_visit_not_by_the_day_its_chart_was_opened(referral, ada, mia, massage, consent):
    sign(make_session(make_visit(ada, mia, massage, starts_at=NINE - 3 * DAY), started_at=NOW))

    assert write_report(referral, message="", by=mia, at=NOW).content["visits"] == ["2026-11-20T09:00:00+00:00"]
