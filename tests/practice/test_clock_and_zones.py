"""The clock, and wall-clock arithmetic where clocks jump."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from practice import clock
from practice.zones import at_wall_time, validate_zone, wall_days_later

NEW_YORK, LONDON, LORD_HOWE = ZoneInfo("America/New_York"), ZoneInfo("Europe/London"), ZoneInfo("Australia/Lord_Howe")


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "wall", "expected"),
    [
        (NEW_YORK, date(2027, 3, 13), time(2, 30), utc(2027, 3, 13, 7, 30)),
        (NEW_YORK, date(2027, 3, 14), time(2, 30), utc(2027, 3, 14, 7, 0)),  # skipped: first moment after the gap
        (NEW_YORK, date(2027, 11, 7), time(1, 30), utc(2027, 11, 7, 5, 30)),  # twice: the first
        (LONDON, date(2027, 3, 28), time(1, 30), utc(2027, 3, 28, 1, 0)),
        (LONDON, date(2027, 10, 31), time(1, 30), utc(2027, 10, 31, 0, 30)),
        (LORD_HOWE, date(2027, 10, 3), time(2, 10), utc(2027, 10, 2, 15, 30)),  # half an hour is skipped
        (LORD_HOWE, date(2027, 4, 4), time(1, 45), utc(2027, 4, 3, 14, 45)),
    ],
)
def test_at_wall_time_where_clocks_jump(zone, day, wall, expected):
    assert at_wall_time(day, wall, zone) == expected


def test_wall_days_later_keeps_the_wall_clock_across_a_jump():
    assert wall_days_later(utc(2027, 3, 13, 14, 0), 1, NEW_YORK) == utc(2027, 3, 14, 13, 0)


@pytest.mark.parametrize("name", ["Mars/Base", "", "EST5EDT", "Europe/London; DROP"])
def test_validate_zone_knows_only_real_places(name):
    with pytest.raises(ValidationError):
        validate_zone(name)


@pytest.fixture
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_the_demos_clock_moves_and_every_process_sees_it(data_dir):
    clock.move(timedelta(days=1))

    assert clock.offset() == timedelta(days=1)
    assert (data_dir / "clock").read_text() == "86400"


def test_the_clock_cannot_be_moved_outside_the_demo(settings, data_dir):
    (data_dir / "clock").write_text("86400")
    settings.DEMO = False

    assert clock.offset() == timedelta(0)
    with pytest.raises(RuntimeError):
        clock.move(timedelta(days=1))


def test_a_broken_clock_file_counts_as_no_offset(data_dir):
    (data_dir / "clock").write_text("soon")

    assert clock.offset() == timedelta(0)
