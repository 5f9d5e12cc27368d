"""A worrying check-in stops the client on every page, in the same words, until a therapist has asked everything again."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from clients.models import Screening, Task
from clients.rescreen import record_all_no
from clients.screenings import current_screening, run_screening
from practice.models import AuditEvent, Cover
from reminders.checkins import answer_check_in
from reminders.models import CheckIn
from sessions.charting import start_session
from sessions.models import TreatmentSession
from tests.clients.answers import calm
from tests.support.visits import make_session, make_visit, sign
from tests.world import NINE, NOW, minutes

DAY = timedelta(days=1)
STOP = "Stop – therapist first"


def read(response) -> str:
    """The words of a page as they are read aloud: a card of the board marks a part of them."""
    return strip_tags(response.content.decode())


@pytest.fixture
def visit(ada, mia, massage, green_room):
    """Ada's visit this morning."""
    return make_visit(ada, mia, massage, green_room)


@pytest.fixture
def check_in(ada, mia, massage, green_room, visit):
    """Ada was screened and treated three days ago, with nothing found; the check-in is out."""
    screening = run_screening(client=ada, answers=calm(), at=NOW - 3 * DAY, by=mia)
    last = make_visit(ada, mia, massage, green_room, starts_at=NINE - 3 * DAY, status="arrived")
    session = sign(make_session(last, screening=screening))
    return CheckIn.objects.create(session=session, client=ada, due_at=NOW - DAY)


def answered(check_in, **said):
    words = {"pain_now_nrs": 4, "warning_sign": "no", "leg_symptoms": "same", "at": NOW - minutes(30), **said}
    return answer_check_in(check_in, **words)


@pytest.fixture
def closed(check_in, mia, signed_in):
    """Her answer worried us; Mia rang and closed the alert with words."""
    answered(check_in, warning_sign="not_sure")
    task = Task.objects.get(kind="check_in_alert")
    signed_in(mia).post(reverse("clients:task_done", args=[task.pk]), {"outcome": "Rang her: see a doctor today."})
    task.refresh_from_db()
    assert task.done_by == mia
    return task


def pages(client, visit):
    return {
        "today": reverse("workspace:today"),
        "client": reverse("workspace:client_page", args=[client.pk]),
        "screening": reverse("clients:screening_page", args=[client.pk]),
        "board": reverse("booking:day_board"),
        "visit": visit.get_absolute_url(),
        "booking": f"{reverse('booking:appointment_create')}?client={client.pk}",
        "moving": reverse("booking:appointment_move", args=[visit.pk]),
        "list": reverse("clients:client_list"),
        "plan": reverse("protocols:plan_create", args=[client.pk]),
    }


def section(html, start, end="</section>"):
    """The part of a page between two marks: its own words."""
    return html[html.index(start) :].partition(end)[0]


def start(browser, visit):
    return browser.post(reverse("sessions:session_start", args=[visit.pk]), follow=True)


def shown_on(page):
    """What a page of questions stands on, as its form sends it back."""
    return {name: page.context[name] for name in ("base", "seen_alert")}


@pytest.mark.parametrize("said", [{"warning_sign": "yes"}, {"warning_sign": "not_sure"}, {"leg_symptoms": "worse"}])
def test_a_worrying_check_in_stops_the_visit_open_or_closed(check_in, visit, mia, signed_in, said):
    answered(check_in, **said)
    browser = signed_in(mia)
    record_all_no(current_screening(visit.client), by=mia, at=NOW - minutes(60))  # asked today, before the answer

    assert "An alert about this client is open" in start(browser, visit).content.decode()
    task = Task.objects.get(kind="check_in_alert")
    browser.post(reverse("clients:task_done", args=[task.pk]), {"outcome": "All fine, she says."})

    assert "ask every safety question again" in start(browser, visit).content.decode()
    assert not TreatmentSession.objects.filter(appointment=visit).exists()


@pytest.mark.parametrize(
    "name", ["today", "client", "screening", "board", "visit", "booking", "moving", "list", "plan"]
)
def test_a_closed_alert_says_stop_on_every_page(closed, visit, ada, mia, signed_in, name):
    assert STOP in read(signed_in(mia).get(pages(ada, visit)[name]))


def test_no_page_says_treat_while_the_alert_stands(closed, visit, ada, mia, signed_in):
    browser = signed_in(mia)
    today, client, screening = (
        browser.get(pages(ada, visit)[name]).content.decode() for name in ("today", "client", "screening")
    )

    card = section(client, "<h2>Screening</h2>")
    assert STOP in card and "Treat" not in card
    result = section(screening, 'id="result-title"', "</div>")
    assert STOP in result and "Treat" not in result
    visit_card = section(today, '<article class="card visit', "</article>")
    assert STOP in visit_card and "Treat" not in visit_card
    assert "Ask first" not in visit_card
    assert reverse("sessions:session_start", args=[visit.pk]) not in today


