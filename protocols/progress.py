"""Whether a course of treatment changes anything: arithmetic over the pain ratings of its visits."""

from collections.abc import Sequence
from dataclasses import dataclass

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
