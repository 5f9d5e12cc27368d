"""Times laid out for choosing: by therapist for one day, and the nearest ones when that day has none."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from booking.forms import slot_value
from booking.slots import Slot, first_free, free_slots, nearest
from practice.models import Practice, Service, User

AROUND = timedelta(days=3)
NEXT = 6


@dataclass(frozen=True)
class Choice:
    """One time as a button: what it sends, when it is, with whom, and whether it keeps the practice's notice."""

    value: str
    starts_at: datetime
    therapist: User
    is_short: bool


@dataclass(frozen=True)
class Offer:
    """Times of one day by therapist; `nearest` is filled when the day has none or the time asked for was refused."""

    day: date
    groups: list[tuple[User, list[Choice]]]
    nearest: list[Choice]

    @property
    def values(self) -> set[str]:
        """What the buttons can send."""
        return {choice.value for _, choices in self.groups for choice in choices} | {
            choice.value for choice in self.nearest
        }


def make_offer(
    *,
    practice: Practice,
    service: Service,
    day: date,
    today: date,
    now: datetime,
    therapist: User | None = None,
    client=None,
    without=None,
    near: datetime | None = None,
    duration: timedelta | None = None,
) -> Offer:
    """Return the times of `service` on `day`, with `therapist` or with anybody. `near` is a time that was refused."""
    asked = {
        "practice": practice,
        "service": service,
        "now": now,
        "client": client,
        "notice_minutes": 0,
        "without": without,
        "duration": duration,
    }
    with_whom = None if therapist is None else [therapist]
    slots = free_slots(**asked, first_day=day, days=1, therapists=with_whom)
    close: list[Slot] = []
    if near is not None:
        first = max(day - AROUND, today)
        close = nearest(free_slots(**asked, first_day=first, days=2 * AROUND.days + 1), near, NEXT)
    elif not slots:
        after = max(day, today) + timedelta(days=1)
        close = first_free(NEXT, **asked, first_day=after, days=practice.horizon_days, therapists=with_whom)

    people = {person.pk: person for person in service.therapists.therapists()}
    soon = now + timedelta(minutes=practice.notice_minutes)
    groups: dict[int, list[Choice]] = {}
    for slot in slots:
        groups.setdefault(slot.therapist_id, []).append(_choice(slot, people, soon))
    return Offer(
        day=day,
        groups=[(people[pk], choices) for pk, choices in groups.items()],
        nearest=[_choice(slot, people, soon) for slot in close],
    )


def _choice(slot: Slot, people: dict[int, User], soon: datetime) -> Choice:
    return Choice(
        value=slot_value(slot.starts_at, slot.therapist_id),
        starts_at=slot.starts_at,
        therapist=people[slot.therapist_id],
        is_short=slot.starts_at < soon,
    )
