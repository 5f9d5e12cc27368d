"""Mails about a time that has come free: derived from the offer, once, and never when there is nothing to take any more."""

import re

import pytest
from django.core.management import call_command

from booking.appointments import cancel_appointment
from booking.models import Appointment, WaitlistOffer
from booking.offering import accept_offer, decline_offer, offer_freed_times
from booking.waitlist import add_to_waitlist
from clients.models import Task
from reminders.due import derive_due
from reminders.models import Message
from reminders.outbox import Refusal, ServerAway, hold_mail, release_mail, send_due
from reminders.rules import change_rule, choose_mail
from tests import world
from tests.support.rows import all_rows, changed_tables
from tests.support.visits import make_visit
from tests.world import NINE, NOW, minutes

pytestmark = pytest.mark.django_db
TOMORROW = NINE + minutes(24 * 60)
LAPSED = NOW + minutes(120)
HEALTH_WORDS = r"pain|massage|treat|therap(y|ies)|sciatic|screening|symptom|clinic|waitlist|Okafor|follow-up"


@pytest.fixture
def ben_waits(ben, massage, dana):
    return add_to_waitlist(client=ben, service=massage, by=dana, at=NOW - minutes(60))


@pytest.fixture
def cleo_waits(massage, dana):
    return add_to_waitlist(client=world.make_client("Cleo", "Toms"), service=massage, by=dana, at=NOW - minutes(30))


@pytest.fixture
def freed(ada, mia, massage, dana, ben_waits):
    """Ada has given up nine o'clock tomorrow with Mia, at the desk."""
    visit = make_visit(ada, mia, massage, starts_at=TOMORROW)
    return cancel_appointment(visit, reason="sick", by=dana, at=NOW)


@pytest.fixture
def offer(freed):
    """The worker held the time, and died before it wrote a mail."""
    assert offer_freed_times(NOW) == 1
    assert not Message.objects.filter(kind="waitlist_offer").exists()
    return WaitlistOffer.objects.get()


def offers_sent(postbox):
    return [mail for mail in postbox.mails if "come free" in mail.subject]


def test_the_mail_is_derived_after_a_crash_between_hold_and_mail(offer, postbox):
    send_due(now=NOW, deliver=postbox)
    send_due(now=NOW + minutes(1), deliver=postbox)

    (mail,) = offers_sent(postbox)
    assert mail.to == ["ben.okafor@mail.example"]
    assert WaitlistOffer.objects.count() == 1


def test_derive_due_makes_one_message_per_offer(offer):
    derive_due(NOW)
    derive_due(NOW)

    message = Message.objects.get(kind="waitlist_offer")
    assert (message.offer, message.client, message.state) == (offer, offer.entry.client, "due")


def test_the_mail_says_when_where_until_when_and_nothing_about_health(offer, postbox, practice):
    practice.name = "Elm Street"  # what the practice calls itself is its own affair
    practice.save()
    send_due(now=NOW, deliver=postbox)

    (mail,) = offers_sent(postbox)
    assert mail.subject == "A time has come free: Tuesday 24 November at 09:00 (GMT)"
    assert "until Monday 23 November at 10:00 (GMT)" in mail.body
    text = re.sub(r"https?://\S+", "", mail.subject + mail.body)
    assert re.findall(rf"(?i)\b({HEALTH_WORDS})\b", text) == []


@pytest.mark.parametrize("answer", [accept_offer, decline_offer])
def test_an_answered_offer_is_not_mailed(offer, postbox, answer):
    derive_due(NOW)
    answer(offer, by=None, at=NOW)

    send_due(now=NOW, deliver=postbox)

    assert offers_sent(postbox) == []
    assert "the offer is closed" in Message.objects.get(kind="waitlist_offer").why


def test_an_offer_that_lapsed_before_its_mail_left_is_dropped(offer, postbox):
    derive_due(NOW)
    WaitlistOffer.objects.update(expires_at=NOW + minutes(1))

    send_due(now=NOW + minutes(1), deliver=postbox)

    assert Message.objects.get(kind="waitlist_offer").why == "the time is held no longer"
    assert offers_sent(postbox) == []


