"""The only clock. Under DEMO it adds the offset kept in DATA_DIR/clock, so web and worker move together."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone


def clock_file() -> Path:
    """Return where the demo's offset is kept, in whole seconds as text."""
    return Path(settings.DATA_DIR) / "clock"


def offset() -> timedelta:
    """Return how far the demo's clock is ahead of the machine's; zero outside the demo."""
    if not settings.DEMO:
        return timedelta(0)
    try:
        return timedelta(seconds=int(clock_file().read_text(encoding="ascii")))
    except (FileNotFoundError, ValueError):
        return timedelta(0)


def now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return datetime.now(UTC) + offset()  # noqa: TID251 - this is the clock


def machine_now() -> datetime:
    """Return the machine's own moment, for leases: moving the demo's clock must not expire them."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock


class StepWatch:
    """Notices when the wall clock jumps against the clock that counts since boot.

    Shapes: `looking()` gives the jump since the last look as a timedelta, zero while it is within `tolerance`.
    """

    tolerance = timedelta(minutes=5)

    def __init__(self):
        self._lead = self._measure()
        self._lock = threading.Lock()

    @contextmanager
    def looking(self) -> Iterator[timedelta]:
        """Give the jump to one thread alone. Another that looks meanwhile waits until what follows from it is done."""
        with self._lock:
            yield self.jump()

    @staticmethod
    def _measure() -> float:
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)

    def jump(self) -> timedelta:
        """Return how far the clock jumped, and take the new time as the right one from here on."""
        lead = self._measure()
        jumped = timedelta(seconds=round(lead - self._lead))
        if abs(jumped) <= self.tolerance:
            return timedelta(0)
        self._lead = lead
        return jumped


def today() -> date:
    """Return the present date in the active zone (the practice's, inside a request)."""
    return timezone.localdate(now())


def move(by: timedelta) -> None:
    """Move the demo's clock by `by`. Raises RuntimeError outside the demo."""
    if not settings.DEMO:
        raise RuntimeError("The clock can be moved only in the demo.")
    seconds = int((offset() + by).total_seconds())
    draft = clock_file().with_suffix(".new")
    draft.write_text(str(seconds), encoding="ascii")
    draft.replace(clock_file())
