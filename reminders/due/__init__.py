"""What is due stands in the rows of other rooms; here it becomes messages and check-ins. Nothing is scheduled."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from practice.models import Practice
from reminders.due import asked, check_ins, letters, staff, visits
from reminders.models import CheckIn, Message
from reminders.rules import TOPICS, choices_of, hours_of_rules

Kind = Message.Kind


def derive_due(now: datetime) -> int:
    """Insert every message and check-in that the rows call for and that is not there yet; returns how many were due.

    Safe to run twice and by two workers at once: what is unique in the database cannot be made again.
    """
    practice = Practice.objects.current()
    hours = hours_of_rules()
    made = _insert(CheckIn, check_ins.check_ins(now, hours, practice))
    check_ins.ask_for_calls(now)
    return made + _insert(
        Message,
        [
            *asked.intakes(now),
            *visits.told_of_visits(now),
            *visits.held(now),
            *asked.invitations(now),
            *asked.offers(now),
            *check_ins.check_in_mails(now),
            *check_ins.nudges(now, hours),
            *letters.reports(now),
            *staff.alerts(now),
            *staff.unsigned(now),
        ],
    )


def _insert(model, rows: list) -> int:
    """Insert the rows that nobody else has inserted meanwhile; returns how many were to be."""
    if rows:
        with transaction.atomic():
            model.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


WHY_NOT: dict[str, Callable[[Message, datetime], str]] = {
    Kind.INTAKE_LINK: asked.why_not_intake,
    Kind.BOOKING_LINK: asked.why_not_invitation,
    Kind.WAITLIST_OFFER: asked.why_not_offer,
    Kind.BOOKING_CONFIRMATION: visits.why_not_visit,
    Kind.APPOINTMENT_MOVED: visits.why_not_visit,
    Kind.APPOINTMENT_CANCELLED: visits.why_not_visit,
    Kind.BOOKING_HELD: visits.why_not_visit,
    Kind.CHECK_IN: check_ins.why_not_check_in,
    Kind.CHECK_IN_NUDGE: check_ins.why_not_check_in,
    Kind.REPORT_READY: letters.why_not_report,
    Kind.THERAPIST_ALERT: staff.why_not_alert,
    Kind.UNSIGNED_NOTES: staff.why_not_unsigned,
}


def why_not(message: Message, now: datetime) -> str:
    """Return why a message is not needed any more, or "" while it is. Asked again just before it leaves."""
    topic = TOPICS.get(message.kind)
    if topic and not choices_of(message.client)[topic]:
        return "the client wants no such mails"
    return WHY_NOT[message.kind](message, now)
