"""The body map and the table of a chart: the same fields as on the cards, every muscle named, nothing charted by looking."""

import gzip
import re

import pytest
from django.urls import reverse

from anatomy.body import MUSCLES, SIDES, stored_drawing
from clients.drawings import store_drawing
from sessions.charting import save_chart
from sessions.entries import FindingEntry, spot
from sessions.models import TreatmentSession
from sessions.reading import finding_entries
from tests.sessions.conftest import PIRIFORMIS
from tests.support.pages import read_page
from tests.world import NINE, NOW, minutes

EVERY = [spot(side, key) for key in MUSCLES for side in SIDES]
FULL = [
    FindingEntry(
        key,
        side.value,
        tone=2,
        tenderness=3,
        has_trigger_point=True,
        is_familiar_pain=True,
        refers_to="back of the thigh",
        techniques=MUSCLES[key].techniques,
        pressure=5,
        minutes=2,
        response="eased",
    )
    for key in MUSCLES
    for side in SIDES
]


@pytest.fixture
def browser(client, mia):
    client.force_login(mia)
    return client


def chart_url(session, **query):
    return reverse("sessions:session_chart", args=[session.pk], query=query)


def shown(browser, session, **query):
    return browser.get(chart_url(session, **query)).content.decode()


def form_of(browser, session, **query):
    """Return what the chart's form would send as it stands."""
    page = read_page(browser.get(chart_url(session, **query)))
    return next(dict(form.values) for form in page.forms if "version" in form.values)


def named(html):
    """Return the list beside the picture: (muscle, what is said of it) in the page's order."""
    return re.findall(r'data-place="([^"]+)"[^>]*><span>\w+<span [^>]*data-place-words> [^:<]+: ([^<]+)<', html)


def stored(session):
    return {entry.spot: entry for entry in finding_entries(TreatmentSession.objects.get(pk=session.pk))}


# --- the map


def test_map_names_every_muscle_on_both_sides_in_the_order_of_the_groups(browser, draft):
    places = named(shown(browser, draft))

    assert [where for where, _ in places] == EVERY
    assert dict(places)["left:psoas"] == "not on the chart"
    assert dict(places)["right:piriformis"].startswith("planned, ")


def test_map_says_of_a_muscle_what_was_found(browser, charted):
    html = shown(browser, charted)

    assert (
        'Right<span class="visually-hidden" data-place-words> piriformis: tenderness 3 of 4, familiar pain, 10 min<'
        in html
    )
    assert html.count('class="bm-muscle is-on bm-shade-3" data-spot="right:piriformis"') == 2


def test_map_without_scripts_leads_to_the_card_or_adds_it(browser, charted):
    html = shown(browser, charted)

    assert re.search(r'<a class="bm-place-button[^>]*href="#right-piriformis"', html)
    assert re.search(r'<button class="bm-place-button"[^>]*value="add:left:psoas"', html)
    assert 'id="right-piriformis"' in html


@pytest.mark.parametrize(
    ("query", "cookie", "wanted"),
    [
        ({}, "", "map"),
        ({"view": "grid"}, "", "grid"),
        ({"view": "cards"}, "grid", "cards"),
        ({}, "grid", "grid"),
        ({"view": "x" * 5000}, "", "map"),
        ({"view": "<b>"}, "nonsense", "map"),
    ],
)
def test_chart_is_laid_out_as_asked_else_as_last_chosen(browser, draft, mia, query, cookie, wanted):
    if cookie:
        browser.cookies[f"chart_view_{mia.pk}"] = cookie

    html = shown(browser, draft, **query)

    assert ("data-chart-map" in html, "grid-muscles" in html) == (wanted == "map", wanted == "grid")
    assert re.findall(r'value="view:(\w+)" aria-current="true"', html) == [wanted]


def test_another_person_s_choice_is_not_taken_over(browser, draft, tom):
    browser.cookies[f"chart_view_{tom.pk}"] = "grid"

    assert "data-chart-map" in shown(browser, draft)


