"""The board's pages: by room, by week, what polling costs, finding a client, dropping a visit, taking an act back."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from booking.appointments import cancel_appointment, mark_arrived, mark_no_show, move_appointment
from booking.models import Appointment
from practice.models import Closure
from tests import world
from tests.support.queries import assert_queries_do_not_grow, queries_of
from tests.support.visits import make_visit
from tests.world import NINE, NOW, minutes

BOARD = "/booking/"
FIND = "/booking/find/"
ON_BOARD = {"HX-Request": "true", "HX-Target": "board"}
ELEVEN = NINE + minutes(120)
DAY = timedelta(days=1)


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def columns(answer) -> list[str]:
    return re.findall(r'data-name="([^"]+)"(?: data-(?:therapist|room)="\d+")?>\s*<h2', answer.content.decode())


@pytest.fixture
def desk(signed_in, dana):
    return signed_in(dana)


@pytest.fixture
def drop(desk, mia):
    """Drop a visit as the board's script does."""

    def dropped(visit, on_board=True, **said):
        sent = {
            "starts": "2026-11-23T11:00Z",
            "length": "60",
            "therapist": mia.pk,
            "room": "",
            "version": visit.version,
            "key": uuid4(),
            "view": "day=2026-11-23",
            **said,
        }
        return desk.post(f"{visit.get_absolute_url()}drop/", sent, headers=ON_BOARD if on_board else {})

    return dropped


# --- rooms and weeks


def test_day_board_by_room_has_a_column_for_each_room(desk, visit, mia, practice):
    world.make_room("Blue room")

    page = desk.get(BOARD, {"by": "room"})

    assert columns(page) == ["Blue room", "Green room"]
    assert "Follow-up massage · Mia Berg" in text(page)


def test_day_board_by_room_shows_visits_without_a_room_and_the_room_s_own_closure(desk, mia, ada, massage, green_room):
    make_visit(ada, mia, massage)
    Closure.objects.create(room=green_room, starts_at=ELEVEN, ends_at=ELEVEN + minutes(60), reason="Painting")

    page = desk.get(BOARD, {"by": "room"})

    assert columns(page) == ["Green room", "No room"]
    assert "Painting" in text(page)
    assert "starts=2026-11-23T11:00Z" not in page.content.decode()


def test_a_free_time_of_a_room_leads_to_a_form_with_whoever_is_free(desk, mia, ada, massage, green_room):
    form = desk.get(
        "/booking/appointments/new/", {"client": ada.pk, "room": green_room.pk, "starts": "2026-11-23T11:00Z"}
    ).content.decode()

    assert re.search(rf'value="2026-11-23T11:00Z\|{mia.pk}" checked', form)
    assert re.search(rf'<option value="{green_room.pk}" selected', form)


def test_day_board_by_room_is_for_those_who_see_the_whole_book(signed_in, mia, tom, visit):
    """A therapist sees some of the visits only: a room would look free while a colleague's visit stands in it."""
    assert columns(signed_in(mia).get(BOARD, {"by": "room"})) == ["Mia Berg"]


def test_day_board_shows_the_week_of_one_therapist(desk, visit, mia):
    page = desk.get(BOARD, {"week": mia.pk, "day": "2026-11-25"})

    assert len(columns(page)) == 5
    assert "Mia Berg, week of Mon 23 Nov 2026" in text(page)
    assert f"?day=2026-11-18&amp;week={mia.pk}" in page.content.decode()
    assert f"?day=2026-12-02&amp;week={mia.pk}" in page.content.decode()


@pytest.mark.parametrize("week", ["0", "999999", "mia", "-1", "9" * 30])
def test_day_board_knows_no_week_of_nobody(desk, mia, week):
    assert desk.get(BOARD, {"week": week}).status_code == 404


def test_day_board_shows_a_therapist_no_colleague_s_week(signed_in, mia, tom):
    assert signed_in(tom).get(BOARD, {"week": tom.pk}).status_code == 200
    assert signed_in(tom).get(BOARD, {"week": mia.pk}).status_code == 404


@pytest.mark.parametrize("asked", [{}, {"by": "room"}, {"week": "mia"}])
def test_day_board_fragment_is_the_page_s_own_part(desk, visit, mia, asked):
    asked = {name: mia.pk if value == "mia" else value for name, value in asked.items()}
    page = desk.get(BOARD, asked).content.decode()
    fragment = desk.get(BOARD, asked, headers=ON_BOARD).content.decode()

    def lines(html):
        html = re.sub(r'value="[\w]{64}"| hx-swap-oob="true"', "", html)  # the token of forms differs each time
        return "\n".join(line.strip() for line in html.splitlines() if line.strip())

    parts = re.split(r"(?=<aside)|(?<=</aside>)", fragment)  # the board, the waitlist, how many wait
    assert len(parts) == 3
    assert all(lines(part) in lines(page) for part in parts)


