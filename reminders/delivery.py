"""Handing one mail to the mail server, and what its answer means: taken, refused, away, or in doubt."""

import logging
import re
import smtplib
from collections.abc import Callable

import requests
from anymail import exceptions as api
from django.core.mail import EmailMessage, get_connection
from django.db import DatabaseError
from urllib3.exceptions import MaxRetryError, NewConnectionError

log = logging.getLogger(__name__)

# Answers to RCPT that speak of the mailbox (RFC 5321, 7504); 5.1.x and 5.2.x are addresses, 5.7.x what they think of us.
NO_SUCH_MAILBOX = {550, 551, 553, 556}
ABOUT_THE_ADDRESS = re.compile(rb"5\.(1\.\d+|2\.1)\b")
ENHANCED = re.compile(rb"5\.\d+\.\d+\b")
# Answers of a provider's web service that speak of us, not of one mail: no right, no money, too many, not now.
AWAY = {401, 402, 403, 404, 405, 407, 408, 425, 429, 503}


class ServerAway(Exception):
    """The mail server cannot be reached or takes nothing from us: nothing was handed over, every message may wait."""


class BrokeOff(ServerAway):
    """The server hung up, or said 421, over this mail: nothing was handed over, and it may be this mail's fault."""


class Refusal(Exception):
    """The server answered, and the answer was no. `is_final` if asking again is useless.

    `is_of_address` if there is no such mailbox, and no other mail would reach it either.
    """

    def __init__(self, *, is_final: bool, is_of_address: bool = False):
        self.is_final, self.is_of_address = is_final, is_of_address


class InDoubt(Exception):
    """The mail is out of our hands and nobody said that it was taken."""


class Withdrawn(Exception):
    """The mail must not leave after all: raised by `just_before`, and nothing was handed over."""


def _nothing() -> None:
    """Do nothing just before a mail leaves."""


class SmtpDelivery:
    """Delivers over one connection per sweep, by SMTP or whatever mail backend is set up (django-anymail's, for one)."""

    def __init__(self):
        self._backend = None
        self._is_smtp = False
        self._taken = 0  # mails over the open connection
        self._is_somebodys = False  # the server has heard for whom the mail is
        self._has_left = False
        self._just_before = _nothing

    def __call__(self, mail: EmailMessage, just_before: Callable[[], None] = _nothing) -> None:
        """Hand one mail over, calling `just_before` at the last moment at which nothing has left.

        Raises ServerAway or Refusal when it certainly was not taken, InDoubt when nobody knows, and whatever
        `just_before` raises, after which nothing has left.
        """
        had_taken = self._taken
        self._just_before = just_before
        try:
            self._hand_over(mail)
        except ServerAway:
            if not had_taken or self._has_left:
                raise
            self._hand_over(mail)  # many servers take so many mails over one connection and no more

    def reach(self) -> None:
        """Open the connection if it is not. Raises ServerAway."""
        if self._backend is not None:
            return
        try:
            backend = get_connection(fail_silently=False)
            backend.open()
        except (OSError, smtplib.SMTPException, api.AnymailConfigurationError) as error:
            log.error("No connection to the mail server: %s.", type(error).__name__, extra={"codes": _codes(error)})
            raise ServerAway from error
        self._backend = backend
        smtp = getattr(backend, "connection", None)
        self._is_smtp = isinstance(smtp, smtplib.SMTP)
        if self._is_smtp:
            self._listen_in(smtp)

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        backend, self._backend, self._taken = self._backend, None, 0
        if backend is None:
            return
        try:
            backend.close()
        except (OSError, smtplib.SMTPException):
            log.warning("The connection to the mail server closed badly.")

    def _hand_over(self, mail: EmailMessage) -> None:
        self.reach()
        self._is_somebodys = self._has_left = False
        try:
            if not self._is_smtp:
                self._leave()
            is_taken = self._backend.send_messages([mail])
        except Withdrawn:
            self.close()  # in the middle of DATA there is no other way not to send
            raise
        except smtplib.SMTPNotSupportedError as error:
            raise Refusal(is_final=True) from error
        except api.AnymailError as error:
            raise self._told(error, _judged_by_api(error)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise self._told(error, self._judged(error)) from error
        except DatabaseError:  # the hand-off could not be written down
            self.close()
            raise
        except Exception as error:  # whatever a backend stumbles over in this mail, the others leave
            self.close()
            log.error("A mail could not be handed over (%s).", type(error).__name__)
            raise (InDoubt() if self._has_left else Refusal(is_final=True)) from error
        if not is_taken:
            raise ServerAway
        self._taken += 1

    def _listen_in(self, smtp: smtplib.SMTP) -> None:
        """Hear when smtplib comes to the recipient, and to the mail itself, which it sends as bytes; commands are text.

        It reports a lost connection in the same words before and after.
        """
        rcpt, send = smtp.rcpt, smtp.send

        def heard_rcpt(*args):
            self._is_somebodys = True
            return rcpt(*args)

        def heard_send(what):
            if isinstance(what, bytes):
                self._leave()
            return send(what)

        smtp.rcpt, smtp.send = heard_rcpt, heard_send

    def _leave(self) -> None:
        self._just_before()
        self._has_left = True

    def _judged(self, error: Exception) -> Exception:
        """Return what an error of SMTP means: the server is away, this mail is refused, or nobody knows."""
        codes = _codes(error)
        is_answer = bool(codes) and all(400 <= code < 600 for code in codes)
        if is_answer and 421 not in codes and not isinstance(error, smtplib.SMTPSenderRefused):
            is_final = min(codes) >= 500
            return Refusal(is_final=is_final, is_of_address=is_final and _is_about_the_mailbox(error))
        if self._has_left and not is_answer:
            return InDoubt()
        return BrokeOff() if self._is_somebodys else ServerAway()

    def _told(self, error: Exception, meaning: Exception) -> Exception:
        """Write an error down that is no plain answer, and close the connection it came over."""
        if not isinstance(meaning, Refusal):
            self.close()
            log.warning("The mail server broke off.", extra={"error": type(error).__name__, "codes": _codes(error)})
        return meaning


def _judged_by_api(error: api.AnymailError) -> Exception:
    """Return what an error of a provider's web service means. A request that may have reached it leaves doubt."""
    if isinstance(error, api.AnymailRecipientsRefused):
        return Refusal(is_final=True, is_of_address=True)
    if not isinstance(error, api.AnymailAPIError):
        return Refusal(is_final=True)  # the mail cannot be put into the provider's words
    status = error.status_code
    if status is None:
        return ServerAway() if _never_arrived(error) else InDoubt()
    if status in AWAY:
        return ServerAway()
    return Refusal(is_final=True) if 400 <= status < 500 else InDoubt()


def _never_arrived(error: Exception) -> bool:
    """Say whether a request certainly did not reach the provider."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return True
    cause = error.__cause__
    reason = cause.args[0] if cause is not None and cause.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)


def _codes(error: Exception) -> list[int]:
    """Return the SMTP answers an error carries."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def _is_about_the_mailbox(error: Exception) -> bool:
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return all(
        code in NO_SUCH_MAILBOX and (ABOUT_THE_ADDRESS.match(said) or not ENHANCED.match(said))
        for code, said in error.recipients.values()
    )
