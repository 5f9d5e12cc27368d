"""The mails themselves as staff sees them: every kind to look at, the practice's own words, a test to oneself."""

import re
import smtplib

import pytest
from django.core.mail import get_connection
from django.urls import reverse

from practice.models import AuditEvent, Practice
from reminders.catalogue import CATALOGUE, CLIENT
from reminders.delivery import InDoubt, Refusal, ServerAway
from reminders.models import Message, OwnWords, UnsubscribeLink
from reminders.outbox import send_due
from reminders.own_words import HEALTH_WORDS, why_not_in_a_mail
from reminders.samples import Outcome, cases_of, send_sample
from tests.support.rows import all_rows, changed_tables
from tests.world import NOW, minutes

KINDS = [kind for kind in CATALOGUE if cases_of(kind)]
CASES = [(kind, key) for kind in KINDS for key in cases_of(kind)]


def get(browser, name, kind, **query):
    return browser.get(reverse(f"reminders:{name}", args=[kind]), query)


# --- looking at mails


def test_mail_list_names_every_kind_and_when_it_goes_out(signed_in, dana):
    page = signed_in(dana).get(reverse("reminders:mail_list")).content.decode()

    assert [entry.name for entry in CATALOGUE.values() if entry.name.replace("'", "&#x27;") not in page] == []
    assert "To the client, 2 days before the visit." in page


@pytest.mark.parametrize(("kind", "key"), CASES)
def test_mail_preview_shows_every_kind_in_a_practice_without_clients(signed_in, olga, kind, key):
    browser = signed_in(olga)
    before = all_rows()

    page = get(browser, "mail_preview", kind, words=key)
    look = get(browser, "mail_look", kind, words=key)

    assert (page.status_code, look.status_code) == (200, 200)
    assert page.context["letter"].subject in page.content.decode().replace("&#x27;", "'")
    assert "{" not in page.context["text"]
    assert "Elm Street Massage" in look.content.decode()
    assert changed_tables(before, all_rows()) == []


@pytest.mark.parametrize("name", ["mail_preview", "mail_look"])
@pytest.mark.parametrize(("kind", "key"), [("secrets", ""), ("recall", "owner_alert"), ("recall", "phrases")])
def test_mail_preview_knows_no_other_words(signed_in, olga, name, kind, key):
    assert get(signed_in(olga), name, kind, words=key).status_code == 404


def test_mail_look_may_style_itself_and_nothing_else(signed_in, olga):
    """The one page with a style of its own: it is a mail, runs nothing, loads nothing, and only our page frames it."""
    policy = get(signed_in(olga), "mail_look", "recall").headers["Content-Security-Policy"]

    assert sorted(policy.split("; ")) == [
        "base-uri 'none'",
        "default-src 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox",
        "style-src 'unsafe-inline'",
    ]
    assert get(signed_in(olga), "mail_look", "recall").headers["X-Frame-Options"] == "SAMEORIGIN"


def test_mail_preview_frames_its_own_pages_and_is_framed_by_none(signed_in, olga):
    page = get(signed_in(olga), "mail_preview", "recall")

    policy = page.headers["Content-Security-Policy"].split("; ")
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert len(re.findall(r"<iframe[^>]* sandbox[ >]", page.content.decode())) == 2


def test_mail_look_is_light_or_dark_whatever_the_machine_prefers(signed_in, olga):
    browser = signed_in(olga)

    assert "@media all {" in get(browser, "mail_look", "recall", look="dark").content.decode()
    assert "@media not all {" in get(browser, "mail_look", "recall").content.decode()


# --- the practice's own words


def write(browser, text, kind="booking_confirmation"):
    return browser.post(reverse("reminders:own_words_edit", args=[kind]), {"text": text})


def test_own_words_stand_in_the_mail_above_its_button(signed_in, olga, visit, postbox):
    write(signed_in(olga), "Park behind the house & ring {twice}.")

    send_due(now=NOW, deliver=postbox)

    (mail,) = postbox.mails
    assert 0 < mail.body.index("Park behind the house & ring {twice}.") < mail.body.index("See, confirm")
    assert "Park behind the house &amp; ring {twice}." in mail.alternatives[0][0]
    assert AuditEvent.objects.filter(action="own_words.written", by=olga).exists()


def test_own_words_stand_in_their_own_kind_only(signed_in, olga, practice):
    write(signed_in(olga), "Park behind the house.")

    assert "Park behind" in get(signed_in(olga), "mail_preview", "booking_confirmation").content.decode()
    assert "Park behind" not in get(signed_in(olga), "mail_preview", "recall").content.decode()


def test_own_words_are_taken_away_again(signed_in, olga, visit, postbox):
    write(signed_in(olga), "Park behind the house.")
    write(signed_in(olga), "")

    send_due(now=NOW, deliver=postbox)

    assert "Park behind" not in postbox.mails[0].body


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Tell us where the pain is.", "“pain” speaks of health"),
        ("Bring your MRI if you have Sciatica.", "“sciatica” speaks of health"),
        ("For your massage: wear shorts.", "“massage” speaks of health"),
        ("Wear shorts: we work on your lower back.", "“lower back” speaks of health"),
        ("See www.elmstreet.example/parking", "Leave out links"),
        ("Write to desk@elmstreet.example", "Leave out links"),
        ("Park behind.\nRing twice.", "one paragraph"),
        ("P" * 301, "at most 300 letters. These are 301"),
    ],
)
def test_own_words_that_may_not_stand_in_a_mail_are_refused_and_kept_on_the_page(signed_in, olga, text, why):
    answer = write(signed_in(olga), text)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert why in page
    assert text in page.replace("\r\n", "\n")
    assert not OwnWords.objects.exists()


