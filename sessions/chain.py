"""The chain of signatures: each signed row carries a keyed hash over its content and over the row signed before it.

Sessions and amendments are two chains. The key (CHAIN_KEY) lies outside the database, so whoever can write to the
tables, even past their triggers, cannot make the chain fit again. What they can do is cut off its end; that is found by
the anchors (sessions/anchors.py), which remember how far each chain had come.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef

from practice.models import Practice
from sessions.entries import as_content
from sessions.models import SIGNED, STANDING, Amendment, TreatmentSession
from sessions.reading import copied_from, fetch_parts, finding_entries, test_entries, with_parts

BATCH = 500


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain: positions count from 1 without a gap; both hashes are 64 hex digits."""

    chain_position: int
    content_hash: str
    chain_hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain has come: the position of its last row and that row's hash; 0 and "" while it is empty."""

    position: int = 0
    chain_hash: str = ""


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of both chains."""

    sessions: Head
    amendments: Head


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that does not fit: the row, its place in its chain (None for a draft), and what is wrong with it."""

    row: str
    position: int | None
    words: str

    def __str__(self):
        place = "" if self.position is None else f", position {self.position}"
        return f"{self.row}{place}: {self.words}."


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many signed sessions and amendments were walked, and the first fault if there is one."""

    sessions: int
    amendments: int
    fault: Fault | None


def session_content(session: TreatmentSession) -> dict[str, Any]:
    """Return everything a signature covers: who, whom, when, the words, the ratings, and each entry."""
    return {
        "session": session.pk,
        "appointment": session.appointment_id,
        "client": session.client_id,
        "therapist": session.therapist_id,
        "plan": session.plan_id,
        "screening": session.screening_id,
        "visit_number": session.visit_number,
        "started_at": _moment(session.started_at),
        "pain_before_nrs": session.pain_before_nrs,
        "pain_back_nrs": session.pain_back_nrs,
        "pain_buttock_nrs": session.pain_buttock_nrs,
        "pain_leg_nrs": session.pain_leg_nrs,
        "pain_after_nrs": session.pain_after_nrs,
        "subjective": session.subjective,
        "objective": session.objective,
        "assessment": session.assessment,
        "plan_text": session.plan_text,
        "drafted": session.drafted,
        "version": session.version,
        "findings": as_content(finding_entries(session)),
        "tests": as_content(test_entries(session)),
        "copied": sorted([str(mark), source.pk] for mark, source in copied_from(session).items()),
        "signed_at": _moment(session.signed_at),
        "signed_by": session.signed_by_id,
        "signed_as": session.signed_as,
    }


def amendment_content(amendment: Amendment) -> dict[str, Any]:
    """Return everything an amendment's hash covers, the hash of the chart it amends included."""
    return {
        "session": amendment.session_id,
        "session_hash": amendment.session.content_hash,
        "kind": amendment.kind,
        "happened_at": _moment(amendment.happened_at),
        "text": amendment.text,
        "reason": amendment.reason,
        "at": _moment(amendment.at),
        "by": amendment.by_id,
        "signed_as": amendment.signed_as,
    }


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""


def content_hash(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the content as JSON with sorted keys, in hex."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def chain_hash(position: int, previous: str, content: str) -> str:
    """Return the keyed hash of a place: HMAC-SHA-256 over its position, the previous row's hash and its own content."""
    message = f"{position}:{previous}:{content}".encode()
    return hmac.new(settings.CHAIN_KEY.encode(), message, hashlib.sha256).hexdigest()


def next_link(model: type[models.Model], content: dict[str, Any]) -> Link:
    """Return the place behind the last row of the model's chain. Call it in the transaction that writes the row.

    Effects: locks the practice's row until the transaction ends, so that two signatures cannot take one place.
    """
    Practice.objects.select_for_update(no_key=True).get()
    last, own = head_of(model), content_hash(content)
    return Link(last.position + 1, own, chain_hash(last.position + 1, last.chain_hash, own))


def head_of(model: type[models.Model]) -> Head:
    """Return how far the model's chain has come."""
    rows = model.objects.filter(chain_position__isnull=False).order_by("-chain_position")
    return Head(*(rows.values_list("chain_position", "chain_hash").first() or ()))


def heads() -> Heads:
    """Return how far both chains have come."""
    return Heads(head_of(TreatmentSession), head_of(Amendment))


def verify(anchored: Iterable[Heads] = ()) -> Verdict:
    """Walk both chains from their beginning, hold them against the heads they once had, and return the verdict.

    Reads in batches: the memory it takes does not grow with the rows.
    """
    anchored = list(anchored)
    sessions = with_parts(TreatmentSession.objects.filter(SIGNED).order_by("chain_position"))
    amendments = Amendment.objects.order_by("chain_position").select_related("session")
    walked_sessions, fault = _walk(sessions, session_content, {head.sessions for head in anchored})
    walked_amendments = 0
    if fault is None:
        walked_amendments, fault = _walk(amendments, amendment_content, {head.amendments for head in anchored})
    return Verdict(walked_sessions, walked_amendments, fault or _wrongly_in_error())


def _walk(
    rows: models.QuerySet, content_of: Callable[[Any], dict[str, Any]], anchored: set[Head]
) -> tuple[int, Fault | None]:
    expected = {head.position: set() for head in anchored}
    for head in anchored:
        expected[head.position].add(head.chain_hash)
    walked, previous = 0, ""
    for position, row in enumerate(rows.iterator(BATCH), start=1):
        words = _what_is_wrong(row, position, previous, content_of)
        if not words and expected.get(position, {row.chain_hash}) != {row.chain_hash}:
            words = "it is not the row that an anchor saw here"
        if words:
            return walked, Fault(str(row), position, words)
        walked, previous = position, row.chain_hash
    if (end := max(expected, default=0)) > walked:
        words = f"it is missing, and so is all behind it; an anchor saw {end} rows"
        return walked, Fault(f"{rows.model._meta.verbose_name}", walked + 1, words)
    return walked, None


def _what_is_wrong(row, position: int, previous: str, content_of) -> str:
    if row.chain_position != position:
        return f"position {position} is missing; the next row stands at {row.chain_position}"
    if row.content_hash != content_hash(content_of(row)):
        return "its content is not what was signed"
    if not hmac.compare_digest(row.chain_hash, chain_hash(position, previous, row.content_hash)):
        return "it does not follow from the row before it"
    return ""


def _wrongly_in_error() -> Fault | None:
    """Return the first session that counts as in error without an amendment that says so, or the other way round.

    A withdrawn draft is in no chain of its own: the amendment that closed it holds its hash.
    """
    striking = Amendment.objects.filter(session=OuterRef("pk"), kind=Amendment.Kind.ENTERED_IN_ERROR)
    sessions = TreatmentSession.objects.order_by("pk")
    hidden = sessions.filter(~STANDING, ~Exists(striking)).first()
    if hidden:
        return Fault(str(hidden), hidden.chain_position, "it counts as entered in error, but no amendment says so")
    shown = sessions.filter(STANDING, Exists(striking)).first()
    if shown:
        return Fault(str(shown), shown.chain_position, "it was entered in error, but counts again")
    moved = sessions.filter(~STANDING).exclude(Exists(striking.filter(at=OuterRef("entered_in_error_at")))).first()
    if moved:
        return Fault(str(moved), moved.chain_position, "its mark of error has another time than the amendment")
    for draft in sessions.filter(~STANDING, ~SIGNED).iterator(BATCH):
        if draft.content_hash != content_hash(session_content(fetch_parts(draft))):
            return Fault(str(draft), None, "its content is not what was withdrawn")
    return None
