"""Reads reviewed TOML tables into frozen dataclasses and says exactly where an entry is wrong."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, get_args, get_origin, get_type_hints


class KnowledgeError(ValueError):
    """A reviewed data file holds something the product cannot use; the text names file, entry and field."""


class Keyed(Protocol):
    """Anything with a `key`."""

    @property
    def key(self) -> str: ...


Card = TypeVar("Card")
KeyedCard = TypeVar("KeyedCard", bound=Keyed)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the parsed file; raise KnowledgeError naming it when it is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"{path.name}: {error}") from error


def build(kind: type[Card], row: Mapping[str, Any], *, where: str) -> Card:
    """Return one `kind` from a TOML table; arrays become tuples, nested tables become nested cards.

    Raises KnowledgeError for an unknown, missing, empty or wrongly typed field. Text may be empty only where the
    dataclass has a default.
    """
    hints = get_type_hints(kind)
    required = {f.name for f in fields(kind) if f.default is MISSING}  # type: ignore[arg-type]
    if unknown := row.keys() - hints.keys():
        raise KnowledgeError(f"{where}: unknown field {sorted(unknown)[0]!r}")
    if missing := required - row.keys():
        raise KnowledgeError(f"{where}: {sorted(missing)[0]!r} is missing")
    values = {name: _value(hints[name], value, where=f"{where}.{name}") for name, value in row.items()}
    for name in required:
        if values[name] in ("", ()):
            raise KnowledgeError(f"{where}.{name}: is empty")
    return kind(**values)


def _value(hint: Any, value: Any, *, where: str) -> Any:
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise KnowledgeError(f"{where}: expected a list")
        return tuple(_value(get_args(hint)[0], each, where=f"{where}[{n}]") for n, each in enumerate(value))
    if is_dataclass(hint) and isinstance(value, dict):
        return build(hint, value, where=where)  # type: ignore[arg-type]
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:  # bool is an int to isinstance, and True is no number of minutes
        raise KnowledgeError(f"{where}: expected {getattr(hint, '__name__', hint)}, got {value!r}")
    return value.strip() if isinstance(value, str) else value


def by_key(cards: Iterable[KeyedCard], *, where: str) -> dict[str, KeyedCard]:
    """Return the cards by key in their order; raise KnowledgeError for a key used twice."""
    found: dict[str, KeyedCard] = {}
    for card in cards:
        if card.key in found:
            raise KnowledgeError(f"{where}: key {card.key!r} is used twice")
        found[card.key] = card
    return found


def check_known(keys: Iterable[str], known: Iterable[str], *, where: str) -> None:
    """Raise KnowledgeError when one of `keys` is not among `known`."""
    if strangers := sorted(set(keys) - set(known)):
        raise KnowledgeError(f"{where}: unknown key {strangers[0]!r}")
