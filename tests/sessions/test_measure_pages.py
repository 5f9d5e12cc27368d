"""The pages of outcome measures: due, recorded, corrected, drawn; who may, what is kept when something is wrong."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils.html import escape

from practice.models import AuditEvent
from sessions.charting import withdraw_session
from sessions.measures import name_activities, record_score
from sessions.models import OutcomeScore
from tests.sessions.conftest import make_visit
from tests.support.queries import assert_queries_do_not_grow
from tests.world import NINE, NOW, TODAY, minutes

DAY = "2026-11-23"


def listed(client):
    return reverse("sessions:measure_list", args=[client.pk])


def recording(client, measure):
    return reverse("sessions:measure_record", args=[client.pk, measure])


def corrected(score):
    return reverse("sessions:score_correct", args=[score.pk])


@pytest.fixture
def mias(visit, mia, signed_in):
    """Mia's browser; Ada is hers."""
    return signed_in(mia)


@pytest.fixture
def activities(ada, visit, mia):
    return name_activities(client=ada, words=["Sit", "Drive", "Tie shoes"], by=mia, at=NOW)


@pytest.fixture
def score(ada, visit, mia):
    return record_score(client=ada, measure="lefs", value=40, measured_on=TODAY, by=mia, at=NOW)


# --- who may


def test_pages_of_measures_are_a_404_for_another_therapist_and_refused_to_the_desk(ada, score, tom, dana, signed_in):
    pages = [listed(ada), recording(ada, "lefs"), reverse("sessions:activities_name", args=[ada.pk]), corrected(score)]

    assert {signed_in(tom).get(page).status_code for page in pages} == {404}
    assert {signed_in(tom).post(page, {}).status_code for page in pages[1:]} == {404}
    assert {signed_in(dana).get(page).status_code for page in pages} == {403}


def test_the_owner_reads_and_records_nothing(ada, score, olga, signed_in):
    browser = signed_in(olga)

    page = browser.get(listed(ada)).content.decode()

    assert "LEFS" in page
    assert ">Correct<span" not in page
    assert browser.get(recording(ada, "lefs")).status_code == 403


@pytest.mark.parametrize("measure", ["pain_before", "happiness", "paindetect"])
def test_a_measure_that_is_not_entered_here_has_no_page(ada, mias, measure):
    assert mias.get(recording(ada, measure)).status_code == 404


def test_reading_measures_is_written_down(ada, mias, mia):
    mias.get(listed(ada))

    assert AuditEvent.objects.filter(action="chart.read", by=mia, page="sessions:measure_list").exists()


# --- recording


def test_the_statements_are_shown_word_for_word_with_one_box_each_and_no_yes_or_no(ada, mias):
    page = mias.get(recording(ada, "rmdq")).content.decode()

    assert page.count('name="ticked"') == 24
    assert "Because of my back, I have to hold on to something to get out of an easy chair." in page
    assert "I have trouble putting on my socks (or stockings) because of the pain in my back." in page
    assert ">Yes<" not in page


def test_ticked_statements_are_counted_and_read_back(ada, mias):
    mias.post(recording(ada, "rmdq"), {"ticked": ["24", "1", "7"], "measured_on": DAY})

    row = OutcomeScore.objects.get()
    assert (row.score, row.answers["ticked"]) == (3, [1, 7, 24])
    assert "statements 1, 7, 24" in mias.get(listed(ada)).content.decode()


def test_activities_are_named_before_they_are_rated(ada, mias):
    first = mias.get(recording(ada, "psfs"))
    assert first.url == reverse("sessions:activities_name", args=[ada.pk])

    words = {"activity_1": "Sit through a film", "activity_2": "التسوق 🙂", "activity_4": "Tie my shoes"}
    named = mias.post(first.url, words)

    assert named.url == recording(ada, "psfs")
    page = mias.get(named.url).content.decode()
    assert page.index("Sit through a film") < page.index("التسوق 🙂") < page.index("Tie my shoes")


def test_ratings_become_a_mean(ada, mias, activities):
    ratings = {f"activity-{activity.pk}": rating for activity, rating in zip(activities, (3, 4, 6), strict=True)}

    answer = mias.post(recording(ada, "psfs"), ratings | {"measured_on": DAY})

    assert answer.url == listed(ada)
    assert str(OutcomeScore.objects.get().score) == "4.3"


def test_a_rating_of_change_names_the_day_and_offers_the_start_of_the_plan(ada, mias, plan):
    page = mias.get(recording(ada, "groc")).content.decode()
    assert 'name="since_on" value="2026-11-23"' in page
    assert "−5 very much worse" in page

    mias.post(recording(ada, "groc"), {"value": "-2", "since_on": "2026-11-01", "measured_on": DAY})

    row = OutcomeScore.objects.get()
    assert (row.score, row.since_on) == (-2, date(2026, 11, 1))
    assert "since 1 Nov 2026" in mias.get(listed(ada)).content.decode()


