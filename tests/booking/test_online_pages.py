"""The public booking page: a newcomer's way from the safety questions to a held time, and a client's link to book."""

import re
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse

from booking.appointments import book_appointment
from booking.holds import accept_hold
from booking.models import Appointment, AppointmentLink, BookingInvitation, BookingLink
from booking.online import COMPARE, HOLD, OnlineBookingClosed, book_online, invite_to_book
from clients.models import Client, Intake, Screening, Task
from clients.screening import emergency_keys
from clients.todo import raise_alert
from practice.context import SAFETY_NET
from practice.models import AuditEvent, Closure, Service, User, WorkingHours
from tests.support.queries import queries_of
from tests.support.rows import all_rows, changed_tables
from tests.world import NINE, NOW, make_client, make_room, make_service, minutes

pytestmark = pytest.mark.django_db
TOMORROW = NINE + timedelta(days=1)
STATUS = Appointment.Status
ALL_NO = dict.fromkeys(emergency_keys(), "no")
NORA = {
    "first_name": "Nora",
    "last_name": "Lind",
    "born_on": "1985-03-04",
    "phone": "+447911123499",
    "email": "nora.lind@mail.example",
    "may_contact": "on",
}
KEY = "00000000-0000-4000-8000-00000000000{}"


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def slot(therapist, starts_at=TOMORROW) -> str:
    return f"{starts_at:%Y-%m-%dT%H:%MZ}|{therapist.pk}"


def unchanged(before) -> bool:
    return changed_tables(before, all_rows()) == []


@pytest.fixture
def first_visit(mia, tom, green_room):
    """A first visit of 75 minutes, given by Mia and Tom."""
    return make_service("First visit", "first-visit", 75, mia, tom, is_first_visit=True)


@pytest.fixture
def safe(client, first_visit):
    """A browser that answered every safety question with no."""
    assert client.post("/book/safety/", ALL_NO).url == "/book/time/"
    return client


@pytest.fixture
def chosen(safe, mia, first_visit):
    """The same browser, having chosen tomorrow at nine with Mia."""
    assert (
        safe.post("/book/time/", {"slot": slot(mia), "service": first_visit.pk, "key": KEY.format(1)}).status_code
        == 302
    )
    return safe


def details(**changes):
    return {**NORA, "key": KEY.format(2), **changes}


# --- the way in


def test_book_start_asks_whether_one_has_been_here_before(client, practice):
    words = text(client.get("/book/"))

    assert "Have you been here before?" in words
    assert SAFETY_NET in client.get("/book/").content.decode()


@pytest.mark.parametrize("path", ["", "link/", "link/sent/", "safety/", "time/", "details/", "held/"])
def test_closed_online_booking_says_please_call(client, practice, path):
    practice.is_online_booking_open = False
    practice.save()

    for method in (client.get, client.post) if path in {"link/", "safety/", "time/", "details/"} else (client.get,):
        answer = method(f"/book/{path}")
        assert answer.status_code == 404
        assert "Please call us to book" in text(answer)


def test_online_booking_closed_while_somebody_chooses_books_nothing(chosen, practice):
    practice.is_online_booking_open = False
    practice.save()
    before = all_rows()

    assert chosen.post("/book/details/", details()).status_code == 404
    assert unchanged(before)


def closed(practice, massage):
    type(practice).objects.update(is_online_booking_open=False)


def not_online(practice, massage):
    type(massage).objects.update(is_online=False)


def not_on_offer(practice, massage):
    type(massage).objects.update(is_active=False)


@pytest.mark.parametrize("change", [closed, not_online, not_on_offer])
def test_book_online_is_refused_under_the_lock_too(practice, ada, mia, massage, change):
    change(practice, massage)

    with pytest.raises(OnlineBookingClosed):
        book_online(client=ada, therapist=mia, service=massage, starts_at=TOMORROW, at=NOW)
    assert not Appointment.objects.exists()


def test_my_booking_is_closed_with_the_public_page(client, practice, ada, mia, massage):
    page = book_page(client, ada)
    closed(practice, massage)

    for answer in (client.get(page), client.post(page, asked(mia, massage))):
        assert answer.status_code == 404
        assert "Please call us to book" in text(answer)


# --- safety first


@pytest.mark.parametrize("key", emergency_keys())
@pytest.mark.parametrize("answer", ["yes", "not_sure"])
def test_an_emergency_answer_ends_in_advice_and_never_in_a_booking(client, mia, first_visit, key, answer):
    before = all_rows()

    ended = client.post("/book/safety/", ALL_NO | {key: answer})

    assert ended.url == "/book/stop/"
    advice = text(client.get(ended.url))
    for words in ("Please get help now", "999", "Call NHS 111 or your doctor."):
        assert words in advice
    tampered = [
        client.post("/book/time/", {"slot": slot(mia), "service": first_visit.pk, "key": KEY.format(1)}),
        client.post("/book/details/", details(slot=slot(mia), service=first_visit.pk)),
        client.post("/book/safety/", ALL_NO),
        client.get("/book/link/"),
    ]
    assert {each.url for each in tampered} == {"/book/stop/"}
    assert unchanged(before)
    assert "saddle" not in str(dict(client.session)) and key not in str(dict(client.session))


