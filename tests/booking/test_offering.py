"""A freed time and the waitlist: whom it suits, who is asked first, and what becomes of the answer."""

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from booking.appointments import cancel_appointment, move_appointment, reopen_appointment
from booking.holds import OnOffer, release_lapsed_holds
from booking.models import EVERY_DAY, Appointment, WaitlistOffer
from booking.offering import (
    OfferGone,
    accept_offer,
    decline_offer,
    held_until,
    offer_freed_times,
    offer_time,
    withdraw_offer,
)
from booking.refusals import RULES, NotNow, SlotTaken
from booking.second_thoughts import take_back
from booking.undo import UNDO_TIME
from booking.waitlist import add_to_waitlist, suits
from clients.gate import StopFirst
from clients.models import Task
from clients.todo import raise_alert
from practice.models import AuditEvent
from tests import world
from tests.support.crowd import all_at_once
from tests.support.queries import assert_queries_do_not_grow
from tests.world import NINE, NOW, minutes

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TOMORROW = NINE + DAY  # a Tuesday
ANSWER = WaitlistOffer.Answer


@pytest.fixture
def cleo(practice):
    return world.make_client("Cleo", "Nowak", email="cleo@mail.example")


@pytest.fixture
def wait(massage, dana):
    """Put somebody on the list."""

    def waiting(client, at=NOW, **wishes):
        return add_to_waitlist(client=client, service=massage, by=dana, at=at, **wishes)

    return waiting


@pytest.fixture
def freed(book, dana):
    """Ada's visit of tomorrow at nine, cancelled by the desk."""
    return cancel_appointment(book(starts_at=TOMORROW), reason="sick", by=dana, at=NOW)


@pytest.fixture
def offer(freed, wait, ben):
    """The freed time, held for Ben."""
    wait(ben)
    assert offer_freed_times(NOW) == 1
    return WaitlistOffer.objects.get()


def mailed(offer):
    """Note that the mail about the offer has left."""
    offer.messages.create(
        client=offer.entry.client,
        kind="waitlist_offer",
        due_at=NOW,
        needed_by=NOW,
        created_at=NOW,
        state="sent",
        handoffs=1,
    )


def names() -> list[str]:
    """Whom times are held for."""
    return [offer.entry.client.first_name for offer in WaitlistOffer.objects.open().order_by("pk")]


def test_nobody_is_offered_a_time_after_the_visit_they_come_to_next(book, wait, ben, cleo, tom, freed):
    book(client=ben, starts_at=TOMORROW - minutes(180), therapist=tom)
    wait(ben)
    wait(cleo, at=NOW + minutes(1))

    offer_freed_times(NOW)

    assert names() == ["Cleo"]


def test_a_time_before_the_next_visit_is_offered(book, wait, ben, tom, freed):
    book(client=ben, starts_at=TOMORROW + minutes(180), therapist=tom)
    wait(ben)

    offer_freed_times(NOW)

    assert names() == ["Ben"]


# --- whom a time suits

ANY = {"therapist_id": None, "weekdays": EVERY_DAY, "earliest": None, "latest": None}
SUITS = [
    ("anything", {}, True),
    ("the therapist named", {"therapist_id": 7}, True),
    ("another therapist", {"therapist_id": 8}, False),
    ("Tuesdays", {"weekdays": 0b0000010}, True),
    ("every day but Tuesday", {"weekdays": 0b1111101}, False),
    ("from its first minute", {"earliest": time(9)}, True),
    ("later that day", {"earliest": time(9, 1)}, False),
    ("over by its last minute", {"latest": time(10)}, True),
    ("over a minute sooner", {"latest": time(9, 59)}, False),
]