def test_from_the_chart_there_and_back(ada, draft, mias):
    page = mias.get(reverse("sessions:session_chart", args=[draft.pk])).content.decode()
    link = f"{recording(ada, 'rmdq')}?session={draft.pk}"
    assert link in page
    assert "2 due" in page

    form = mias.get(link).content.decode()
    assert f'name="session" value="{draft.pk}"' in form
    answer = mias.post(link, {"none_applies": "on", "measured_on": DAY, "session": draft.pk})

    assert answer.url == reverse("sessions:session_chart", args=[draft.pk])
    assert OutcomeScore.objects.get().session == draft
    assert "1 due" in mias.get(answer.url).content.decode()


def test_a_session_of_somebody_else_is_refused_and_not_offered(ada, ben, draft, mias, mia, massage):
    make_visit(ben, mia, massage, None, starts_at=NINE + timedelta(days=2))

    assert f'value="{draft.pk}"' not in mias.get(f"{recording(ben, 'lefs')}?session={draft.pk}").content.decode()
    answer = mias.post(recording(ben, "lefs"), {"value": "40", "measured_on": DAY, "session": draft.pk})

    assert answer.status_code == 422
    assert "not this client" in answer.content.decode()
    assert not OutcomeScore.objects.exists()


@pytest.mark.parametrize("session", ["", "none", "-1", "0", "99999999999999999999999", "²"])
def test_pages_open_with_any_session_in_their_address(ada, mias, session):
    for page in (listed(ada), recording(ada, "lefs")):
        assert mias.get(page, {"session": session}).status_code == 200


BAD = [
    ("lefs", {}, "Enter the score."),
    ("lefs", {"value": "81"}, "LEFS runs from 0 to 80."),
    ("lefs", {"value": "-1"}, "LEFS runs from 0 to 80."),
    ("lefs", {"value": "40.5"}, "LEFS has whole numbers only."),
    ("lefs", {"value": "many"}, "Enter a number."),
    ("lefs", {"value": "9" * 400}, "LEFS runs from 0 to 80."),
    ("lefs", {"value": "1e9999"}, "LEFS runs from 0 to 80."),
    ("lefs", {"value": "NaN"}, "Enter a number."),
    ("odi", {"value": "44.44"}, "ODI has one decimal only."),
    ("odi", {"value": "100.1"}, "ODI runs from 0 to 100."),
    ("promis_pi", {"value": "19"}, "PROMIS PI runs from 20 to 90."),
    ("nrs_leg", {}, "Choose a number."),
    ("nrs_leg", {"value": "11"}, "Choose a number from 0 to 10."),
    ("groc", {"value": "6", "since_on": "2026-11-01"}, "Choose a number from −5 to +5."),
    ("groc", {"value": "2"}, "Enter the day."),
    ("groc", {"value": "2", "since_on": DAY}, "lies before the day of the rating"),
    ("rmdq", {}, "Nothing is ticked."),
    ("rmdq", {"ticked": "3", "none_applies": "on"}, "Some statements are ticked"),
    ("rmdq", {"ticked": "25"}, "“25” is not one of the statements."),
    ("rmdq", {"ticked": "0"}, "“0” is not one of the statements."),
    ("psfs", {}, "Rate this one, too"),
    ("lefs", {"value": "40", "measured_on": "2026-11-24"}, "This day is still to come."),
    ("lefs", {"value": "40", "measured_on": "1999-12-31"}, "Check the year."),
    ("lefs", {"value": "40", "measured_on": "2026-02-30"}, "Enter a day, such as"),
]


@pytest.mark.parametrize(("measure", "bad", "words"), BAD, ids=[f"{key}:{words}" for key, _, words in BAD])
def test_bad_values_are_refused_with_words(ada, mias, activities, measure, bad, words):
    answer = mias.post(recording(ada, measure), {"measured_on": DAY, **bad})

    assert answer.status_code == 422
    assert escape(words) in answer.content.decode()
    assert not OutcomeScore.objects.exists()


