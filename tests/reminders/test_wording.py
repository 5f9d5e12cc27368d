"""The words of mails as data: English is complete, and another language says what it has in its own words and dates."""

import string
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from reminders import wording
from reminders.catalogue import CATALOGUE
from reminders.mails import as_html
from reminders.outbox import send_due
from reminders.samples import cases_of, sample_fields, sample_letter
from reminders.wording import FALLBACK, LANGUAGES, PHRASES, Phrases, Words, in_words, load_words
from tests.world import NINE, NOW

GERMAN = """
[phrases]
day = "l, j. F"
day_of_another_year = "l, j. F Y"
moment = "{day} um {time}"
book_online = "Oder buchen Sie selbst: {link}"
stop = "Sie möchten solche Mails nicht?"
stop_link = "Wählen Sie selbst"
all_times = "Alle Zeiten in {zone}."
with_therapist = "{when} bei {therapist}"

[booking_confirmation]
subject = "Ihr Termin am {when}"
before = ["Guten Tag {first_name},", "Ihr Termin bei {therapist} ist am {when}."]
button = "Ansehen, absagen"
after = ["Fragen? {phone}."]
"""


@pytest.fixture
def german(monkeypatch, tmp_path, settings):
    """An installation in German, whose words are not yet all written."""
    (tmp_path / "de.toml").write_text(GERMAN, encoding="utf-8")
    monkeypatch.setattr(wording, "LANGUAGES", LANGUAGES | load_words(tmp_path))
    settings.LANGUAGE_CODE = "de-ch"


def fields_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def texts_of(words: Words) -> tuple[str, ...]:
    return (words.subject, *words.before, *words.after)


def check(languages, known_fields):
    """Return what is wrong with languages: a key English does not have, a field no mail fills in."""
    english = languages[FALLBACK]
    unknown = [(language, key) for language, words in languages.items() for key in words if key not in english]
    return unknown + [
        (language, key, name)
        for language, entries in languages.items()
        for key, words in entries.items()
        if isinstance(words, Words)
        for text in texts_of(words)
        for name in fields_in(text) - known_fields
    ]


def test_every_language_has_only_known_mails_and_fields(practice):
    assert check(LANGUAGES, set(sample_fields(practice, NOW))) == []


def test_unknown_mails_and_fields_would_be_found(practice, tmp_path):
    (tmp_path / "fr.toml").write_text(
        GERMAN.replace("{phone}", "{surname}").replace("[book", "[look"), encoding="utf-8"
    )

    wrong = check(LANGUAGES | load_words(tmp_path), set(sample_fields(practice, NOW)))

    assert wrong == [("fr", "looking_confirmation"), ("fr", "looking_confirmation", "surname")]


def test_every_word_belongs_to_a_kind_of_mail():
    known = {key for kind in CATALOGUE for key in cases_of(kind)}

    assert set(LANGUAGES[FALLBACK]) - {PHRASES} == known


def test_english_has_every_phrase():
    assert set(LANGUAGES[FALLBACK][PHRASES]) == {field.name for field in fields(Phrases)}
    assert [path.stem for path in sorted((Path(wording.__file__).parent / "words").glob("*.toml"))] == sorted(LANGUAGES)


def test_a_mail_is_in_the_language_of_the_installation(german, visit, postbox):
    send_due(now=NOW, deliver=postbox)

    (mail,) = postbox.mails
    html = mail.alternatives[0][0]
    assert mail.subject == "Ihr Termin am Montag, 23. November um 09:00 (GMT)"
    assert "Guten Tag Ada," in mail.body
    assert '<html lang="de">' in html


def test_what_a_language_leaves_out_is_in_english_with_english_dates(german, practice):
    letter = sample_letter("first_reminder", "first_reminder", practice=practice, to="x@mail.example", now=NOW)

    assert "Saturday 28 November at 14:30 (GMT)" in letter.subject + " ".join(letter.before)
    assert '<html lang="en">' in as_html(letter, practice)


def test_phrases_a_language_leaves_out_are_in_english(german):
    assert wording.phrases_of("de-at").moment == "{day} um {time}"
    assert wording.phrases_of("de-at").both == " and "


def test_the_end_of_a_mail_is_in_its_language(german, practice):
    html = as_html(sample_letter("first_reminder", "first_reminder", practice=practice, to="x", now=NOW), practice)

    assert "You would rather not get mails of this kind?" in html
    assert "Sie möchten" not in html


def test_in_words_names_a_year_that_is_not_the_present_one():
    zone = ZoneInfo("Europe/London")
    with translation.override("en"):
        assert in_words(NINE, zone, NOW) == "Monday 23 November at 09:00 (GMT)"
        assert in_words(NINE + timedelta(days=60), zone, NOW) == "Friday 22 January 2027 at 09:00 (GMT)"


def test_in_words_counts_the_year_by_the_practices_clock():
    zone = ZoneInfo("Pacific/Auckland")
    eve = datetime(2026, 12, 31, 12, 0, tzinfo=ZoneInfo("UTC"))  # already 2027 there
    with translation.override("en"):
        assert in_words(eve, zone, eve) == "Friday 1 January at 01:00 (NZDT)"
