"""A mail server on this machine that writes each mail down before it answers, and misbehaves where a test says so."""

import asyncio
import email
import email.policy
import socket
import time
from collections import Counter

from aiosmtpd.controller import Controller


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sink:
    """Takes mails on `port`. `faults` maps a command (MAIL, RCPT, DATA) to a function of the envelope.

    A fault returns the answer to give, "hang" or "drop"; None answers as usual. DATA is written down before its fault.
    `pauses` maps a command to seconds waited before it is answered.
    """

    def __init__(self):
        self.port = free_port()
        self.mails = []
        self.faults = {}
        self.pauses = {}
        self.connections = 0
        self._controller = None

    def start(self):
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        return self

    def stop(self):
        """Be away."""
        if self._controller:
            self._controller.stop(no_assert=True)
            self._controller = None

    def copies(self) -> Counter:
        """Count the copies by Message-ID."""
        return Counter(mail["Message-ID"] for mail in self.mails)

    def recipients(self) -> list[str]:
        """Return who got a mail, in order."""
        return [mail["To"] for mail in self.mails]

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - aiosmtpd's name
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        envelope.mail_from = address
        return await self._answer("MAIL", server, envelope)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        envelope.rcpt_tos.append(address)
        return await self._answer("RCPT", server, envelope)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return await self._answer("DATA", server, envelope)

    async def _answer(self, command, server, envelope):
        await asyncio.sleep(self.pauses.get(command, 0))
        fault = self.faults.get(command)
        said = fault(envelope) if fault else None
        if said == "drop":
            server.transport.abort()
        if said == "hang":
            await asyncio.sleep(5)
        return said or "250 OK"


def wait_until(condition, seconds: float) -> bool:
    """Return whether `condition` came true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())
