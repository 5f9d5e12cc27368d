"""Doing a form once: the same key gives the same result, another body under the same key is refused."""

import hashlib
import json
from datetime import datetime
from uuid import UUID

from django.db import models

from practice.errors import Refused
from practice.models import IdempotencyKey
from practice.prepared import prepared


class FormAlreadyUsed(Refused):
    """The form was already sent with other content."""


def body_hash(**body: object) -> str:
    """Return a stable hash of what a form asked for."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


def earlier_result(key: UUID | None, *, purpose: str, body: str) -> int | None:
    """Return the id that the form `key` already made, or None. Ask under the act's own lock.

    Raises FormAlreadyUsed if the key was used for something else.
    """
    if key is None:
        return None
    for used in _uses_of(key):
        if used.purpose != purpose or used.body_hash != body:
            raise FormAlreadyUsed(
                "This form was already sent with other details. Please start again from a fresh page."
            )
        return used.result_id
    return None


@prepared(models.UUIDField())
def _uses_of(key):
    return IdempotencyKey.objects.filter(pk=key)


def remember_result(key: UUID | None, *, purpose: str, body: str, result_id: int, at: datetime) -> None:
    """Keep what the form `key` made, in the act's own transaction."""
    if key is not None:
        IdempotencyKey.objects.create(key=key, purpose=purpose, body_hash=body, result_id=result_id, created_at=at)