def test_changing_the_layout_saves_what_was_typed(browser, draft):
    form = form_of(browser, draft) | {"act": "view:grid", "subjective": "Typed before the table."}

    response = browser.post(chart_url(draft), form)

    assert response["Location"] == chart_url(draft, view="grid") + "#muscles"
    assert TreatmentSession.objects.get(pk=draft.pk).subjective == "Typed before the table."


def test_saving_stays_in_the_layout_it_was_saved_from(browser, draft):
    response = browser.post(chart_url(draft, view="grid"), form_of(browser, draft, view="grid"))

    assert response["Location"] == chart_url(draft, view="grid")


@pytest.mark.parametrize("view", ["map", "cards", "grid"])
def test_no_id_stands_twice_on_a_chart(browser, charted, view):
    found = re.findall(r'\bid="([^"]+)"', shown(browser, charted, view=view))

    assert sorted({each for each in found if found.count(each) > 1}) == []


# --- muscles that were only opened


def test_blank_cards_are_those_that_are_not_on_the_chart(browser, charted):
    html = shown(browser, charted, cards="blank")
    offered = re.findall(r'<template data-card="([^"]+)">', html)

    assert set(offered) == set(EVERY) - {"right:piriformis"}
    assert 'name="left-psoas-tenderness"' in html
    assert "<html" not in html


def test_blank_cards_store_nothing(browser, charted):
    before = TreatmentSession.objects.get(pk=charted.pk).version

    shown(browser, charted, cards="blank")

    assert TreatmentSession.objects.get(pk=charted.pk).version == before
    assert set(stored(charted)) == {"right:piriformis"}


def test_blank_cards_of_a_signed_chart_are_not_given(browser, signed):
    response = browser.get(chart_url(signed, cards="blank"))

    assert response["Location"] == reverse("sessions:session_detail", args=[signed.pk])


def test_a_muscle_that_was_opened_and_left_empty_is_not_charted(browser, charted):
    form = form_of(browser, charted, view="cards") | {"card": ["right:piriformis", "left:psoas"]}

    response = browser.post(chart_url(charted), form, headers={"X-Autosave": "1"})

    assert response.json() == {"state": "saved", "version": charted.version}
    assert set(stored(charted)) == {"right:piriformis"}


def test_a_muscle_that_was_opened_and_filled_is_charted(browser, charted):
    form = form_of(browser, charted, view="cards") | {
        "card": ["right:piriformis", "left:psoas"],
        "left-psoas-tenderness": "0",
    }

    browser.post(chart_url(charted), form)

    assert stored(charted)["left:psoas"] == FindingEntry("psoas", "left", tenderness=0)
    assert stored(charted)["right:piriformis"] == PIRIFORMIS


def test_a_muscle_laid_out_by_the_plan_stays_though_empty(browser, draft):
    before = set(stored(draft))

    browser.post(chart_url(draft), form_of(browser, draft) | {"subjective": "x"})

    assert set(stored(draft)) == before


# --- the table


def test_grid_has_every_muscle_with_five_fields_for_each_side(browser, charted):
    html = shown(browser, charted, view="grid")

    for name in ("tone", "tenderness", "has_trigger_point", "minutes", "response"):
        fields = re.findall(rf'<(?:select|input)[^>]* name="(\w+-\w+)-{name}"', html)
        assert [field.replace("-", ":") for field in fields] == EVERY
    assert 'aria-label="Right piriformis: tenderness"' in html
    assert 'id="right-piriformis-name"' not in html  # no card beside the table


def test_grid_puts_piriformis_gluteals_and_psoas_foremost(browser, draft):
    rows = re.findall(r'class="grid-name">([^<]+)<', shown(browser, draft, view="grid"))

    assert [row.strip() for row in rows][:5] == [
        "Piriformis",
        "Gluteus maximus",
        "Gluteus medius",
        "Gluteus minimus",
        "Psoas major and minor",
    ]


def test_grid_saved_untouched_changes_nothing(browser, charted):
    form = form_of(browser, charted, view="grid")

    response = browser.post(chart_url(charted, view="grid"), form, headers={"X-Autosave": "1"})

    assert response.json() == {"state": "saved", "version": charted.version}
    assert stored(charted) == {"right:piriformis": PIRIFORMIS}