def test_a_lapsed_offer_goes_to_the_next_and_then_to_nobody(freed, cleo_waits, postbox):
    for sweep in range(4):
        send_due(now=NOW + sweep * minutes(120), deliver=postbox)

    assert [mail.to[0] for mail in offers_sent(postbox)] == ["ben.okafor@mail.example", "cleo.toms@mail.example"]
    assert not Appointment.objects.live().filter(starts_at=TOMORROW).exists()


def test_who_wants_no_offers_keeps_nobody_else_from_theirs(freed, ben, cleo_waits, postbox):
    choose_mail(client=ben, topic="offers", is_wanted=False, at=NOW)

    send_due(now=NOW, deliver=postbox)

    assert [mail.to[0] for mail in offers_sent(postbox)] == ["cleo.toms@mail.example"]


def test_who_wants_offers_again_is_offered_a_time_again(freed, ben, postbox):
    choose_mail(client=ben, topic="offers", is_wanted=False, at=NOW - minutes(2))
    choose_mail(client=ben, topic="offers", is_wanted=True, at=NOW - minutes(1))

    send_due(now=NOW, deliver=postbox)

    assert [mail.to[0] for mail in offers_sent(postbox)] == ["ben.okafor@mail.example"]


def test_an_offer_whose_mail_was_refused_goes_to_the_next(freed, cleo_waits, postbox):
    postbox.refuse = Refusal(is_final=True)
    send_due(now=NOW, deliver=postbox)
    postbox.refuse = None

    send_due(now=LAPSED, deliver=postbox)

    assert [mail.to[0] for mail in offers_sent(postbox)] == ["cleo.toms@mail.example"]


def test_while_the_mail_server_is_away_nobody_loses_their_turn(freed, cleo_waits, postbox):
    postbox.refuse = ServerAway()
    send_due(now=NOW, deliver=postbox)
    postbox.refuse = None

    send_due(now=LAPSED, deliver=postbox)

    assert [mail.to[0] for mail in offers_sent(postbox)] == ["ben.okafor@mail.example"]


def test_nobody_is_offered_a_time_while_mail_is_held(freed, postbox, olga):
    hold_mail("The clock jumped.", at=NOW)
    send_due(now=NOW, deliver=postbox)
    assert not WaitlistOffer.objects.exists()

    release_mail(by=olga, at=NOW)
    send_due(now=NOW, deliver=postbox)
    assert WaitlistOffer.objects.count() == len(offers_sent(postbox)) == 1


def test_the_sweep_gives_held_time_back_without_anybody_waiting(ada, mia, massage, postbox):
    held = make_visit(ada, mia, massage, starts_at=TOMORROW, status="held", held_until=NOW + minutes(5))

    send_due(now=NOW + minutes(5), deliver=postbox)

    held.refresh_from_db()
    assert held.is_cancelled
    assert postbox.mails == []


def test_a_dry_run_tells_of_the_offer_and_makes_none(freed, capsys):
    before = all_rows(but=set())

    call_command("send_due", now=NOW.isoformat(), dry_run=True)

    assert "due: waitlist_offer for client" in capsys.readouterr().out
    assert changed_tables(before, all_rows(but=set())) == []


def test_nobody_is_offered_a_time_in_quiet_hours(freed, postbox):
    night = NOW - minutes(1)
    send_due(now=night, deliver=postbox)
    assert offers_sent(postbox) == []

    send_due(now=NOW, deliver=postbox)

    assert len(offers_sent(postbox)) == 1


def test_nobody_is_offered_a_time_while_the_owner_switched_it_off(freed, olga, postbox):
    change_rule("waitlist_offer", hours=0, is_active=False, by=olga, at=NOW)
    send_due(now=NOW, deliver=postbox)

    assert not WaitlistOffer.objects.exists()


def test_an_offer_made_by_hand_is_mailed_whatever_the_rule_says(offer, olga, postbox):
    change_rule("waitlist_offer", hours=0, is_active=False, by=olga, at=NOW)
    send_due(now=NOW, deliver=postbox)

    assert len(offers_sent(postbox)) == 1


def test_who_is_offered_a_time_by_hand_and_wants_no_such_mails_is_called(offer, ben, postbox):
    choose_mail(client=ben, topic="offers", is_wanted=False, at=NOW)
    send_due(now=NOW, deliver=postbox)

    assert offers_sent(postbox) == []
    assert Task.objects.get(kind="call_client").client == ben
    decline_offer(offer, by=None, at=NOW)
    assert not Task.objects.open().filter(kind="call_client").exists()
