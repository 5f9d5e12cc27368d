"""Real threads, one slot: the constraints hold while everybody writes at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations import RemoveConstraint

from practice.constraints import violates
from tests.constraints.app.models import Cabin, Line, LogEntry, Mark, Paper, Stay
from tests.constraints.times import NINE, TEN, minutes

pytestmark = pytest.mark.django_db(transaction=True)

RACERS = 8


def race(act):
    """Run `act(number)` in eight threads that start together; return what each gave back."""
    start = threading.Barrier(RACERS)

    def run(number):
        try:
            start.wait(timeout=20)
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def book(cabin, number, lock):
    """Book around nine o'clock, each racer a minute later; say whether it worked. Any other error is a failure."""
    start = NINE + minutes(number)
    try:
        with transaction.atomic():
            if lock:
                Cabin.objects.select_for_update(no_key=True).get(pk=cabin.pk)
            Stay.objects.create(cabin=cabin, starts_at=start, ends_at=start + minutes(60))
    except IntegrityError as error:
        if not violates(error, "stay_cabin_is_free"):
            raise
        return False
    return True


def test_eight_racers_for_one_slot_have_one_winner_and_no_deadlock(cabin):
    for _ in range(10):
        won = race(lambda number: book(cabin, number, lock=True))

        assert won.count(True) == 1
        assert Stay.objects.count() == 1
        Stay.objects.all().delete()


def test_without_the_constraint_the_same_race_ends_in_overlaps(migrated, cabin):
    migrated(RemoveConstraint("stay", "stay_cabin_is_free"))

    won = race(lambda number: book(cabin, number, lock=True))
    Stay.objects.all().delete()

    assert won.count(True) == RACERS


def test_eight_racers_for_eight_cabins_all_win(db):
    cabins = Cabin.objects.bulk_create(Cabin(name=str(number)) for number in range(RACERS))

    won = race(lambda number: book(cabins[number], number, lock=True))

    assert all(won)


@pytest.mark.parametrize("attack", ["add a line", "add a mark", "change a mark", "delete a line"])
def test_nothing_slips_under_a_signature_that_is_about_to_be_committed(draft, attack):
    """The attacker starts when the signature is written and not yet committed, and must not get past it."""
    written, line = threading.Event(), draft.lines.get()
    acts = {
        "add a line": lambda: Line.objects.create(paper=draft, text="And"),
        "add a mark": lambda: Mark.objects.create(line=line, text="?"),
        "change a mark": lambda: Mark.objects.update(text="?"),
        "delete a line": lambda: Line.objects.filter(pk=line.pk)._raw_delete("default"),
    }

    def sign():
        try:
            with transaction.atomic():
                Paper.objects.filter(pk=draft.pk).update(signed_at=TEN)
                written.set()
                threading.Event().wait(0.5)  # time enough for the attacker to arrive at the lock
        finally:
            connection.close()

    signer = threading.Thread(target=sign)
    signer.start()
    assert written.wait(timeout=10)
    with pytest.raises(IntegrityError) as caught:
        acts[attack]()
    signer.join()

    assert violates(caught.value, "line_paper_is_signed") or violates(caught.value, "mark_paper_is_signed")
    assert Mark.objects.get().text == "!"


def test_eight_writers_and_signers_of_one_paper_do_not_deadlock(draft):
    def write_or_sign(number):
        try:
            with transaction.atomic():
                Line.objects.create(paper=draft, text=str(number))
                Paper.objects.filter(pk=draft.pk).update(signed_at=TEN)
        except IntegrityError as error:
            return not (violates(error, "line_paper_is_signed") or violates(error, "paper_is_signed"))
        return True

    done = race(write_or_sign)

    assert done.count(True) == 1
    assert draft.lines.count() == 2


def test_eight_writers_of_a_log_all_get_their_line_in(db):
    race(lambda number: LogEntry.objects.create(text=str(number)))

    assert LogEntry.objects.count() == RACERS
