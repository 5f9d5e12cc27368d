"""Mails to referrers: what became of the person they sent, and the report."""

from datetime import timedelta

from django.db.models import Exists, OuterRef

from clients.consents import agrees, has_consent
from clients.models import Consent
from referrals.models import Referral, Report
from referrals.reports import may_be_read
from referrals.status import first_visit
from reminders.due.common import Kind, mail, not_yet
from sessions.models import TreatmentSession

# A report sent longer ago, to somebody without e-mail, is not mailed when an address is entered at last.
REPORT_WINDOW = timedelta(days=7)
# A letter, or a first visit, longer ago is no news to the referrer any more.
NEWS = timedelta(days=7)


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


def _to_somebody(kind):
    """Referrals of which this kind of mail was not made yet, from a referrer in use who can be mailed."""
    return Referral.objects.filter(not_yet("referral", kind), referrer__is_active=True).exclude(referrer__email="")


def received(now, hours):
    """Say at once that a letter has come in, with the link to its status."""
    if "referral_received" not in hours:
        return []
    rows = _to_somebody(Kind.REFERRAL_RECEIVED).filter(received_on__gt=(now - NEWS).date())
    return [mail(Kind.REFERRAL_RECEIVED, now=now, client_id=row.client_id, referral=row) for row in rows]


def seen(now, hours):
    """Say that the first visit since the letter is done and signed, if the person has agreed that the referrer is told."""
    if "referral_seen" not in hours:
        return []
    since = TreatmentSession.objects.signed().filter(client=OuterRef("client"), signed_at__gte=OuterRef("created_at"))
    rows = _to_somebody(Kind.REFERRAL_SEEN).filter(
        Exists(since.filter(signed_at__gt=now - NEWS, signed_at__lte=now)),
        ~Exists(since.filter(signed_at__lte=now - NEWS)),
        agrees("client_id", Consent.Scope.SHARE_WITH_REFERRER),
    )
    return [mail(Kind.REFERRAL_SEEN, now=now, client_id=row.client_id, referral=row) for row in rows]


def why_not_status(message, now) -> str:
    """Return why a referrer need not, or must not, be told how far it has come, or ""."""
    referral = message.referral
    if not referral.referrer.is_active:
        return "the referrer is not in use any more"
    if message.kind == Kind.REFERRAL_RECEIVED:
        return ""
    if not has_consent(referral.client, Consent.Scope.SHARE_WITH_REFERRER):
        return "the client has taken the agreement back"
    if first_visit(referral) is None:
        return "the visit's chart was entered in error"
    reports = referral.reports.filter(sent_at__isnull=False)
    return "the report says more" if any(map(may_be_read, reports)) else ""