@pytest.mark.parametrize("key", emergency_keys())
def test_one_emergency_answer_is_enough_whatever_is_left_out(client, first_visit, key):
    assert client.post("/book/safety/", {key: "yes"}).url == "/book/stop/"


@pytest.mark.parametrize("key", emergency_keys())
@pytest.mark.parametrize("left_out", [None, "", "skip", "No", "false"])
def test_a_safety_question_left_out_is_asked_again_and_never_read_as_no(client, mia, first_visit, key, left_out):
    sent = ALL_NO | {key: left_out}
    if left_out is None:
        del sent[key]

    answer = client.post("/book/safety/", sent)

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {key}
    assert answer.content.decode().count(" checked") == len(ALL_NO) - 1
    onward = client.post("/book/details/", details(slot=slot(mia), service=first_visit.pk))
    assert onward.url == "/book/safety/"
    assert not Appointment.objects.exists()


def test_answers_of_an_hour_ago_are_asked_again(chosen, still_clock):
    still_clock.at = NOW + timedelta(hours=1)

    assert chosen.post("/book/details/", details()).url == "/book/safety/"
    assert not Appointment.objects.exists()


def test_who_ended_in_advice_does_not_book_as_a_client_either(client, ada, massage, mia):
    page = book_page(client, ada)
    client.post("/book/safety/", ALL_NO | {"saddle_numbness": "yes"})

    assert client.post(page, asked(mia, massage)).url == "/book/stop/"
    assert not Appointment.objects.exists()


# --- the time


def test_book_time_shows_a_month_with_counts_and_the_times_of_a_day(safe, mia):
    page = safe.get("/book/time/?day=2026-11-24")
    words = text(page)

    for told in (
        "November 2026",
        "Tuesday 24 November, 28 times free",
        "Saturday 28 November, nothing free",
        "09:00",
        "London time",
    ):
        assert told in words
    assert slot(mia) in page.content.decode()
    assert " checked" not in page.content.decode()


def test_book_time_for_htmx_is_the_fragment_alone(safe):
    page = safe.get("/book/time/?month=2026-12-01", headers={"HX-Request": "true", "HX-Target": "times"})

    assert page.content.decode().lstrip().startswith('<div id="times"')
    assert "December 2026" in text(page)


@pytest.mark.parametrize(
    "query", ["day=2020-01-01", "day=2190-01-01", "month=0001-01-01", "month=9999-12-31", "day=x&service=0&therapist=²"]
)
def test_book_time_of_a_day_that_cannot_be_booked_shows_another(safe, query):
    page = safe.get(f"/book/time/?{query}")

    assert page.status_code == 200
    assert 'name="slot"' in page.content.decode()


BAD_SLOTS = {
    "nothing": "",
    "no slot": "x",
    "a time past": "2026-11-20T09:00Z|{mia}",
    "the first year": "0001-01-01T00:00Z|{mia}",
    "the last year": "9999-12-31T23:59Z|{mia}",
    "beyond the horizon": "2027-06-01T09:00Z|{mia}",
    "off the grid": "2026-11-24T09:07Z|{mia}",
    "at night": "2026-11-24T03:00Z|{mia}",
    "nobody": "2026-11-24T09:00Z|99999999999999999999",
    "somebody who does not treat": "2026-11-24T09:00Z|{dana}",
    "less than the notice": "2026-11-23T09:00Z|{mia}",
}


@pytest.mark.parametrize("what", BAD_SLOTS)
def test_a_time_that_is_not_on_offer_is_refused_with_others(safe, mia, dana, first_visit, what):
    value = BAD_SLOTS[what].format(mia=mia.pk, dana=dana.pk)

    answer = safe.post("/book/time/", {"slot": value, "service": first_visit.pk, "key": KEY.format(1)})

    assert answer.status_code in {409, 422}
    assert 'type="radio" name="slot"' in answer.content.decode()
    assert safe.get("/book/details/").url == "/book/time/"


@pytest.mark.parametrize("what", BAD_SLOTS)
def test_a_time_changed_in_the_last_form_books_nothing_and_keeps_what_was_typed(chosen, mia, dana, what):
    value = BAD_SLOTS[what].format(mia=mia.pk, dana=dana.pk)

    answer = chosen.post("/book/details/", details(slot=value))

    assert answer.status_code in {409, 422}
    assert not Appointment.objects.exists() and not Client.objects.exists()
    page = answer.content.decode()
    assert all(value in page for value in ("Nora", "Lind", "1985-03-04", "nora.lind@mail.example"))
    assert 'type="radio" name="slot"' in page


