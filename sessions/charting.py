"""Charting a visit: start it, write it, sign it, amend it. From the signature on, the database refuses any change.

A chart entered in error is closed by an amendment of that kind: kept, readable, and part of nothing."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from anatomy.body import MUSCLES
from booking.appointments import mark_arrived
from booking.models import Appointment
from clients.gate import may_start_session
from clients.models import Client
from clients.rescreen import counts_from
from clients.screenings import current_screening
from practice import audit
from practice.errors import Refused
from practice.models import User
from practice.zones import at_wall_time
from protocols.models import Technique, TreatmentPlan
from protocols.plans import is_in_care, open_plan, visits_done
from sessions.chain import amendment_content, content_hash, next_link, session_content
from sessions.copying import WORDS, Mark, is_all_copy, still_copied, values_of
from sessions.entries import FindingEntry, TestEntry, total_minutes
from sessions.models import (
    Amendment,
    CopiedField,
    FindingTechnique,
    MuscleFinding,
    OutcomeScore,
    TestResult,
    TreatmentSession,
)
from sessions.reading import copied_from, fetch_parts, finding_entry, phase_of, plans_for, test_entries
from sessions.retests import is_row, row_name, row_of
from sessions.words import without_lines

EXPECTED = {Appointment.Status.BOOKED, Appointment.Status.CONFIRMED}
CHART_FIELDS = (
    "pain_before_nrs",
    "pain_back_nrs",
    "pain_buttock_nrs",
    "pain_leg_nrs",
    "pain_after_nrs",
    *WORDS,
    "drafted",
)
NOT_HAPPENING = {
    Appointment.Status.CANCELLED: "This visit was cancelled. Book it again to chart it.",
    Appointment.Status.NO_SHOW: "This visit is marked as did not come. Take that back first.",
    Appointment.Status.HELD: "This time is only held. Book it to chart it.",
}


class NotInYourCare(Refused):
    """The client is in another therapist's care."""


class VisitNotOpen(Refused):
    """There is no visit to chart: cancelled, missed, only held, or days away."""


class NotYourChart(Refused):
    """A chart is written and signed by the therapist who gave the treatment."""


class ChartChanged(Refused):
    """The chart was changed since this person last saw it."""


class SessionAlreadySigned(Refused):
    """A signed chart stays as it is."""


class SessionNotSigned(Refused):
    """Only a signed chart is amended; a draft is simply changed."""


class SessionEnteredInError(Refused):
    """A chart entered in error stays as it is; the visit may be charted anew."""


class SessionIncomplete(Refused):
    """Something a signed chart must say is missing."""


class SessionAllCopy(Refused):
    """Everything in the chart was copied from an earlier visit, and nobody said that it is so today."""


class NotThisClientsVisit(Refused):
    """A chart is carried forward from the same client's own signed visits only."""


class ReasonMissing(Refused):
    """What is added later says why."""


class NotThen(Refused):
    """A late entry tells of something that has happened, and says when."""


class UnknownEntry(Refused):
    """A muscle, a technique or a test that the practice does not know."""


class MinutesBeyondVisit(Refused):
    """More minutes than the visit was booked for."""


# --- starting


def start_session(appointment: Appointment, *, by: User, at: datetime) -> TreatmentSession:
    """Open the chart of a visit and return it; one that was opened before is returned as it stands.

    A visit whose chart was entered in error is charted anew, beside it. The muscles of the plan's phase are laid out on the plan's side with nothing recorded: planned is not given.
    Raises NotInYourCare, VisitNotOpen, ScreeningNotClear, RescreenDue. Effects: locks client and visit, marks the visit as arrived, audit.
    """
    with transaction.atomic():
        client = Client.objects.select_for_update(no_key=True).get(pk=appointment.client_id)
        if standing := TreatmentSession.objects.standing().filter(appointment=appointment).first():
            return standing
        before = _signed_in_error(appointment)
        appointment = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment.pk)
        _check_start(appointment, client=client, by=by, at=at, before=before)
        if appointment.status in EXPECTED:
            mark_arrived(appointment, by=by, at=at)
        plan = appointment.plan if appointment.plan_id and appointment.plan.is_open else open_plan(client)
        session = TreatmentSession.objects.create(
            appointment=appointment,
            client=client,
            therapist=by,
            plan=plan,
            screening=before.screening if before else current_screening(client),
            visit_number=_visit_number(client, plan, before),
            started_at=at,
        )
        _lay_out(session)
        audit.record(action="session.started", at=at, by=by, target=session)
        return session


