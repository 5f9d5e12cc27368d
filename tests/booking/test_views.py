"""The desk's pages: what they show to whom, what they keep of what was typed, and what they answer to nonsense."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.urls import reverse

from booking.appointments import cancel_appointment, mark_arrived, mark_no_show
from booking.models import Appointment, WaitlistEntry
from booking.waitlist import add_to_waitlist
from clients.models import Client, Intake, Screening
from clients.todo import raise_alert
from practice.models import Closure, WorkingHours
from protocols.models import Protocol, TreatmentPlan
from tests import world
from tests.support.queries import assert_queries_do_not_grow, queries_of
from tests.world import NINE, NOW, TODAY, minutes

BOARD = "/booking/"
NEW = "/booking/appointments/new/"
ELEVEN = NINE + minutes(120)
DAY = timedelta(days=1)


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def cards(answer) -> str:
    """What the visits on a board say, without the line above it."""
    return " ".join(re.sub(r"<[^>]+>", " ", " ".join(CARD.findall(answer.content.decode()))).split())


CARD = re.compile(r"<article class=\"booking .*?</article>", re.S)


@pytest.fixture
def desk(signed_in, dana):
    return signed_in(dana)


@pytest.fixture
def typed(ada, mia, massage):
    """What the desk sends to book Ada with Mia at 11:00."""

    def with_changes(**changes):
        sent = {
            "client": ada.pk,
            "service": massage.pk,
            "therapist": mia.pk,
            "day": "2026-11-23",
            "slot": f"2026-11-23T11:00Z|{mia.pk}",
            "note": "Needs the lift",
            "key": uuid4(),
            **changes,
        }
        return {name: value for name, value in sent.items() if value is not None}

    return with_changes


# --- the board


def test_day_board_shows_who_comes_to_whom_and_where(desk, visit):
    page = text(desk.get(BOARD))

    assert "Today, Mon 23 Nov 2026" in page
    assert "09:00 –10:00 Ada Müller Booked Intake missing New client Follow-up massage · Green room" in page


def test_day_board_stands_on_the_day_asked_for(desk, visit):
    assert "Ada Müller" not in cards(desk.get(BOARD, {"day": "2026-11-24"}))
    assert "Tue 24 Nov 2026" in text(desk.get(BOARD, {"day": "2026-11-24"}))


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "yesterday", "2026-02-30", "2026-11-23T00:00"])
def test_day_board_refuses_days_that_are_none(desk, day):
    assert desk.get(BOARD, {"day": day}).status_code == 404


def test_day_board_leads_from_a_free_time_to_booking_it(desk, mia, massage, ada):
    page = desk.get(BOARD).content.decode()

    assert f"{NEW}?therapist={mia.pk}&amp;starts=2026-11-23T11:00Z" in page

    form = desk.get(NEW, {"client": ada.pk, "therapist": mia.pk, "starts": "2026-11-23T11:00Z"}).content.decode()
    assert re.search(rf'value="2026-11-23T11:00Z\|{mia.pk}" checked', form)


@pytest.mark.parametrize(
    ("zone", "day", "moment"),
    [
        ("America/New_York", "2026-11-24", "2026-11-24T16:00Z"),
        ("Europe/London", "2027-01-18", "2027-01-18T11:00Z"),
        ("Australia/Lord_Howe", "2026-11-24", "2026-11-24T00:00Z"),
        ("Asia/Kathmandu", "2026-11-24", "2026-11-24T05:15Z"),
    ],
)
def test_day_board_leads_to_the_same_wall_clock_time_in_every_zone(
    desk, practice, mia, massage, ada, zone, day, moment
):
    practice.time_zone = zone
    practice.save()

    board = desk.get(BOARD, {"day": day}).content.decode()
    link = re.search(rf'href="({NEW}\?therapist={mia.pk}&amp;starts={moment})".*?</a>', board)
    form = desk.get(NEW, {"client": ada.pk} | _query(link.group(1))).content.decode()

    assert link.group(0).endswith("11:00</a>")
    assert re.search(rf'value="{moment}\|{mia.pk}" checked.*?>11:00<', form, re.S)


def _query(address: str) -> dict:
    return dict(pair.split("=") for pair in address.partition("?")[2].replace("&amp;", "&").split("&"))


def test_day_board_offers_no_time_that_is_past_taken_or_closed(desk, mia, tom, book, still_clock):
    Closure.objects.create(
        therapist=mia, starts_at=NINE + minutes(240), ends_at=NINE + minutes(300), reason="Team meeting"
    )
    book(starts_at=ELEVEN)
    still_clock.at = NINE + minutes(30)

    page = desk.get(BOARD).content.decode()

    starts = set(re.findall(rf"therapist={mia.pk}&amp;starts=2026-11-23T(\d\d:\d\d)Z", page))
    assert {"09:30", "10:45", "12:15", "12:45", "14:00"} <= starts
    assert not {"09:15", "11:00", "11:45", "12:00", "13:00", "13:45", "17:00"} & starts
    assert "Team meeting" in page


def test_day_board_shows_how_far_each_visit_has_come(desk, book, ben, tom, dana, ada):
    world.make_room("Blue room")
    mark_arrived(book(), by=dana, at=NOW)
    mark_no_show(book(client=ben, therapist=tom), by=dana, at=ELEVEN)
    raise_alert(client=ben, subject="intake:1", at=NOW)

    page = text(desk.get(BOARD))

    assert "Ada Müller Arrived" in page
    assert "Stop – therapist first" in page
    assert "Did not come" in page


def test_day_board_does_not_show_cancelled_visits(desk, visit, dana):
    cancel_appointment(visit, reason="sick", by=dana, at=NOW)

    assert "Ada Müller" not in cards(desk.get(BOARD))


def test_day_board_of_a_therapist_shows_own_visits_only(signed_in, mia, tom, ben, book):
    world.make_room("Blue room")
    book()
    book(client=ben, therapist=tom)

    page = text(signed_in(mia).get(BOARD))

    assert "Ada Müller" in page
    assert "Ben Okafor" not in page
    assert "Tom Reed" not in page


def test_day_board_names_who_is_away(desk, mia, tom, massage):
    WorkingHours.objects.filter(therapist=tom).delete()

    assert "Not here on this day: Tom Reed" in text(desk.get(BOARD))


def test_day_board_keeps_the_column_of_a_therapist_who_left(desk, visit, mia):
    mia.is_active = False
    mia.save()

    assert "Ada Müller" in text(desk.get(BOARD))


def test_day_board_without_anybody_says_so(desk, practice):
    assert "Nobody works on this day" in text(desk.get(BOARD))


def test_day_board_fragment_is_part_of_the_page(desk, visit):
    page = desk.get(BOARD).content.decode()
    fragment = desk.get(BOARD, headers={"HX-Request": "true", "HX-Target": "board"}).content.decode()

    masked = re.compile(r'name="csrfmiddlewaretoken" value="\w+"| hx-swap-oob="true"')
    page, fragment = (" ".join(masked.sub("", each).split()) for each in (page, fragment))
    board, aside, rest = fragment.partition('<aside class="card board-side"')
    waitlist, end, count = (aside + rest).partition("</aside>")
    assert board and waitlist and count.strip() == '<span class="count" id="waitlist-count">0</span>'
    assert all(part.strip() in page for part in (board, waitlist + end, count))


def test_the_board_asked_for_anew_brings_the_waitlist_along(desk, visit, ben, massage, dana):
    headers = {"HX-Request": "true", "HX-Target": "board"}
    seen = re.search(r"seen=([\w-]+)", desk.get(BOARD).content.decode()).group(1)
    add_to_waitlist(client=ben, service=massage, by=dana, at=NOW)

    answer = desk.get(BOARD, {"seen": seen}, headers=headers).content.decode()

    assert 'id="waitlist" hx-swap-oob="true"' in answer
    assert "Ben Okafor" in answer.partition('id="waitlist"')[2]
    assert '<span class="count" id="waitlist-count" hx-swap-oob="true">1</span>' in answer


def test_day_board_answers_nothing_while_nothing_has_changed(desk, visit, dana):
    seen = re.search(r"seen=([\w-]+)", desk.get(BOARD).content.decode()).group(1)
    asked = {"path": BOARD, "data": {"seen": seen}, "headers": {"HX-Request": "true", "HX-Target": "board"}}

    assert desk.get(**asked).status_code == 204

    mark_arrived(visit, by=dana, at=NOW)
    answer = desk.get(**asked)
    assert answer.status_code == 200
    assert "Arrived" in text(answer)


def test_day_board_queries_do_not_grow(desk, book, ben, mia, tom, massage, green_room):
    book()
    add_to_waitlist(client=ben, service=massage, by=mia, at=NOW)

    def fill():
        for number in range(30):
            client = world.make_client(f"Client{number}", "Test")
            add_to_waitlist(client=client, service=massage, by=mia, at=NOW)
            Appointment.objects.create(
                client=client,
                therapist=(mia, tom)[number % 2],
                service=massage,
                starts_at=NINE + minutes(60 + 10 * (number // 2)),
                ends_at=NINE + minutes(70 + 10 * (number // 2)),
                booked_at=NOW,
            )
        extra = world.make_staff("ann", "Ann", "Lee", "therapist")
        world.make_hours(extra)

    assert_queries_do_not_grow(act=lambda: desk.get(BOARD), grow=fill)


# --- booking


def test_appointment_create_finds_the_client_by_a_few_letters(desk, ada, ben, visit):
    page = desk.get(NEW, {"q": "mull", "therapist": "3", "starts": "2026-11-23T11:00Z"})

    assert "Ada Müller" in text(page)
    assert "Ben Okafor" not in text(page)
    assert f"?client={ada.pk}&amp;therapist=3&amp;starts=2026-11-23T11%3A00Z" in page.content.decode()


def test_appointment_create_takes_in_a_new_client_without_losing_the_time(desk, mia, massage):
    page = desk.get(NEW, {"q": "Zoe Park", "therapist": mia.pk, "starts": "2026-11-23T11:00Z"}).content.decode()
    take_in = re.search(r'href="(/clients/new/[^"]+)"', page).group(1).replace("&amp;", "&")

    answer = desk.post(take_in, {"first_name": "Zoe", "last_name": "Park", "phone": "+442079460011"})

    assert answer.status_code == 302
    assert re.search(rf'value="2026-11-23T11:00Z\|{mia.pk}" checked', desk.get(answer.url).content.decode())


@pytest.mark.parametrize(
    "onward", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "\\\\evil.example"]
)
def test_a_new_client_leads_nowhere_else(desk, practice, onward):
    answer = desk.post(
        f"/clients/new/?onward={onward}", {"first_name": "Zoe", "last_name": "Park", "phone": "+442079460011"}
    )

    assert answer.status_code == 302
    assert answer.url == Client.objects.get(first_name="Zoe").get_absolute_url()


def test_appointment_create_search_fragment_is_part_of_the_page(desk, ada):
    page = desk.get(NEW, {"q": "mull"}).content.decode()
    fragment = desk.get(NEW, {"q": "mull"}, headers={"HX-Request": "true", "HX-Target": "client-choices"})

    assert fragment.content.decode().strip().partition("\n")[2].strip() in page


def test_appointment_create_books_and_reads_back(desk, typed, ada, mia, green_room):
    answer = desk.post(NEW, typed())

    booked = Appointment.objects.get()
    assert (booked.client, booked.therapist, booked.starts_at, booked.note) == (ada, mia, ELEVEN, "Needs the lift")
    assert answer.url == f"/booking/?day=2026-11-23&said={booked.pk}"
    page = text(desk.get(answer.url))
    assert "Ada Müller with Mia Berg on Mon 23 Nov 2026 at 11:00, Green room." in page
    assert "The intake link goes to a•••@mail.example." in page


def test_appointment_create_asks_no_more_than_it_must(desk, typed, ada):
    """Desk and that somebody is there, form, locks, gate, place and records: one question each. PostgreSQL locks by a question, SQLite by BEGIN."""
    Intake.objects.create(client=ada, requested_at=NOW, submitted_at=NOW)

    asked = queries_of(lambda: desk.post(NEW, typed()))

    assert Appointment.objects.count() == 1
    written_and_read = [sql for sql in asked if sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    assert len(written_and_read) == 23 + (connection.vendor == "postgresql")


def test_appointment_create_reads_back_that_there_is_no_mail(desk, typed, ada):
    ada.email = ""
    ada.save()

    answer = desk.post(NEW, typed())

    assert "Ada has no e-mail, the intake is on the call list." in text(desk.get(answer.url))


def test_appointment_create_sent_twice_books_once(desk, typed):
    sent = typed()

    first, second = desk.post(NEW, sent), desk.post(NEW, sent)

    assert first.url == second.url
    assert Appointment.objects.count() == 1


def test_appointment_create_keeps_what_was_typed_and_offers_the_nearest_times(desk, typed, book, ben):
    book(client=ben, starts_at=ELEVEN)

    answer = desk.post(NEW, typed())

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "That time has just been taken" in page
    assert 'value="Needs the lift"' in page
    assert "Nearest free times" in page
    assert "2026-11-23T12:15Z|" in page
    assert Appointment.objects.count() == 1


def test_appointment_create_at_short_notice_needs_no_second_press(desk, typed, mia):
    page = text(desk.get(NEW, {"client": typed()["client"], "therapist": mia.pk}))
    assert "09:00 short notice" in page

    assert desk.post(NEW, typed(slot=f"2026-11-23T09:00Z|{mia.pk}")).status_code == 302


def test_appointment_create_warns_outside_hours_and_takes_a_yes(desk, typed):
    sent = typed(slot="other", other_time="18:00")

    answer = desk.post(NEW, sent)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Mia Berg does not work then." in page
    assert 'name="overrule" value="hours"' in page
    assert 'name="other_time" value="18:00"' in page
    assert not Appointment.objects.exists()

    assert desk.post(NEW, sent | {"overrule": "hours"}).status_code == 302
    assert Appointment.objects.get().starts_at == NINE + minutes(540)


def test_appointment_create_asks_again_for_an_offered_time_that_closed_meanwhile(desk, typed, mia):
    Closure.objects.create(therapist=mia, starts_at=ELEVEN, ends_at=ELEVEN + minutes(60))

    page = desk.post(NEW, typed()).content.decode()

    assert "Mia Berg is away" in page
    assert 'name="other_time" value="11:00"' in page


def test_appointment_create_stops_for_a_client_who_must_see_the_therapist_first(desk, typed, ada):
    raise_alert(client=ada, subject="intake:1", at=NOW)

    answer = desk.post(NEW, typed())

    assert answer.status_code == 409
    assert "Stop – therapist first" in text(answer)
    assert not Appointment.objects.exists()


def test_appointment_arrive_says_loudly_that_the_therapist_comes_first(desk, ada, visit):
    raise_alert(client=ada, subject="intake:1", at=NOW)

    answer = desk.post(reverse("booking:appointment_arrive", args=[visit.pk]), {"back": "board"}, follow=True)

    visit.refresh_from_db()
    assert visit.status == "arrived"
    assert "Ada Müller waits here: fetch the therapist before anything else." in text(answer)


def test_appointment_arrive_on_the_board_loads_the_page_anew_for_a_stop(desk, ada, visit):
    raise_alert(client=ada, subject="intake:1", at=NOW)

    answer = desk.post(
        reverse("booking:appointment_arrive", args=[visit.pk]),
        {"view": "day=2026-11-23"},
        headers={"hx-request": "true"},
    )

    assert answer["HX-Refresh"] == "true"
    assert "fetch the therapist before anything else" in text(desk.get(reverse("booking:day_board")))


def test_appointment_arrive_is_quiet_for_anybody_else(desk, visit):

    answer = desk.post(reverse("booking:appointment_arrive", args=[visit.pk]), {"back": "board"}, follow=True)

    assert "fetch the therapist" not in text(answer)


@pytest.fixture
def plan(ada, mia):
    """Ada's plan of six visits with Mia."""
    screening = Screening.objects.create(
        client=ada, answers={}, result={}, triage="treat", pattern="myofascial", rules_version="1", at=NOW
    )
    protocol = Protocol.objects.create(key="gluteal", name="Gluteal", planned_visits=6)
    return TreatmentPlan.objects.create(
        client=ada,
        therapist=mia,
        protocol=protocol,
        screening=screening,
        side="left",
        planned_visits=6,
        goal="Walk to the park",
        started_at=NOW,
    )


