"""The main pages through the web server, against a view that makes one query; and the queries of each page."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone

from booking.models import Appointment
from clients.models import Task
from clients.todo import ALERTS
from practice import clock
from practice.models import User
from sessions.models import TreatmentSession
from workspace.bench.browser import Browser, UnexpectedAnswer, inside
from workspace.bench.stages import Stage, standing_in
from workspace.bench.timing import count_queries, median_ms

ONE_QUERY = "/bench/one-query/"
DESK = "dana"
OWNER = "olga"  # books nothing, so no last act stands on her board: its words would make the count hang on the hour
LETTERS = "ma"  # typed into a search, they find many
AS_TYPED = {"HX-Request": "true", "HX-Target": "client-choices"}
EACH = 4  # openings of a kind
OK = 200


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
        name: {**_timed(large, openings[0], rounds=rounds), "queries_small": few[name], "queries_large": many[name]}
        for name, openings in pages.items()
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


def _queries(pages: dict[str, list[Page]]) -> dict[str, int]:
    """Return the most queries that an opening of each page sends, when it is opened again."""
    return {name: max(_queries_of(opening) for opening in openings) for name, openings in pages.items()}


def _queries_of(page: Page) -> int:
    person = inside(User.objects.get(username=page.username))
    open_it = partial(person.get, page.path, headers=page.headers)
    if open_it().status_code != OK:
        raise UnexpectedAnswer(f"{page.path} did not open for {page.username}.")
    return count_queries(open_it)


def _pages(*, fullest: bool) -> dict[str, list[Page]]:
    """Return openings of the main pages: first the one with the most to show, or with the least, then some of every kind.

    Those of every kind come from the stories, which are the same at every stage: what is asked only where there is an
    alert or a plan is then asked at both ends, and a difference is growth.
    """
    by_size = "-size" if fullest else "size"
    therapists = User.objects.therapists().annotate(size=Count("appointments", filter=_is_today("appointments__")))
    unsigned = TreatmentSession.objects.unsigned().annotate(size=Count("findings")).select_related("therapist")
    sessions = _sessions(by_size)
    clients = [session.client for session in sessions]
    booking, search = reverse("booking:appointment_create"), [LETTERS, *(client.name for client in clients)]
    queries = [urlencode({"q": words}) for words in search]
    return {
        "today": [Page(one.username, reverse("workspace:today")) for one in therapists.order_by(by_size, "pk")],
        "board": [Page(OWNER, f"{reverse('booking:day_board')}?{urlencode({'day': day})}") for day in _days(by_size)],
        "client": [Page(one.therapist.username, one.client.get_absolute_url()) for one in sessions],
        "chart": [
            Page(one.therapist.username, reverse("sessions:session_chart", args=[one.pk]))
            for one in unsigned.order_by(by_size, "pk")[:EACH]
        ],
        "clients": [Page(DESK, f"{reverse('clients:client_list')}?{query}") for query in queries],
        "search": [Page(DESK, f"{booking}?{query}", **AS_TYPED) for query in queries],
        "booking_form": [Page(DESK, f"{booking}?{urlencode({'client': client.pk})}") for client in clients],
    }


def _sessions(by_size: str) -> list[TreatmentSession]:
    """Return one session of the client with the most or the fewest, and of clients with an alert or with a visit today."""
    sessions = TreatmentSession.objects.select_related("client", "therapist")
    sized = sessions.annotate(size=Count("client__treatment_sessions")).order_by(by_size, "pk")
    alerted = sessions.filter(client__in=Task.objects.filter(kind__in=ALERTS).values("client"))
    coming = sessions.filter(client__in=Appointment.objects.filter(_is_today()).values("client"))
    return [sized.first(), *alerted.order_by("pk")[:EACH], *coming.order_by("pk")[:EACH]]


def _is_today(of: str = "") -> Q:
    today = timezone.localtime(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return Q(**{f"{of}starts_at__gte": today, f"{of}starts_at__lt": today + timedelta(days=1)})


def _days(by_size: str) -> list[str]:
    """Return the day with the most or the fewest visits, and today."""
    days = Appointment.objects.live().annotate(day=TruncDate("starts_at")).values("day").annotate(size=Count("pk"))
    return [days.order_by(by_size, "-day").first()["day"].isoformat(), clock.today().isoformat()]
