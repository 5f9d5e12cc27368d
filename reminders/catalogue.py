"""Every kind of mail this practice sends: what it belongs to, who gets it, and when it goes out."""

from dataclasses import dataclass

from reminders.models import Message
from reminders.rules import RULES

Kind = Message.Kind
CLIENT, REFERRER, STAFF = "the client", "the referrer", "a colleague"
AT_ONCE = "at once"
AFTER_A_VISIT_CHANGED = "three minutes after the last change, so that a quick correction sends one mail"


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of mail: `to` whom, and `when` in words; of a kind that has a rule (`rule`, its key) the rule says when."""

    kind: str
    group: str
    to: str
    when: str
    rule: str = ""

    @property
    def name(self) -> str:
        """How the outbox calls it."""
        return Kind(self.kind).label


def _by_rule(kind: str, group: str, to: str = CLIENT) -> Entry:
    return Entry(kind, group, to, "", rule=str(kind))


VISITS, QUESTIONS, AFTER, AGAIN, WAITLIST, REFERRERS, TEAM = (
    "Visits",
    "Questions",
    "After a visit",
    "Coming again",
    "Waitlist",
    "Referrers",
    "Team",
)
CATALOGUE: dict[str, Entry] = {
    entry.kind: entry
    for entry in (
        Entry(Kind.BOOKING_CONFIRMATION, VISITS, CLIENT, AFTER_A_VISIT_CHANGED),
        Entry(Kind.SERIES_BOOKED, VISITS, CLIENT, AFTER_A_VISIT_CHANGED),
        Entry(Kind.APPOINTMENT_MOVED, VISITS, CLIENT, AFTER_A_VISIT_CHANGED),
        Entry(Kind.APPOINTMENT_CANCELLED, VISITS, CLIENT, AFTER_A_VISIT_CHANGED),
        Entry(Kind.SERIES_CANCELLED, VISITS, CLIENT, AFTER_A_VISIT_CHANGED),
        Entry(Kind.BOOKING_HELD, VISITS, CLIENT, "at once, when somebody books by themselves and has to confirm"),
        Entry(Kind.BOOKING_LINK, VISITS, CLIENT, "at once, when a client asks for a link to book"),
        _by_rule(Kind.FIRST_REMINDER, VISITS),
        _by_rule(Kind.SECOND_REMINDER, VISITS),
        Entry(Kind.INTAKE_LINK, QUESTIONS, CLIENT, "at once, when the questions are asked"),
        _by_rule(Kind.INTAKE_REMINDER, QUESTIONS),
        _by_rule(Kind.CHECK_IN, AFTER),
        _by_rule(Kind.CHECK_IN_NUDGE, AFTER),
        _by_rule(Kind.HOME_PROGRAMME, AFTER),
        _by_rule(Kind.NO_SHOW, AGAIN),
        _by_rule(Kind.REASSESSMENT, AGAIN),
        _by_rule(Kind.RECALL, AGAIN),
        _by_rule(Kind.WAITLIST_OFFER, WAITLIST),
        _by_rule(Kind.REFERRAL_RECEIVED, REFERRERS, REFERRER),
        _by_rule(Kind.REFERRAL_SEEN, REFERRERS, REFERRER),
        Entry(Kind.REPORT_READY, REFERRERS, REFERRER, "at once, when a report is sent"),
        Entry(Kind.THERAPIST_ALERT, TEAM, STAFF, "at once, when an answer needs eyes before the next visit"),
        _by_rule(Kind.DAY_CHANGED, TEAM, STAFF),
        Entry(Kind.UNSIGNED_NOTES, TEAM, STAFF, "once a day at most, while something is unsigned for more than a day"),
    )
}
# Rules that send a kind another rule is named after.
KIND_OF_RULE = {"second_check_in": Kind.CHECK_IN, **{key: key for key in RULES if key in Kind.values}}


def groups() -> dict[str, list[Entry]]:
    """Return the entries by group, both in the order of the catalogue."""
    found: dict[str, list[Entry]] = {}
    for entry in CATALOGUE.values():
        found.setdefault(entry.group, []).append(entry)
    return found
