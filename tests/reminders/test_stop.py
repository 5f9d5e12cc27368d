"""Mails a client would rather not get: stopped by the mail program's button or on the page behind the link."""

import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.test import Client as Browser
from django.urls import reverse

from practice.links import revoke_links_to
from reminders.mails import as_email, compose
from reminders.models import MailChoice, Message, UnsubscribeLink
from reminders.outbox import send_due
from reminders.rules import TOPICS, choices_of, choose_mail, stopped_by
from tests.support.pages import read_page
from tests.support.rows import all_rows, changed_tables
from tests.support.visits import make_visit
from tests.world import NOW

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FORM = "application/x-www-form-urlencoded"
ALL = dict.fromkeys(MailChoice.Topic.values, True)


@pytest.fixture
def token(ada):
    return UnsubscribeLink.mint(now=NOW, expires_at=NOW + 180 * DAY, client=ada, topic="reminders")


@pytest.fixture
def url(token):
    return reverse("reminders:stop_open", args=[token])


@pytest.fixture
def mail_program():
    """Posts as RFC 8058 has it: no cookie, no token of a form."""
    return Browser(enforce_csrf_checks=True)


def words_of(page) -> str:
    """Return a page without the token that is drawn anew each time."""
    return re.sub(r"[A-Za-z0-9]{64}", "", page.content.decode())


def reminder(visit, kind="first_reminder", **fields) -> Message:
    times = {"due_at": NOW, "needed_by": visit.starts_at, "created_at": NOW}
    return Message.objects.create(kind=kind, client=visit.client, appointment=visit, **times | fields)


def on_the_wire(message, practice):
    mail = as_email(compose(message, practice=practice, now=NOW), message, practice=practice, now=NOW)
    return message_from_bytes(mail.message().as_bytes(linesep="\r\n"), policy=policy.default)


# --- what the mail carries


def test_a_reminder_carries_both_headers_and_a_line_in_either_body(visit, practice):
    mail = on_the_wire(reminder(visit), practice)
    address = mail["List-Unsubscribe"].strip().removeprefix("<").removesuffix(">")
    link = UnsubscribeLink.objects.get()

    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert UnsubscribeLink.objects.opened_by(address.split("/")[-2], now=NOW) == link
    assert (link.client, link.topic, link.expires_at) == (visit.client, "reminders", NOW + 180 * DAY)
    for kind in ("plain", "html"):
        body = mail.get_body([kind]).get_content()
        assert "You would rather not get mails of this kind?" in body
        assert address in body


def test_an_answer_to_what_a_client_did_carries_neither(visit, practice):
    mail = on_the_wire(reminder(visit, "booking_confirmation"), practice)

    assert (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"]) == (None, None)
    assert "rather not" not in mail.get_body(["plain"]).get_content()
    assert not UnsubscribeLink.objects.exists()


def test_a_preview_mints_no_link(visit, practice):
    letter = compose(reminder(visit), practice=practice, now=NOW, is_preview=True)

    assert "the-real-link" in letter.stop
    assert not UnsubscribeLink.objects.exists()


@pytest.mark.parametrize("state", ["due", "handoff"])
def test_a_mail_that_waits_is_dropped_once_its_kind_is_stopped(visit, postbox, state):
    fields = {"state": "due"} if state == "due" else {"state": "handoff", "handoffs": 1, "lease_until": NOW - DAY}
    message = reminder(visit, **fields)
    choose_mail(client=visit.client, topic="reminders", is_wanted=False, at=NOW)

    send_due(now=NOW, deliver=postbox)

    message.refresh_from_db()
    assert (message.state, message.why) == ("dropped", "the client wants no such mails")
    assert message.pk not in [int(mail.extra_headers["Message-ID"][1:].split(".")[0]) for mail in postbox.mails]


# --- the mail program's button


@pytest.mark.parametrize(
    "how",
    [{"data": ONE_CLICK}, {"data": "List-Unsubscribe=One-Click", "content_type": FORM}],
    ids=["multipart", "form"],
)
def test_one_click_stops_the_topic_at_once(mail_program, url, ada, how):
    answer = mail_program.post(url, **how)

    assert answer.status_code == 200
    assert answer.content.decode().startswith("You will get no more mails of this kind from Elm Street Massage.")
    assert "020 7946 0000" in answer.content.decode()
    assert choices_of(ada) == ALL | {"reminders": False}
    assert MailChoice.objects.get().by is None
    assert not answer.cookies


def test_one_click_twice_is_one_choice(mail_program, url):
    assert [mail_program.post(url, ONE_CLICK).status_code for _ in range(2)] == [200, 200]
    assert MailChoice.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "List-Unsubscribe=one-click",
        "list-unsubscribe=One-Click",
        "List-Unsubscribe=One-Click&List-Unsubscribe=One-Click",
        "List-Unsubscribe=One-Click&more=1",
        "List-Unsubscribe",
    ],
)
def test_any_other_body_stops_nothing(mail_program, url, body):
    before = all_rows()

    answer = mail_program.post(url, body, content_type=FORM)

    assert answer.status_code == 400
    assert changed_tables(before, all_rows()) == []


