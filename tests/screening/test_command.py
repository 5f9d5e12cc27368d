"""manage.py screen: cases in, results out, on a bare machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clients.screening import screen
from tests.screening.cases import ALL_NO

MANAGE = Path(__file__).parents[2] / "manage.py"
EMPTY = {"ENV_FILE": os.devnull}  # no secret, no database, no .env


def run(given, *arguments, env=EMPTY):
    """Run `manage.py screen` as a process of its own; `given` goes to standard input as it is."""
    given = given if isinstance(given, bytes) else json.dumps(given).encode()
    command = [sys.executable, str(MANAGE), *(arguments or ("screen", "-"))]
    return subprocess.run(command, input=given, capture_output=True, env=env, timeout=60, check=False)


@pytest.fixture
def told(tmp_path, capsys):
    """Screen a document through the command and return what it printed, as text."""

    def tell(document):
        file = tmp_path / "cases.json"
        file.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        call_command("screen", str(file))
        return capsys.readouterr().out

    return tell


def refused(told, document):
    with pytest.raises(CommandError) as refusal:
        told(document)
    assert refusal.value.returncode == 2
    return str(refusal.value)


def test_screen_works_with_an_empty_environment():
    done = run({"answers": {"saddle_numbness": True}})

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["triage"] == "emergency"


def test_screen_works_with_a_secret_that_is_broken():
    done = run({"answers": {}}, env=EMPTY | {"SECRET_KEY": "short", "CHAIN_KEY_FILE": "/nowhere"})

    assert done.returncode == 0


def test_screen_opens_no_database():
    done = run({"answers": {}}, env=EMPTY | {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"})

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["check", "screen_replay", "migrate"])
def test_every_other_command_still_names_the_missing_secret(command):
    done = run(b"", command)

    assert done.returncode != 0
    assert b"SECRET_KEY" in done.stderr
    assert run(b"", command, "screen").returncode != 0


def test_a_bad_case_exits_with_two_and_names_key_and_index():
    done = run([{"answers": {}}, {"answers": {"horoscope": True}}])

    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Case 1" in done.stderr and b"horoscope" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_missing_file_exits_with_two():
    done = run(b"", "screen", "/nowhere/cases.json")

    assert done.returncode == 2
    assert b"/nowhere/cases.json" in done.stderr


def test_object_in_object_out(told):
    assert json.loads(told({"answers": ALL_NO})) == screen(ALL_NO).as_dict()


def test_list_in_list_out_in_order_with_the_id_echoed(told):
    cases = [
        {"id": "b", "answers": ALL_NO},
        {"id": 7, "answers": {"foot_drop": True}},
        {"answers": {}},
        {"id": None, "answers": {}},
    ]

    found = json.loads(told(cases))

    assert [case.get("id", "none") for case in found] == ["b", 7, "none", None]
    assert [case["triage"] for case in found] == ["treat", "emergency", "incomplete", "incomplete"]


def test_an_empty_list_gives_an_empty_list(told):
    assert json.loads(told([])) == []


def test_keys_beside_answers_are_ignored(told):
    assert json.loads(told({"answers": {}, "name": "Ada", "horoscope": 3}))["triage"] == "incomplete"


def test_an_id_with_half_a_letter_is_echoed(told):
    assert json.loads(told(b'{"id": "\\ud800", "answers": {}}'))["id"] == "\ud800"


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([{"answers": {}}, {"answers": {"fever": "yes"}}], ("Case 1", "fever")),
        ([{"answers": {"pain_now": 11}}], ("Case 0", "pain_now")),
        ({"answers": {"sij_tests_done": 1, "sij_tests_positive": 2}}, ("Case 0", "sij_tests_positive")),
        ({"answers": {"trp_familiar_pain": ["elbow"]}}, ("trp_familiar_pain",)),
        ({}, ("Case 0", "answers")),
        ({"answers": None}, ("answers",)),
        ({"answers": []}, ("answers",)),
        ([3], ("Case 0",)),
        ([[]], ("Case 0",)),
        ("text", ("Case 0",)),
        (b"null", ("Case 0",)),
        (b"", ("JSON",)),
        (b"{", ("JSON",)),
        (b"\xff\xfe{}", ("JSON",)),
        (b"\xef\xbb\xbf[]", ("JSON", "BOM")),
        (b'[{"answers": {}}, {"answers": {"fever": true, "fever": false}}]', ("Case 1", "fever", "twice")),
        (b'[{"answers": {"foot_drop": true}, "answers": {}}]', ("Case 0", "answers", "twice")),
        (b'[{"answers": {}}, {"answers": {"duration_weeks": NaN}}]', ("Case 1", "duration_weeks")),
        (b'{"answers": {"duration_weeks": -Infinity}}', ("Case 0", "duration_weeks")),
        (b'{"answers": {"duration_weeks": 1e999}}', ("Case 0", "duration_weeks")),
        (b'{"answers": {"fever": NaN}}', ("Case 0", "fever")),
        (b'[{"answers": {}}, {"answers": {"age": ' + b"9" * 5000 + b"}}]", ("Case 1", "age")),
        (b'{"id": 1e999, "answers": {}}', ("Case 0", "id")),
        (b'{"id": [{"of": NaN}], "answers": {}}', ("Case 0", "id")),
        (b'{"answers": {"age": true}}', ("Case 0", "age")),
        (b'{"answers": {"age": "40"}}', ("Case 0", "age")),
        (b'{"answers": {"saddle_numbness": 0}}', ("Case 0", "saddle_numbness")),
        (b'{"answers": {"slr": "not_sure"}}', ("Case 0", "slr")),
        (b'{"answers": {"duration_weeks": -1}}', ("Case 0", "duration_weeks")),
        (b'{"answers": {"trp_familiar_pain": {"piriformis": true}}}', ("Case 0", "trp_familiar_pain")),
        (b'{"answers": {"fever": ' + b"[" * 900 + b"]" * 900 + b"}}", ("Case 0", "fever")),
        (b'{"answers": {"\\u0000": true}}', ("x00",)),
        (b"[" * 200_000, ("nested",)),
    ],
    ids=range(33),
)
def test_what_is_refused_and_named(told, document, named):
    message = refused(told, document)

    assert all(word in message for word in named), message


def test_an_id_that_is_nested_to_the_limit_is_echoed_or_refused(told):
    for depth in (700, *range(960, 1020, 5)):
        document = b'[{"answers": {}, "id": ' + b"[" * depth + b"]" * depth + b"}]"
        try:
            assert told(document).count("[") > depth
        except CommandError as error:
            assert error.returncode == 2


def test_a_muscle_named_twice_counts_once(told):
    one, two = ({"answers": ALL_NO | {"trp_familiar_pain": ["piriformis"] * times}} for times in (1, 2))

    assert told(one) == told(two)


def test_a_path_with_a_nul_byte_is_refused():
    with pytest.raises(CommandError) as refusal:
        call_command("screen", "cases\0.json")

    assert refusal.value.returncode == 2
