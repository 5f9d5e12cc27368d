"""Links from mails: 256 bits, kept as a hash, one purpose, an end."""

from datetime import timedelta

import pytest

from booking.models import AppointmentLink
from clients.models import Intake, IntakeLink
from practice.links import token_hash
from tests.support.visits import make_visit
from tests.world import NOW

DAY = timedelta(days=1)


@pytest.fixture
def intake(ada):
    return Intake.objects.create(client=ada, requested_at=NOW)


@pytest.fixture
def token(intake):
    return IntakeLink.mint(now=NOW, expires_at=NOW + DAY, intake=intake)


def test_a_link_opens_by_its_token_until_its_end(token):
    assert IntakeLink.objects.opened_by(token, now=NOW + DAY - timedelta(seconds=1))
    assert IntakeLink.objects.opened_by(token, now=NOW + DAY) is None


def test_a_revoked_link_opens_no_more(token):
    assert IntakeLink.objects.revoke(at=NOW) == 1

    assert IntakeLink.objects.opened_by(token, now=NOW) is None


def test_the_token_stands_nowhere_in_the_database(token):
    link = IntakeLink.objects.get()

    assert len(token) == 43
    assert token not in str([getattr(link, field.attname) for field in link._meta.fields])
    assert link.token_hash == token_hash(token)


def test_a_link_of_one_purpose_opens_no_other(token, ada, mia, massage):
    make_visit(ada, mia, massage)

    assert AppointmentLink.objects.opened_by(token, now=NOW) is None


def test_every_flipped_character_shuts_the_link(token):
    for place, letter in enumerate(token):
        other = "A" if letter != "A" else "B"
        assert IntakeLink.objects.opened_by(token[:place] + other + token[place + 1 :], now=NOW) is None


def test_the_handle_alone_opens_nothing(token):
    assert IntakeLink.objects.opened_by(IntakeLink.objects.get().handle, now=NOW) is None
