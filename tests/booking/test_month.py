"""A month at a glance: counts by day, from one bounded set of queries."""

from datetime import date, timedelta

import pytest

from booking.month import make_times
from booking.slots import free_day_counts, free_slots
from practice.models import Closure
from tests.support.queries import assert_queries_do_not_grow, queries_of
from tests.world import NINE, NOW, make_client, minutes

pytestmark = pytest.mark.django_db
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def counts(practice, massage, **asked):
    return free_day_counts(
        **{"practice": practice, "service": massage, "first_day": date(2026, 11, 23), "days": 8, "now": NOW, **asked}
    )


def test_free_day_counts_counts_moments_by_day_of_the_practice(practice, massage):
    found = counts(practice, massage)

    assert list(found) == [date(2026, 11, day) for day in (23, 24, 25, 26, 27, 30)]
    assert found[date(2026, 11, 24)] == 29  # 09:00 to 16:00, every quarter of an hour, however many therapists


def test_free_day_counts_is_what_free_slots_has(practice, massage, book, ben, mia, tom):
    book(client=ben, starts_at=NINE + timedelta(days=1))
    Closure.objects.create(therapist=tom, starts_at=NINE + timedelta(days=1), ends_at=NINE + timedelta(days=2))
    slots = free_slots(practice=practice, service=massage, first_day=date(2026, 11, 23), days=8, now=NOW)

    found = counts(practice, massage)

    assert found == {
        day: len({slot.starts_at for slot in slots if slot.starts_at.date() == day})
        for day in sorted({slot.starts_at.date() for slot in slots})
    }
    assert found[date(2026, 11, 24)] < 29
    assert counts(practice, massage, therapists=[tom]).get(date(2026, 11, 24)) is None


def test_free_day_counts_of_a_month_asks_as_often_as_of_a_day(practice, massage):
    assert len(queries_of(lambda: counts(practice, massage, days=31))) == len(
        queries_of(lambda: counts(practice, massage, days=1))
    )


def test_make_times_asks_no_more_often_when_the_book_is_full(practice, massage, book):
    def grow():
        for number in range(12):
            person = make_client("Full", f"Book{number}")
            book(client=person, starts_at=NINE + timedelta(days=number // 3, minutes=90 * (number % 3)))

    act = lambda: make_times(practice=practice, service=massage, now=NOW, month=NOVEMBER)  # noqa: E731
    assert assert_queries_do_not_grow(act=act, grow=grow) <= 12


def test_make_times_begins_with_the_first_free_day(practice, massage):
    Closure.objects.create(starts_at=NOW, ends_at=NOW + timedelta(days=9))

    times = make_times(practice=practice, service=massage, now=NOW)

    assert (times.month.first, times.day) == (DECEMBER, date(2026, 12, 2))
    assert times.choices[0].starts_at == NINE + timedelta(days=9)


def test_make_times_of_a_full_day_shows_the_next(practice, massage):
    times = make_times(practice=practice, service=massage, now=NOW, day=date(2026, 11, 28))

    assert times.choices == []
    assert times.nearest[0].starts_at == NINE + timedelta(days=7)


def test_make_times_near_a_refused_time_shows_what_lies_around_it(practice, massage, book):
    book(starts_at=NINE + timedelta(days=1))

    times = make_times(practice=practice, service=massage, now=NOW, near=NINE + timedelta(days=1))

    around = [choice.starts_at - NINE - timedelta(days=1) for choice in times.nearest]
    assert around == sorted(around) and len(around) == 6
    assert minutes(75) in around and timedelta(0) not in around


@pytest.mark.parametrize("near", [NOW.replace(year=1), NOW.replace(year=9998)])
def test_make_times_near_any_moment_does_not_break(practice, massage, near):
    assert make_times(practice=practice, service=massage, now=NOW, near=near).month


def test_make_times_with_nobody_free_at_all_says_so(practice, massage):
    Closure.objects.create(starts_at=NOW, ends_at=NOW + timedelta(days=400))

    times = make_times(practice=practice, service=massage, now=NOW)

    assert (times.choices, times.nearest, times.day) == ([], [], None)


def test_make_times_turns_to_months_that_can_be_booked(practice, massage):
    first = make_times(practice=practice, service=massage, now=NOW, month=date(2020, 1, 1)).month
    last = make_times(practice=practice, service=massage, now=NOW, month=date(2030, 1, 1)).month

    assert (first.first, first.before, first.after) == (NOVEMBER, None, DECEMBER)
    assert (last.first, last.after) == (date(2027, 2, 1), None)


def test_make_times_prefers_the_usual_therapist_and_names_each_moment_once(practice, massage, tom, mia):
    times = make_times(practice=practice, service=massage, now=NOW, day=date(2026, 11, 24), prefer=tom)

    assert {choice.therapist for choice in times.choices} == {tom}
    assert len(times.choices) == len({choice.starts_at for choice in times.choices})
