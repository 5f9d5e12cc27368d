"""Telling the stories in the order of time, all clients together, as the practice would have lived them."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count


class Telling:
    """A queue of acts by moment; `now` ends the story. An act may plan later ones, never earlier ones."""

    def __init__(self, now: datetime):
        self.now = now
        self._acts: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()

    def plan(self, at: datetime, act: Callable[[datetime], None]) -> None:
        """Let `act(at)` happen at `at`; what lies ahead of now is left to the people who try the demo."""
        if at <= self.now:
            heapq.heappush(self._acts, (at, next(self._order), act))

    def tell(self) -> None:
        """Do every act, the earliest first."""
        while self._acts:
            at, _, act = heapq.heappop(self._acts)
            act(at)
