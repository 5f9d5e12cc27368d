"""Four senders and two sweeps over the same rows, in processes of their own: each mail once."""

from dataclasses import asdict

import pytest

from reminders.models import Message
from tests.reminders.rush import broken_hand_overs, count, people, run_workers
from tests.reminders.sink import Sink
from tests.support.proof import keep, size

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.chaos]

MAILS, MAILS_WITHOUT_CONTROL = size(quick=200, long=5000), size(quick=40, long=400)


@pytest.fixture
def sink():
    sink = Sink().start()
    yield sink
    sink.stop()


def test_four_senders_and_two_sweeps_send_each_mail_once(practice, sink):
    people(MAILS)

    told = run_workers(sink, how="crowd", sends="leased")

    found = count(sink)
    keep("mails_of_a_crowd", **told, **asdict(found))
    assert (found.lost, found.doubled, found.tripled, found.unknown, found.in_doubt) == (0, 0, 0, 0, 0)
    assert broken_hand_overs() == 0
    assert Message.objects.filter(state="sent").count() == MAILS


def test_the_same_senders_without_a_claim_send_mails_twice(practice, sink):
    people(MAILS_WITHOUT_CONTROL)

    run_workers(sink, how="crowd", sends="unclaimed")

    found = count(sink)
    keep("mails_of_a_crowd_without_control", **asdict(found))
    assert found.doubled + found.tripled > 0
