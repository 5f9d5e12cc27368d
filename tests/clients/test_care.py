"""An alert about a client in nobody's care calls every therapist; the chart opens to the one who takes the client on."""

import pytest
from django.urls import reverse

from clients.care import InCareAlready, NoAlertOpen, alerts_for_everybody, take_on
from clients.models import Client, Screening, TakenOn, Task, in_care
from clients.screenings import run_screening
from clients.todo import finish_task
from practice.models import AuditEvent
from protocols.models import Protocol, TreatmentPlan
from tests.clients.answers import emergency
from tests.support.visits import make_session, make_visit
from tests.world import NOW


@pytest.fixture
def alert(ben, massage):
    """Ben handed in an emergency answer and has no visit with anybody."""
    run_screening(client=ben, answers=emergency(), at=NOW)
    return Task.objects.get()


def screening_of(client):
    return reverse("clients:screening_page", args=[client.pk])


def test_every_therapist_sees_the_name_and_nobody_the_chart(alert, ben, mia, tom, signed_in):
    for therapist in (mia, tom):
        browser = signed_in(therapist)
        shown = browser.get("/today/").content.decode()
        assert "Ben Okafor" in shown
        assert "saddle" not in shown
        assert browser.get(screening_of(ben)).status_code == 404
        assert browser.post(reverse("clients:task_done", args=[alert.pk]), {"outcome": "Rang"}).status_code == 404
    assert not Task.objects.visible_to(tom).exists()


def test_client_take_on_opens_the_chart_to_one_and_calls_the_others_off(alert, ben, mia, tom, signed_in):
    answer = signed_in(tom).post(reverse("clients:client_take_on", args=[alert.pk]))

    assert answer.url == screening_of(ben)
    assert signed_in(tom).get(answer.url).status_code == 200
    assert Task.objects.visible_to(tom).get() == alert
    assert AuditEvent.objects.filter(action="client.taken_on", by=tom, about_client_id=ben.pk).count() == 1
    assert "Ben Okafor" not in signed_in(mia).get("/today/").content.decode()
    assert signed_in(mia).post(reverse("clients:client_take_on", args=[alert.pk])).status_code == 404
    assert not Client.objects.charts_visible_to(mia).filter(pk=ben.pk).exists()


@pytest.mark.parametrize("by", ["visit", "cancelled", "session", "plan", "taken_on", "nothing"])
def test_asked_of_one_client_or_of_all_care_is_the_same(by, alert, ben, mia, tom, massage):
    """Lists draw up everybody in care; charts and alerts look one client up. Both must name the same people."""
    if by == "taken_on":
        take_on(alert, by=mia, at=NOW)
    elif by == "plan":
        course = {
            "protocol": Protocol.objects.create(key="gluteal", name="Gluteal", planned_visits=6),
            "screening": Screening.objects.get(),
            "side": "left",
        }
        TreatmentPlan.objects.create(client=ben, therapist=mia, planned_visits=6, started_at=NOW, **course)
    elif by != "nothing":
        visit = make_visit(ben, mia, massage)
        if by == "session":
            make_session(visit, screening=Screening.objects.get())
        if by in {"cancelled", "session"}:
            type(visit).objects.update(status="cancelled")

    for therapists in ([mia.pk], [tom.pk], [mia.pk, tom.pk], []):
        in_list = Client.objects.in_care_of(therapists).filter(pk=ben.pk).exists()
        assert Client.objects.filter(in_care("pk", therapists), pk=ben.pk).exists() == in_list
        assert in_list == (mia.pk in therapists and by not in {"cancelled", "nothing"})
    assert Task.objects.visible_to(mia).exists() == (by not in {"cancelled", "nothing"})
    assert alerts_for_everybody().exists() == (by in {"cancelled", "nothing"})


def test_take_on_is_refused_to_the_second(alert, mia, tom):
    take_on(alert, by=tom, at=NOW)

    with pytest.raises(InCareAlready):
        take_on(alert, by=mia, at=NOW)

    assert TakenOn.objects.count() == 1


def test_take_on_needs_an_open_alert(alert, mia, olga):
    finish_task(alert, by=olga, at=NOW, outcome="Rang him, he goes to hospital.")

    with pytest.raises(NoAlertOpen):
        take_on(alert, by=mia, at=NOW)


def test_an_alert_about_a_client_in_care_calls_only_their_therapist(ada_in_care, tom, signed_in):
    run_screening(client=ada_in_care, answers=emergency(), at=NOW)

    assert not alerts_for_everybody().exists()
    assert "Müller" not in signed_in(tom).get("/today/").content.decode()
    assert signed_in(tom).post(reverse("clients:client_take_on", args=[Task.objects.get().pk])).status_code == 404


def test_an_alert_about_a_client_of_a_therapist_who_left_calls_everybody(ada_in_care, mia):
    run_screening(client=ada_in_care, answers=emergency(), at=NOW)
    mia.is_active = False
    mia.save()

    assert alerts_for_everybody().get().client == ada_in_care


def test_client_take_on_is_for_therapists(alert, dana, signed_in):
    assert signed_in(dana).post(reverse("clients:client_take_on", args=[alert.pk])).status_code == 403
