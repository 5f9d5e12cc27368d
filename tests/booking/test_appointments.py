"""Booking, moving, cancelling and marking: each refusal, each trace it leaves, and the backstop behind the checks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from booking.appointments import (
    cancel_appointment,
    confirm_appointment,
    mark_arrived,
    mark_no_show,
    move_appointment,
    reopen_appointment,
)
from booking.models import Appointment, AppointmentLink
from booking.placing import lock
from booking.refusals import (
    RULES,
    ChangedMeanwhile,
    ClientBusy,
    NotNow,
    NotOffered,
    RoomTaken,
    SlotTaken,
    TimeIsPast,
    TooLate,
    Warned,
    promised,
)
from clients.gate import StopFirst
from clients.models import Intake
from clients.todo import raise_alert
from practice.errors import Retry
from practice.idempotency import FormAlreadyUsed
from practice.models import AuditEvent, Closure
from tests import world
from tests.world import NINE, NOW, minutes

TEN, NOON = NINE + minutes(60), NINE + minutes(180)
DAY = timedelta(days=1)


# --- book


def test_book_appointment_takes_time_therapist_and_the_first_free_room(visit, ada, mia, green_room, dana):
    assert (visit.client, visit.therapist, visit.room) == (ada, mia, green_room)
    assert visit.ends_at - visit.starts_at == minutes(60)
    assert (visit.status, visit.version, visit.booked_at, visit.booked_by) == ("booked", 1, NOW, dana)


def test_book_appointment_is_in_the_audit(visit, dana, ada):
    event = AuditEvent.objects.get(action="appointment.booked")

    assert (event.by, event.target_id, event.about_client_id) == (dana, visit.pk, ada.pk)
    assert event.detail == {"overruled": "notice"}


def test_book_appointment_and_its_audit_are_one(book, monkeypatch):
    def broken(**anything):
        raise RuntimeError("the audit is away")

    monkeypatch.setattr("practice.audit.record", broken)

    with pytest.raises(RuntimeError):
        book()

    assert not Appointment.objects.exists()


def test_book_appointment_asks_for_an_intake_once(book, ada):
    book()
    book(starts_at=NOON)

    assert ada.intakes.count() == 1


def test_book_appointment_asks_for_no_intake_when_one_was_handed_in(book, ada):
    Intake.objects.create(client=ada, requested_at=NOW, submitted_at=NOW)

    book()

    assert not ada.intakes.open().exists()


def test_book_appointment_refuses_a_taken_slot(book, ben):
    book()

    with pytest.raises(SlotTaken):
        book(client=ben, starts_at=NINE + minutes(59))


def test_book_appointment_lets_visits_touch_when_staff_overrule_the_break(book, ben):
    book()

    with pytest.raises(Warned) as refusal:
        book(client=ben, starts_at=TEN, overrule=())
    assert set(refusal.value.warnings) == {"buffer", "room"}

    assert book(client=ben, starts_at=TEN).starts_at == TEN


def test_book_appointment_refuses_a_client_who_is_elsewhere(book, tom):
    world.make_room("Blue room")
    book()

    with pytest.raises(ClientBusy):
        book(therapist=tom, starts_at=NINE + minutes(30))


def test_book_appointment_refuses_when_the_only_room_is_taken(book, ben, tom):
    book()

    with pytest.raises(RoomTaken):
        book(client=ben, therapist=tom)


def test_book_appointment_takes_the_next_room(book, ben, tom):
    blue_room = world.make_room("Blue room")

    assert book(room=blue_room).room == blue_room
    assert book(client=ben, therapist=tom).room != blue_room


def test_book_appointment_needs_no_room_when_the_service_does_not(book, massage):
    massage.needs_room = False
    massage.save()

    assert book().room is None


def test_book_appointment_refuses_a_room_that_does_not_suit(book, massage, green_room):
    massage.rooms.add(green_room)

    with pytest.raises(NotOffered):
        book(room=world.make_room("Store"))


@pytest.mark.parametrize("why", ["not hers", "off offer", "gone"])
def test_book_appointment_refuses_what_is_not_offered(book, mia, massage, why):
    if why == "not hers":
        massage.therapists.remove(mia)
    elif why == "off offer":
        massage.is_active = False
        massage.save()
    else:
        mia.is_active = False
        mia.save()

    with pytest.raises(NotOffered):
        book()


def test_book_appointment_refuses_a_client_who_must_see_the_therapist_first(book, ada):
    raise_alert(client=ada, subject="intake:1", at=NOW)

    with pytest.raises(StopFirst):
        book()
    assert not Appointment.objects.exists()


def test_a_client_who_must_see_the_therapist_first_is_not_moved_and_may_be_cancelled(book, ada, dana):
    visit = book()
    raise_alert(client=ada, subject="intake:1", at=NOW)

    with pytest.raises(StopFirst):
        move_appointment(visit, starts_at=visit.starts_at + DAY, by=dana, at=NOW)
    visit.refresh_from_db()
    assert visit.version == 1

    assert cancel_appointment(visit, reason="practice", by=dana, at=NOW).is_cancelled
    with pytest.raises(StopFirst):
        reopen_appointment(visit, by=dana, at=NOW)


@pytest.mark.parametrize("shift", [-DAY, -minutes(16), timedelta(days=800), timedelta(days=365 * 5000)])
def test_book_appointment_refuses_times_nobody_can_keep(book, shift):
    with pytest.raises(TimeIsPast):
        book(starts_at=NOW + shift)


@pytest.mark.parametrize(
    ("starts_at", "rule"),
    [
        (NINE, "notice"),
        (NINE + minutes(540), "hours"),
        (NINE + 5 * DAY, "hours"),
        (NINE + 100 * DAY, "horizon"),
        (NINE + minutes(450), "hours"),
    ],
)
def test_book_appointment_warns_and_staff_may_overrule(book, starts_at, rule):
    with pytest.raises(Warned) as refusal:
        book(starts_at=starts_at, overrule=())
    assert rule in refusal.value.warnings

    with pytest.raises(Warned):
        book(starts_at=starts_at, by=None, overrule=RULES)  # a client overrules nothing

    assert book(starts_at=starts_at).starts_at == starts_at
    assert rule in AuditEvent.objects.get(action="appointment.booked").detail["overruled"]


@pytest.mark.parametrize("of", ["practice", "therapist", "room"])
def test_book_appointment_warns_of_closures(book, mia, green_room, of):
    whose = {"practice": {}, "therapist": {"therapist": mia}, "room": {"room": green_room}}[of]
    Closure.objects.create(starts_at=NOON, ends_at=NOON + minutes(30), **whose)

    with pytest.raises(Warned) as refusal:
        book(starts_at=NOON, overrule=())

    assert set(refusal.value.warnings) == {"room" if of == "room" else "closed"}


def test_book_appointment_twice_with_one_key_books_once(book):
    key = uuid4()

    assert book(key=key) == book(key=key)
    assert Appointment.objects.count() == AuditEvent.objects.filter(action="appointment.booked").count() == 1


def test_book_appointment_refuses_a_key_used_for_another_visit(book):
    key = uuid4()
    book(key=key)

    with pytest.raises(FormAlreadyUsed):
        book(key=key, starts_at=NOON)


# --- the backstop, and what the database says


@pytest.mark.parametrize(("who", "refusal"), [("therapist", SlotTaken), ("room", RoomTaken), ("client", ClientBusy)])
def test_promised_turns_a_broken_constraint_into_words(visit, ben, tom, massage, who, refusal):
    row = {"client": ben, "therapist": tom, "room": None, who: getattr(visit, who)}

    with pytest.raises(refusal), promised():
        Appointment.objects.create(service=massage, starts_at=NINE, ends_at=TEN, booked_at=NOW, **row)
    assert Appointment.objects.count() == 1


def test_promised_lets_other_broken_constraints_be_bugs(visit):
    with pytest.raises(IntegrityError), promised():
        Appointment.objects.filter(pk=visit.pk).update(ends_at=NINE)


@pytest.mark.parametrize("state", ["40P01", "55P03"])
def test_promised_turns_contention_into_retry(db, state):
    class Diagnosis(Exception):
        sqlstate = state

    with pytest.raises(Retry, match="try again"), promised():
        raise OperationalError("…") from Diagnosis()


def test_promised_lets_a_lost_database_be_lost(db):
    with pytest.raises(OperationalError), promised():
        raise OperationalError("the connection is gone")


def test_book_appointment_rests_on_the_constraint_when_its_check_is_gone(book, ben, monkeypatch):
    monkeypatch.setattr("booking.placing.refuse_if_busy", lambda *anything: None)
    world.make_room("Blue room")
    book()

    with pytest.raises(SlotTaken), transaction.atomic():
        book(client=ben, starts_at=NINE + minutes(30))


# --- move


def test_move_appointment_keeps_the_row_and_remembers(visit, dana, mia):
    moved = move_appointment(visit, starts_at=NOON, by=dana, at=NOW)

    assert (moved.pk, moved.starts_at, moved.ends_at, moved.version) == (visit.pk, NOON, NOON + minutes(60), 2)
    change = moved.changes.get()
    assert (change.kind, change.from_starts_at, change.from_therapist, change.version) == ("moved", NINE, mia, 2)
    assert AuditEvent.objects.filter(action="appointment.moved", target_id=visit.pk, by=dana).exists()


def test_move_appointment_by_less_than_its_length(visit, dana):
    moved = move_appointment(visit, starts_at=NINE + minutes(30), by=dana, at=NOW, overrule=RULES)

    assert moved.starts_at == NINE + minutes(30)


def test_move_appointment_to_a_colleague(visit, tom, dana):
    moved = move_appointment(visit, starts_at=NOON, therapist=tom, by=dana, at=NOW)

    assert moved.therapist == tom


def test_move_appointment_asks_the_client_again_and_closes_old_links(visit, dana):
    AppointmentLink.mint(now=NOW, expires_at=NINE, appointment=visit)
    confirm_appointment(visit, by=None, at=NOW)

    moved = move_appointment(visit, starts_at=NOON, by=dana, at=NOW)

    assert moved.status == "booked"
    assert not moved.links.live(NOW).exists()


def test_move_appointment_keeps_its_room_or_takes_another(book, ben, tom, dana, green_room):
    blue_room = world.make_room("Blue room")
    visit = book(room=green_room)
    book(client=ben, therapist=tom, starts_at=NOON, room=green_room)

    assert move_appointment(visit, starts_at=NINE + minutes(60), by=dana, at=NOW, overrule=RULES).room == green_room
    visit.refresh_from_db()
    assert move_appointment(visit, starts_at=NOON, by=dana, at=NOW).room == blue_room


def test_move_appointment_refuses_a_taken_slot(book, ben, dana):
    visit = book()
    book(client=ben, starts_at=NOON)

    with pytest.raises(SlotTaken):
        move_appointment(visit, starts_at=NOON, by=dana, at=NOW)
    assert Appointment.objects.get(pk=visit.pk).starts_at == NINE


def test_move_appointment_refuses_a_page_that_is_out_of_date(visit, dana):
    move_appointment(visit, starts_at=NOON, by=dana, at=NOW, version=1)

    with pytest.raises(ChangedMeanwhile):
        move_appointment(visit, starts_at=NINE + minutes(240), by=dana, at=NOW, version=1)


def test_move_appointment_sent_twice_moves_once(visit, dana):
    move_appointment(visit, starts_at=NOON, by=dana, at=NOW)

    assert move_appointment(visit, starts_at=NOON, by=dana, at=NOW).version == 2


def test_move_appointment_refuses_what_has_begun(visit, dana):
    mark_arrived(visit, by=dana, at=NOW)

    with pytest.raises(NotNow, match="arrived"):
        move_appointment(visit, starts_at=NOON, by=dana, at=NOW)


# --- cancel and take back


def test_cancel_appointment_frees_the_time_and_keeps_the_reason(book, ben, dana):
    visit = book()

    cancelled = cancel_appointment(visit, reason="sick", by=dana, at=NOW)

    assert (cancelled.status, cancelled.version, cancelled.changes.get().reason) == ("cancelled", 2, "sick")
    assert book(client=ben).starts_at == NINE


def test_cancel_appointment_twice_is_once(visit, dana):
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)
    cancel_appointment(visit, reason="away", by=dana, at=NOW, version=1)

    assert visit.changes.get().reason == "sick"


def test_cancel_appointment_by_the_client_says_so(book):
    cancel_appointment(book(starts_at=NINE + 7 * DAY), reason="work", by=None, at=NOW)

    event = AuditEvent.objects.get(action="appointment.cancelled")
    assert (event.actor, event.by) == ("client", None)


def test_cancel_appointment_by_the_client_keeps_the_practices_window(visit):
    with pytest.raises(TooLate, match="call us"):
        cancel_appointment(visit, reason="work", by=None, at=NINE - timedelta(hours=24) + timedelta(seconds=1))

    assert cancel_appointment(visit, reason="work", by=None, at=NINE - timedelta(hours=24)).is_cancelled


def test_reopen_appointment_takes_a_cancellation_back_while_the_time_is_free(visit, dana):
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)

    reopened = reopen_appointment(visit, by=dana, at=NOW)

    assert (reopened.status, reopened.version) == ("booked", 3)
    assert list(reopened.changes.order_by("pk").values_list("kind", flat=True)) == ["cancelled", "reopened"]


def test_reopen_appointment_refuses_when_the_time_was_given_away(book, ben, dana):
    visit = book()
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)
    book(client=ben)

    with pytest.raises(SlotTaken):
        reopen_appointment(visit, by=dana, at=NOW)


def test_reopen_appointment_refuses_when_the_room_was_given_away(book, ben, tom, dana):
    visit = book()
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)
    book(client=ben, therapist=tom)

    with pytest.raises(RoomTaken):
        reopen_appointment(visit, by=dana, at=NOW)


def test_reopen_appointment_refuses_a_time_that_has_gone(visit, dana):
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)

    with pytest.raises(TimeIsPast):
        reopen_appointment(visit, by=dana, at=NOW + DAY)


# --- at the door


def test_confirm_appointment_twice_is_once(visit):
    confirm_appointment(visit, by=None, at=NOW)

    assert confirm_appointment(visit, by=None, at=NOW).status == "confirmed"
    assert visit.changes.filter(kind="confirmed").count() == 1


def test_confirm_appointment_refuses_a_visit_that_has_begun(visit):
    with pytest.raises(NotNow, match="begun"):
        confirm_appointment(visit, by=None, at=NINE)


def test_mark_arrived_and_taking_it_back_keeps_the_confirmation(visit, dana):
    confirm_appointment(visit, by=None, at=NOW)
    assert mark_arrived(visit, by=dana, at=NOW).status == "arrived"

    assert reopen_appointment(visit, by=dana, at=NOW).status == "confirmed"


def test_mark_arrived_refuses_another_day(visit, dana):
    with pytest.raises(NotNow, match="another day"):
        mark_arrived(visit, by=dana, at=NOW - DAY)


def test_mark_no_show_only_after_it_should_have_begun(visit, dana):
    with pytest.raises(NotNow):
        mark_no_show(visit, by=dana, at=NOW)

    assert mark_no_show(visit, by=dana, at=TEN).status == "no_show"
    assert reopen_appointment(visit, by=dana, at=TEN).status == "booked"


@pytest.mark.parametrize("act", [mark_arrived, mark_no_show, confirm_appointment])
def test_a_cancelled_visit_is_neither_confirmed_nor_kept_nor_missed(visit, dana, act):
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)

    with pytest.raises(NotNow, match="cancelled"):
        act(visit, by=dana, at=NOW)


def test_writers_lock_therapist_then_room_then_client(book, mia, ada, green_room, monkeypatch):
    locked = []
    monkeypatch.setattr("booking.placing._lock_rows", lambda *rows: locked.extend(rows))

    book()

    assert [(model.__name__, sorted(ids)) for model, ids in locked] == [
        ("User", [mia.pk]),
        ("Room", [green_room.pk]),
        ("Client", [ada.pk]),
    ]


@pytest.mark.django_db(transaction=True)
def test_what_is_locked_nobody_else_can_lock(mia, tom, ada, ben, massage, green_room):
    """On PostgreSQL each row is locked, on SQLite the whole book."""

    def is_free(row) -> bool:
        try:
            if connection.vendor == "sqlite":
                connection.cursor().execute("PRAGMA busy_timeout = 0")
            with transaction.atomic():
                return bool(type(row).objects.select_for_update(nowait=True, no_key=True).get(pk=row.pk))
        except OperationalError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as elsewhere, promised():
        assert all(elsewhere.map(is_free, [mia, green_room, ada])) == (connection.vendor == "postgresql")
        lock(service=massage, room=None, therapists=[mia.pk], clients=[ada.pk])
        assert not any(elsewhere.map(is_free, [mia, green_room, ada]))
        assert all(elsewhere.map(is_free, [tom, ben])) == (connection.vendor == "postgresql")


def test_book_appointment_asks_again_for_a_warning_nobody_saw(book):
    with pytest.raises(Warned) as refusal:
        book(starts_at=NINE - minutes(30), overrule={"notice"})

    assert set(refusal.value.warnings) == {"notice", "hours"}
