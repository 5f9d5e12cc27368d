"""`make setup`: what it makes, and the one line it says when it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import setup

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.one_database


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """An empty tree in place of this one."""
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    return tmp_path


def test_write_env_makes_secrets_of_its_own_that_only_the_owner_reads(tree):
    setup.write_env()
    text = (tree / ".env").read_text()
    found = dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))
    assert (tree / ".env").stat().st_mode & 0o777 == 0o600
    assert min(len(found["SECRET_KEY"]), len(found["CHAIN_KEY"])) >= 50
    assert found["SECRET_KEY"] != found["CHAIN_KEY"]
    assert found["DEMO"] == "true"


def test_write_env_never_touches_what_is_there(tree):
    (tree / ".env").write_text("SECRET_KEY=mine\n")
    setup.write_env()
    assert (tree / ".env").read_text() == "SECRET_KEY=mine\n"


def test_check_python_names_the_version_that_is_needed(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed, this is 3\.9\.2\."):
        setup.check_python()


def test_check_python_says_how_to_get_venv(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        setup.check_python()


def test_make_venv_leaves_what_is_no_environment_alone(tree):
    (tree / ".venv").mkdir()
    (tree / ".venv" / "letters.txt").write_text("mine")
    with pytest.raises(SystemExit, match="is in the way"):
        setup.make_venv()
    assert (tree / ".venv" / "letters.txt").read_text() == "mine"


def test_setup_without_a_network_says_so_in_one_line(tmp_path):
    """A copy of the tree, a pip without an index: a line of words, no traceback, and no stamp that says installed."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup.py", tmp_path / "tools")
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(
        [sys.executable, "tools/setup.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("setup: the packages could not be installed; check the network and try again. pip said: ")
    assert list((tmp_path / ".venv").glob("installed-*")) == []


def test_install_runs_pip_once_for_the_same_files(tree, monkeypatch):
    (tree / ".venv").mkdir()
    (tree / "requirements.txt").write_text("one==1\n")
    runs = []

    def pip(command, **_):
        runs.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(setup.subprocess, "run", pip)
    setup.install(["requirements.txt"], "…")
    setup.install(["requirements.txt"], "…")
    assert len(runs) == 1
    assert "--require-hashes" in runs[0]
    (tree / "requirements.txt").write_text("one==2\n")
    setup.install(["requirements.txt"], "…")
    assert len(runs) == 2


def test_every_requirement_is_pinned_by_hash_and_names_no_host():
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-tools.txt"):
        text = (ROOT / name).read_text()
        pins = [line for line in text.splitlines() if line and line[0].isalnum()]
        assert pins
        assert all("==" in pin and pin.endswith("\\") for pin in pins)
        assert "://" not in text