def test_what_was_ticked_and_tapped_stays_when_something_is_wrong(ada, mias, activities):
    ticked = mias.post(recording(ada, "rmdq"), {"ticked": ["2", "9"], "measured_on": "2027-01-01"}).content.decode()
    rated = mias.post(
        recording(ada, "psfs"), {f"activity-{activities[0].pk}": "4", "measured_on": DAY}
    ).content.decode()

    assert ticked.count("checked") == 2
    assert f'id="id_activity-{activities[0].pk}_4" value="4" checked' in rated
    assert rated.count("Rate this one, too") == 4  # at both fields, and on top


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"activity_1": "Sit", "activity_2": "Drive"}, "Name three to five activities."),
        ({"activity_1": "Sit", "activity_2": "sit", "activity_3": "Drive"}, "stands there twice"),
        ({"activity_1": "x" * 121, "activity_2": "Sit", "activity_3": "Drive"}, "at most 120 characters"),
        ({"activity_1": "Sit\ttwo", "activity_2": "Stand", "activity_3": "Drive"}, "Write this on one line."),
    ],
)
def test_activities_that_cannot_be_are_refused_and_stay(ada, mias, words, told):
    answer = mias.post(reverse("sessions:activities_name", args=[ada.pk]), words)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert told in page
    assert 'value="Drive"' in page
    assert not ada.functional_activities.exists()


# --- correcting


def test_a_wrong_value_is_corrected_and_stays_readable_beside_the_right_one(ada, mias, mia, score):
    answer = mias.post(corrected(score), {"act": "replace", "value": "41", "reason": "Digits <swapped>"})

    assert answer.url == listed(ada)
    page = mias.get(answer.url).content.decode()
    assert "<del>40</del>" in page
    assert "corrected to 41 by Mia Berg: Digits &lt;swapped&gt;" in page


def test_a_value_entered_in_error_is_struck_out(ada, mias, score):
    mias.post(corrected(score), {"act": "strike", "value": "", "reason": "Of another client"})

    assert not ada.outcome_scores.standing().exists()
    assert "entered in error by Mia Berg: Of another client" in mias.get(listed(ada)).content.decode()


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({}, "Choose one of the two."),
        ({"act": "replace", "reason": "Typed"}, "Enter the right value."),
        ({"act": "replace", "value": "81", "reason": "Typed"}, "LEFS runs from 0 to 80."),
        ({"act": "strike"}, "Write why the value is wrong."),
        ({"act": "vanish", "reason": "Typed"}, "is not one of the available choices"),
        ({"act": "strike", "reason": "x" * 201}, "at most 200 characters"),
    ],
)
def test_a_correction_says_what_and_why(mias, score, form, told):
    answer = mias.post(corrected(score), form)

    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert OutcomeScore.objects.count() == 1


def test_a_second_correction_of_the_same_value_is_told_so(mias, score):
    form = {"act": "replace", "value": "41", "reason": "Typed"}
    mias.post(corrected(score), form)

    again = mias.post(corrected(score), form)

    assert again.status_code == 422
    assert "corrected already" in again.content.decode()


# --- drawn


def test_a_measure_with_two_values_is_drawn_with_its_band_and_told_in_words(ada, mias, mia, score):
    record_score(client=ada, measure="lefs", value=50, measured_on=TODAY, by=mia, at=NOW + minutes(5))

    page = mias.get(listed(ada)).content.decode()

    assert page.count("<svg viewBox") == 1
    assert 'class="chart-band"' in page
    for words in ("higher is better", "From 40 to 50", "Reached a change that matters (9 points): yes", "31 to 49"):
        assert words in page
    assert page.count('<th scope="row">Mon 23 Nov 2026, 08:0') == 2  # the same in a table
    assert "cure" not in page
    assert "style=" not in page


def test_one_value_is_no_drawing(ada, mias, score):
    page = mias.get(listed(ada)).content.decode()

    assert "once so far" in page
    assert "<svg viewBox" not in page


def test_the_plan_and_the_client_s_page_show_the_measures(ada, mias, mia, plan, score):
    record_score(client=ada, measure="lefs", value=30, measured_on=TODAY, by=mia, at=NOW + minutes(5))

    for page in (plan.get_absolute_url(), ada.get_absolute_url()):
        words = mias.get(page).content.decode()
        assert "−10, worse" in words
        assert "Not reached" in words
        assert 'class="chart-band"' in words


def test_the_list_asks_as_many_queries_after_many_values_and_leaves_none_out(ada, mias, mia, score, still_clock):
    def grow():
        for value in range(70):
            at = NOW + minutes(value + 5)
            record_score(client=ada, measure="lefs", value=value, measured_on=TODAY, by=mia, at=at)

    def act():
        still_clock.at += minutes(6)
        mias.get(listed(ada))

    assert_queries_do_not_grow(act=act, grow=grow)
    page = mias.get(listed(ada)).content.decode()
    assert "Show 10 older values, too" in page
    assert mias.get(listed(ada) + "?show=all").content.decode().count(">Correct<span") == 70


def test_values_of_a_session_entered_in_error_stay_readable_and_are_not_corrected(ada, signed, mias, mia):
    withdraw_session(signed, reason="Another client's visit", by=mia, at=NINE + minutes(70))

    page = mias.get(listed(ada)).content.decode()

    assert page.count("its session was entered in error") == 2
    assert ">Correct<span" not in page
