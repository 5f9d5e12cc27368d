"""Brings the reviewed text of protocols/knowledge into the tables, by key; running it again changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from protocols.knowledge import KNOWLEDGE, ExerciseCard, Knowledge, PhaseCard, ProtocolCard, TechniqueCard
from protocols.models import Exercise, Phase, PhaseMuscle, Protocol, Technique


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many entries are on offer after loading, and how many were set aside because the text no longer has them."""

    techniques: int
    exercises: int
    protocols: int
    set_aside: int


@transaction.atomic
def load_knowledge(knowledge: Knowledge = KNOWLEDGE) -> Loaded:
    """Make the tables say what `knowledge` says, and return the counts.

    Entries are found by key. What vanished from the text stays, inactive, because plans and sessions point at it.
    """
    set_aside = sum(
        model.objects.active().exclude(key__in=cards).update(is_active=False)
        for model, cards in (
            (Technique, knowledge.techniques),
            (Exercise, knowledge.exercises),
            (Protocol, knowledge.protocols),
        )
    )
    techniques = _upsert(Technique, map(_technique, knowledge.techniques.values()))
    exercises = _upsert(Exercise, map(_exercise, knowledge.exercises.values()))
    protocols = _upsert(Protocol, map(_protocol, knowledge.protocols.values()))
    for card in knowledge.protocols.values():
        _load_phases(protocols[card.key], card, techniques, exercises)
    return Loaded(len(techniques), len(exercises), len(protocols), set_aside)


def _upsert(model, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    entries = {}
    for position, row in enumerate(rows):
        values = {**row, "position": position, "is_active": True}
        entries[row["key"]], _ = model.objects.update_or_create(key=row["key"], defaults=values)
    return entries


def _common(card) -> dict[str, Any]:
    return {"key": card.key, "name": card.name, "source": ", ".join(card.sources)}


def _technique(card: TechniqueCard) -> dict[str, Any]:
    return _common(card) | {
        "short": card.short,
        "description": card.what,
        "guidance": f"{card.seconds_min}–{card.seconds_max} s on one place, pressure at most {card.pressure_max} of 10",
        "caution": card.cautions,
    }


def _exercise(card: ExerciseCard) -> dict[str, Any]:
    return _common(card) | {"description": card.how, "dose": card.dose, "stop_rule": card.stop}


def _protocol(card: ProtocolCard) -> dict[str, Any]:
    return _common(card) | {
        "description": card.summary,
        "for_whom": card.for_whom,
        "not_for": "\n".join(card.not_for),
        "evidence_grade": card.evidence_grade,
        "evidence": card.evidence,
        "stop_rules": "\n".join(card.stop_rules),
        "offered_for": " ".join(card.offered_for),
        "requires_clearance": card.requires_clearance,
        "advice": " ".join(card.advice),
        "tests": " ".join(card.tests),
        "planned_visits": card.visits,
    }


def _load_phases(protocol: Protocol, card: ProtocolCard, techniques, exercises) -> None:
    protocol.phases.exclude(key__in=[phase.key for phase in card.phases]).delete()
    first_visit = 1
    for position, phase_card in enumerate(card.phases):
        phase = _load_phase(protocol, phase_card, position=position, first_visit=first_visit)
        phase.exercises.set([exercises[key] for key in phase_card.exercises])
        _load_muscles(phase, phase_card, techniques)
        first_visit = phase.last_visit + 1


def _load_phase(protocol: Protocol, card: PhaseCard, *, position: int, first_visit: int) -> Phase:
    phase, _ = Phase.objects.update_or_create(
        protocol=protocol,
        key=card.key,
        defaults={
            "position": position,
            "name": card.name,
            "first_visit": first_visit,
            "last_visit": first_visit + card.visits - 1,
            "frequency": card.frequency,
            "days_between": card.days_between,
            "session_minutes": card.session_minutes,
            "aims": card.aim,
            "progress_when": "\n".join(card.progress),
            "caution": card.caution,
        },
    )
    return phase


def _load_muscles(phase: Phase, card: PhaseCard, techniques) -> None:
    phase.muscles.exclude(muscle__in=[share.muscle for share in card.muscles]).delete()
    for position, share in enumerate(card.muscles):
        planned, _ = PhaseMuscle.objects.update_or_create(
            phase=phase,
            muscle=share.muscle,
            defaults={
                "position": position,
                "minutes": share.minutes,
                "pressure": share.pressure,
                "note": share.note,
            },
        )
        planned.techniques.set([techniques[key] for key in share.techniques])
