"""Links from mails are not guessed."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from clients.models import Intake, IntakeLink
from tests.world import NOW

GUESSES = 60


@pytest.fixture(autouse=True)
def nobody_guessed_before(db):
    cache.clear()


@pytest.fixture
def url(ada):
    intake = Intake.objects.create(client=ada, requested_at=NOW)
    return address(IntakeLink.mint(now=NOW, expires_at=NOW + timedelta(days=14), intake=intake))


def address(token):
    return reverse("clients:intake_open", args=[token])


def guess(client, times):
    for number in range(times):
        assert client.get(address(f"{number:043}")).status_code == 404


def test_who_guessed_too_often_is_not_told_that_the_next_one_is_right(client, url):
    guess(client, GUESSES - 1)
    assert client.get(url).status_code == 302

    guess(client, 1)
    page = client.get(url)

    assert page.status_code == 404
    assert "ask us for a new link" in page.content.decode()
    assert client.get(url, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_what_opens_does_not_count(client, url):
    for _ in range(GUESSES + 5):
        assert client.get(url).status_code == 302
