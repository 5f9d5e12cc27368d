"""Visits booked together: the dates looked at first, then all or none; afterwards each stands on its own."""

from datetime import date, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from booking.appointments import cancel_appointment, move_appointment
from booking.models import Appointment, Series
from booking.refusals import ChangedMeanwhile, NotNow
from booking.series import (
    NoTimeChosen,
    SeriesConflicts,
    book_series,
    cancel_this_and_later,
    propose_series,
    seen_mark,
    series_times,
    this_and_later,
)
from clients.gate import StopFirst
from clients.todo import raise_alert
from practice.models import AuditEvent, Closure
from practice.zones import at_wall_time
from tests.support.queries import assert_queries_do_not_grow
from tests.world import NINE, NOW, minutes

pytestmark = pytest.mark.django_db
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
TUESDAY = NINE + DAY


@pytest.fixture
def propose(practice, ada, mia, massage):
    """Look at six Tuesdays at nine with Mia, unless said otherwise."""

    def proposed(**said):
        rhythm = {"first": TUESDAY, "count": 6, "weeks_apart": 1, **said}
        return propose_series(practice=practice, client=ada, therapist=mia, service=massage, now=NOW, **rhythm)

    return proposed


@pytest.fixture
def repeat(ada, mia, massage, dana):
    """Book Ada with Mia at these moments."""

    def booked(*times, **said):
        who = {"client": ada, "therapist": mia, "service": massage, "by": dana, "at": NOW}
        return book_series(**{**who, "times": dict.fromkeys(times, ()), "weeks_apart": 1, **said})

    return booked


@pytest.mark.parametrize(
    ("name", "first_day"),
    [
        ("America/New_York", date(2027, 3, 2)),
        ("Europe/London", date(2027, 3, 16)),
        ("Australia/Lord_Howe", date(2027, 9, 21)),
    ],
)
def test_series_times_stand_at_the_same_wall_clock_time_when_the_clocks_change(name, first_day):
    zone = ZoneInfo(name)

    times = series_times(at_wall_time(first_day, time(9), zone), count=6, weeks_apart=1, zone=zone)

    walls = [moment.astimezone(zone) for moment in times]
    assert [wall.time() for wall in walls] == [time(9)] * 6
    assert [wall.date() for wall in walls] == [first_day + WEEK * number for number in range(6)]
    assert len({wall.utcoffset() for wall in walls}) == 2


def test_propose_series_says_of_each_date_what_stands_against_it(propose, book, ben, mia):
    book(client=ben, starts_at=TUESDAY + WEEK)
    Closure.objects.create(therapist=mia, starts_at=TUESDAY + 2 * WEEK, ends_at=TUESDAY + 2 * WEEK + minutes(60))

    found = propose()

    assert [one.is_free for one in found] == [True, False, False, True, True, True]
    assert found[1].refusal == "Mia Berg has another visit then."
    assert list(found[2].warnings) == ["closed"]
    assert found[1].nearest == TUESDAY + WEEK + minutes(75)
    assert not Appointment.objects.filter(client__first_name="Ada").exists()


def test_what_is_proposed_as_free_can_be_booked(propose, repeat):
    free = [one.starts_at for one in propose() if one.is_free]

    assert repeat(*free).appointments.count() == len(free) == 6


def test_propose_series_asks_the_same_queries_for_two_dates_and_for_twelve(propose):
    dates = iter((2, 2, 12))

    assert_queries_do_not_grow(act=lambda: propose(count=next(dates)), grow=lambda: None)


def test_book_series_books_each_date_and_writes_it_down(repeat, dana):
    series = repeat(TUESDAY, TUESDAY + WEEK, TUESDAY + 3 * WEEK)

    visits = series.appointments.order_by("starts_at")
    assert [visit.starts_at for visit in visits] == [TUESDAY, TUESDAY + WEEK, TUESDAY + 3 * WEEK]
    assert {visit.status for visit in visits} == {"booked"}
    event = AuditEvent.objects.get(action="series.booked")
    assert (event.by, event.detail["visits"]) == (dana, 3)


def test_book_series_books_all_or_none_and_names_each_conflict(repeat, book, ben):
    book(client=ben, starts_at=TUESDAY + WEEK)

    with pytest.raises(SeriesConflicts) as refusal:
        repeat(TUESDAY, TUESDAY + WEEK, TUESDAY + 2 * WEEK)

    assert list(refusal.value.conflicts) == [TUESDAY + WEEK]
    assert not Series.objects.exists()
    assert Appointment.objects.count() == 1


def test_book_series_overrules_only_the_rules_named_for_that_date(repeat):
    early = TUESDAY - minutes(60)

    with pytest.raises(SeriesConflicts):
        repeat(early)
    assert repeat(times={early: {"hours"}, TUESDAY + WEEK: ()}).appointments.count() == 2


def test_book_series_with_the_same_key_is_one_series(repeat):
    key = uuid4()

    assert repeat(TUESDAY, TUESDAY + WEEK, key=key) == repeat(TUESDAY, TUESDAY + WEEK, key=key)
    assert Appointment.objects.count() == 2


def test_book_series_refuses_no_dates_and_a_client_who_must_be_seen_first(repeat, ada):
    with pytest.raises(NoTimeChosen):
        repeat()
    raise_alert(client=ada, subject="intake:1", at=NOW)
    with pytest.raises(StopFirst):
        repeat(TUESDAY)