@pytest.mark.parametrize(("what", "wishes", "is_suited"), SUITS, ids=[what for what, _, _ in SUITS])
def test_suits_asks_therapist_day_and_hours(what, wishes, is_suited):
    entry, zone = SimpleNamespace(**{**ANY, **wishes}), ZoneInfo("Europe/London")

    found = suits(entry, starts_at=TOMORROW, ends_at=TOMORROW + minutes(60), therapist_id=7, zone=zone)

    assert found is is_suited


def test_suits_goes_by_the_clock_on_the_practices_wall():
    starts_at = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)  # Wednesday, 10:30 in Lord Howe
    entry = SimpleNamespace(**{**ANY, "weekdays": 0b0000100, "earliest": time(10, 30), "latest": time(11, 30)})
    place = {"starts_at": starts_at, "ends_at": starts_at + minutes(60), "therapist_id": 7}

    assert suits(entry, **place, zone=ZoneInfo("Australia/Lord_Howe"))
    assert not suits(entry, **place, zone=ZoneInfo("Europe/London"))


# --- who is asked


def test_a_freed_time_is_held_for_the_first_on_the_list(freed, wait, ben, cleo, mia):
    wait(ben)
    wait(cleo, at=NOW + minutes(1))

    assert offer_freed_times(NOW) == 1

    offer = WaitlistOffer.objects.get()
    held = offer.appointment
    assert (held.client, held.therapist, held.starts_at, held.status) == (ben, mia, TOMORROW, "held")
    assert offer.expires_at == held.held_until == NOW + minutes(120)
    assert offer.freed == freed


def test_who_has_waited_longest_comes_first_however_late_the_wish_was_changed(freed, wait, ben, cleo):
    wait(cleo, at=NOW - DAY)
    wait(ben)
    wait(cleo, wishes="mornings")

    offer_freed_times(NOW)

    assert names() == ["Cleo"]


def test_whom_the_time_does_not_suit_is_passed_over(freed, wait, ben, cleo):
    wait(ben, weekdays=0b0000001)
    wait(cleo, at=NOW + minutes(1))

    offer_freed_times(NOW)

    assert names() == ["Cleo"]


def test_a_second_sweep_offers_nothing_more(offer, wait, cleo):
    wait(cleo)

    assert offer_freed_times(NOW + minutes(1)) == 0


def test_whoever_gave_the_time_up_is_not_offered_it(freed, wait, ada):
    wait(ada)

    assert offer_freed_times(NOW) == 0


def test_whom_a_therapist_must_see_first_is_never_offered_a_time(freed, wait, ben, cleo):
    wait(ben)
    wait(cleo, at=NOW + minutes(1))
    raise_alert(client=ben, subject="intake:1", at=NOW)

    offer_freed_times(NOW)

    assert names() == ["Cleo"]


def test_a_time_nearer_than_the_notice_is_left_to_the_desk(book, dana, wait, ben, practice):
    cancel_appointment(book(), reason="sick", by=dana, at=NOW)  # an hour ahead, the notice is two
    wait(ben)

    assert offer_freed_times(NOW) == 0


def test_a_time_moved_away_from_is_offered(book, dana, wait, ben):
    visit = book(starts_at=TOMORROW)
    wait(ben)
    move_appointment(visit, starts_at=TOMORROW + DAY, by=dana, at=NOW)

    assert offer_freed_times(NOW) == 1
    assert WaitlistOffer.objects.get().appointment.starts_at == TOMORROW


def test_a_time_taken_again_is_not_offered(freed, wait, ben, cleo, book):
    wait(ben)
    book(client=cleo, starts_at=TOMORROW)

    assert offer_freed_times(NOW) == 0


def test_what_a_client_gives_up_rests_while_they_may_take_it_back(book, wait, ben):
    visit = book(starts_at=TOMORROW + 6 * DAY)
    wait(ben)
    cancel_appointment(visit, reason="work", by=None, at=NOW)

    assert offer_freed_times(NOW + UNDO_TIME - minutes(1)) == 0
    assert take_back(visit, at=NOW + UNDO_TIME - minutes(1)).status == "booked"

    visit.refresh_from_db()
    cancel_appointment(visit, reason="work", by=None, at=NOW)
    assert offer_freed_times(NOW + UNDO_TIME) == 1


