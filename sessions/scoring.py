"""How outcome measures are scored, as published. Pure: values in, a score or a refusal out."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from practice.errors import Refused
from protocols.knowledge import MeasureCard
from protocols.progress import in_figures

FEWEST_ACTIVITIES, MOST_ACTIVITIES = 3, 5


class ScoreOutOfRange(Refused):
    """The measure has no such value."""


class UnknownStatement(Refused):
    """The questionnaire has no such statement."""


class ActivityNotRated(Refused):
    """The mean stands for all activities of the client; one without a rating makes another measure of it."""


def checked(card: MeasureCard, value: Decimal | int) -> Decimal:
    """Return `value` if the measure has it: within its range, no finer than its decimals. Raises ScoreOutOfRange."""
    number = Decimal(value)
    if not number.is_finite() or not card.least <= number <= card.most:
        raise ScoreOutOfRange(f"{card.short} runs from {in_figures(card.least)} to {in_figures(card.most)}.")
    if number != round(number, card.decimals):
        raise ScoreOutOfRange(f"{card.short} has {'one decimal' if card.decimals else 'whole numbers'} only.")
    return number


def statements_score(card: MeasureCard, ticked: Iterable[int]) -> Decimal:
    """Return how many statements (numbered from 1) were ticked; what is not ticked counts 0, ticked twice counts once.

    Source: roland-morris-rmdq. Raises UnknownStatement.
    """
    numbers = set(ticked)
    if strangers := numbers - set(range(1, len(card.statements) + 1)):
        raise UnknownStatement(f"{card.short} has no statement {min(strangers)}.")
    return checked(card, len(numbers))


def activities_score(card: MeasureCard, ratings: Mapping[Hashable, int], activities: Collection[Hashable]) -> Decimal:
    """Return the mean of the ratings of all `activities`, to one decimal, halves upwards. Source: stratford-1995.

    Raises ActivityNotRated when one is missing or one too many, ScoreOutOfRange for a rating outside 0–10.
    """
    if not activities:
        raise ActivityNotRated("Let the client name the activities first.")
    if ratings.keys() != set(activities):
        raise ActivityNotRated("Rate every activity the client named: the mean is of the same ones each time.")
    total = sum((checked(card, rating) for rating in ratings.values()), Decimal(0))
    return (total / len(ratings)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
