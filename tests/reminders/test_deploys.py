"""A new release while mails leave: workers are told to stop, and started again, in the middle of it."""

import signal
import time
from dataclasses import asdict

import pytest

from reminders.due import derive_due
from reminders.models import Message
from tests.reminders.product import PATIENCE, product
from tests.reminders.rush import ask, broken_hand_overs, count, people
from tests.reminders.sink import Sink, wait_until
from tests.support.proof import IS_LONG, keep, size
from tests.world import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.chaos]

DEPLOYS, AT_WORK = size(quick=3, long=20), 4  # mails that leave before the next deploy
MAILS = size(quick=40, long=600)
PARTS = ["worker"] if IS_LONG else ["first sender", "second sender"]


@pytest.fixture
def sink():
    """Writes down, then takes a moment to answer, so that a deploy meets senders that wait for it."""
    sink = Sink()
    sink.pauses["DATA"] = 0.05
    yield sink.start()
    sink.stop()


@pytest.fixture
def parts(practice, sink, tmp_path):
    """Mails to send, and the product's processes: its worker with a broker in the long form, else `manage.py send_due`."""
    ask(people(MAILS))
    assert derive_due(NOW) == MAILS
    with product(tmp_path / "data", sink) as parts:
        if IS_LONG:
            parts.start_broker()
        yield parts


def start_sending(parts) -> None:
    """Let the parts send: the worker with all its threads."""
    parts.start(*PARTS)
    if IS_LONG:
        parts.broker().flushall()  # orders the last one left
        parts.wake(times=4)


def deploy(parts, sink, *, by) -> float:
    """Start sending, and stop it in the middle; return the seconds that took."""
    before = len(sink.mails)
    start_sending(parts)
    assert wait_until(lambda: len(sink.mails) >= before + AT_WORK, PATIENCE), parts.words()
    begin = time.monotonic()
    parts.stop(*PARTS, by=by)
    return time.monotonic() - begin


def is_all_sent() -> bool:
    """Say whether nothing waits any more."""
    return not Message.objects.filter(state__in=["due", "claimed", "handoff"]).exists()


def test_deploys_while_sending_lose_nothing_and_repeat_nothing(parts, sink):
    stops, left_behind = [], 0
    while len(stops) < DEPLOYS and not left_behind:
        stops.append(round(deploy(parts, sink, by=signal.SIGTERM), 1))
        left_behind = Message.objects.filter(state__in=["claimed", "handoff"]).count()
    start_sending(parts)
    wait_until(is_all_sent, PATIENCE if not left_behind else 0)

    found = count(sink)
    keep("mails_under_deploys", deploys=len(stops), left_behind=left_behind, longest_stop=max(stops), **asdict(found))
    assert left_behind == 0
    assert len(stops) == DEPLOYS
    assert (found.lost, found.doubled, found.tripled, found.unknown, found.in_doubt) == (0, 0, 0, 0, 0)
    assert broken_hand_overs() == 0
    assert max(stops) < 10  # after which a supervisor kills


def test_killing_instead_leaves_mails_in_doubt(parts, sink):
    """The negative control."""
    in_doubt = 0
    for _ in range(5):
        deploy(parts, sink, by=signal.SIGKILL)
        if in_doubt := count(sink).in_doubt:
            break

    keep("mails_under_deploys_without_control", in_doubt=in_doubt)
    assert in_doubt > 0
