"""When a full re-screen is due."""

from datetime import timedelta

import pytest

from clients.rescreen import record_all_no
from clients.screenings import clarify_screening, current_screening, run_screening
from sessions.look_again import full_rescreen_reasons, reasons_to_look_again
from tests.clients.answers import calm
from tests.sessions.conftest import ask_and_start, make_visit
from tests.world import NINE, NOW

WEEK = timedelta(weeks=1)


def reasons(ratings, *, weeks=1, is_spreading=False):
    return reasons_to_look_again(ratings, began_at=NOW, now=NOW + weeks * WEEK, is_spreading=is_spreading)


@pytest.mark.parametrize(
    ("ratings", "weeks", "words"),
    [
        ([5, 6, 7], 1, "worse at two visits running"),
        ([5, None, 6, 7], 1, "worse at two visits running"),
        ([6, 6, 6, 6, 6, 6], 2, "6 visits without a change"),
        ([6, 6], 6, "Six weeks without a change"),
    ],
)
def test_a_full_rescreen_is_due(ratings, weeks, words):
    assert [words in each for each in reasons(ratings, weeks=weeks)] == [True]


@pytest.mark.parametrize(
    ("ratings", "weeks"),
    [([], 9), ([5, 6], 1), ([5, 7, 6], 1), ([6, 6, 6, 6, 6], 5), ([6, 6, 6, 6, 6, 4], 9), ([0, 0, 0, 0, 0, 0], 9)],
)
def test_no_full_rescreen_is_due(ratings, weeks):
    assert reasons(ratings, weeks=weeks) == []


def test_pain_moving_down_stops_at_once():
    assert "Stop and refer" in reasons([], is_spreading=True)[0]


@pytest.fixture
def worse_twice(visit, screening, ada, mia):
    """Three visits of Ada's, each with more pain than the one before; then only the short questions."""
    for week, pain in enumerate((4, 5, 6), start=1):
        coming = make_visit(ada, mia, visit.service, visit.room, starts_at=NINE + week * WEEK)
        session = ask_and_start(coming, mia)
        session.pain_before_nrs = pain
        session.save(update_fields=["pain_before_nrs"])
    return ada


def test_the_chart_of_a_client_who_gets_worse_leads_to_asking_everything(worse_twice, mia, signed_in, still_clock):
    still_clock.at = NINE + 3 * WEEK
    session = worse_twice.treatment_sessions.order_by("-started_at").first()

    shown = signed_in(mia).get(f"/sessions/{session.pk}/chart/", follow=True).content.decode()

    assert "A full re-screen is due" in shown
    assert "The pain was worse at two visits running." in shown


def test_the_short_questions_leave_it_due_and_a_full_screening_settles_it(worse_twice, mia):
    at = NINE + 4 * WEEK
    short = record_all_no(current_screening(worse_twice), by=mia, at=at)
    assert full_rescreen_reasons(worse_twice, now=at)

    clarify_screening(short, changes={}, asked=calm(), by=mia, at=at)
    assert full_rescreen_reasons(worse_twice, now=at) == []


def test_full_rescreen_reasons_of_pain_moving_down(ada, mia):
    run_screening(client=ada, answers=calm(spreading_down=True), at=NOW, by=mia)

    assert "moved further down" in full_rescreen_reasons(ada, now=NOW)[0]
