"""A visit may be longer or shorter than its service: stretching it, and moving it without losing its length."""

from uuid import uuid4

import pytest

from booking.appointments import confirm_appointment, mark_arrived, move_appointment, reopen_appointment
from booking.models import AppointmentLink
from booking.refusals import ClientBusy, NotThisLong, SlotTaken, Warned
from booking.undo import undo_last_act
from practice.idempotency import FormAlreadyUsed
from tests import world
from tests.world import NINE, NOW, minutes

pytestmark = pytest.mark.django_db

ELEVEN = NINE + minutes(120)


@pytest.fixture
def stretch(visit, dana):
    """Make Ada's visit as long as said."""

    def stretched(length, **said):
        asked = {"starts_at": visit.starts_at, "duration": minutes(length), "by": dana, "at": NOW, **said}
        return move_appointment(visit, **asked)

    return stretched


@pytest.mark.parametrize("length", [5, 45, 75, 480])
def test_a_visit_takes_a_length_of_its_own(stretch, visit, length):
    stretch(length)

    visit.refresh_from_db()
    assert visit.ends_at == NINE + minutes(length)
    assert visit.changes.get().from_ends_at == NINE + minutes(60)


@pytest.mark.parametrize("length", [0, -30, 4, 485, 62])
def test_no_visit_is_too_short_too_long_or_between_the_steps(stretch, visit, length):
    with pytest.raises(NotThisLong):
        stretch(length)

    visit.refresh_from_db()
    assert visit.ends_at == NINE + minutes(60)


def test_a_stretched_visit_keeps_its_length_when_moved(stretch, visit, dana):
    stretch(75)

    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)

    visit.refresh_from_db()
    assert (visit.starts_at, visit.ends_at) == (ELEVEN, ELEVEN + minutes(75))


def test_nobody_is_stretched_over_the_therapist_s_next_visit(stretch, book, ben):
    book(client=ben, starts_at=NINE + minutes(60))

    with pytest.raises(SlotTaken):
        stretch(65, overrule={"buffer"})


def test_nobody_is_stretched_over_their_own_next_visit(stretch, book, tom, ada):
    world.make_room("Blue room")
    book(therapist=tom, starts_at=NINE + minutes(60))

    with pytest.raises(ClientBusy):
        stretch(90)


def test_a_stretch_out_of_hours_is_warned_of_and_can_be_overruled(visit, stretch, dana):
    with pytest.raises(Warned) as warned:
        stretch(480, starts_at=NINE + minutes(60))
    assert set(warned.value.warnings) == {"hours"}

    assert stretch(480, starts_at=NINE + minutes(60), overrule={"hours"}).version == 2


def test_stretching_to_the_same_length_changes_nothing(stretch, visit):
    assert stretch(60).version == 1
    assert not visit.changes.exists()


def test_a_drop_sent_twice_moves_once(visit, dana):
    key = uuid4()
    asked = {"starts_at": ELEVEN, "by": dana, "at": NOW, "version": 1, "key": key}

    move_appointment(visit, **asked)
    again = move_appointment(visit, **asked)

    assert (again.starts_at, again.version) == (ELEVEN, 2)
    assert visit.changes.count() == 1
    with pytest.raises(FormAlreadyUsed):
        move_appointment(visit, **asked | {"starts_at": NINE})


def test_a_new_length_takes_no_yes_back_and_closes_no_link(visit, stretch, dana):
    confirm_appointment(visit, by=dana, at=NOW)
    token = AppointmentLink.mint(now=NOW, expires_at=visit.starts_at, appointment=visit)

    assert stretch(75).status == "confirmed"
    assert AppointmentLink.objects.opened_by(token, now=NOW) is not None

    mark_arrived(visit, by=dana, at=NOW)
    assert reopen_appointment(visit, by=dana, at=NOW).status == "confirmed"


def test_a_stretch_taken_back_takes_no_yes_back_either(visit, stretch, dana):
    confirm_appointment(visit, by=dana, at=NOW)
    token = AppointmentLink.mint(now=NOW, expires_at=visit.starts_at, appointment=visit)

    stretched = stretch(75)
    undone = undo_last_act(stretched, version=stretched.version, by=dana, at=NOW)

    assert (undone.status, undone.ends_at) == ("confirmed", NINE + minutes(60))
    assert AppointmentLink.objects.opened_by(token, now=NOW) is not None


def test_a_visit_that_has_begun_can_still_be_stretched(visit, stretch):
    assert stretch(90, at=NINE + minutes(40)).ends_at == NINE + minutes(90)