def test_the_body_in_the_address_is_no_one_click(mail_program, url):
    assert mail_program.post(f"{url}?List-Unsubscribe=One-Click").status_code == 400
    assert not MailChoice.objects.exists()


@pytest.mark.parametrize("wrong", ["unknown", "expired", "revoked", "for a page"])
def test_one_click_with_a_token_that_opens_nothing_gets_the_words_of_a_closed_link(
    mail_program, ada, url, token, wrong
):
    words = words_of(mail_program.get(reverse("reminders:stop_open", args=["0" * 43])))
    if wrong == "unknown":
        url = url[:-3] + "xx/"
    elif wrong == "for a page":
        url = reverse("reminders:stop_open", args=[UnsubscribeLink.objects.get().handle])
    else:
        ended = {"revoked_at": NOW} if wrong == "revoked" else {"expires_at": NOW, "created_at": NOW - DAY}
        UnsubscribeLink.objects.update(**ended)

    answer = mail_program.post(url, ONE_CLICK)

    assert (answer.status_code, words_of(answer)) == (404, words)
    assert not MailChoice.objects.exists()


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_stops_nothing(client, url, method):
    before = all_rows()

    landed = getattr(client, method)(url, follow=True)
    getattr(client, method)(f"{url}?List-Unsubscribe=One-Click", follow=True)

    assert landed.status_code == 200
    assert changed_tables(before, all_rows()) == []


# --- the page


def choose(browser, url, **changes):
    """Open the page, tick or untick boxes by topic, and send it; return the answer."""
    page = browser.get(url)["Location"]
    form = read_page(browser.get(page)).forms[-1]
    wanted = set(form.values.get("wanted", [])) - {topic for topic, is_on in changes.items() if not is_on}
    wanted |= {topic for topic, is_on in changes.items() if is_on}
    return browser.post(page, {**form.values, "wanted": sorted(wanted)}, follow=True)


def test_stop_page_shows_every_topic_as_it_stands(client, url, ada):
    choose_mail(client=ada, topic="offers", is_wanted=False, at=NOW)

    page = client.get(url, follow=True)
    form = read_page(page).forms[-1]

    assert set(form.options["wanted"]) == set(MailChoice.Topic.values) == set(TOPICS.values())
    assert form.values["wanted"] == ["reminders", "follow_up", "recall"]
    assert "We always answer what you do" in page.content.decode()
    assert "020 7946 0000" in page.content.decode()
    assert "Müller" not in page.content.decode()


def test_stop_page_switches_topics_off_and_on(client, url, ada):
    choose_mail(client=ada, topic="offers", is_wanted=False, at=NOW)

    page = choose(client, url, recall=False, offers=True)

    assert "Saved." in page.content.decode()
    assert choices_of(ada) == ALL | {"recall": False}


def test_stop_page_can_stop_everything(client, url, ada):
    choose(client, url, **dict.fromkeys(MailChoice.Topic.values, False))

    assert choices_of(ada) == dict.fromkeys(MailChoice.Topic.values, False)


@pytest.mark.parametrize("stopped", [[], ["reminders"], list(MailChoice.Topic.values)])
def test_a_form_sent_as_it_came_changes_nothing(client, url, ada, stopped):
    """However old it is: what was chosen since stands."""
    page = client.get(url)["Location"]
    form = read_page(client.get(page)).forms[-1]
    for topic in stopped:
        choose_mail(client=ada, topic=topic, is_wanted=False, at=NOW)
    before = all_rows()

    answers = [client.post(page, form.values), client.post(page, {})]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert changed_tables(before, all_rows()) == []


def test_stop_page_refuses_a_topic_there_is_not(client, url):
    page = client.get(url)["Location"]

    assert client.post(page, {"wanted": ["bills"], "shown": []}).status_code == 422
    assert not MailChoice.objects.exists()


def test_stop_page_wants_the_token_of_its_form(url):
    browser = Browser(enforce_csrf_checks=True)
    page = browser.get(url)["Location"]

    assert browser.post(page, {"shown": ["reminders"]}).status_code == 403
    assert not MailChoice.objects.exists()


def test_a_new_address_closes_the_links_that_went_to_the_old_one(client, url, ada):
    revoke_links_to(ada, at=NOW)

    assert client.get(url).status_code == 404


def test_who_stops_a_kind_of_mail_stops_it_for_nobody_else(ada, ben, mia, massage, postbox):
    coming = NOW + 3 * DAY
    make_visit(ada, mia, massage, starts_at=coming)
    make_visit(ben, mia, massage, starts_at=coming + 3 * HOUR)
    choose_mail(client=ada, topic="reminders", is_wanted=False, at=NOW)
    choose_mail(client=ben, topic="reminders", is_wanted=False, at=NOW)
    choose_mail(client=ben, topic="reminders", is_wanted=True, at=NOW + HOUR)

    send_due(now=NOW + HOUR, deliver=postbox)
    send_due(now=coming - 2 * HOUR, deliver=postbox)

    reminded = Message.objects.filter(kind__in=["first_reminder", "second_reminder"])
    assert set(reminded.values_list("client_id", flat=True)) == {ben.pk}
    assert stopped_by("reminders") == [ada.pk]
