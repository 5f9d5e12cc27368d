"""NoOverlap: one cabin, one party at a time, whoever writes."""

import sqlite3
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.utils import ConnectionHandler
from django.forms import modelform_factory

from practice.constraints import Later, violates
from tests.constraints.app.models import Cabin, Stay
from tests.constraints.times import ELEVEN, NINE, TEN, TWELVE, minutes

pytestmark = pytest.mark.django_db


@contextmanager
def refused(name="stay_cabin_is_free"):
    """The block is stopped by the constraint called `name`, in a savepoint of its own."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    assert violates(caught.value, name)


def stay(cabin, start=NINE, end=TEN, **fields):
    return Stay.objects.create(cabin=cabin, starts_at=start, ends_at=end, **fields)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NINE, TEN),
        (NINE + minutes(59), ELEVEN),
        (NINE - minutes(30), NINE + minutes(1)),
        (NINE + minutes(10), NINE + minutes(20)),
        (NINE - minutes(60), ELEVEN),
    ],
    ids=["same", "into the end", "into the start", "inside", "around"],
)
def test_no_overlap_refuses_an_overlap(cabin, start, end):
    stay(cabin)

    with refused():
        stay(cabin, start, end)


def test_no_overlap_allows_touching_ends_and_other_cabins(cabin):
    stay(cabin, TEN, ELEVEN)

    stay(cabin, NINE, TEN)
    stay(cabin, ELEVEN, TWELVE)
    stay(Cabin.objects.create(name="In the wood"), TEN, ELEVEN)

    assert Stay.objects.count() == 4


def test_no_overlap_leaves_rows_without_a_key_alone(cabin):
    stay(None)
    stay(None)
    stay(cabin)

    assert Stay.objects.filter(cabin=None).count() == 2


def test_no_overlap_refuses_to_give_a_waiting_row_a_taken_key(cabin):
    stay(cabin)
    waiting = stay(None)
    waiting.cabin = cabin

    with refused():
        waiting.save()


def test_no_overlap_lets_a_cancelled_row_go_and_not_come_back(cabin):
    first = stay(cabin)
    Stay.objects.filter(pk=first.pk).update(status="cancelled")
    stay(cabin)

    with refused():
        Stay.objects.filter(pk=first.pk).update(status="booked")


def test_no_overlap_refuses_a_move_by_update_bulk_update_and_sql(cabin):
    stay(cabin)
    later = stay(cabin, TEN, ELEVEN)
    later.starts_at = TEN - minutes(1)

    with refused():
        Stay.objects.filter(pk=later.pk).update(starts_at=later.starts_at)
    with refused():
        Stay.objects.bulk_update([later], ["starts_at"])
    with refused(), connection.cursor() as cursor:
        cursor.execute("UPDATE constraint_trials_stay SET cabin_id = cabin_id, starts_at = %s", [later.starts_at])


def test_no_overlap_looks_at_every_row_of_bulk_create(cabin):
    rows = [Stay(cabin=cabin, starts_at=NINE + minutes(45 * n), ends_at=NINE + minutes(45 * n + 60)) for n in range(3)]

    with refused():
        Stay.objects.bulk_create(rows)

    assert not Stay.objects.exists()


def test_no_overlap_lets_a_row_shift_over_itself(cabin):
    own = stay(cabin)

    own.starts_at, own.ends_at = own.starts_at + minutes(15), own.ends_at + minutes(15)
    own.full_clean()
    own.save()

    own.refresh_from_db()
    assert own.starts_at == NINE + minutes(15)


def test_no_overlap_counts_microseconds(cabin):
    tick = timedelta(microseconds=1)
    stay(cabin, NINE, TEN + tick)

    with refused():
        stay(cabin, TEN, ELEVEN)
    stay(cabin, TEN + tick, ELEVEN)


def test_no_overlap_compares_moments_not_clock_faces(cabin):
    new_york = ZoneInfo("America/New_York")
    stay(
        cabin,
        datetime(2026, 11, 1, 1, 30, fold=0, tzinfo=new_york),
        datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=new_york),
    )

    stay(cabin, datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=new_york), datetime(2026, 11, 1, 2, 30, tzinfo=new_york))
    with refused():
        stay(
            cabin,
            datetime(2026, 11, 1, 6, 0, tzinfo=ZoneInfo("UTC")),
            datetime(2026, 11, 1, 6, 10, tzinfo=ZoneInfo("UTC")),
        )


@pytest.mark.parametrize("into", [minutes(1), timedelta(hours=23, minutes=59), timedelta(hours=23.9999)])
def test_no_overlap_sees_as_far_back_as_the_longest_row(cabin, into):
    stay(cabin, NINE, NINE + timedelta(days=1))

    with refused():
        stay(cabin, NINE + into, NINE + into + timedelta(days=1))
    stay(cabin, NINE + timedelta(days=1), NINE + timedelta(days=2))


def test_no_overlap_sees_a_fraction_of_a_second_at_the_far_end(cabin):
    start = NINE + timedelta(microseconds=900_000)
    stay(cabin, start, start + timedelta(days=1))

    with refused():
        stay(cabin, start + timedelta(days=1, microseconds=-1), start + timedelta(days=1, hours=1))


def test_rows_that_last_longer_than_the_constraint_looks_back_are_refused(cabin):
    with refused("stay_lasts_at_most_a_day"):
        stay(cabin, NINE, NINE + timedelta(days=1, microseconds=1))
    with refused("stay_ends_after_it_starts"):
        stay(cabin, NINE, NINE)


def test_full_clean_says_it_in_words(cabin):
    stay(cabin)
    late = Stay(cabin=cabin, starts_at=NINE + minutes(30), ends_at=ELEVEN)

    with pytest.raises(ValidationError) as caught:
        late.full_clean()

    assert caught.value.messages == ["The cabin is taken then."]
    assert caught.value.error_dict["__all__"][0].code == "overlap"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "cancelled"},
        {"starts_at": TEN, "ends_at": ELEVEN},
        {"starts_at": NINE - minutes(60), "ends_at": NINE},
    ],
    ids=["cancelled", "after", "before"],
)
def test_full_clean_finds_nothing_wrong_with_what_the_database_allows(cabin, fields):
    stay(cabin)

    Stay(**{"cabin": cabin, "starts_at": NINE, "ends_at": TEN} | fields).full_clean()


def test_full_clean_allows_the_first_day_of_the_calendar(cabin):
    first = datetime.min.replace(tzinfo=ZoneInfo("UTC"))

    Stay(cabin=cabin, starts_at=first, ends_at=first + minutes(5)).full_clean()


def test_a_form_without_the_condition_s_field_still_asks(cabin):
    stay(cabin)
    form = modelform_factory(Stay, fields=["cabin", "starts_at", "ends_at"])(
        {"cabin": cabin.pk, "starts_at": "2026-11-23 09:30", "ends_at": "2026-11-23 10:30"}
    )

    assert form.non_field_errors() == ["The cabin is taken then."]


def test_the_bound_of_a_row_is_checked_in_forms_too(cabin):
    with pytest.raises(ValidationError, match="stay_lasts_at_most_a_day"):
        Stay(cabin=cabin, starts_at=NINE, ends_at=NINE + timedelta(days=1, microseconds=1)).full_clean()

    Stay(cabin=cabin, starts_at=NINE, ends_at=NINE + timedelta(days=1)).full_clean()


def test_later_adds_seconds_not_calendar_days(cabin):
    start = NINE + timedelta(microseconds=250)
    Stay.objects.create(cabin=cabin, starts_at=start, ends_at=TEN)

    assert Stay.objects.filter(starts_at=start).annotate(next=Later("starts_at", timedelta(hours=20))).get().next == (
        start + timedelta(hours=20)
    )


def test_fractions_of_a_second_are_refused_as_a_bound(cabin):
    with pytest.raises(ValueError, match="whole number of seconds"):
        Stay.objects.annotate(next=Later("starts_at", timedelta(milliseconds=1500))).first()


@pytest.fixture
def small_sqlite(db):
    """A SQLite database of its own with an empty `Stay` table, whatever the tests run on."""
    handler = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    with handler["default"].schema_editor() as editor:
        editor.create_model(Cabin)
        editor.create_model(Stay)
    yield handler["default"].connection
    handler["default"].close()


def steps_of_one_more(database, number):
    """Count the steps SQLite's machine takes to insert the hour with that number."""
    counted = []
    database.set_progress_handler(lambda: counted.append(1), 1)
    insert_hours(database, [number])
    database.set_progress_handler(None, 1)
    return len(counted)


