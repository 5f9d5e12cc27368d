"""Reading a chart back: its entries, the visit before, and what the plan intends."""

from collections.abc import Iterable

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from protocols.models import Phase, Technique
from protocols.plans import current_phase, planned_minutes
from sessions.copying import Mark
from sessions.entries import FindingEntry, Plan, TestEntry, in_order
from sessions.models import CopiedField, FindingTechnique, MuscleFinding, TreatmentSession

FIELDS = (
    "muscle",
    "side",
    "tone",
    "tenderness",
    "has_trigger_point",
    "is_familiar_pain",
    "refers_to",
    "pressure",
    "minutes",
    "response",
)


def _parts() -> tuple[Prefetch | str, ...]:
    used = FindingTechnique.objects.select_related("technique")
    findings = MuscleFinding.objects.prefetch_related(Prefetch("used_techniques", used))
    copied = CopiedField.objects.select_related("source__appointment")
    return Prefetch("findings", findings), "test_results", Prefetch("copied_fields", copied)


def with_parts(sessions: QuerySet[TreatmentSession]) -> QuerySet[TreatmentSession]:
    """Return the sessions with findings, techniques, tests and copy marks fetched beside them: four queries, however many."""
    return sessions.prefetch_related(*_parts())


def fetch_parts(session: TreatmentSession) -> TreatmentSession:
    """Fetch findings, techniques, tests and copy marks beside one session, in four queries, and return it."""
    prefetch_related_objects([session], *_parts())
    return session


def finding_entries(session: TreatmentSession) -> list[FindingEntry]:
    """Return the stored findings as entries. Fetch the session by `with_parts` when reading many."""
    return [finding_entry(finding) for finding in sorted(session.findings.all(), key=lambda finding: finding.pk)]


def finding_entry(finding: MuscleFinding) -> FindingEntry:
    """Return one stored finding as an entry, its techniques by key in the order of the reviewed text."""
    techniques = sorted(
        (used.technique for used in finding.used_techniques.all()),
        key=lambda technique: (technique.position, technique.pk),
    )
    return FindingEntry(
        **{field: getattr(finding, field) for field in FIELDS},
        techniques=tuple(technique.key for technique in techniques),
    )


def test_entries(session: TreatmentSession) -> list[TestEntry]:
    """Return the stored test results as entries."""
    return [
        TestEntry(each.test, each.side, each.moment, each.result, each.value, each.felt_where)
        for each in session.test_results.all()
    ]


test_entries.__test__ = False  # a reader, no test


def copied_from(session: TreatmentSession) -> dict[Mark, TreatmentSession]:
    """Return, per field that still says so, the visit it was copied from."""
    return {Mark(row.spot, row.field): row.source for row in session.copied_fields.all()}


def recorded(session: TreatmentSession) -> list[FindingEntry]:
    """Return the findings with something in them, in the order of the muscle grid."""
    return in_order(finding for finding in finding_entries(session) if not finding.is_empty)


def previous_session(session: TreatmentSession) -> TreatmentSession | None:
    """Return the client's visit before this one, with its parts, or None."""
    earlier = TreatmentSession.objects.standing().filter(
        client=session.client_id, appointment__starts_at__lt=session.appointment.starts_at
    )
    return with_parts(earlier.select_related("appointment", "therapist")).newest_first().first()


def phase_of(session: TreatmentSession) -> Phase | None:
    """Return the phase of the plan this visit belongs to, or None without a plan."""
    return current_phase(session.plan, session.visit_number) if session.plan_id else None


def plans_for(phase: Phase | None, sides: Iterable[str]) -> list[Plan]:
    """Return what the phase intends per muscle and side, in its order. Two queries unless prefetched."""
    if phase is None:
        return []
    sides = tuple(sides)
    return [
        Plan(
            muscle=share.muscle,
            side=side,
            minutes=planned_minutes(share, sides),
            techniques=tuple(technique.key for technique in share.techniques.all()),
            technique_names=tuple(technique.name for technique in share.techniques.all()),
            pressure=share.pressure,
            note=share.note,
        )
        for share in phase.muscles.order_by("position", "pk").prefetch_related(
            Prefetch("techniques", Technique.objects.order_by("position", "pk"))
        )
        for side in sides
    ]
