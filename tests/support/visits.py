"""Rows of a visit made directly, for rooms that stand behind booking and charting."""

from booking.models import Appointment
from clients.models import Screening
from sessions.models import TreatmentSession
from tests.world import NINE, NOW, minutes


def make_visit(client, therapist, service, room=None, starts_at=NINE, **fields) -> Appointment:
    return Appointment.objects.create(
        client=client,
        therapist=therapist,
        service=service,
        room=room,
        starts_at=starts_at,
        ends_at=starts_at + minutes(service.duration_minutes),
        booked_at=NOW,
        **fields,
    )


def make_screening(client, **fields) -> Screening:
    shown = {"answers": {}, "result": {"flags": []}, "triage": "treat", "pattern": "insufficient_data"}
    return Screening.objects.create(client=client, rules_version="test", at=NOW, **{**shown, **fields})


def make_session(visit, **fields) -> TreatmentSession:
    screening = fields.pop("screening", None) or make_screening(visit.client)
    return TreatmentSession.objects.create(
        appointment=visit,
        client=visit.client,
        therapist=visit.therapist,
        screening=screening,
        **{"started_at": visit.starts_at, **fields},
    )


def sign(session, position=1):
    """Mark a session signed as its therapist, past the domain function."""
    type(session).objects.filter(pk=session.pk).update(
        signed_at=NOW, signed_by=session.therapist, signed_as="Mia Berg, LMT 4711", chain_position=position
    )
    session.refresh_from_db()
    return session