def test_the_desk_sees_the_stop_and_no_reason(closed, visit, ada, dana, signed_in):
    desk = signed_in(dana)

    for name in ("client", "board", "visit", "list"):
        html = read(desk.get(pages(ada, visit)[name]))
        assert STOP in html
        for word in ("doctor", "Rang her", "Check-in answered", "Alert"):
            assert word not in html


def test_the_story_keeps_what_was_advised_by_whom(closed, visit, ada, mia, signed_in):
    html = signed_in(mia).get(pages(ada, visit)["client"]).content.decode()

    assert "Alert: look at the check-in now" in html
    assert "Alert answered by Mia Berg" in html
    assert "Rang her: see a doctor today." in html


def test_every_page_says_go_again_once_everything_was_asked(closed, visit, ada, mia, signed_in):
    browser = signed_in(mia)
    page = browser.get(reverse("clients:rescreen", args=[ada.pk]))

    form = {**shown_on(page), "act": "all_no", "next": reverse("workspace:today")}
    browser.post(reverse("clients:rescreen", args=[ada.pk]), form)

    for address in pages(ada, visit).values():
        assert STOP not in read(browser.get(address))
    assert start(browser, visit).status_code == 200
    assert TreatmentSession.objects.get(appointment=visit).screening == current_screening(ada)
    assert AuditEvent.objects.filter(action="gate.passed", by=mia, about_client_id=ada.pk).count() == 1


def test_closing_an_alert_promises_nothing(check_in, visit, ada, mia, signed_in):
    answered(check_in, warning_sign="yes")
    task = Task.objects.get(kind="check_in_alert")

    answer = signed_in(mia).post(reverse("clients:task_done", args=[task.pk]), {"outcome": "Rang her."}, follow=True)

    assert "The stop stands until every safety question was asked again." in answer.content.decode()


def test_the_questions_name_the_alert_and_lead_to_what_was_answered(closed, visit, ada, mia, signed_in):
    html = signed_in(mia).get(reverse("clients:rescreen", args=[ada.pk])).content.decode()

    assert "There was an alert on" in html
    assert "Read what the client answered" in html


def test_asking_while_the_alert_is_open_does_not_promise_that_the_visit_may_start(check_in, visit, ada, mia, signed_in):
    answered(check_in, warning_sign="yes")
    browser, address = signed_in(mia), reverse("clients:rescreen", args=[ada.pk])
    form = {**shown_on(browser.get(address)), "act": "all_no", "next": reverse("workspace:today")}

    answer = browser.post(address, form, follow=True)

    assert answer.request["PATH_INFO"] == pages(ada, visit)["screening"]
    assert "An alert is still open" in answer.content.decode()
    assert "The visit may start" not in answer.content.decode()


@pytest.mark.parametrize("name", ["clients:rescreen", "clients:screening_clarify"])
def test_questions_opened_before_the_client_answered_are_asked_again(check_in, visit, ada, mia, signed_in, name):
    browser, address = signed_in(mia), reverse(name, args=[ada.pk])
    sent = shown_on(browser.get(address))
    answered(check_in, warning_sign="yes")

    answer = browser.post(address, {**sent, "act": "all_no", "slr": "negative", "pain_now": "5"})

    assert answer.status_code == 422
    assert "the client has sent an answer" in answer.content.decode()
    assert Screening.objects.count() == 1


def test_an_alert_that_comes_while_the_chart_is_open_shows_on_the_chart(check_in, visit, ada, mia, signed_in):
    record_all_no(current_screening(ada), by=mia, at=NOW - minutes(60))
    session = start_session(visit, by=mia, at=NOW - minutes(45))
    chart = reverse("sessions:session_chart", args=[session.pk])
    browser = signed_in(mia)
    assert STOP not in browser.get(chart).content.decode()

    answered(check_in, warning_sign="yes")

    assert STOP in browser.get(chart).content.decode()


def test_a_covering_therapist_meets_the_same_stop(closed, visit, ada, mia, tom, olga, signed_in):
    Cover.objects.create(who=tom, for_whom=mia, starts_at=NOW - DAY, until=NOW + DAY, created_by=olga)

    assert "ask every safety question again" in start(signed_in(tom), visit).content.decode()
    assert not TreatmentSession.objects.filter(appointment=visit).exists()


