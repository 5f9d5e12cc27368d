"""The part that every page with times for clients shares: what was asked for, and what is shown for it."""

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from booking.month import make_times
from practice import clock
from practice.forms import row_id
from practice.models import Service, User

EARLIEST, LATEST = 2000, 2200


@dataclass(frozen=True)
class Asked:
    """What the client looks at: which service, with whom (None is anybody), which day or month."""

    services: list[Service]
    service: Service | None
    therapists: list[User]
    therapist: User | None
    day: date | None
    month: date | None

    @property
    def query(self) -> str:
        """Service and therapist as they stand in an address."""
        return urlencode({"service": self.service.pk if self.service else "", "therapist": self.therapist_id})

    @property
    def therapist_id(self) -> int | str:
        """The id of the therapist wished for; empty for anybody."""
        return self.therapist.pk if self.therapist else ""


def read_asked(request, services, *, usual: User | None = None) -> Asked:
    """Read what was asked for. What names nothing on offer is as if it had not been said."""
    data = request.POST if request.method == "POST" else request.GET
    offered = list(services)
    service = next((one for one in offered if one.pk == row_id(data.get("service"))), offered[0] if offered else None)
    therapists = list(service.therapists.therapists().order_by("first_name", "last_name", "pk")) if service else []
    wished = row_id(data["therapist"]) if "therapist" in data else usual and usual.pk
    therapist = next((one for one in therapists if one.pk == wished), None)
    return Asked(offered, service, therapists, therapist, _day(data.get("day")), _day(data.get("month")))


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if EARLIEST <= day.year <= LATEST else None


def times_context(
    request,
    asked: Asked,
    form,
    *,
    url: str,
    words: str,
    client=None,
    without=None,
    usual=None,
    near: datetime | None = None,
) -> dict:
    """Return what the times' fragment needs. `words` are those of the button; `near` is a time that was refused."""
    times = None
    if asked.service:
        times = make_times(
            practice=request.practice,
            service=asked.service,
            now=clock.now(),
            month=asked.month,
            day=asked.day,
            therapist=asked.therapist,
            client=client,
            without=without,
            near=near,
            prefer=usual,
        )
    chosen = form["slot"].value() or ""
    return {
        "asked": asked,
        "times": times,
        "form": form,
        "chosen": chosen if times and chosen in times.values else "",
        "times_url": url,
        "words": words,
        "zone_name": zone_name(request.practice),
    }


def zone_name(practice) -> str:
    """Return the practice's zone as people call it: "London", "New York"."""
    return practice.time_zone.rpartition("/")[2].replace("_", " ")


def is_fragment(request) -> bool:
    """Say whether only the times are wanted, for a page that stands already."""
    return request.method != "POST" and bool(request.htmx) and request.htmx.target == "times"
