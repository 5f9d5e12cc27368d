"""A client moves a visit alone, and takes a move or a cancellation back within half an hour."""

import re
from datetime import timedelta

import pytest

from booking.appointments import cancel_appointment, confirm_appointment, move_appointment, reopen_appointment
from booking.models import Appointment, AppointmentLink
from booking.online import move_online
from booking.refusals import NotNow, NotOffered, SlotTaken, TooLate
from booking.second_thoughts import take_back
from clients.todo import raise_alert
from practice.models import AuditEvent
from tests.booking.test_client_views import text
from tests.world import NINE, NOW, minutes

pytestmark = pytest.mark.django_db
NEXT_WEEK = NINE + timedelta(days=7)
LATER = NEXT_WEEK + minutes(120)
HALF_AN_HOUR = minutes(30)
STATUS = Appointment.Status


@pytest.fixture
def visit(book):
    """Ada with Mia at 09:00 in a week."""
    return book(starts_at=NEXT_WEEK)


@pytest.fixture
def page(visit, mail_link):
    """The clean address of Ada's visit, opened in this browser."""
    return mail_link(visit)


def wish(therapist, starts_at=LATER, **changes) -> dict:
    return {
        "slot": f"{starts_at:%Y-%m-%dT%H:%MZ}|{therapist.pk}",
        "version": 1,
        "key": "00000000-0000-4000-8000-000000000001",
        "is_sure": "on",
        **changes,
    }


def state(visit) -> tuple:
    return tuple(Appointment.objects.values_list("status", "version", "starts_at", "therapist").get(pk=visit.pk))


# --- moving


def test_my_appointment_move_moves_and_goes_on_in_this_browser(client, page, visit, mia):
    answer = client.post(f"{page}move/", wish(mia))

    assert state(visit) == (STATUS.BOOKED, 2, LATER, mia.pk)
    assert answer.url != page
    assert "11:00–12:00" in text(client.get(answer.url))
    assert client.get(page).status_code == 404  # the old link is closed
    assert (visit.changes.get().kind, visit.changes.get().by) == ("moved", None)
    assert AuditEvent.objects.get(action="appointment.moved").actor == "client"


def test_my_appointment_move_offers_times_of_the_same_service_and_its_own(client, page, visit, tom):
    shown = client.get(f"{page}move/?day=2026-11-30&therapist={tom.pk}")

    assert shown.context["asked"].service == visit.service
    assert 'name="service"' in shown.content.decode() and "<select" in shown.content.decode()
    assert "09:15" in text(client.get(f"{page}move/?day=2026-11-30"))


@pytest.mark.parametrize("change", [{"is_sure": ""}, {"slot": ""}, {"slot": "x"}, {"version": ""}])
def test_my_appointment_move_needs_the_box_and_a_time(client, page, visit, mia, change):
    answer = client.post(f"{page}move/", wish(mia) | change)

    assert answer.status_code == 422
    assert state(visit)[1] == 1


def test_my_appointment_move_keeps_the_time_chosen_when_the_box_is_missing(client, page, visit, mia):
    answer = client.post(f"{page}move/", wish(mia, is_sure="", day="2026-11-30"))

    assert f'value="{wish(mia)["slot"]}" checked' in answer.content.decode()


def test_my_appointment_move_inside_the_window_asks_to_call(client, page, visit, mia, still_clock):
    still_clock.at = NEXT_WEEK - timedelta(hours=23)

    assert "Another time" not in text(client.get(page))
    assert "please call us" in text(client.get(f"{page}move/"))
    answer = client.post(f"{page}move/", wish(mia))
    assert answer.status_code == 409
    assert "too late to move your visit by link" in text(answer)
    assert state(visit)[1] == 1


def test_move_online_inside_the_window_is_refused(visit, mia):
    with pytest.raises(TooLate):
        move_online(visit, therapist=mia, starts_at=LATER, at=NEXT_WEEK - timedelta(hours=23), version=1)


