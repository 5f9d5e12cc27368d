"""When mails go out by themselves: the rules as data, what an owner changed about them, and who gets them."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from practice import audit
from practice.errors import Refused
from practice.models import Practice, User
from reminders.models import CheckIn, MailChoice, Message, ReminderRule
from reminders.timing import DAY, Quiet

Kind, Topic = Message.Kind, MailChoice.Topic
# What a client may stop, by kind. Whatever answers something they did (a booking, a question) is no topic: it is the answer.
TOPICS: dict[str, str] = {
    Kind.FIRST_REMINDER: Topic.REMINDERS,
    Kind.SECOND_REMINDER: Topic.REMINDERS,
    Kind.INTAKE_REMINDER: Topic.REMINDERS,
    Kind.NO_SHOW: Topic.REMINDERS,
    Kind.CHECK_IN: Topic.FOLLOW_UP,
    Kind.CHECK_IN_NUDGE: Topic.FOLLOW_UP,
    Kind.HOME_PROGRAMME: Topic.FOLLOW_UP,
    Kind.REASSESSMENT: Topic.RECALL,
    Kind.RECALL: Topic.RECALL,
    Kind.WAITLIST_OFFER: Topic.OFFERS,
}
# Kinds that wait for the end of quiet hours, however late they are. Offers have a clock of their own: none is made at night.
# That a letter has come in is the answer to what the desk just did, and leaves at once; that somebody was seen can wait.
RESTING = frozenset({*TOPICS} - {Kind.WAITLIST_OFFER} | {Kind.REFERRAL_SEEN})


class NotPossible(Refused):
    """An offset outside what the rule allows."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `hours` before or after its anchor (`when`, in words), which an owner may choose from `least` to `most`."""

    key: str
    group: str
    name: str
    when: str
    about: str
    hours: int
    least: int
    most: int

    def sentence(self, hours: int) -> str:
        """Return when its mails go out if `hours` are chosen: "2 days before the visit"; "at once" for a rule without hours."""
        return f"{in_days(hours)} {self.when}" if self.most else "at once"


def in_days(hours: int) -> str:
    """Return hours as said aloud: whole days as days, "2 days", anything else as hours, "30 hours"."""
    days, rest = divmod(hours, DAY)
    count, unit = (hours, "hour") if rest or not hours else (days, "day")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def load_rules(path: Path) -> dict[str, Rule]:
    """Return the rules by key, in the order of the file."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
    return {row["key"]: Rule(**row) for row in rows}


RULES = load_rules(Path(__file__).parent / "rules.toml")


@dataclass(frozen=True, slots=True)
class Setting:
    """How a rule stands in this practice."""

    rule: Rule
    hours: int
    is_active: bool


def rule_of(message: Message) -> str:
    """Return the key of the rule that sends such mails, or "" for one that no rule sends.

    An offer may be made by hand, whatever the rule says.
    """
    if message.kind == Kind.CHECK_IN and message.check_in.step == CheckIn.Step.SECOND:
        return "second_check_in"
    return message.kind if message.kind in RULES and message.kind != Kind.WAITLIST_OFFER else ""


def settings_of_rules() -> dict[str, Setting]:
    """Return how each rule stands, by key: its default unless an owner changed it. One query."""
    changed = {row.key: row for row in ReminderRule.objects.all()}
    return {
        key: Setting(rule, *((row.hours, row.is_active) if (row := changed.get(key)) else (rule.hours, True)))
        for key, rule in RULES.items()
    }


def hours_of_rules() -> dict[str, int]:
    """Return the hours of the rules that are switched on, by key."""
    return {key: each.hours for key, each in settings_of_rules().items() if each.is_active}


def clashes(stands: dict[str, Setting]) -> dict[str, str]:
    """Return what is wrong between two rules that belong together, as a sentence by the key of the rule it stands at."""
    first, second = stands["first_reminder"], stands["second_reminder"]
    found = {}
    if first.is_active and second.is_active and second.hours >= first.hours:
        found["first_reminder"] = (
            "Never goes out: the second reminder comes no later. Choose more hours here, or fewer there."
        )
    first, second = stands["check_in"], stands["second_check_in"]
    if first.is_active and second.is_active and second.hours <= first.hours:
        found["second_check_in"] = "Comes no later than the first. Choose more hours here, or fewer there."
    return found


@transaction.atomic
def change_rule(key: str, *, hours: int, is_active: bool, by: User, at: datetime) -> ReminderRule:
    """Change when a rule's mails go out, or switch it off, and return its row. Raises NotPossible outside its range."""
    rule = RULES[key]
    if not rule.least <= hours <= rule.most:
        raise NotPossible(f"Choose from {rule.least} to {rule.most} hours.")
    row, _ = ReminderRule.objects.update_or_create(
        key=key, defaults={"hours": hours, "is_active": is_active, "changed_at": at, "changed_by": by}
    )
    audit.record(action="rule.changed", at=at, by=by, target=row, hours=hours, is_active=is_active)
    return row


def resting_kinds(practice: Practice, now: datetime) -> frozenset[str]:
    """Return the kinds of mail that must not leave now: reminders and follow-ups in quiet hours."""
    return RESTING if Quiet.of(practice).around(now) else frozenset()


def offers_by_itself(practice: Practice, now: datetime) -> bool:
    """Say whether freed times are offered to the waitlist now: the rule is on, and it is not quiet hours."""
    return "waitlist_offer" in hours_of_rules() and Quiet.of(practice).around(now) is None


# --- what a client wants


def wants(client: str, topic: str) -> Q:
    """Say in a query that the client at `client` ("client_id") has not stopped `topic`."""
    return Q(~Exists(_stopped(topic).filter(client=OuterRef(client))))


def stopped_by(topic: str) -> list[int]:
    """Return the ids of the clients who have stopped a topic."""
    return list(_stopped(topic).values_list("client_id", flat=True).order_by())


def _stopped(topic: str):
    """The newest choice of each client who has stopped `topic`."""
    said = MailChoice.objects.filter(topic=topic)
    is_later = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
    return said.filter(~Exists(said.filter(is_later, client=OuterRef("client_id"))), is_wanted=False)


def choices_of(client) -> dict[str, bool]:
    """Return what the client wants, by topic; what they never spoke of they get."""
    said = {row.topic: row.is_wanted for row in client.mail_choices.order_by("at", "pk")}
    return {topic: said.get(topic, True) for topic in Topic.values}


@transaction.atomic
def choose_mail(*, client, topic: str, is_wanted: bool, at: datetime, by: User | None = None) -> None:
    """Record that the client wants a topic's mails, or no longer; `by` is who wrote it down, None for the client.

    Saying the same again writes nothing.
    """
    if choices_of(client)[topic] == is_wanted:
        return
    row = MailChoice.objects.create(client=client, topic=Topic(topic), is_wanted=is_wanted, at=at, by=by)
    audit.record(
        action="mail.wanted" if is_wanted else "mail.stopped",
        at=at,
        by=by,
        actor="staff" if by else "client",
        target=row,
        topic=str(topic),
    )