# --- flags


def test_cards_say_what_the_desk_should_know(desk, book, ben, tom, mia, massage, ada):
    world.make_room("Blue room")
    book(client=ben, therapist=tom, by=None, overrule=(), starts_at=ELEVEN)
    held = make_visit(ada, mia, massage, starts_at=ELEVEN, status="held", held_until=NOW + minutes(45))
    make_visit(ada, mia, massage, starts_at=NINE - 7 * DAY)

    page = text(desk.get(BOARD))

    assert "Ben Okafor Booked Intake missing New client Online booking" in page
    assert "Ada Müller Held until 08:45 Intake missing Online booking" in page
    assert held.status == "held"


def test_a_client_is_new_until_they_have_come(desk, book, ada, dana):
    missed = book(starts_at=NINE)
    book(starts_at=ELEVEN)
    assert text(desk.get(BOARD)).count("New client") == 1

    mark_no_show(missed, by=dana, at=NINE)

    assert text(desk.get(BOARD)).count("New client") == 2


# --- polling


def crowd(therapist, service, count, day=NINE):
    """Give the therapist as many visits of five minutes on a day."""
    clients = [world.make_client("Cleo", f"Hart{number}") for number in range(count)]
    Appointment.objects.bulk_create(
        Appointment(
            client=client,
            therapist=therapist,
            service=service,
            starts_at=day + minutes(number * 5),
            ends_at=day + minutes(number * 5 + 5),
            booked_at=NOW,
        )
        for number, client in enumerate(clients)
    )


def test_polling_an_unchanged_board_costs_one_query(desk, visit, mia, tom, massage):
    """One beside those of every page: session, user and practice."""
    board = desk.get(BOARD).content.decode()
    seen = re.search(r"seen=([\w-]+)", board).group(1)
    asked = {"day": "2026-11-23", "seen": seen}

    asking = queries_of(lambda: desk.get(BOARD, asked, headers=ON_BOARD))

    assert desk.get(BOARD, asked, headers=ON_BOARD).status_code == 204
    assert len([sql for sql in asking if "auditevent" in sql]) == 1
    assert len(asking) <= 4


@pytest.mark.parametrize("asked", [{}, {"by": "room"}, {"week": "mia"}, {"client": "ada"}])
def test_the_board_asks_as_often_for_200_visits_as_for_one(desk, visit, mia, tom, massage, ada, asked):
    people = {"mia": mia.pk, "ada": ada.pk}
    asked = {name: people.get(value, value) for name, value in asked.items()}

    def grow():
        crowd(tom, massage, 96)
        for day in range(1, 5):
            crowd(mia, massage, 26, day=NINE + day * DAY)

    assert assert_queries_do_not_grow(act=lambda: desk.get(BOARD, asked), grow=grow) <= 32


# --- finding a client


def test_board_find_says_who_when_and_how_it_stands(desk, visit, ada, mia):
    page = text(desk.get(FIND, {"q": "mull", "day": "2026-11-23"}))

    assert "Ada Müller 17 May 1980 (46) · 07911 123456" in page or "Ada Müller 17 May 1980 (46)" in page
    assert "Next visit Mon 23 Nov 2026, 09:00 with Mia Berg" in page
    assert "Intake missing" in page


@pytest.mark.parametrize("query", ["muller", "Müller", "MÜLLER ada", "1123", "17/05/1980", "1980-05-17", "17.05.1980"])
def test_board_find_finds_by_name_phone_and_birth_date(desk, ada, ben, query):
    assert "Ada Müller" in text(desk.get(FIND, {"q": query}))


def test_board_find_leads_back_to_the_board_as_it_was(desk, ada):
    page = desk.get(FIND, {"q": "mull", "day": "2026-11-24", "by": "room"}).content.decode()

    assert f"/booking/?client={ada.pk}&amp;day=2026-11-24&amp;by=room" in page


def test_board_find_offers_to_take_in_whom_it_does_not_know(desk, ada):
    page = desk.get(FIND, {"q": "Zoe Park", "day": "2026-11-24"}).content.decode()

    assert re.search(
        r'href="/clients/new/\?q=Zoe%20Park&amp;onward=%2Fbooking%2F%3Fday%3D2026-11-24" data-key="n"', page
    )


def test_board_find_shows_a_therapist_nobody_else_s_clients(signed_in, tom, visit):
    assert "Ada Müller" not in text(signed_in(tom).get(FIND, {"q": "mull"}))


