"""The client's page behind a mail link: what it shows, what it may do and until when, and that robots change nothing."""

import re
from datetime import timedelta

import pytest
from icalendar import Calendar

from booking.appointments import cancel_appointment, confirm_appointment, move_appointment
from booking.models import Appointment, AppointmentLink
from practice.context import SAFETY_NET
from practice.models import AuditEvent
from tests.world import NINE, NOW, minutes

NEXT_WEEK = NINE + timedelta(days=7)


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.fixture
def visit(book):
    """Ada with Mia at 09:00 in a week."""
    return book(starts_at=NEXT_WEEK, note="Needs the lift")


@pytest.fixture
def page(visit, mail_link):
    """The clean address of Ada's visit, opened in this browser."""
    return mail_link(visit)


def state(visit) -> tuple:
    return tuple(Appointment.objects.values_list("status", "version", "starts_at").get(pk=visit.pk))


def test_my_appointment_shows_when_where_and_with_whom_and_no_more(client, page, visit):
    words = text(client.get(page))

    for told in ("Hello Ada", "Mon 30 Nov 2026", "09:00–10:00", "London time (GMT)", "Mia Berg", "12 Elm Street"):
        assert told in words
    for kept in ("Müller", "Follow-up massage", "Needs the lift", "mail.example"):
        assert kept not in words
    assert SAFETY_NET in client.get(page).content.decode()


def test_appointment_open_takes_the_token_out_of_the_address(client, page):
    assert re.fullmatch(r"/booking/visit/[0-9a-f]{10}/", page)


@pytest.mark.parametrize("token", ["x", "a" * 43, "..%2f", "ü"])
def test_appointment_open_with_a_wrong_token_says_how_to_get_a_new_link(client, visit, token):
    answer = client.get(f"/booking/open/{token}/")

    assert answer.status_code == 404


def test_appointment_open_ends_when_the_visit_starts(client, visit, mail_link, still_clock):
    url = mail_link(visit)
    still_clock.at = NEXT_WEEK

    answer = client.get(url)

    assert answer.status_code == 404
    assert "ask us for a new link" in text(answer)
    assert "020 7946 0000" in text(answer) or "+44 20 7946 0000" in text(answer)


def test_my_appointment_opens_only_in_the_browser_that_opened_the_link(client, page):
    client.cookies.clear()

    assert client.get(page).status_code == 404
    assert client.post(f"{page}confirm/", {"will_come": "on"}).status_code == 404
    assert client.post(f"{page}cancel/", {"is_sure": "on"}).status_code == 404


def test_my_appointment_of_a_moved_visit_asks_for_the_newest_mail(client, page, visit, dana):
    move_appointment(visit, starts_at=NEXT_WEEK + minutes(60), by=dana, at=NOW)

    assert client.get(page).status_code == 404


def test_my_appointment_confirm(client, page, visit):
    answer = client.post(f"{page}confirm/", {"will_come": "on"})

    assert answer.url == page
    assert "Your visit is confirmed" in text(client.get(page))
    change = visit.changes.get()
    assert (change.kind, change.by) == ("confirmed", None)
    assert AuditEvent.objects.get(action="appointment.confirmed").actor == "client"


def test_my_appointment_cancel(client, page, visit):
    answer = client.post(f"{page}cancel/", {"is_sure": "on", "reason": "work"})

    assert answer.url == page
    assert "Your visit is cancelled" in text(client.get(page))
    assert (visit.changes.get().kind, visit.changes.get().reason) == ("cancelled", "work")


def test_my_appointment_cancel_twice_is_once(client, page, visit):
    client.post(f"{page}cancel/", {"is_sure": "on"})
    client.post(f"{page}cancel/", {"is_sure": "on"})

    assert visit.changes.count() == 1


def test_my_appointment_cancel_inside_the_window_asks_to_call(client, page, visit, still_clock):
    still_clock.at = NEXT_WEEK - timedelta(hours=23)

    assert "please call us" in text(client.get(page))
    assert "I cannot come" not in text(client.get(page))
    assert "please call us" in text(client.get(f"{page}cancel/"))

    answer = client.post(f"{page}cancel/", {"is_sure": "on"})
    assert answer.status_code == 409
    assert "too late to cancel by link" in text(answer)
    assert state(visit)[0] == "booked"


def test_my_appointment_cancel_at_the_edge_of_the_window(client, page, visit, still_clock):
    still_clock.at = NEXT_WEEK - timedelta(hours=24)

    assert client.post(f"{page}cancel/", {"is_sure": "on"}).status_code == 302
    assert state(visit)[0] == "cancelled"


def test_my_appointment_cancel_of_a_visit_the_desk_marked_meanwhile(client, page, visit, dana, still_clock):
    Appointment.objects.filter(pk=visit.pk).update(status="arrived")

    answer = client.post(f"{page}cancel/", {"is_sure": "on"})

    assert answer.status_code == 409
    assert state(visit)[0] == "arrived"


