"""The words of each mail, and the link minted into it at hand-off. Only here does a message become text."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, translation

from booking.calendar_files import calendar_file, calendar_of_several
from booking.models import Appointment, AppointmentLink, BookingLink, WaitlistOfferLink
from booking.online import must_call
from booking.second_thoughts import undo_until
from booking.undo import last_change
from clients.models import UNBOOKED_LINK, Client, IntakeLink
from practice.models import Cover, Practice, User
from practice.phones import own_number
from protocols.models import HomeProgrammeLink
from referrals.models import Referral, ReferralLink, ReportLink
from reminders.due.staff import day_change_of
from reminders.listing import Listed, list_visits, zone_of
from reminders.models import CheckIn, CheckInLink, Message, UnsubscribeLink
from reminders.own_words import own_words_of
from reminders.rules import TOPICS
from reminders.wording import FALLBACK, Words, active_phrases, called, in_words, phrases_of, time_in_words, words_of

DUMMY = "0" * 8 + "-the-real-link-is-made-when-the-mail-leaves"
CHECK_IN_DAYS = 7
REPORT_DAYS = 90
STATUS_DAYS = 90
HOME_DAYS = 30
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
    language: str = FALLBACK

    @property
    def preheader(self) -> str:
        """What a mail program shows beside the subject: the first words after the greeting."""
        return next(iter((*self.before[1:], *self.before)), "")


def one_line(text: str) -> str:
    """Return `text` without line breaks of any alphabet and without control characters, fit for a header."""
    return "".join(letter for letter in " ".join(text.split()) if unicodedata.category(letter) != "Cc")


def next_visit(client: Client, now: datetime) -> Appointment | None:
    """Return the client's next live appointment."""
    return client.appointments.upcoming(now).order_by("starts_at", "pk").first()


def address_of(message: Message, now: datetime) -> str:
    """Return where the mail goes today, or "" if there is nowhere to send it."""
    if referral := referral_of(message):
        return referral.referrer.email
    if is_to_staff(message):
        reader = reader_of(message, now)
        return reader.email if reader else ""
    return message.client.email if message.client.can_be_mailed else ""


def referral_of(message: Message) -> Referral | None:
    """Return the referral whose referrer the mail goes to; None for all other mails."""
    return message.report.referral if message.report_id else message.referral


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
    zone, listed = ZoneInfo(practice.time_zone), ()
    if message.series_id:
        with translation.override(words_of(message.kind).language):
            listed = list_visits(message, zone, now, link_to=_link_to, is_preview=is_preview)
    if len(listed) == 1:
        link, key = listed[0].link, OF_ONE[message.kind]
    else:
        link, key = _LINKS[message.kind](message, now, is_preview)
    words = words_of(key)
    with translation.override(words.language):
        fields = _fields(message, practice, zone, now, listed)
    return letter_of(
        words,
        fields,
        to=address_of(message, now),
        link=link,
        own=own_words_of(message.kind),
        stop=_stop(message, now, is_preview),
        listed=listed,
    )


def letter_of(
    words: Words,
    fields: dict[str, str],
    *,
    to: str,
    link: str,
    own: str = "",
    stop: str = "",
    listed: tuple[Listed, ...] = (),
) -> Letter:
    """Return the words with their fields filled in, and the practice's `own` after the main paragraphs and the list."""
    say = lambda text: text.format(**fields)  # noqa: E731
    before, after = map(say, words.before), map(say, words.after)
    return Letter(
        to=to,
        subject=say(words.subject),
        before=tuple(filter(None, before if listed else (*before, own))),
        button=words.button,
        link=link,
        after=tuple(filter(None, (own, *after) if listed else after)),
        stop=stop,
        listed=listed,
        language=words.language,
    )


def _fields(message: Message, practice: Practice, zone: ZoneInfo, now: datetime, listed=()) -> dict[str, str]:
    visit = message.appointment or (next_visit(message.client, now) if message.intake_id else None)
    if listed:
        visit = listed[0].visit
    zones = {zone_of(row.visit.starts_at, zone) for row in listed}
    if message.offer_id:
        visit = message.offer.appointment
    therapist = visit.therapist if visit else None
    if message.check_in_id:
        therapist = message.check_in.session.therapist
    if message.plan_id:
        therapist = message.plan.therapist
    referral = referral_of(message)
    reader = reader_of(message, now) if is_to_staff(message) else None
    told = {
        "first_name": called(reader) if reader else message.client.first_name,
        "practice": practice.name,
        "phone": own_number(practice),
        "place": practice.address,
        "therapist": called(therapist) if therapist else "",
        "therapists": active_phrases().both.join(dict.fromkeys(called(row.visit.therapist) for row in listed)),
        "count": str(len(listed)),
        "zone": active_phrases().all_times.format(zone=zones.pop()) if len(zones) == 1 else "",
        "when": in_words(visit.starts_at, zone, now) if visit else "",
        "was": in_words(_was_to_begin(message, now), zone, now) if message.kind == Message.Kind.DAY_CHANGED else "",
        "until": in_words(message.offer.expires_at, zone, now) if message.offer_id else _until(visit, zone, now),
        "book_online": book_online(practice),
        "referrer": referral.referrer.name if referral else "",
        "letter_of": formats.date_format(referral.received_on, "j F Y") if referral else "",
    }
    return {name: one_line(text) for name, text in told.items()}


