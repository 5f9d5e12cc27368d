"""A chart's entries as plain words. Nothing is added to what was recorded, and nothing recorded is left out."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from protocols.knowledge import KNOWLEDGE
from sessions.copying import Mark, days_at, split_by_origin
from sessions.entries import FindingEntry, TestEntry
from sessions.models import MuscleFinding, TestResult
from sessions.retests import measured, row_name

NOTHING: Mapping[Mark, str] = MappingProxyType({})


def felt(finding: FindingEntry) -> list[str]:
    """Return what was felt, one phrase per value: tone and tenderness 0–4, trigger point, familiar pain, where to."""
    words = []
    if finding.tone is not None:
        words.append(f"tone {finding.tone}/4")
    if finding.tenderness is not None:
        words.append(f"tenderness {finding.tenderness}/4")
    if finding.has_trigger_point is not None:
        words.append("trigger point" if finding.has_trigger_point else "no trigger point")
    if finding.is_familiar_pain is not None:
        words.append("familiar pain" if finding.is_familiar_pain else "not the familiar pain")
    if finding.refers_to:
        words.append(f"refers to {finding.refers_to}")
    return words


def done(finding: FindingEntry, techniques: Mapping[str, str]) -> list[str]:
    """Return what was done and how it answered. `techniques` gives the name of each key."""
    words = [lowered(techniques.get(key, key)) for key in finding.techniques]
    if finding.minutes:
        words.append(f"{finding.minutes} min")
    if finding.pressure is not None:
        words.append(f"pressure {finding.pressure}/10")
    if finding.response:
        words.append(lowered(MuscleFinding.Response(finding.response).label))
    return words


def in_words(finding: FindingEntry, techniques: Mapping[str, str]) -> str:
    """Return the whole finding in one line, without its name; empty when nothing was recorded."""
    return ", ".join([*felt(finding), *done(finding, techniques)])


def test_in_words(entry: TestEntry) -> str:
    """Return one test result in words, such as "Straight leg raise, left, before: positive at 45°, felt: calf"."""
    moment = TestResult.Moment(entry.moment).label.lower()
    value = measured(KNOWLEDGE.tests.get(entry.test), entry.value) if entry.value is not None else ""
    found = f"{entry.result} at {value}" if entry.result and value else entry.result or value
    felt_where = f", felt: {entry.felt_where}" if entry.felt_where else ""
    return f"{row_name(entry.test, entry.side)}, {moment}: {found}{felt_where}"


test_in_words.__test__ = False  # a sentence, no test


def draft_objective(
    findings: Iterable[FindingEntry], tests: Iterable[TestEntry], copied: Mapping[Mark, str] = NOTHING
) -> str:
    """Return sentences about what was felt and tested, one line per muscle and test; only what was recorded.

    `copied` says of what stands as copied from which day; the sentence says it too, so that nothing reads as found today.
    """
    lines = [_line(finding, felt, copied) for finding in findings]
    return "\n".join([*filter(None, lines), *(f"{test_in_words(entry)}." for entry in tests)])


def draft_work(
    findings: Iterable[FindingEntry], techniques: Mapping[str, str], copied: Mapping[Mark, str] = NOTHING
) -> str:
    """Return sentences about what was done, one line per muscle; only what was recorded. `copied` as in the objective."""
    lines = [_line(finding, lambda part: done(part, techniques), copied) for finding in findings]
    return "\n".join(filter(None, lines))


def _line(finding: FindingEntry, told: Callable[[FindingEntry], list[str]], copied: Mapping[Mark, str]) -> str:
    today, carried = split_by_origin(finding, copied)
    parts = [", ".join(told(today))]
    if old := told(carried):
        parts.append(f"copied from {days_at(finding.spot, copied)}, not confirmed: {', '.join(old)}")
    said = "; ".join(filter(None, parts))
    return f"{finding.name}: {said}." if said else ""


def without_lines(text: str, lines: str) -> str:
    """Return the text without the lines that stand word for word in `lines`: sentences drafted here, not a hand's own."""
    drafted = _lines(lines)
    return "\n".join(line for line in text.split("\n") if line not in drafted).strip("\n")


def replace_lines(text: str, lines: str, now: str) -> str:
    """Return the text with each line that stands in `lines` as `now` has it, found by what stands before the colon, or without it."""
    old, current = _lines(lines) - _lines(now), {_head(line): line for line in _lines(now)}
    kept = (current.get(_head(line)) if line in old else line for line in text.split("\n"))
    return "\n".join(line for line in kept if line is not None)


def _lines(text: str) -> set[str]:
    return {line for line in text.split("\n") if line}


def _head(line: str) -> str:
    return line.partition(":")[0]


def lowered(words: str) -> str:
    """Return the words with a small first letter, for the middle of a sentence; capitals such as MET stay."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]