def test_a_service_the_therapist_does_not_give_is_refused(chosen, mia, tom, first_visit):
    first_visit.therapists.set([tom])

    answer = chosen.post("/book/details/", details(slot=slot(mia)))

    assert answer.status_code == 422
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("change", [{"is_online": False}, {"is_active": False}, {"is_first_visit": False}])
def test_a_service_taken_off_the_page_is_not_booked(chosen, first_visit, change):
    type(first_visit).objects.filter(pk=first_visit.pk).update(**change)

    assert chosen.post("/book/details/", details()).url == "/book/time/"
    assert not Appointment.objects.exists()


def test_a_closed_room_refuses_and_offers_the_nearest(chosen, green_room):
    Closure.objects.create(room=green_room, starts_at=TOMORROW, ends_at=TOMORROW + timedelta(hours=8))

    answer = chosen.post("/book/details/", details(slot=slot_of(chosen)))

    assert answer.status_code == 409
    assert "Mon 23 Nov 2026, 15:45" in text(answer)
    assert "Tue 24 Nov 2026" not in text(answer)


def slot_of(browser) -> str:
    return browser.session["online"]["slot"]


# --- gap and fold: London, 28 March and 25 October 2027


@pytest.fixture
def night_hours(mia, practice):
    """Mia works at night on Sundays, across the change of the clocks."""
    practice.horizon_days = 366
    practice.save()
    WorkingHours.objects.create(therapist=mia, weekday=6, starts="00:00", ends="06:00")


def starts_of(page) -> list[str]:
    return re.findall(r'value="([^"|]+)\|', page.content.decode())


@pytest.mark.parametrize(
    "day, first, missing",
    [("2027-03-28", "2027-03-28T00:00Z", "01:15"), ("2027-10-31", "2027-10-30T23:00Z", "2027-10-31T01:15Z")],
)
def test_on_days_when_the_clocks_change_only_times_shown_once_are_offered(
    safe, night_hours, still_clock, mia, first_visit, day, first, missing
):
    page = safe.get(f"/book/time/?day={day}&therapist={mia.pk}")

    found = starts_of(page)
    assert first in found
    shown = re.findall(r'nums" for="[^"]+">([^<]+)<', page.content.decode())
    assert len(shown) == len(set(shown))
    assert missing not in (*found, *shown)


def test_the_second_of_two_equal_times_is_refused(safe, night_hours, mia, first_visit):
    answer = safe.post(
        "/book/time/", {"slot": f"2027-10-31T01:30Z|{mia.pk}", "service": first_visit.pk, "key": KEY.format(1)}
    )

    assert answer.status_code == 409


# --- holding


def test_book_details_holds_the_time_for_a_new_client(chosen, mia, first_visit):
    answer = chosen.post("/book/details/", details())

    assert answer.url == "/book/held/"
    visit = Appointment.objects.get()
    assert (visit.status, visit.held_until, visit.booked_by) == (STATUS.HELD, NOW + minutes(30), None)
    assert (visit.starts_at, visit.therapist, visit.service) == (TOMORROW, mia, first_visit)
    nora = Client.objects.get()
    assert (nora.name, nora.email, nora.born_on, nora.created_by) == (
        "Nora Lind",
        "nora.lind@mail.example",
        date(1985, 3, 4),
        None,
    )
    assert AuditEvent.objects.get(action="client.created").actor == "client"
    assert "until 08:30" in text(chosen.get("/book/held/"))
    assert not Intake.objects.exists() and not Screening.objects.exists()  # nothing of the safety questions is kept


def test_the_same_form_twice_is_one_client_and_one_time(chosen):
    answers = [chosen.post("/book/details/", details()) for _ in range(2)]

    assert [answer.url for answer in answers] == ["/book/held/"] * 2
    assert (Appointment.objects.count(), Client.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "change, field",
    [
        ({"first_name": ""}, "first_name"),
        ({"first_name": "Your prize: https://evil.example/win"}, "first_name"),
        ({"first_name": "Claim it at evil.example"}, "first_name"),
        ({"last_name": "write to win@evil.example"}, "last_name"),
        ({"last_name": "x" * 81}, "last_name"),
        ({"born_on": "2027-02-30"}, "born_on"),
        ({"born_on": "2026-11-24"}, "born_on"),
        ({"born_on": "1850-01-01"}, "born_on"),
        ({"born_on": "2015-01-01"}, "born_on"),
        ({"phone": "twelve"}, "phone"),
        ({"email": "no mail"}, "email"),
        ({"may_contact": ""}, "may_contact"),
    ],
)
def test_book_details_says_what_is_missing_at_the_field_and_keeps_the_rest(chosen, change, field):
    answer = chosen.post("/book/details/", details(**change))

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "Tue 24 Nov 2026, 09:00" in text(answer)
    assert not Appointment.objects.exists()
    for name in ("first_name", "email"):
        if name != field:
            assert NORA[name] in answer.content.decode()


