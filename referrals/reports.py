"""The report back: one page from signed sessions, with the client's consent, frozen when it is sent."""

from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from anatomy.body import muscle
from clients.models import Client, Consent, Screening
from clients.overruling import pattern_in_words
from clients.screening import ITEMS, emergency_keys
from practice import audit
from practice.errors import Refused
from practice.models import Practice, User
from practice.zones import at_wall_time
from protocols.progress import courses_of
from referrals.models import Referral, Report
from sessions.models import OutcomeScore, TreatmentSession
from sessions.note import copied_in_words
from sessions.reading import copied_from, finding_entry, test_entries
from sessions.words import felt, test_in_words

# What the referrer is told about emergency questions, by the answer given. Not answered is said, never left out.
ANSWERS = {True: "yes", False: "no", "not_sure": "not sure", None: "not answered"}
PATTERN_NOTE = "Screening pattern, not a diagnosis. Not validated as a whole; clinical judgement prevails."


class NoConsentToShare(Refused):
    """The client has not agreed that this referrer gets a report, or has taken it back."""


class NothingSigned(Refused):
    """There is no signed session to report on."""


class ReportAlreadySent(Refused):
    """A sent report stays as it was sent."""


def draft_report_content(referral: Referral) -> dict[str, Any]:
    """Return the report's facts as a JSON-ready document, drawn from signed sessions only. Raises NothingSigned."""
    signed = TreatmentSession.objects.signed().filter(client=referral.client)
    latest = signed.select_related("therapist", "plan__protocol", "screening").newest_first().first()
    if latest is None:
        raise NothingSigned("There is no signed session yet. Sign the note first, then write the report.")
    course = list(_course(signed, latest, referral).select_related("appointment").newest_first())[::-1]
    return {
        "visits": [session.appointment.starts_at.isoformat() for session in course],
        "plan": _plan(latest),
        "screening": _screening(latest.screening),
        "muscles": _muscles(latest),
        "tests": [test_in_words(entry) for entry in test_entries(latest)],
        "measures": _measures(course),
        "signed_by": latest.signed_as or latest.therapist.name,
    }


def _course(signed, latest: TreatmentSession, referral: Referral):
    """The sessions the referrer is told of: the latest, those under its plan, and those since the letter came in.

    The client agreed to a report on this course of treatment, not to the rest of their record.
    """
    zone = ZoneInfo(Practice.objects.current().time_zone)
    since_letter = Q(appointment__starts_at__gte=at_wall_time(referral.received_on, time(0), zone))
    same_plan = Q(plan=latest.plan_id) if latest.plan_id else Q(pk=latest.pk)
    return signed.filter(since_letter | same_plan | Q(pk=latest.pk))


def _plan(session: TreatmentSession) -> dict[str, Any] | None:
    plan = session.plan
    if plan is None:
        return None
    return {
        "protocol": plan.protocol.name,
        "side": plan.get_side_display(),
        "planned": plan.planned_visits,
        "goal": plan.goal,
    }


def _screening(screening: Screening) -> dict[str, Any]:
    """The red-flag questions with their exact answers, the result, and the rules that decided."""
    return {
        "at": screening.at.isoformat(),
        "triage": screening.get_triage_display(),
        "pattern": pattern_in_words(screening),
        "flags": [flag["why"] for flag in screening.result.get("flags", [])],
        "asked": [
            {"question": ITEMS[key].means, "answer": ANSWERS.get(screening.answers.get(key), "not answered")}
            for key in emergency_keys()
        ],
        "rules_version": screening.rules_version[:12],
    }


def _muscles(session: TreatmentSession) -> list[dict[str, Any]]:
    """What was felt, with its exact negatives, and what was done, muscle by muscle.

    `copied` says what nobody found at that visit; a muscle without such has no such key.
    """
    copied = copied_from(session)
    findings = session.findings.prefetch_related("used_techniques__technique").order_by("pk")
    return [
        {
            "muscle": muscle(finding.muscle).name,
            "side": finding.get_side_display(),
            "found": felt(finding_entry(finding)),
            "done": [used.technique.name for used in finding.used_techniques.all()],
            "minutes": finding.minutes,
            "response": finding.get_response_display(),
        }
        | ({"copied": words} if (words := copied_in_words(finding_entry(finding).spot, copied)) else {})
        for finding in findings
    ]


def _measures(course: list[TreatmentSession]) -> list[dict[str, Any]]:
    """Baseline and latest value per measure, which way is better, and whether the change reached what matters to people.

    `matters` is None where no source says from which change on it does, or without a second value. One query.
    """
    scores = OutcomeScore.objects.comparable().filter(session__in=course).oldest_first()
    return [
        {
            "measure": each.card.name,
            "first": _number(each.first.value),
            "latest": _number(each.latest.value),
            "count": len(each.scores),
            "better": each.card.direction,
            "is_change": each.card.is_change,
            "matters": each.matters,
        }
        for each in courses_of(scores.values_list("measure", "measured_at", "score"))
    ]


def _number(value: Decimal) -> int | float:
    """Return a value as JSON keeps it."""
    return int(value) if value == int(value) else float(value)


def holding_share_consent(client: Client) -> Consent | None:
    """Return the consent by which the referrer may read a report, or None."""
    newest = client.consents.filter(scope=Consent.Scope.SHARE_WITH_REFERRER).order_by("-at", "-pk").first()
    return newest if newest and newest.is_given else None


def may_be_read(report: Report) -> bool:
    """Say whether the consent under which the report was sent still stands; once taken back, its links stay shut.

    Agreeing again later opens new reports, not this one.
    """
    withheld = report.client.consents.filter(scope=Consent.Scope.SHARE_WITH_REFERRER, is_given=False)
    return not withheld.filter(pk__gt=report.consent_id).exists()


@transaction.atomic
def write_report(referral: Referral, *, message: str, by: User, at: datetime) -> Report:
    """Write a report from what is signed, with the therapist's own words, and return the draft.

    A draft of the same referral is written again, not added to. Raises NoConsentToShare, NothingSigned.
    """
    Client.objects.select_for_update(no_key=True).get(pk=referral.client_id)
    consent = holding_share_consent(referral.client)
    if consent is None:
        raise NoConsentToShare(
            "The client has not agreed to a report. Ask, and record the answer on the client's page."
        )
    content = draft_report_content(referral)
    draft = Report.objects.filter(referral=referral, sent_at__isnull=True).first() or Report(
        referral=referral, client=referral.client
    )
    draft.content, draft.message, draft.consent = content, message, consent
    draft.written_at, draft.written_by = at, by
    draft.save()
    audit.record(action="report.written", at=at, by=by, target=draft)
    return draft


@transaction.atomic
def send_report(report: Report, *, by: User, at: datetime) -> Report:
    """Freeze the report as shown and let the outbox mail its link; return it. Raises ReportAlreadySent, NoConsentToShare."""
    row = Report.objects.select_for_update(of=("self",), no_key=True).select_related("client").get(pk=report.pk)
    if row.is_sent:
        raise ReportAlreadySent("This report has been sent. Write a new one if something has changed.")
    consent = holding_share_consent(row.client)
    if consent is None:
        raise NoConsentToShare("The client has taken the agreement back. Nothing was sent.")
    row.consent, row.sent_at, row.sent_by = consent, at, by
    row.save(update_fields=["consent", "sent_at", "sent_by"])
    audit.record(action="report.sent", at=at, by=by, target=row)
    return row
