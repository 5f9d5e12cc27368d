"""Whether a course of treatment changes anything: arithmetic over the values of its measures, first against latest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from protocols.knowledge import KNOWLEDGE, MeasureCard

MATTERS_POINTS = 2  # a change that matters to people, NRS 0–10 (source: ostelo-2008) …
MATTERS_SHARE = 0.3  # … or this share of the first rating
LOOK_AGAIN_AFTER = 6  # visits without such a change


@dataclass(frozen=True, slots=True)
class Change:
    """First and latest rating before a visit (NRS 0–10), over how many visits, and in how many of them it was asked."""

    first: int
    latest: int
    visits: int
    ratings: int

    @property
    def points(self) -> int:
        """Return the change in points; negative is less pain."""
        return self.latest - self.first

    @property
    def matters(self) -> bool:
        """Say whether the pain fell by 2 points or by 30 % of the first rating."""
        fallen = self.first - self.latest
        return fallen > 0 and (fallen >= MATTERS_POINTS or fallen >= MATTERS_SHARE * self.first)

    @property
    def is_plateau(self) -> bool:
        """Say whether so many visits brought no change that matters that it is time to look again."""
        return self.visits >= LOOK_AGAIN_AFTER and self.first > 0 and not self.matters


def change_of(ratings: Sequence[int | None]) -> Change | None:
    """Return the change over `ratings`, one per visit in order; None where nobody asked. None if nobody ever asked.

    `visits` counts all of them, `ratings` those in which it was asked.
    """
    asked = [rating for rating in ratings if rating is not None]
    if not asked:
        return None
    return Change(first=asked[0], latest=asked[-1], visits=len(ratings), ratings=len(asked))


# --- any measure


@dataclass(frozen=True, slots=True)
class Score:
    """One value of a measure, and when it was measured."""

    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """One measure over time, oldest value first; the first is the baseline. Never empty."""

    card: MeasureCard
    scores: tuple[Score, ...]

    @property
    def first(self) -> Score:
        """Return the baseline."""
        return self.scores[0]

    @property
    def latest(self) -> Score:
        """Return the newest value."""
        return self.scores[-1]

    @property
    def points(self) -> Decimal:
        """Return the change in points of the measure, with its sign."""
        return self.latest.value - self.first.value

    @property
    def gain(self) -> Decimal:
        """Return the change towards the better side: positive is better, whichever way the measure runs."""
        return -self.points if self.card.better == "lower" else self.points

    @property
    def has_change(self) -> bool:
        """Say whether first and latest can be compared: there are two values, and the measure is not a change itself."""
        return len(self.scores) > 1 and not self.card.is_change

    @property
    def least_that_matters(self) -> Decimal | None:
        """Return from how many points a change matters, seen from the baseline; None where no source gives a number."""
        return least_that_matters(self.card, self.first.value)

    @property
    def matters(self) -> bool | None:
        """Say whether a change for the better reached what matters; None where that cannot be said."""
        least = self.least_that_matters
        if least is None or not self.has_change:
            return None
        return self.gain > 0 and self.gain >= least

    @property
    def band(self) -> tuple[Decimal, Decimal] | None:
        """Return the values around the baseline within which a change does not matter, cut to the measure's range."""
        least = self.least_that_matters
        if least is None or self.card.is_change:
            return None
        low, high = self.first.value - least, self.first.value + least
        return max(low, Decimal(self.card.least)), min(high, Decimal(self.card.most))


def least_that_matters(card: MeasureCard, first: Decimal) -> Decimal | None:
    """Return from how many points a change from `first` matters: the measure's points, or its share of `first` if less."""
    if not card.matters_points:
        return None
    points, share = Decimal(str(card.matters_points)), Decimal(str(card.matters_share)) * first
    return min(points, share) if share > 0 else points


def courses_of(rows: Iterable[tuple[str, datetime, Decimal]]) -> list[Course]:
    """Return a course per measure in the order of the reviewed text, from (measure, moment, value) oldest first.

    Measures that left the text are left out.
    """
    found: dict[str, list[Score]] = {}
    for measure, at, value in rows:
        found.setdefault(measure, []).append(Score(at, value))
    return [Course(card, tuple(found[key])) for key, card in KNOWLEDGE.measures.items() if key in found]


def in_figures(value: Decimal | int) -> str:
    """Return a value as people write it: no needless zeros, a true minus."""
    text = f"{Decimal(value):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")