@pytest.mark.parametrize("sent", [{}, {"will_come": ""}, {"will_come": "false"}])
def test_my_appointment_confirm_needs_the_box(client, page, visit, sent):
    answer = client.post(f"{page}confirm/", sent)

    assert answer.status_code == 422
    assert "Tick the box to confirm" in text(answer)
    assert state(visit)[0] == "booked"


@pytest.mark.parametrize("sent", [{}, {"reason": "sick"}, {"is_sure": ""}, {"is_sure": "on", "reason": "practice"}])
def test_my_appointment_cancel_needs_the_box_and_a_reason_of_the_list(client, page, visit, sent):
    answer = client.post(f"{page}cancel/", sent)

    assert answer.status_code == 422
    assert state(visit)[0] == "booked"


def robot(client, url, seen):
    """Open a page, follow its links, and send every form with the values it comes with."""
    if url in seen or not url.startswith("/booking/visit/"):
        return
    seen.add(url)
    answer = client.get(url)
    body = answer.content.decode() if answer["Content-Type"].startswith("text/html") else ""
    for link in re.findall(r'href="([^"#]+)"', body):
        robot(client, link, seen)
    for form in re.findall(r'<form[^>]*method="post".*?</form>', body, re.S):
        action = re.search(r'action="([^"]+)"', form)
        client.post(action.group(1) if action else url, default_values(form))


def default_values(form) -> dict:
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        is_box = 'type="checkbox"' in tag or 'type="radio"' in tag
        if name and (not is_box or " checked" in tag):
            sent[name.group(1)] = value.group(1) if value else ""
    for name in re.findall(r'<select[^>]*name="([^"]+)"', form):
        sent[name] = ""
    return sent


def test_a_robot_that_opens_everything_and_sends_every_form_changes_nothing(client, page, visit):
    before = state(visit)
    seen: set[str] = set()

    for _ in range(5):
        seen.clear()
        robot(client, page, seen)

    assert {page, f"{page}cancel/", f"{page}calendar.ics"} <= seen
    assert state(visit) == before
    assert not visit.changes.exists()
    assert client.get(page).status_code == 200  # and the link still opens


@pytest.mark.parametrize("path", ["", "confirm/", "cancel/", "calendar.ics"])
def test_no_get_or_head_changes_anything(client, page, visit, path):
    before = state(visit)

    client.get(page + path)
    client.head(page + path)

    assert state(visit) == before


# --- the calendar file


def event_of(client, page):
    answer = client.get(f"{page}calendar.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return Calendar.from_ical(answer.content)


def test_my_appointment_ics_round_trips_with_its_zone(client, page, visit):
    calendar = event_of(client, page)

    (event,) = calendar.walk("VEVENT")
    assert event.decoded("dtstart") == NEXT_WEEK
    assert event.decoded("dtend") == NEXT_WEEK + minutes(60)
    assert event["dtstart"].params["TZID"] == "Europe/London"
    assert [str(zone["tzid"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/London"]
    assert set(event) == {
        "UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION", "STATUS",
    }  # fmt: skip
    assert "Ada" not in calendar.to_ical().decode()


def test_my_appointment_ics_keeps_its_uid_and_counts_up(client, page, visit, mail_link, dana):
    (first,) = event_of(client, page).walk("VEVENT")

    moved = move_appointment(visit, starts_at=NEXT_WEEK + minutes(60), by=dana, at=NOW)
    (second,) = event_of(client, mail_link(moved)).walk("VEVENT")
    cancel_appointment(moved, reason="sick", by=dana, at=NOW)
    calendar = event_of(client, mail_link(moved))
    (third,) = calendar.walk("VEVENT")

    assert first["uid"] == second["uid"] == third["uid"]
    assert [int(event["sequence"]) for event in (first, second, third)] == [0, 1, 2]
    assert str(third["status"]) == "CANCELLED"
    assert str(calendar["method"]) == "CANCEL"


def test_my_appointment_ics_cannot_be_broken_by_the_practices_own_words(client, page, practice):
    practice.name, practice.address = "Elm; Street, \\Massage", "12 Elm\r\nATTACH:evil"
    practice.save()

    (event,) = event_of(client, page).walk("VEVENT")

    assert str(event["summary"]) == "Visit at Elm; Street, \\Massage"
    assert "ATTACH" not in event


def test_links_of_confirmed_visits_still_cancel(client, page, visit):
    confirm_appointment(visit, by=None, at=NOW)

    assert client.post(f"{page}cancel/", {"is_sure": "on"}).status_code == 302


def test_revoked_links_do_not_open(client, page, visit):
    AppointmentLink.objects.all().revoke(at=NOW)

    assert client.get(page).status_code == 404