@pytest.mark.parametrize("name", ["J. R.", "J.R.", "Anne-Marie", "D’Arcy", "Søren Åge"])
def test_a_name_with_a_point_is_no_link(chosen, name):
    assert chosen.post("/book/details/", details(first_name=name)).url == "/book/held/"


def test_a_number_without_country_is_one_of_the_practice_s_country(chosen):
    chosen.post("/book/details/", details(phone="(201) 555-0123"))

    assert str(Client.objects.get().phone) == "+12015550123"


def test_of_two_people_for_one_time_one_wins_and_the_other_loses_nothing_typed(chosen, first_visit, mia, tom):
    first_visit.therapists.set([mia])
    other = Browser()
    other.post("/book/safety/", ALL_NO)
    other.post("/book/time/", {"slot": slot(mia), "service": first_visit.pk, "key": KEY.format(3)})
    chosen.post("/book/details/", details())

    late = other.post("/book/details/", details(first_name="Omar", email="omar@mail.example", key=KEY.format(4)))

    assert late.status_code == 409
    assert "just been taken" in text(late) and "What you typed is still here" in text(late)
    assert "omar@mail.example" in late.content.decode()
    nearest = re.findall(r'type="radio" name="slot" id="[^"]+" value="([^"]+)"', late.content.decode())
    assert nearest and slot(mia) not in nearest
    second = other.post(
        "/book/details/", details(first_name="Omar", email="omar@mail.example", key=KEY.format(4), slot=nearest[0])
    )
    assert second.url == "/book/held/"
    assert Appointment.objects.count() == 2


# --- who turns out to be on file


def as_ada(**changes):
    return (
        details(first_name="Ada", last_name="Müller", born_on="1980-05-17", email="ada.muller@mail.example") | changes
    )


@pytest.fixture
def ada_by_mail(ada):
    ada.email = "Ada.Muller@mail.example"
    ada.save()
    return ada


@pytest.mark.parametrize("change", [{}, {"last_name": "Okonkwo"}, {"first_name": "ADA", "last_name": "Muller"}])
def test_somebody_on_file_gets_no_second_record_and_the_same_answer(chosen, ada_by_mail, change):
    answer = chosen.post("/book/details/", as_ada(**change))

    assert answer.url == "/book/held/"
    assert Appointment.objects.get().client == ada_by_mail
    assert Client.objects.count() == 1


def test_another_birthday_under_the_same_name_and_address_does_not_tell_that_the_name_is_known(chosen, ada_by_mail):
    assert chosen.post("/book/details/", as_ada(born_on="1981-01-01")).url == "/book/held/"

    assert Client.objects.count() == 1


def test_of_two_of_one_name_and_address_the_one_with_the_birthday_is_meant(chosen, ada_by_mail):
    junior = make_client("Ada", "Müller", email="ada.muller@mail.example", born_on=date(2000, 1, 1))

    chosen.post("/book/details/", as_ada(born_on="2000-01-01"))

    assert Appointment.objects.get().client == junior


def test_twins_share_address_and_birthday_and_are_two(chosen, ada_by_mail):
    chosen.post("/book/details/", as_ada(first_name="Ida"))

    assert Client.objects.exclude(pk=ada_by_mail.pk).get().first_name == "Ida"


def test_the_held_page_is_the_same_for_a_client_and_for_a_stranger(chosen, ada_by_mail, first_visit, tom):
    other = Browser()
    other.post("/book/safety/", ALL_NO)
    other.post("/book/time/", {"slot": slot(tom), "service": first_visit.pk, "key": KEY.format(3)})
    Client.objects.filter(pk=ada_by_mail.pk).update(email="ada.muller@mail.example")

    known = chosen.post("/book/details/", as_ada())
    tom_room = other.post("/book/details/", details(key=KEY.format(5), slot=slot(tom, TOMORROW + minutes(120))))

    assert (known.status_code, known.url) == (tom_room.status_code, tom_room.url)
    bodies = [
        re.sub(r"\d\d:\d\d|[A-Za-z0-9]{64}", "", page.get("/book/held/").content.decode()) for page in (chosen, other)
    ]
    assert bodies[0] == bodies[1]


def stopped(ada):
    raise_alert(client=ada, subject="intake:1", at=NOW)


def unmailed(ada):
    Client.objects.filter(pk=ada.pk).update(wants_no_mail=True)