def test_a_cover_that_has_ended_opens_nothing(check_in, visit, ada, mia, tom, olga, signed_in):
    record_all_no(current_screening(ada), by=mia, at=NOW)
    Cover.objects.create(who=tom, for_whom=mia, starts_at=NOW - 2 * DAY, until=NOW, created_by=olga)

    assert signed_in(tom).post(reverse("sessions:session_start", args=[visit.pk])).status_code == 404


def test_the_screening_of_one_client_opens_no_visit_of_another(check_in, visit, ada, ben, mia, massage, signed_in):
    record_all_no(current_screening(ada), by=mia, at=NOW)
    other = make_visit(ben, mia, massage, starts_at=NINE + minutes(60))

    answer = signed_in(mia).post(
        reverse("sessions:session_start", args=[other.pk]),
        {"client": ada.pk, "appointment": visit.pk, "screening": current_screening(ada).pk},
        follow=True,
    )

    assert "There is no screening yet" in answer.content.decode()
    assert not TreatmentSession.objects.filter(appointment=other).exists()


def test_a_second_entry_for_the_same_person_starts_from_nothing(check_in, visit, mia, massage, signed_in, ada):
    """A client entered twice has no screening under the second name; the first one's answers do not travel."""
    record_all_no(current_screening(ada), by=mia, at=NOW)
    twin = type(ada).objects.create(
        first_name=ada.first_name, last_name=ada.last_name, born_on=ada.born_on, phone=ada.phone, created_at=NOW
    )
    other = make_visit(twin, mia, massage, starts_at=NINE + minutes(60))

    assert "There is no screening yet" in start(signed_in(mia), other).content.decode()


# --- the visit's date, not the chart's


@pytest.fixture
def charted_late(ada, mia, massage, green_room):
    """A visit of Thursday whose chart was opened on Sunday."""
    visit = make_visit(ada, mia, massage, green_room, starts_at=NINE - 4 * DAY)
    screening = run_screening(client=ada, answers=calm(), at=NOW - 5 * DAY, by=mia)
    return make_session(visit, screening=screening, started_at=NOW - DAY)


def test_today_prints_the_date_of_the_visit_for_notes_that_wait(charted_late, mia, signed_in):
    html = signed_in(mia).get(reverse("workspace:today")).content.decode()

    assert "Visit of Thu 19 Nov, 09:00" in html


def test_today_lists_a_note_of_yesterday_whose_chart_was_opened_today(charted_late, mia, signed_in):
    type(charted_late).objects.update(started_at=NOW)

    assert "Visit of Thu 19 Nov, 09:00" in signed_in(mia).get(reverse("workspace:today")).content.decode()


def test_the_last_visit_is_told_by_its_own_date(charted_late, visit, ada, mia, signed_in):
    sign(charted_late)
    browser = signed_in(mia)

    card = section(browser.get(reverse("workspace:today")).content.decode(), "<dt>Last visit</dt>", "</dd>")
    client = browser.get(reverse("workspace:client_page", args=[ada.pk])).content.decode()

    assert "Thu 19 Nov" in card
    assert "Last session, Thu 19 Nov 2026" in client
    assert "22 Nov" not in client


def test_the_last_visit_is_the_latest_visit_not_the_latest_chart(charted_late, visit, ada, mia, massage, signed_in):
    sign(charted_late)
    later = make_visit(ada, mia, massage, starts_at=NINE - 3 * DAY)
    sign(make_session(later, screening=charted_late.screening, started_at=NINE - 3 * DAY), position=2)

    card = section(signed_in(mia).get(reverse("workspace:today")).content.decode(), "<dt>Last visit</dt>", "</dd>")

    assert "Fri 20 Nov" in card


def test_the_story_tells_a_session_at_the_time_of_its_visit(charted_late, ada, mia, signed_in):
    sign(charted_late)

    html = signed_in(mia).get(reverse("workspace:client_page", args=[ada.pk])).content.decode()

    assert "Thu 19 Nov 2026, 09:00" in section(html, "Session signed", "</li>")


def test_today_asks_anew_for_a_second_visit_of_the_day(check_in, visit, ada, mia, massage, signed_in):
    record_all_no(current_screening(ada), by=mia, at=NOW - minutes(60))
    start_session(visit, by=mia, at=NOW - minutes(45))
    second = make_visit(ada, mia, massage, starts_at=NINE + minutes(300))

    html = signed_in(mia).get(reverse("workspace:today")).content.decode()

    assert "Ask first" in html
    assert reverse("sessions:session_start", args=[second.pk]) not in html
