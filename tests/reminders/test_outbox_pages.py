"""The outbox as the desk sees it."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from booking.appointments import cancel_appointment
from clients.models import Client, Task
from clients.records import update_client
from practice.models import AuditEvent, Practice
from reminders.drawers import rows_of
from reminders.due import derive_due
from reminders.models import Message
from reminders.outbox import CALLS, resend, send_due
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


@pytest.mark.parametrize("shown", ["open", "trouble", "sent", "dropped", "all"])
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


# --- finding a mail while somebody is on the phone


def look(browser, **query):
    return browser.get(reverse("reminders:outbox"), query)


@pytest.fixture
def two_mails(message, mia, massage):
    """Ada's mail and Ben's."""
    ben = make_client("Ben", "Sørensen", email="ben@mail.example", phone="+442079460111")
    make_visit(ben, mia, massage, starts_at=NOW + minutes(60 * 24))
    derive_due(NOW)
    return message, Message.objects.get(client=ben)


@pytest.mark.parametrize("text", ["muller", "MÜLLER ada", "ada.muller@mail", "07911 123456", "7911123"])
def test_outbox_finds_by_name_phone_and_address(signed_in, dana, two_mails, text):
    page = look(signed_in(dana), show="all", q=text)

    assert list(page.context["page"]) == [two_mails[0]]
    assert "mails go to ada.muller@mail.example" in page.content.decode()


def test_outbox_search_that_finds_nobody_shows_no_mail(signed_in, dana, two_mails):
    page = look(signed_in(dana), show="all", q="zoe")

    assert list(page.context["page"]) == []
    assert "No such mail" in page.content.decode()


def test_outbox_search_keeps_to_its_drawer_and_leads_to_all(signed_in, dana, two_mails):
    page = look(signed_in(dana), show="sent", q="ada")

    assert list(page.context["page"]) == []
    assert "?show=all&amp;q=ada&amp;" in page.content.decode()


def test_outbox_shows_one_kind(signed_in, dana, two_mails):
    Message.objects.filter(pk=two_mails[1].pk).update(kind="recall")

    assert list(look(signed_in(dana), show="all", kind="recall").context["page"]) == [two_mails[1]]


def test_outbox_takes_a_kind_it_does_not_know_for_every_kind(signed_in, dana, two_mails):
    assert len(look(signed_in(dana), show="all", kind="secrets").context["page"]) == 2


def test_outbox_shows_the_mails_of_one_client(signed_in, dana, two_mails):
    page = look(signed_in(dana), show="all", client=two_mails[1].client_id)

    assert list(page.context["page"]) == [two_mails[1]]


def test_outbox_says_that_an_address_is_refused(signed_in, dana, ada, message):
    Client.objects.update(email_failed_at=NOW)

    page = look(signed_in(dana), show="all", q="ada").content.decode()

    assert "ada.muller@mail.example was refused on Mon 23 Nov 2026" in page


def test_outbox_says_when_a_search_fits_too_many(signed_in, dana, message, monkeypatch):
    monkeypatch.setattr("reminders.drawers.MOST_PEOPLE", 1)
    make_client("Ada", "Zimmer")

    assert "Many people fit this search" in look(signed_in(dana), show="all", q="ada").content.decode()


def test_outbox_pages_keep_what_was_asked(signed_in, dana, two_mails, monkeypatch):
    monkeypatch.setattr("reminders.outbox_views.PER_PAGE", 1)

    page = look(signed_in(dana), show="all", q="a").content.decode()

    assert 'href="?show=all&amp;q=a&amp;page=2"' in page


def test_a_search_looks_up_the_few_and_walks_no_drawer(message, ada):
    if connection.vendor != "sqlite":
        return  # PostgreSQL chooses by what it counted in the tables, which are empty here
    rows = Message.objects.all()

    assert "client_id=?" in rows_of("sent", rows, people=[ada]).explain()
    assert "message_by_kind" in rows_of("sent", rows, kind="recall").explain()
    assert "message_by_state" in rows_of("sent", rows).explain()
    assert "message_newest_first" in rows_of("all", rows).explain()


# --- what leaves next


def test_outbox_lists_what_waits_in_the_order_in_which_it_leaves(signed_in, dana, two_mails):
    Message.objects.filter(pk=two_mails[0].pk).update(due_at=NOW + minutes(10))
    Message.objects.filter(pk=two_mails[1].pk).update(due_at=NOW + minutes(3))

    page = look(signed_in(dana))

    assert list(page.context["page"]) == [two_mails[1], two_mails[0]]
    assert page.context["next"] == two_mails[1]
    assert "Next to leave, Mon 23 Nov, 08:03" in page.content.decode()


def test_what_rests_at_night_leaves_in_the_morning(signed_in, dana, message, still_clock):
    Message.objects.update(kind="recall")
    still_clock.at = NOW + minutes(14 * 60)  # ten in the evening

    page = look(signed_in(dana))

    assert "Next to leave, Tue 24 Nov, 08:00" in page.content.decode()


def test_a_server_that_is_away_says_when_it_is_tried_again(signed_in, dana, message):
    Practice.objects.update(mail_next_try_at=NOW + minutes(4))

    assert "Next to leave, Mon 23 Nov, 08:04" in look(signed_in(dana)).content.decode()


def test_what_leaves_next_leaves_only_once_mail_is_released(signed_in, dana, message):
    Practice.objects.update(mail_held_because="The clock jumped.")

    assert "Nothing leaves while mail is held back. Then first:" in look(signed_in(dana)).content.decode()


# --- one mail


def detail(browser, message):
    return browser.get(reverse("reminders:message_detail", args=[message.pk])).content.decode()


def arrived(browser, message):
    return browser.post(reverse("reminders:message_arrived", args=[message.pk]), follow=True).content.decode()


def test_message_detail_tells_the_address_and_what_happened(signed_in, dana, message, postbox):
    send_due(now=NOW, deliver=postbox)
    message.refresh_from_db()
    resend(message, by=dana, at=NOW + minutes(1))

    page = detail(signed_in(dana), message)

    assert "ada.muller@mail.example" in page
    assert "Taken by the mail server" in page
    assert "Asked to be sent again by Dana Ortiz" in page
    assert message.message_id in page.replace("&lt;", "<").replace("&gt;", ">")


def test_message_detail_says_when_the_address_was_changed_after_it_was_sent(signed_in, dana, ada, message, postbox):
    send_due(now=NOW, deliver=postbox)
    before = detail(signed_in(dana), message)
    details = {name: getattr(ada, name) for name in ("first_name", "last_name", "born_on", "phone")}
    update_client(ada, email="ada@new.example", by=dana, at=NOW + minutes(1), **details)

    assert "it went to the address of then" not in before
    assert "it went to the address of then" in detail(signed_in(dana), message)


def test_message_detail_of_a_refused_address_says_what_to_do(signed_in, dana, ada, message):
    Client.objects.update(email_failed_at=NOW)
    Message.objects.update(state="failed", why="the mail server refused it")

    page = detail(signed_in(dana), message)

    assert "This address takes no mail" in page
    assert reverse("clients:client_edit", args=[ada.pk]) in page
    assert "tel:+447911123456" in page
    assert reverse("reminders:message_resend", args=[message.pk]) not in page


def test_message_detail_offers_no_resend_that_would_be_dropped(signed_in, dana, visit, message):
    Message.objects.update(state="dropped", why="the visit is cancelled")
    cancel_appointment(visit, reason="other", by=dana, at=NOW)

    page = detail(signed_in(dana), message)

    assert "It would not go out again" in page
    assert reverse("reminders:message_resend", args=[message.pk]) not in page


@pytest.fixture
def in_doubt(message, ada):
    """Ada's mail, of which nobody knows whether it arrived, and the call about it."""
    Message.objects.update(state="unknown", why="handed over twice without an answer")
    subject = f"{CALLS[message.kind]} {message.pk}"
    Task.objects.create(
        kind="call_client", for_role="front_desk", client=ada, subject=subject, due_at=NOW, created_at=NOW
    )
    return message


