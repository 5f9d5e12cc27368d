"""The shape of the data files: what every table must and may hold. What the words in them mean is the loader's business."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from string import Formatter
from typing import Any

from clients.screening.conditions import BadRule
from clients.screening.rules import AXES, BANDS, RESULTS, TRIAGE

Check = Callable[[str, Any], None]  # the place in words, the value found there; raises BadRule

LARGEST_NUMBER = 1_000_000
LONGEST_NAME = 80
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@contextmanager
def named(where: str) -> Iterator[None]:
    """Put the place in front of whatever BadRule is raised inside."""
    try:
        yield
    except BadRule as error:
        raise BadRule(f"{where}: {error}") from error


def entry_name(kind: str, entry: Any, at: int) -> str:
    """How an entry is called in a message: by what names it, else by its place, counting from 1."""
    if isinstance(entry, Mapping):
        for key in ("id", "key", "item"):
            if isinstance(called := entry.get(key), str):
                return f"{kind} {called[:LONGEST_NAME]}"
    return f"{kind} number {at}"


# --- values


def text(where: str, given: Any) -> None:
    """Refuse what is not text, or says nothing."""
    if not isinstance(given, str) or not given.strip():
        raise BadRule(f"{where} must be text.")


def word(where: str, given: Any) -> None:
    """Refuse what cannot be named in a condition: letters, digits and underscores, a letter first."""
    if not isinstance(given, str) or not NAME.fullmatch(given):
        raise BadRule(f"{where} must be text of letters, digits and underscores.")


def said(where: str, given: Any) -> None:
    """Refuse text with a placeholder: these words are shown as they stand."""
    text(where, given)
    if "{" in given or "}" in given:
        raise BadRule(f"{where} must be text without a placeholder: nothing is filled in here.")


def versioned(where: str, given: Any) -> None:
    """Refuse text whose only placeholder is not {version}."""
    text(where, given)
    try:
        found = [part[1:] for part in Formatter().parse(given) if part[1] is not None]
    except ValueError as error:
        raise BadRule(f"{where} has a placeholder that cannot be read: {error}.") from error
    if unknown := [each[0] for each in found if each != ("version", "", None)]:
        raise BadRule(f"{where} has an unknown placeholder {unknown[0]!r}: only {{version}} is filled in.")
    if not found:
        raise BadRule(f"{where} must name the {{version}} of the rules.")


def number(where: str, given: Any) -> None:
    """Refuse what is no number of a sensible size."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if not is_number or abs(given) > LARGEST_NUMBER or math.isnan(given):
        raise BadRule(f"{where} must be a number.")


def whole(where: str, given: Any) -> None:
    """Refuse what is not a whole number from 0."""
    number(where, given)
    if not isinstance(given, int) or given < 0:
        raise BadRule(f"{where} must be a whole number.")


def yes_or_no(where: str, given: Any) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(given, bool):
        raise BadRule(f"{where} must be true or false.")


def texts(where: str, given: Any) -> None:
    """Refuse what is not a list of texts, at least one."""
    _refuse_other_than_list(where, given)
    for at, each in enumerate(given, start=1):
        text(f"{where} number {at}", each)


# --- tables


def table(**fields: Check) -> Check:
    """A table with these keys and no others; `may_` in front marks those that may be left out."""
    known = {key.removeprefix("may_"): check for key, check in fields.items()}
    needed = [key for key in fields if key in known]

    def check(where: str, given: Any) -> None:
        _refuse_other_than_table(where, given)
        for key in needed:
            if key not in given:
                raise BadRule(f"{where}: {key!r} is missing.")
        for key, value in given.items():
            if key not in known:
                raise BadRule(f"{where}: {key[:LONGEST_NAME]!r} is not known here. Known are {', '.join(known)}.")
            known[key](f"{where}, {key}", value)

    return check


def free_table(of: Check) -> Check:
    """A table whose keys the rule set chooses itself."""

    def check(where: str, given: Any) -> None:
        _refuse_other_than_table(where, given)
        for key, value in given.items():
            word(f"{where}: the name {key[:LONGEST_NAME]!r}", key)
            of(f"{where} {key}", value)

    return check


