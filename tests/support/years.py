"""A client with a long past: many signed visits, written directly and at once."""

from datetime import timedelta

from django.db.models import F

from anatomy.body import MUSCLES, SIDES
from booking.models import Appointment
from protocols.models import Technique
from sessions.entries import FindingEntry
from sessions.models import FindingTechnique, MuscleFinding, OutcomeScore, TreatmentSession
from tests.world import NINE, NOW, minutes

WORDS = "Sat for an hour without getting up, walked the dog twice, slept through. "


def earlier_visits(session, service, count: int, *, first: int = 1, muscles=("piriformis", "gluteus_medius")) -> list:
    """Give the client of `session` signed visits on the `count` days before, from `first` days ago on; each charts `muscles`."""
    starts = [NINE - timedelta(days=first + number) for number in range(count)]
    visits = Appointment.objects.bulk_create(
        Appointment(
            client=session.client,
            therapist=session.therapist,
            service=service,
            starts_at=at,
            ends_at=at + minutes(60),
            booked_at=at,
            status="completed" if "completed" in Appointment.Status.values else "arrived",
        )
        for at in starts
    )
    sessions = TreatmentSession.objects.bulk_create(
        TreatmentSession(
            appointment=visit,
            client=session.client,
            therapist=session.therapist,
            plan=session.plan,
            screening=session.screening,
            started_at=visit.starts_at,
            pain_before_nrs=6,
            pain_after_nrs=4,
            **dict.fromkeys(("subjective", "objective", "assessment", "plan_text"), WORDS * 4),
        )
        for visit in visits
    )
    findings = MuscleFinding.objects.bulk_create(
        MuscleFinding(session=each, muscle=muscle, side="right", tone=2, tenderness=3, minutes=5, response="eased")
        for each in sessions
        for muscle in muscles
    )
    technique = Technique.objects.order_by("position", "pk").first()
    FindingTechnique.objects.bulk_create(FindingTechnique(finding=each, technique=technique) for each in findings)
    OutcomeScore.objects.bulk_create(
        OutcomeScore(client=session.client, session=each, measure=measure, score=5, measured_at=each.started_at)
        for each in sessions
        for measure in ("pain_before", "pain_after")
    )
    TreatmentSession.objects.filter(pk__in=[each.pk for each in sessions]).update(
        signed_at=NOW,
        signed_by=session.therapist,
        signed_as="Mia Berg, LMT 4711",
        chain_position=F("pk") + 1000,
        content_hash="f" * 64,
    )
    return sessions


def every_muscle() -> list[FindingEntry]:
    """Every muscle on both sides, with everything filled in that a card can hold."""
    return [
        FindingEntry(
            muscle,
            side.value,
            tone=3,
            tenderness=4,
            has_trigger_point=True,
            is_familiar_pain=True,
            refers_to="back of the thigh, down to the calf",
            techniques=("trigger_point_compression", "myofascial_release"),
            pressure=5,
            minutes=2,
            response="eased",
        )
        for muscle in MUSCLES
        for side in SIDES
    ]
