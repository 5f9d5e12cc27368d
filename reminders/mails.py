"""The words of each mail, and the link minted into it at hand-off. Only here does a message become text."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats

from booking.calendar_files import calendar_file, calendar_of_several
from booking.models import Appointment, AppointmentLink, BookingLink, WaitlistOfferLink
from booking.online import must_call
from booking.second_thoughts import undo_until
from booking.undo import last_change
from clients.models import UNBOOKED_LINK, Client, IntakeLink
from practice.models import Cover, Practice, User
from practice.phones import own_number
from referrals.models import ReportLink
from reminders.due.staff import day_change_of
from reminders.due.visits import remember_told, visits_of_mail
from reminders.models import CheckInLink, Message, UnsubscribeLink
from reminders.rules import TOPICS

WORDS = tomllib.loads((Path(__file__).parent / "words" / "en.toml").read_text(encoding="utf-8"))
DUMMY = "0" * 8 + "-the-real-link-is-made-when-the-mail-leaves"
CHECK_IN_DAYS = 7
REPORT_DAYS = 90
BOOKING_LINK_DAYS = 7
STOP_DAYS = 180
# Mails that carry the visit as a calendar file: the same entry is made, moved and struck.
OF_A_VISIT = {Message.Kind.BOOKING_CONFIRMATION, Message.Kind.APPOINTMENT_MOVED, Message.Kind.APPOINTMENT_CANCELLED}


# What a mail about several visits says once a single one is left to tell of.
OF_ONE = {
    Message.Kind.SERIES_BOOKED: Message.Kind.BOOKING_CONFIRMATION,
    Message.Kind.SERIES_CANCELLED: Message.Kind.APPOINTMENT_CANCELLED,
}


@dataclass(frozen=True)
class Listed:
    """One of several visits in a mail: when it is, in words, and the address that opens it, "" once it is cancelled."""

    visit: Appointment
    when: str
    link: str


@dataclass(frozen=True)
class Letter:
    """One mail in words: who gets it, what it says, the address behind its button ("" without one), the one that stops
    mails of its kind ("" where they answer what somebody did), and the visits of a mail about several.
    """

    to: str
    subject: str
    before: tuple[str, ...]
    button: str
    link: str
    after: tuple[str, ...]
    stop: str = ""
    listed: tuple[Listed, ...] = ()


def in_words(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return a moment as a client reads it, with the zone's short name: 'Monday 23 November at 14:30 (GMT)'.

    A zone without a name of its own is told by its distance from UTC; a year that is not the present one is named.
    """
    local = moment.astimezone(zone)
    day = formats.date_format(local, "l j F" if local.year == now.astimezone(zone).year else "l j F Y")
    return f"{day} at {local:%H:%M} ({_zone_name(moment, zone)})"


