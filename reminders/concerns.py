"""What in a check-in's answer needs a person, and what the client is told about it at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from clients.screening import client_words
from protocols.progress import MATTERS_POINTS
from reminders.models import CheckIn

SEVERE = 9  # of 10: medical review soon, as in the screening (its rule `severe`; nhs-cks-sciatica)
WARNING = frozenset({CheckIn.WarningSign.YES, CheckIn.WarningSign.NOT_SURE})  # not sure counts as yes


@dataclass(frozen=True, slots=True)
class Concern:
    """One reason to look: `level` is a triage of the screening, whose words the client gets; `words` are for the therapist."""

    level: str
    words: str


# The gravest first.
CONCERNS = {
    "warning_sign": Concern("emergency", "a warning sign, or not sure of one"),
    "severe_pain": Concern("urgent_referral", f"pain of {SEVERE} or more"),
    "further_down": Concern("routine_referral", "reaches further down the leg than before"),
    "leg_worse": Concern("routine_referral", "leg symptoms worse since the visit"),
    "more_pain": Concern("routine_referral", f"pain {MATTERS_POINTS} points or more above that before the visit"),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What the client is told at once: the triage it comes from, and the words the screening has for it."""

    level: str
    words: str


def concerns_of(
    *,
    pain_now_nrs: int | None,
    pain_before_nrs: int | None,
    leg_symptoms: str,
    warning_sign: str,
    is_further_down: bool,
) -> list[str]:
    """Return what in an answer needs a person, as keys of CONCERNS, the gravest first. Pain is NRS 0-10, None if not said.

    A warning sign of the safety net is an emergency, and not being sure of one is too. Pain of 9 or 10 needs a doctor soon,
    as in the screening. Pain that moved further down the leg, or worse leg symptoms, are a reason to stop and refer (its rule
    `spreading`), and so is a flare: pain that rose since before the visit by what matters to people (ostelo-2008).
    """
    said_both = pain_now_nrs is not None and pain_before_nrs is not None
    found = {
        "warning_sign": warning_sign in WARNING,
        "severe_pain": pain_now_nrs is not None and pain_now_nrs >= SEVERE,
        "further_down": is_further_down,
        "leg_worse": leg_symptoms == CheckIn.LegSymptoms.WORSE,
        "more_pain": said_both and pain_now_nrs - pain_before_nrs >= MATTERS_POINTS,
    }
    return [key for key in CONCERNS if found[key]]


def advice_on(concerns: Iterable[str]) -> Advice | None:
    """Return what to tell the client about these concerns, the gravest deciding; None without any."""
    gravest = next((concern for key, concern in CONCERNS.items() if key in set(concerns)), None)
    return Advice(gravest.level, client_words(gravest.level)) if gravest else None


def in_words(concerns: Iterable[str]) -> str:
    """Return the concerns as the therapist reads them: "pain of 9 or more; leg symptoms worse since the visit"."""
    return "; ".join(CONCERNS[key].words for key in concerns if key in CONCERNS)