def test_appointment_create_takes_the_plan_and_the_board_counts_its_visits(desk, typed, plan, book):
    book(plan=plan, starts_at=NINE + DAY)

    desk.post(NEW, typed())

    assert Appointment.objects.get(starts_at=ELEVEN).plan == plan
    assert "Visit 1 of 6" in text(desk.get(BOARD))
    assert "Visit 2 of 6" in text(desk.get(BOARD, {"day": "2026-11-24"}))


def test_appointment_create_of_a_first_visit_belongs_to_no_plan(desk, typed, plan, massage):
    massage.is_first_visit = True
    massage.save()

    desk.post(NEW, typed())

    assert Appointment.objects.get().plan is None


NONSENSE = [
    ({"day": "9999-12-31"}, "too far ahead"),
    ({"day": "2026-11-22"}, "has passed"),
    ({"day": "soon"}, "as a date"),
    ({"slot": None}, "Choose a time"),
    ({"slot": "2026-11-23T11:00Z|999999"}, "not on offer"),
    ({"slot": "2026-11-23T11:00Z|99999999999999999999999"}, "not on offer"),
    ({"slot": "x" * 60}, "not on offer"),
    ({"slot": "9999-12-31T23:59Z|1"}, "not on offer"),
    ({"slot": "other", "other_time": "25:00"}, "hours and minutes"),
    ({"slot": "other"}, "which time"),
    ({"slot": "other", "other_time": "12:00", "therapist": None}, "with whom"),
    ({"service": "999999"}, "Select a valid choice"),
    ({"service": "9" * 30}, "Select a valid choice"),
    ({"therapist": "abc"}, "Select a valid choice"),
    ({"room": "77"}, "Select a valid choice"),
    ({"note": "x" * 201}, "at most 200"),
    ({"key": "not a key"}, "valid UUID"),
]