def booked_to_the_full(ada):
    service, mia = Service.objects.get(slug="first-visit"), User.objects.get(username="mia")
    for day in range(2, 5):
        starts_at = NINE + timedelta(days=7 + day)
        book_appointment(client=ada, therapist=mia, service=service, starts_at=starts_at, by=None, at=NOW)


def seen(answer) -> tuple:
    """What somebody at the screen can tell apart: the status, the address and the page, without the times."""
    page = text(answer)
    if answer.status_code == 302:
        page = text(answer.client.get(answer.url))
    return answer.status_code, answer.get("Location"), re.sub(r"\d\d:\d\d", "", page)


def offered_to_others(first_visit) -> str:
    other = Browser()
    other.post("/book/safety/", ALL_NO)
    return other.get("/book/time/", {"service": first_visit.pk, "day": f"{TOMORROW:%Y-%m-%d}"}).content.decode()


@pytest.mark.parametrize("hindrance", [stopped, unmailed, booked_to_the_full])
def test_what_stands_in_the_way_of_somebody_on_file_cannot_be_told_from_outside(
    chosen, ada_by_mail, first_visit, mia, hindrance
):
    free = seen(chosen.post("/book/details/", as_ada()))
    Appointment.objects.all().delete()
    hindrance(ada_by_mail)

    answer = chosen.post("/book/details/", as_ada(key=KEY.format(7)))

    assert seen(answer) == free
    assert slot(mia) not in offered_to_others(first_visit)
    held = Appointment.objects.get(status=STATUS.HELD)
    assert (held.client, held.starts_at, held.held_until) == (ada_by_mail, TOMORROW, NOW + HOLD)


def test_a_held_time_of_a_stopped_client_is_booked_by_nobody(chosen, ada_by_mail, dana, signed_in, mail_link):
    stopped(ada_by_mail)
    chosen.post("/book/details/", as_ada())
    held = Appointment.objects.get()

    for taken in (
        lambda: Browser().post(f"{mail_link(held)}accept/", {"will_come": "on"}),
        lambda: chosen.post(f"{mail_link(held)}accept/", {"will_come": "on"}),
        lambda: signed_in(dana).post(reverse("booking:appointment_confirm", args=[held.pk])),
    ):
        assert taken().status_code in {404, 409}
    held.refresh_from_db()
    assert held.status == STATUS.HELD


def test_whoever_may_not_be_mailed_about_a_held_time_comes_onto_the_call_list(chosen, ada_by_mail):
    unmailed(ada_by_mail)

    chosen.post("/book/details/", as_ada())

    assert [(task.kind, task.client, task.why) for task in Task.objects.all()] == [
        ("call_client", ada_by_mail, "Asked for a time online")
    ]


def test_the_desk_takes_a_held_time_for_whoever_calls(chosen, signed_in, dana):
    chosen.post("/book/details/", details())
    held = Appointment.objects.get()
    desk = signed_in(dana)
    confirm = reverse("booking:appointment_confirm", args=[held.pk])

    assert confirm in desk.get(held.get_absolute_url()).content.decode()
    desk.post(confirm)

    held.refresh_from_db()
    assert (held.status, held.client.intakes.count()) == (STATUS.BOOKED, 1)


def test_who_has_as_many_visits_as_one_may_takes_up_no_held_time_alone(chosen, ada_by_mail, first_visit, mail_link):
    booked_to_the_full(ada_by_mail)
    chosen.post("/book/details/", as_ada())
    held = Appointment.objects.get(status=STATUS.HELD)

    answer = chosen.post(f"{mail_link(held)}accept/", {"will_come": "on"})

    assert answer.status_code == 409
    assert "For another one please call us" in text(answer)
    held.refresh_from_db()
    assert held.status == STATUS.HELD


def test_a_busy_client_on_file_is_not_given_away_and_gets_a_link_to_book(
    chosen, ada_by_mail, massage, tom, dana, first_visit
):
    make_room("Blue room")
    free = seen(chosen.post("/book/details/", as_ada()))
    Appointment.objects.all().delete()
    book_appointment(client=ada_by_mail, therapist=tom, service=massage, starts_at=TOMORROW, by=dana, at=NOW)

    answers = [chosen.post("/book/details/", as_ada(key=KEY.format(number))) for number in (7, 8)]

    assert seen(answers[0]) == free
    assert not Appointment.objects.filter(status=STATUS.HELD).exists()
    assert BookingInvitation.objects.get().client == ada_by_mail  # once, however often it is tried
    assert Client.objects.count() == 1