def _signed_in_error(appointment: Appointment) -> TreatmentSession | None:
    """Return the visit's latest chart that was signed and then entered in error, or None."""
    charts = TreatmentSession.objects.filter(appointment=appointment, signed_at__isnull=False)
    return charts.select_related("screening").order_by("pk").last()


def _check_start(
    appointment: Appointment, *, client: Client, by: User, at: datetime, before: TreatmentSession | None
) -> None:
    if not is_in_care(client, by):
        raise NotInYourCare("This client is in another therapist's care.")
    if appointment.status in NOT_HAPPENING:
        raise VisitNotOpen(NOT_HAPPENING[appointment.status])
    if at < counts_from(appointment.starts_at):  # the safety questions are of the visit's day, so is its chart
        raise VisitNotOpen("This visit is still to come. Its chart opens on the day.")
    if before and at >= appointment.ends_at:
        return  # it was treated under the gate of its own day; writing it down again treats nobody
    used_at = _last_started(appointment)
    may_start_session(client, visit_at=appointment.starts_at, at=at, by=by, used_at=used_at)


def _last_started(appointment: Appointment) -> datetime | None:
    """Return when the latest session of another visit of the same day began: what was asked for that one is used up.

    Another, not an earlier one: a client who comes at two in the place of nine is asked again at nine.
    """
    tomorrow = timezone.localdate(appointment.starts_at) + timedelta(days=1)
    others = TreatmentSession.objects.standing().filter(
        client=appointment.client_id,
        appointment__starts_at__gte=counts_from(appointment.starts_at),
        appointment__starts_at__lt=at_wall_time(tomorrow, time(0), timezone.get_current_timezone()),
    )
    return others.exclude(appointment=appointment).aggregate(latest=Max("started_at"))["latest"]


def _visit_number(client: Client, plan: TreatmentPlan | None, before: TreatmentSession | None) -> int:
    if before and before.plan_id == (plan.pk if plan else None):
        return before.visit_number
    return 1 + (visits_done(plan) if plan else client.treatment_sessions.standing().count())


def _lay_out(session: TreatmentSession) -> None:
    sides = session.plan.sides if session.plan else ()
    MuscleFinding.objects.bulk_create(
        MuscleFinding(session=session, muscle=plan.muscle, side=plan.side)
        for plan in plans_for(phase_of(session), sides)
    )


# --- writing


