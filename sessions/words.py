"""A chart's entries as plain words. Nothing is added to what was recorded, and nothing recorded is left out."""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from anatomy.body import MUSCLES, SIDES
from protocols.knowledge import KNOWLEDGE
from sessions.copying import Mark, split_by_origin
from sessions.entries import FindingEntry, TestEntry, spot_name
from sessions.models import MuscleFinding, TestResult

NOTHING: Mapping[Mark, str] = MappingProxyType({})
SPOT_NAMES = frozenset(spot_name(side, muscle) for side in SIDES for muscle in MUSCLES)
PHRASE = re.compile(
    r"(tone|tenderness) [0-4]/4|(no )?trigger point|(not the )?familiar pain|refers to [^,;]+|[0-9]+ min|pressure [0-9]+/10"
)
COPIED = re.compile(r"^copied from [^:,;]+, not confirmed: ")
TEST_NAME = re.compile(f"({'|'.join(re.escape(card.name) for card in KNOWLEDGE.tests.values())}), (left|right), (before|after)")
TEST_RESULT = re.compile(r"(positive|negative)( at [0-9]+°)?")


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
    """Return one test result in words, such as "Straight leg raise, left, before: positive at 45°"."""
    card = KNOWLEDGE.tests.get(entry.test)
    name = card.name if card else entry.test.replace("_", " ")
    moment = TestResult.Moment(entry.moment).label.lower()
    angle = f" at {entry.angle_deg}°" if entry.angle_deg is not None else ""
    return f"{name}, {entry.side}, {moment}: {entry.result}{angle}"


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
        day = next(day for mark, day in copied.items() if mark.spot == finding.spot)
        parts.append(f"copied from {day}, not confirmed: {', '.join(old)}")
    said = "; ".join(filter(None, parts))
    return f"{finding.name}: {said}." if said else ""


def is_drafted(line: str, techniques: Mapping[str, str]) -> bool:
    """Say whether a line is a drafted sentence as it left here. With a hand's word in it, it is the therapist's own."""
    name, colon, said = line.removesuffix(".").partition(": ")
    if not colon or not line.endswith("."):
        return False
    if TEST_NAME.fullmatch(name):
        return bool(TEST_RESULT.fullmatch(said))
    if name not in SPOT_NAMES:
        return False
    known = {lowered(words) for words in techniques.values()} | {label.lower() for label in MuscleFinding.Response.labels}
    parts = [COPIED.sub("", part) for part in said.split("; ")]
    return all(
        phrase in known or PHRASE.fullmatch(phrase) for part in parts for phrase in _phrases(part, known)
    )


def _phrases(part: str, known: Iterable[str]) -> list[str]:
    """Split at commas, but not inside the name of a technique that has one."""
    for number, name in enumerate(sorted((name for name in known if ", " in name), key=len, reverse=True)):
        part = part.replace(name, f"pressure {number % 11}/10")
    return part.split(", ")


def without_drafts(text: str, techniques: Mapping[str, str]) -> str:
    """Return the text without its drafted sentences."""
    return "\n".join(line for line in text.splitlines() if not is_drafted(line, techniques)).strip()


def lowered(words: str) -> str:
    """Return the words with a small first letter, for the middle of a sentence; capitals such as MET stay."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]