@pytest.mark.parametrize("therapist", ["mia", "tom"])
def test_a_busy_client_is_told_of_a_time_that_is_not_on_offer_what_a_stranger_is(
    chosen, ada_by_mail, massage, tom, dana, request, therapist
):
    """Whoever sends a time that nobody offers must not learn that Ada has a visit then."""
    book_appointment(client=ada_by_mail, therapist=tom, service=massage, starts_at=TOMORROW, by=dana, at=NOW)
    person = request.getfixturevalue(therapist)
    late = NINE + timedelta(days=1, hours=11)
    book_appointment(
        client=ada_by_mail, therapist=tom, service=massage, starts_at=late, by=dana, at=NOW, overrule={"hours"}
    )
    tried = [TOMORROW, late] if therapist == "tom" else [late]

    for starts_at in tried:
        answers = [
            chosen.post("/book/details/", who(slot=slot(person, starts_at), key=KEY.format(number)))
            for number, who in ((7, as_ada), (8, details))
        ]
        assert [answer.status_code for answer in answers] == [409, 409]
        words = [answer.context["refusal"] for answer in answers]
        assert str(words[0]) == str(words[1])


def test_a_family_shares_an_address_and_is_taken_in_apart(chosen, ada_by_mail):
    chosen.post("/book/details/", as_ada(first_name="Ben"))

    assert Client.objects.count() == 2
    assert Appointment.objects.get().client.first_name == "Ben"


def test_the_same_name_under_another_address_is_for_the_desk_to_compare(chosen, ada):
    chosen.post("/book/details/", as_ada(email="other@mail.example"))

    assert Client.objects.exclude(pk=ada.pk).get().desk_note == COMPARE


# --- limits


def test_three_times_are_held_for_one_place_and_no_more(chosen, mia, first_visit):
    for number in range(4):
        browser = Browser()
        browser.post("/book/safety/", ALL_NO)
        value = slot(mia, TOMORROW + timedelta(hours=2 * number))
        browser.post("/book/time/", {"slot": value, "service": first_visit.pk, "key": KEY.format(number)})
        last = browser.post("/book/details/", details(email=f"n{number}@mail.example", key=KEY.format(number)))

    assert last.status_code == 429
    assert "wait half an hour" in text(last)
    assert Appointment.objects.count() == 3


def test_a_refused_time_is_not_counted_but_a_tried_name_is(chosen, ada_by_mail, mia):
    stopped(ada_by_mail)
    for number in range(4):
        chosen.post(
            "/book/details/",
            details(slot="2026-11-24T03:00Z|" + slot_of(chosen).partition("|")[2], key=KEY.format(number)),
        )
    times = [slot(mia, TOMORROW + timedelta(hours=2 * number)) for number in range(4)]
    tried = [
        chosen.post("/book/details/", as_ada(slot=time, key=KEY.format(number))).status_code
        for number, time in enumerate(times)
    ]

    assert tried == [302, 302, 302, 429]


# --- a link to book


@pytest.mark.parametrize("email", ["ada.muller@mail.example", "ADA.MULLER@mail.example"])
def test_book_link_invites_who_is_on_file(client, ada_by_mail, email):
    answer = client.post("/book/link/", {"email": email})

    assert answer.url == "/book/link/sent/"
    assert BookingInvitation.objects.get().client == ada_by_mail


def shown(browser, email):
    answer = browser.post("/book/link/", {"email": email}, follow=True)
    return answer.redirect_chain, re.sub(r"[A-Za-z0-9]{64}", "", answer.content.decode())


def test_book_link_tells_nobody_who_is_a_client(ada_by_mail, ben):
    unmailed(ben)

    answers = [shown(Browser(), email) for email in (ada_by_mail.email, ben.email, "nobody@mail.example")]

    assert answers[0] == answers[1] == answers[2]
    assert BookingInvitation.objects.get().client == ada_by_mail


def test_book_link_does_the_same_work_for_an_unknown_address(ada_by_mail):
    def work(email):
        cache.clear()
        sent = queries_of(lambda: Browser().post("/book/link/", {"email": email}))
        return [re.sub(r"\d+|'[^']*'", "", sql)[:60] for sql in sent if "ROLLBACK" not in sql]

    work("warm@mail.example")

    assert work("ada.muller@mail.example") == work("nobody@mail.example")


def test_book_link_of_a_family_writes_one_mail_each(client, ada_by_mail, ben):
    Client.objects.filter(pk=ben.pk).update(email="ada.muller@mail.example")

    client.post("/book/link/", {"email": "ada.muller@mail.example"})

    assert set(BookingInvitation.objects.values_list("client", flat=True)) == {ada_by_mail.pk, ben.pk}


def test_book_link_writes_to_one_address_three_times_an_hour_and_says_the_same(client, ada_by_mail):
    answers = [client.post("/book/link/", {"email": "ada.muller@mail.example"}) for _ in range(5)]

    assert {answer.url for answer in answers} == {"/book/link/sent/"}
    assert BookingInvitation.objects.count() == 3


