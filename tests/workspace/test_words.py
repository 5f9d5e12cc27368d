"""Spans and deeds in words; a visit with a chart is told once."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from referrals.letters import enter_referrer, take_in_referral
from tests.support.visits import make_screening, make_session, make_visit
from tests.world import NOW, TODAY
from workspace.templatetags.workspace import deed, until
from workspace.timeline import timeline_of


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ((2026, 11, 24, 0), (2026, 11, 25, 0), "Tue 24 Nov 2026"),
        ((2026, 11, 24, 0), (2026, 11, 27, 0), "Tue 24 Nov to Thu 26 Nov 2026"),
        ((2026, 11, 28, 20), (2026, 11, 28, 21), "Sat 28 Nov 2026, 20:00 to 21:00"),
        ((2026, 11, 28, 20), (2026, 11, 29, 8), "Sat 28 Nov, 20:00 to Sun 29 Nov 2026, 08:00"),
    ],
)
def test_until_says_whole_days_as_days(first, last, words):
    with timezone.override("UTC"):
        assert until(datetime(*first, tzinfo=UTC), datetime(*last, tzinfo=UTC)) == words


def test_until_speaks_in_the_active_zone():
    with timezone.override("Australia/Sydney"):
        assert (
            until(datetime(2026, 11, 23, 13, tzinfo=UTC), datetime(2026, 11, 24, 13, tzinfo=UTC)) == "Tue 24 Nov 2026"
        )


def test_deed_says_an_action_in_words():
    assert deed("appointment.no_show") == "Appointment no show"


def test_timeline_tells_a_charted_visit_once_to_chart_readers(mia, ada, massage):
    make_session(make_visit(ada, mia, massage))
    assert [event.title for event in timeline_of(ada, is_clinical=True) if "with Mia" in event.title] == []
    assert [event.title for event in timeline_of(ada, is_clinical=False)] == ["Follow-up massage with Mia Berg"]


def test_timeline_tells_a_screening_when_its_result_is_another_one(mia, ada):
    make_screening(ada)
    make_screening(ada)
    make_screening(ada, triage="urgent_referral", pattern="not_applicable")
    titles = [event.title for event in timeline_of(ada, is_clinical=True) if event.title.startswith("Screening")]
    assert sorted(titles) == ["Screening: Treat", "Screening: Urgent medical review"]


def test_timeline_tells_a_letter_on_the_day_it_came(ada, dana):
    referrer = enter_referrer(
        name="Dr Lind", profession="chiropractor", email="", phone="", organisation="", by=dana, at=NOW
    )
    take_in_referral(referrer=referrer, client=ada, received_on=TODAY, question="?", by=dana, at=NOW, today=TODAY)

    with timezone.override("America/Los_Angeles"):
        (letter,) = [event for event in timeline_of(ada, is_clinical=True) if event.title == "Letter from Dr Lind"]
        assert timezone.localdate(letter.at) == TODAY