def test_board_find_asks_as_often_for_many(desk, ada, mia, massage):
    make_visit(ada, mia, massage)

    def grow():
        for number in range(7):
            make_visit(world.make_client("Ada", f"Mullen{number}"), mia, massage, starts_at=NINE + number * DAY + DAY)

    assert_queries_do_not_grow(act=lambda: desk.get(FIND, {"q": "mull"}), grow=grow)


def test_a_picked_client_s_board_points_out_the_times_that_fit(desk, mia, ada, massage):
    page = desk.get(BOARD, {"client": ada.pk}).content.decode()

    assert "Ada Müller</strong> – Follow-up massage, 1 h: choose a time" in page
    assert re.search(rf'is-fit" id="slot-{mia.pk}-24" href="[^"]+starts=2026-11-23T11:00Z&amp;client={ada.pk}"', page)
    fitting = re.findall(r'is-fit" id="slot-\d+-(\d+)"', page)
    assert max(map(int, fitting)) == 84  # 16:00: an hour fits before five


def test_a_picked_client_nobody_may_see_is_not_there(signed_in, tom, visit):
    assert signed_in(tom).get(BOARD, {"client": visit.client_id}).status_code == 404


# --- dropping


def test_appointment_drop_moves_and_answers_with_the_board(drop, visit):
    answer = drop(visit, length=75)

    visit.refresh_from_db()
    assert (visit.starts_at, visit.ends_at) == (ELEVEN, ELEVEN + minutes(75))
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith('<div id="board"')
    assert "Moved: Ada Müller with Mia Berg on Mon 23 Nov 2026 at 11:00, Green room." in text(answer)


def test_appointment_drop_on_another_room_keeps_the_therapist(drop, visit, mia):
    blue = world.make_room("Blue room")

    answer = drop(visit, therapist="", room=blue.pk, view="day=2026-11-23&by=room")

    visit.refresh_from_db()
    assert (visit.room, visit.therapist) == (blue, mia)
    assert columns(answer) == ["Blue room", "Green room"]


def test_appointment_drop_on_a_taken_time_is_refused_with_words(drop, visit, book, ben):
    book(client=ben, starts_at=ELEVEN)

    answer = drop(visit)

    assert answer.status_code == 409
    assert "That time has just been taken." in text(answer)
    assert "<dialog" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.starts_at == NINE


def test_appointment_drop_out_of_hours_asks_first_and_can_be_overruled(drop, visit):
    asked = drop(visit, starts="2026-11-23T17:00Z")

    assert asked.status_code == 409
    assert "Please look at this before you go on" in text(asked)
    assert "Mia Berg does not work then." in text(asked)
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked.content.decode()))
    assert sent["overrule"] == "hours"

    assert drop(visit, **sent | {"view": "day=2026-11-23"}).status_code == 200
    visit.refresh_from_db()
    assert visit.starts_at == NINE + minutes(480)


def test_appointment_drop_of_a_visit_moved_meanwhile_is_refused(drop, visit, olga):
    move_appointment(visit, starts_at=ELEVEN + minutes(60), by=olga, at=NOW)

    answer = drop(visit)

    assert answer.status_code == 409
    assert "Somebody changed this visit a moment ago" in text(answer)


def test_appointment_drop_sent_twice_moves_once(drop, visit):
    key = uuid4()

    assert drop(visit, key=key).status_code == drop(visit, key=key).status_code == 200
    visit.refresh_from_db()
    assert visit.version == 2


@pytest.mark.parametrize(
    "said",
    [
        {"starts": "yesterday"},
        {"starts": ""},
        {"length": "0"},
        {"length": "481"},
        {"length": "a"},
        {"key": ""},
        {"version": "0"},
        {"therapist": "999999"},
        {"room": "999999"},
    ],
)
def test_appointment_drop_of_nonsense_is_refused(drop, visit, said):
    assert drop(visit, **said).status_code == 422
    visit.refresh_from_db()
    assert visit.version == 1


def test_appointment_drop_says_no_between_the_steps(drop, visit):
    answer = drop(visit, length="62")

    assert answer.status_code == 409
    assert "steps of 5 minutes" in text(answer)


def test_appointment_drop_without_scripts_leads_to_the_board_or_a_page(drop, visit):
    assert drop(visit, on_board=False).url == f"{BOARD}?day=2026-11-23&said={visit.pk}"

    page = drop(visit, on_board=False, version="7", starts="2026-11-23T12:00Z")
    assert page.status_code == 409
    assert "The visit of Ada Müller was not changed" in text(page)


@pytest.mark.parametrize("view", ["week={strange}", "day=0001-01-01"])
def test_a_forged_view_is_refused_before_anything_is_done(drop, desk, visit, dana, view):
    forged = {"view": view.format(strange=dana.pk), "version": 1, "seen": 0}

    assert drop(visit, **forged).status_code == 404
    for act in ("arrive", "confirm", "undo"):
        assert desk.post(f"{visit.get_absolute_url()}{act}/", forged, headers=ON_BOARD).status_code == 404

    visit.refresh_from_db()
    assert (visit.starts_at, visit.status, visit.version) == (NINE, "booked", 1)


