"""Taking back the last act: what it was called, what stands again, and when it is too late."""

from datetime import timedelta

import pytest

from booking.appointments import (
    cancel_appointment,
    confirm_appointment,
    mark_arrived,
    mark_no_show,
    move_appointment,
    reopen_appointment,
)
from booking.models import Appointment, AppointmentLink
from booking.refusals import ChangedMeanwhile, NotNow, RoomTaken, SlotTaken
from booking.undo import NothingToUndo, last_act, undo_last_act
from clients.gate import StopFirst
from clients.todo import raise_alert
from practice.models import AuditEvent
from tests import world
from tests.support.queries import queries_of
from tests.support.visits import make_session
from tests.world import NINE, NOW, minutes

pytestmark = pytest.mark.django_db

ELEVEN = NINE + minutes(120)
LATER = NOW + minutes(1)


@pytest.fixture
def undo(dana):
    """Take back what Dana did last with a visit, a minute later."""

    def undone(visit, by=dana, at=LATER, **said):
        visit.refresh_from_db()
        return undo_last_act(visit, **{"version": visit.version, "by": by, "at": at, **said})

    return undone


def test_undo_of_a_booking_cancels_it_as_a_mistake(visit, undo):
    undo(visit)

    visit.refresh_from_db()
    assert visit.is_cancelled
    assert visit.changes.get().reason == "mistake"


def test_undo_of_a_move_puts_time_therapist_room_and_length_back(visit, undo, dana, tom, green_room):
    blue = world.make_room("Blue room")
    move_appointment(
        visit, starts_at=ELEVEN, therapist=tom, room=blue, duration=minutes(75), by=dana, at=NOW, overrule={"buffer"}
    )

    undo(visit)

    visit.refresh_from_db()
    assert (visit.starts_at, visit.ends_at) == (NINE, NINE + minutes(60))
    assert (visit.room, visit.version) == (green_room, 3)
    assert visit.therapist.first_name == "Mia"
    last = visit.changes.order_by("-pk").first()
    assert (last.kind, last.from_starts_at) == ("reopened", ELEVEN)
    assert AuditEvent.objects.filter(action="appointment.moved_back").count() == 1


def test_undo_of_a_move_keeps_the_client_s_yes(visit, undo, dana):
    confirm_appointment(visit, by=dana, at=NOW)
    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)

    undo(visit)

    visit.refresh_from_db()
    assert visit.status == "confirmed"

    mark_arrived(visit, by=dana, at=NOW)
    assert reopen_appointment(visit, by=dana, at=NOW).status == "confirmed"


def test_undo_of_a_move_opens_the_links_it_closed_and_closes_the_new_ones(visit, undo, dana):
    token = AppointmentLink.mint(now=NOW, expires_at=visit.starts_at, appointment=visit)
    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)
    newer = AppointmentLink.mint(now=NOW, expires_at=ELEVEN, appointment=visit)

    undo(visit)

    assert AppointmentLink.objects.opened_by(token, now=LATER) is not None
    assert AppointmentLink.objects.opened_by(newer, now=LATER) is None


@pytest.mark.parametrize("act", ["cancelled", "arrived", "no_show"])
def test_undo_of_what_happened_at_the_door_and_of_a_cancellation(visit, undo, dana, act):
    at = NINE + minutes(5)
    if act == "cancelled":
        cancel_appointment(visit, reason="sick", by=dana, at=at)
    else:
        {"arrived": mark_arrived, "no_show": mark_no_show}[act](visit, by=dana, at=at)

    undo(visit, at=at + minutes(1))

    visit.refresh_from_db()
    assert visit.status == "booked"


def test_undo_is_refused_when_somebody_changed_it_meanwhile(visit, undo, dana, olga):
    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)
    shown = Appointment.objects.get().version
    move_appointment(visit, starts_at=ELEVEN + minutes(60), by=olga, at=NOW)

    with pytest.raises(ChangedMeanwhile):
        undo(visit, version=shown)
    with pytest.raises(NothingToUndo):
        undo(visit)  # the page is fresh, but the act is Olga's


def test_undo_is_refused_when_the_change_on_the_page_is_not_the_last(visit, undo, dana):
    """An arrival does not raise the version: what was shown is compared by its number, too."""
    mark_arrived(visit, by=dana, at=NOW)

    with pytest.raises(ChangedMeanwhile):
        undo(visit, seen=0)


def test_undo_is_refused_after_half_an_hour(visit, undo):
    with pytest.raises(NothingToUndo):
        undo(visit, at=NOW + timedelta(minutes=31))

    assert undo(visit, at=NOW + timedelta(minutes=30)).is_cancelled


def test_undo_is_refused_when_the_old_time_is_taken(visit, undo, book, ben, dana):
    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)
    book(client=ben)

    with pytest.raises(SlotTaken):
        undo(visit)
    visit.refresh_from_db()
    assert visit.starts_at == ELEVEN


