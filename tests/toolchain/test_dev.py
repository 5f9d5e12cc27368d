"""`manage.py dev`: it opens the practice, says what is wrong in one line, and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess

import pytest

from tests.toolchain.practice_process import RunningPractice, free_port, processes_of, run_dev, wait_for

pytestmark = pytest.mark.one_database


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """One data folder for the module: only the first start has to make the demo practice."""
    folder = tmp_path_factory.mktemp("dev") / "data"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def nothing_left(data_dir):
    """Return what is left after a while: nothing, unless something survived."""
    wait_for(lambda: not processes_of(data_dir), 15)
    return processes_of(data_dir)


def one_line(ended):
    """Return the one line a refused start printed."""
    assert ended.returncode == 1
    (line,) = (ended.stdout + ended.stderr).strip().splitlines()
    return line


def test_dev_opens_the_practice_for_those_it_names(data_dir):
    """A first start: the page answers, a printed sign-in opens it, and nobody else may run on the same folder."""
    with RunningPractice(data_dir) as practice:
        assert f"The practice is open at http://127.0.0.1:{practice.port}" in practice.output()
        for part in ("gunicorn", "-A config worker", "-A config beat", "broker.sock"):
            assert part in " ".join(processes_of(data_dir).values())
        status, page = practice.get()
        assert status == 200
        assert 'name="password"' in page
        username, password, *who = practice.sign_ins()[0]
        assert who
        assert practice.sign_in(username, password)
        assert not practice.sign_in(username, "wrong " + password)
        assert "a practice already runs on" in one_line(run_dev(data_dir, free_port()))
        assert practice.get()[0] == 200


def test_ctrl_c_stops_all_in_order(data_dir):
    """Ctrl-C goes to the whole group of a terminal; only the supervisor is in it and stops the others."""
    with RunningPractice(data_dir) as practice:
        group = os.getpgid(practice.process.pid)
        others = [pid for pid in processes_of(data_dir) if pid != practice.process.pid]
        assert len(others) >= 5
        assert all(os.getpgid(pid) != group for pid in others)
        os.killpg(group, signal.SIGINT)
        assert practice.process.wait(30) == 0
        assert practice.output().endswith("Stopped.\n")
        assert nothing_left(data_dir) == {}


def test_dev_killed_leaves_nothing(data_dir):
    with RunningPractice(data_dir) as practice:
        assert len(processes_of(data_dir)) >= 6
        practice.process.kill()
        practice.process.wait()
        assert nothing_left(data_dir) == {}


def test_make_run_killed_leaves_nothing(data_dir):
    """The one who kills `make` itself is not left with a practice that nobody sees."""
    with RunningPractice(data_dir, command=["make", "run"]) as practice:
        assert len(processes_of(data_dir)) >= 7
        practice.process.kill()
        practice.process.wait()
        assert nothing_left(data_dir) == {}


@pytest.mark.parametrize(("words", "name"), [("-A config worker", "worker"), ("broker.sock", "broker")])
def test_dev_stops_all_and_says_which_part_ended(data_dir, words, name):
    with RunningPractice(data_dir) as practice:
        os.kill(practice.running(words), signal.SIGKILL)
        assert practice.process.wait(40) == 1
        assert f"the {name} was killed (signal 9), so everything was stopped." in practice.output()
        assert nothing_left(data_dir) == {}


def test_dev_says_that_the_port_is_taken(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = one_line(run_dev(tmp_path / "data", port))
    assert f"127.0.0.1:{port} cannot be used: Address already in use." in line
    assert f"make run PORT={port + 1}" in line


def test_dev_says_that_the_data_folder_cannot_be_written(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    line = one_line(run_dev(in_the_way / "data", free_port()))
    assert f"the data folder {in_the_way / 'data'} cannot be written: Not a directory." in line
    assert "make run DATA_DIR=" in line


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "eighty", "PORT must be a whole number from 1 to 65535, not 'eighty'."),
        ("PORT", "70000", "PORT must be a whole number from 1 to 65535, not '70000'."),
        ("SECRET_KEY", "short", "SECRET_KEY is too short"),
        ("CHAIN_KEY", "", "CHAIN_KEY is not set."),
        ("SITE_URL", "practice.example", "SITE_URL must look like https://practice.example."),
        ("HOST", "203.0.113.7", "203.0.113.7:"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:9/none", "the database cannot be used: connection failed"),
    ],
)
def test_dev_says_which_variable_is_wrong(tmp_path, variable, value, words):
    line = one_line(run_dev(tmp_path / "data", free_port(), **{variable: value}))
    assert words in line


def test_a_long_data_folder_gets_a_short_socket(tmp_path):
    """A socket's path holds 107 bytes at most; a practice in a deep folder opens all the same."""
    deep = tmp_path / ("deep folder, with spaces " * 4) / "data"
    with RunningPractice(deep, DEMO="false") as practice:
        assert practice.get()[0] == 200
        assert "broker.sock" in " ".join(processes_of(deep).values())
        practice.process.send_signal(signal.SIGTERM)
        assert practice.process.wait(30) == 0
        assert nothing_left(deep) == {}


def test_make_help_lists_every_target():
    told = subprocess.run(["make", "help"], capture_output=True, text=True, check=True).stdout
    for target in ("setup", "run", "test", "check", "lock", "audit", "migrations", "production-env"):
        assert f"make {target} " in told
