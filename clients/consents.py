"""What the client agreed to: the texts they sign, and the newest answer per scope."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery

from clients.models import Client, Consent
from practice import audit
from practice.errors import Refused
from practice.models import User

TEXTS = Path(__file__).parent / "consents.toml"


class SignatureMissing(Refused):
    """A consent needs a name under it."""


class GuardianMustSign(Refused):
    """Somebody under 18 cannot sign alone."""


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One thing to agree to. `ask` stands beside the choice, `text` is read before it."""

    scope: str
    title: str
    ask: str
    text: tuple[str, ...]
    is_required: bool
    version: str


def load_consents(path: Path) -> dict[str, ConsentText]:
    """Return the consent texts by scope, in the order in which they are asked. Raises ValueError for an unknown scope."""
    file = tomllib.loads(path.read_text(encoding="utf-8"))
    texts = {}
    for row in file["consent"]:
        texts[Consent.Scope(row["scope"]).value] = ConsentText(
            **{**row, "text": tuple(row["text"])}, version=file["version"]
        )
    return texts


CONSENTS = load_consents(TEXTS)


@transaction.atomic
def give_consent(
    *,
    client: Client,
    scope: str,
    is_given: bool,
    signed_name: str,
    is_by_guardian: bool,
    at: datetime,
    taken_by: User | None = None,
) -> Consent:
    """Store the client's answer to one consent text as signed, and return it; from now on it is the one that holds.

    `taken_by` is who recorded it; None when the client signed alone. Raises SignatureMissing.
    """
    if not signed_name.strip():
        raise SignatureMissing("Type your name as a signature.")
    consent = Consent.objects.create(
        client=client,
        scope=Consent.Scope(scope),
        is_given=is_given,
        wording_version=CONSENTS[scope].version,
        signed_name=signed_name.strip(),
        is_by_guardian=is_by_guardian,
        at=at,
        taken_by=taken_by,
    )
    audit.record(
        action="consent.given" if is_given else "consent.withheld",
        at=at,
        by=taken_by,
        actor="staff" if taken_by else "client",
        target=consent,
        scope=str(scope),
    )
    return consent


def holding_consents(client: Client) -> dict[str, Consent]:
    """Return the newest answer per scope, given or withheld."""
    return {consent.scope: consent for consent in client.consents.order_by("at", "pk")}


def agrees(client: str, scope: str) -> Q:
    """Say in a query that the newest answer for that scope of the client at `client` ("client_id") is yes."""
    # two steps out: the query around the one of answers
    newest = Consent.objects.filter(client=OuterRef(OuterRef(client)), scope=scope).order_by("-at", "-pk")
    return Q(Exists(Consent.objects.filter(pk=Subquery(newest.values("pk")[:1]), is_given=True)))


def has_consent(client: Client, scope: str) -> bool:
    """Say whether the client's newest answer for that scope is yes."""
    newest = client.consents.filter(scope=scope).order_by("-at", "-pk").first()
    return newest is not None and newest.is_given
