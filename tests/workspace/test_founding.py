"""The first run: one page, once, with the code that the start printed."""

import pytest

from practice.models import AuditEvent, Practice, User
from protocols.models import Protocol
from workspace.founding import setup_code

FOUNDING = {
    "name": "Oak Lane",
    "time_zone": "America/New_York",
    "address": "1 Oak Lane",
    "phone": "+12125550100",
    "emergency_number": "911",
    "first_name": "Olga",
    "last_name": "Stein",
    "username": "olga",
    "email": "olga@oaklane.example",
    "roles": ["is_therapist"],
    "password": "a long enough password",
}


@pytest.fixture(autouse=True)
def real_installation(settings, tmp_path, db):
    settings.DEMO = False
    settings.DATA_DIR = tmp_path


def found(client, **changes):
    return client.post("/first-run/", {**FOUNDING, "setup_code": setup_code(), **changes})


def test_first_run_creates_the_practice_and_signs_its_owner_in(client):
    response = found(client)

    owner = User.objects.get()
    assert response["Location"] == "/practice/"
    assert owner.roles == {"owner", "therapist"}
    assert Practice.objects.get().time_zone == "America/New_York"
    assert not Practice.objects.get().is_demo
    assert Protocol.objects.exists()
    assert AuditEvent.objects.filter(action="practice.founded").exists()
    assert client.get("/practice/").status_code == 200


def test_first_run_refuses_who_has_not_seen_the_code(client):
    response = found(client, setup_code="0000-0000-0000")

    assert response.status_code == 422
    assert "not the set-up code" in response.content.decode()
    assert not Practice.objects.exists()


def test_first_run_opens_once(client):
    found(client)
    client.logout()

    assert client.get("/first-run/").status_code == 404


def test_the_setup_code_is_kept_from_other_users_of_the_machine_and_goes_when_used(client, tmp_path):
    setup_code()
    assert (tmp_path / "setup-code").stat().st_mode & 0o077 == 0

    found(client)

    assert not (tmp_path / "setup-code").exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("password", "short", "too short"),
        ("password", "password1234", "too common"),
        ("time_zone", "Mars/Base", "Select a valid choice"),
        ("phone", "12", "whole phone number"),
        ("emergency_number", "call me", "Digits only"),
        ("email", "nobody", "valid email"),
        ("username", "a b", "valid username"),
        ("name", "", "required"),
    ],
)
def test_first_run_says_at_the_field_what_is_wrong_and_keeps_the_rest(client, field, value, words):
    response = found(client, **{field: value})

    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert "1 Oak Lane" in page
    assert not Practice.objects.exists()


def test_first_run_does_not_exist_in_the_demo(client, settings):
    settings.DEMO = True

    assert client.get("/first-run/").status_code == 404
