"""Child processes of `manage.py dev`: started in order, watched, stopped in reverse, and never left behind."""

import contextlib
import ctypes
import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 10


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to send this process `signal_number` when its parent ends, however it ends. Linux only, else no effect."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)


def _in_child(parent: int, signal_number: int) -> None:
    die_with_parent(signal_number)
    if os.getppid() != parent:  # the parent ended before the kernel was asked
        os._exit(1)


class Children:
    """The running parts of the practice, by name, in the order they were started."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen] = {}

    def start(
        self,
        name: str,
        command: list[str],
        *,
        log: Path | None = None,
        on_orphaned: int = signal.SIGTERM,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Start `command`, with `environment` on top of this process's own.

        Its output goes to `log`, or to this process's own. `on_orphaned` reaches it if this process is killed.

        Each child leads a session of its own, so that Ctrl-C reaches this process alone and the stop has an order.
        """
        out = log.open("wb") if log else None
        try:
            self.running[name] = subprocess.Popen(  # noqa: S603
                command,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT if out else None,
                start_new_session=True,
                preexec_fn=functools.partial(_in_child, os.getpid(), on_orphaned),
            )
        finally:
            if out:
                out.close()

    def ended(self) -> tuple[str, int] | None:
        """Return name and exit status of a child that has ended, or None while all run."""
        for name, child in self.running.items():
            if child.poll() is not None:
                return name, child.returncode
        return None

    def stop(self) -> None:
        """Stop the last started first, so that nothing runs without what it needs. An interrupt on the way kills the rest."""
        while self.running:
            name, child = self.running.popitem()
            try:
                child.terminate()
                child.wait(STOP_SECONDS)
            except (KeyboardInterrupt, subprocess.TimeoutExpired):
                _kill_session(child)
        # Nothing is left to stop; what a killed leader left in its session went with it.


def _kill_session(child: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
