"""`manage.py dev` as a child of a test, and what is left of it."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from config import broker

ROOT = Path(__file__).resolve().parent.parent.parent
SECRETS = {"SECRET_KEY": "s" * 20 + "1234567890" * 2, "CHAIN_KEY": "c" * 20 + "1234567890" * 2}
OPEN_WORDS = "The practice is open"


def free_port():
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(data_dir, port, **more):
    """Return the environment of a practice on `data_dir` and `port`, and of nothing else."""
    return {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "DEMO": "true",
        "BOOKING_MAIL_HOLD": "0",
        **SECRETS,
        **more,
    }


def run_dev(data_dir, port, **more):
    """Run a practice that is expected not to start; return the ended process with its output."""
    command = [sys.executable, "manage.py", "dev"]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(data_dir, port, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def processes_of(data_dir):
    """Return command lines by process id of all processes that were started for `data_dir`.

    They are known by their environment; the broker, which writes its title over it, by its socket.
    """
    marker, socket_file, found = f"DATA_DIR={data_dir}".encode(), str(broker.socket_path(Path(data_dir))), {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if marker in (folder / "environ").read_bytes().split(b"\0") or socket_file in line:
                found[int(folder.name)] = line
    return found


def wait_for(condition, seconds):
    """Return what `condition` returns once it is true, or its last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


class RunningPractice:
    """A practice that was started and answered."""

    def __init__(self, data_dir, *, command=None, **more):
        self.data_dir, self.port = data_dir, free_port()
        self.log = Path(tempfile.mkstemp(prefix="practice-output-")[1])
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                command or [sys.executable, "manage.py", "dev"],
                cwd=ROOT,
                env=environment(data_dir, self.port, **more),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self):
        wait_for(lambda: OPEN_WORDS in self.output() or self.process.poll() is not None, 120)
        return self

    def __exit__(self, *_):
        for pid in processes_of(self.data_dir):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.log.unlink()

    def output(self):
        """Return all it has printed so far."""
        return self.log.read_text()

    def get(self, path="/"):
        """Return status and text of a page that is no error, redirects followed."""
        with urllib.request.build_opener().open(self.address(path), timeout=20) as answer:
            return answer.status, answer.read().decode()

    def address(self, path):
        """Return the whole address of `path`."""
        return f"http://127.0.0.1:{self.port}{path}"

    def sign_ins(self):
        """Return the printed sign-ins, each as its words: username, password, who."""
        return [line.split() for line in self.output().splitlines() if line.startswith("  ")]

    def sign_in(self, username, password):
        """Say whether a browser of its own can sign in with these and then sees a page without the sign-in form."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        form = browser.open(self.address("/accounts/login/"), timeout=20).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form).group(1)
        answers = {"csrfmiddlewaretoken": token, "login": username, "password": password}
        try:
            page = browser.open(self.address("/accounts/login/"), urllib.parse.urlencode(answers).encode(), timeout=20)
        except urllib.error.HTTPError:
            return False
        return 'name="login"' not in page.read().decode()

    def running(self, words):
        """Return the process id of the part whose command line contains `words`."""
        return min(pid for pid, line in processes_of(self.data_dir).items() if words in line)