def save_chart(
    session: TreatmentSession,
    *,
    version: int,
    by: User,
    at: datetime,
    copied: Collection[Mark] = (),
    source: TreatmentSession | None = None,
    confirmed: Collection[Mark] = (),
    **chart,
) -> TreatmentSession:
    """Write what was charted over version `version`, and return the session as it now stands.

    `chart` may hold the names in CHART_FIELDS, `findings` (FindingEntry) and `test_results` (TestEntry); a name left
    out keeps what is stored, a list given replaces all of its kind. `copied` marks fields whose value comes from the
    visit `source`, or from where that one had it unconfirmed; a mark that stands goes when its value changes (of a text:
    but for sentences drafted here) or when it is among `confirmed`. Nothing changed: nothing is written, the version
    stays, and a save whose answer got lost may be sent again.
    Raises NotYourChart, SessionAlreadySigned, SessionEnteredInError, ChartChanged, UnknownEntry, MinutesBeyondVisit,
    NotThisClientsVisit.
    Effects: locks the session, raises its version, audit.
    """
    with transaction.atomic():
        standing = _lock(session)
        _check_author(standing, by=by)
        findings, results = chart.pop("findings", None), chart.pop("test_results", None)
        if findings is not None:
            _check_findings(standing, findings)
        if results is not None:
            _check_results(results)
        changed = _changed_fields(standing, chart)
        stored = {finding_entry(row).spot: row for row in _findings(standing)}
        has_new_findings = findings is not None and _differ(stored, findings)
        has_new_results = results is not None and set(test_entries(standing)) != set(results)
        marks = copied_from(standing)
        kept = _kept_marks(standing, marks, findings=findings, words=chart, confirmed=confirmed)
        new = set(copied) - set(kept)  # `confirmed` speaks of what stood before
        if new:
            _check_source(standing, source)
        if not (changed or has_new_findings or has_new_results or new or len(kept) < len(marks)):
            return standing

        _check_version(standing, version)
        if has_new_findings:
            _write_findings(standing, stored, findings)
        if has_new_results:
            _write_results(standing, results)
        origins = copied_from(source) if new else {}  # what was copied there too was found at an earlier visit
        _write_marks(standing, gone=marks.keys() - kept, new={mark: origins.get(mark, source) for mark in new})
        for name, value in {**changed, "version": standing.version + 1}.items():
            setattr(standing, name, value)
        standing.save(update_fields=[*changed, "version"])
        audit.record(action="session.charted", at=at, by=by, target=standing, version=standing.version)
        return standing


def _kept_marks(
    session: TreatmentSession,
    marks: Collection[Mark],
    *,
    findings: Iterable[FindingEntry] | None,
    words: dict,
    confirmed: Collection[Mark],
) -> frozenset[Mark]:
    if not marks:
        return frozenset()
    stored, stored_words = _entries(session), {name: getattr(session, name) for name in (*WORDS, "drafted")}
    return still_copied(
        marks,
        before=values_of(stored, _own_words(stored_words)),
        after=values_of(stored if findings is None else findings, _own_words(stored_words | words)),
        confirmed=confirmed,
    )


def _own_words(chart: dict) -> dict[str, str]:
    """Return the texts less the sentences that were drafted here from the entries."""
    return {name: without_lines(chart[name], chart["drafted"]) for name in WORDS}


def _entries(session: TreatmentSession) -> list[FindingEntry]:
    return [finding_entry(row) for row in _findings(session)]


def _check_source(session: TreatmentSession, source: TreatmentSession | None) -> None:
    is_own = source is not None and source.client_id == session.client_id and source.pk != session.pk
    if not (is_own and source.is_signed and not source.is_in_error):
        raise NotThisClientsVisit("Only what this client's own signed visits hold can be carried forward.")


def _write_marks(session: TreatmentSession, *, gone: Collection[Mark], new: dict[Mark, TreatmentSession]) -> None:
    for mark in gone:
        session.copied_fields.filter(spot=mark.spot, field=mark.field).delete()
    CopiedField.objects.bulk_create(
        CopiedField(session=session, source=source, spot=mark.spot, field=mark.field)
        for mark, source in sorted(new.items())
    )


def _lock(session: TreatmentSession) -> TreatmentSession:
    return (
        TreatmentSession.objects.select_for_update(of=("self",), no_key=True)
        .select_related("appointment", "therapist")
        .get(pk=session.pk)
    )


def _check_author(session: TreatmentSession, *, by: User) -> None:
    if session.therapist_id != by.pk:
        raise NotYourChart("This chart belongs to the therapist who gave the treatment. Add an amendment instead.")
    if session.is_in_error:
        raise SessionEnteredInError("This chart was entered in error and stays as it is.")
    if session.is_signed:
        raise SessionAlreadySigned("This chart is signed and stays as it is. Add an amendment instead.")