def test_appointment_arrive_on_the_board_answers_with_the_board(desk, visit):
    answer = desk.post(f"{visit.get_absolute_url()}arrive/", {"view": "day=2026-11-23"}, headers=ON_BOARD)

    assert "Ada Müller has arrived." in text(answer)
    assert answer.content.decode().lstrip().startswith('<div id="board"')


# --- taking back


def test_the_board_offers_to_take_back_what_was_done_last(desk, visit):
    page = desk.get(BOARD).content.decode()

    sent = dict(re.findall(r'name="(version|seen|view)" value="([^"]*)"', page.partition("undo/")[2]))
    answer = desk.post(f"{visit.get_absolute_url()}undo/", sent)

    assert answer.status_code == 302
    visit.refresh_from_db()
    assert visit.is_cancelled
    assert "Taken back: the booking of Ada Müller on Mon 23 Nov 2026, 09:00." in text(desk.get(BOARD))


def test_appointment_undo_refuses_what_somebody_changed(desk, visit, olga):
    move_appointment(visit, starts_at=ELEVEN, by=olga, at=NOW)

    answer = desk.post(f"{visit.get_absolute_url()}undo/", {"version": 1, "seen": 0}, headers=ON_BOARD)

    assert answer.status_code == 409
    assert "Somebody changed this visit a moment ago" in text(answer)


@pytest.mark.parametrize("sent", [{}, {"version": "a", "seen": "0"}, {"version": "1", "seen": "-1"}])
def test_appointment_undo_of_nonsense_is_refused(desk, visit, sent):
    assert desk.post(f"{visit.get_absolute_url()}undo/", sent).status_code == 422


def test_a_line_to_read_back_is_not_mixed_with_a_later_act(desk, visit, book, ben, dana):
    address = f"{BOARD}?day=2026-11-23&said={visit.pk}"
    assert "The intake link goes to" in text(desk.get(address))

    book(client=ben, starts_at=ELEVEN)

    page = text(desk.get(address))
    assert "Booked: Ben Okafor" in page
    assert "The intake link goes to" not in page


def test_the_board_says_nothing_of_other_people_s_acts(desk, visit, olga, signed_in):
    mark_arrived(visit, by=olga, at=NOW)

    assert "Undo" not in text(desk.get(BOARD))


# --- moving by form


def test_appointment_move_changes_the_length_without_scripts(desk, visit, mia):
    sent = {
        "therapist": mia.pk,
        "day": "2026-11-23",
        "slot": "other",
        "other_time": "09:00",
        "length": "75",
        "version": 1,
    }

    answer = desk.post(f"{visit.get_absolute_url()}move/", sent)

    assert answer.status_code == 302
    visit.refresh_from_db()
    assert visit.ends_at == NINE + minutes(75)


def test_appointment_move_offers_times_for_the_visit_s_own_length(desk, visit, mia, dana):
    move_appointment(visit, starts_at=NINE, duration=minutes(120), by=dana, at=NOW)

    page = desk.get(f"{visit.get_absolute_url()}move/").content.decode()

    assert 'name="length" value="120"' in page
    assert f'value="2026-11-23T15:00Z|{mia.pk}"' in page
    assert f'value="2026-11-23T16:00Z|{mia.pk}"' not in page


def test_a_cancelled_visit_can_be_taken_back_from_the_board(desk, visit, dana):
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)
    page = desk.get(BOARD).content.decode()
    assert "Cancelled: Ada Müller" in page

    sent = dict(re.findall(r'name="(version|seen)" value="([^"]*)"', page.partition("undo/")[2]))
    desk.post(f"{visit.get_absolute_url()}undo/", sent)

    visit.refresh_from_db()
    assert visit.status == "booked"


@pytest.mark.parametrize("starts", ["0001-01-01T00:00Z", "1999-12-31T23:59Z", "9999-12-31T23:59Z"])
@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Tokyo"])
def test_times_at_the_edges_of_the_calendar_are_no_times(desk, drop, visit, ada, practice, mia, starts, zone):
    practice.time_zone = zone
    practice.save()

    assert drop(visit, starts=starts).status_code == 422
    for where in (f"therapist={mia.pk}", "room=1"):
        assert desk.get(f"{BOARD}appointments/new/?client={ada.pk}&starts={starts}&{where}").status_code == 200
    sent = {"day": "2026-11-24", "slot": f"{starts}|{mia.pk}", "version": 1, "length": 60}
    assert desk.post(f"{visit.get_absolute_url()}move/", sent).status_code == 422