def _until(visit: Appointment | None, zone: ZoneInfo, now: datetime) -> str:
    """Return until when the time is held, or what the client did can be taken back: '14:30 (GMT)'; "" for neither."""
    until = visit and (visit.held_until or undo_ends(visit, now))
    return time_in_words(until, zone) if until else ""


def undo_ends(visit: Appointment, now: datetime) -> datetime | None:
    """Return until when the client may take back the last move or cancellation; None if that is over."""
    until = undo_until(last_change(visit))
    return until if until and now < until and now < visit.starts_at else None


def book_online(practice: Practice) -> str:
    """Return the paragraph that leads to online booking, in the active language; "" while it is closed."""
    words = phrases_of(translation.get_language() or FALLBACK).book_online
    return words.format(link=_absolute("online:book_start")) if practice.is_online_booking_open else ""


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
    asks_again = message.kind == Message.Kind.CHECK_IN and message.check_in.step == CheckIn.Step.SECOND
    return _absolute("reminders:check_in_open", token), "check_in_second" if asks_again else message.kind


def _home(message, now, is_preview):
    expires_at = now + timedelta(days=HOME_DAYS)
    token = DUMMY if is_preview else HomeProgrammeLink.mint(now=now, expires_at=expires_at, plan=message.plan)
    return _absolute("protocols:home_open", token), message.kind


def _status(message, now, is_preview):
    expires_at = now + timedelta(days=STATUS_DAYS)
    token = DUMMY if is_preview else ReferralLink.mint(now=now, expires_at=expires_at, referral=message.referral)
    return _absolute("referrals:status_open", token), message.kind


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
    Message.Kind.HOME_PROGRAMME: _home,
    Message.Kind.REFERRAL_RECEIVED: _status,
    Message.Kind.REFERRAL_SEEN: _status,
    Message.Kind.REPORT_READY: _report,
    Message.Kind.DAY_CHANGED: _day_changed,
    Message.Kind.THERAPIST_ALERT: _alert,
    Message.Kind.UNSIGNED_NOTES: _unsigned,
}


def message_id(message: Message) -> str:
    """Return the mail's Message-ID: the same on a retry so that servers may fold the copies, another on a resend.

    A mail in doubt keeps the one it was handed over with, whenever it is due again.
    """
    if message.handoffs and message.message_id:
        return message.message_id
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
    headers = {"Message-ID": message_id(message), "Date": format_datetime(now), **_unsubscribe(letter)}
    mail = written(letter, practice=practice, headers=headers)
    if message.kind in OF_A_VISIT:
        mail.attach("visit.ics", calendar_file(message.appointment, practice, now=now), "text/calendar")
    if letter.listed:
        file = calendar_of_several([row.visit for row in letter.listed], practice, now=now)
        mail.attach("visits.ics", file, "text/calendar")
    return mail


def written(letter: Letter, *, practice: Practice, headers: dict[str, str]) -> EmailMultiAlternatives:
    """Return a letter as a mail: plain text with an HTML twin, from the practice to one reader."""
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=as_text(letter, practice),
        from_email=sender(practice),
        to=[letter.to],
        reply_to=[practice.email] if practice.email else None,
        headers={**headers, "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(as_html(letter, practice), "text/html")
    return mail


def as_text(letter: Letter, practice: Practice) -> str:
    """Return a letter as plain text."""
    return re.sub(r"\n{3,}", "\n\n", render_to_string("reminders/mail/letter.txt", _shown(letter, practice)))


def as_html(letter: Letter, practice: Practice) -> str:
    """Return a letter as the HTML a mail program shows."""
    return render_to_string("reminders/mail/letter.html", _shown(letter, practice))


def _shown(letter: Letter, practice: Practice) -> dict:
    return {
        "letter": letter,
        "practice": practice,
        "phone": own_number(practice),
        "phrases": phrases_of(letter.language),
    }
