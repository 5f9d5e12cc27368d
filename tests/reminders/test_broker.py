"""Redis flushed, killed, and away: what is due stands in the database, so all of it leaves once Redis is back."""

import base64
import re
import signal
import threading
import time
from contextlib import contextmanager, suppress

import pytest
import redis
from django.contrib.auth.hashers import make_password
from django.urls import reverse

from clients.models import Client
from practice.hashers import SmallArgon2
from reminders.models import Message
from tests.reminders.product import PATIENCE, product
from tests.reminders.rush import ask, count, people
from tests.reminders.sink import Sink, wait_until
from tests.support.proof import keep, size
from tests.world import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.chaos]

MAILS = size(quick=10, long=200)  # each time
AWAY = size(quick=3, long=120)  # seconds; the timetable would wake the worker every five
IN_TIME = 120  # seconds after Redis is back
PAGES = ["booking:day_board", "clients:client_list", "reminders:outbox"]
# What must not stand in Redis: health words, and the names and addresses of this test's people.
SECRETS = (
    "pain",
    "sciatica",
    "massage",
    "symptom",
    "screening",
    "therap",
    "intake",
    "@mail.example",
    "@elmstreet",
    "ortiz",
)
BODY = re.compile(r'"body": "([^"]+)"')


@pytest.fixture
def sink():
    sink = Sink().start()
    yield sink
    sink.stop()


@pytest.fixture
def parts(practice, dana, sink, tmp_path):
    """The product without its timetable, and who keeps the desk."""
    dana.password = make_password(PASSWORD, hasher=SmallArgon2())
    dana.save()
    with product(tmp_path / "data", sink) as parts:
        yield parts


class Round:
    """Some people who are asked something, and whether their mails arrived."""

    def __init__(self, sink, parts):
        self.sink, self.parts, self.asked = sink, parts, 0

    def ask(self) -> None:
        """Let the next people get a mail."""
        ask(people(MAILS, first=self.asked))
        self.asked += MAILS

    def have_arrived(self, seconds: float = PATIENCE) -> bool:
        """Say whether everybody asked so far has theirs within so many seconds."""
        return wait_until(lambda: len(self.sink.mails) >= self.asked, seconds)


@contextmanager
def reading_all(parts, seen: set[bytes]):
    """Read every key and value in Redis again and again, into `seen`, as long as this lasts."""
    is_over = threading.Event()

    def read():
        while not is_over.wait(0.02):
            with suppress(redis.RedisError):
                seen.update(everything(parts.broker()))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        is_over.set()
        reader.join()


def everything(broker: redis.Redis) -> set[bytes]:
    """Return every key in Redis and whatever it holds."""
    reads = {
        b"string": lambda key: [broker.get(key)],
        b"list": lambda key: broker.lrange(key, 0, -1),
        b"set": broker.smembers,
        b"hash": lambda key: [part for pair in broker.hgetall(key).items() for part in pair],
        b"zset": lambda key: broker.zrange(key, 0, -1),
    }
    found = set()
    for key in broker.scan_iter():
        kind = broker.type(key)
        found |= {key, *filter(None, reads[kind](key) if kind in reads else [])}
    return found


def is_all_sent() -> bool:
    """Say whether the outbox knows that all of it arrived."""
    return Message.objects.filter(state="sent").count() == Client.objects.count()


def in_words(seen: set[bytes]) -> list[str]:
    """Return what was read as text, and with it what stands packed inside an order."""
    told = [text.decode(errors="replace") for text in seen]
    return told + [base64.b64decode(body).decode() for text in told for body in BODY.findall(text)]


def test_redis_lost_flushed_and_away_delays_mails_and_loses_none(parts, sink):
    asked, seen = Round(sink, parts), set()
    parts.start_broker()
    parts.start("web")
    desk = parts.sign_in("dana", PASSWORD)

    # The control: what stood in Redis alone is lost with it.
    asked.ask()
    parts.wake()
    parts.broker().flushall()
    parts.start("worker")
    assert wait_until(parts.is_listening, PATIENCE), parts.words()
    lost_with_redis = not asked.have_arrived(1.5)

    # What is due stands in the database: the timetable's next order sends it.
    parts.start("timetable")
    with reading_all(parts, seen):
        found_again = asked.have_arrived()
        for _ in range(size(quick=0, long=5)):
            asked.ask()
            parts.broker().flushall()
            found_again = asked.have_arrived() and found_again

    # Away: nothing leaves, and every page is there.
    parts.stop("broker", by=signal.SIGKILL)
    asked.ask()
    before, until, pages = len(sink.mails), time.monotonic() + AWAY, []
    while time.monotonic() < until:
        newcomer = parts.sign_in("dana", PASSWORD)
        pages += [visitor.open(reverse(page))[0] for visitor in (desk, newcomer) for page in PAGES]
        time.sleep(1)
    left_meanwhile = len(sink.mails) - before

    # Back: all of it leaves.
    parts.start_broker()
    back = time.monotonic()
    with reading_all(parts, seen):
        all_arrived = asked.have_arrived(IN_TIME)
        late = time.monotonic() - back
        wait_until(is_all_sent, PATIENCE)
    found, told = count(sink), in_words(seen)
    results = [text for text in told if "celery-task-meta" in text]
    secrets = [text for text in told if any(word in text.lower() for word in SECRETS)]
    keep(
        "mails_without_redis",
        mails=asked.asked,
        lost=found.lost,
        doubled=found.doubled,
        seconds_away=AWAY,
        pages_meanwhile=len(pages),
        left_meanwhile=left_meanwhile,
        seconds_late_after_return=round(late, 1),
        read_in_redis=len(told),
        results_in_redis=len(results),
        secrets_in_redis=len(secrets),
    )
    assert lost_with_redis
    assert found_again, parts.words()
    assert set(pages) == {200}
    assert left_meanwhile == 0
    assert all_arrived, parts.words()
    assert (found.lost, found.doubled, found.tripled) == (0, 0, 0)
    assert is_all_sent()
    assert told
    assert (results, secrets) == ([], [])