def test_message_arrived_settles_the_mail_and_its_call(signed_in, dana, in_doubt):
    page = arrived(signed_in(dana), in_doubt)

    in_doubt.refresh_from_db()
    assert (in_doubt.state, in_doubt.sent_at, in_doubt.why) == ("sent", NOW, "")
    assert Task.objects.get().done_at == NOW
    assert AuditEvent.objects.filter(action="message.arrived", by=dana, target_id=in_doubt.pk).exists()
    assert "Said to have arrived by Dana Ortiz" in page


@pytest.mark.parametrize("state", ["due", "claimed", "handoff", "sent", "failed", "dropped"])
def test_message_arrived_is_only_for_mails_in_doubt(signed_in, dana, in_doubt, state):
    Message.objects.update(state=state)

    page = arrived(signed_in(dana), in_doubt)

    in_doubt.refresh_from_db()
    assert (in_doubt.state, in_doubt.sent_at) == (state, None)
    assert "settled this already" in page
    assert Task.objects.get().done_at is None


def test_message_detail_of_a_mail_in_doubt_asks(signed_in, dana, in_doubt):
    page = detail(signed_in(dana), in_doubt)

    assert "Ask whether it arrived" in page
    assert "tel:+447911123456" in page
    assert reverse("reminders:message_arrived", args=[in_doubt.pk]) in page
    assert reverse("reminders:message_resend", args=[in_doubt.pk]) in page


def test_a_row_says_which_visit_it_is_about_and_who_else_it_went_to(visit, mia, dana, signed_in):
    derive_due(NOW)
    Message.objects.create(
        kind="day_changed",
        client=visit.client,
        appointment=visit,
        reader=mia,
        due_at=NOW,
        needed_by=NOW,
        created_at=NOW,
    )

    page = signed_in(dana).get(reverse("reminders:outbox"), {"show": "all"}).content.decode()

    assert page.count("visit Mon 23 Nov, 09:00") == 2
    assert page.count("to Mia Berg") == 1


def test_a_mail_sent_again_at_night_says_when_it_leaves(ada, mia, massage, dana, signed_in, still_clock):
    visit = make_visit(ada, mia, massage, starts_at=NOW + minutes(60 * 40))
    message = Message.objects.create(
        kind="first_reminder",
        client=ada,
        appointment=visit,
        state="sent",
        sent_at=NOW,
        due_at=NOW,
        needed_by=NOW,
        created_at=NOW,
    )
    still_clock.at = NOW + minutes(60 * 14)

    page = signed_in(dana).post(reverse("reminders:message_resend", args=[message.pk]), follow=True).content.decode()

    assert "The mail goes out again at 08:00." in page