def _check_version(session: TreatmentSession, version: int) -> None:
    if session.version != version:
        raise ChartChanged("This chart was changed in another window since you opened it.")


def _check_findings(session: TreatmentSession, findings: Iterable[FindingEntry]) -> None:
    spots = [finding.spot for finding in findings]
    if len(set(spots)) < len(spots):
        raise UnknownEntry("A muscle is charted twice on the same side.")
    if unknown := sorted({finding.muscle for finding in findings} - MUSCLES.keys()):
        raise UnknownEntry(f"“{unknown[0]}” is not in the practice's list of muscles.")
    if (minutes := total_minutes(findings)) > session.booked_minutes:
        raise MinutesBeyondVisit(
            f"The minutes add up to {minutes}, but the visit was booked for {session.booked_minutes}."
        )


def _check_results(results: Iterable[TestEntry]) -> None:
    for entry in results:
        if not is_row(row_of(entry.test, entry.side)):
            name = row_name(entry.test, entry.side)
            raise UnknownEntry(f"“{name}” is not in the practice's list of tests.")


def _changed_fields(session: TreatmentSession, fields: dict) -> dict:
    if unknown := fields.keys() - set(CHART_FIELDS):
        raise TypeError(f"A chart has no {sorted(unknown)[0]!r}.")
    return {name: value for name, value in fields.items() if getattr(session, name) != value}


def _differ(stored: dict[str, MuscleFinding], findings: Iterable[FindingEntry]) -> bool:
    wanted = {finding.spot: _comparable(finding) for finding in findings}
    return wanted != {spot: _comparable(finding_entry(row)) for spot, row in stored.items()}


def _comparable(finding: FindingEntry) -> FindingEntry:
    return replace(finding, techniques=tuple(sorted(finding.techniques)))


def _write_findings(
    session: TreatmentSession, stored: dict[str, MuscleFinding], findings: Iterable[FindingEntry]
) -> None:
    techniques = _techniques(key for finding in findings for key in finding.techniques)
    wanted = {finding.spot: finding for finding in findings}
    for spot, row in stored.items():
        if spot not in wanted:
            row.delete()
    for spot, finding in wanted.items():
        row = stored.get(spot)
        if row is None or _comparable(finding_entry(row)) != _comparable(finding):
            _write_finding(row or MuscleFinding(session=session), finding, techniques)


def _findings(session: TreatmentSession):
    return session.findings.order_by("pk").prefetch_related("used_techniques__technique")


def _techniques(keys: Iterable[str]) -> dict[str, Technique]:
    wanted = set(keys)
    found = Technique.objects.in_bulk(wanted, field_name="key")
    if unknown := sorted(wanted - found.keys()):
        raise UnknownEntry(f"“{unknown[0]}” is not in the practice's list of techniques.")
    return found


def _write_finding(row: MuscleFinding, finding: FindingEntry, techniques: dict[str, Technique]) -> None:
    for name in FindingEntry.__slots__:
        if name != "techniques":
            setattr(row, name, getattr(finding, name))
    row.save()
    wanted = {techniques[key].pk for key in finding.techniques}
    used = set(row.used_techniques.values_list("technique_id", flat=True))
    row.used_techniques.filter(technique_id__in=used - wanted).delete()
    FindingTechnique.objects.bulk_create(FindingTechnique(finding=row, technique_id=pk) for pk in sorted(wanted - used))


def _write_results(session: TreatmentSession, results: Iterable[TestEntry]) -> None:
    session.test_results.all().delete()
    TestResult.objects.bulk_create(
        TestResult(
            session=session,
            test=result.test,
            side=result.side,
            moment=result.moment,
            result=result.result,
            value=result.value,
            felt_where=result.felt_where,
        )
        for result in results
    )


# --- signing


