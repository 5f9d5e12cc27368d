"""The client's page: where mails go, which the client wants, and what went out lately."""

import pytest
from django.urls import reverse

from clients.models import Client
from practice.models import AuditEvent
from reminders.due import derive_due
from reminders.models import MailChoice, Message
from reminders.outbox import send_due
from reminders.rules import choices_of, choose_mail
from tests.support.queries import assert_queries_do_not_grow
from tests.world import NOW

ALL = [topic.value for topic in MailChoice.Topic]


def page_of(browser, client):
    return browser.get(reverse("workspace:client_page", args=[client.pk])).content.decode()


def choose(browser, client, *wanted, shown=ALL):
    url = reverse("reminders:mail_choose", args=[client.pk])
    return browser.post(url, {"wanted": wanted, "shown": shown})


def test_client_page_shows_where_mails_go_and_the_last_ones(signed_in, dana, ada, visit, postbox):
    send_due(now=NOW, deliver=postbox)

    page = page_of(signed_in(dana), ada)

    assert "Booking confirmation" in page
    assert reverse("reminders:message_detail", args=[Message.objects.get().pk]) in page


def test_client_page_says_that_an_address_was_refused_and_since_when(signed_in, dana, ada):
    Client.objects.update(email_failed_at=NOW)

    page = page_of(signed_in(dana), ada)

    assert "A mail server refused ada.muller@mail.example on Mon 23 Nov 2026, 08:00" in page


def test_client_page_says_who_is_called_instead(signed_in, dana, ada):
    Client.objects.update(wants_no_mail=True)

    assert "Wants no e-mail and is called." in page_of(signed_in(dana), ada)


@pytest.mark.parametrize("who", ["dana", "olga", "mia"])
def test_mail_choose_writes_down_what_the_client_wants(signed_in, request, ada, visit, who):
    person = request.getfixturevalue(who)

    answer = choose(signed_in(person), ada, "reminders", "follow_up", "offers")

    assert answer.url == ada.get_absolute_url()
    assert choices_of(ada) == {"reminders": True, "follow_up": True, "recall": False, "offers": True}
    assert MailChoice.objects.get().by == person
    assert AuditEvent.objects.filter(action="mail.stopped", by=person, about_client_id=ada.pk).exists()
    assert "Stopped: Invitations to come again." in page_of(signed_in(person), ada)


def test_mail_choose_is_not_for_a_therapist_without_the_client_in_their_care(signed_in, tom, ada, visit):
    assert choose(signed_in(tom), ada).status_code == 404
    assert not MailChoice.objects.exists()


def test_mail_choose_of_an_old_page_changes_only_what_was_changed_on_it(signed_in, dana, ada):
    choose_mail(client=ada, topic="recall", is_wanted=False, at=NOW)

    choose(signed_in(dana), ada, "reminders", "follow_up", "recall", shown=ALL)

    assert choices_of(ada) == {"reminders": True, "follow_up": True, "recall": False, "offers": False}


def test_mail_choose_refuses_what_is_no_topic(signed_in, dana, ada):
    choose(signed_in(dana), ada, "secrets")

    assert not MailChoice.objects.exists()


def test_a_stopped_topic_is_dropped_with_its_reason(signed_in, dana, ada, visit, postbox):
    derive_due(NOW)
    Message.objects.update(kind="first_reminder")
    choose(signed_in(dana), ada, "follow_up", "recall", "offers")

    send_due(now=NOW, deliver=postbox)

    assert Message.objects.get(kind="first_reminder").why == "the client wants no such mails"


def test_client_page_queries_do_not_grow_with_mails(signed_in, dana, ada, visit):
    browser = signed_in(dana)
    derive_due(NOW)

    def grow():
        row = Message.objects.get()
        for version in range(2, 9):
            row.pk, row.version = None, version
            row.save()

    assert_queries_do_not_grow(act=lambda: page_of(browser, ada), grow=grow)
