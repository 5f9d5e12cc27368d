"""What a referrer may know of somebody they sent: how far it has come, in days and never in hours."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from clients.consents import has_consent
from clients.models import Client, Consent
from practice.models import Practice
from referrals.models import Referral, Report, ReportLink
from referrals.reports import may_be_read
from sessions.models import TreatmentSession


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a referral and the day it was reached; None while it is not."""

    name: str
    on: date | None


@dataclass(frozen=True, slots=True)
class Status:
    """What stands on the referrer's page. Without the person's agreement there is one step, that the letter came.

    `report` is the newest one sent that may be read; `report_link` opens it, None once its links are closed.
    """

    whom: str
    agreed: bool
    steps: list[Step]
    report: Report | None
    report_link: ReportLink | None


def status_for_referrer(referral: Referral, *, now: datetime) -> Status:
    """Return the status of one referral as its referrer may read it."""
    agreed = has_consent(referral.client, Consent.Scope.SHARE_WITH_REFERRER)
    received = Step("Letter received", referral.received_on)
    if not agreed:
        return Status(in_short(referral.client), False, [received], None, None)
    zone = ZoneInfo(Practice.objects.current().time_zone)
    # some book first and bring the letter after
    since = Q(booked_at__gte=referral.created_at) | Q(starts_at__gte=referral.created_at)
    booked = referral.client.appointments.live().filter(since).order_by("booked_at").first()
    seen = first_visit(referral)
    report = _report(referral)
    steps = [
        received,
        Step("Visit booked", _day(booked.booked_at, zone) if booked else None),
        Step("First visit done", _day(seen.appointment.starts_at, zone) if seen else None),
        Step("Report ready", _day(report.sent_at, zone) if report else None),
    ]
    return Status(in_short(referral.client), True, steps, report, _link(report, now))


def in_short(client: Client) -> str:
    """Return whom it is about, enough for whoever sent them and for nobody else: "Ada M."."""
    return f"{client.first_name} {client.last_name[:1]}."


def first_visit(referral: Referral) -> TreatmentSession | None:
    """Return the first signed session since the letter was taken in, or None."""
    signed = TreatmentSession.objects.signed().filter(client=referral.client_id, signed_at__gte=referral.created_at)
    return signed.select_related("appointment").order_by("appointment__starts_at", "pk").first()


def _report(referral: Referral) -> Report | None:
    sent = referral.reports.filter(sent_at__isnull=False).select_related("client").order_by("-sent_at", "-pk")
    return next((report for report in sent if may_be_read(report)), None)


def _link(report: Report | None, now: datetime) -> ReportLink | None:
    return report.links.live(now).order_by("-expires_at", "-pk").first() if report else None


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return timezone.localdate(moment, zone)