def sign_session(
    session: TreatmentSession, *, version: int, by: User, at: datetime, is_copy_confirmed: bool = False
) -> TreatmentSession:
    """Sign version `version` of the chart and return it; from here on neither it nor its entries can change or go.

    Muscles that were laid out and not charted are not part of what is signed. Raises NotYourChart,
    SessionAlreadySigned, SessionEnteredInError, ChartChanged (not the text that was shown), SessionIncomplete,
    SessionAllCopy (unless `is_copy_confirmed`: the therapist said that everything is as it was; the marks stay and are
    signed with it).
    Effects: locks session and chain, a place in the chain, the pain ratings as outcome scores, audit.
    """
    with transaction.atomic():
        standing = _lock(session)
        _check_author(standing, by=by)
        _check_version(standing, version)
        if missing := missing_for_signature(standing):
            raise SessionIncomplete(" ".join(missing))
        if is_copy(standing) and not is_copy_confirmed:
            raise SessionAllCopy("Everything in this chart was copied. Say that you found it so today, or change it.")
        for row in _findings(standing):
            if finding_entry(row).is_empty:
                row.delete()
        standing.signed_at, standing.signed_by, standing.signed_as = at, by, signature_of(by)
        link = next_link(TreatmentSession, session_content(fetch_parts(standing)))
        standing.chain_position, standing.content_hash = link.chain_position, link.content_hash
        standing.chain_hash = link.chain_hash
        standing.save(
            update_fields=["signed_at", "signed_by", "signed_as", "chain_position", "content_hash", "chain_hash"]
        )
        _record_outcomes(standing, at=at)
        audit.record(action="session.signed", at=at, by=by, target=standing, version=version)
        return standing


def missing_for_signature(session: TreatmentSession) -> list[str]:
    """Return, in sentences, what a signed chart must say and this one does not yet."""
    findings = _entries(session)
    words = (session.subjective, session.objective, session.assessment, session.plan_text)
    missing = []
    if session.pain_before_nrs is None:
        missing.append("The pain before the session is missing.")
    if session.pain_after_nrs is None and total_minutes(findings):
        missing.append("The pain after the session is missing.")
    if all(finding.is_empty for finding in findings) and not any(words):
        missing.append("Nothing is charted yet: no muscle, no words.")
    return missing


def is_copy(session: TreatmentSession) -> bool:
    """Say whether nothing in the chart but the pain ratings is of this visit: no finding, no test, no word.

    A sentence drafted from copied entries is no word of this visit.
    """
    words = _own_words({name: getattr(session, name) for name in (*WORDS, "drafted")})
    return is_all_copy(_entries(session), words, copied_from(session)) and not session.test_results.exists()


def signature_of(user: User) -> str:
    """Return what stands under a signature: name and credential as they are today."""
    return f"{user.name}, {user.credential}" if user.credential else user.name


def _record_outcomes(session: TreatmentSession, *, at: datetime) -> None:
    visit = session.appointment
    moments = {
        OutcomeScore.Measure.PAIN_BEFORE: (session.pain_before_nrs, visit.starts_at),
        OutcomeScore.Measure.NRS_BACK: (session.pain_back_nrs, visit.starts_at),
        OutcomeScore.Measure.NRS_BUTTOCK: (session.pain_buttock_nrs, visit.starts_at),
        OutcomeScore.Measure.NRS_LEG: (session.pain_leg_nrs, visit.starts_at),
        OutcomeScore.Measure.PAIN_AFTER: (session.pain_after_nrs, max(visit.starts_at, min(at, visit.ends_at))),
    }
    OutcomeScore.objects.bulk_create(
        OutcomeScore(
            client_id=session.client_id,
            session=session,
            measure=measure,
            score=score,
            measured_at=measured_at,
            by_id=session.signed_by_id,
        )
        for measure, (score, measured_at) in moments.items()
        if score is not None
    )


# --- after the signature


