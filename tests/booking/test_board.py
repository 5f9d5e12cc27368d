"""The board's rows at the edges of a day: midnight, odd grids, nights in which the clocks change."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from booking.board import load_board
from booking.models import Appointment
from practice.models import Closure, WorkingHours
from tests.world import NINE, NOW, TODAY, minutes


@pytest.fixture
def board_of(practice, dana):
    """Return Dana's board of a day."""

    def load(day=TODAY, now=NOW):
        return load_board(practice=practice, day=day, user=dana, now=now)

    return load


def entries(board, kind):
    return [entry for column in board.columns for entry in column.entries if entry.kind == kind]


def place(client, therapist, service, starts_at, length):
    return Appointment.objects.create(
        client=client,
        therapist=therapist,
        service=service,
        starts_at=starts_at,
        ends_at=starts_at + minutes(length),
        booked_at=NOW,
    )


def test_board_begins_and_ends_with_the_hours_worked(board_of, mia):
    board = board_of()

    assert [f"{moment:%H:%M}" for _, moment in board.hours] == [f"{hour:02}:00" for hour in range(9, 17)]
    assert (board.rows, board.now_row) == (96, None)


def test_board_grows_to_hold_a_late_visit(board_of, mia, ada, massage):
    place(ada, mia, massage, NINE + minutes(570), 50)

    board = board_of()

    assert f"{board.hours[-1][1]:%H:%M}" == "19:00"
    (card,) = entries(board, "visit")
    assert (card.row, card.rows) == (114, 10)


@pytest.mark.parametrize("day", [TODAY, TODAY + timedelta(days=1)])
def test_a_visit_across_midnight_stands_on_both_days_inside_them(board_of, mia, ada, massage, day):
    place(ada, mia, massage, datetime(2026, 11, 23, 23, 30, tzinfo=UTC), 60)

    board = board_of(day)

    (card,) = entries(board, "visit")
    assert card.rows == 6
    assert card.row + card.rows <= board.rows <= 288


def test_a_visit_between_the_rows_covers_every_minute_it_takes(board_of, mia, ada, massage):
    place(ada, mia, massage, NINE + minutes(3), 10)

    (card,) = entries(board_of(), "visit")

    assert (card.row, card.rows) == (0, 3)


@pytest.mark.parametrize("step", [5, 7, 25, 60])
def test_free_times_keep_inside_the_board_whatever_the_grid(board_of, practice, mia, step):
    practice.slot_minutes = step
    practice.save()

    board = board_of()

    slots = entries(board, "slot")
    assert slots
    assert all(slot.row >= 0 and slot.row + slot.rows <= board.rows + 1 for slot in slots)


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2027, 10, 31)])
def test_board_of_a_night_in_which_the_clocks_change(board_of, practice, mia, day):
    WorkingHours.objects.create(therapist=mia, weekday=6, starts=time(0), ends=time(6))

    board = board_of(day)

    starts = [slot.starts_at for slot in entries(board, "slot")]
    assert starts == sorted(set(starts))
    assert board.rows == (60 if day.month == 3 else 84)


def test_now_has_a_row_only_on_its_day(board_of, mia):
    assert board_of(now=NINE + minutes(61)).now_row == 12
    assert board_of(TODAY + timedelta(days=1), now=NINE).now_row is None


def test_a_closure_of_the_practice_shades_everybody(board_of, mia, tom):
    Closure.objects.create(starts_at=NINE, ends_at=NINE + timedelta(days=1), reason="Holiday")

    board = board_of()

    assert [entry.words for entry in entries(board, "closed") if entry.words] == ["Holiday", "Holiday"]
    assert not entries(board, "slot")


def test_a_closure_of_a_room_shades_nobody(board_of, mia, green_room):
    Closure.objects.create(room=green_room, starts_at=NINE, ends_at=NINE + minutes(60), reason="Painting")

    assert not [entry for entry in entries(board_of(), "closed") if entry.words]