def insert_hours(database, numbers):
    times = ((str(NINE + timedelta(hours=n))[:19], str(NINE + timedelta(hours=n + 1))[:19]) for n in numbers)
    columns = "cabin_id, status, starts_at, ends_at"
    database.executemany(f"INSERT INTO constraint_trials_stay ({columns}) VALUES (1, 'booked', ?, ?)", times)


def test_the_check_does_not_slow_down_as_the_table_grows(small_sqlite):
    small_sqlite.execute("INSERT INTO constraint_trials_cabin VALUES (1, 'By the lake')")
    insert_hours(small_sqlite, range(100))
    few = steps_of_one_more(small_sqlite, 100)

    insert_hours(small_sqlite, range(101, 3000))

    assert steps_of_one_more(small_sqlite, 3000) <= few * 1.1


def test_the_tables_need_nothing_but_sqlite(small_sqlite, tmp_path):
    copy = sqlite3.connect(tmp_path / "copy.sqlite3")
    small_sqlite.backup(copy)
    copy.execute("INSERT INTO constraint_trials_cabin VALUES (1, 'By the lake')")
    insert_hours(copy, range(3))

    with pytest.raises(sqlite3.IntegrityError, match="stay_cabin_is_free"):
        insert_hours(copy, [1])
    copy.commit()
    copy.execute("VACUUM")
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