def test_moving_or_cancelling_one_leaves_the_others(repeat, dana):
    first, second, third = repeat(TUESDAY, TUESDAY + WEEK, TUESDAY + 2 * WEEK).appointments.order_by("starts_at")

    move_appointment(first, starts_at=TUESDAY + DAY, by=dana, at=NOW)
    cancel_appointment(second, reason="away", by=dana, at=NOW)

    third.refresh_from_db()
    assert (third.status, third.starts_at, third.version) == ("booked", TUESDAY + 2 * WEEK, 1)


def test_cancel_this_and_later_keeps_what_was_before(repeat, dana):
    first, second, third = repeat(TUESDAY, TUESDAY + WEEK, TUESDAY + 2 * WEEK).appointments.order_by("starts_at")

    gone = cancel_this_and_later(second, reason="away", by=dana, at=NOW)

    assert gone == [second, third]
    assert [visit.status for visit in Appointment.objects.order_by("starts_at")] == ["booked", "cancelled", "cancelled"]
    first.refresh_from_db()
    with pytest.raises(NotNow):
        cancel_this_and_later(second, reason="away", by=dana, at=NOW)


def test_cancel_this_and_later_refuses_when_the_page_showed_something_else(repeat, dana):
    first, second = repeat(TUESDAY, TUESDAY + WEEK).appointments.order_by("starts_at")
    seen = seen_mark(this_and_later(first))
    move_appointment(second, starts_at=TUESDAY + WEEK + DAY, by=dana, at=NOW)

    with pytest.raises(ChangedMeanwhile):
        cancel_this_and_later(first, reason="away", by=dana, at=NOW, seen=seen)
    assert not Appointment.objects.filter(status="cancelled").exists()


# --- the page


@pytest.fixture
def page(signed_in, dana, ada, massage, mia):
    """The dates of six Tuesdays, as the desk opens them."""
    rhythm = f"service={massage.pk}&therapist={mia.pk}&day=2026-11-24&time=09:00&weeks_apart=1&count=6"
    return signed_in(dana), f"{reverse('booking:series_create')}?client={ada.pk}&{rhythm}"


def answers_of(response) -> dict:
    form = response.context["dates"]
    return {name: form[name].value() for name in form.fields if form[name].value() is not None}


def test_series_create_takes_free_dates_and_skips_the_taken_one(page, book, ben):
    browser, address = page
    book(client=ben, starts_at=TUESDAY + WEEK)
    shown = browser.get(address)
    assert "Mia Berg has another visit then." in shown.content.decode()

    undecided = browser.post(address, answers_of(shown))
    assert undecided.status_code == 422
    booked = browser.post(address, {**answers_of(shown), "date_1": "skip"})

    assert booked.status_code == 302
    assert Series.objects.get().appointments.count() == 5


def test_series_create_keeps_what_was_chosen_when_a_date_was_taken_meanwhile(page, book, ben):
    browser, address = page
    answers = {**answers_of(browser.get(address)), "note": "Ground floor"}
    book(client=ben, starts_at=TUESDAY + WEEK)

    refused = browser.post(address, answers)

    assert refused.status_code in (409, 422)
    assert "Ground floor" in refused.content.decode()
    assert not Series.objects.exists()


def test_series_create_sent_twice_books_once(page):
    browser, address = page
    answers = answers_of(browser.get(address))

    assert browser.post(address, answers).url == browser.post(address, answers).url
    assert Appointment.objects.count() == 6


@pytest.mark.parametrize(
    "wrong", [{"day": "2026-02-30"}, {"time": "25:00"}, {"count": "400"}, {"weeks_apart": "0"}, {"service": "999999"}]
)
def test_series_create_says_what_is_wrong_with_the_rhythm(page, wrong):
    browser, address = page
    (name, value), *_ = wrong.items()

    answer = browser.get(f"{address}&{name}={value}")

    assert answer.status_code == 200
    assert answer.context["rhythm"].errors
    assert answer.context["dates"] is None


def test_series_create_scolds_nobody_who_has_not_said_how_often(page):
    browser, address = page

    answer = browser.get(address.removesuffix("&count=6"))

    assert not answer.context["rhythm"].errors
    assert answer.context["rhythm"]["time"].value() == "09:00"


def test_the_visit_of_a_series_shows_the_others_and_the_way_to_end_it(page, repeat):
    browser, _ = page
    first, second = repeat(TUESDAY, TUESDAY + WEEK).appointments.order_by("starts_at")

    html = browser.get(first.get_absolute_url()).content.decode()

    assert second.get_absolute_url() in html
    assert reverse("booking:series_cancel", args=[first.pk]) in html


def test_book_repeats_weekly_from_a_chosen_time(signed_in, dana, ada, mia, massage):
    answer = signed_in(dana).post(
        reverse("booking:appointment_create"),
        {
            "client": ada.pk,
            "service": massage.pk,
            "therapist": mia.pk,
            "day": "2026-11-24",
            "slot": f"2026-11-24T09:00Z|{mia.pk}",
            "key": uuid4(),
            "repeat": "1",
        },
    )

    assert answer.status_code == 302
    assert "day=2026-11-24" in answer.url and "time=09%3A00" in answer.url
    assert not Appointment.objects.exists()
