"""Links in the wrong hands, in shared browsers, and asked for in other ways than by a tap."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from clients.models import Intake, IntakeLink
from reminders.due import derive_due
from reminders.models import CheckIn, CheckInLink
from tests.support.visits import make_session, make_visit, sign
from tests.world import NINE, NOW

DAY = timedelta(days=1)
ANSWER = {"pain_now_nrs": "8", "leg_symptoms": "worse", "warning_sign": "yes", "comment": "My foot drags"}


def open_url(check_in) -> str:
    token = CheckInLink.mint(now=NOW, expires_at=NOW + 7 * DAY, check_in=check_in)
    return reverse("reminders:check_in_open", args=[token])


@pytest.fixture
def check_in(signed_session):
    derive_due(NOW)
    return CheckIn.objects.get(step=1)


@pytest.fixture
def link(check_in):
    return open_url(check_in)


def test_whoever_answered_may_keep_a_copy(client, link):
    page = client.post(client.get(link)["Location"], ANSWER, follow=True)

    assert "My foot drags" in page.content.decode()
    assert "8 of 10" in client.get(page.redirect_chain[-1][0]).content.decode()


def test_a_forwarded_link_shows_nobody_what_was_answered(client, link):
    client.post(client.get(link)["Location"], ANSWER)
    stranger = Browser()

    page = stranger.get(link, follow=True).content.decode()

    assert "answered" in page
    assert "When to get help at once" in page
    for kept in ("My foot drags", "8 of 10", "Worse", "by a doctor today"):
        assert kept not in page


def test_a_forwarded_link_cannot_change_what_was_answered(client, link, check_in):
    page = client.get(link)["Location"]
    stranger = Browser()
    strangers_page = stranger.get(link)["Location"]
    client.post(page, ANSWER)

    stranger.post(strangers_page, {**ANSWER, "warning_sign": "no"})

    check_in.refresh_from_db()
    assert check_in.warning_sign == "yes"


def test_two_children_on_one_phone_each_answer_their_own(client, check_in, ben, mia, massage):
    sign(make_session(make_visit(ben, mia, massage, starts_at=NINE - DAY)), position=2)
    derive_due(NOW)
    other = CheckIn.objects.exclude(pk=check_in.pk).get(step=1)
    pages = [client.get(open_url(each))["Location"] for each in (check_in, other)]

    for page, pain in zip(pages, "25", strict=True):
        client.post(page, {"pain_now_nrs": pain, "nowhere_now": "on", "warning_sign": "no"})

    assert list(CheckIn.objects.filter(step=1).order_by("pk").values_list("pain_now_nrs", flat=True)) == [2, 5]


def test_a_link_of_another_purpose_opens_no_check_in(client, ada, link):
    intake = Intake.objects.create(client=ada, requested_at=NOW)
    token = IntakeLink.mint(now=NOW, expires_at=NOW + DAY, intake=intake)

    assert client.get(reverse("reminders:check_in_open", args=[token])).status_code == 404
    client.get(reverse("clients:intake_open", args=[token]))
    assert client.get(reverse("reminders:check_in_page", args=[IntakeLink.objects.get().handle])).status_code == 404


def test_opening_a_link_gives_the_browser_a_new_session_key(client, link, check_in):
    """Whoever planted a session of theirs on the phone does not get what its owner opens."""
    client.get(open_url(check_in))
    planted = client.cookies["sessionid"].value
    page = client.get(link)["Location"]
    thief = Browser()
    thief.cookies["sessionid"] = planted

    assert client.cookies["sessionid"].value != planted
    assert client.get(page).status_code == 200
    assert thief.get(page).status_code == 404


def test_a_colleague_who_opens_a_clients_link_stays_signed_in(signed_in, dana, link):
    browser = signed_in(dana)

    assert browser.get(link, follow=True).status_code == 200
    assert browser.get(reverse("clients:client_list")).status_code == 200


@pytest.mark.parametrize("method", ["head", "options", "put", "delete", "patch"])
def test_no_other_way_of_asking_changes_anything(client, link, check_in, method):
    page = client.get(link)["Location"]

    for url in (link, page):
        assert getattr(client, method)(url).status_code in {200, 302, 405}

    check_in.refresh_from_db()
    assert not check_in.is_answered


def test_a_token_is_told_to_no_other_site(client, link):
    opened = client.get(link)
    dead = client.get(link[:-3] + "xx/")

    for answer in (opened, dead):
        assert answer["Referrer-Policy"] == "same-origin"
        assert "no-store" in answer["Cache-Control"]
    assert link.split("/")[-2] not in opened["Location"]
