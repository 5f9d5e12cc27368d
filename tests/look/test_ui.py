"""How times, ages, lengths and numbers are written."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import timezone

from practice.templatetags import ui

pytestmark = pytest.mark.one_database

TODAY = date(2026, 11, 23)
HALF_PAST_EIGHT_IN_LONDON = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)


@pytest.fixture
def chicago():
    with timezone.override(ZoneInfo("America/Chicago")):
        yield


def render(source: str, **context) -> str:
    return engines["django"].from_string("{% load ui %}" + source).render(context)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0 min"), (45, "45 min"), (60, "1 h"), (90, "1 h 30 min"), (135, "2 h 15 min"), (None, ""), ("", "")],
)
def test_minutes(value, words):
    assert ui.minutes(value) == words


def test_local_dt_speaks_in_the_zone_of_the_page(chicago):
    assert ui.local_dt(HALF_PAST_EIGHT_IN_LONDON) == "Mon 23 Nov 2026, 14:30"
    assert ui.local_date(HALF_PAST_EIGHT_IN_LONDON) == "Mon 23 Nov 2026"
    assert ui.local_time(HALF_PAST_EIGHT_IN_LONDON) == "14:30"


def test_local_date_turns_the_day_with_the_zone(chicago):
    assert ui.local_date(datetime(2026, 11, 23, 3, 0, tzinfo=UTC)) == "Sun 22 Nov 2026"


@pytest.mark.parametrize("write", [ui.local_dt, ui.local_date, ui.local_time])
def test_local_words_are_empty_for_nothing(write):
    assert write(None) == ""


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 23), "Today"),
        (date(2026, 11, 24), "Tomorrow"),
        (date(2026, 11, 22), "Yesterday"),
        (date(2026, 11, 30), "Mon 30 Nov 2026"),
        (None, ""),
    ],
)
def test_day_words(day, words):
    assert ui.day_words(day, TODAY) == words


def test_day_words_of_a_moment_counts_in_the_zone_of_the_page(chicago):
    assert ui.day_words(datetime(2026, 11, 24, 3, 0, tzinfo=UTC), TODAY) == "Today"


@pytest.mark.parametrize(
    ("born_on", "years"),
    [(date(1980, 11, 23), 46), (date(1980, 11, 24), 45), (date(2024, 2, 29), 2), (date(2026, 11, 23), 0), (None, "")],
)
def test_age(born_on, years):
    assert ui.age(born_on, TODAY) == years


@pytest.mark.parametrize(("value", "words"), [(0, "0/10"), (7, "7/10"), (None, "not asked"), ("", "not asked")])
def test_nrs_never_reads_silence_as_no_pain(value, words):
    assert ui.nrs(value) == words


@pytest.mark.parametrize(("value", "words"), [(2, "+2"), (-3, "−3"), (0, "0"), (None, "")])
def test_signed_number(value, words):
    assert ui.signed_number(value) == words


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Mia Berg", "MB"), ("Mia van Dam", "MD"), ("Cher", "C"), ("", ""), ("  ", ""), ("Åsa Öberg", "ÅÖ")],
)
def test_initials(name, letters):
    assert ui.initials(name) == letters


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+13125550100", "(312) 555-0100"),
        ("+442079460000", "+44 20 7946 0000"),
        ("reception", "reception"),
        ("", ""),
        (None, ""),
    ],
)
def test_phone_reads_as_people_at_home_write_it(settings, number, words):
    settings.PHONENUMBER_DEFAULT_REGION = "US"

    assert ui.phone(number) == words


@pytest.mark.parametrize(
    ("number", "address"),
    [("+13125550100", "tel:+13125550100"), ("(312) 555-0100", "tel:+13125550100"), ("911", "tel:911"), ("", "tel:")],
)
def test_tel_can_be_called(settings, number, address):
    settings.PHONENUMBER_DEFAULT_REGION = "US"

    assert ui.tel(number) == address


def test_icon_is_decoration_unless_it_has_words():
    assert 'aria-hidden="true"' in ui.icon("check")
    assert 'role="img" aria-label="Done &amp; dusted"' in ui.icon("check", label="Done & dusted")
    assert 'aria-hidden="true"' not in ui.icon("check", label="Done")


@pytest.mark.parametrize("name", sorted(ui.STATES))
def test_state_says_itself_in_words_and_with_an_icon(name):
    tone, icon_name, words = ui.STATES[name]

    html = render("{% state name %}", name=name)

    assert f"tone-{tone}" in html
    assert f"#{icon_name}" in html
    assert words in html


def test_state_shows_an_unknown_state_quietly_in_its_own_words():
    html = render('{% state "on_the_way" %}')

    assert "On the way" in html
    assert "tone-quiet" in html


def test_state_escapes_the_words_it_is_given():
    assert "<b>" not in render("{% state 'booked' words %}", words="<b>now</b>")


@pytest.mark.parametrize(
    ("level", "tone"), [("success", "go"), ("error", "stop"), ("warning", "warn"), ("extra unknown", "info")]
)
def test_message_tone(level, tone):
    assert ui.message_tone(level) == tone
    assert ui.message_icon(level)


def test_steps_counts_from_one():
    assert list(ui.steps(3)) == [1, 2, 3]
