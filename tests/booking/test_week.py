"""The week of one therapist: which days, over which hours, and what stands in them."""

from datetime import date, timedelta

import pytest

from booking.week import load_week, monday_of
from practice.models import Closure
from tests.support.queries import assert_queries_do_not_grow
from tests.support.visits import make_visit
from tests.world import NINE, NOW, TODAY, make_client, minutes

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def week_of(practice, dana):
    """Return Dana's view of a therapist's week."""

    def load(therapist, day=TODAY, now=NOW, user=dana):
        return load_week(practice=practice, therapist=therapist, day=day, user=user, now=now)

    return load


def test_monday_of_any_day_is_its_week_s_first():
    assert {monday_of(TODAY + n * DAY) for n in range(7)} == {TODAY}


def test_a_week_shows_monday_to_friday(week_of, mia):
    board = week_of(mia, day=TODAY + 3 * DAY)

    assert [column.day for column in board.columns] == [TODAY + n * DAY for n in range(5)]
    assert [f"{moment:%H:%M}" for _, moment in board.hours] == [f"{hour:02}:00" for hour in range(9, 17)]


def test_a_week_grows_by_the_saturday_and_the_hours_in_which_something_is_booked(week_of, mia, tom, ada, massage):
    make_visit(ada, mia, massage, starts_at=NINE + 5 * DAY + minutes(540))
    make_visit(ada, tom, massage, starts_at=NINE + 6 * DAY)

    board = week_of(mia)

    assert [column.day.weekday() for column in board.columns] == [0, 1, 2, 3, 4, 5]
    assert f"{board.hours[-1][1]:%H:%M}" == "18:00"
    (card,) = [entry for column in board.columns for entry in column.entries if entry.kind == "visit"]
    assert (card.row, card.rows) == (108, 12)


def test_a_week_shows_closures_on_their_day_and_now_on_its_own(week_of, mia):
    Closure.objects.create(therapist=mia, starts_at=NINE + DAY, ends_at=NINE + DAY + minutes(60), reason="Team meeting")

    board = week_of(mia, now=NINE + minutes(60))

    words = [[entry.words for entry in column.entries if entry.words] for column in board.columns]
    assert words == [[], ["Team meeting"], [], [], []]
    assert [column.now_row for column in board.columns] == [12, None, None, None, None]


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2027, 10, 31)])
def test_a_week_in_which_the_clocks_change_keeps_its_hours(week_of, mia, ada, massage, day):
    nine_on_sunday = NINE.replace(year=day.year, month=day.month, day=day.day) - minutes(60 if day.month == 3 else 0)
    make_visit(ada, mia, massage, starts_at=nine_on_sunday)

    board = week_of(mia, day=day)

    (card,) = [entry for column in board.columns for entry in column.entries if entry.kind == "visit"]
    assert (card.row, board.columns[-1].day, board.rows) == (0, day, 96)


def test_a_week_of_somebody_else_is_empty_for_a_therapist(week_of, mia, tom, visit):
    visits = [entry for column in week_of(mia, user=tom).columns for entry in column.entries if entry.kind == "visit"]

    assert visits == []


def test_a_week_asks_as_often_for_many_visits(week_of, mia, tom, visit, massage):
    def grow():
        for number in range(24):
            client = make_client("Cleo", f"Hart{number}")
            make_visit(client, mia, massage, starts_at=NINE + (1 + number // 6) * DAY + minutes(number % 6 * 75))

    assert_queries_do_not_grow(act=lambda: week_of(mia), grow=grow)
