"""Names and addresses of clients: finding who is there already, taking somebody in, putting details right."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from clients.folding import fold
from clients.models import Client, Task
from clients.todo import raise_task, settle_tasks
from practice import audit
from practice.errors import Refused
from practice.idempotency import body_hash, earlier_result, remember_result
from practice.links import revoke_links_to
from practice.models import User

FIRST_YEAR = 1900
ADULT_AGE = 18
# SequenceMatcher ratios of folded names: "Kathryn Johnson" and "Katherine Johnston" are 0.88 as a whole, 0.75 and 0.93 apart;
# "Ben" and "Ken" are 0.67 apart.
CLOSE_WHOLE, CLOSE_PART = 0.86, 0.7
MOST_CANDIDATES = 1000
FIELDS = (
    "first_name",
    "last_name",
    "born_on",
    "phone",
    "email",
    "address",
    "guardian_name",
    "guardian_phone",
    "wants_no_mail",
    "desk_note",
)


class DetailsMissing(Refused):
    """What was given is not enough, or cannot be, to take somebody in; `problems` says what by field."""

    def __init__(self, problems: dict[str, str]):
        super().__init__(" ".join(problems.values()))
        self.problems = problems


class ClientChangedMeanwhile(Refused):
    """Somebody else saved other details while this form was open."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Somebody on file who may be the same person, and why: short phrases for the desk."""

    client: Client
    reasons: tuple[str, ...]


def find_problems(
    *,
    today: date,
    phone: object = "",
    email: str = "",
    born_on: date | None = None,
    guardian_name: str = "",
    guardian_phone: object = "",
    **_others: object,
) -> dict[str, str]:
    """Return what stands against these details, as words by field; empty when they are enough."""
    problems = {}
    if not phone and not email:
        problems["phone"] = "A phone number or an e-mail address is needed, so that we can reach them."
    if born_on and not born_on.year >= FIRST_YEAR:
        problems["born_on"] = f"The year must be {FIRST_YEAR} or later."
    elif born_on and born_on > today:
        problems["born_on"] = "A date of birth cannot lie in the future."
    elif born_on and is_minor(born_on, today):
        if not guardian_name:
            problems["guardian_name"] = "Under 18: the name of a parent or guardian is needed."
        if not guardian_phone:
            problems["guardian_phone"] = "Under 18: the parent's or guardian's phone number is needed."
    return problems


def is_minor(born_on: date | None, today: date) -> bool:
    """Say whether somebody born on that day is under 18 on `today`; without a birth date nobody is."""
    age = Client(born_on=born_on).age_on(today)
    return age is not None and age < ADULT_AGE


def possible_duplicates(
    *,
    first_name: str,
    last_name: str,
    born_on: date | None = None,
    phone: object = "",
    email: str = "",
    exclude: Client | None = None,
) -> list[Duplicate]:
    """Return people on file who may be the same person, the likeliest first, each with the reasons.

    A name counts when it is the same, swapped, or spelled closely; a birth date only together with one of the names;
    a shared phone or e-mail always, since a family may share both.
    """
    first, last = fold(first_name), fold(last_name)
    found = []
    for client in _candidates(first, last, born_on, phone, email, exclude):
        reasons = _reasons(client, first, last, born_on, str(phone or ""), email)
        if reasons:
            found.append(Duplicate(client=client, reasons=reasons))
    return sorted(found, key=lambda each: (-len(each.reasons), each.client.pk))


def _candidates(first, last, born_on, phone, email, exclude):
    """Rows worth comparing: same contact, same day of birth, one same name, or both beginning alike, either way round."""
    query = Q(search__startswith=first[:2], search__contains=f" {last[:2]}")
    query |= Q(search__startswith=last[:2], search__contains=f" {first[:2]}")
    query |= Q(search__startswith=f"{first} ") | Q(search__contains=f" {last} ")
    if born_on:
        query |= Q(born_on=born_on)
    if phone:
        query |= Q(phone=phone)
    if email:
        query |= Q(email__iexact=email)
    rows = Client.objects.filter(query)
    if exclude is not None:
        rows = rows.exclude(pk=exclude.pk)
    return rows.order_by("-pk")[:MOST_CANDIDATES]


def _reasons(client, first, last, born_on, phone, email):
    own_first, own_last = fold(client.first_name), fold(client.last_name)
    name = _name_reason(first, last, own_first, own_last)
    same_day = born_on is not None and client.born_on == born_on
    shares_a_name = bool({first, last} & {own_first, own_last})
    reasons = [name] if name else []
    if same_day and (name or shares_a_name):
        reasons.append("same date of birth")
    if phone and str(client.phone) == phone:
        reasons.append("same phone number")
    if email and fold(client.email) == fold(email):
        reasons.append("same e-mail – a family may share one")
    if name and born_on and client.born_on and not same_day:
        reasons.append("but another date of birth")
    return tuple(reasons)


