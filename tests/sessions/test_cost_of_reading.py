"""What reading costs after years of visits: the same number of queries, and a chart page that stays small."""

import gzip

import pytest
from django.urls import reverse

from sessions.charting import save_chart
from tests.support.queries import assert_queries_do_not_grow
from tests.support.years import earlier_visits, every_muscle
from tests.world import NINE

LARGEST = 60_000  # bytes of a chart page, compressed
MANY = 200


@pytest.fixture
def full(draft, massage, mia):
    """A chart with every muscle on both sides, the day after one earlier visit."""
    chart = {"pain_before_nrs": 6, "pain_after_nrs": 3, "findings": every_muscle()}
    earlier_visits(draft, massage, 1)
    return save_chart(draft, version=draft.version, by=mia, at=NINE, **chart)


def addresses(session):
    client = session.client_id
    return {
        "chart": reverse("sessions:session_chart", args=[session.pk]),
        "note": reverse("sessions:session_detail", args=[session.pk]),
        "print": reverse("sessions:session_print", args=[session.pk]),
        "pdf": reverse("sessions:session_pdf", args=[session.pk]),
        "sign": reverse("sessions:session_sign", args=[session.pk]),
        "one muscle": reverse("sessions:muscle_history", args=[client, "piriformis"]),
        "one side": reverse("sessions:muscle_history", args=[client, "piriformis"]) + "?side=right",
        "all muscles": reverse("sessions:muscles_treated", args=[client]),
        "story": reverse("workspace:client_page", args=[client]),
        "whole story": reverse("workspace:client_page", args=[client]) + "?story=all",
    }


@pytest.mark.parametrize(
    "page", ["chart", "note", "print", "pdf", "sign", "one muscle", "one side", "all muscles", "story", "whole story"]
)
def test_a_page_asks_as_often_after_two_hundred_visits_as_after_one(page, full, massage, mia, signed_in):
    browser, url = signed_in(mia), addresses(full)[page]

    def open_it():
        assert browser.get(url).status_code == 200

    assert_queries_do_not_grow(act=open_it, grow=lambda: earlier_visits(full, massage, MANY - 1, first=2))

    assert full.client.treatment_sessions.count() == MANY + 1


def test_the_chart_of_every_muscle_after_two_hundred_visits_is_small(full, massage, mia, signed_in):
    earlier_visits(full, massage, MANY - 1, first=2, muscles=[each.muscle for each in every_muscle()[::2]])

    page = signed_in(mia).get(addresses(full)["chart"])

    assert page.content.count(b"data-muscle ") == 26
    assert len(gzip.compress(page.content)) < LARGEST


def test_the_page_of_a_muscle_and_the_story_stay_small(full, massage, mia, signed_in):
    earlier_visits(full, massage, MANY - 1, first=2)
    browser = signed_in(mia)

    for page in ("one muscle", "all muscles", "story"):
        assert len(gzip.compress(browser.get(addresses(full)[page]).content)) < LARGEST / 2, page
