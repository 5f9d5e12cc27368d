"""The lock of a page nobody touches, on the practice's clock: what keeps it open, what does not, and the way back."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import override_settings
from django.urls import reverse

from practice import presence
from tests import world
from tests.test_bad_input import QUERY_NAMES
from tests.world import NOW, PASSWORD, minutes

BOARD, TODAY, HERE = reverse("booking:day_board"), reverse("workspace:today"), reverse("still_here")
UNLOCK, SIGN_IN, SIGN_OUT = reverse("account_reauthenticate"), reverse("account_login"), reverse("account_logout")
POLL = {"HX-Request": "true"}
SECOND = timedelta(seconds=1)


def asks_for_password(response) -> bool:
    return response.status_code == 302 and urlsplit(response["Location"]).path == UNLOCK


# --- when it locks


@pytest.mark.parametrize(("roles", "after"), [({"front_desk"}, 5), ({"therapist"}, 15), ({"owner"}, 15)])
def test_a_page_nobody_touches_locks_sooner_at_the_desk(practice, signed_in, still_clock, roles, after):
    browser = signed_in(world.make_staff("pat", "Pat", "L", *roles))
    assert browser.get(BOARD).status_code == 200

    still_clock.at = NOW + minutes(after) - SECOND
    assert browser.get(SIGN_OUT).status_code == 200  # looking at the way out is no touch
    assert not asks_for_password(browser.post(HERE, headers=POLL))
    still_clock.at = NOW + minutes(after)

    assert asks_for_password(browser.get(BOARD))


def test_a_solo_practice_is_no_front_desk(practice):
    solo = world.make_staff("solo", "Sol", "O", "owner", "therapist", "front_desk")

    assert presence.idle_limit(solo) == timedelta(minutes=15)


def test_pages_keep_it_open(signed_in, dana, still_clock):
    browser = signed_in(dana)
    for turn in range(8):
        still_clock.at = NOW + turn * minutes(4)
        assert browser.get(BOARD).status_code == 200


@pytest.mark.parametrize("name", QUERY_NAMES)
def test_polling_keeps_nothing_open_whatever_stands_in_the_address(signed_in, dana, still_clock, name):
    browser = signed_in(dana)
    browser.get(BOARD)
    for turn in range(1, 15):
        still_clock.at = NOW + turn * timedelta(seconds=20)
        browser.get(BOARD, {name: "1"}, headers=POLL)

    still_clock.at = NOW + minutes(5)

    assert browser.get(BOARD, {name: "1"}, headers=POLL).status_code == 401
    assert asks_for_password(browser.get(BOARD, {name: "1"}))


@pytest.mark.parametrize(
    "headers", [{"X-Autosave": "1"}, {"X-Requested-With": "XMLHttpRequest"}, {"Sec-Fetch-Mode": "cors"}, POLL]
)
@pytest.mark.parametrize("said", [None, "", "-1", "1.5", "²", "9" * 30, "99999999"])
def test_a_script_that_tells_of_no_person_keeps_nothing_open(signed_in, dana, still_clock, headers, said):
    browser = signed_in(dana)
    browser.get(BOARD)
    still_clock.at = NOW + minutes(4)
    browser.get(BOARD, headers=headers | ({} if said is None else {"X-Idle-Seconds": said}))

    still_clock.at = NOW + minutes(5)

    assert asks_for_password(browser.get(BOARD))


def test_a_script_tells_how_long_ago_somebody_touched_the_page(signed_in, dana, still_clock):
    browser = signed_in(dana)
    browser.get(BOARD)
    still_clock.at = NOW + minutes(4)
    told = browser.post(HERE, headers={"X-Idle-Seconds": "60"}).json()  # somebody typed at 8:03

    assert told == {"state": "here", "left": 240, "then": "locked", "user": dana.pk}
    still_clock.at = NOW + minutes(8) - SECOND
    assert browser.post(HERE, headers=POLL).status_code == 200
    still_clock.at = NOW + minutes(8)
    assert browser.post(HERE, headers={"X-Idle-Seconds": "0"}).status_code == 401  # too late to say one is here


def test_a_sign_in_ends_after_twelve_hours_of_work(signed_in, mia, still_clock):
    browser = signed_in(mia)
    for turn in range(72):
        still_clock.at = NOW + turn * minutes(10)
        assert browser.get(TODAY).status_code == 200
    left = browser.post(HERE, headers=POLL).json()

    still_clock.at = NOW + timedelta(hours=12)
    answer = browser.get(TODAY)

    assert (left["left"], left["then"]) == (600, "ended")
    assert urlsplit(answer["Location"]).path == SIGN_IN
    assert "_auth_user_id" not in browser.session


def test_the_password_does_not_lengthen_the_twelve_hours(signed_in, mia, still_clock):
    browser = signed_in(mia)
    browser.get(TODAY)
    still_clock.at = NOW + timedelta(hours=11)
    browser.post(UNLOCK, {"password": PASSWORD})

    still_clock.at = NOW + timedelta(hours=12)

    assert urlsplit(browser.get(TODAY)["Location"]).path == SIGN_IN


def test_a_script_hears_of_the_end(signed_in, mia, still_clock):
    browser = signed_in(mia)
    browser.get(TODAY)

    still_clock.at = NOW + timedelta(hours=12)

    assert browser.post(HERE, headers=POLL).json() == {"state": "ended"}


# --- behind the lock


@pytest.fixture
def locked(signed_in, mia, still_clock):
    """Mia's browser, a quarter of an hour after she last touched it."""
    browser = signed_in(mia)
    browser.get(TODAY)
    still_clock.at = NOW + minutes(15)
    return browser


