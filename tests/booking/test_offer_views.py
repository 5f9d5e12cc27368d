"""The page behind the mail about a freed time, and what the desk does beside the board."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from booking.appointments import cancel_appointment
from booking.models import WaitlistOffer, WaitlistOfferLink
from booking.offering import offer_freed_times
from booking.waitlist import add_to_waitlist
from clients.todo import raise_alert
from practice.links import Link
from reminders.models import Message
from reminders.outbox import send_due
from tests.support.rows import all_rows
from tests.world import NINE, NOW, minutes

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BOARD = "/booking/"


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def offer(book, ben, dana, massage):
    """Ada's time of tomorrow at nine, held for Ben."""
    cancel_appointment(book(starts_at=NINE + DAY), reason="sick", by=dana, at=NOW)
    add_to_waitlist(client=ben, service=massage, by=dana, at=NOW)
    offer_freed_times(NOW)
    return WaitlistOffer.objects.get()


@pytest.fixture
def page(offer, client):
    """The address the mail's link leads to, opened in a browser."""
    token = WaitlistOfferLink.mint(now=NOW, expires_at=offer.appointment.starts_at, offer=offer)
    return client.get(reverse("booking:offer_open", args=[token])).url


def test_the_sweep_holds_the_time_and_mails_its_link(offer, client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []

    send_due(now=NOW, deliver=mail.outbox.append)

    (letter,) = [one for one in mail.outbox if one.to == [offer.entry.client.email]]
    assert "Tuesday 24 November at 09:00" in letter.body and "Follow-up" not in letter.body
    address = re.search(r"https?://\S+(/booking/offer/open/\S+)", letter.body).group(1)
    assert "Take this time" in client.get(address, follow=True).content.decode()
    assert send_due(now=NOW + minutes(1), deliver=mail.outbox.append).sent == 0


def test_looking_changes_nothing_and_says_until_when(page, client):
    before = all_rows()

    words = text(client.get(page))

    assert "we hold it for you until Mon 23 Nov 2026, 10:00" in words
    assert all_rows() == before


@pytest.mark.parametrize("act", ["accept", "decline"])
def test_a_form_without_its_box_changes_nothing(page, client, offer, act):
    answer = client.post(f"{page}{act}/", {"is_leaving": "on"})

    offer.refresh_from_db()
    assert (answer.status_code, offer.answer) == (422, "")
    assert "Nothing was changed" in text(answer)


def test_my_offer_accept_books_and_says_so(page, client, offer):
    answer = client.post(f"{page}accept/", {"will_come": "on"}, follow=True)

    offer.refresh_from_db()
    assert offer.answer == "accepted"
    assert "This time is yours" in text(answer)


def test_my_offer_decline_keeps_the_place_unless_the_client_leaves(page, client, offer):
    client.post(f"{page}decline/", {"is_sure": "on"})

    offer.entry.refresh_from_db()
    assert (WaitlistOffer.objects.get().answer, offer.entry.closed_at) == ("declined", None)


def test_my_offer_decline_takes_off_the_list_whoever_asks(page, client, offer):
    client.post(f"{page}decline/", {"is_sure": "on", "is_leaving": "on"})

    offer.entry.refresh_from_db()
    assert offer.entry.closed_at == NOW


def test_who_comes_late_is_told_politely_and_offered_the_nearest(page, client, offer, book, ada, still_clock):
    still_clock.at = offer.expires_at + minutes(1)
    book(client=ada, starts_at=NINE + DAY, at=still_clock.at)

    words = text(client.get(page))
    answer = client.post(f"{page}accept/", {"will_come": "on"})

    assert "this time has gone to somebody else" in words and "The next free times" in words
    assert answer.status_code == 409


def test_who_must_be_seen_first_reads_a_neutral_sentence(page, client, offer, ben):
    raise_alert(client=ben, subject="intake:1", at=NOW)

    answer = client.post(f"{page}accept/", {"will_come": "on"})

    assert answer.status_code == 409
    assert "Please call us to book this time" in text(answer)
    assert "therapist first" not in text(answer)


def test_a_link_of_another_kind_or_revoked_opens_nothing(page, client, offer):
    assert {model.__name__ for model in Link.__subclasses__()} >= {"WaitlistOfferLink", "BookingLink"}
    offer.links.revoke(at=NOW)

    assert client.get(page).status_code == 404


# --- the desk


def test_the_board_says_for_whom_a_time_is_held(signed_in, dana, offer):
    words = text(signed_in(dana).get(BOARD))

    assert "Ben Okafor" in words
    assert "10:00" in words


def test_the_board_marks_whom_a_therapist_must_see_first(signed_in, dana, ben, massage):
    add_to_waitlist(client=ben, service=massage, by=dana, at=NOW)
    raise_alert(client=ben, subject="intake:1", at=NOW)

    aside = signed_in(dana).get(BOARD).content.decode().partition('id="waitlist"')[2]

    assert "Stop – therapist first" in re.sub(r"<[^>]+>", "", aside.partition("</aside>")[0])


@pytest.mark.parametrize(
    ("act", "answer"), [("accept", "accepted"), ("decline", "declined"), ("withdraw", "withdrawn")]
)
def test_the_desk_answers_for_somebody_on_the_phone(signed_in, dana, offer, act, answer):
    signed_in(dana).post(reverse(f"booking:offer_{act}", args=[offer.pk]))

    offer.refresh_from_db()
    assert offer.answer == answer


def test_waitlist_add_keeps_days_and_hours_and_refuses_hours_in_the_wrong_order(signed_in, dana, ben, massage):
    browser, address = signed_in(dana), reverse("booking:waitlist_add")
    wish = {"client": ben.pk, "service": massage.pk, "weekdays": ["0", "2"], "earliest": "14:00"}

    wrong = browser.post(address, {**wish, "latest": "13:00"})
    assert wrong.status_code == 422
    browser.post(address, {**wish, "latest": "18:00"})

    entry = ben.waitlist_entries.get()
    assert (entry.weekdays, f"{entry.earliest:%H:%M}", f"{entry.latest:%H:%M}") == (0b101, "14:00", "18:00")


def test_a_message_about_an_answered_offer_is_dropped(offer, page, client):
    send_due(now=NOW, deliver=lambda _mail: None)
    client.post(f"{page}decline/", {"is_sure": "on"})
    Message.objects.filter(kind="waitlist_offer").update(state="due", handoffs=0)

    assert send_due(now=NOW, deliver=lambda _mail: None).sent == 0
