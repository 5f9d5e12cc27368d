"""Links from mails: 256 bits, kept as a hash, one purpose, an end."""

from datetime import timedelta

import pytest

from booking.models import AppointmentLink
from clients.models import Intake, IntakeLink
from clients.records import FIELDS, update_client
from practice.links import Link, token_hash
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


def test_a_new_address_shuts_every_link_sent_to_the_old_one(token, ada, mia, dana, massage):
    visit = make_visit(ada, mia, massage)
    of_visit = AppointmentLink.mint(now=NOW, expires_at=NOW + DAY, appointment=visit)

    update_client(ada, by=dana, at=NOW, **{**_details(ada), "email": "new@mail.example"})

    assert IntakeLink.objects.opened_by(token, now=NOW) is None
    assert AppointmentLink.objects.opened_by(of_visit, now=NOW) is None


def _details(client):
    return {name: getattr(client, name) for name in FIELDS}


def test_every_link_table_says_whose_mailbox_it_went_to():
    named = {model.__name__: model.of_client for model in Link.__subclasses__()}

    assert named == {
        "IntakeLink": "intake__client",
        "AppointmentLink": "appointment__client",
        "BookingLink": "invitation__client",
        "WaitlistOfferLink": "offer__entry__client",
        "CheckInLink": "check_in__client",
        "HomeProgrammeLink": "plan__client",
        "UnsubscribeLink": "client",
        "ReportLink": "",
        "ReferralLink": "",
    }


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
