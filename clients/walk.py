"""The steps of an intake in order, and which of the answers a browser may see: those it wrote itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clients.intakes import BODY, GROUPS, HISTORY_FIELDS, PLACES, WORDS
from clients.models import Intake
from clients.screening import is_asked

SESSION_KEY = "intakes"
CHECK, SIGN = "check", "sign"
TITLES = {BODY: "Show us where", WORDS: "In your own words", CHECK: "Look it over", SIGN: "Consent and hand in"}


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the intake. `is_group` tells question groups from the other pages."""

    key: str
    title: str
    is_group: bool


def _steps() -> tuple[Step, ...]:
    """Urgent and safety questions first, then where it hurts, then the rest, the client's own words, and handing in."""
    groups = list(GROUPS.values())
    parts = {part: [Step(g.id, g.title, True) for g in groups if g.part == part] for part in {g.part for g in groups}}
    own = {key: Step(key, title, False) for key, title in TITLES.items()}
    return (
        *parts["urgent"],
        *parts["safety"],
        own[BODY],
        *parts["pattern"],
        *parts["history"],
        own[WORDS],
        own[CHECK],
        own[SIGN],
    )


STEPS = _steps()
BY_KEY = {step.key: step for step in STEPS}
SAVED_STEPS = tuple(step for step in STEPS if step.key not in (CHECK, SIGN))


class BrowserMemory:
    """What this browser wrote of one intake, kept in its session: keys and steps, never the answers themselves."""

    def __init__(self, session, intake: Intake):
        self.session, self.intake = session, intake
        self.pk = str(intake.pk)
        self.kept = {"answers": {}, "steps": [], "flags": [], **session.get(SESSION_KEY, {}).get(self.pk, {})}

    def knows(self, key: str) -> bool:
        """Say whether the answer that stands under this key (an item, a field of the history, the places) was given here.

        Once another browser has answered anew, it is that one's, and this one does not see it.
        """
        return self.kept["answers"].get(key) == self._times_changed(key)

    def _times_changed(self, key: str) -> int:
        return sum(each["key"] == key for each in self.intake.changed_answers)

    def wrote(self, step: str) -> bool:
        """Say whether this step was sent from this browser."""
        return step in self.kept["steps"]

    def has_seen(self, flag_id: str) -> bool:
        """Say whether this browser was shown what to do about this emergency."""
        return flag_id in self.kept["flags"]

    def add(self, *, answers: Mapping[str, object] | None = None, steps=(), flags=()) -> None:
        """Remember more: `answers` as just saved by key; an empty one was taken back and is nobody's any more."""
        for key, answer in (answers or {}).items():
            self.kept["answers"].pop(key, None)
            if answer not in (None, "", []):
                self.kept["answers"][key] = self._times_changed(key)
        for name, new in (("steps", steps), ("flags", flags)):
            self.kept[name] = list(dict.fromkeys([*self.kept[name], *new]))
        self.session[SESSION_KEY] = {**self.session.get(SESSION_KEY, {}), self.pk: self.kept}


class FullMemory:
    """A therapist who asks by phone or in person sees everything."""

    def __init__(self, intake: Intake):
        self.intake = intake

    def knows(self, key: str) -> bool:
        """Say yes."""
        return True

    def wrote(self, step: str) -> bool:
        """Say whether anybody sent this step: what a client wrote the therapist need not ask again."""
        return step in self.intake.visited_groups

    def has_seen(self, flag_id: str) -> bool:
        """Say yes: the emergency stands in a banner, the therapist needs no separate page."""
        return True

    def add(self, **_what) -> None:
        """Remember nothing: there is nothing this person may not see."""


def own_answers(intake: Intake, memory) -> dict[str, object]:
    """Return the answers this browser may see."""
    return {key: value for key, value in intake.answers.items() if memory.knows(key)}


def unseen(keys: Iterable[str], memory) -> list[str]:
    """Return which of the keys this browser answers without seeing what stands there: that is kept beside (`save_group`)."""
    return [key for key in keys if not memory.knows(key)]


def asked_keys(intake: Intake, group: str) -> tuple[str, ...]:
    """Return the items to ask in a group; the age only where no birth date tells it."""
    return tuple(key for key in GROUPS[group].items if not (key == "age" and intake.client.born_on))


def said_keys(intake: Intake, step: str) -> list[str]:
    """Return the keys of what was said in a step: items of a group, the places, or fields of the client's own words."""
    if step == BODY:
        return [PLACES] if intake.history.get(PLACES) else []
    if step == WORDS:
        return [name for name in HISTORY_FIELDS if intake.history.get(name)]
    return [key for key in asked_keys(intake, step) if key in intake.answers] if step in GROUPS else []


def is_answered(step: Step, intake: Intake) -> bool:
    """Say whether somebody sent this step and said something in it. A step sent empty is still open."""
    return step.key in intake.visited_groups and bool(said_keys(intake, step.key))


def first_open_step(intake: Intake, memory) -> Step:
    """Return where this browser goes on: the first step nobody answered and it did not pass over, else the look-over."""
    unanswered = (step for step in SAVED_STEPS if not is_answered(step, intake))
    return next((step for step in unanswered if not memory.wrote(step.key)), BY_KEY[CHECK])


def next_step(step: Step) -> Step:
    """Return the step after this one; the last leads to itself."""
    return STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]


def step_before(step: Step, intake: Intake, memory) -> Step | None:
    """Return the nearest step before this one that is not another browser's, or None."""
    before = [each for each in STEPS[: STEPS.index(step)] if is_open_here(each, intake, memory)]
    return before[-1] if before else None


def is_open_here(step: Step, intake: Intake, memory) -> bool:
    """Say whether nobody has answered a step, or this browser gave an answer in it.

    The others open, too, without what stands there: whatever was left out, or is different by now, can always be said.
    """
    return not is_answered(step, intake) or any(memory.knows(key) for key in said_keys(intake, step.key))


def skipped_keys(intake: Intake, group: str, memory) -> list[str]:
    """Return the questions of a group left without an answer, of those that make sense given the rest.

    Follow-ups are named only to the browser that gave the answer they follow.
    """
    own = own_answers(intake, memory)
    return [key for key in asked_keys(intake, group) if key not in intake.answers and is_asked(key, own)]