def test_move_online_of_held_time_is_refused(visit, mia):
    Appointment.objects.filter(pk=visit.pk).update(status="held", held_until=NOW + HALF_AN_HOUR)

    with pytest.raises(NotNow):
        move_online(visit, therapist=mia, starts_at=LATER, at=NOW, version=1)


@pytest.mark.parametrize("off", [minutes(7), timedelta(seconds=1)])
def test_move_online_off_the_grid_is_refused(visit, mia, off):
    with pytest.raises(NotOffered):
        move_online(visit, therapist=mia, starts_at=LATER + off, at=NOW, version=1)


def test_my_appointment_move_to_a_time_just_taken_offers_the_nearest(client, page, visit, mia, book, ben):
    book(client=ben, starts_at=LATER)

    answer = client.post(f"{page}move/", wish(mia))

    assert answer.status_code == 409
    assert "just been taken" in text(answer) and "Your visit stands as it is" in text(answer)
    assert "Mon 30 Nov 2026, 11:00" not in text(answer) or "Tom Reed" in text(answer)
    assert "Nearest free times" in text(answer)
    assert state(visit)[1] == 1


def test_my_appointment_move_of_a_visit_changed_meanwhile_is_refused(client, page, visit, mia, dana):
    Appointment.objects.filter(pk=visit.pk).update(version=2)

    answer = client.post(f"{page}move/", wish(mia))

    assert answer.status_code == 409
    assert state(visit)[2] == NEXT_WEEK


def test_my_appointment_move_works_while_online_booking_is_closed(client, page, visit, mia, practice):
    practice.is_online_booking_open = False
    practice.save()

    assert client.post(f"{page}move/", wish(mia)).status_code == 302


# --- taking back


def test_a_cancellation_is_taken_back(client, page, visit):
    client.post(f"{page}cancel/", {"is_sure": "on"})
    assert "Undo until 08:30" in text(client.get(page))

    answer = client.post(f"{page}undo/", {"is_sure": "on"})

    assert state(visit)[0] == STATUS.BOOKED
    assert [change.kind for change in visit.changes.order_by("pk")] == ["cancelled", "reopened"]
    shown = text(client.get(answer.url))
    assert "This is your visit with us" in shown and "Undo" not in shown


def test_a_move_is_taken_back_to_time_therapist_and_room(client, page, visit, mia, tom, green_room):
    confirm_appointment(visit, by=None, at=NOW)
    moved = client.post(f"{page}move/", wish(tom)).url
    assert "Undo until 08:30" in text(client.get(moved))

    back = client.post(f"{moved}undo/", {"is_sure": "on"}).url

    assert state(visit) == (STATUS.CONFIRMED, 3, NEXT_WEEK, mia.pk)
    visit.refresh_from_db()
    assert visit.room == green_room
    assert client.get(moved).status_code == 404
    assert "09:00–10:00" in text(client.get(back))
    change = visit.changes.order_by("-pk").first()
    assert (change.kind, change.from_starts_at, change.from_therapist) == ("reopened", LATER, tom)
    assert AuditEvent.objects.get(action="appointment.moved_back").actor == "client"


def test_the_desk_reads_what_was_moved_and_taken_back(client, page, visit, mia, dana):
    moved = client.post(f"{page}move/", wish(mia)).url
    client.post(f"{moved}undo/", {"is_sure": "on"})
    client.force_login(dana)

    words = text(client.get(f"/booking/appointments/{visit.pk}/"))

    assert "from Mon 30 Nov 2026, 11:00–12:00, by the client, by link" in words
    assert "from Mon 30 Nov 2026, 09:00–10:00, by the client, by link" in words


def test_undo_from_the_mail_opens_in_another_browser(client, page, visit):
    client.post(f"{page}cancel/", {"is_sure": "on"})
    token = AppointmentLink.mint(now=NOW, expires_at=NOW + HALF_AN_HOUR, appointment=visit)
    client.cookies.clear()

    url = client.get(f"/booking/open/{token}/").url

    assert client.post(f"{url}undo/", {"is_sure": "on"}).status_code == 302
    assert state(visit)[0] == STATUS.BOOKED


