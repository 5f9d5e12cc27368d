"""The demo practice before its first client: people, rooms, services, hours, closures, referrers."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.hashers import make_password

from practice import audit
from practice.models import Closure, Practice, Room, Service, User, WorkingHours
from practice.records import keep
from practice.staff import give_cover, invite_staff
from protocols.library import load_knowledge
from referrals.letters import enter_referrer
from referrals.models import Referrer
from workspace.demo.data import PEOPLE
from workspace.demo.timetable import AWAY, AWAY_DAYS, COVERING, HOLIDAY, TEAM_DAY, Timetable, wall_of

OPENED_DAYS = 800
REPAIR_DAY = 5


@dataclass
class House:
    """The practice's rows, by name."""

    practice: Practice
    staff: dict[str, User] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    referrers: dict[str, Referrer] = field(default_factory=dict)

    @property
    def owner(self) -> User:
        """The person who set it up."""
        return self.staff["olga"]

    @property
    def desk(self) -> User:
        """The person who books."""
        return self.staff["dana"]


def found_demo(place: dict, timetable: Timetable) -> House:
    """Create the practice at `place` with everything it had before its first client, and return it."""
    at = timetable.moment(-OPENED_DAYS, 9)
    practice = Practice.objects.create(
        pk=1,
        name="Elm Street Massage",
        time_zone=place["zone"],
        address=place["address"],
        phone=place["phone"],
        email="desk@elmstreet.example",
        emergency_number=place["emergency_number"],
        urgent_advice=place["urgent_advice"],
        is_demo=True,
    )
    load_knowledge()
    house = House(practice)
    for colour, person in enumerate(PEOPLE["staff"]):
        house.staff[person["username"]] = _hire(person, house=house, colour=colour, at=at)
    for room in PEOPLE["room"]:
        keep(Room(**room), by=house.owner, at=at)
    for service in PEOPLE["service"]:
        many = {"therapists": [user for user in house.staff.values() if user.is_therapist]}
        house.services[service["slug"]] = keep(Service(**service), many=many, by=house.owner, at=at)
    for row in PEOPLE["referrer"]:
        fields = {name: value for name, value in row.items() if name != "key"}
        house.referrers[row["key"]] = enter_referrer(by=house.desk, at=at, **fields)
    _keep_hours(house, timetable, at=at)
    return house


def _hire(person: dict, *, house: House, colour: int, at: datetime) -> User:
    names = {name: person[name] for name in ("first_name", "last_name")}
    fields = {**names, "email": f"{person['username']}@elmstreet.example", "credential": person.get("credential", "")}
    if not house.staff:
        owner = User(username=person["username"], is_owner=True, colour=colour, date_joined=at, **fields)
        owner.password = make_password(person["password"])
        owner.save()
        audit.record(action="practice.founded", at=at, by=owner, target=owner)
        return owner
    user = invite_staff(
        username=person["username"],
        roles=set(person["roles"]),
        by=house.owner,
        at=at,
        colour=colour,
        date_joined=at,
        **fields,
    )
    user.password = make_password(person["password"])
    user.save(update_fields=["password"])
    return user


def _keep_hours(house: House, timetable: Timetable, *, at: datetime) -> None:
    for username in timetable.people:
        for day in range(7):
            rows = timetable.rows_of(username, day)
            if rows:
                hours = WorkingHours(
                    therapist=house.staff[username],
                    weekday=timetable.date(day).weekday(),
                    starts=wall_of(rows[0]),
                    ends=wall_of(rows[-1] + 1),
                )
                keep(hours, by=house.owner, at=at)


def close_days(house: House, timetable: Timetable, *, at: datetime) -> None:
    """Enter the days on which nobody is booked, and an evening without one room."""
    for day, reason in ((HOLIDAY, "Public holiday"), (TEAM_DAY, "Team day")):
        span = {"starts_at": timetable.moment(day, 0), "ends_at": timetable.moment(day + 1, 0)}
        keep(Closure(reason=reason, **span), by=house.owner, at=at)
    evening = {"starts_at": timetable.moment(REPAIR_DAY, 20), "ends_at": timetable.moment(REPAIR_DAY, 21)}
    room = Room.objects.order_by("-name").first()
    keep(Closure(room=room, reason="Floor is oiled", **evening), by=house.owner, at=at)


def arrange_cover(house: House, timetable: Timetable, *, at: datetime) -> None:
    """Let one therapist go away from tomorrow, and a colleague see to his clients from yesterday on."""
    back = timetable.moment(AWAY_DAYS[-1] + 1, 0)
    leave = Closure(
        therapist=house.staff[AWAY],
        starts_at=timetable.moment(AWAY_DAYS[0], 0),
        ends_at=back,
        reason="Training course",
    )
    keep(leave, by=house.owner, at=at)
    give_cover(
        who=house.staff[COVERING],
        for_whom=house.staff[AWAY],
        starts_at=timetable.moment(-1, 0),
        until=back,
        by=house.owner,
        at=at,
    )