@pytest.mark.parametrize(("changes", "words"), NONSENSE)
def test_appointment_create_answers_nonsense_with_words(desk, typed, changes, words):
    answer = desk.post(NEW, typed(**changes))

    assert answer.status_code == 422
    assert words in text(answer)
    assert not Appointment.objects.exists()


@pytest.mark.parametrize(
    ("slot", "status"),
    [
        ("2026-11-22T11:00Z", 409),
        ("2030-01-01T11:00Z", 409),
        ("9999-12-31T11:00Z", 422),  # outside the calendar there is no time to refuse
        ("0001-01-01T00:00Z", 422),
    ],
)
def test_appointment_create_refuses_offered_times_that_nobody_offered(desk, typed, mia, slot, status):
    answer = desk.post(NEW, typed(slot=f"{slot}|{mia.pk}"))

    assert answer.status_code == status
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("whom", ["999999", "9" * 40, "-1", "abc", "1e5"])
def test_appointment_create_of_nobody_is_404(desk, typed, whom):
    assert desk.post(NEW, typed(client=whom)).status_code == 404
    assert desk.get(NEW, {"client": whom}).status_code == 404


@pytest.mark.parametrize(
    ("day", "wall", "words"),
    [("2027-03-28", "01:30", "does not exist"), ("2027-10-31", "01:30", "comes twice")],
)
def test_appointment_create_knows_the_hours_the_clocks_skip_or_repeat(desk, typed, day, wall, words):
    answer = desk.post(NEW, typed(day=day, slot="other", other_time=wall))

    assert answer.status_code == 422
    assert words in text(answer)
    assert 'value="01:30"' in answer.content.decode()