@pytest.mark.parametrize("apart", [0, 30])
@pytest.mark.parametrize("by_desk", [True, False])
def test_it_rests_though_somebody_else_gave_the_time_up_long_before(book, dana, wait, ben, cleo, by_desk, apart):
    first = book(starts_at=TOMORROW + 6 * DAY)
    move_appointment(first, starts_at=TOMORROW + 7 * DAY, by=dana if by_desk else None, at=NOW)
    visit = book(client=ben, starts_at=TOMORROW + 6 * DAY + minutes(apart))
    wait(cleo)
    given_up = NOW + 2 * UNDO_TIME
    cancel_appointment(visit, reason="work", by=None, at=given_up)

    assert offer_freed_times(given_up + UNDO_TIME - minutes(1)) == 0
    assert take_back(visit, at=given_up + UNDO_TIME - minutes(1)).status == "booked"

    visit.refresh_from_db()
    cancel_appointment(visit, reason="work", by=dana, at=given_up + UNDO_TIME)
    assert offer_freed_times(given_up + UNDO_TIME) == 1


def test_who_cannot_be_mailed_is_to_be_called(freed, wait):
    by_phone = world.make_client("Pat", "Quinn", email="")
    wait(by_phone)

    offer_freed_times(NOW)

    call = Task.objects.get(client=by_phone, kind="call_client")
    assert call.for_role == "front_desk"
    accept_offer(WaitlistOffer.objects.get(), by=None, at=NOW)
    call.refresh_from_db()
    assert call.done_at is not None


def test_held_until_is_shorter_for_a_time_of_today_and_never_past_its_start(practice):
    assert held_until(practice, starts_at=TOMORROW, at=NOW) == NOW + minutes(practice.offer_minutes)
    assert held_until(practice, starts_at=NINE, at=NOW) == NOW + minutes(practice.same_day_offer_minutes)
    assert held_until(practice, starts_at=NOW + minutes(10), at=NOW) == NOW + minutes(10)


# --- the answer


def test_accept_offer_books_the_time_and_closes_the_entry(offer, ben):
    accept_offer(offer, by=None, at=NOW)
    accept_offer(offer, by=None, at=NOW)  # twice is once

    offer.refresh_from_db()
    assert (offer.answer, offer.appointment.status) == (ANSWER.ACCEPTED, "booked")
    assert offer.entry.closed_at == NOW
    assert ben.intakes.count() == 1
    assert AuditEvent.objects.filter(action="waitlist.accepted", actor="client").count() == 1


def test_a_declined_time_goes_to_the_next(offer, wait, cleo):
    wait(cleo)
    decline_offer(offer, by=None, at=NOW)

    assert offer_freed_times(NOW) == 1
    assert names() == ["Cleo"]
    offer.entry.refresh_from_db()
    assert offer.entry.closed_at is None


def test_an_unanswered_time_goes_to_the_next_and_never_back_to_who_heard_of_it(offer, wait, cleo):
    mailed(offer)
    wait(cleo)
    late = offer.expires_at

    assert offer_freed_times(late - minutes(1)) == 0
    assert offer_freed_times(late) == 1

    offer.refresh_from_db()
    assert (offer.answer, names()) == (ANSWER.LAPSED, ["Cleo"])
    second = WaitlistOffer.objects.open().get()
    mailed(second)
    assert offer_freed_times(second.expires_at) == 0


def test_an_offer_whose_mail_never_left_is_made_again(offer):
    assert offer_freed_times(offer.expires_at) == 1
    assert names() == ["Ben"]


def test_who_answers_late_has_the_time_if_nobody_else_does(offer):
    release_lapsed_holds(offer.expires_at)

    accept_offer(offer, by=None, at=offer.expires_at + minutes(5))

    offer.appointment.refresh_from_db()
    assert offer.appointment.status == "booked"


