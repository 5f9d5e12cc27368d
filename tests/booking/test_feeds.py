"""Calendar feeds and calendar files: who may read what, and what a calendar program makes of a move."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from booking.appointments import book_appointment, cancel_appointment, move_appointment
from booking.calendar_files import calendar_file, feed_file
from booking.feeds import LOOKS_BACK, MOST_FEEDS, TooManyFeeds, feed_opened_by, make_feed, revoke_feed, visits_of
from booking.models import CalendarFeed
from booking.refusals import RULES
from practice.models import AuditEvent, Practice
from tests.support.queries import assert_queries_do_not_grow
from tests.support.visits import make_visit
from tests.world import NINE, NOW

pytestmark = pytest.mark.django_db
PAGE = "/booking/calendars/"


@pytest.fixture
def feed_of(mia, client):
    """Make a feed of Mia's and return the events a calendar program reads from it."""

    def read(*, has_names=False):
        _, token = make_feed(label="Phone", has_names=has_names, by=mia, at=NOW)
        answer = client.get(f"{PAGE}{token}.ics")
        assert answer.status_code == 200
        return Calendar.from_ical(answer.content).walk("VEVENT")

    return read


def only(calendar_bytes):
    (event,) = Calendar.from_ical(calendar_bytes).walk("VEVENT")
    return event


def test_calendar_feed_says_when_and_where_but_not_who(visit, feed_of):
    (event,) = feed_of()

    assert (event["summary"], event["location"], event["status"]) == ("Visit", "Green room", "CONFIRMED")
    assert event["dtstart"].dt == visit.starts_at
    assert event["url"].endswith(f"/booking/appointments/{visit.pk}/")
    assert "Ada" not in event.to_ical().decode()


def test_calendar_feed_names_clients_only_where_asked(visit, feed_of):
    (event,) = feed_of(has_names=True)

    assert event["summary"] == "Ada M."
    assert "Müller" not in event.to_ical().decode()
    assert "massage" not in event.to_ical().decode().lower()


def test_calendar_feed_holds_neither_cancelled_nor_other_peoples_visits(visit, book, ben, tom, feed_of, dana):
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)
    book(client=ben, therapist=tom)

    assert feed_of() == []


def test_calendar_feed_marks_held_time_and_drops_it_once_it_lapsed(book, feed_of, still_clock):
    book(held_until=NOW + timedelta(minutes=30))

    (event,) = feed_of()
    assert (event["summary"], event["status"]) == ("Visit (held)", "TENTATIVE")
    still_clock.at = NOW + timedelta(minutes=30)
    assert feed_of() == []


def test_visits_of_looks_back_a_month(mia, visit):
    feed, _ = make_feed(label="Phone", has_names=False, by=mia, at=NOW)

    assert list(visits_of(feed, now=visit.starts_at + LOOKS_BACK - timedelta(seconds=1))) == [visit]
    assert list(visits_of(feed, now=visit.starts_at + LOOKS_BACK)) == []


def test_a_revoked_feed_and_that_of_somebody_who_left_are_closed(mia, client):
    feed, token = make_feed(label="Phone", has_names=False, by=mia, at=NOW)
    assert feed_opened_by(token) == feed

    mia.is_active = False
    mia.save()
    assert feed_opened_by(token) is None

    mia.is_active = True
    mia.save()
    revoke_feed(feed, by=mia, at=NOW)
    answer = client.get(f"{PAGE}{token}.ics")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/plain; charset=utf-8")


def test_make_feed_keeps_only_the_hash_and_writes_who_made_it(mia):
    feed, token = make_feed(label="Phone", has_names=True, by=mia, at=NOW)

    assert token not in str(CalendarFeed.objects.values().get())
    event = AuditEvent.objects.get(action="calendar_feed.made")
    assert (event.by, event.target_id, event.detail) == (mia, feed.pk, {"has_names": True})


def test_make_feed_stops_at_ten(mia):
    for number in range(MOST_FEEDS):
        make_feed(label=f"Phone {number}", has_names=False, by=mia, at=NOW)

    with pytest.raises(TooManyFeeds):
        make_feed(label="One more", has_names=False, by=mia, at=NOW)