def amend_session(
    session: TreatmentSession,
    *,
    kind: str,
    text: str,
    reason: str,
    by: User,
    at: datetime,
    happened_at: datetime | None = None,
) -> Amendment:
    """Add a later word to a signed chart and return it; the original stays as it was and readable.

    `kind` is an addendum, a correction or a late entry; a late entry tells of what happened at `happened_at`, which
    stands beside the time of writing. Any therapist who has the client in care may add one, under their own name.
    Raises NotInYourCare, SessionNotSigned, SessionEnteredInError, ReasonMissing, NotThen.
    Effects: a place in the chain of amendments, audit.
    """
    if kind == Amendment.Kind.ENTERED_IN_ERROR:
        raise TypeError("A whole chart is withdrawn by withdraw_session.")
    with transaction.atomic():
        standing = _lock(session)
        if not is_in_care(standing.client, by):
            raise NotInYourCare("This client is in another therapist's care.")
        if standing.is_in_error:
            raise SessionEnteredInError("This chart was entered in error. Nothing is added to it.")
        if not standing.is_signed:
            raise SessionNotSigned("This chart is not signed yet. Change it instead.")
        if kind == Amendment.Kind.LATE_ENTRY:
            _check_moment(happened_at, at=at)
        amendment = Amendment(session=standing, kind=kind, text=text, reason=reason, happened_at=happened_at)
        _append(amendment, by=by, at=at)
        audit.record(
            action="session.amended", at=at, by=by, target=amendment, about_client_id=standing.client_id, kind=kind
        )
        return amendment


def _check_moment(happened_at: datetime | None, *, at: datetime) -> None:
    if happened_at is None:
        raise NotThen("Say when it happened: a late entry shows that time and the time of writing.")
    if happened_at > at:
        raise NotThen("That time is still to come. A late entry tells of what has happened.")


def withdraw_session(session: TreatmentSession, *, reason: str, by: User, at: datetime) -> Amendment:
    """Mark the chart as entered in error and return the amendment that says why; the visit may be charted anew.

    The chart is kept and readable; lists, counts, measures and reports leave it out. A draft is closed the same way, with
    what it holds: it can be neither written nor signed. Its therapist does it, or once they have left the practice a
    colleague who has the client in care. Raises NotYourChart, NotInYourCare, SessionEnteredInError, ReasonMissing.
    Effects: locks session and chain, closes the chart, a place in the chain of amendments, audit.
    """
    with transaction.atomic():
        standing = _lock(session)
        if standing.therapist_id != by.pk and standing.therapist.is_active:
            raise NotYourChart("Only the therapist whose chart this is can say that it was entered in error.")
        if not is_in_care(standing.client, by):
            raise NotInYourCare("This client is in another therapist's care.")
        if standing.is_in_error:
            raise SessionEnteredInError("This chart is marked as entered in error already.")
        closing = {"entered_in_error_at": at}
        if not standing.is_signed:
            closing["content_hash"] = content_hash(session_content(fetch_parts(standing)))
        for name, value in closing.items():
            setattr(standing, name, value)
        amendment = Amendment(session=standing, kind=Amendment.Kind.ENTERED_IN_ERROR, reason=reason)
        _append(amendment, by=by, at=at)
        standing.save(update_fields=list(closing))
        audit.record(action="session.entered_in_error", at=at, by=by, target=standing, amendment=amendment.pk)
        return amendment


def _append(amendment: Amendment, *, by: User, at: datetime) -> None:
    """Sign the amendment and write it at the end of its chain."""
    if not amendment.reason.strip():
        raise ReasonMissing("Write why: it stands beside what is added.")
    amendment.at, amendment.by, amendment.signed_as = at, by, signature_of(by)
    link = next_link(Amendment, amendment_content(amendment))
    amendment.chain_position, amendment.content_hash = link.chain_position, link.content_hash
    amendment.chain_hash = link.chain_hash
    amendment.save(force_insert=True)
