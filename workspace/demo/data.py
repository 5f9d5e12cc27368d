"""What the demo is made of: people, answers, charts and stories, as read from the text files beside this module."""

import tomllib
from pathlib import Path

from clients.screening import ITEMS

HERE = Path(__file__).parent


def _read(name: str) -> dict:
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


PEOPLE = _read("people")
PLACES, STAFF = PEOPLE["place"], PEOPLE["staff"]
PROFILES = _read("answers")
COURSES = {course["key"]: course for course in _read("courses")["course"]}
STORIES = _read("stories")["client"]


def answers_of(profile: str, more: dict | None = None, unanswered: tuple[str, ...] | list[str] = ()) -> dict:
    """Return the client's answers to the whole intake: the profile's over plain no, then `more`, without `unanswered`."""
    plain_no = {
        key: False
        for key, item in ITEMS.items()
        if item.by != "therapist" and item.kind == "answer" and item.ask_if is None and not key.startswith("cleared_")
    }
    given = {key: value for key, value in PROFILES[profile].items() if key != "exam"}
    return {key: value for key, value in {**plain_no, **given, **(more or {})}.items() if key not in unanswered}


def examination(profile: str) -> dict:
    """Return what the therapist finds at the first visit, by item key."""
    return PROFILES[profile]["exam"]
