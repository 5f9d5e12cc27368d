"""A visit, a signed session and a mail server that remembers, for the outbox's tests."""

import pytest

from booking.models import Appointment
from clients.models import Screening
from sessions.models import TreatmentSession
from tests.world import NINE, NOW, minutes


@pytest.fixture
def visit(ada, mia, massage, green_room):
    """Ada with Mia at nine, in the green room."""
    return Appointment.objects.create(
        client=ada,
        therapist=mia,
        service=massage,
        room=green_room,
        starts_at=NINE,
        ends_at=NINE + minutes(60),
        booked_at=NOW,
    )


def make_session(visit, **fields) -> TreatmentSession:
    screening = Screening.objects.create(
        client=visit.client,
        answers={},
        result={},
        triage="treat",
        pattern="insufficient_data",
        rules_version="test",
        at=NOW,
    )
    return TreatmentSession.objects.create(
        appointment=visit,
        client=visit.client,
        therapist=visit.therapist,
        screening=screening,
        started_at=visit.starts_at,
        **fields,
    )


@pytest.fixture
def signed_session(visit, mia):
    """Mia's session with Ada, signed at NOW."""
    return make_session(visit, signed_at=NOW, signed_by=mia, chain_position=1)


class Postbox:
    """Takes mails and remembers them; `refuse` may be set to an exception to raise instead."""

    def __init__(self):
        self.mails = []
        self.refuse = None

    def __call__(self, mail):
        if self.refuse:
            raise self.refuse
        self.mails.append(mail)

    @property
    def subjects(self):
        return [mail.subject for mail in self.mails]


@pytest.fixture
def postbox():
    return Postbox()