def test_calendar_feed_asks_the_same_queries_however_full_the_book_is(mia, visit, book, ben, client):
    _, token = make_feed(label="Phone", has_names=True, by=mia, at=NOW)

    def fill():
        for days in range(1, 8):
            book(client=ben, starts_at=NINE + timedelta(days=days))

    assert_queries_do_not_grow(act=lambda: client.get(f"{PAGE}{token}.ics"), grow=fill)


def test_calendar_feeds_shows_an_address_once_and_it_works(signed_in, mia, visit, client):
    browser = signed_in(mia)

    made = browser.post(PAGE, {"label": "Phone"})

    address = made.context["address"]
    assert address in made.content.decode()
    assert b"BEGIN:VEVENT" in client.get(address).content
    assert address not in browser.get(PAGE).content.decode()


def test_calendar_feeds_keeps_what_was_typed_when_the_label_is_missing(signed_in, mia):
    answer = signed_in(mia).post(PAGE, {"label": " ", "has_names": "on"})

    assert answer.status_code == 422
    assert answer.context["form"]["has_names"].value()


# --- the file a client gets


def test_calendar_file_keeps_its_uid_and_raises_its_sequence(practice, visit, dana):
    booked = only(calendar_file(visit, practice, now=NOW))
    moved = only(
        calendar_file(
            move_appointment(visit, starts_at=NINE + timedelta(hours=2), by=dana, at=NOW, overrule=RULES),
            practice,
            now=NOW,
        )
    )
    visit.refresh_from_db()
    cancelled = only(calendar_file(cancel_appointment(visit, reason="sick", by=dana, at=NOW), practice, now=NOW))

    assert len({event["uid"] for event in (booked, moved, cancelled)}) == 1
    assert [event["sequence"] for event in (booked, moved, cancelled)] == [0, 1, 2]
    assert cancelled["status"] == "CANCELLED"


@pytest.mark.parametrize("name", ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_a_file_over_years_brings_every_change_of_the_clocks_in_them(name, practice, mia, ada, massage):
    """A calendar program that knows no zones reads each visit by the file alone; a year asked for before keeps nothing out."""
    Practice.objects.update(time_zone=name)
    practice.refresh_from_db()
    feed, _ = make_feed(label="Phone", has_names=False, by=mia, at=NOW)
    noons = [NOW.replace(year=year, month=month, hour=12) for year in (2026, 2028, 2041) for month in (1, 4, 7, 10)]
    visits = [make_visit(ada, mia, massage, starts_at=noon) for noon in noons]

    for some in (visits[:4], visits, visits[8:]):
        calendar = Calendar.from_ical(feed_file(feed, some, practice, now=NOW))

        (zone,) = calendar.walk("VTIMEZONE")
        by_the_file = zone.to_tz(lookup_tzid=False)
        for visit, event in zip(some, calendar.walk("VEVENT"), strict=True):
            wall = visit.starts_at.astimezone(ZoneInfo(name)).replace(tzinfo=None)
            assert event["dtstart"].dt.replace(tzinfo=None) == wall
            assert (
                wall.replace(tzinfo=by_the_file).utcoffset() == visit.starts_at.astimezone(ZoneInfo(name)).utcoffset()
            )


@pytest.mark.parametrize("name", ["America/New_York", "Europe/London", "Australia/Lord_Howe"])
def test_calendar_file_brings_the_zone_and_stands_at_the_same_moment(name, practice, mia, ada, massage, dana):
    Practice.objects.update(time_zone=name)
    practice.refresh_from_db()
    for month in (1, 7):
        starts_at = NOW.replace(month=month, year=2027, hour=12)
        visit = book_appointment(
            client=ada, therapist=mia, service=massage, starts_at=starts_at, by=dana, at=NOW, overrule=RULES
        )

        calendar = Calendar.from_ical(calendar_file(visit, practice, now=NOW))

        (zone,) = calendar.walk("VTIMEZONE")
        (event,) = calendar.walk("VEVENT")
        assert zone["tzid"] == event["dtstart"].params["tzid"] == name
        assert event["dtstart"].dt == starts_at
        offset = starts_at.astimezone(ZoneInfo(name)).utcoffset()
        assert zone.to_tz().utcoffset(event["dtstart"].dt.replace(tzinfo=None)) == offset
