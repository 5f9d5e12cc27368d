"""The screening engine: pure functions over answers, with rules, weights and words as data. It never diagnoses."""

from clients.screening.conditions import BadRule
from clients.screening.engine import RULES, emergency_now, is_asked, published_scores, screen, validate
from clients.screening.loader import load_rules
from clients.screening.result import Caution, Evidence, Flag, Score, ScreeningResult
from clients.screening.rules import RuleSet
from clients.screening.vocabulary import MUSCLES, BadAnswer, Group, Item, UnknownQuestion
from clients.screening.words import Words, client_words, words_for

ITEMS = RULES.items
GROUPS = RULES.groups
SAFETY_NET: str = RULES.words["safety_net"]

__all__ = [
    "GROUPS", "ITEMS", "MUSCLES", "RULES", "SAFETY_NET",
    "BadAnswer", "BadRule", "Caution", "Evidence", "Flag", "Group", "Item", "RuleSet", "Score", "ScreeningResult",
    "UnknownQuestion", "Words",
    "besides_keys", "client_groups", "client_words", "emergency_keys", "emergency_now", "is_asked", "load_rules", "published_scores",
    "screen", "validate", "words_for",
]  # fmt: skip


def client_groups() -> tuple[Group, ...]:
    """Return the groups a client answers, in the order asked: emergency items first."""
    return tuple(group for group in GROUPS if group.by == "client")


def emergency_keys() -> tuple[str, ...]:
    """Return the keys of the items that must be answered at every visit before anybody is treated."""
    return tuple(key for key, item in ITEMS.items() if item.emergency)


def besides_keys() -> frozenset[str]:
    """Return the keys of the items asked for wherever they are missing although they decide nothing by themselves."""
    return frozenset(question.item for question in RULES.asked_besides)