@pytest.mark.parametrize("sent", [{}, {"is_sure": ""}, {"is_sure": "false"}])
def test_my_appointment_undo_needs_the_box(client, page, visit, sent):
    client.post(f"{page}cancel/", {"is_sure": "on"})

    answer = client.post(f"{page}undo/", sent)

    assert answer.status_code == 422
    assert "Tick the box to take it back" in text(answer)
    assert state(visit)[0] == STATUS.CANCELLED


def test_undo_ends_after_half_an_hour(client, page, visit, still_clock):
    client.post(f"{page}cancel/", {"is_sure": "on"})
    still_clock.at = NOW + HALF_AN_HOUR

    assert "Undo" not in text(client.get(page))
    answer = client.post(f"{page}undo/", {"is_sure": "on"})
    assert answer.status_code == 409
    assert "too late to take that back" in text(answer)
    assert state(visit)[0] == STATUS.CANCELLED


def test_the_last_second_counts(visit):
    cancel_appointment(visit, reason="work", by=None, at=NOW)

    assert take_back(visit, at=NOW + HALF_AN_HOUR - timedelta(seconds=1)).status == STATUS.BOOKED


def desk_cancels(visit, dana, mia):
    cancel_appointment(visit, reason="practice", by=dana, at=NOW)


def desk_moves(visit, dana, mia):
    move_appointment(visit, starts_at=LATER, by=dana, at=NOW)


def desk_cancels_after_the_client_moved(visit, dana, mia):
    moved = move_online(visit, therapist=mia, starts_at=LATER, at=NOW, version=1)
    cancel_appointment(moved, reason="practice", by=dana, at=NOW)


def client_confirms_the_new_time(visit, dana, mia):
    moved = move_online(visit, therapist=mia, starts_at=LATER, at=NOW, version=1)
    confirm_appointment(moved, by=None, at=NOW)


def nothing_happened(visit, dana, mia):
    pass


def taken_back_already(visit, dana, mia):
    cancel_appointment(visit, reason="work", by=None, at=NOW)
    reopen_appointment(visit, by=None, at=NOW)


@pytest.mark.parametrize(
    "act",
    [
        desk_cancels,
        desk_moves,
        desk_cancels_after_the_client_moved,
        client_confirms_the_new_time,
        nothing_happened,
        taken_back_already,
    ],
)
def test_only_the_client_s_own_last_act_is_taken_back(visit, dana, mia, act):
    act(visit, dana, mia)
    visit.refresh_from_db()
    before = state(visit)

    with pytest.raises(TooLate):
        take_back(visit, at=NOW)
    assert state(visit) == before


def test_take_back_gives_the_old_time_although_the_new_one_is_near(book, mia, still_clock):
    """The window counts from the visit as it stands; a second thought may go back all the same."""
    visit = book(starts_at=NEXT_WEEK)
    moved = move_online(visit, therapist=mia, starts_at=NINE + minutes(180), at=NOW, version=1)

    assert take_back(moved, at=NOW + minutes(10)).starts_at == NEXT_WEEK


def test_take_back_gives_back_what_the_desk_had_overruled(book, mia):
    odd = NEXT_WEEK + timedelta(hours=9, minutes=7)  # after hours, off the grid, as the desk had promised it
    visit = book(starts_at=odd)
    moved = move_online(visit, therapist=mia, starts_at=LATER, at=NOW, version=1)

    assert take_back(moved, at=NOW).starts_at == odd