def entries(of: Check) -> Check:
    """A list of tables, at least one. Each is called by the last word of the place and its own name."""

    def check(where: str, given: Any) -> None:
        _refuse_other_than_list(where, given)
        file, _, kind = where.rpartition(", ")
        for at, entry in enumerate(given, start=1):
            of(f"{file}, {entry_name(kind, entry, at)}", entry)

    return check


def _refuse_other_than_table(where: str, given: Any) -> None:
    if not isinstance(given, dict):
        raise BadRule(f"{where} must be a table.")


def _refuse_other_than_list(where: str, given: Any) -> None:
    if not isinstance(given, list):
        raise BadRule(f"{where} must be a list.")
    if not given:
        raise BadRule(f"{where} must be a list of one entry or more.")


def refuse_unknown(value: str, allowed: Collection[str]) -> None:
    """Raise BadRule unless `value` is one of the allowed words."""
    if value not in allowed:
        raise BadRule(f"{value[:LONGEST_NAME]!r} is not one of {', '.join(allowed)}.")


def refuse_doubles(what: str, names: list[str]) -> None:
    """Raise BadRule if a name stands in the list twice."""
    if doubled := {each for each in names if names.count(each) > 1}:
        raise BadRule(f"{what} given twice: {', '.join(sorted(doubled))}.")


# --- the files

_GRADED = {"source": text, "grade": text}
_WHEN = {"when": text, "may_unless": text}
_ASK = table(item=text, when=text, **_GRADED)
_TITLE = table(title=said)
_TRIAGE = table(title=said, therapist=said, client=said, referrer=said)
_PATTERN = table(title=said, therapist=said, referrer=said)
_WEIGHT = table(item=text, ln_lr=number, text=said, **_WHEN, **_GRADED)

SHAPES: dict[str, Check] = {
    "items": table(
        item=entries(
            table(
                key=word, kind=text, by=text, label=said, means=text, may_question=said, may_help=said,
                may_emergency=yes_or_no, may_caution_only=yes_or_no, may_choices=free_table(said), may_ask_if=text,
            )
        )
    ),
    "groups": table(group=entries(table(id=word, title=said, intro=said, by=text, part=text, items=texts))),
    "rules": table(
        version=whole,
        may_define=free_table(text),
        rule=entries(
            table(
                id=word, level=text, why=said, referrer=said, may_therapist=said, may_client=said, **_WHEN, **_GRADED,
                may_clearable=yes_or_no, may_after_scores=yes_or_no, may_context=texts, may_shows_score=text,
            )
        ),
    ),
    "open": table(open=entries(_ASK), ask=entries(_ASK)),
    "cautions": table(
        caution=entries(table(id=word, kind=text, why=said, therapist=said, **_WHEN, **_GRADED)),
        advice=entries(table(id=word, why=said, therapist=said, **_WHEN, **_GRADED)),
    ),
    "weights": table(
        version=whole,
        limits=table(shrink=number, clamp=number, axis_clamp=number, several=number, some=number, few=number),
        may_define=free_table(text),
        minimum=entries(table(id=word, label=said, items=texts, when=text)),
        mixed=table(when=text),
        pattern=entries(table(id=word, **_WHEN)),
        group=entries(table(axis=text, id=word, label=said, value=entries(_WEIGHT))),
    ),
    "scores": table(
        score=entries(
            table(
                id=word, title=said, on=yes_or_no, note=said, may_parts=texts, may_at_least=whole, may_known=text,
                **_GRADED,
            )
        )
    ),
    "words": table(
        footer=versioned,
        safety_net=said,
        triage=table(**dict.fromkeys(TRIAGE, _TRIAGE)),
        pattern=table(**dict.fromkeys(RESULTS, _PATTERN)),
        band=table(**dict.fromkeys(BANDS, _TITLE)),
        axis=table(**dict.fromkeys(AXES, _TITLE)),
    ),
}  # fmt: skip


def check_shape(file: str, data: Any) -> None:
    """Raise BadRule, naming file and entry, unless the parsed document has the shape of `file` (one of SHAPES)."""
    SHAPES[file](f"{file}.toml", data)
