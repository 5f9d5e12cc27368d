"""Today, the client's page, settings, mailbox."""

from datetime import timedelta

import pytest
from django.urls import reverse

from clients.models import Task
from clients.rescreen import record_all_no
from clients.screenings import current_screening, run_screening
from practice import clock
from practice.models import AuditEvent, Closure, Cover, Practice, Room, Service, User, WorkingHours
from reminders.checkins import answer_check_in
from reminders.due import derive_due
from reminders.models import CheckIn, Message
from sessions.models import OutcomeScore
from tests.clients.answers import calm
from tests.support.queries import assert_queries_do_not_grow
from tests.support.visits import make_screening, make_session, make_visit, sign
from tests.world import NINE, NOW, make_client, minutes

TODAY = "/today/"


def test_today_shows_the_therapists_own_day_in_order(signed_in, mia, tom, ada, ben, massage):
    make_visit(ben, mia, massage, starts_at=NINE + minutes(60))
    make_visit(ada, mia, massage)
    make_visit(make_client("Cleo", "Toms"), tom, massage)

    page = signed_in(mia).get(TODAY).content.decode()

    assert page.index("Ada Müller") < page.index("Ben Okafor")
    assert "Cleo" not in page


def test_today_opens_the_next_client_only(signed_in, mia, ada, ben, massage, still_clock):
    make_screening(ada), make_screening(ben)
    make_visit(ada, mia, massage)
    make_visit(ben, mia, massage, starts_at=NINE + minutes(60))
    still_clock.at = NINE + minutes(61)

    page = signed_in(mia).get(TODAY).content.decode()

    assert page.count("First time here") == 1
    assert page.index("First time here") > page.index("Ben Okafor")


def test_today_says_of_a_visit_being_charted_that_it_is(signed_in, mia, ada, ben, massage, still_clock):
    for client in (ada, ben):
        make_screening(client)
    visit = make_visit(ada, mia, massage)
    make_visit(ben, mia, massage, starts_at=NINE + minutes(60))
    still_clock.at = NINE
    assert "2 visits; next at 09:00" in signed_in(mia).get(TODAY).content.decode()

    make_session(visit)

    assert "2 visits; Ada is being charted, next at 10:00" in signed_in(mia).get(TODAY).content.decode()


def test_today_asks_again_before_the_earlier_visit_when_the_later_one_came_first(
    signed_in, mia, ada, massage, still_clock
):
    run_screening(client=ada, answers=calm(), at=NOW - timedelta(days=1))
    visit, second = make_visit(ada, mia, massage), make_visit(ada, mia, massage, starts_at=NINE + minutes(300))
    record_all_no(current_screening(ada), by=mia, at=NINE - minutes(5))
    still_clock.at = NINE
    start = reverse("sessions:session_start", args=[visit.pk])
    assert start in signed_in(mia).get(TODAY).content.decode()

    make_session(second)

    assert start not in signed_in(mia).get(TODAY).content.decode()


def test_today_puts_alerts_and_unsigned_notes_first(signed_in, mia, ada, massage):
    make_session(make_visit(ada, mia, massage, starts_at=NOW - timedelta(days=1)))
    Task.objects.create(
        kind="check_in_alert", for_role="therapist", client=ada, subject="x", due_at=NOW, created_at=NOW
    )

    page = signed_in(mia).get(TODAY).content.decode()

    assert "Look at these first" in page
    assert "Notes waiting for your signature" in page


def test_today_records_that_charts_were_read(signed_in, mia, ada, massage):
    make_visit(ada, mia, massage)

    signed_in(mia).get(TODAY)

    assert AuditEvent.objects.filter(action="chart.read", by=mia, about_client_id=ada.pk).count() == 1


def test_today_queries_do_not_grow(signed_in, mia, ada, massage, still_clock):
    make_screening(ada)
    make_visit(ada, mia, massage)
    browser = signed_in(mia)

    def act():
        still_clock.at += minutes(6)  # each look is a reading of its own
        browser.get(TODAY)

    def grow():
        for number in range(1, 6):
            person = make_client("Ben", f"No{number}")
            make_screening(person)
            make_visit(person, mia, massage, starts_at=NINE + minutes(60 * number))

    assert_queries_do_not_grow(act=act, grow=grow)


def test_today_shows_covered_clients_while_the_cover_lasts(signed_in, mia, tom, olga, ada, massage):
    make_visit(ada, mia, massage)
    Cover.objects.create(who=tom, for_whom=mia, starts_at=NOW, until=NOW + timedelta(hours=4), created_by=olga)

    assert "Ada Müller" in signed_in(tom).get(TODAY).content.decode()


@pytest.fixture
def story(ada, mia, massage, green_room):
    """Ada was treated and answered her check-in in words of her own."""
    session = sign(make_session(make_visit(ada, mia, massage, green_room), subjective="CANARY-NOTE"))
    derive_due(NOW)
    answer_check_in(CheckIn.objects.get(step=1), pain_now_nrs=3, warning_sign="no", comment="CANARY-ANSWER", at=NOW)
    for days, score in ((2, 7), (1, 5)):
        OutcomeScore.objects.create(
            client=ada, session=session, measure="pain_before", score=score, measured_at=NOW - timedelta(days=days)
        )
    return session


