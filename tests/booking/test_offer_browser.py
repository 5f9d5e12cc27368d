"""A cancellation fills itself: the desk cancels, the mail goes out, and on two phones the time is taken, and politely gone."""

import re

import pytest

from booking.models import Appointment, WaitlistEntry
from booking.waitlist import add_to_waitlist
from reminders.outbox import send_due
from tests import world
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.world import NINE, NOW, minutes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "has_touch": True, "is_mobile": True}
TOMORROW = NINE + minutes(24 * 60)
LAPSED = NOW + minutes(121)


@pytest.fixture
def cleo(practice):
    return world.make_client("Cleo", "Toms")


@pytest.fixture
def waiting(ben, cleo, massage, mia, dana):
    """Ben waits for Mia, and Cleo, a minute longer on the phone, for anybody."""
    add_to_waitlist(client=ben, service=massage, therapist=mia, by=dana, at=NOW)
    add_to_waitlist(client=cleo, service=massage, by=dana, at=NOW + minutes(1))


@pytest.fixture
def mail_of():
    """Sweep, and return the one mail about a free time that left: (address it went to, path of its link)."""

    def swept(now):
        mails = []
        send_due(now=now, deliver=mails.append)
        (mail,) = [mail for mail in mails if "come free" in mail.subject]
        return mail.to[0], re.search(r"https?://[^/\s]+(/booking/offer/open/\S+)", mail.body)[1]

    return swept


def cancel_as_the_desk(open_as, dana, visit):  # noqa: F811
    page = open_as(dana, f"{visit.get_absolute_url()}cancel/")
    page.get_by_text("Ill", exact=True).click()
    page.get_by_role("button", name="Cancel the visit").click()
    page.get_by_role("heading", name="What happened").wait_for()


def test_a_cancelled_time_is_taken_on_a_phone(open_as, dana, book, waiting, mail_of, complaints):  # noqa: F811
    cancel_as_the_desk(open_as, dana, book(starts_at=TOMORROW))
    address, link = mail_of(NOW)
    assert address == "ben.okafor@mail.example"

    phone = open_as(None, link, **PHONE)
    phone.get_by_text("we hold it for you until").wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not phone.get_by_label("Yes, I take this time").is_checked()
    phone.get_by_text("Yes, I take this time").click()
    phone.get_by_role("button", name="Take this time").click()

    phone.get_by_text("This time is yours").wait_for()
    assert Appointment.objects.live().get().status == "booked"
    assert list(WaitlistEntry.objects.waiting(NOW).values_list("client__first_name", flat=True)) == ["Cleo"]
    assert complaints == []


def test_who_comes_too_late_is_told_politely_while_the_next_one_has_it(  # noqa: PLR0913
    open_as,  # noqa: F811
    dana,
    book,
    waiting,
    mail_of,
    still_clock,
):
    cancel_as_the_desk(open_as, dana, book(starts_at=TOMORROW))
    _, bens_link = mail_of(NOW)
    still_clock.at = LAPSED
    address, cleos_link = mail_of(LAPSED)
    assert address == "cleo.toms@mail.example"

    ben = open_as(None, bens_link, **PHONE)
    ben.get_by_text("this time has gone to somebody else").wait_for()
    assert ben.get_by_role("button", name="Take this time").count() == 0
    assert ben.get_by_role("heading", name="The next free times").is_visible()
    assert ben.get_by_text("To book one now please call us").is_visible()

    cleo = open_as(None, cleos_link, **PHONE)
    cleo.get_by_text("Yes, I take this time").click()
    cleo.get_by_role("button", name="Take this time").click()
    cleo.get_by_text("This time is yours").wait_for()

    assert Appointment.objects.live().get().client.first_name == "Cleo"


def test_a_no_on_the_phone_frees_the_time_and_a_missing_tick_does_not(open_as, dana, book, waiting, mail_of):  # noqa: F811
    cancel_as_the_desk(open_as, dana, book(starts_at=TOMORROW))
    _, link = mail_of(NOW)

    phone = open_as(None, link, **PHONE)
    phone.get_by_role("button", name="Not this time").click()
    assert Appointment.objects.live().get().status == "held"
    phone.get_by_text("No, this time does not suit me").click()
    phone.get_by_role("button", name="Not this time").click()
    phone.get_by_text("Thank you for telling us").wait_for()

    assert not Appointment.objects.live().exists()
    assert mail_of(NOW)[0] == "cleo.toms@mail.example"
