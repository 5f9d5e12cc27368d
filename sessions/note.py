"""A chart as it reads: for the sign page, the signed page and the paper."""

from datetime import datetime

from sessions.chart_page import technique_names
from sessions.history import history_url
from sessions.models import TreatmentSession
from sessions.reading import fetch_parts, recorded, test_entries
from sessions.words import done, felt, test_in_words

WORDS = {"subjective": "Subjective", "objective": "Objective", "assessment": "Assessment", "plan_text": "Plan"}


def note_of(session: TreatmentSession) -> dict:
    """Return what the note shows: `findings` (name, felt, done, url of all visits), `tests`, `words` (heading, text), `minutes`.

    Exactly what a signature covers, and nothing more. Four queries.
    """
    fetch_parts(session)
    techniques = technique_names()
    entries = recorded(session)
    return {
        "findings": [
            {
                "name": entry.name,
                "felt": ", ".join(felt(entry)),
                "done": ", ".join(done(entry, techniques)),
                "url": history_url(session.client_id, entry.muscle, entry.side),
            }
            for entry in entries
        ],
        "entries": entries,
        "tests": [test_in_words(entry) for entry in test_entries(session)],
        "words": [(heading, getattr(session, name)) for name, heading in WORDS.items() if getattr(session, name)],
        "minutes": sum(entry.minutes for entry in entries),
        "is_late": is_late(session),
    }


def is_late(session: TreatmentSession) -> bool:
    """Say whether it was signed more than a day after the visit ended."""
    return session.is_signed and is_late_by(session, session.signed_at)


def is_late_by(session: TreatmentSession, now: datetime) -> bool:
    """Say whether a signature at `now` comes more than a day after the visit ended, and is labelled so."""
    return now > session.signature_due_at
