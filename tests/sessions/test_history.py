"""What was done to a muscle across visits."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from practice.models import AuditEvent
from sessions.charting import save_chart, sign_session, withdraw_session
from sessions.entries import FindingEntry
from sessions.history import findings_of, muscle_findings, treated_muscles, trend_rows, trends_of
from tests.sessions.conftest import ask_and_start, make_visit
from tests.support.queries import queries_of
from tests.support.years import earlier_visits
from tests.world import NINE, minutes

FOUND_BY = {
    "sqlite": re.compile(r"session_id=\? AND muscle=\? AND side=\?"),
    "postgresql": re.compile(r"muscle_finding_once_per_side"),
}


@pytest.fixture
def second(signed, ada, mia, massage, green_room):
    """A week later, charted and not signed: the right piriformis less tender, the left one touched."""
    visit = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7))
    draft = ask_and_start(visit, mia)
    findings = [
        FindingEntry("piriformis", "right", tenderness=1, minutes=6, response="sore"),
        FindingEntry("piriformis", "left", techniques=("myofascial_release",)),
        FindingEntry("psoas", "right"),
    ]
    return save_chart(draft, version=draft.version, by=mia, at=visit.starts_at, findings=findings)


def spots(findings):
    return [(each.session_id, each.side, each.minutes) for each in findings]


def test_the_right_piriformis_last_time_is_one_query(signed, second, ada):
    found = []

    asked = queries_of(lambda: found.append(muscle_findings(ada, "piriformis", "right").prefetch_related(None).first()))

    assert len(asked) == 1
    assert (found[0].session, found[0].tenderness, found[0].minutes, found[0].response) == (second, 1, 6, "sore")


def test_muscle_findings_come_newest_first_and_by_side(signed, second, ada):
    assert spots(muscle_findings(ada, "piriformis", "right")) == [(second.pk, "right", 6), (signed.pk, "right", 10)]
    assert spots(muscle_findings(ada, "piriformis", "left")) == [(second.pk, "left", 0)]
    assert len(muscle_findings(ada, "piriformis")) == 3


def test_what_is_laid_out_and_not_charted_is_no_finding(second, ada):
    assert not muscle_findings(ada, "psoas").exists()
    assert second.findings.filter(muscle="psoas").exists()


def test_a_chart_entered_in_error_is_in_no_history(signed, second, ada, mia):
    withdraw_session(second, reason="The wrong client.", by=mia, at=NINE + timedelta(days=7))

    assert spots(muscle_findings(ada, "piriformis")) == [(signed.pk, "right", 10)]
    assert [(each.name, each.visits) for each in treated_muscles(ada)] == [("Right piriformis", 1)]


def test_treated_muscles_add_up_and_tell_of_the_last_visit(signed, second, ada):
    asked = queries_of(lambda: treated_muscles(ada))

    assert len(asked) == 1
    assert [
        (each.name, each.visits, each.minutes, each.last.tenderness, each.last.response)
        for each in treated_muscles(ada)
    ] == [("Left piriformis", 1, 0, None, ""), ("Right piriformis", 2, 16, 1, "sore")]


def test_findings_are_found_by_index(signed, massage, ada):
    """However many other clients there are: this client's sessions, then in each the finding by muscle and side."""
    earlier_visits(signed, massage, 30)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE")
            cursor.execute("SET LOCAL enable_seqscan = off")  # thirty rows are read through whatever the index
    plan = muscle_findings(ada, "piriformis", "right").explain()

    for table in ("treatment_sessions_musclefinding", "treatment_sessions_treatmentsession"):
        assert not re.search(rf"(SCAN|Seq Scan on) {table}", plan)
    assert FOUND_BY[connection.vendor].search(plan)


def test_a_trend_goes_from_the_oldest_to_the_newest(signed, second, ada):
    (trend,) = trends_of(trend_rows(ada, "piriformis"))

    assert [(mark.tenderness, mark.minutes) for mark in trend.marks] == [(3, 10), (1, 6)]
    assert trend.marks[0].y < trend.marks[1].y
    assert trend.marks[0].bar_height > trend.marks[1].bar_height > 0
    assert trend.words == (
        "Right piriformis over 2 visits: tenderness 3 of 4 at first, 1 of 4 at last; 16 minutes in all."
    )