def test_appointment_create_refuses_what_the_therapist_does_not_give(desk, typed, tom):
    cupping = world.make_service("Cupping", "cupping", 30, tom)

    answer = desk.post(NEW, typed(service=cupping.pk))

    assert answer.status_code == 409
    assert "Mia Berg does not give Cupping" in text(answer)


def test_appointment_create_by_a_therapist_for_somebody_elses_client_is_404(signed_in, tom, typed, ada):
    assert signed_in(tom).post(NEW, typed()).status_code == 404


def test_appointment_create_without_scripts_looks_at_another_day(desk, typed):
    answer = desk.post(NEW, typed(day="2026-11-24", look=""))

    assert answer.status_code == 200
    assert "Time on Tue 24 Nov 2026" in text(answer)
    assert not Appointment.objects.exists()


def test_appointment_slots_fragment_is_part_of_the_page(desk, ada, mia, massage):
    asked = {"client": ada.pk, "service": massage.pk, "therapist": mia.pk, "day": "2026-11-24"}

    page = desk.get(NEW, asked).content.decode()
    fragment = desk.get(reverse("booking:appointment_slots"), asked).content.decode()

    assert " ".join(fragment.split()) in " ".join(page.split())


def test_appointment_slots_say_when_the_next_free_time_is(desk, mia, massage):
    page = text(desk.get(reverse("booking:appointment_slots"), {"service": massage.pk, "day": "2026-11-28"}))

    assert "No free time on Sat 28 Nov 2026." in page
    assert "Mon 30 Nov 2026, 09:00 · Mia Berg" in page


