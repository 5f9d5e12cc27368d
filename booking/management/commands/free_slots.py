"""Print free times: the same availability the pages use."""

import json
from datetime import date
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError

from booking.slots import free_slots
from practice import clock
from practice.models import Practice, Room, Service, User

MOST_DAYS = 366


def day(text: str) -> date:
    """Read an ISO date."""
    return date.fromisoformat(text)


class Command(BaseCommand):
    """`free_slots --service SLUG --from DATE --days N [--therapist USERNAME] [--json]`"""

    help = "Print the free times of a service, as the pages offer them."

    def add_arguments(self, parser):
        parser.add_argument("--service", required=True, metavar="SLUG")
        parser.add_argument("--from", required=True, type=day, metavar="DATE", dest="first_day", help="YYYY-MM-DD")
        parser.add_argument("--days", required=True, type=int, metavar="N")
        parser.add_argument("--therapist", metavar="USERNAME", help="only this therapist")
        parser.add_argument("--json", action="store_true", help="print one JSON list")

    def handle(self, *, service, first_day, days, therapist, **options):
        practice = Practice.objects.current()
        if practice is None:
            raise CommandError("There is no practice yet.")
        if not 1 <= days <= MOST_DAYS or first_day.year > 9000:
            raise CommandError(f"Ask for 1 to {MOST_DAYS} days from a date like 2026-11-23.")
        slots = free_slots(
            practice=practice,
            service=self._service(service),
            first_day=first_day,
            days=days,
            now=clock.now(),
            therapists=None if therapist is None else [self._therapist(therapist)],
        )
        rows = list(self._rows(slots, ZoneInfo(practice.time_zone)))
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False))
        else:
            for row in rows:
                self.stdout.write("\t".join((row["starts_at"], row["ends_at"], row["therapist"], row["room"] or "-")))

    def _service(self, slug):
        service = Service.objects.active().filter(slug=slug).first()
        if service is None:
            known = ", ".join(Service.objects.active().order_by("slug").values_list("slug", flat=True))
            raise CommandError(f"There is no service {slug!r} on offer. There are: {known or 'none'}.")
        return service

    def _therapist(self, username):
        therapist = User.objects.therapists().filter(username=username).first()
        if therapist is None:
            raise CommandError(f"There is no therapist {username!r}.")
        return therapist

    def _rows(self, slots, zone):
        therapists = dict(User.objects.therapists().values_list("pk", "username"))
        rooms = dict(Room.objects.values_list("pk", "name"))
        for slot in slots:
            yield {
                "starts_at": slot.starts_at.astimezone(zone).isoformat(),
                "ends_at": slot.ends_at.astimezone(zone).isoformat(),
                "therapist": therapists[slot.therapist_id],
                "room": rooms.get(slot.room_id),
            }
