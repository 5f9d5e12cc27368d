"""The outbox as a person looks at it: its drawers, the search, what leaves next, and what became of one mail."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Value
from django.db.models.functions import Concat

from clients.models import Client
from practice.models import AuditEvent, Practice
from reminders.mail_server import is_resting
from reminders.models import Message
from reminders.rules import RESTING
from reminders.timing import Quiet

State = Message.State
DRAWERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "open": ("Waiting", (State.DUE, State.CLAIMED, State.HANDOFF)),
    "trouble": ("Needs you", (State.FAILED, State.UNKNOWN)),
    "sent": ("Sent", (State.SENT,)),
    "dropped": ("Not needed", (State.DROPPED,)),
    "all": ("All", ()),
}
# A search that fits more people looks into the mails of the first of them, and says so.
MOST_PEOPLE = 100


def rows_of(drawer: str, messages: QuerySet, *, people: list[Client] | None = None, kind: str = "") -> QuerySet:
    """Return what lies in a drawer, of these people only (None: of all) and of one kind ("": of all).

    What waits stands in the order in which it is due; everything else with the newest first.
    """
    states = DRAWERS[drawer][1]
    rows = messages.with_addressee()
    is_narrowed = people is not None or bool(kind)
    if states and is_narrowed:
        # SQLite would rather walk a hundred thousand sent mails by state than look up the few of these people or this kind
        rows = rows.alias(stands=Concat("state", Value(""))).filter(stands__in=states)
    elif states:
        rows = rows.filter(state__in=states)
    if people is not None:
        rows = rows.filter(client_id__in=[client.pk for client in people])
    if kind:
        rows = rows.filter(kind=kind)
    return rows.order_by("due_at", "pk") if drawer == "open" else rows.order_by("-due_at", "-pk")


def people_found(text: str, clients: QuerySet) -> tuple[list[Client], bool]:
    """Return whom a search by name, phone or e-mail means, the likeliest first, and whether there are more of them."""
    found = list(clients.matching(text).best_first(text)[: MOST_PEOPLE + 1])
    return found[:MOST_PEOPLE], len(found) > MOST_PEOPLE


def leaves_at(message: Message, *, practice: Practice, now: datetime) -> datetime:
    """Return when a waiting mail leaves at the earliest: once due, not in quiet hours, not before the server is tried again."""
    moment = max(message.due_at, now)
    if is_resting(practice, now):
        moment = max(moment, practice.mail_next_try_at)
    asleep = Quiet.of(practice).around(moment) if message.kind in RESTING else None
    return asleep[1] if asleep else moment


def next_to_leave(messages: QuerySet, *, practice: Practice, now: datetime) -> Message | None:
    """Return which of the waiting mails leaves next, or None if none waits."""
    waiting = messages.filter(state=State.DUE).select_related("client").order_by("due_at", "needed_by", "pk")
    firsts = [*waiting.filter(kind__in=RESTING)[:1], *waiting.exclude(kind__in=RESTING)[:1]]
    return min(firsts, key=lambda each: leaves_at(each, practice=practice, now=now), default=None)


# --- one mail

DEEDS = {
    "message.sent": "Taken by the mail server",
    "message.resent": "Asked to be sent again",
    "message.arrived": "Said to have arrived",
    "message.dropped": "Not needed any more",
    "message.failed": "Failed",
    "message.unknown": "Not certain whether it arrived",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a mail, and who did it; "" for the machine."""

    at: datetime
    words: str
    who: str


def history_of(message: Message) -> list[Event]:
    """Return what happened to a mail, the oldest first, from the audit. One query."""
    acts = AuditEvent.objects.filter(
        about_client_id=message.client_id, target_label=message._meta.label, target_id=message.pk
    )
    told = [
        Event(act.at, DEEDS.get(act.action, act.action), act.by.name if act.by else "")
        for act in acts.select_related("by").order_by("at", "pk")
    ]
    return [Event(message.created_at, "Written", ""), *told]


def has_address_changed(message: Message) -> bool:
    """Say whether the client's address was changed after the mail was sent: it went to the old one then."""
    if message.sent_at is None:
        return False
    changes = AuditEvent.objects.filter(
        about_client_id=message.client_id, action="client.changed", at__gt=message.sent_at
    )
    return any("email" in str(change.detail.get("fields", "")).split(", ") for change in changes)
