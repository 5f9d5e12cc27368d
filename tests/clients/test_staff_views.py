"""Clients as the staff sees them: lists, forms, duplicates, the tablet, the call list. The desk sees no health word."""

import pytest
from django.urls import reverse

from booking.models import Appointment
from clients.intakes import request_intake, save_group, save_history
from clients.models import Client, Intake, Task
from clients.todo import finish_task, raise_task
from practice.models import AuditEvent
from tests.clients.conftest import Phone
from tests.support.visits import make_visit
from tests.world import NINE, NOW, make_client, minutes

CANARY = "Zyzzyvagoal"
NEW = {"first_name": "Cleo", "last_name": "Hart", "phone": "+44 20 7946 1111", "born_on": "1990-02-03"}


def text_of(response):
    return response.content.decode()


def create(browser, **changes):
    return browser.post(reverse("clients:client_create"), {**NEW, **changes})


# --- the list


def test_client_list_finds_by_folded_name_phone_and_birth_date(signed_in, dana, ada, ben):
    desk = signed_in(dana)

    for query in ("MULLER", "müll ada", "07911 123456", "1980-05-17 ada", "17.05.1980 müller"):
        page = text_of(desk.get(reverse("clients:client_list"), {"q": query}))
        assert "Müller, Ada" in page, query
        assert "Okafor" not in page, query
    assert "Nobody found for “zzz”" in text_of(desk.get(reverse("clients:client_list"), {"q": "zzz"}))


def test_client_list_fragment_stands_in_the_page(signed_in, dana, ada):
    desk = signed_in(dana)
    address = reverse("clients:client_list")

    page = text_of(desk.get(address, {"q": "ada"}))
    fragment = text_of(desk.get(address, {"q": "ada"}, headers={"HX-Request": "true", "HX-Target": "client-rows"}))

    assert fragment.strip() in page
    assert "<html" not in fragment


def test_client_list_shows_a_therapist_only_people_in_their_care(signed_in, tom, ada_in_care, ben):
    page = text_of(signed_in(tom).get(reverse("clients:client_list")))

    assert "Müller" not in page
    assert "Okafor" not in page


def test_client_list_asks_no_more_for_more_clients(signed_in, dana, ada, django_assert_max_num_queries):
    desk = signed_in(dana)
    address = reverse("clients:client_list")
    with django_assert_max_num_queries(30) as few:
        desk.get(address)
    for number in range(12):
        client = make_client("Nora", f"Number{number}")
        request_intake(client=client, by=dana, at=NOW)

    with django_assert_max_num_queries(len(few)):
        assert "Number7" in text_of(desk.get(address))


@pytest.mark.parametrize("query", ["%", "_", "'", '"><script>', "x" * 5000, "page"])
def test_client_list_takes_any_search(signed_in, dana, ada, query):
    assert signed_in(dana).get(reverse("clients:client_list"), {"q": query, "page": "9e9"}).status_code == 200


# --- taking somebody in


def test_client_create_makes_a_client(signed_in, dana):
    response = create(signed_in(dana))

    client = Client.objects.get(last_name="Hart")
    assert response.url == client.get_absolute_url()
    assert str(client.phone) == "+442079461111"


def test_client_create_is_not_for_therapists(signed_in, mia):
    assert create(signed_in(mia)).status_code == 403


def test_client_create_shows_possible_duplicates_first_and_keeps_what_was_typed(signed_in, dana, ada):
    desk = signed_in(dana)

    response = create(desk, first_name="Ada", last_name="Mueller", phone=str(ada.phone), desk_note="Parks behind")

    page = text_of(response)
    assert "Perhaps on file already" in page
    assert "Name spelled almost the same, same phone number" in page
    assert ada.get_absolute_url() in page
    assert "Parks behind" in page
    assert Client.objects.count() == 1

    same = {"first_name": "Ada", "last_name": "Mueller", "phone": str(ada.phone), "is_another_person": "yes"}
    create(desk, **same, known_duplicates=str(ada.pk))
    assert Client.objects.count() == 2


def test_client_create_asks_again_when_other_duplicates_turn_up(signed_in, dana, ada, ben):
    response = create(
        signed_in(dana), first_name="Ben", last_name="Okafor", is_another_person="yes", known_duplicates=str(ada.pk)
    )

    assert "Perhaps on file already" in text_of(response)
    assert Client.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phone": "", "email": ""}, "A phone number or an e-mail address is needed"),
        ({"born_on": "1899-12-31"}, "1900 or later"),
        ({"born_on": "9999-01-01"}, "cannot lie in the future"),
        ({"born_on": "31/02/1990"}, "Write the date as day, month and year"),
        ({"born_on": "2015-01-01"}, "the name of a parent or guardian is needed"),
        ({"phone": "12"}, "Write a whole phone number"),
        ({"email": "nobody"}, "Enter a valid email address"),
        ({"first_name": "x" * 81}, "at most 80 characters"),
        ({"first_name": ""}, "This field is required"),
    ],
)
def test_client_create_says_at_the_field_what_is_wrong(signed_in, dana, changes, words):
    response = create(signed_in(dana), desk_note="Parks behind", **changes)

    assert response.status_code == 422
    assert words in text_of(response)
    assert "Parks behind" in text_of(response)
    assert Client.objects.count() == 0


