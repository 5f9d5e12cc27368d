"""The outbox as the desk sees it."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from practice.models import Practice
from reminders.due import derive_due
from reminders.models import Message
from reminders.outbox import send_due
from tests.support.queries import assert_queries_do_not_grow
from tests.support.visits import make_visit
from tests.world import NOW, make_client, minutes


@pytest.fixture
def message(visit):
    derive_due(NOW)
    return Message.objects.get()


def test_outbox_lists_what_waits(signed_in, dana, message):
    page = signed_in(dana).get(reverse("reminders:outbox")).content.decode()

    assert "Booking confirmation" in page
    assert "Ada Müller" in page


@pytest.mark.parametrize("shown", ["open", "trouble", "sent", "dropped"])
def test_outbox_has_every_drawer(signed_in, dana, message, shown):
    assert signed_in(dana).get(reverse("reminders:outbox"), {"show": shown}).status_code == 200


def test_outbox_knows_no_other_drawer(signed_in, dana):
    assert signed_in(dana).get(reverse("reminders:outbox"), {"show": "secrets"}).status_code == 404


def test_message_detail_shows_the_mail_with_a_dummy_link(signed_in, dana, message):
    page = signed_in(dana).get(reverse("reminders:message_detail", args=[message.pk])).content.decode()

    assert "Your visit on Monday 23 November at 09:00 (GMT)" in page
    assert "/booking/open/" not in page


def test_message_resend_sends_a_sent_mail_again(signed_in, dana, message, postbox):
    send_due(now=NOW, deliver=postbox)

    signed_in(dana).post(reverse("reminders:message_resend", args=[message.pk]))
    send_due(now=NOW, deliver=postbox)

    assert len(postbox.mails) == 2


def test_mail_hold_release_is_the_owners(signed_in, dana, olga, practice):
    Practice.objects.update(mail_held_because="The clock jumped.")

    assert signed_in(dana).post(reverse("reminders:mail_hold_release")).status_code == 403
    signed_in(olga).post(reverse("reminders:mail_hold_release"))

    assert Practice.objects.get().mail_held_because == ""


def test_outbox_queries_do_not_grow(signed_in, dana, message, mia, massage):
    browser = signed_in(dana)

    def grow():
        for number in range(1, 6):
            person = make_client("Ben", f"No{number}", email=f"ben{number}@mail.example")
            make_visit(person, mia, massage, starts_at=NOW + minutes(60 * 24 * number))
        derive_due(NOW)

    assert_queries_do_not_grow(act=lambda: browser.get(reverse("reminders:outbox")), grow=grow)


def test_send_due_command_dry_run_writes_nothing(visit, capsys):
    call_command("send_due", "--dry-run")

    assert "booking_confirmation" in capsys.readouterr().out
    assert not Message.objects.exists()


def test_send_due_command_sends(visit, capsys, mailoutbox):
    call_command("send_due", "--now", "2026-11-23T08:30")

    assert "sent 1" in capsys.readouterr().out
    assert mailoutbox[0].subject == "Your visit on Monday 23 November at 09:00 (GMT)"
