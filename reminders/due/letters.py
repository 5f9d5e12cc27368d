"""Mails to referrers: what became of the person they sent, and the report."""

from datetime import timedelta

from referrals.models import Report
from referrals.reports import may_be_read
from reminders.due.common import Kind, mail, not_yet

# A report sent longer ago, to somebody without e-mail, is not mailed when an address is entered at last.
REPORT_WINDOW = timedelta(days=7)


def reports(now):
    """Say that a report waits."""
    rows = Report.objects.filter(not_yet("report", Kind.REPORT_READY), sent_at__gt=now - REPORT_WINDOW)
    return [
        mail(Kind.REPORT_READY, now=row.sent_at, client_id=row.client_id, report=row)
        for row in rows.exclude(referral__referrer__email="")
    ]


def why_not_report(message, now) -> str:
    """Return why the report's mail must not leave, or ""."""
    return "" if may_be_read(message.report) else "the client has taken the agreement back"