def test_client_create_refuses_bytes_no_database_takes(signed_in, dana):
    desk = signed_in(dana)

    assert create(desk, first_name="A\x00da").status_code == 400
    assert (
        desk.post(
            reverse("clients:client_create"), b"first_name=%ff%fe", "application/x-www-form-urlencoded"
        ).status_code
        == 400
    )


# --- putting details right


def test_client_edit_saves_and_leads_back(signed_in, dana, ada):
    desk = signed_in(dana)
    page = desk.get(reverse("clients:client_edit", args=[ada.pk]))

    typed = {name: page.context["form"].initial.get(name) or "" for name in page.context["form"].fields}
    desk.post(reverse("clients:client_edit", args=[ada.pk]), {**typed, "last_name": "Miller"})

    ada.refresh_from_db()
    assert ada.last_name == "Miller"
    assert AuditEvent.objects.get(action="client.changed").detail == {"fields": "last_name"}


def test_client_edit_shows_what_somebody_else_saved_meanwhile(signed_in, dana, ada):
    desk = signed_in(dana)
    address = reverse("clients:client_edit", args=[ada.pk])
    form = desk.get(address).context["form"]
    typed = {name: form.initial.get(name) or "" for name in form.fields}
    desk.post(address, {**typed, "address": "1 Oak Road"})

    response = desk.post(address, {**typed, "address": "2 Ash Lane"})

    assert response.status_code == 422
    assert "1 Oak Road" in text_of(response)
    assert 'value="2 Ash Lane"' in text_of(response)
    informed = {**typed, "address": "2 Ash Lane", "seen": response.context["form"].data["seen"]}
    assert desk.post(address, informed).status_code == 302


def test_client_edit_is_not_found_outside_ones_care(signed_in, tom, ada_in_care):
    assert signed_in(tom).get(reverse("clients:client_edit", args=[ada_in_care.pk])).status_code == 404


# --- the intake, from the desk


def test_intake_request_puts_people_without_mail_on_the_call_list(signed_in, dana):
    quiet = make_client("Nell", "Nomail", email="")
    desk = signed_in(dana)

    desk.post(reverse("clients:intake_request", args=[quiet.pk]))

    assert not Intake.objects.get().wants_mail
    assert "Nell Nomail" in text_of(desk.get(reverse("clients:call_list")))


def test_the_call_list_settles_itself_when_the_intake_is_handed_in(signed_in, dana, phone, ada_in_care):
    raise_task(
        kind="intake_by_phone", client=ada_in_care, subject=f"intake:{phone.intake.pk}", for_role="front_desk", at=NOW
    )

    phone.hand_in()

    assert not Task.objects.open().filter(kind="intake_by_phone").exists()
    assert "Nobody waits for a call" in text_of(signed_in(dana).get(reverse("clients:call_list")))


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("intake:4", "Intake missing"),
        ("intake-mail 4", "Intake missing"),
        ("check-in 4", "Check-in after the visit"),
        ("check-in-mail 4", "Check-in after the visit"),
        ("visit-mail 4", "Confirm the visit"),
        ("moved-mail 4", "Visit moved: confirm the new time"),
        ("cancelled-mail 4", "Visit cancelled: say so"),
    ],
)
def test_the_call_list_says_why_to_call(signed_in, dana, ada, subject, why):
    task = raise_task(kind="call_client", client=ada, subject=subject, for_role="front_desk", at=NOW)
    desk = signed_in(dana)

    assert why in text_of(desk.get(reverse("clients:call_list")))
    assert why.lower() in text_of(desk.get(ada.get_absolute_url()))
    finish_task(task, by=dana, at=NOW, outcome="Reached")
    assert why.lower() in text_of(desk.get(reverse("clients:call_list")))


def test_the_call_list_says_which_visit_comes_next(signed_in, dana, ada, mia, massage):
    make_visit(ada, mia, massage, starts_at=NOW + minutes(60 * 26))
    Task.objects.create(
        kind="call_client", client=ada, subject="reminder 1.1", for_role="front_desk", due_at=NOW, created_at=NOW
    )

    page = signed_in(dana).get(reverse("clients:call_list")).content.decode()

    assert "Remind of the visit" in page
    assert "Next visit: <strong>Tue 24 Nov 2026, 10:00</strong> with Mia Berg." in page


def test_an_alert_gives_the_desk_no_reason(ada):
    alert = raise_task(kind="check_in_alert", client=ada, subject="check-in 4", for_role="therapist", at=NOW)

    assert alert.why == ""