def _zone_name(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return local.tzname() if local.tzname().isalpha() else f"UTC{local.isoformat()[-6:]}"


def one_line(text: str) -> str:
    """Return `text` without line breaks of any alphabet and without control characters, fit for a header."""
    return "".join(letter for letter in " ".join(text.split()) if unicodedata.category(letter) != "Cc")


def next_visit(client: Client, now: datetime) -> Appointment | None:
    """Return the client's next live appointment."""
    return client.appointments.upcoming(now).order_by("starts_at", "pk").first()


def address_of(message: Message, now: datetime) -> str:
    """Return where the mail goes today, or "" if there is nowhere to send it."""
    if message.report_id:
        return message.report.referral.referrer.email
    if is_to_staff(message):
        reader = reader_of(message, now)
        return reader.email if reader else ""
    return message.client.email if message.client.can_be_mailed else ""


def is_to_staff(message: Message) -> bool:
    """Say whether the mail goes to somebody who works here."""
    return bool(message.reader_id or message.task_id or message.session_id)


def reader_of(message: Message, now: datetime) -> User | None:
    """Return which of the staff is to read the mail today, or None if nobody can be mailed."""
    if message.reader_id is None:
        return responsible(message.client, now)
    return message.reader if message.reader.is_active and message.reader.email else None


def responsible(client: Client, now: datetime) -> User | None:
    """Return who must look at a client's alert and can be mailed, or None.

    The next visit's therapist, else the plan's, else the last one's, else who took the client on, else an owner; whoever
    covers one comes before them.
    """
    for therapist in _in_charge(client, now):
        covers = Cover.objects.filter(for_whom=therapist, starts_at__lte=now, until__gt=now).order_by("pk")
        for person in (*(cover.who for cover in covers.select_related("who")), therapist):
            if person.is_active and person.email and (person.is_therapist or person.is_owner):
                return person
    return None


def _in_charge(client: Client, now: datetime) -> Iterator[User]:
    visits = client.appointments.live().select_related("therapist")
    coming = visits.filter(starts_at__gt=now).order_by("starts_at", "pk")[:1]
    plans = client.treatment_plans.open().select_related("therapist")[:1]
    past = visits.filter(therapist__is_active=True).order_by("-starts_at", "-pk")[:1]
    taken_on = client.taken_on.filter(therapist__is_active=True).order_by("-at", "-pk").select_related("therapist")[:1]
    for rows in (coming, plans, past, taken_on):
        yield from (row.therapist for row in rows)
    yield from User.objects.filter(is_owner=True).order_by("pk")


def compose(message: Message, *, practice: Practice, now: datetime, is_preview: bool = False) -> Letter:
    """Return the mail in words. Unless it is a preview this mints its link, valid until revoked or expired."""
    zone = ZoneInfo(practice.time_zone)
    listed = _listed(message, zone, now, is_preview) if message.series_id else ()
    if len(listed) == 1:
        link, words = listed[0].link, OF_ONE[message.kind]
    else:
        link, words = _LINKS[message.kind](message, now, is_preview)
    entry = WORDS[words]
    fields = _fields(message, practice, zone, now, listed)
    say = lambda text: text.format(**fields)  # noqa: E731
    return Letter(
        to=address_of(message, now),
        subject=say(entry["subject"]),
        before=tuple(filter(None, map(say, entry["before"]))),
        button=entry.get("button", ""),
        link=link,
        after=tuple(filter(None, map(say, entry["after"]))),
        stop=_stop(message, now, is_preview),
        listed=listed,
    )


def _listed(message: Message, zone: ZoneInfo, now: datetime, is_preview: bool) -> tuple[Listed, ...]:
    """Return the visits of a mail about several, with a link minted for each that stands. What it tells of is remembered.

    The zone is named in each line only where it changes among them, and the therapist only where there are several.
    """
    visits = visits_of_mail(message, now) or (is_preview and list(message.series.appointments.order_by("starts_at")))
    if not visits:
        raise ValueError(
            "there is no visit left to tell of"
        )  # changed since it was claimed: the outbox writes that down
    if not is_preview:
        remember_told(message, visits)
    has_one_zone = len({_zone_name(visit.starts_at, zone) for visit in visits}) == 1
    has_one_therapist = len({visit.therapist_id for visit in visits}) == 1
    listed = []
    for visit in visits:
        when = in_words(visit.starts_at, zone, now)
        when = when.rpartition(" (")[0] if has_one_zone else when
        when = when if has_one_therapist else f"{when} with {_called(visit.therapist)}"
        link = "" if visit.is_cancelled else _link_to(visit, now, is_preview)
        listed.append(Listed(visit, one_line(when), link))
    return tuple(listed)


def _called(person: User) -> str:
    return person.first_name or person.username


def _fields(message: Message, practice: Practice, zone: ZoneInfo, now: datetime, listed=()) -> dict[str, str]:
    visit = message.appointment or (next_visit(message.client, now) if message.intake_id else None)
    if listed:
        visit = listed[0].visit
    zones = {_zone_name(row.visit.starts_at, zone) for row in listed}
    if message.offer_id:
        visit = message.offer.appointment
    therapist = visit.therapist if visit else None
    if message.check_in_id:
        therapist = message.check_in.session.therapist
    reader = reader_of(message, now) if is_to_staff(message) else None
    told = {
        "first_name": (reader.first_name or reader.username) if reader else message.client.first_name,
        "practice": practice.name,
        "phone": own_number(practice),
        "place": practice.address,
        "therapist": _called(therapist) if therapist else "",
        "therapists": " and ".join(dict.fromkeys(_called(row.visit.therapist) for row in listed)),
        "count": str(len(listed)),
        "zone": f"All times are in {zones.pop()}." if len(zones) == 1 else "",
        "when": in_words(visit.starts_at, zone, now) if visit else "",
        "was": in_words(_was_to_begin(message, now), zone, now) if message.kind == Message.Kind.DAY_CHANGED else "",
        "until": in_words(message.offer.expires_at, zone, now) if message.offer_id else _until(visit, zone, now),
        "book_online": _book_online(practice),
        "referrer": message.report.referral.referrer.name if message.report_id else "",
    }
    return {name: one_line(text) for name, text in told.items()}


def _until(visit: Appointment | None, zone: ZoneInfo, now: datetime) -> str:
    """Return until when the time is held, or what the client did can be taken back: '14:30 (GMT)'; "" for neither."""
    until = visit and (visit.held_until or undo_ends(visit, now))
    return in_words(until, zone, now).partition(" at ")[2] if until else ""


def undo_ends(visit: Appointment, now: datetime) -> datetime | None:
    """Return until when the client may take back the last move or cancellation; None if that is over."""
    until = undo_until(last_change(visit))
    return until if until and now < until and now < visit.starts_at else None


def _book_online(practice: Practice) -> str:
    return f"Or book a new time yourself: {_absolute('online:book_start')}" if practice.is_online_booking_open else ""


def _absolute(name: str, *args) -> str:
    return settings.SITE_URL + reverse(name, args=args)


def _stop(message, now, is_preview):
    """Return the address that stops mails of this kind, or "" where a client has no say: answers, and mails to others."""
    topic = TOPICS.get(message.kind)
    if topic is None:
        return ""
    of = {"client": message.client, "topic": topic}
    expires_at = now + timedelta(days=STOP_DAYS)
    return _absolute(
        "reminders:stop_open", DUMMY if is_preview else UnsubscribeLink.mint(now=now, expires_at=expires_at, **of)
    )


def _intake(message, now, is_preview):
    words = "intake_link_booked" if next_visit(message.client, now) else "intake_link"
    token = DUMMY if is_preview else IntakeLink.mint(now=now, expires_at=now + UNBOOKED_LINK, intake=message.intake)
    return _absolute("clients:intake_open", token), words


def _link_to(visit, now, is_preview):
    token = DUMMY if is_preview else AppointmentLink.mint(now=now, expires_at=visit.starts_at, appointment=visit)
    return _absolute("booking:appointment_open", token)


def _appointment(message, now, is_preview):
    return _link_to(message.appointment, now, is_preview), message.kind


def _several(message, now, is_preview):
    return "", message.kind  # each visit has its own link, beside it


def _moved(message, now, is_preview):
    link, words = _appointment(message, now, is_preview)
    return link, f"{words}_undo" if undo_ends(message.appointment, now) else words


def _held(message, now, is_preview):
    """With a link, unless somebody has to speak with the client first: that one asks to call, and does not say why."""
    if must_call(message.appointment, at=now):
        return "", "booking_held_call"
    return _appointment(message, now, is_preview)


def _offer(message, now, is_preview):
    # It opens until the visit: who comes too late is told so, or gets the time if it is still free.
    offer, expires_at = message.offer, message.offer.appointment.starts_at
    token = DUMMY if is_preview else WaitlistOfferLink.mint(now=now, expires_at=expires_at, offer=offer)
    return _absolute("booking:offer_open", token), message.kind


def _cancelled(message, now, is_preview):
    """With a link while the client can take it back, which opens until then."""
    until = undo_ends(message.appointment, now)
    if until is None:
        return "", message.kind
    token = DUMMY if is_preview else AppointmentLink.mint(now=now, expires_at=until, appointment=message.appointment)
    return _absolute("booking:appointment_open", token), f"{message.kind}_undo"


def _booking_link(message, now, is_preview):
    expires_at = now + timedelta(days=BOOKING_LINK_DAYS)
    token = DUMMY if is_preview else BookingLink.mint(now=now, expires_at=expires_at, invitation=message.invitation)
    return _absolute("online:booking_open", token), message.kind


def _check_in(message, now, is_preview):
    expires_at = now + timedelta(days=CHECK_IN_DAYS)
    token = DUMMY if is_preview else CheckInLink.mint(now=now, expires_at=expires_at, check_in=message.check_in)
    return _absolute("reminders:check_in_open", token), message.kind


def _report(message, now, is_preview):
    expires_at = now + timedelta(days=REPORT_DAYS)
    token = DUMMY if is_preview else ReportLink.mint(now=now, expires_at=expires_at, report=message.report)
    return _absolute("referrals:report_open", token), message.kind


def _alert(message, now, is_preview):
    if message.task.for_role == "owner":
        return _absolute("workspace:settings"), "owner_alert"
    if message.reader and message.reader.is_therapist:  # the chart opens to whoever takes the client on, on Today
        return _absolute("workspace:today"), "therapist_alert_everybody"
    return _absolute("workspace:client_page", message.client_id), message.kind


def _intake_reminder(message, now, is_preview):
    link, words = _intake(message, now, is_preview)
    return link, words.replace("intake_link", "intake_reminder")


def _come_again(message, now, is_preview):
    """With a button to the public booking page while it is open; else the words ask to call."""
    if Practice.objects.current().is_online_booking_open:
        return _absolute("online:book_start"), message.kind
    return "", message.kind


def _day_changed(message, now, is_preview):
    day = _was_to_begin(message, now).astimezone(ZoneInfo(Practice.objects.current().time_zone)).date()
    words = message.kind if message.appointment.is_cancelled else f"{message.kind}_moved"
    return f"{_absolute('booking:day_board')}?day={day.isoformat()}", words


def _was_to_begin(message: Message, now: datetime) -> datetime:
    change = day_change_of(message.appointment, version=message.version, now=min(now, message.due_at))
    return change.was_at if change else message.appointment.starts_at


def _unsigned(message, now, is_preview):
    return _absolute("workspace:today"), message.kind


_LINKS: dict[str, Callable[[Message, datetime, bool], tuple[str, str]]] = {
    Message.Kind.INTAKE_LINK: _intake,
    Message.Kind.BOOKING_CONFIRMATION: _appointment,
    Message.Kind.APPOINTMENT_MOVED: _moved,
    Message.Kind.APPOINTMENT_CANCELLED: _cancelled,
    Message.Kind.BOOKING_HELD: _held,
    Message.Kind.BOOKING_LINK: _booking_link,
    Message.Kind.SERIES_BOOKED: _several,
    Message.Kind.SERIES_CANCELLED: _several,
    Message.Kind.WAITLIST_OFFER: _offer,
    Message.Kind.CHECK_IN: _check_in,
    Message.Kind.CHECK_IN_NUDGE: _check_in,
    Message.Kind.FIRST_REMINDER: _appointment,
    Message.Kind.SECOND_REMINDER: _appointment,
    Message.Kind.INTAKE_REMINDER: _intake_reminder,
    Message.Kind.NO_SHOW: _come_again,
    Message.Kind.REASSESSMENT: _come_again,
    Message.Kind.RECALL: _come_again,
    Message.Kind.REPORT_READY: _report,
    Message.Kind.DAY_CHANGED: _day_changed,
    Message.Kind.THERAPIST_ALERT: _alert,
    Message.Kind.UNSIGNED_NOTES: _unsigned,
}


def message_id(message: Message) -> str:
    """Return the mail's Message-ID: the same on a retry so that servers may fold the copies, another on a resend."""
    host = urlsplit(settings.SITE_URL).hostname
    return f"<{message.pk}.{message.version}.{message.due_at:%Y%m%d%H%M%S}@{host}>"


def sender(practice: Practice) -> str:
    """Return the From header: the practice's name, whatever stands in it, and the configured address."""
    return str(Address(display_name=one_line(practice.name), addr_spec=parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))


def _unsubscribe(letter: Letter) -> dict[str, str]:
    """Return the headers by which a mail program shows its own button to stop such mails (RFC 8058)."""
    if not letter.stop:
        return {}
    return {"List-Unsubscribe": f"<{letter.stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def as_email(letter: Letter, message: Message, *, practice: Practice, now: datetime) -> EmailMultiAlternatives:
    """Return the mail ready for a mail server: plain text with an HTML twin, one recipient."""
    context = {"letter": letter, "practice": practice, "phone": own_number(practice)}
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=re.sub(r"\n{3,}", "\n\n", render_to_string("reminders/mail/letter.txt", context)),
        from_email=sender(practice),
        to=[letter.to],
        reply_to=[practice.email] if practice.email else None,
        headers={
            "Message-ID": message_id(message),
            "Date": format_datetime(now),
            "Auto-Submitted": "auto-generated",
            **_unsubscribe(letter),
        },
    )
    mail.attach_alternative(render_to_string("reminders/mail/letter.html", context), "text/html")
    if message.kind in OF_A_VISIT:
        mail.attach("visit.ics", calendar_file(message.appointment, practice, now=now), "text/calendar")
    if letter.listed:
        file = calendar_of_several([row.visit for row in letter.listed], practice, now=now)
        mail.attach("visits.ics", file, "text/calendar")
    return mail