def page_of(browser, client):
    return browser.get(reverse("workspace:client_page", args=[client.pk]))


def test_client_page_tells_the_whole_story_to_the_therapist(signed_in, mia, ada, story):
    page = page_of(signed_in(mia), ada).content.decode()

    for words in (
        "Session signed",
        "First check-in answered",
        "CANARY-ANSWER",
        "Screening: Treat",
        "From 7 to 5: better",
    ):
        assert words in page


def test_a_check_in_that_was_asked_for_and_never_answered_is_said_in_story_and_chart(signed_in, mia, ada, story):
    second = CheckIn.objects.get(step=2)
    assert "Second check-in" not in page_of(signed_in(mia), ada).content.decode()

    CheckIn.objects.filter(pk=second.pk).update(due_at=NOW - minutes(5))
    derive_due(NOW)
    Message.objects.filter(check_in=second).update(sent_at=NOW)

    assert "Second check-in: no answer so far" in page_of(signed_in(mia), ada).content.decode()
    chart = signed_in(mia).get(second.session.get_absolute_url()).content.decode()
    assert "No answer so far." in chart
    assert "pain 3 of 10, soreness not answered, where now: not answered, warning signs: none of these" in chart


def test_client_page_tells_the_desk_nothing_clinical(signed_in, dana, ada, story):
    page = page_of(signed_in(dana), ada).content.decode()

    for words in ("CANARY", "Screening:", "First check-in answered", "From 7 to", "Measures", "Consents"):
        assert words not in page
    assert "Follow-up massage with Mia Berg" in page


def test_client_page_of_another_therapists_client_is_not_there(signed_in, tom, ada, story):
    assert page_of(signed_in(tom), ada).status_code == 404


def test_client_page_queries_do_not_grow(signed_in, mia, ada, story, massage, still_clock):
    browser = signed_in(mia)

    def act():
        still_clock.at += minutes(6)
        page_of(browser, ada)

    def grow():
        for number in range(2, 6):
            visit = make_visit(ada, mia, massage, starts_at=NINE + timedelta(days=number))
            sign(make_session(visit, screening=story.screening), position=number)

    assert_queries_do_not_grow(act=act, grow=grow)


# --- settings


def test_settings_show_the_address_of_the_public_page(signed_in, olga, practice):
    page = signed_in(olga).get("/practice/").content.decode()

    assert "/book/</code>" in page
    assert "Clients book at this address" in page


def test_settings_practice_switches_online_booking_off_and_on(signed_in, olga, practice):
    browser, address = signed_in(olga), "/practice/details/"
    sent = {
        name: value
        for name, value in browser.get(address).context["form"].initial.items()
        if value is not None and name != "is_online_booking_open"
    }

    for is_open in (False, True):
        assert browser.post(address, sent | ({"is_online_booking_open": "on"} if is_open else {})).status_code == 302
        practice.refresh_from_db()
        assert practice.is_online_booking_open is is_open
        assert browser.get("/book/").status_code == (200 if is_open else 404)
    assert "please call" not in browser.get("/practice/").content.decode()


def test_service_edit_takes_a_service_off_the_public_page(signed_in, olga, massage):
    browser, address = signed_in(olga), f"/practice/services/{massage.pk}/"
    page = browser.get(address).content.decode()
    assert "bookable online" in page.casefold()
    sent = {"name": massage.name, "duration_minutes": 60, "buffer_before_minutes": 0, "buffer_after_minutes": 15}

    assert browser.post(address, sent | {"is_active": "on", "needs_room": "on"}).status_code == 302

    massage.refresh_from_db()
    assert massage.is_online is False


def test_settings_practice_keeps_what_is_stored_when_what_is_typed_is_wrong(signed_in, olga, practice):
    response = signed_in(olga).post("/practice/details/", {"name": "", "time_zone": "Nowhere"})

    assert response.status_code == 422
    assert Practice.objects.get().name == "Elm Street Massage"


def test_room_and_service_are_kept_and_audited(signed_in, olga, mia):
    browser = signed_in(olga)
    browser.post("/practice/rooms/new/", {"name": "Blue room", "is_active": "on"})
    browser.post(
        "/practice/services/new/",
        {
            "name": "First visit",
            "duration_minutes": "75",
            "buffer_before_minutes": "0",
            "buffer_after_minutes": "15",
            "therapists": [mia.pk],
            "rooms": [Room.objects.get().pk],
            "needs_room": "on",
            "is_active": "on",
        },
    )

    service = Service.objects.get()
    assert (service.slug, list(service.therapists.all()), service.rooms.get().name) == (
        "first-visit",
        [mia],
        "Blue room",
    )
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"room.kept", "service.kept"}


