"""The main pages through the web server, against a view that makes one query; and the queries of each page."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone

from booking.models import Appointment
from clients.models import Client
from practice import clock
from practice.models import User
from protocols.models import TreatmentPlan
from sessions.models import TreatmentSession
from workspace.bench.browser import Browser, inside
from workspace.bench.stages import Stage, standing_in
from workspace.bench.timing import count_queries, median_ms

ONE_QUERY = "/bench/one-query/"
DESK = "dana"
LETTERS = "ma"  # typed into a search, they find many


class Page:
    """A page as one person opens it."""

    def __init__(self, username: str, path: str, **headers: str):
        self.username, self.path, self.headers = username, path, headers


def measure(small: Stage, large: Stage, *, rounds: int) -> dict:
    """Return, by page, its time and the plain view's where the data are large, their ratio, and its queries at both."""
    with standing_in(small):
        few = _queries(_pages(fullest=False))
    with standing_in(large):
        pages = _pages(fullest=True)
        many = _queries(pages)
    return {
        name: {**_timed(large, page, rounds=rounds), "queries_small": few[name], "queries_large": many[name]}
        for name, page in pages.items()
    }


def _timed(stage: Stage, page: Page, *, rounds: int) -> dict:
    browser, nobody = Browser(stage, page.username), Browser(stage)
    acts: dict[str, Callable[[], object]] = {
        "ms": partial(browser.get, page.path, **page.headers),
        "one_query_view_ms": partial(nobody.get, ONE_QUERY),
    }
    for act in (*acts.values(), *acts.values()):
        act()  # what only the first opening does is done: templates are read, the reading is written down
    taken = median_ms(acts, rounds=rounds)
    return {**taken, "ratio": round(taken["ms"] / taken["one_query_view_ms"], 2)}


def _queries(pages: dict[str, Page]) -> dict[str, int]:
    """Return how many queries each page sends when it is opened again."""
    counted = {}
    for name, page in pages.items():
        person = inside(User.objects.get(username=page.username))
        open_it = partial(person.get, page.path, headers=page.headers)
        open_it()
        counted[name] = count_queries(open_it)
    return counted


def _pages(*, fullest: bool) -> dict[str, Page]:
    """Return the main pages with the most to show, or with the least."""
    therapist = _therapist_of_today(fullest)
    session = _pick(TreatmentSession.objects.unsigned().annotate(size=Count("findings")), fullest)
    client = _pick(
        Client.objects.filter(treatment_sessions__therapist=therapist).annotate(size=Count("treatment_sessions")),
        fullest,
    )
    booking, search = reverse("booking:appointment_create"), urlencode({"q": LETTERS if fullest else client.name})
    return {
        "today": Page(therapist.username, reverse("workspace:today")),
        "board": Page(DESK, f"{reverse('booking:day_board')}?{urlencode({'day': _day_of_the_board(fullest)})}"),
        "client": Page(therapist.username, client.get_absolute_url()),
        "chart": Page(session.therapist.username, reverse("sessions:session_chart", args=[session.pk])),
        "clients": Page(DESK, f"{reverse('clients:client_list')}?{search}"),
        "search": Page(DESK, f"{booking}?{search}", **{"HX-Request": "true", "HX-Target": "client-choices"}),
        "booking_form": Page(DESK, f"{booking}?{urlencode({'client': client.pk})}"),
    }


def _pick(rows, fullest: bool):
    return rows.order_by("-size" if fullest else "size", "pk").first()


def _therapist_of_today(fullest: bool) -> User:
    today = timezone.localtime(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    visits = Appointment.objects.live().filter(starts_at__gte=today, starts_at__lt=today + timedelta(days=1))
    # A day without any plan asks for none: what is compared has something of every kind, little or much of it.
    planned = visits.filter(client__in=TreatmentPlan.objects.open().values("client"))
    by_therapist = (
        planned.values("therapist").annotate(size=Count("pk")).order_by("-size" if fullest else "size", "therapist")
    )
    return User.objects.get(pk=by_therapist.first()["therapist"])


def _day_of_the_board(fullest: bool) -> str:
    days = Appointment.objects.live().annotate(day=TruncDate("starts_at")).values("day").annotate(size=Count("pk"))
    return days.order_by("-size" if fullest else "size", "-day").first()["day"].isoformat()
