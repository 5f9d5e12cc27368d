"""The home programme behind its link, and what clients say they did of it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from clients.models import Task
from clients.records import FIELDS, update_client
from clients.todo import raise_task
from practice.models import AuditEvent
from protocols.home import PlanIsClosed, report_home, said_before
from protocols.knowledge import KNOWLEDGE
from protocols.models import HomeProgrammeLink, HomeReport
from protocols.plans import close_plan
from tests.support.visits import make_visit
from tests.world import NINE, NOW

DAY = timedelta(days=1)


@pytest.fixture
def token(plan):
    return HomeProgrammeLink.mint(now=NOW, expires_at=NOW + 30 * DAY, plan=plan)


def opened(client, token) -> str:
    return client.get(reverse("protocols:home_open", args=[token]))["Location"]


def refused(client, token) -> bool:
    return client.get(reverse("protocols:home_open", args=[token])).status_code == 404


def test_the_page_shows_exercises_with_dose_and_stop_rule_and_no_diagnosis(client, plan, token):
    page = client.get(opened(client, token)).content.decode()

    card = KNOWLEDGE.exercises["figure_four"]
    for words in (card.name, card.dose, card.stop, "020 7946 0000", "numbness between your legs"):
        assert words in page
    for words in (plan.protocol.name, plan.goal, plan.client.last_name, "iriformis", "sciatica"):
        assert words not in page


def test_opening_is_recorded_and_changes_nothing_else(client, plan, token):
    client.get(opened(client, token))

    read = AuditEvent.objects.get(action="chart.read")
    assert (read.actor, read.about_client_id) == ("client", plan.client_id)
    assert not HomeReport.objects.exists()


def test_one_answer_stands_beside_the_visits_of_the_plan(client, plan, token, mia, signed_in):
    response = client.post(opened(client, token), {"how_often": "most_days"}, follow=True)

    assert "Your therapist sees it before your next visit." in response.content.decode()
    assert HomeReport.objects.get().how_often == "most_days"
    page = signed_in(mia).get(reverse("protocols:plan_detail", args=[plan.pk])).content.decode()
    assert "At home since the last visit: most days" in page


@pytest.mark.parametrize("sent", [{}, {"how_often": "always"}, {"how_often": ""}])
def test_nothing_chosen_is_nothing_said(client, token, sent):
    response = client.post(opened(client, token), sent)

    assert response.status_code == 422
    assert not HomeReport.objects.exists()


def test_today_tells_the_therapist_of_the_next_visit(plan, mia, massage, signed_in):
    make_visit(plan.client, mia, massage, starts_at=NINE + timedelta(hours=5))
    report_home(plan, how_often="some_days", at=NOW)

    assert "<dt>At home</dt><dd>Some days" in signed_in(mia).get(reverse("workspace:today")).content.decode()


def test_the_same_word_again_is_one_row_and_another_word_is_added(plan):
    for minute, how_often in enumerate(("some_days", "some_days", "every_day")):
        report_home(plan, how_often=how_often, at=NOW + timedelta(minutes=minute))

    assert list(HomeReport.objects.order_by("pk").values_list("how_often", flat=True)) == ["some_days", "every_day"]


def test_said_before_gives_each_visit_the_newest_word_since_the_one_before():
    visits = [NOW, NOW + 7 * DAY]
    days = (-1, 1, 2, 7, 8)
    reports = [HomeReport(pk=number, how_often=str(day), at=NOW + day * DAY) for number, day in enumerate(days)]

    assert [row and row.how_often for row in said_before(visits, reports)] == ["-1", "7", "8"]
    assert said_before([], []) == [None]
    assert [row and row.how_often for row in said_before(visits, reports[:1])] == ["-1", None, None]


def test_a_report_cannot_be_changed_even_by_the_database(plan):
    row = report_home(plan, how_often="some_days", at=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        HomeReport.objects.filter(pk=row.pk).update(how_often="every_day")


def test_a_closed_plan_shuts_its_links_and_takes_no_answer(client, plan, token, mia):
    page = opened(client, token)

    close_plan(plan, note="Done", by=mia, at=NOW)

    assert HomeProgrammeLink.objects.get().revoked_at == NOW
    assert refused(client, token)
    assert client.get(page).status_code == 404
    assert client.post(page, {"how_often": "most_days"}).status_code == 404
    with pytest.raises(PlanIsClosed):
        report_home(plan, how_often="most_days", at=NOW)


def test_another_address_shuts_the_link_sent_to_the_old_one(client, plan, token, dana):
    details = {name: getattr(plan.client, name) for name in FIELDS}

    update_client(plan.client, by=dana, at=NOW, **{**details, "email": "new@mail.example"})

    assert refused(client, token)


def test_exercises_wait_while_a_therapist_has_to_speak_with_the_client(client, plan, token):
    raise_task(kind=Task.Kind.CHECK_IN_ALERT, client=plan.client, subject="check-in 1", for_role="therapist", at=NOW)

    page = client.get(opened(client, token)).content.decode()

    assert "Please wait with the exercises until your therapist has spoken with you." in page
    assert KNOWLEDGE.exercises["figure_four"].name not in page


def test_reports_are_seen_by_whoever_reads_the_chart(plan, mia, tom, dana):
    report_home(plan, how_often="some_days", at=NOW)

    assert [HomeReport.objects.visible_to(user).count() for user in (mia, tom, dana)] == [1, 0, 0]
