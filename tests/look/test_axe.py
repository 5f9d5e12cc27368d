"""axe-core finds nothing serious on the pages people live on, in both colours. The file beside is theirs, as published."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse

from booking.appointments import book_appointment
from booking.models import AppointmentLink
from booking.refusals import RULES
from booking.waitlist import add_to_waitlist
from clients.intakes import request_intake
from clients.models import IntakeLink
from clients.screenings import run_screening
from clients.todo import raise_alert
from tests.clients.answers import calm
from tests.world import NINE, NOW

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).parent / "axe" / "axe.min.js"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
DAY = timedelta(days=1)
# What axe calls serious or critical, by rule: the parts of the page it names. Sizes of targets are measured elsewhere: a free
# quarter of an hour on the board is as high as its time, and the same time can be had from a button of full size.
SERIOUS = """async () => {
  const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`);
}"""
STAFF = {
    "dana": ["board", "rooms", "week", "booking", "series", "visit", "waitlist", "intakes", "client"],
    "mia": ["today", "client", "screening", "card", "rescreen", "feeds"],
}
PUBLIC = ["book", "intake", "my visit"]


@pytest.fixture
def addresses(practice, dana, mia, ada, ben, massage):
    """A practice in which each of these pages has something to show, and where they stand."""

    def book(client, starts_at):
        return book_appointment(
            client=client, therapist=mia, service=massage, starts_at=starts_at, by=dana, at=NOW, overrule=RULES
        )

    visit, later = book(ada, NINE), book(ada, NINE + DAY)
    book(ben, NINE + timedelta(hours=2))
    add_to_waitlist(client=ben, service=massage, by=dana, at=NOW)
    run_screening(client=ada, answers=calm(pain_below_knee=True, slr="positive"), at=NOW - DAY, by=mia)
    raise_alert(client=ben, subject="intake:1", at=NOW)
    intake = request_intake(client=ben, by=dana, at=NOW)
    intake_token = IntakeLink.mint(now=NOW, expires_at=NOW + DAY, intake=intake)
    visit_token = AppointmentLink.mint(now=NOW, expires_at=NOW + DAY, appointment=later)
    rhythm = f"client={ada.pk}&service={massage.pk}&therapist={mia.pk}&day=2026-12-01&time=09:00&weeks_apart=1&count=3"
    board = reverse("booking:day_board")
    return {
        "board": board,
        "rooms": f"{board}?by=room",
        "week": f"{board}?week={mia.pk}",
        "booking": f"{reverse('booking:appointment_create')}?client={ada.pk}",
        "series": f"{reverse('booking:series_create')}?{rhythm}",
        "visit": visit.get_absolute_url(),
        "waitlist": f"{reverse('booking:waitlist_add')}?client={ada.pk}",
        "intakes": reverse("workspace:intake_desk"),
        "client": ada.get_absolute_url(),
        "today": reverse("workspace:today"),
        "screening": reverse("clients:screening_page", args=[ada.pk]),
        "card": reverse("clients:screening_clarify", args=[ada.pk]),
        "rescreen": reverse("clients:rescreen", args=[ada.pk]),
        "feeds": reverse("booking:calendar_feeds"),
        "book": reverse("online:book_start"),
        "intake": reverse("clients:intake_open", args=[intake_token]),
        "my visit": reverse("booking:appointment_open", args=[visit_token]),
    }


def serious_on(page, paths) -> dict[str, list[str]]:
    """Return what axe finds on these pages, by page."""
    source, found = AXE.read_text(), {}
    for name, path in paths.items():
        page.goto(path)
        page.evaluate(source)
        found[name] = page.evaluate(SERIOUS)
    return {name: faults for name, faults in found.items() if faults}


@pytest.mark.one_database
def test_axe_is_the_file_that_was_published():
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == SHA256


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("who", STAFF)
def test_axe_finds_nothing_serious_for_staff(open_as, addresses, request, who, scheme):
    page = open_as(request.getfixturevalue(who), "/healthz", color_scheme=scheme)

    assert serious_on(page, {name: addresses[name] for name in STAFF[who]}) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_a_clients_phone(open_as, addresses, scheme):
    page = open_as(None, "/healthz", width=390, color_scheme=scheme)

    assert serious_on(page, {name: addresses[name] for name in PUBLIC}) == {}


def test_axe_does_find_what_is_wrong(open_as, practice):
    page = open_as(None, reverse("online:book_start"))
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input><button></button>')")
    page.evaluate(AXE.read_text())

    assert {fault.partition(":")[0] for fault in page.evaluate(SERIOUS)} == {"label", "button-name"}
