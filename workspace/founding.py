"""Founding the real practice: one row, its owner, and the knowledge it starts with."""

import secrets
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from practice import audit
from practice.errors import Refused
from practice.models import Practice, User
from protocols.library import load_knowledge


class AlreadyFounded(Refused):
    """The practice exists."""


class WrongSetupCode(Refused):
    """Whoever asks has not seen the start's output."""


def setup_code() -> str:
    """Return the code that only someone who can read DATA_DIR or the start's output knows; made on first asking."""
    file = Path(settings.DATA_DIR) / "setup-code"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text("-".join(secrets.token_hex(2) for _ in range(3)), encoding="ascii")
    return file.read_text(encoding="ascii").strip()


def found_practice(*, setup_code: str, owner: dict, practice: dict, at: datetime) -> User:
    """Create the practice and its owner, load the knowledge, and return the owner.

    `practice` and `owner` hold the fields of Practice and User; `owner["password"]` in the clear. An owner who also
    treats or keeps the desk has those roles too. Raises AlreadyFounded, WrongSetupCode.
    """
    if not secrets.compare_digest(setup_code.strip().encode(), _expected_code().encode()):
        raise WrongSetupCode(
            "That is not the set-up code. It stands where the practice was started, below its address."
        )
    password = owner.pop("password")
    try:
        with transaction.atomic():
            Practice.objects.create(pk=1, **practice)
            founder = User(**owner, is_owner=True)
            founder.set_password(password)
            founder.save()
            load_knowledge()
            audit.record(action="practice.founded", at=at, by=founder, target=founder)
    except IntegrityError as error:
        raise AlreadyFounded("This practice exists already. Please sign in.") from error
    (Path(settings.DATA_DIR) / "setup-code").unlink(missing_ok=True)
    return founder


_expected_code = setup_code
