"""A visit, a signed session and a mail server that remembers, for the outbox's tests."""

import pytest

from tests.support.visits import make_session, make_visit, sign


@pytest.fixture
def visit(ada, mia, massage, green_room):
    """Ada with Mia at nine, in the green room."""
    return make_visit(ada, mia, massage, green_room)


@pytest.fixture
def signed_session(visit):
    """Mia's session with Ada, signed at NOW."""
    return sign(make_session(visit))


class Postbox:
    """Takes mails and remembers them; `refuse` may be set to an exception to raise instead."""

    def __init__(self):
        self.mails = []
        self.refuse = None

    def __call__(self, mail):
        if self.refuse:
            raise self.refuse
        self.mails.append(mail)


@pytest.fixture
def postbox():
    return Postbox()
