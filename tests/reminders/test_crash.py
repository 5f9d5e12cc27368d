"""Workers killed at random moments: nothing is lost, nothing comes three times, nothing stays behind."""

from dataclasses import asdict

import pytest

from clients.models import Task
from reminders.due import derive_due
from reminders.models import Message
from tests.reminders.rush import ask, broken_hand_overs, count, people, run_workers
from tests.reminders.sink import Sink
from tests.support.proof import keep, size
from tests.world import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.chaos]

# The sink's pause and the lives are such that the kills are spread over the sending, and most meet a hand-off.
MAILS, KILLS, SEED = size(quick=60, long=2000), size(quick=6, long=50), 20261123
MAILS_WITHOUT_CONTROL = size(quick=40, long=400)
LONGEST_LIFE, PAUSE = size(quick=500, long=1400) / 1000, 0.04


@pytest.fixture
def sink():
    """Writes down, then takes a moment to answer: the gap in which a kill leaves doubt."""
    sink = Sink()
    sink.pauses["DATA"] = PAUSE
    yield sink.start()
    sink.stop()


def send_while_killing(sink, *, mails, sends) -> int:
    """Let as many mails be due, and send them with workers that are killed; return how many were."""
    ask(people(mails))
    assert derive_due(NOW) == mails
    plan = {"kills": KILLS, "longest_life": LONGEST_LIFE, "seed": SEED}
    return run_workers(sink, how="killed", sends=sends, **plan)["kills"]


def test_killed_workers_lose_nothing_and_repeat_at_most_one_mail_each(practice, sink):
    kills = send_while_killing(sink, mails=MAILS, sends="leased")

    found, broken = count(sink), broken_hand_overs()
    keep("mails_under_kill", kills=kills, kills_in_a_hand_off=broken, **asdict(found), seed=SEED)
    assert kills == KILLS
    assert 0 < broken <= kills
    assert (found.lost, found.tripled, found.in_doubt) == (0, 0, 0)
    assert found.doubled <= broken
    assert Message.objects.filter(state="sent").count() + found.unknown == MAILS
    assert Task.objects.count() == found.unknown


def test_killed_workers_that_mark_before_they_send_do_lose_mails(practice, sink):
    """The negative control: the same kills, the other order."""
    sink.pauses["MAIL"] = PAUSE

    send_while_killing(sink, mails=MAILS_WITHOUT_CONTROL, sends="marked")

    marked, lost = Message.objects.filter(state="sent").count(), count(sink).lost
    keep("mails_under_kill_without_control", marked_as_sent=marked, lost=lost)
    assert lost > MAILS_WITHOUT_CONTROL - marked
