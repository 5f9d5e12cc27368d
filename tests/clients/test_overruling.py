"""Overruling the pattern: with a reason, in sight, and without any effect on triage and gate."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from clients.gate import ScreeningNotClear, gate_for, may_be_treated
from clients.models import Overruling
from clients.overruling import (
    NothingToOverrule,
    ReasonMissing,
    overrule_pattern,
    pattern_in_words,
    standing_overruling,
)
from clients.rescreen import record_all_no
from clients.screenings import ScreeningChangedMeanwhile, clarify_screening, run_screening
from practice.models import AuditEvent
from sessions.chart_page import screening_cautions
from tests.clients.answers import calm, emergency
from tests.world import NOW, minutes

EXAMINED = {
    "buttock_dominant": True,
    "strength": "normal",
    "light_touch": "normal",
    "slr": "negative",
    "active_piriformis": "positive",
    "seated_piriformis_stretch": "positive",
}
WHY = "The sacroiliac tests gave the familiar pain twice."


@pytest.fixture
def named(ada_in_care, mia):
    """A screening of Ada's that names a pattern."""
    screening = run_screening(client=ada_in_care, answers=calm(**EXAMINED), at=NOW, by=mia)
    assert (screening.triage, screening.pattern) == ("treat", "deep_gluteal")
    return screening


def overrule(screening, by, pattern="sacroiliac", at=NOW):
    return overrule_pattern(screening, pattern=pattern, reason=WHY, by=by, at=at)


def test_overrule_pattern_is_in_sight_on_page_chart_and_report(named, mia, signed_in):
    row = overrule(named, mia)

    page = signed_in(mia).get(reverse("clients:screening_page", args=[named.client_id])).content.decode()
    assert "Overruled: Mia Berg works with “More like sacroiliac-related pain”" in page
    assert WHY in page
    assert any(WHY in each["words"] for each in screening_cautions(named))
    assert pattern_in_words(named).endswith(f"works with: More like sacroiliac-related pain, because {WHY}")
    assert AuditEvent.objects.filter(action="pattern.overruled", target_id=row.pk, by=mia).count() == 1


def test_overrule_pattern_leaves_screening_and_gate_alone(named, mia):
    referred = clarify_screening(named, changes={"heart_or_stroke_recent": True}, by=mia, at=NOW)
    before = gate_for(named.client)

    overrule(referred, mia)

    referred.refresh_from_db()
    assert (referred.triage, referred.pattern) == ("routine_referral", "deep_gluteal")
    assert gate_for(named.client) == before
    with pytest.raises(ScreeningNotClear):
        may_be_treated(named.client)


@pytest.mark.parametrize("answers", [emergency(**EXAMINED), calm(weight_loss=True, **EXAMINED), calm()])
def test_overrule_pattern_is_refused_where_none_is_named(ada, mia, answers):
    screening = run_screening(client=ada, answers=answers, at=NOW, by=mia)

    with pytest.raises(NothingToOverrule):
        overrule(screening, mia)


def test_overrule_pattern_is_refused_while_the_screening_is_open(ada, mia):
    answers = calm(**EXAMINED)
    del answers["fever"]

    with pytest.raises(NothingToOverrule):
        overrule(run_screening(client=ada, answers=answers, at=NOW, by=mia), mia)


def test_overrule_pattern_wants_a_reason_and_the_newest_version(named, mia):
    with pytest.raises(ReasonMissing):
        overrule_pattern(named, pattern="sacroiliac", reason="  ", by=mia, at=NOW)
    clarify_screening(named, changes={"pain_now": 4}, by=mia, at=NOW)

    with pytest.raises(ScreeningChangedMeanwhile):
        overrule(named, mia)


def test_an_overruling_outlives_a_rescreen_and_lapses_with_the_pattern_it_overruled(named, mia):
    overrule(named, mia)
    again = record_all_no(named, by=mia, at=NOW + minutes(1))
    assert standing_overruling(again).pattern == "sacroiliac"

    other = clarify_screening(again, changes={"slr": "not_tested"}, by=mia, at=NOW + minutes(2))

    assert other.pattern != "deep_gluteal"
    assert standing_overruling(other) is None


def test_naming_the_same_pattern_takes_an_overruling_back(named, mia):
    overrule(named, mia)

    overrule(named, mia, pattern="deep_gluteal", at=NOW + minutes(1))

    assert standing_overruling(named) is None
    assert Overruling.objects.count() == 2


def test_an_overruling_cannot_be_changed_or_deleted(named, mia):
    overrule(named, mia)

    for change in ("UPDATE clients_overruling SET reason = 'x'", "DELETE FROM clients_overruling"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_screening_overrule_keeps_what_was_typed_and_files_it(named, mia, signed_in):
    browser, address = signed_in(mia), reverse("clients:screening_overrule", args=[named.client_id])
    assert "Whether Ada may be treated cannot be overruled here" in browser.get(address).content.decode()

    refused = browser.post(address, {"pattern": "sacroiliac", "reason": " "})
    assert refused.status_code == 422
    assert refused.context["form"]["pattern"].value() == "sacroiliac"
    assert browser.post(address, {"pattern": "not_applicable", "reason": WHY}).status_code == 422

    browser.post(address, {"pattern": "sacroiliac", "reason": WHY})
    assert Overruling.objects.get().by == mia