def test_task_done_keeps_what_came_of_it(signed_in, dana, ada):
    desk = signed_in(dana)
    task = raise_task(kind="call_client", client=ada, subject="check_in:7", for_role="front_desk", at=NOW)
    address = reverse("clients:task_done", args=[task.pk])

    refused = desk.post(address, {"outcome": "x" * 301})
    assert refused.status_code == 422
    assert "x" * 301 in text_of(refused)

    done = desk.post(address, {"outcome": "Rings back", "next": reverse("clients:call_list")})
    assert done.url == reverse("clients:call_list")
    task.refresh_from_db()
    assert (task.done_by, task.outcome) == (dana, "Rings back")
    assert desk.post(address, {"next": "https://evil.example/"}).status_code == 422


def test_task_done_is_not_for_others(signed_in, tom, dana, phone):
    phone.send("urgent_pelvis", {"saddle_numbness": "yes"})
    alert = reverse("clients:task_done", args=[Task.objects.get().pk])

    assert signed_in(tom).post(alert, {"outcome": "Done"}).status_code == 404
    assert signed_in(dana).post(alert, {"outcome": "Done"}).status_code == 404


def test_intake_send_again_lets_another_mail_go_out(signed_in, dana, intake):
    desk = signed_in(dana)

    desk.post(reverse("clients:intake_send_again", args=[intake.client_id]))

    intake.refresh_from_db()
    assert intake.mail_version == 2
    Client.objects.filter(pk=intake.client_id).update(email="")
    page = desk.post(reverse("clients:intake_send_again", args=[intake.client_id]), follow=True)
    assert "no e-mail address" in text_of(page)
    intake.refresh_from_db()
    assert intake.mail_version == 2


def test_intake_on_tablet_signs_the_staff_member_out_and_opens_the_intake(signed_in, dana, ada_in_care):
    tablet = signed_in(dana)

    response = tablet.post(reverse("clients:intake_on_tablet", args=[ada_in_care.pk]), follow=True)

    assert "Hello Ada" in text_of(response)
    assert "_auth_user_id" not in tablet.session
    assert tablet.get(reverse("clients:client_list")).status_code == 302  # to the sign-in page
    assert AuditEvent.objects.filter(action="intake.handed_over", by=dana).exists()


def test_the_tablet_forgets_the_answers_when_they_are_handed_in(signed_in, dana, ada_in_care):
    tablet = signed_in(dana)
    tablet.post(reverse("clients:intake_on_tablet", args=[ada_in_care.pk]))
    phone = Phone(Intake.objects.get())
    (handle,) = [key.split(":")[1] for key in tablet.session["links"]]
    phone.browser, phone.handle = tablet, handle
    phone.send_all(cancer_history=True)
    filled_in = tablet.session.session_key

    phone.hand_in()

    assert tablet.session.session_key != filled_in
    assert tablet.session["intakes"][str(phone.intake.pk)]["answers"] == {}
    thanks = text_of(phone.get("intake_done"))
    assert "Please be seen by a doctor" in thanks
    assert "Keep a copy" not in thanks
    assert phone.get("intake_copy").status_code == 404
    tablet.post(reverse("clients:intake_hand_back"))
    assert phone.get("intake_done").status_code == 404


# --- no health word for the desk


def test_the_desk_sees_go_or_stop_and_no_answer_anywhere(signed_in, dana, intake, ada_in_care):
    save_group(intake, group="urgent_pelvis", answers={"saddle_numbness": True}, at=NOW)
    save_history(intake, step="words", words={"goals": CANARY}, at=NOW)
    desk = signed_in(dana)
    pages = [
        reverse("clients:client_list"),
        reverse("clients:call_list"),
        reverse("clients:client_edit", args=[ada_in_care.pk]),
        ada_in_care.get_absolute_url(),
    ]

    for address in pages:
        page = text_of(desk.get(address))
        assert CANARY not in page, address
        assert "numbness between your legs" not in page.lower() or "safety" in page.lower(), address
        assert "saddle" not in page.lower(), address
    assert "Stop – therapist first" in text_of(desk.get(pages[0]))


@pytest.mark.parametrize(
    "name", ["screening_page", "screening_clarify", "clearance_create", "consent_record", "intake_by_phone"]
)
def test_clinical_pages_are_closed_to_the_desk_and_to_other_therapists(signed_in, dana, tom, ada_in_care, name):
    address = reverse(f"clients:{name}", args=[ada_in_care.pk])

    assert signed_in(dana).get(address).status_code == 403
    assert signed_in(tom).get(address).status_code == 404


def test_a_cancelled_visit_closes_the_chart_again(signed_in, mia, ada_in_care):
    Appointment.objects.filter(client=ada_in_care, starts_at=NINE).update(status="cancelled")

    assert signed_in(mia).get(reverse("clients:screening_page", args=[ada_in_care.pk])).status_code == 404


def test_request_intake_at_the_same_minute_gives_one_intake(ada, dana):
    assert request_intake(client=ada, by=dana, at=NOW) == request_intake(client=ada, by=dana, at=NOW + minutes(1))


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**30])
def test_unknown_ids_are_not_found(signed_in, dana, number):
    desk = signed_in(dana)

    assert desk.get(f"/clients/{number}/edit/").status_code == 404
    assert desk.post(f"/clients/{number}/intake/request/").status_code == 404
    assert desk.post(f"/clients/tasks/{number}/done/").status_code == 404
