"""A visit of Ada's with Mia under the piriformis protocol, ready to be charted."""

import pytest

from booking.models import Appointment
from clients.rescreen import record_all_no
from clients.screenings import current_screening, run_screening
from protocols.library import load_knowledge
from protocols.models import Protocol
from protocols.plans import start_plan
from sessions.charting import save_chart, sign_session, start_session
from sessions.entries import FindingEntry
from tests.clients.answers import calm
from tests.world import NINE, NOW, minutes


@pytest.fixture
def knowledge(db):
    return load_knowledge()


def make_visit(client, therapist, service, room, *, starts_at=NINE, **fields):
    """A booked hour; nothing of it is charted."""
    return Appointment.objects.create(
        client=client,
        therapist=therapist,
        service=service,
        room=room,
        starts_at=starts_at,
        ends_at=starts_at + minutes(60),
        booked_at=NOW,
        **fields,
    )


@pytest.fixture
def visit(ada, mia, massage, green_room):
    """Ada's hour with Mia at nine."""
    return make_visit(ada, mia, massage, green_room)


@pytest.fixture
def screening(ada, visit):
    """Nothing that Ada answered needs a doctor first."""
    return run_screening(client=ada, answers=calm(), at=NOW)


@pytest.fixture
def plan(ada, mia, screening, knowledge):
    """Mia's course for Ada's right side."""
    return start_plan(
        client=ada,
        protocol=Protocol.objects.get(key="piriformis_deep_gluteal"),
        screening=screening,
        side="right",
        goal="Sit through a film",
        by=mia,
        at=NOW,
    )


def ask_and_start(visit, therapist):
    """The safety questions at the visit's hour, all no, and the chart opened."""
    record_all_no(current_screening(visit.client), by=therapist, at=visit.starts_at)
    return start_session(visit, by=therapist, at=visit.starts_at)


@pytest.fixture
def draft(visit, plan, mia):
    """The chart of that hour, open and empty."""
    return start_session(visit, by=mia, at=NINE)


PIRIFORMIS = FindingEntry(
    "piriformis",
    "right",
    tone=3,
    tenderness=3,
    has_trigger_point=True,
    is_familiar_pain=True,
    refers_to="back of the thigh",
    techniques=("trigger_point_compression",),
    pressure=5,
    minutes=10,
    response="eased",
)


@pytest.fixture
def charted(draft, mia):
    """The same chart with pain, one muscle and words in it."""
    return save_chart(
        draft,
        version=draft.version,
        by=mia,
        at=NINE,
        pain_before_nrs=6,
        pain_after_nrs=3,
        subjective="Sitting was easier after the last visit.",
        findings=[PIRIFORMIS],
    )


@pytest.fixture
def signed(charted, mia):
    """Signed by Mia at the end of the hour."""
    return sign_session(charted, version=charted.version, by=mia, at=NINE + minutes(60))