def test_book_link_from_one_place_is_asked_for_twenty_times_an_hour(client, practice):
    answers = [client.post("/book/link/", {"email": f"n{number}@mail.example"}).status_code for number in range(21)]

    assert answers == [302] * 20 + [429]


@pytest.mark.parametrize("email", ["", "x", "a b@mail.example", "x" * 250 + "@mail.example"])
def test_book_link_keeps_what_was_typed(client, practice, email):
    answer = client.post("/book/link/", {"email": email})

    assert answer.status_code == 422
    assert email in answer.content.decode()


# --- behind the link


def book_page(browser, client) -> str:
    """Open the link of a mail and return the address it leads to."""
    invitation = invite_to_book(client=client, by=None, at=NOW)
    token = BookingLink.mint(now=NOW, expires_at=NOW + timedelta(days=7), invitation=invitation)
    return browser.get(reverse("online:booking_open", args=[token])).url


def asked(therapist, service, starts_at=TOMORROW, **changes):
    return {"slot": slot(therapist, starts_at), "service": service.pk, "key": KEY.format(6), "is_sure": "on", **changes}


def test_my_booking_books_and_leads_to_the_visit(client, ada, mia, massage, first_visit):
    page = book_page(client, ada)
    assert re.fullmatch(r"/book/mine/[0-9a-f]{10}/", page)

    answer = client.post(page, asked(mia, first_visit))

    visit = Appointment.objects.get()
    assert (visit.status, visit.client, visit.booked_by, visit.starts_at) == (STATUS.BOOKED, ada, None, TOMORROW)
    assert "This is your visit with us" in text(client.get(answer.url))
    assert ada.intakes.count() == 1


def test_my_booking_offers_a_first_visit_until_one_is_booked(client, ada, mia, massage, first_visit, dana):
    page = book_page(client, ada)
    assert [one.slug for one in client.get(page).context["asked"].services] == ["first-visit"]

    book_appointment(client=ada, therapist=mia, service=first_visit, starts_at=TOMORROW, by=dana, at=NOW)

    assert [one.slug for one in client.get(page).context["asked"].services] == ["follow-up"]


def test_my_booking_starts_with_the_usual_therapist(client, ada, tom, massage, dana):
    book_appointment(client=ada, therapist=tom, service=massage, starts_at=TOMORROW, by=dana, at=NOW)

    assert client.get(book_page(client, ada)).context["asked"].therapist == tom


def test_my_booking_twice_with_one_key_is_one_visit(client, ada, mia, massage):
    page = book_page(client, ada)
    for _ in range(2):
        assert client.post(page, asked(mia, massage)).status_code == 302

    assert Appointment.objects.count() == 1


@pytest.mark.parametrize("change", [{"is_sure": ""}, {"slot": ""}, {"key": "x"}])
def test_my_booking_needs_the_box_a_time_and_a_key(client, ada, mia, massage, change):
    answer = client.post(book_page(client, ada), asked(mia, massage) | change)

    assert answer.status_code == 422
    assert not Appointment.objects.exists()


def test_my_booking_of_somebody_the_gate_stops_says_please_call(client, ada, mia, massage):
    page = book_page(client, ada)
    stopped(ada)

    for answer in (client.get(page), client.post(page, asked(mia, massage))):
        assert answer.status_code == 409
        assert "your therapist would like to speak with you first" in text(answer)
        assert "Stop" not in text(answer).replace("stop, and go", "")
    assert not Appointment.objects.exists()


def test_my_booking_ends_at_three_visits_ahead(client, ada, mia, massage):
    page = book_page(client, ada)
    answers = [
        client.post(page, asked(mia, massage, TOMORROW + timedelta(hours=2 * n), key=KEY.format(n))) for n in range(4)
    ]

    assert [answer.status_code for answer in answers] == [302, 302, 302, 409]
    assert "You have 3 visits booked ahead" in text(answers[-1])
    assert Appointment.objects.count() == 3


def test_visits_the_desk_booked_do_not_count(client, ada, mia, massage, dana):
    for hours in (2, 4, 6):
        book_appointment(
            client=ada, therapist=mia, service=massage, starts_at=TOMORROW + timedelta(hours=hours), by=dana, at=NOW
        )

    assert client.post(book_page(client, ada), asked(mia, massage)).status_code == 302


@pytest.mark.parametrize("what", [what for what in BAD_SLOTS if what != "nothing"])
def test_my_booking_of_a_time_that_is_not_on_offer_shows_the_nearest(client, ada, mia, dana, massage, what):
    value = BAD_SLOTS[what].format(mia=mia.pk, dana=dana.pk)

    answer = client.post(book_page(client, ada), asked(mia, massage) | {"slot": value})

    assert answer.status_code in {409, 422}
    assert 'type="radio" name="slot"' in answer.content.decode()
    assert not Appointment.objects.exists()