def test_grid_keeps_what_has_no_column_and_says_it_in_words(browser, charted):
    html = shown(browser, charted, view="grid")
    form = form_of(browser, charted, view="grid") | {
        "right-piriformis-tenderness": "1",
        "left-adductors-minutes": "5",
        "left-adductors-response": "sore",
    }

    browser.post(chart_url(charted, view="grid"), form)

    kept = stored(charted)["right:piriformis"]
    assert "Right: familiar pain, refers to back of the thigh, trigger-point compression, pressure 5/10" in html
    assert kept.tenderness == 1
    assert (kept.is_familiar_pain, kept.refers_to, kept.techniques, kept.pressure) == (
        True,
        PIRIFORMIS.refers_to,
        PIRIFORMIS.techniques,
        5,
    )
    assert stored(charted)["left:adductors"] == FindingEntry("adductors", "left", minutes=5, response="sore")
    assert len(stored(charted)) == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("right-piriformis-tone", "9", "Choose a number from 0 to 4."),
        ("right-piriformis-minutes", "-1", "greater than or equal to 0"),
        ("right-piriformis-minutes", "61", "The visit was booked for 60 minutes."),
        ("right-piriformis-response", "<b>", "Choose eased, unchanged or sore."),
    ],
)
def test_grid_refuses_what_is_off_the_scale_and_keeps_the_rest(browser, charted, field, value, words):
    form = form_of(browser, charted, view="grid") | {field: value, "left-psoas-tenderness": "2"}

    response = browser.post(chart_url(charted, view="grid"), form)

    html = response.content.decode()
    assert response.status_code == 422
    assert words in html
    assert re.search(r'name="left-psoas-tenderness"[^>]*>.*?<option value="2" selected', html)
    assert stored(charted) == {"right:piriformis": PIRIFORMIS}


def test_grid_fills_in_what_the_plan_says(browser, draft):
    response = browser.post(
        chart_url(draft, view="grid"), form_of(browser, draft, view="grid") | {"act": "planned:all"}
    )

    assert response["Location"] == chart_url(draft, view="grid") + "#muscles"
    assert sum(entry.minutes for entry in stored(draft).values()) == 30


# --- the pain drawing beside it


def test_chart_shows_the_client_s_drawing_with_date_level_and_course(browser, draft, mia):
    for days, place in ((20, "left:foot"), (6, "left:calf")):
        store_drawing(client=draft.client, regions=stored_drawing([place]), at=NOW - days * minutes(1440))

    words = re.sub(r"<[^>]+>|\s+", " ", shown(browser, draft))
    words = re.sub(r" +", " ", words)

    assert "Marked by the client on Tue 17 Nov 2026. Lowest level: lower leg" in words
    assert "Lowest level: foot (3 Nov) → , then lower leg (17 Nov)" in words
    assert "more like centralising than spreading" in words


def test_chart_says_when_there_is_no_drawing(browser, draft):
    assert "No pain drawing is on file." in shown(browser, draft)


def test_every_muscle_carries_its_usual_referral_on_its_own_side(browser, draft):
    html = shown(browser, draft)
    found = dict(re.findall(r'data-place="([^"]+)"[^>]*data-refers="([^"]+)"', html))

    assert set(found) == set(EVERY)
    assert found["left:piriformis"] == "left:buttock left:thigh_back"
    assert 'data-refers-words="buttock, back of thigh"' in html


# --- size


@pytest.mark.parametrize("view", ["map", "cards", "grid"])
def test_a_chart_of_every_muscle_stays_under_sixty_kilobytes(browser, charted, mia, view):
    charted.appointment.ends_at = charted.appointment.starts_at + minutes(90)
    charted.appointment.save()
    save_chart(charted, version=charted.version, by=mia, at=NINE, findings=FULL)

    html = browser.get(chart_url(charted, view=view)).content

    assert len(gzip.compress(html, 6)) < 60_000


def test_blank_cards_stay_small(browser, charted):
    html = browser.get(chart_url(charted, cards="blank")).content

    assert len(gzip.compress(html, 6)) < 30_000