def _name_reason(first, last, own_first, own_last):
    if (first, last) == (own_first, own_last):
        return "same name"
    if (last, first) == (own_first, own_last):
        return "same names, swapped"
    if _are_close((first, last), (own_first, own_last)):
        return "name spelled almost the same"
    if _are_close((last, first), (own_first, own_last)):
        return "names swapped, spelled almost the same"
    return ""


def _are_close(names: tuple[str, str], others: tuple[str, str]) -> bool:
    if _likeness(" ".join(names), " ".join(others)) < CLOSE_WHOLE:
        return False
    return all(_likeness(one, other) >= CLOSE_PART for one, other in zip(names, others, strict=True))


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def create_client(*, by: User | None, at: datetime, key: UUID | None = None, **fields) -> Client:
    """Take somebody in and return the saved client. `fields` are those of FIELDS; `key` is the form's, used once.

    Without `by` they took themselves in, on the public page.

    Raises DetailsMissing when they cannot be reached, the birth date cannot be, or a minor has no guardian.
    """
    _refuse_problems(at, fields)
    body = body_hash(**fields)
    try:
        with transaction.atomic():
            return _made_before(key, body) or _make(key, body, by, at, fields)
    except IntegrityError:
        # A double click: the other request has used the key between our look and our write.
        made = _made_before(key, body)
        if made is None:
            raise
        return made


def _made_before(key, body):
    pk = earlier_result(key, purpose="client.create", body=body)
    return Client.objects.get(pk=pk) if pk is not None else None


def _make(key, body, by, at, fields):
    client = Client(**fields, created_at=at, created_by=by)
    client.search = client.fold_search()
    client.save()
    remember_result(key, purpose="client.create", body=body, result_id=client.pk, at=at)
    audit.record(action="client.created", at=at, by=by, actor="staff" if by else "client", target=client)
    return client


@transaction.atomic
def update_client(client: Client, *, by: User, at: datetime, seen: str | None = None, **fields) -> Client:
    """Put details right and return the client. `seen` is the fingerprint of what the form showed.

    A new e-mail address closes every link sent to the old one, and nobody need ask for it any more.
    Raises DetailsMissing, and ClientChangedMeanwhile if the row no longer is what the form showed.
    """
    standing = Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    if seen is not None and seen != fingerprint(standing):
        raise ClientChangedMeanwhile(
            "Somebody else changed these details while you had them open. Compare with what is stored now and save again."
        )
    _refuse_problems(at, fields)
    changed = [name for name in fields if getattr(standing, name) != fields[name]]
    for name in changed:
        setattr(standing, name, fields[name])
    if "email" in changed:
        standing.email_failed_at = None
    standing.search = standing.fold_search()
    standing.save(update_fields=[*changed, "email_failed_at", "search"])
    if "email" in changed:
        revoke_links_to(standing, at=at)
        settle_tasks(
            kind=Task.Kind.CALL_CLIENT, subject=_address_call(standing), at=at, outcome="A new address is entered."
        )
    if changed:
        audit.record(action="client.changed", at=at, by=by, target=standing, fields=", ".join(changed))
    return standing


@transaction.atomic
def refuse_address(*, client_id: int, address: str, at: datetime) -> bool:
    """Mark that a mail server said that `address` takes no mail, and have the desk ask for a new one.

    Returns whether it still is the client's address. Effects: one task and one audit line per address, and no mail
    to the client until another is entered.
    """
    client = Client.objects.select_for_update(no_key=True).get(pk=client_id)
    if client.email.casefold() != address.casefold():
        return False
    if client.email_failed_at is None:
        client.email_failed_at = at
        client.save(update_fields=["email_failed_at"])
        audit.record(action="client.address_refused", at=at, actor="system", target=client)
        raise_task(
            kind=Task.Kind.CALL_CLIENT, client=client, subject=_address_call(client), for_role="front_desk", at=at
        )
    return True


def _address_call(client: Client) -> str:
    """Return the subject of the call about the client's refused address: the next one has a number of its own."""
    done = client.tasks.filter(kind=Task.Kind.CALL_CLIENT, subject__startswith=f"address {client.pk}.")
    return f"address {client.pk}.{done.filter(done_at__isnull=False).count() + 1}"


def fingerprint(client: Client) -> str:
    """Return a short hash of the client's details, to notice that somebody else changed them."""
    return hashlib.sha256("\x1f".join(str(getattr(client, name)) for name in FIELDS).encode()).hexdigest()[:16]


def _refuse_problems(at, fields):
    problems = find_problems(today=timezone.localdate(at), **fields)
    if problems:
        raise DetailsMissing(problems)