def test_a_trend_leaves_a_gap_where_nothing_was_felt(signed, ada, mia, massage, green_room):
    visit = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7))
    draft = ask_and_start(visit, mia)
    save_chart(draft, version=1, by=mia, at=visit.starts_at, findings=[FindingEntry("piriformis", "right", tone=2)])

    (trend,) = trends_of(trend_rows(ada, "piriformis"))

    assert trend.line.count(",") == 1
    assert [mark.bar_height for mark in trend.marks][1] == 0


# --- pages


def page_of(browser, client, muscle="piriformis", **query):
    return browser.get(reverse("sessions:muscle_history", args=[client.pk, muscle]), query)


def test_muscle_history_tells_each_visit(signed, second, ada, mia, signed_in):
    page = page_of(signed_in(mia), ada, side="right").content.decode()

    for words in (
        "Mia Berg",
        "3/4",
        "trigger-point compression",
        "5/10",
        "back of the thigh",
        "Eased",
        "6 → 3",
        "Draft",
    ):
        assert words in page, words
    rows = page.partition("<tbody>")[2]
    assert rows.index("Mon 30 Nov 2026") < rows.index("Mon 23 Nov 2026")
    assert "Right piriformis over 2 visits: tenderness 3 of 4 at first" in page


def test_only_the_draft_is_marked_as_one(signed, ada, mia, signed_in):
    assert "Draft" not in page_of(signed_in(mia), ada).content.decode()


@pytest.mark.parametrize("side", ["both", "x", "LEFT", "🙂"])
def test_an_unknown_side_shows_both(second, ada, mia, signed_in, side):
    assert len(page_of(signed_in(mia), ada, side=side).context["rows"]) == 3


def test_a_muscle_nobody_knows_is_not_there(signed, ada, mia, signed_in):
    assert page_of(signed_in(mia), ada, "elbow").status_code == 404
    assert page_of(signed_in(mia), ada, "psoas").status_code == 200


def test_a_long_history_comes_in_pages(signed, massage, ada, mia, signed_in):
    earlier_visits(signed, massage, 30)
    browser = signed_in(mia)

    assert len(page_of(browser, ada).context["rows"]) == 25
    assert len(page_of(browser, ada, page=2).context["rows"]) == 6
    assert "Page 2 of 2" in page_of(browser, ada, page=99).content.decode()


@pytest.mark.parametrize("page", ["muscle_history", "muscles_treated"])
def test_histories_are_for_readers_of_the_chart_and_written_down(signed, ada, mia, tom, dana, signed_in, page):
    url = reverse(f"sessions:{page}", args=[ada.pk, *(["piriformis"] if page == "muscle_history" else [])])

    assert signed_in(tom).get(url).status_code == 404
    assert signed_in(dana).get(url).status_code == 403
    assert not AuditEvent.objects.filter(action="chart.read", page=f"sessions:{page}").exists()
    assert signed_in(mia).get(url).status_code == 200
    assert AuditEvent.objects.filter(action="chart.read", page=f"sessions:{page}", about_client_id=ada.pk).count() == 1


def test_muscles_treated_leads_to_each_muscle(signed, second, ada, mia, signed_in):
    page = signed_in(mia).get(reverse("sessions:muscles_treated", args=[ada.pk])).content.decode()

    assert page.count(f"/sessions/client/{ada.pk}/muscle/piriformis/?side=right") == 2  # the table and the map's list
    assert "psoas" not in page.replace("Psoas", "psoas").partition("<svg")[0]


@pytest.mark.parametrize("name", ["sessions:session_detail", "sessions:session_chart"])
def test_a_muscle_on_the_note_and_on_the_chart_leads_to_all_its_visits(second, ada, mia, signed_in, name):
    page = signed_in(mia).get(reverse(name, args=[second.pk])).content.decode()

    assert f"/sessions/client/{ada.pk}/muscle/piriformis/?side=right" in page


def test_the_client_s_page_leads_to_the_muscles(signed, ada, mia, signed_in):
    page = signed_in(mia).get(reverse("workspace:client_page", args=[ada.pk])).content.decode()

    assert reverse("sessions:muscles_treated", args=[ada.pk]) in page


def test_signed_findings_stand_in_the_history_too(second, ada, mia):
    sign_time = NINE + timedelta(days=7) + minutes(60)
    save_chart(second, version=second.version, by=mia, at=sign_time, pain_before_nrs=3, pain_after_nrs=2)
    second.refresh_from_db()
    sign_session(second, version=second.version, by=mia, at=sign_time)

    assert findings_of(ada).count() == 3