def test_my_booking_does_not_take_a_service_of_others(client, ada, mia, massage, dana, first_visit):
    """A hidden field names a service that this client is not offered: what is offered stands in its place."""
    book_appointment(client=ada, therapist=mia, service=massage, starts_at=TOMORROW, by=dana, at=NOW)
    massage.is_online = False
    massage.save()
    make_service("Short visit", "short", 30, mia)

    client.post(book_page(client, ada), asked(mia, massage, TOMORROW + timedelta(hours=4)))

    assert [visit.service.slug for visit in Appointment.objects.order_by("pk")] == ["follow-up", "short"]


def test_my_booking_opens_only_in_the_browser_that_opened_the_link(client, ada, mia, massage):
    page = book_page(client, ada)
    client.cookies.clear()

    assert client.get(page).status_code == 404
    assert client.post(page, asked(mia, massage)).status_code == 404


def test_a_link_to_book_ends_after_its_days(client, ada, massage, still_clock):
    page = book_page(client, ada)
    still_clock.at = NOW + timedelta(days=7)

    assert client.get(page).status_code == 404


@pytest.mark.parametrize("token", ["x", "a" * 43])
def test_an_unknown_link_to_book_is_closed(client, practice, token):
    assert client.get(f"/book/open/{token}/").status_code == 404


def test_a_link_to_a_visit_is_none_to_book(client, book):
    visit = book(starts_at=TOMORROW)
    token = AppointmentLink.mint(now=NOW, expires_at=TOMORROW, appointment=visit)

    assert client.get(f"/book/open/{token}/").status_code == 404


# --- the held time, by its mail


@pytest.fixture
def held(chosen):
    chosen.post("/book/details/", details())
    return Appointment.objects.get()


def test_a_held_time_is_confirmed_by_its_link_with_the_box(client, held, mail_link):
    page = mail_link(held)
    assert "We keep this time for you until 08:30" in text(client.get(page))
    assert client.post(f"{page}accept/").status_code == 422
    held.refresh_from_db()
    assert held.status == STATUS.HELD

    assert client.post(f"{page}accept/", {"will_come": "on"}).url == page

    held.refresh_from_db()
    assert held.status == STATUS.BOOKED
    assert held.client.intakes.count() == 1


def test_a_lapsed_time_says_so_and_another_is_booked_from_there(client, held, mail_link, mia, first_visit, still_clock):
    page = mail_link(held)
    still_clock.at = NOW + minutes(31)

    assert "no longer kept" in text(client.get(page))
    assert client.post(f"{page}accept/", {"will_come": "on"}).status_code == 409
    assert client.get(f"{page}again/").status_code == 200
    answer = client.post(f"{page}again/", asked(mia, first_visit, TOMORROW + timedelta(hours=3)))

    assert "This is your visit with us" in text(client.get(answer.url))


def test_a_held_time_is_not_moved_past_its_confirmation(client, held, mail_link, mia):
    page = mail_link(held)

    answer = client.post(
        f"{page}move/",
        {"slot": slot(mia, TOMORROW + timedelta(hours=3)), "version": 1, "key": KEY.format(1), "is_sure": "on"},
    )

    assert answer.status_code == 409
    held.refresh_from_db()
    assert (held.status, held.starts_at) == (STATUS.HELD, TOMORROW)


def test_a_held_time_is_not_cancelled_and_taken_back_past_its_confirmation(client, held, mail_link, still_clock):
    Appointment.objects.filter(pk=held.pk).update(
        starts_at=TOMORROW + timedelta(days=7), ends_at=TOMORROW + timedelta(days=7, minutes=75)
    )
    page = mail_link(held)

    assert "We keep this time" in text(client.get(f"{page}cancel/"))
    assert client.post(f"{page}cancel/", {"is_sure": "on"}).status_code == 409
    assert client.post(f"{page}undo/", {"is_sure": "on"}).status_code == 409
    held.refresh_from_db()
    assert held.status == STATUS.HELD


def test_a_held_time_of_somebody_stopped_meanwhile_says_please_call(client, held, mail_link):
    page = mail_link(held)
    stopped(held.client)

    answer = client.post(f"{page}accept/", {"will_come": "on"})

    assert answer.status_code == 409
    assert "your therapist would like to speak with you first" in text(answer)


def test_accept_hold_is_done_once(held):
    accept_hold(held, by=None, at=NOW)
    accept_hold(held, by=None, at=NOW)

    assert held.client.intakes.count() == 1


@pytest.mark.parametrize("name", ["first_name", "last_name"])
def test_a_name_of_two_lines_holds_nothing(chosen, mia, name):
    answer = chosen.post("/book/details/", details(slot=slot(mia), **{name: "Nora\r\nBcc: all@mail.example"}))

    assert answer.status_code == 422
    assert not Client.objects.exists()
