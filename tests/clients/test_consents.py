"""Consents: texts with versions, and the newest answer that holds."""

import pytest
from django.db import IntegrityError

from clients.consents import CONSENTS, SignatureMissing, agrees, give_consent, has_consent, holding_consents
from clients.models import Client, Consent
from tests.world import NOW, minutes


def agree(client, scope, is_given=True, at=NOW, **fields):
    signature = {"signed_name": client.name, "is_by_guardian": False, **fields}
    return give_consent(client=client, scope=scope, is_given=is_given, at=at, **signature)


def test_consents_have_a_text_for_every_scope():
    assert set(CONSENTS) == set(Consent.Scope.values)
    assert [scope for scope, text in CONSENTS.items() if text.is_required] == ["treatment"]


def test_has_consent_follows_the_newest_answer(ada):
    assert not has_consent(ada, "share_with_referrer")

    agree(ada, "share_with_referrer")
    assert has_consent(ada, "share_with_referrer")

    withdrawn = agree(ada, "share_with_referrer", is_given=False, at=NOW + minutes(5))
    assert not has_consent(ada, "share_with_referrer")
    assert holding_consents(ada) == {"share_with_referrer": withdrawn}


def test_agrees_finds_whose_newest_answer_is_yes_and_nobody_else(ada, ben):
    assert not Client.objects.filter(agrees("pk", "share_with_referrer")).exists()

    agree(ada, "share_with_referrer")
    assert list(Client.objects.filter(agrees("pk", "share_with_referrer"))) == [ada]

    agree(ada, "share_with_referrer", is_given=False, at=NOW + minutes(5))
    assert not Client.objects.filter(agrees("pk", "share_with_referrer")).exists()


def test_give_consent_keeps_the_version_that_was_signed_and_never_changes_it(ada):
    consent = agree(ada, "treatment")

    assert consent.wording_version == CONSENTS["treatment"].version
    consent.is_given = False
    with pytest.raises(IntegrityError):
        consent.save()


def test_give_consent_needs_a_name(ada):
    with pytest.raises(SignatureMissing):
        agree(ada, "treatment", signed_name=" ")
