"""The steps of an intake in order, and which of the answers a browser may see: those it wrote itself."""

from dataclasses import dataclass

from clients.intakes import BODY, GROUPS, WORDS
from clients.models import Intake
from clients.screening import ITEMS, is_asked

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
        self.session = session
        self.pk = str(intake.pk)
        self.kept = {"keys": [], "steps": [], "flags": [], **session.get(SESSION_KEY, {}).get(self.pk, {})}

    def knows(self, key: str) -> bool:
        """Say whether the answer under this key was given in this browser."""
        return key in self.kept["keys"]

    def wrote(self, step: str) -> bool:
        """Say whether this step was sent from this browser."""
        return step in self.kept["steps"]

    def has_seen(self, flag_id: str) -> bool:
        """Say whether this browser was shown what to do about this emergency."""
        return flag_id in self.kept["flags"]

    def add(self, *, keys=(), steps=(), flags=()) -> None:
        """Remember more."""
        for name, new in (("keys", keys), ("steps", steps), ("flags", flags)):
            self.kept[name] = list(dict.fromkeys([*self.kept[name], *new]))
        self.session[SESSION_KEY] = {**self.session.get(SESSION_KEY, {}), self.pk: self.kept}


class FullMemory:
    """A therapist who asks by phone or in person sees everything."""

    def knows(self, key: str) -> bool:
        """Say yes."""
        return True

    def wrote(self, step: str) -> bool:
        """Say yes."""
        return True

    def has_seen(self, flag_id: str) -> bool:
        """Say yes: the emergency stands in a banner, the therapist needs no separate page."""
        return True

    def add(self, **_what) -> None:
        """Remember nothing: there is nothing this person may not see."""


def own_answers(intake: Intake, memory) -> dict[str, object]:
    """Return the answers this browser may see."""
    return {key: value for key, value in intake.answers.items() if memory.knows(key)}


def asked_keys(intake: Intake, group: str) -> tuple[str, ...]:
    """Return the items to ask in a group; the age only where no birth date tells it."""
    return tuple(key for key in GROUPS[group].items if not (key == "age" and intake.client.born_on))


def first_open_step(intake: Intake) -> Step:
    """Return where to go on: the first step nobody has sent, else the look-over."""
    return next((step for step in SAVED_STEPS if step.key not in intake.visited_groups), BY_KEY[CHECK])


def next_step(step: Step) -> Step:
    """Return the step after this one; the last leads to itself."""
    return STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]


def step_before(step: Step, memory) -> Step | None:
    """Return the nearest step before this one that this browser may open, or None."""
    before = [each for each in STEPS[: STEPS.index(step)] if memory.wrote(each.key)]
    return before[-1] if before else None


def may_open(step: Step, intake: Intake, memory) -> bool:
    """Say whether this browser may open a step: one it wrote, or one nobody has sent yet."""
    return memory.wrote(step.key) or step.key not in intake.visited_groups


def skipped_keys(intake: Intake, group: str, memory) -> list[str]:
    """Return the questions of a group left without an answer, of those that make sense given the rest.

    Follow-ups are named only to the browser that gave the answer they follow.
    """
    answers = intake.answers
    return [
        key
        for key in asked_keys(intake, group)
        if key not in answers and is_asked(key, answers) and (memory.wrote(group) or ITEMS[key].ask_if is None)
    ]
