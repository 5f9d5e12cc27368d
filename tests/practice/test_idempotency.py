"""Doing a form once."""

from uuid import uuid4

import pytest

from practice.idempotency import FormAlreadyUsed, body_hash, earlier_result, remember_result
from tests.world import NOW

KEY = uuid4()


def test_the_same_form_gives_the_same_result(db):
    body = body_hash(client=1, at=NOW)
    assert earlier_result(KEY, purpose="book", body=body) is None

    remember_result(KEY, purpose="book", body=body, result_id=7, at=NOW)

    assert earlier_result(KEY, purpose="book", body=body_hash(at=NOW, client=1)) == 7


@pytest.mark.parametrize(
    "other", [{"purpose": "book", "body": body_hash(client=2)}, {"purpose": "move", "body": body_hash(client=1)}]
)
def test_another_body_or_purpose_under_the_same_key_is_refused(db, other):
    remember_result(KEY, purpose="book", body=body_hash(client=1), result_id=7, at=NOW)

    with pytest.raises(FormAlreadyUsed):
        earlier_result(KEY, **other)


def test_without_a_key_nothing_is_remembered(db):
    remember_result(None, purpose="book", body="x", result_id=7, at=NOW)

    assert earlier_result(None, purpose="book", body="x") is None
