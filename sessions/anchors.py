"""Anchors: the heads of both chains, written outside the database, so that a tail cut off later is missed.

An anchor is one line of JSON: how far each chain had come, when, and a MAC under CHAIN_KEY. The lines stand in a file
that is only ever appended to (settings.CHAIN_ANCHORS); a line kept on another machine, or on paper, is worth as much as
the file. What came after the last anchor kept out of reach can be rewritten by whoever holds the machine and the key.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from sessions.chain import Fault, Head, Heads, heads


@dataclass(frozen=True, slots=True)
class Anchor:
    """Both heads as they were at a moment."""

    at: datetime
    heads: Heads

    def as_line(self) -> str:
        """Return the anchor as one line of JSON with its MAC, without a line end."""
        content = {"at": self.at.astimezone(UTC).isoformat(), **asdict(self.heads)}
        return json.dumps(content | {"mac": _mac(content)}, sort_keys=True)


class NotAnAnchor(Exception):
    """A line that this practice did not write; its text says why."""


def _mac(content: dict) -> str:
    message = f"anchor:{json.dumps(content, sort_keys=True)}".encode()
    return hmac.new(settings.CHAIN_KEY.encode(), message, hashlib.sha256).hexdigest()


def parse(line: str) -> Anchor:
    """Return the anchor that stands in a line. Raises NotAnAnchor."""
    try:
        content = json.loads(line)
        mac = content.pop("mac")
        at = datetime.fromisoformat(content["at"])
        both = Heads(Head(**content["sessions"]), Head(**content["amendments"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotAnAnchor("it cannot be read as an anchor") from error
    if not isinstance(mac, str) or not hmac.compare_digest(mac.encode(), _mac(content).encode()):
        raise NotAnAnchor("its MAC is wrong: it was forged, changed, or written under another key")
    return Anchor(at, both)


def read(lines: Iterable[str]) -> tuple[list[Anchor], Fault | None]:
    """Return the anchors that stand in the lines, and the first line that is none as a fault."""
    anchors, fault = [], None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            anchors.append(parse(line))
        except NotAnAnchor as refusal:
            fault = fault or Fault(f"anchor in line {number}", None, str(refusal))
    return anchors, fault


def write_anchor(path: Path, *, at: datetime, even_if_known: bool = True) -> Anchor | None:
    """Append the heads as they are now to the file and return them; None if the file ends with the same heads.

    With `even_if_known` they are written again. Safe for two writers at once: a line is one write, synced to the disk.
    """
    anchor = Anchor(at, heads())
    if not even_if_known and _last_heads(path) == anchor.heads:
        return None
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{anchor.as_line()}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)
    return anchor


def _last_heads(path: Path) -> Heads | None:
    if not path.exists():
        return None
    with path.open(encoding="utf-8", errors="replace") as lines:
        last = ""
        for line in lines:
            last = line if line.strip() else last
    try:
        return parse(last).heads
    except NotAnAnchor:
        return None
