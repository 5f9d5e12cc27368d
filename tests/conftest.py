"""Fixtures of the one world. People have names and roles: Mia and Tom treat, Dana keeps the desk, Olga owns."""

import pytest
from hypothesis import HealthCheck, settings

from practice import clock, presence
from tests import world
from tests.support.flush import flush_past_the_guards  # noqa: F401

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def still_clock(monkeypatch):
    """Time stands at world.NOW unless a test moves it: `still_clock.at = …`."""

    class Stopped:
        at = world.NOW

    monkeypatch.setattr(clock, "now", lambda: Stopped.at)
    return Stopped


@pytest.fixture
def practice(db):
    return world.make_practice()


@pytest.fixture
def mia(practice):
    """A therapist with clients."""
    therapist = world.make_staff("mia", "Mia", "Berg", "therapist", credential="LMT 4711")
    world.make_hours(therapist)
    return therapist


@pytest.fixture
def tom(practice):
    """Another therapist, who must not see Mia's clients."""
    therapist = world.make_staff("tom", "Tom", "Reed", "therapist")
    world.make_hours(therapist)
    return therapist


@pytest.fixture
def dana(practice):
    """The front desk."""
    return world.make_staff("dana", "Dana", "Ortiz", "front_desk")


@pytest.fixture
def olga(practice):
    """The owner."""
    return world.make_staff("olga", "Olga", "Stein", "owner")


@pytest.fixture
def green_room(practice):
    return world.make_room("Green room")


@pytest.fixture
def massage(mia, tom, green_room):
    """A follow-up visit of an hour, given by Mia and Tom, with a quarter of an hour to turn the room over."""
    return world.make_service("Follow-up massage", "follow-up", 60, mia, tom)


@pytest.fixture
def ada(practice):
    """A client of nobody yet."""
    return world.make_client("Ada", "Müller")


@pytest.fixture
def ben(practice):
    """Another client."""
    return world.make_client("Ben", "Okafor", phone="+447911654321")


@pytest.fixture
def signed_in(client):
    """Sign `user` in, at the present moment, and return the test browser: `signed_in(mia).get(…)`."""

    def sign_in(user):
        client.force_login(user)
        session = client.session
        if session.pop(presence.KEY, None):  # the same person, later: a door, not a page left open since
            session.save()
        return client

    return sign_in
