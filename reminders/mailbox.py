"""Where mails go when no mail server is named: the demo's mailbox, or nowhere, said aloud."""

import email
import email.policy
import logging
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

from practice import clock

log = logging.getLogger(__name__)

SHOWN = 200
NAME = re.compile(r"^\d{8}T\d{12}-[0-9a-f]{8}$")


class NoMailServer(BaseEmailBackend):
    """Sends nothing and says so; the outbox holds its mails meanwhile."""

    def send_messages(self, email_messages):
        log.error("A mail could not leave: no mail server is set up (EMAIL_URL).", extra={"count": len(email_messages)})
        return 0


class DemoMailbox(BaseEmailBackend):
    """Keeps each mail as one file in MAILBOX_DIR, for the demo's mailbox page. Nothing leaves the machine."""

    def send_messages(self, email_messages):
        folder = Path(settings.MAILBOX_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{clock.now():%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"
            draft = folder / f".{name}"
            draft.write_bytes(message.message().as_bytes())
            draft.rename(folder / f"{name}.eml")
        return len(email_messages)


@dataclass(frozen=True)
class StoredMail:
    """One mail of the demo's mailbox."""

    name: str
    to: str
    subject: str
    sent_at: datetime
    text: str


def stored_mails() -> list[StoredMail]:
    """Return the demo's newest mails, the newest first; older ones are not even opened."""
    return [_read(path) for path in sorted(Path(settings.MAILBOX_DIR).glob("*.eml"), reverse=True)[:SHOWN]]


def stored_mail(name: str) -> StoredMail | None:
    """Return the mail kept under `name`, or None. Anything but a name this module gave is refused."""
    path = Path(settings.MAILBOX_DIR) / f"{name}.eml"
    return _read(path) if NAME.match(name) and path.is_file() else None


def _read(path: Path) -> StoredMail:
    message = email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)
    body = message.get_body(preferencelist=("plain",))
    return StoredMail(
        name=path.stem,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        sent_at=_moment(str(message["Date"])),
        text=body.get_content() if body else "",
    )


def _moment(date: str) -> datetime:
    """The Date header as an aware moment; "-0000", as Django writes it, is UTC of an unknown place."""
    moment = parsedate_to_datetime(date)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