def test_take_back_of_a_cancellation_whose_time_is_gone_offers_the_nearest(client, page, visit, book, ben, mia):
    client.post(f"{page}cancel/", {"is_sure": "on"})
    book(client=ben, starts_at=NEXT_WEEK)

    answer = client.post(f"{page}undo/", {"is_sure": "on"})

    assert answer.status_code == 409
    assert "just been taken" in text(answer)
    assert re.search(r'type="radio" name="slot" id="slot-2026-11-30', answer.content.decode())
    assert state(visit)[0] == STATUS.CANCELLED


def test_take_back_of_a_move_whose_time_is_gone_offers_the_nearest_and_moves_on(client, page, visit, book, ben, mia):
    moved = client.post(f"{page}move/", wish(mia)).url
    book(client=ben, starts_at=NEXT_WEEK)

    answer = client.post(f"{moved}undo/", {"is_sure": "on"})

    assert answer.status_code == 409
    assert f'action="{moved}move/"' in answer.content.decode()
    assert "Your visit stands as it is" in text(answer)
    assert state(visit)[2] == LATER


def test_take_back_of_a_move_whose_room_is_gone_is_refused(visit, book, ben, mia, tom):
    moved = move_online(visit, therapist=mia, starts_at=LATER, at=NOW, version=1)
    book(client=ben, therapist=tom, starts_at=NEXT_WEEK)  # the one room

    with pytest.raises(Exception, match="room has been given"):
        take_back(moved, at=NOW)
    assert state(visit)[2] == LATER


def test_take_back_by_two_at_once_is_done_once(visit):
    cancel_appointment(visit, reason="work", by=None, at=NOW)
    take_back(visit, at=NOW)

    with pytest.raises(TooLate):
        take_back(visit, at=NOW)
    assert visit.changes.filter(kind="reopened").count() == 1


def test_take_back_passes_by_a_lapsed_hold(visit, book, ben):
    cancel_appointment(visit, reason="work", by=None, at=NOW)
    book(client=ben, starts_at=NEXT_WEEK, held_until=NOW + minutes(5))

    with pytest.raises(SlotTaken):
        take_back(visit, at=NOW + minutes(4))
    assert take_back(visit, at=NOW + minutes(5)).status == STATUS.BOOKED


def test_somebody_stopped_meanwhile_takes_no_cancellation_back(client, page, visit, ada):
    client.post(f"{page}cancel/", {"is_sure": "on"})
    raise_alert(client=ada, subject="intake:1", at=NOW)

    answer = client.post(f"{page}undo/", {"is_sure": "on"})

    assert answer.status_code == 409
    assert "your therapist would like to speak with you first" in text(answer)
    assert state(visit)[0] == STATUS.CANCELLED


def test_somebody_stopped_meanwhile_takes_no_move_back(client, page, visit, ada, mia):
    moved = client.post(f"{page}move/", wish(mia)).url
    raise_alert(client=ada, subject="intake:1", at=NOW)

    answer = client.post(f"{moved}undo/", {"is_sure": "on"})

    assert answer.status_code == 409
    assert "your therapist would like to speak with you first" in text(answer)
    assert state(visit)[2] == LATER


def test_somebody_stopped_moves_nothing_and_does_not_read_the_words_of_the_desk(client, page, visit, ada, mia):
    raise_alert(client=ada, subject="intake:1", at=NOW)

    answer = client.post(f"{page}move/", wish(mia))

    assert answer.status_code == 409
    assert "your therapist would like to speak with you first" in text(answer)
    assert "therapist first" not in text(answer)
    assert state(visit)[2] == NEXT_WEEK


@pytest.mark.parametrize("path", ["accept/", "move/", "undo/", "again/"])
def test_foreign_links_do_nothing(client, page, visit, path, mia):
    client.cookies.clear()

    assert client.post(page + path, wish(mia) | {"will_come": "on"}).status_code == 404
    assert state(visit)[1] == 1


def test_my_appointment_again_is_for_visits_that_are_gone(client, page, visit):
    assert client.get(f"{page}again/").url == page

    client.post(f"{page}cancel/", {"is_sure": "on"})

    assert client.get(f"{page}again/").status_code == 200
