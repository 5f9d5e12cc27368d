"""Every mail as it reads today, with made-up people in it: for looking at, and for a test to one's own address."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from email.utils import format_datetime, make_msgid
from enum import Enum
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import formats, translation

from booking.models import Appointment
from practice import audit
from practice.errors import Refused
from practice.models import Practice, User
from practice.phones import own_number
from practice.zones import at_wall_time
from reminders.catalogue import CATALOGUE
from reminders.delivery import InDoubt, Refusal, ServerAway
from reminders.listing import Listed, day_in_words, zone_of
from reminders.mail_server import note_well
from reminders.mails import OF_ONE, Letter, book_online, letter_of, one_line, written
from reminders.models import Message
from reminders.own_words import own_words_of
from reminders.rules import TOPICS
from reminders.wording import FALLBACK, LANGUAGES, PHRASES, active_phrases, in_words, time_in_words, words_of

# Words that a kind uses in some cases, and how a person calls the case. The usual words stand under the kind's own name.
CASES = {
    "intake_link_booked": "With a visit booked",
    "intake_reminder_booked": "With a visit booked",
    "appointment_cancelled_undo": "By the client, who may take it back",
    "appointment_moved_undo": "By the client, who may take it back",
    "booking_held_call": "Who has to call first",
    "check_in_second": "Second time",
    "therapist_alert_everybody": "Client in nobody's care",
    "owner_alert": "To the owner",
    "day_changed_moved": "The visit moved",
}
USUAL = "Usual"
KIND_OF_CASE = {"owner_alert": "therapist_alert"}


class NoAddress(Refused):
    """Who asks for a test mail has no address."""


class Outcome(Enum):
    """What became of a test mail, in words."""

    TAKEN = "The mail server took it. It should be in your mailbox within a minute."
    AWAY = "The mail server cannot be reached, or takes nothing from us. Nothing was sent."
    NO_MAILBOX = "The mail server says that there is no such mailbox. Nothing was sent."
    REFUSED = "The mail server refused it. Nothing was sent."
    IN_DOUBT = "The mail server was given the mail and did not answer. Look whether it arrived."


def cases_of(kind: str) -> dict[str, str]:
    """Return the keys of the words a kind uses, and how each case is called; the usual one first."""
    keys = [key for key in LANGUAGES[FALLBACK] if key != PHRASES and _kind_of(key) == kind]
    return {key: USUAL if key == kind else CASES.get(key, key.removeprefix(kind).strip("_")) for key in keys}


def _kind_of(key: str) -> str:
    """Return whose words stand under a key: the longest kind it begins with."""
    kinds = [kind for kind in CATALOGUE if key == kind or key.startswith(f"{kind}_")]
    return KIND_OF_CASE.get(key) or max(kinds, key=len, default="")


def sample_fields(practice: Practice, now: datetime) -> dict[str, str]:
    """Return the fields of every mail with made-up people, and a visit five days from now at half past two."""
    zone = ZoneInfo(practice.time_zone)
    day = now.astimezone(zone).date() + timedelta(days=5)
    visit = at_wall_time(day, time(14, 30), zone)
    told = {
        "first_name": "Alex",
        "practice": practice.name,
        "phone": own_number(practice),
        "place": practice.address,
        "therapist": "Sam",
        "when": in_words(visit, zone, now),
        "was": in_words(visit + timedelta(hours=2), zone, now),
        "until": time_in_words(visit + timedelta(hours=3), zone),
        "book_online": book_online(practice),
        "referrer": "Dr Jordan Lee",
        "therapists": "Sam",
        "count": "3",
        "zone": active_phrases().all_times.format(zone=zone_of(visit, zone)),
        "letter_of": formats.date_format(day - timedelta(days=9), "j F Y"),
    }
    return {name: one_line(text) for name, text in told.items()}


def sample_letter(kind: str, key: str, *, practice: Practice, to: str, now: datetime) -> Letter:
    """Return a mail of a kind, in the words under `key`, to a made-up reader at `to`. Its links lead to the sign-in page.

    Reads the practice and its own words, and nobody's data; writes nothing.
    """
    words = words_of(key)
    nowhere = f"{settings.SITE_URL}/#sample"
    with translation.override(words.language):
        return letter_of(
            words,
            sample_fields(practice, now),
            to=to,
            link=nowhere if words.button else "",
            own=own_words_of(kind),
            stop=nowhere if kind in TOPICS else "",
            listed=_sample_list(kind, practice, now, nowhere),
        )


def _sample_list(kind: str, practice: Practice, now: datetime, link: str) -> tuple[Listed, ...]:
    """Return three visits a week apart for a mail about several, each with `link` unless it tells of their end."""
    if kind not in OF_ONE:
        return ()
    zone = ZoneInfo(practice.time_zone)
    first = now.astimezone(zone).date() + timedelta(days=5)
    visits = [at_wall_time(first + timedelta(weeks=week), time(14, 30), zone) for week in range(3)]
    shown = link if kind == Message.Kind.SERIES_BOOKED else ""
    return tuple(Listed(Appointment(starts_at=visit), day_in_words(visit, zone, now), shown) for visit in visits)


def send_sample(
    kind: str, key: str, *, practice: Practice, by: User, at: datetime, deliver: Callable[[EmailMessage], None]
) -> Outcome:
    """Send a sample to the address of `by`, at once and past the outbox, and return what became of it.

    Raises NoAddress. No link is minted, no client's data is read. Effects: one audit line; a server that took it is well.
    """
    if not by.email:
        raise NoAddress("You have no e-mail address on file here. The owner can add it under Practice.")
    letter = sample_letter(kind, key, practice=practice, to=by.email, now=at)
    headers = {"Message-ID": make_msgid(domain=urlsplit(settings.SITE_URL).hostname), "Date": format_datetime(at)}
    mail = written(letter, practice=practice, headers=headers)
    mail.subject = f"[Test] {letter.subject}"
    outcome = _delivered(mail, deliver)
    if outcome is Outcome.TAKEN:
        note_well(practice)  # what waits for a server that was away need not wait any longer
    audit.record(action="mail.tested", at=at, by=by, kind=str(kind), outcome=outcome.name.lower())
    return outcome


def _delivered(mail: EmailMessage, deliver: Callable[[EmailMessage], None]) -> Outcome:
    try:
        deliver(mail)
    except ServerAway:
        return Outcome.AWAY
    except Refusal as refusal:
        return Outcome.NO_MAILBOX if refusal.is_of_address else Outcome.REFUSED
    except InDoubt:
        return Outcome.IN_DOUBT
    return Outcome.TAKEN
