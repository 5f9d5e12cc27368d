"""The chain of signatures: each signed row carries a keyed hash over its content and over the row signed before it.

Sessions and amendments are two chains. The key (CHAIN_KEY) lies outside the database, so whoever can write to the
tables, even past their triggers, cannot make the chain fit again.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import models

from practice.models import Practice
from sessions.entries import as_content
from sessions.models import Amendment, TreatmentSession
from sessions.reading import finding_entries, test_entries, with_parts

BATCH = 500


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain: positions count from 1 without a gap; both hashes are 64 hex digits."""

    chain_position: int
    content_hash: str
    chain_hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that does not fit: its place, the row, and what is wrong with it."""

    row: str
    position: int
    words: str


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
        "version": session.version,
        "findings": as_content(finding_entries(session)),
        "tests": as_content(test_entries(session)),
        "signed_at": _moment(session.signed_at),
        "signed_by": session.signed_by_id,
        "signed_as": session.signed_as,
    }


def amendment_content(amendment: Amendment) -> dict[str, Any]:
    """Return everything an amendment's hash covers, the signature it amends included."""
    return {
        "session": amendment.session_id,
        "session_hash": amendment.session.content_hash,
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
    last = model.objects.filter(chain_position__isnull=False).order_by("-chain_position").first()
    position, previous = (last.chain_position + 1, last.chain_hash) if last else (1, "")
    own = content_hash(content)
    return Link(position, own, chain_hash(position, previous, own))


def verify() -> Verdict:
    """Walk both chains from their beginning and return the verdict."""
    sessions = with_parts(TreatmentSession.objects.signed().order_by("chain_position"))
    amendments = Amendment.objects.order_by("chain_position").select_related("session")
    walked_sessions, fault = _walk(sessions.iterator(BATCH), session_content)
    if fault is None:
        walked_amendments, fault = _walk(amendments.iterator(BATCH), amendment_content)
    else:
        walked_amendments = 0
    return Verdict(walked_sessions, walked_amendments, fault)


def _walk(rows: Iterator[models.Model], content_of: Callable[[Any], dict[str, Any]]) -> tuple[int, Fault | None]:
    walked, previous = 0, ""
    for position, row in enumerate(rows, start=1):
        words = _what_is_wrong(row, position, previous, content_of)
        if words:
            return walked, Fault(str(row), position, words)
        walked, previous = position, row.chain_hash
    return walked, None


def _what_is_wrong(row, position: int, previous: str, content_of) -> str:
    if row.chain_position != position:
        return f"position {position} is missing; the next row stands at {row.chain_position}"
    if row.content_hash != content_hash(content_of(row)):
        return "its content is not what was signed"
    if not hmac.compare_digest(row.chain_hash, chain_hash(position, previous, row.content_hash)):
        return "it does not follow from the row before it"
    return ""
