"""A chart as it reads: for the sign page, the signed page and the paper."""

from collections.abc import Iterable
from datetime import datetime

from sessions.chart_page import day_of, technique_names
from sessions.copying import CARRIED, Mark, days_at
from sessions.history import history_url
from sessions.models import TreatmentSession
from sessions.reading import copied_from, fetch_parts, recorded, test_entries
from sessions.words import done, felt, test_in_words

WORDS = {"subjective": "Subjective", "objective": "Objective", "assessment": "Assessment", "plan_text": "Plan"}
FIELD_NAMES = {
    "tone": "tone",
    "tenderness": "tenderness",
    "has_trigger_point": "trigger point",
    "is_familiar_pain": "familiar pain",
    "refers_to": "where it refers to",
    "techniques": "techniques",
    "pressure": "pressure",
    "minutes": "minutes",
}


def note_of(session: TreatmentSession) -> dict:
    """Return what the note shows: `findings` (name, felt, done, copied, url), `tests`, `words` (heading, text, day), `minutes`;
    `pain_places` such as "back 3, leg 5".

    `copied` names the fields that were carried forward from `copied_on` and never confirmed; `day` is that of words that
    were. Exactly what a signature covers, and nothing more. Five queries.
    """
    fetch_parts(session)
    techniques = technique_names()
    entries = recorded(session)
    copied = {mark: day_of(source) for mark, source in copied_from(session).items()}
    return {
        "findings": [
            {
                "name": entry.name,
                "felt": ", ".join(felt(entry)),
                "done": ", ".join(done(entry, techniques)),
                "copied": _field_names(entry.spot, copied),
                "copied_on": days_at(entry.spot, copied),
                "url": history_url(session.client_id, entry.muscle, entry.side),
            }
            for entry in entries
        ],
        "pain_places": pain_places(session),
        "entries": entries,
        "tests": [test_in_words(entry) for entry in test_entries(session)],
        "words": [
            (heading, getattr(session, name), copied.get(Mark("", name), ""))
            for name, heading in WORDS.items()
            if getattr(session, name)
        ],
        "minutes": sum(entry.minutes for entry in entries),
        "is_late": is_late(session),
    }


def _field_names(spot: str, copied: Iterable[Mark]) -> list[str]:
    fields = {mark.field for mark in copied if mark.spot == spot}
    return [FIELD_NAMES[field] for field in CARRIED if field in fields]


def copied_in_words(spot: str, copied: dict[Mark, TreatmentSession]) -> str:
    """Return what of one muscle was carried forward and never confirmed, and from which day; empty if nothing was."""
    names = _field_names(spot, copied)
    if not names:
        return ""
    days = {mark: day_of(source) for mark, source in copied.items()}
    return f"Copied from {days_at(spot, days)}, not confirmed: {', '.join(names)}"


def pain_places(session: TreatmentSession) -> str:
    """Return the pain before the session by place, of those that were asked (NRS 0–10)."""
    asked = {"back": session.pain_back_nrs, "buttock": session.pain_buttock_nrs, "leg": session.pain_leg_nrs}
    return ", ".join(f"{place} {score}" for place, score in asked.items() if score is not None)


def is_late(session: TreatmentSession) -> bool:
    """Say whether it was signed more than a day after the visit ended."""
    return session.is_signed and is_late_by(session, session.signed_at)


def is_late_by(session: TreatmentSession, now: datetime) -> bool:
    """Say whether a signature at `now` comes more than a day after the visit ended, and is labelled so."""
    return now > session.signature_due_at
