"""`make bench`: one JSON object of the shape the design names, from a world of its own that is gone afterwards."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.urls import include, path

from booking.models import Appointment
from config.bench.databases import NoDatabase, refuse_beside_a_practice
from sessions.models import TreatmentSession
from tests.support.queries import queries_of
from tests.toolchain.practice_process import SECRETS
from workspace.bench.screening import cases
from workspace.bench.stages import Growing
from workspace.bench.views import one_query

NOON = datetime(2026, 11, 23, 12, 10, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent.parent
urlpatterns = [path("plain/", one_query), path("", include("config.urls"))]


def run_bench(data_dir, *flags):
    """Run the command on small data and return the ended process."""
    variables = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(data_dir), "DEMO": "true"}
    if connection.vendor == "postgresql":
        variables["DATABASE_URL"] = os.environ["DATABASE_URL"]
    command = [sys.executable, "manage.py", "bench", "--quick", *flags]
    return subprocess.run(
        command, cwd=ROOT, env=variables | SECRETS, capture_output=True, text=True, timeout=400, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def bench(folder):
    """The ended process of one run."""
    return run_bench(folder)


@pytest.fixture(scope="module")
def figures(bench):
    assert bench.returncode == 0, bench.stderr
    return json.loads(bench.stdout)  # refuses a second object, or a word before or behind


def is_speed(value):
    return isinstance(value, float) and value > 0


def test_bench_prints_one_object_of_the_shape_that_is_promised(figures):
    assert set(figures) == {
        "database",
        "availability",
        "booking",
        "pages",
        "reminders_per_second",
        "screening_per_second",
        "sweep",
    }
    assert figures["database"] == connection.vendor
    assert is_speed(figures["reminders_per_second"])
    assert is_speed(figures["screening_per_second"])


def test_bench_measures_availability_at_each_number_of_appointments(figures):
    availability = figures["availability"]

    for name in ("therapist_day_ms", "five_therapists_30_days_ms", "first_free_ms"):
        assert list(availability[name]) == ["0", "150", "400"]
        assert all(is_speed(ms) for ms in availability[name].values())


def test_bench_counts_the_queries_of_availability(figures):
    counted = figures["availability"]["queries"]

    assert set(counted) == {"therapist_day", "five_therapists_30_days", "first_free"}
    assert all(1 <= number <= 5 for number in counted.values())


def test_bench_measures_bookings_against_bare_inserts(figures):
    booking = figures["booking"]

    assert is_speed(booking["per_second"])
    assert booking["ratio"] == pytest.approx(booking["per_second"] / booking["bare_insert_per_second"], abs=0.002)
    for name in ("per_second_at", "bare_insert_per_second_at"):
        assert list(booking[name]) == ["0", "400"]
        assert all(is_speed(number) for number in booking[name].values())
    assert booking["per_second"] == booking["per_second_at"]["400"]


def test_bench_measures_the_main_pages_against_a_plain_view(figures):
    assert set(figures["pages"]) == {"today", "board", "client", "chart", "clients", "search", "booking_form"}
    for page in figures["pages"].values():
        assert set(page) == {"ms", "one_query_view_ms", "ratio", "queries_small", "queries_large"}
        assert page["ratio"] == pytest.approx(page["ms"] / page["one_query_view_ms"], abs=0.01)


def test_pages_ask_no_more_for_much_data_than_for_little(figures):
    grown = {
        name: (page["queries_small"], page["queries_large"])
        for name, page in figures["pages"].items()
        if page["queries_large"] > page["queries_small"]
    }

    assert grown == {}
    assert all(page["queries_small"] >= 4 for page in figures["pages"].values())


def test_bench_tells_its_progress_on_stderr_alone(bench):
    told = [line for line in bench.stderr.splitlines() if line]

    assert len(told) >= 8
    assert [line for line in told if not line.startswith("bench: ")] == []


def test_bench_leaves_nothing_behind(bench, folder):
    assert list(folder.iterdir()) == []
    if connection.vendor == "postgresql":
        with psycopg.connect(os.environ["DATABASE_URL"]) as server:
            names = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'practice_bench%'").fetchall()
        assert names == []


def test_bench_is_refused_beside_a_practice(practice):
    with pytest.raises(NoDatabase, match="holds a practice"):
        refuse_beside_a_practice()


def test_bench_is_not_refused_where_there_is_no_practice(db):
    refuse_beside_a_practice()


def test_the_measured_practice_grows_around_its_stories(db, still_clock):
    still_clock.at = NOON
    growing = Growing(now=NOON)
    counted = []
    for wanted in (0, 300, 400):
        growing.grow_to(wanted)
        counted.append(Appointment.objects.count())

    assert counted == [0, 300, 400]
    assert TreatmentSession.objects.unsigned().exists()


@pytest.mark.urls(__name__)
def test_the_plain_view_makes_one_query(practice, client):
    client.get("/plain/")

    assert len(queries_of(lambda: client.get("/plain/"))) == 1


@pytest.mark.one_database
def test_screening_is_measured_on_whole_cases_of_every_kind():
    everybody = cases()

    assert len(everybody) >= 300
    assert min(len(answers) for answers in everybody) >= 90
    assert any(answers.get("saddle_numbness") is True for answers in everybody)


@pytest.mark.one_database
def test_make_bench_lets_only_the_figures_onto_stdout():
    recipe = (ROOT / "Makefile").read_text().partition("\nbench:")[2].partition("\n\n")[0].splitlines()[1:]

    assert recipe[-1] == "\t@$(BIN)/python manage.py bench"
    assert all(line.startswith("\t@") and line.endswith(" >&2") for line in recipe[:-1])