@pytest.mark.parametrize("asked", [{}, {"service": "9" * 30}, {"service": "1", "appointment": "99"}])
def test_appointment_slots_of_nothing_is_404(desk, asked):
    assert desk.get(reverse("booking:appointment_slots"), asked).status_code == 404


def test_appointment_slots_queries_do_not_grow(desk, ada, mia, tom, massage, green_room):
    def fill():
        Appointment.objects.bulk_create(
            Appointment(
                client=ada,
                therapist=mia,
                service=massage,
                starts_at=NINE + day * DAY,
                ends_at=NINE + day * DAY + minutes(30),
                booked_at=NOW,
            )
            for day in range(-50, 50)
        )

    asked = {"service": massage.pk, "day": "2026-11-24", "client": ada.pk}
    assert_queries_do_not_grow(act=lambda: desk.get(reverse("booking:appointment_slots"), asked), grow=fill)


# --- one visit


def test_appointment_detail_shows_the_visit_and_its_history(desk, visit, dana):
    mark_arrived(visit, by=dana, at=NOW)

    page = text(desk.get(visit.get_absolute_url()))

    assert "Ada Müller" in page
    assert "Arrived Mon 23 Nov 2026, 08:00 by Dana Ortiz" in page
    assert "Not here after all" in page


def test_appointment_detail_of_another_therapist_is_404(signed_in, tom, visit):
    assert signed_in(tom).get(visit.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("act", ["arrive", "no-show", "confirm", "reopen"])
def test_acts_of_another_therapist_are_404_and_change_nothing(signed_in, tom, visit, act):
    assert signed_in(tom).post(f"{visit.get_absolute_url()}{act}/").status_code == 404
    visit.refresh_from_db()
    assert visit.status == "booked"


@pytest.mark.parametrize("act", ["arrive", "no-show", "confirm", "reopen"])
def test_acts_are_posts(desk, visit, act):
    assert desk.get(f"{visit.get_absolute_url()}{act}/").status_code == 405


def test_appointment_arrive_from_the_board_leads_back_to_it(desk, visit):
    answer = desk.post(f"{visit.get_absolute_url()}arrive/", {"back": "board"})

    assert answer.url == f"/booking/?day=2026-11-23#visit-{visit.pk}"
    visit.refresh_from_db()
    assert visit.status == "arrived"


def test_appointment_no_show_too_early_says_why(desk, visit):
    answer = desk.post(f"{visit.get_absolute_url()}no-show/")

    assert answer.status_code == 409
    assert "has not begun yet" in text(answer)


def test_appointment_cancel_wants_a_reason_and_can_be_taken_back(desk, visit):
    url = f"{visit.get_absolute_url()}cancel/"

    assert desk.post(url, {"version": 1}).status_code == 422
    assert desk.post(url, {"version": 1, "reason": "nonsense"}).status_code == 422
    assert desk.post(url, {"version": 1, "reason": "sick"}).status_code == 302
    assert "ill, by Dana Ortiz" in text(desk.get(visit.get_absolute_url()))

    desk.post(f"{visit.get_absolute_url()}reopen/")
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_appointment_cancel_of_a_visit_that_changed_meanwhile(desk, visit):
    answer = desk.post(f"{visit.get_absolute_url()}cancel/", {"version": 7, "reason": "sick"})

    assert answer.status_code == 409
    assert "changed this visit" in text(answer)


def test_appointment_move_offers_its_own_time_and_moves(desk, visit, mia):
    url = f"{visit.get_absolute_url()}move/"
    assert "09:15" in text(desk.get(url))  # overlaps only itself

    answer = desk.post(
        url, {"version": 1, "day": "2026-11-23", "therapist": mia.pk, "slot": f"2026-11-23T12:00Z|{mia.pk}"}
    )

    visit.refresh_from_db()
    assert answer.url == f"/booking/?day=2026-11-23&said={visit.pk}"
    assert visit.starts_at == NINE + minutes(180)


def test_appointment_move_to_a_taken_time_offers_the_nearest(desk, book, ben, mia):
    visit = book()
    book(client=ben, starts_at=ELEVEN)

    answer = desk.post(
        f"{visit.get_absolute_url()}move/",
        {"version": 1, "day": "2026-11-23", "therapist": mia.pk, "slot": f"2026-11-23T11:00Z|{mia.pk}"},
    )

    assert answer.status_code == 409
    assert "Nearest free times" in text(answer)


@pytest.mark.parametrize("version", ["", "abc", "0", "9" * 30])
def test_appointment_move_with_a_tampered_version(desk, visit, mia, version):
    answer = desk.post(
        f"{visit.get_absolute_url()}move/",
        {"version": version, "day": "2026-11-23", "therapist": mia.pk, "slot": f"2026-11-23T12:00Z|{mia.pk}"},
    )

    assert answer.status_code == 422


# --- the waitlist


def test_waitlist_add_puts_the_client_at_the_side_of_the_board(desk, ada, massage, mia):
    answer = desk.post(
        "/booking/waitlist/add/",
        {"client": ada.pk, "service": massage.pk, "therapist": mia.pk, "wishes": "mornings"},
    )

    assert answer.url == BOARD
    assert re.search(r"Waitlist 1 .*Ada Müller Follow-up massage · Mia Berg .*“mornings”", text(desk.get(BOARD)))


def test_waitlist_add_twice_keeps_the_place_and_takes_the_new_wish(desk, ada, massage):
    for wishes in ("mornings", "evenings"):
        desk.post("/booking/waitlist/add/", {"client": ada.pk, "service": massage.pk, "wishes": wishes})

    assert WaitlistEntry.objects.get().wishes == "evenings"


def test_waitlist_add_finds_the_client_first(desk, ada):
    assert (
        f"/booking/waitlist/add/?client={ada.pk}" in desk.get("/booking/waitlist/add/", {"q": "ada"}).content.decode()
    )


@pytest.mark.parametrize("changes", [{"service": ""}, {"service": "9" * 30}, {"wishes": "x" * 201}])
def test_waitlist_add_answers_nonsense_with_words(desk, ada, massage, changes):
    answer = desk.post("/booking/waitlist/add/", {"client": ada.pk, "service": massage.pk, **changes})

    assert answer.status_code == 422
    assert not WaitlistEntry.objects.exists()


def test_waitlist_close_takes_the_client_off(desk, ada, massage, dana):
    entry = add_to_waitlist(client=ada, service=massage, by=dana, at=NOW)

    desk.post(f"/booking/waitlist/{entry.pk}/close/")

    assert "Nobody is waiting" in text(desk.get(BOARD))


def test_waitlist_close_of_somebody_elses_client_is_404(signed_in, tom, ada, massage, dana):
    entry = add_to_waitlist(client=ada, service=massage, by=dana, at=NOW)

    assert signed_in(tom).post(f"/booking/waitlist/{entry.pk}/close/").status_code == 404


def test_waitlist_forgets_after_sixty_days(desk, ada, massage, dana, still_clock):
    add_to_waitlist(client=ada, service=massage, by=dana, at=NOW)
    still_clock.at = NOW + timedelta(days=61)

    assert "Ada Müller" not in text(desk.get(BOARD, {"day": TODAY.isoformat()}))


def test_looking_at_another_day_complains_of_nothing(desk, typed):
    page = desk.post(NEW, typed(slot=None, look=""))

    assert page.status_code == 200
    assert "Choose a time." not in page.content.decode()
