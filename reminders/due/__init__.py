"""What is due stands in the rows of other rooms; here it becomes messages and check-ins. Nothing is scheduled."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import DatabaseError, transaction

from practice.models import Practice
from reminders.due import asked, check_ins, letters, reminding, staff, visits
from reminders.models import CheckIn, Message
from reminders.rules import TOPICS, choices_of, hours_of_rules, rule_of

log = logging.getLogger(__name__)
Kind = Message.Kind


def derive_due(now: datetime) -> int:
    """Insert every message and check-in that the rows call for and that is not there yet; returns how many were due.

    Safe to run twice and by two workers at once: what is unique in the database cannot be made again.
    """
    practice = Practice.objects.current()
    hours = hours_of_rules()
    made = _insert(CheckIn, _from(partial(check_ins.check_ins, now, hours, practice)))
    _from(
        partial(check_ins.ask_for_calls, now),
        partial(asked.ask_for_offer_calls, now),
        partial(reminding.ask_for_reminder_calls, now, hours, practice),
        partial(reminding.ask_for_recall_calls, now, hours, practice),
    )
    # What answers somebody comes first: nobody is reminded of a visit while word of it is on its way.
    made += _insert(
        Message,
        _from(
            partial(asked.intakes, now),
            partial(visits.told_of_visits, now),
            partial(visits.held, now),
            partial(asked.invitations, now),
            partial(asked.offers, now),
        ),
    )
    return made + _insert(
        Message,
        _from(
            partial(reminding.visit_reminders, now, hours, practice),
            partial(reminding.intake_reminders, now, hours, practice),
            partial(reminding.no_shows, now, hours, practice),
            partial(reminding.recalls, now, hours, practice),
            partial(reminding.home_programmes, now, hours, practice),
            partial(reminding.reassessments, now, hours, practice),
            partial(check_ins.check_in_mails, now),
            partial(check_ins.nudges, now, hours, practice),
            partial(letters.reports, now),
            partial(letters.received, now, hours),
            partial(letters.seen, now, hours),
            partial(staff.alerts, now),
            partial(staff.day_changes, now, hours),
            partial(staff.unsigned, now),
        ),
    )


def _from(*rules: partial) -> list:
    """Return the rows that the rules call for. One that stumbles stops no other; the database's troubles are everybody's."""
    rows = []
    for rule in rules:
        try:
            rows += rule() or ()
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one rule, the others are kept
            log.error(
                "The rule %s could not be followed (%s).", getattr(rule.func, "__name__", "?"), type(error).__name__
            )
    return rows


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
    Kind.SERIES_BOOKED: visits.why_not_series,
    Kind.SERIES_CANCELLED: visits.why_not_series,
    Kind.APPOINTMENT_CANCELLED: visits.why_not_visit,
    Kind.BOOKING_HELD: visits.why_not_visit,
    Kind.FIRST_REMINDER: reminding.why_not_reminder,
    Kind.SECOND_REMINDER: reminding.why_not_reminder,
    Kind.INTAKE_REMINDER: reminding.why_not_intake_reminder,
    Kind.NO_SHOW: reminding.why_not_no_show,
    Kind.RECALL: reminding.why_not_recall,
    Kind.HOME_PROGRAMME: reminding.why_not_home_programme,
    Kind.REASSESSMENT: reminding.why_not_reassessment,
    Kind.CHECK_IN: check_ins.why_not_check_in,
    Kind.CHECK_IN_NUDGE: check_ins.why_not_check_in,
    Kind.REPORT_READY: letters.why_not_report,
    Kind.REFERRAL_RECEIVED: letters.why_not_status,
    Kind.REFERRAL_SEEN: letters.why_not_status,
    Kind.THERAPIST_ALERT: staff.why_not_alert,
    Kind.DAY_CHANGED: staff.why_not_day_changed,
    Kind.UNSIGNED_NOTES: staff.why_not_unsigned,
}


def why_not(message: Message, now: datetime) -> str:
    """Return why a message is not needed any more, or "" while it is. Asked again just before it leaves."""
    topic = TOPICS.get(message.kind)
    if topic and not choices_of(message.client)[topic]:
        return "the client wants no such mails"
    if (rule := rule_of(message)) and rule not in hours_of_rules():
        return "the owner switched these mails off"
    return WHY_NOT[message.kind](message, now)
