"""Visits of a series stand in one mail: those booked together and not yet told, those the desk cancelled together."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef

from booking.models import Appointment
from reminders.due.common import ANNOUNCED, announced, mail, promised_at
from reminders.models import Message, ToldVisit


def told_with_others(*, is_cancelled: bool, version: str | None = None) -> Exists:
    """Say in a query that a mail about several visits told of the appointment; with `version`, as that column has it."""
    # not by the message's kind: SQLite would begin with every mail of that kind ever sent
    rows = ToldVisit.objects.filter(announced("message__"), appointment=OuterRef("pk"), is_cancelled=is_cancelled)
    return Exists(rows.filter(version=OuterRef(version)) if version else rows)


def version_of(visits: Iterable[Appointment]) -> int:
    """Return the version of all visits of a series together: it rises with each of theirs, as none ever leaves it."""
    return sum(visit.version for visit in visits)


def together(visits: list[Appointment], kind: str, now: datetime) -> tuple[list[Message], list[Appointment]]:
    """Return the mails of `kind` that tell of two or more of `visits` at once, and the visits left to mails of their own.

    `visits` carry `promised_at`. A mail is due a few minutes after the last change of any visit of the series, which makes
    another version of it; a mail that waits tells of whatever is left of its version.
    """
    groups = defaultdict(list)
    for visit in visits:
        groups[visit.series_id].append(visit)
    alone = groups.pop(None, [])
    if not groups:
        return [], alone
    whole = defaultdict(list)
    for visit in Appointment.objects.filter(series__in=groups).annotate(promised_at=promised_at()):
        whole[visit.series_id].append(visit)
    messages = Message.objects.filter(series__in=groups, kind=kind)
    waiting = set(messages.exclude(ANNOUNCED).values_list("series_id", "version"))
    told = set(messages.filter(ANNOUNCED).values_list("series_id", "version"))
    mails = []
    for series_id, group in groups.items():
        key = (series_id, version_of(whole[series_id]))
        if key in waiting:
            continue
        if len(group) == 1 or key in told:
            alone += group
            continue
        mails.append(
            mail(
                kind,
                now=now,
                due_at=max(now, max(visit.promised_at for visit in whole[series_id]) + settings.BOOKING_MAIL_HOLD),
                needed_by=min(visit.starts_at for visit in group),
                client_id=group[0].client_id,
                series_id=series_id,
                version=key[1],
            )
        )
    return mails, alone