@pytest.mark.parametrize("url", [TODAY, BOARD, "/clients/?q=ad", "/accounts/password/change/", "/accounts/2fa/", "/"])
def test_no_page_is_drawn_behind_the_lock_and_it_leads_back(locked, url):
    answer = locked.get(url)

    assert asks_for_password(answer)
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [url]


def test_the_right_password_leads_back_to_where_one_was(locked):
    door = locked.get("/clients/?q=ad")["Location"]
    page = locked.get(door).content.decode()
    assert "Locked" in page
    assert "Mia Berg" in page

    answer = locked.post(UNLOCK, {"password": PASSWORD, "next": "/clients/?q=ad"})

    assert answer["Location"] == "/clients/?q=ad"
    assert locked.get("/clients/?q=ad").status_code == 200


def test_a_wrong_password_opens_nothing(locked):
    answer = locked.post(UNLOCK, {"password": "elm street"})

    assert answer.status_code == 200
    assert asks_for_password(locked.get(TODAY))


def test_nobody_leads_elsewhere_from_the_lock(locked):
    answer = locked.post(UNLOCK, {"password": PASSWORD, "next": "https://evil.example/"})

    assert answer["Location"].startswith("/")


def test_guessing_at_the_lock_is_limited_like_guessing_at_the_door(locked):
    for _ in range(5):
        locked.post(UNLOCK, {"password": "a guess"})

    locked.post(UNLOCK, {"password": PASSWORD})

    assert asks_for_password(locked.get(TODAY))


def test_the_password_of_somebody_else_opens_nothing(locked, tom):
    tom.set_password("tom has one of his own")
    tom.save()

    locked.post(UNLOCK, {"password": "tom has one of his own"})

    assert asks_for_password(locked.get(TODAY))


def test_whoever_is_not_it_signs_out(locked):
    assert locked.post(SIGN_OUT).status_code == 302
    assert "_auth_user_id" not in locked.session


def test_a_button_pressed_behind_the_lock_does_nothing_and_says_so(locked, ada):
    page = reverse("clients:client_create")
    typed = {"first_name": "New", "last_name": "Client", "phone": "+447911123456"}

    answer = locked.post(page, typed, headers={"Referer": f"http://testserver{BOARD}?day=2026-11-24"})

    assert asks_for_password(answer)
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [f"{BOARD}?day=2026-11-24"]
    assert "nothing was done" in locked.get(answer["Location"]).content.decode()
    assert type(ada).objects.count() == 1


def test_a_form_of_elsewhere_does_not_say_where_to_go(locked):
    answer = locked.post(BOARD, headers={"Referer": "https://evil.example/x"})

    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == ["/"]


def test_pages_open_to_anybody_stay_open(locked):
    assert locked.get(reverse("online:book_start")).status_code == 200
    assert locked.get(reverse("healthz")).status_code == 200
    assert asks_for_password(locked.get(TODAY))


# --- signing in and out


def test_after_signing_in_again_the_time_begins_anew(locked, mia, still_clock):
    locked.post(SIGN_OUT)
    still_clock.at = NOW + timedelta(hours=13)

    locked.post(SIGN_IN, {"login": "mia", "password": PASSWORD})

    assert locked.get(TODAY).status_code == 200


def test_signing_out_clears_the_browsers_cache_but_not_what_waits_to_be_sent(signed_in, mia):
    browser = signed_in(mia)

    answer = browser.post(SIGN_OUT)

    assert answer["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in browser.get(SIGN_IN)


def test_pages_after_signing_out_are_asked_for_again(signed_in, mia):
    browser = signed_in(mia)

    assert "no-store" in browser.get(TODAY)["Cache-Control"]
    browser.post(SIGN_OUT)
    assert browser.get(TODAY).status_code == 302


def test_a_touch_does_not_undo_what_another_request_stored_meanwhile(signed_in, mia, still_clock):
    """Two pages at once: one touches, the other keeps something in the session. Neither loses the other's."""
    browser = signed_in(mia)
    browser.get(TODAY)
    still_clock.at = NOW + minutes(1)

    stored = browser.session
    stored["something"] = "kept"
    stored.save()
    browser.get(TODAY)

    assert browser.session["something"] == "kept"
    assert browser.session[presence.KEY]["seen"] == int(still_clock.at.timestamp())


def test_looking_often_does_not_write_often(signed_in, mia, still_clock):
    browser = signed_in(mia)
    browser.get(TODAY)
    before = browser.session[presence.KEY]
    still_clock.at = NOW + timedelta(seconds=presence.ROUGHLY - 1)

    browser.get(TODAY)

    assert browser.session[presence.KEY] == before


def test_signed_out_in_another_window_while_a_page_is_on_its_way(signed_in, mia, still_clock, monkeypatch):
    browser = signed_in(mia)
    browser.get(TODAY)
    still_clock.at = NOW + minutes(1)
    touched = presence.touched

    def signed_out_first(session, *, at):
        type(session)(session.session_key).delete()
        return touched(session, at=at)

    monkeypatch.setattr(presence, "touched", signed_out_first)

    assert urlsplit(browser.get(TODAY)["Location"]).path == SIGN_IN


@override_settings(DEMO=True)
def test_who_moves_the_demos_clock_is_not_locked_out_by_it(signed_in, olga, still_clock, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    browser = signed_in(olga)
    browser.get(BOARD)

    browser.post(reverse("workspace:clock_move"), {"step": "day"})

    assert browser.get(BOARD).status_code == 200
