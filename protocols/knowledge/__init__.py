"""What the practice knows about treating: technique, exercise, test, measure, advice and protocol cards, read from TOML."""

from protocols.knowledge.cards import (
    Advice,
    EvidenceGrade,
    ExerciseCard,
    Knowledge,
    MeasureCard,
    PhaseCard,
    PhaseMuscle,
    ProtocolCard,
    TechniqueCard,
    TestCard,
)
from protocols.knowledge.loader import load_knowledge

KNOWLEDGE: Knowledge = load_knowledge()

__all__ = [
    "KNOWLEDGE",
    "Advice",
    "EvidenceGrade",
    "ExerciseCard",
    "Knowledge",
    "MeasureCard",
    "PhaseCard",
    "PhaseMuscle",
    "ProtocolCard",
    "TechniqueCard",
    "TestCard",
    "load_knowledge",
]
