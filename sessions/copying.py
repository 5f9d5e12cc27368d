"""Carrying the last visit forward. What is copied says so, field by field, until somebody touches or confirms it.

Never copied: a signature, a date, a test result, a pain rating, how a muscle answered. Clones of a note are a red flag to
whoever audits one, and rightly: what was not felt today was not found today.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sessions.entries import FindingEntry, total_minutes

FELT = ("tone", "tenderness", "has_trigger_point", "is_familiar_pain", "refers_to")
DONE = ("techniques", "pressure", "minutes")
CARRIED = FELT + DONE
WORDS = ("subjective", "objective", "assessment", "plan_text")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Says of one field that its value was copied. `spot` is such as `left:piriformis`; "" for one of WORDS."""

    spot: str
    field: str

    def __str__(self):
        return f"{self.spot}/{self.field}"

    @property
    def is_of_words(self) -> bool:
        """Whether it stands at one of the texts, not at a muscle."""
        return not self.spot


@dataclass(frozen=True, slots=True)
class Carried:
    """A chart with the last visit filled in where it was empty, and the marks of what was."""

    findings: list[FindingEntry]
    words: dict[str, str]
    marks: frozenset[Mark]


def parse_mark(text: str) -> Mark:
    """Return the mark of a value such as `left:piriformis/tone` or `/subjective`. Raises ValueError for anything else."""
    spot, slash, field = text.partition("/")
    if not slash or field not in (CARRIED if spot else WORDS):
        raise ValueError("That is not a field that can be copied.")
    return Mark(spot, field)


def carry_forward(
    findings: Sequence[FindingEntry],
    words: Mapping[str, str],
    *,
    last: Iterable[FindingEntry],
    last_words: Mapping[str, str],
    booked_minutes: int,
) -> Carried:
    """Fill what is empty with what the last visit holds. What stands already stays; so does a muscle's response.

    Minutes are carried while they fit the booked time; the muscles that no longer fit are left without.
    """
    wanted = {finding.spot: finding for finding in findings}
    free, marks = booked_minutes - total_minutes(findings), set()
    for old in last:
        new = wanted.get(old.spot, FindingEntry(old.muscle, old.side))
        filled = {field: getattr(old, field) for field in CARRIED if not _says(new, field) and _says(old, field)}
        if filled.get("minutes", 0) > max(free, 0):
            del filled["minutes"]
        free -= filled.get("minutes", 0)
        if filled:
            wanted[old.spot] = replace(new, **filled)
            marks |= {Mark(old.spot, field) for field in filled}
    copied_words = {name: last_words[name] for name in WORDS if not words.get(name) and last_words.get(name)}
    marks |= {Mark("", name) for name in copied_words}
    return Carried(list(wanted.values()), {**words, **copied_words}, frozenset(marks))


def _says(finding: FindingEntry, field: str) -> bool:
    return getattr(finding, field) != getattr(FindingEntry(finding.muscle, finding.side), field)


def still_copied(
    marks: Iterable[Mark],
    *,
    before: Mapping[Mark, object],
    after: Mapping[Mark, object],
    confirmed: Collection[Mark] = (),
) -> frozenset[Mark]:
    """Return the marks that stay: nobody changed the value since, nobody confirmed it, and it still says something."""
    return frozenset(
        mark for mark in marks if mark not in confirmed and mark in after and after[mark] == before.get(mark)
    )


def values_of(findings: Iterable[FindingEntry], words: Mapping[str, str]) -> dict[Mark, object]:
    """Return every value of a chart that can be copied, by its mark; what says nothing is left out."""
    values: dict[Mark, object] = {Mark("", name): words[name] for name in WORDS if words.get(name)}
    for finding in findings:
        values |= {
            Mark(finding.spot, field): _comparable(getattr(finding, field))
            for field in CARRIED
            if _says(finding, field)
        }
    return values


def _comparable(value: object) -> object:
    return tuple(sorted(value)) if isinstance(value, tuple) else value


def days_at(spot: str, days: Mapping[Mark, str]) -> str:
    """Return from which day the copied values of one muscle are, such as "16 Nov 2026"; of several days, each."""
    return " and ".join(dict.fromkeys(day for mark, day in sorted(days.items()) if mark.spot == spot))


def is_all_copy(findings: Sequence[FindingEntry], words: Mapping[str, str], marks: Collection[Mark]) -> bool:
    """Say whether whatever the chart says of muscles and in words was copied: nothing was found or written today."""
    says = values_of(findings, words).keys()
    return bool(says) and says <= set(marks) and not any(finding.response for finding in findings)


def split_by_origin(finding: FindingEntry, marks: Collection[Mark]) -> tuple[FindingEntry, FindingEntry]:
    """Return the finding twice: only what was recorded today, and only what was copied."""
    empty = FindingEntry(finding.muscle, finding.side)
    copied = {mark.field for mark in marks if mark.spot == finding.spot}
    blank = {field: getattr(empty, field) for field in CARRIED}
    today = replace(finding, **{field: value for field, value in blank.items() if field in copied})
    carried = replace(empty, **{field: getattr(finding, field) for field in copied})
    return today, carried
