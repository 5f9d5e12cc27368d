"""tools/pgtemp.py: a PostgreSQL for one command, gone afterwards."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.toolchain.practice_process import wait_for
from tools import pgtemp

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.one_database


def servers(folder):
    """Return the command lines of the servers whose data lie in `folder`."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in lines if f"{folder}/data" in line]


def folder_of(url):
    """Return the folder a cluster's DATABASE_URL points into."""
    return Path(url.split("host=")[1])


def test_cluster_answers_and_leaves_nothing():
    with pgtemp.cluster() as url:
        folder = folder_of(url)
        with psycopg.connect(f"host={folder} user=postgres dbname=postgres") as connection:
            assert connection.execute("SELECT upper('müller')").fetchone() == ("MÜLLER",)
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_a_command_gets_the_database_and_gives_its_exit_status():
    command = [sys.executable, "tools/pgtemp.py", "--", "sh", "-c", "echo $DATABASE_URL; exit 7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert done.stdout.startswith("postgres://postgres@/postgres?host=/tmp/pg-")
    assert not folder_of(done.stdout.strip()).exists()


def test_killed_leaves_no_server():
    command = [sys.executable, "tools/pgtemp.py", "--", "sh", "-c", "echo $DATABASE_URL; exec sleep 60"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        folder = folder_of(process.stdout.readline().strip())
        try:
            assert wait_for(lambda: servers(folder), 5)
            process.kill()
            assert wait_for(lambda: not servers(folder), 10)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            shutil.rmtree(folder)


def test_without_postgres_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr(pgtemp, "candidates", lambda: iter([Path("/nowhere")]))
    with pytest.raises(pgtemp.NoPostgres, match="apt-get install postgresql"):
        pgtemp.find_binaries()
