"""The pages around mails in a real browser: a mail is shown as it is, in its own style, and nothing of it acts."""

import pytest
from django.urls import reverse

from clients.models import Client
from reminders.due import derive_due
from reminders.models import Message
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.look.test_axe import serious_on
from tests.world import NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_mail_preview_shows_the_mail_light_and_dark_whatever_the_reader_prefers(open_as, olga, complaints, scheme):  # noqa: F811
    page = open_as(olga, reverse("reminders:mail_preview", args=["recall"]), color_scheme=scheme)

    frames = [frame for frame in page.frames if "/look/" in frame.url]
    for frame in frames:
        frame.wait_for_selector("text=Hello Alex,")
    assert [frame.evaluate(GROUND) for frame in frames] == ["rgb(255, 255, 255)", "rgb(20, 26, 27)"]
    assert complaints == []


@pytest.mark.parametrize("width", [320, 390, 820])
def test_a_mail_is_no_wider_than_a_phone(open_as, olga, width):  # noqa: F811
    page = open_as(olga, reverse("reminders:mail_look", args=["recall"]), width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('td.act').getBoundingClientRect().height") >= 44


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_around_mails(open_as, olga, ada, visit, scheme):  # noqa: F811
    derive_due(NOW)
    Message.objects.update(state="unknown", why="handed over twice without an answer")
    Client.objects.update(email_failed_at=NOW)
    page = open_as(olga, "/healthz", color_scheme=scheme)
    paths = {
        "outbox": reverse("reminders:outbox") + "?show=all&q=ada",
        "mail": reverse("reminders:message_detail", args=[Message.objects.get().pk]),
        "rules": reverse("reminders:rule_list"),
        "rule": reverse("reminders:rule_edit", args=["recall"]),
        "quiet": reverse("reminders:quiet_edit"),
        "mails": reverse("reminders:mail_list"),
        "preview": reverse("reminders:mail_preview", args=["recall"]),
        "words": reverse("reminders:own_words_edit", args=["recall"]),
        "client": ada.get_absolute_url(),
    }

    assert serious_on(page, paths) == {}