def test_undo_is_refused_when_the_old_room_is_taken(visit, undo, book, ben, tom, dana):
    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)
    book(client=ben, therapist=tom)

    with pytest.raises(RoomTaken, match="given to somebody else"):
        undo(visit)


def test_undo_is_refused_once_charting_began(visit, undo, dana):
    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)
    make_session(visit)

    with pytest.raises(NotNow):
        undo(visit)


def test_undo_of_an_undo_is_not_on_offer(visit, undo, dana):
    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)
    undo(visit)

    with pytest.raises(NothingToUndo):
        undo(visit)
    assert last_act(dana, LATER).is_undoable is False


# --- what the board says about it


def test_last_act_says_what_was_done(visit, dana, undo):
    assert last_act(dana, NOW).words == "Booked: Ada Müller with Mia Berg on Mon 23 Nov 2026 at 09:00, Green room."

    move_appointment(visit, starts_at=NINE, duration=minutes(75), by=dana, at=NOW)
    assert last_act(dana, NOW).words == "New length: Ada Müller now has 1 h 15 min, until 10:15."

    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)
    assert last_act(dana, NOW).words == "Moved: Ada Müller with Mia Berg on Mon 23 Nov 2026 at 11:00, Green room."

    mark_arrived(visit, by=dana, at=NOW)
    assert last_act(dana, NOW).words == "Ada Müller has arrived."

    undo(visit)
    assert last_act(dana, NOW).words.startswith("Taken back. Ada Müller with Mia Berg")

    cancel_appointment(visit, reason="sick", by=dana, at=NOW)
    assert last_act(dana, NOW).words == "Cancelled: Ada Müller on Mon 23 Nov 2026, 11:00."


def test_last_act_is_one_s_own_the_last_one_and_no_older_than_half_an_hour(visit, book, ben, tom, dana, olga):
    world.make_room("Blue room")
    assert last_act(olga, NOW) is None
    assert last_act(dana, NOW + timedelta(minutes=31)) is None

    mark_arrived(visit, by=dana, at=NOW)
    assert last_act(dana, NOW).change.kind == "arrived"

    second = book(client=ben, therapist=tom, at=NOW + minutes(2))
    assert last_act(dana, NOW + minutes(2)).appointment == second


def test_last_act_is_gone_when_somebody_else_went_on_from_there(visit, dana, olga):
    mark_arrived(visit, by=olga, at=NOW)

    assert last_act(dana, NOW) is None
    assert last_act(olga, NOW).words == "Ada Müller has arrived."


def test_last_act_asks_as_often_for_many_visits(visit, book, ben, dana):
    before = len(queries_of(lambda: last_act(dana, NOW)))
    for day in range(1, 5):
        book(client=ben, starts_at=NINE + timedelta(days=day))

    assert len(queries_of(lambda: last_act(dana, NOW))) == before <= 4


def test_undo_of_a_move_moves_nobody_whom_the_gate_bars(visit, undo, ada, dana):
    move_appointment(visit, starts_at=ELEVEN, by=dana, at=NOW)
    raise_alert(client=ada, subject="intake:1", at=NOW)

    with pytest.raises(StopFirst):
        undo(visit)

    visit.refresh_from_db()
    assert visit.starts_at == ELEVEN


# --- what was only held


HELD_UNTIL = NOW + minutes(30)


def cancelled(held, dana):
    return cancel_appointment(held, reason="other", by=dana, at=NOW)


def moved(held, dana):
    return move_appointment(held, starts_at=ELEVEN, by=dana, at=NOW)


@pytest.mark.parametrize("act", [cancelled, moved])
def test_a_held_time_taken_back_is_held_again_and_not_booked_without_the_client(book, undo, dana, act):
    held = book(held_until=HELD_UNTIL)
    act(held, dana)

    undo(held)

    held.refresh_from_db()
    assert (held.status, held.held_until, held.starts_at) == ("held", HELD_UNTIL, NINE)


@pytest.mark.parametrize("act", [cancelled, moved])
def test_a_held_time_is_not_taken_back_once_it_would_have_lapsed(book, undo, dana, act):
    held = book(held_until=NOW + minutes(5))
    act(held, dana)

    with pytest.raises(NotNow, match="If the client says yes now, book a new visit"):
        undo(held, at=NOW + minutes(5))

    held.refresh_from_db()
    assert held.version == 2


def test_reopening_a_cancelled_hold_holds_it_again(book, dana):
    held = book(held_until=HELD_UNTIL)
    cancelled(held, dana)

    reopen_appointment(held, by=dana, at=LATER)

    held.refresh_from_db()
    assert (held.status, held.held_until) == ("held", HELD_UNTIL)
