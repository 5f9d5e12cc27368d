""".env.example and the code name the same variables."""

import ast
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import json_object, secret

ROOT = Path(__file__).resolve().parent.parent.parent
READERS = {"str", "bool", "int", "list", "db", "email_url", "get", "secret", "whole_number", "json_object"}


def variables_read():
    """Return every variable config/ reads: the constant first argument of each call of a reader."""
    names = set()
    for path in (ROOT / "config").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                value = node.args[0].value
                if called in READERS and isinstance(value, str) and value.isupper():
                    names.add(value)
    return names


def lines_of_example():
    """Return (comment, name) for each variable of .env.example."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    for above, line in zip(lines, lines[1:], strict=False):
        name, equals, _ = line.removeprefix("# ").partition("=")
        if equals and name.isupper() and " " not in name:
            yield above, name


def test_example_names_exactly_what_the_code_reads():
    assert sorted(name for _, name in lines_of_example()) == sorted(variables_read())


def test_example_explains_each_variable_in_one_line():
    for comment, name in lines_of_example():
        assert comment.startswith("# "), name
        assert comment.endswith("."), name


def test_only_config_reads_the_environment():
    """A variable read elsewhere would be missing from .env.example."""
    apps = ("anatomy", "practice", "clients", "protocols", "booking", "sessions", "referrals", "reminders", "workspace")
    reading = [
        str(path.relative_to(ROOT))
        for app in apps
        for path in (ROOT / app).rglob("*.py")
        if "environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert reading == []


def test_a_providers_keys_are_one_json_object_and_may_stand_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("ANYMAIL", '{"POSTMARK_SERVER_TOKEN": "x"}')
    assert json_object("ANYMAIL") == {"POSTMARK_SERVER_TOKEN": "x"}
    monkeypatch.setenv("ANYMAIL", "token-without-braces")
    with pytest.raises(ImproperlyConfigured, match="ANYMAIL must be one JSON object") as refused:
        json_object("ANYMAIL")
    assert "token-without-braces" not in str(refused.value)

    file = tmp_path / "keys"
    file.write_text('{"MAILGUN_API_KEY": "y"}')
    monkeypatch.setenv("ANYMAIL_FILE", str(file))
    assert json_object("ANYMAIL") == {"MAILGUN_API_KEY": "y"}


@pytest.mark.parametrize("name", ["SECRET_KEY", "CHAIN_KEY"])
def test_a_secret_may_stand_in_a_file(name, tmp_path, monkeypatch):
    file = tmp_path / "secret"
    file.write_text("x" * 40 + "\n")
    monkeypatch.setenv(f"{name}_FILE", str(file))
    assert secret(name) == "x" * 40
