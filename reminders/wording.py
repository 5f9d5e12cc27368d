"""The words of every mail as data, one file a language. English is complete; any other falls back to it, mail by mail."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import formats, translation

from practice.models import User

FALLBACK = "en"
PHRASES = "phrases"


@dataclass(frozen=True, slots=True)
class Words:
    """One mail in one language, with {fields} to fill in; `button` names its link."""

    language: str
    subject: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    button: str = ""


@dataclass(frozen=True, slots=True)
class Phrases:
    """How a language writes a day (in Django's date format) and a moment, what stands at the end of several mails, and how
    visits are listed.
    """

    day: str
    day_of_another_year: str
    moment: str
    book_online: str
    stop: str
    stop_link: str
    all_times: str
    with_therapist: str
    both: str


def load_words(folder: Path) -> dict[str, dict[str, Words | dict[str, str]]]:
    """Return what each language has, by its code (the name of the file) and by the mail's key."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}


def _read(path: Path) -> dict[str, Words | dict[str, str]]:
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    found: dict[str, Words | dict[str, str]] = {}
    for key, entry in entries.items():
        if key == PHRASES:
            found[key] = entry
        else:
            found[key] = Words(
                language=path.stem,
                subject=entry["subject"],
                before=tuple(entry["before"]),
                after=tuple(entry["after"]),
                button=entry.get("button", ""),
            )
    return found


LANGUAGES = load_words(Path(__file__).parent / "words")


def words_of(key: str) -> Words:
    """Return a mail's words in the language of this installation, else in English."""
    return LANGUAGES.get(_base(settings.LANGUAGE_CODE), {}).get(key) or LANGUAGES[FALLBACK][key]


def phrases_of(language: str) -> Phrases:
    """Return the phrases of a language; those it has not are in English."""
    return Phrases(**(LANGUAGES[FALLBACK][PHRASES] | LANGUAGES.get(_base(language), {}).get(PHRASES, {})))


def active_phrases() -> Phrases:
    """Return the phrases of the active language."""
    return phrases_of(translation.get_language() or FALLBACK)


def _base(language: str) -> str:
    return language.partition("-")[0].lower()


def called(person: User) -> str:
    """Return how a mail calls somebody who works here: by first name."""
    return person.first_name or person.username


def in_words(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return a moment as a client reads it, in the active language: 'Monday 23 November at 14:30 (GMT)'.

    A year that is not the present one is named.
    """
    local, phrases = moment.astimezone(zone), active_phrases()
    is_this_year = local.year == now.astimezone(zone).year
    day = formats.date_format(local, phrases.day if is_this_year else phrases.day_of_another_year)
    return phrases.moment.format(day=day, time=time_in_words(moment, zone))


def time_in_words(moment: datetime, zone: ZoneInfo) -> str:
    """Return a time of day with the zone's short name: '14:30 (GMT)'.

    A zone without a name of its own is told by its distance from UTC.
    """
    local = moment.astimezone(zone)
    name = local.tzname() or ""
    return f"{local:%H:%M} ({name if name.isalpha() else f'UTC{local.isoformat()[-6:]}'})"