def test_who_answers_late_is_told_when_it_is_gone(offer, book, cleo):
    late = offer.expires_at + minutes(5)
    book(client=cleo, starts_at=TOMORROW, at=late)

    with pytest.raises(SlotTaken):
        accept_offer(offer, by=None, at=late)


def test_a_withdrawn_time_is_the_desks_again_and_rests(offer, dana, wait, cleo):
    wait(cleo)
    withdraw_offer(offer, by=dana, at=NOW)

    assert offer_freed_times(NOW) == 0
    with pytest.raises(OfferGone):
        accept_offer(offer, by=None, at=NOW)


def test_nobody_takes_a_time_once_a_therapist_must_see_them_first(offer, ben):
    raise_alert(client=ben, subject="intake:1", at=NOW)

    with pytest.raises(StopFirst):
        accept_offer(offer, by=None, at=NOW)


def test_the_desk_hears_for_whom_a_cancelled_time_is_held(offer, freed, dana):
    with pytest.raises(OnOffer, match="Withdraw the offer"):
        reopen_appointment(freed, by=dana, at=NOW)

    withdraw_offer(offer, by=dana, at=NOW)
    assert reopen_appointment(freed, by=dana, at=NOW).status == "booked"


def test_time_on_offer_is_neither_moved_nor_cancelled_as_a_visit(offer, dana):
    held = offer.appointment
    for act in (
        lambda: move_appointment(held, starts_at=TOMORROW + DAY, by=dana, at=NOW, overrule=RULES),
        lambda: cancel_appointment(held, reason="other", by=dana, at=NOW),
    ):
        with pytest.raises(NotNow, match="Withdraw the offer"):
            act()


def test_offer_time_by_hand_asks_one_thing_at_a_time(wait, ben, mia, dana, massage):
    entry = wait(ben)
    offer_time(entry=entry, therapist=mia, starts_at=TOMORROW, by=dana, at=NOW)

    with pytest.raises(NotNow, match="thinking about another time"):
        offer_time(entry=entry, therapist=mia, starts_at=TOMORROW + DAY, by=dana, at=NOW)


def test_the_sweep_asks_the_same_queries_for_a_long_list(freed, wait, ben, massage):
    raise_alert(client=ben, subject="intake:1", at=NOW)  # nobody can be offered it, so everybody is looked at
    wait(ben)

    def lengthen():
        for number in range(1, 8):
            person = world.make_client("Person", f"No{number}", email=f"p{number}@mail.example")
            wait(person, weekdays=0b0000001)

    assert_queries_do_not_grow(act=lambda: offer_freed_times(NOW), grow=lengthen)


# --- at once


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_make_one_offer(freed, wait, ben, cleo):
    wait(ben)
    wait(cleo, at=NOW + minutes(1))

    def sweep():
        try:
            return offer_freed_times(NOW)
        finally:
            connection.close()

    made = all_at_once([sweep] * 4)

    assert WaitlistOffer.objects.count() == 1 == sum(made)
    assert Appointment.objects.filter(status="held").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_two_who_want_a_lapsed_time_at_once_gets_it(offer, wait, cleo, mia, dana):
    late = offer.expires_at
    release_lapsed_holds(late)
    entry = wait(cleo)
    second = offer_time(entry=entry, therapist=mia, starts_at=TOMORROW, by=dana, at=late)
    after = second.expires_at
    release_lapsed_holds(after)

    def take(one):
        def act():
            try:
                return accept_offer(one, by=None, at=after).answer
            except SlotTaken:
                return "taken"
            finally:
                connection.close()

        return act

    assert sorted(all_at_once([take(offer), take(second)])) == ["accepted", "taken"]
    assert Appointment.objects.live().filter(starts_at=TOMORROW).count() == 1