@pytest.mark.parametrize("minutes_long", ["0", "-5", "481", "1e9", "99999999999999999999", "sixty"])
def test_service_edit_refuses_impossible_lengths(signed_in, olga, minutes_long):
    response = signed_in(olga).post(
        "/practice/services/new/",
        {"name": "X", "duration_minutes": minutes_long, "buffer_before_minutes": "0", "buffer_after_minutes": "15"},
    )

    assert response.status_code == 422
    assert not Service.objects.exists()


def test_hours_are_added_and_taken_away(signed_in, olga, mia):
    browser = signed_in(olga)
    browser.post(f"/practice/staff/{mia.pk}/hours/", {"weekday": "5", "starts": "10:00", "ends": "13:00"})
    row = WorkingHours.objects.get(weekday=5)

    browser.post(f"/practice/hours/{row.pk}/remove/")

    assert not WorkingHours.objects.filter(weekday=5).exists()


@pytest.mark.parametrize(
    "typed",
    [
        {"weekday": "1", "starts": "13:00", "ends": "09:00"},
        {"weekday": "9", "starts": "09:00", "ends": "10:00"},
        {"weekday": "1", "starts": "09:00", "ends": "10:00", "valid_from": "9999-12-31"},
        {"weekday": "1", "starts": "25:00", "ends": "26:00"},
    ],
)
def test_hours_edit_refuses_impossible_hours(signed_in, olga, mia, typed):
    before = WorkingHours.objects.count()

    assert signed_in(olga).post(f"/practice/staff/{mia.pk}/hours/", typed).status_code == 422
    assert WorkingHours.objects.count() == before


def test_closure_covers_whole_days_of_the_practices_zone(signed_in, olga):
    signed_in(olga).post(
        "/practice/closures/new/", {"first_day": "2027-03-28", "last_day": "2027-03-28", "reason": "Easter"}
    )

    closure = Closure.objects.get()
    assert closure.ends_at - closure.starts_at == timedelta(hours=23)  # London loses an hour that day


def test_closure_refuses_the_end_before_the_start(signed_in, olga):
    response = signed_in(olga).post("/practice/closures/new/", {"first_day": "2027-03-28", "last_day": "2027-03-27"})

    assert response.status_code == 422
    assert "The end must come after the start" in response.content.decode()


def test_staff_invite_shows_a_link_that_sets_the_password(signed_in, client, olga, mailoutbox):
    response = signed_in(olga).post(
        "/practice/staff/new/",
        {
            "first_name": "Noor",
            "last_name": "Said",
            "username": "noor",
            "email": "noor@elmstreet.example",
            "roles": ["therapist"],
        },
        follow=True,
    )

    noor = User.objects.get(username="noor")
    link = response.context["link"]
    client.logout()
    form = client.get(link.removeprefix("http://127.0.0.1:8000"), follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": "a quiet green field", "password2": "a quiet green field"})
    noor.refresh_from_db()
    assert noor.check_password("a quiet green field")
    assert [mail.to for mail in mailoutbox] == [["noor@elmstreet.example"]]


def test_cover_create_opens_charts_for_whole_days(signed_in, olga, mia, tom):
    signed_in(olga).post(
        "/practice/covers/new/",
        {"who": tom.pk, "for_whom": mia.pk, "first_day": "2026-11-23", "last_day": "2026-11-24"},
    )

    assert Cover.objects.get().until - Cover.objects.get().starts_at == timedelta(days=2)


def test_audit_list_shows_who_opened_a_chart(signed_in, olga, mia, ada, story):
    page_of(signed_in(mia), ada)

    page = signed_in(olga).get("/practice/audit/", {"client": ada.pk}).content.decode()

    assert "Chart read" in page
    assert "Mia Berg" in page


# --- the demo's own pages


def test_clock_move_moves_the_demos_clock(signed_in, olga, settings, tmp_path):
    settings.DATA_DIR = tmp_path

    signed_in(olga).post("/mailbox/clock/", {"step": "day"})

    assert clock.offset() == timedelta(days=1)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/mailbox/", "/mailbox/clock/"])
def test_the_demos_pages_do_not_exist_in_a_real_practice(signed_in, olga, settings, path, method):
    settings.DEMO = False

    assert getattr(signed_in(olga), method)(path, {"step": "day"}).status_code in {404, 405}


def test_a_visit_that_has_begun_is_still_ahead_on_the_client_s_page(signed_in, dana, mia, ada, massage, still_clock):
    make_visit(ada, mia, massage)
    still_clock.at = NINE + minutes(5)

    page = signed_in(dana).get(f"/people/{ada.pk}/").content.decode()

    assert "None booked." not in page


def test_the_client_s_page_promises_no_mail_to_people_without_one(signed_in, dana, ada):
    ada.wants_no_mail = True
    ada.save()

    page = signed_in(dana).get(f"/people/{ada.pk}/").content.decode()

    assert "the intake then stands on the call list" in page
    assert "the intake link goes out" not in page