@pytest.mark.parametrize("word", HEALTH_WORDS)
def test_each_word_of_the_list_is_found(word):
    text = f"Before the visit: {word.replace('*', 'ful').upper()}!"

    assert "speaks of health" in why_not_in_a_mail(text, name="Oak")


@pytest.mark.parametrize(
    "text",
    [
        "Park behind the house and ring the bell marked Elm Street Massage.",
        "Come back through the legendary blue door; discounts are on the board.",
        "Paint is fresh at number 5, beside the drugstore. Gluten-free tea, air conditioning, a stretch of grass.",
    ],
)
def test_plain_words_about_the_house_may_stand_in_a_mail(text):
    assert why_not_in_a_mail(text, name="Elm Street Massage") == ""


def test_own_words_are_the_owners(signed_in, dana):
    assert write(signed_in(dana), "Park behind the house.").status_code == 403


def test_mails_to_colleagues_and_referrers_carry_none(signed_in, olga):
    kinds = [kind for kind in KINDS if CATALOGUE[kind].to != CLIENT]

    assert {write(signed_in(olga), "Park behind.", kind=kind).status_code for kind in kinds} == {404}


# --- a test to oneself


def send_test(browser, kind="recall", key="recall"):
    url = f"{reverse('reminders:mail_test', args=[kind])}?words={key}"
    return browser.post(url, follow=True).content.decode()


def test_mail_test_goes_to_ones_own_address_at_once(signed_in, dana, ada, mailoutbox):
    page = send_test(signed_in(dana), "appointment_cancelled", "appointment_cancelled_undo")

    (mail,) = mailoutbox
    assert mail.to == ["dana@elmstreet.example"]
    assert mail.subject == "[Test] Your visit on Saturday 28 November at 14:30 (GMT) is cancelled"
    assert "Hello Alex," in mail.body
    assert "Test to dana@elmstreet.example: The mail server took it." in page
    assert AuditEvent.objects.get(action="mail.tested").detail == {"kind": "appointment_cancelled", "outcome": "taken"}


@pytest.mark.parametrize(("kind", "key"), CASES)
def test_mail_test_mints_no_link_and_writes_no_mail(olga, practice, kind, key, postbox):
    before = all_rows()

    send_sample(kind, key, practice=practice, by=olga, at=NOW, deliver=postbox)

    assert changed_tables(before, all_rows()) == []
    assert not Message.objects.exists()
    assert not UnsubscribeLink.objects.exists()
    assert "/open/" not in postbox.mails[0].body


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ServerAway(), Outcome.AWAY),
        (Refusal(is_final=True, is_of_address=True), Outcome.NO_MAILBOX),
        (Refusal(is_final=False), Outcome.REFUSED),
        (InDoubt(), Outcome.IN_DOUBT),
    ],
)
def test_send_sample_tells_what_became_of_it(olga, practice, postbox, error, outcome):
    postbox.refuse = error

    assert send_sample("recall", "recall", practice=practice, by=olga, at=NOW, deliver=postbox) is outcome
    assert AuditEvent.objects.get(action="mail.tested").detail["outcome"] == outcome.name.lower()


def test_a_test_that_arrives_ends_the_rest_of_a_server_that_was_away(signed_in, olga, practice, mailoutbox):
    later = NOW + minutes(10)
    Practice.objects.update(mail_failures=5, mail_down_since=NOW - minutes(30), mail_next_try_at=later)

    send_test(signed_in(olga))

    assert Practice.objects.get().mail_next_try_at is None


class Server(type(get_connection("django.core.mail.backends.locmem.EmailBackend"))):
    """A mail backend that raises what the test says."""

    at_opening = at_sending = None

    def open(self):
        if Server.at_opening:
            raise Server.at_opening

    def send_messages(self, mails):
        if Server.at_sending:
            raise Server.at_sending
        return len(mails)


@pytest.fixture
def server(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    return lambda **what: [monkeypatch.setattr(Server, name, error) for name, error in what.items()]


def test_mail_test_says_that_the_server_is_away(signed_in, dana, server):
    server(at_opening=ConnectionRefusedError())

    assert "The mail server cannot be reached" in send_test(signed_in(dana))


def test_mail_test_says_that_the_address_was_refused(signed_in, dana, server):
    server(at_sending=smtplib.SMTPRecipientsRefused({"dana@elmstreet.example": (550, b"5.1.1 no such user")}))

    assert "dana@elmstreet.example: The mail server says that there is no such mailbox." in send_test(signed_in(dana))


def test_mail_test_without_an_address_of_ones_own_says_so(signed_in, dana, mailoutbox):
    type(dana).objects.filter(pk=dana.pk).update(email="")

    assert "You have no e-mail address on file here" in send_test(signed_in(dana))
    assert mailoutbox == []


def test_mail_test_stops_after_ten_in_an_hour(signed_in, dana, olga, mailoutbox):
    browser = signed_in(dana)
    for _ in range(10):
        send_test(browser)

    page = send_test(browser)

    assert len(mailoutbox) == 10
    assert "Ten test mails an hour are enough" in page


def test_mail_test_goes_out_while_mail_is_held(signed_in, dana, mailoutbox):
    Practice.objects.update(mail_held_because="The clock jumped.")

    send_test(signed_in(dana))

    assert len(mailoutbox) == 1


@pytest.mark.parametrize(("kind", "key"), [("secrets", "recall"), ("recall", "owner_alert")])
def test_mail_test_knows_no_other_words(signed_in, dana, mailoutbox, kind, key):
    url = f"{reverse('reminders:mail_test', args=[kind])}?words={key}"

    assert signed_in(dana).post(url).status_code == 404
    assert mailoutbox == []
