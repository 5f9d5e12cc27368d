"""Two therapists on one screening at once: what the second chose, laid over what the first has saved meanwhile."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clients.card import CARD_TESTS, SIDES, TESTS, Card
from clients.explain import side_words
from clients.models import Screening
from clients.questions import answer_words
from clients.screening import ITEMS


@dataclass(frozen=True, slots=True)
class Told:
    """One thing the other one changed; `mine` says what stands instead, empty where theirs stands."""

    label: str
    theirs: str
    mine: str


@dataclass(frozen=True, slots=True)
class Together:
    """Answers and card of both, for the page to show, and what to tell about the newer version."""

    newest: Screening
    answers: Mapping[str, object]
    card: Card
    told: tuple[Told, ...]


def lay_together(
    newest: Screening,
    *,
    started: Screening | None,
    given: Mapping[str, object],
    card: Card,
    asked_again: Iterable[str] = (),
) -> Together:
    """Lay `given` and `card`, filled on the version `started`, over `newest`. Nobody's answers are lost.

    What this person changed stands as they chose it, everything else as the other one left it. Of `asked_again` stands
    what this person chose or left open.
    """
    before, before_card = (started.answers, started.card) if started else ({}, {})
    mine = {key: value for key, value in given.items() if value != before.get(key)}
    mine |= {key: given.get(key) for key in asked_again}
    was, now, newer = (_entries(each) for each in (before_card, card, newest.card))
    my_entries = {place: now.get(place) for place in {**was, **now} if now.get(place) != was.get(place)}
    told = [*_told_answers(given, before, newest.answers, mine), *_told_entries(was, newer, my_entries)]
    return Together(newest, {**newest.answers, **mine}, _card_of({**newer, **my_entries}), tuple(told))


def _told_answers(keys, before, newest, mine):
    for key in keys:
        if newest.get(key) != before.get(key):
            differs = key in mine and mine[key] != newest.get(key)
            theirs = answer_words(key, newest.get(key))
            yield Told(ITEMS[key].label, theirs, answer_words(key, mine[key]) if differs else "")


def _told_entries(was, newer, mine):
    for place in ((test, side) for test in TESTS for side in SIDES):
        if newer.get(place) != was.get(place):
            test, side = place
            differs = place in mine and mine[place] != newer.get(place)
            theirs = side_words(test, newer.get(place))
            yield Told(f"{CARD_TESTS[test].label}, {side}", theirs, side_words(test, mine[place]) if differs else "")


def _entries(card):
    return {(test, side): entry for test, sides in card.items() for side, entry in sides.items()}


def _card_of(entries):
    card = {}
    for (test, side), entry in entries.items():
        if entry is not None:
            card.setdefault(test, {})[side] = entry
    return card
