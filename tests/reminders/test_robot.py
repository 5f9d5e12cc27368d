"""A mail scanner opens every link in a real browser, runs the scripts, follows the links and submits every form as it is."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from booking.models import Appointment, AppointmentLink, WaitlistOfferLink
from booking.offering import offer_time
from booking.waitlist import add_to_waitlist
from clients.models import Intake, IntakeLink
from referrals.models import ReportLink
from reminders.due import derive_due
from reminders.models import CheckIn, CheckInLink
from sessions.models import OutcomeScore
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.reminders.test_due import referrer, report  # noqa: F401
from tests.support.rows import PASSING, all_rows, changed_tables
from tests.support.visits import make_visit
from tests.world import NINE, NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DAY = timedelta(days=1)
PAGES = 25  # a robot's patience
UNSAID = PASSING | {"clients.Intake"}  # an intake also remembers which parts were looked at


def said() -> list[tuple]:
    """Return what was told in intakes, and whether they were handed in."""
    return list(Intake.objects.values_list("answers", "history", "changed_answers", "submitted_at"))


@pytest.fixture
def links(report, ada, ben, mia, dana, massage):  # noqa: F811
    """The address in each mail: check-in, appointment, intake, report, an offer from the waitlist."""
    entry = add_to_waitlist(client=ben, service=massage, by=dana, at=NOW)
    offer = offer_time(entry=entry, therapist=mia, starts_at=NINE + 2 * DAY, by=dana, at=NOW)
    type(ada).objects.update(born_on=None)  # or an intake notes the age by itself
    derive_due(NOW)
    subjects = {
        "reminders:check_in_open": (CheckInLink, {"check_in": CheckIn.objects.get()}),
        "booking:appointment_open": (
            AppointmentLink,
            {"appointment": make_visit(ada, mia, massage, starts_at=NINE + DAY)},
        ),
        "clients:intake_open": (IntakeLink, {"intake": Intake.objects.create(client=ada, requested_at=NOW)}),
        "referrals:report_open": (ReportLink, {"report": report}),
        "booking:offer_open": (WaitlistOfferLink, {"offer": offer}),
    }
    return {
        name: reverse(name, args=[model.mint(now=NOW, expires_at=NOW + DAY, **of)])
        for name, (model, of) in subjects.items()
    }


def places_on(page, site) -> list[str]:
    """Return the addresses of this site that the page links to."""
    found = page.eval_on_selector_all("a[href]:not([href^='#'])", "links => links.map((link) => link.href)")
    return [url for url in found if urlsplit(url).netloc == urlsplit(site).netloc and "calendar" not in url]


def crawl(page, start, site) -> int:
    """Open what can be reached from `start`, submit each form there past the browser's checks; return how many forms."""
    waiting, seen, submitted = [site + start], set(), 0
    while waiting and len(seen) < PAGES:
        url = waiting.pop(0).split("#")[0]
        if url in seen:
            continue
        seen.add(url)
        page.goto(url)
        waiting += places_on(page, site)
        for number in range(page.locator("form").count()):
            page.goto(url)
            with page.expect_navigation():
                page.evaluate("(number) => HTMLFormElement.prototype.submit.call(document.forms[number])", number)
            submitted += 1
            waiting += places_on(page, site)
    return submitted


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("reminders:check_in_open", 1),
        ("booking:appointment_open", 2),
        ("clients:intake_open", 2),
        ("referrals:report_open", 0),
        ("booking:offer_open", 2),
    ],
)
def test_a_robot_that_submits_every_form_as_it_is_changes_nothing(open_as, live_server, links, name, least):  # noqa: F811
    before, said_before = all_rows(but=UNSAID), said()
    page = open_as(None, "/healthz")

    submitted = crawl(page, links[name], live_server.url)

    assert submitted >= least
    assert changed_tables(before, all_rows(but=UNSAID)) == []
    assert said() == said_before


def test_the_same_robot_that_also_chooses_does_change_something(open_as, live_server, links):  # noqa: F811
    """The negative control: were an answer chosen beforehand, the robot would give it."""
    page = open_as(None, links["reminders:check_in_open"])
    page.evaluate(
        """() => [["pain_now_nrs", "3"], ["warning_sign", "no"]].forEach(([name, value]) =>
          document.querySelector(`[name=${name}][value="${value}"]`).setAttribute("checked", ""))"""
    )

    with page.expect_navigation():
        page.evaluate("HTMLFormElement.prototype.submit.call(document.forms[0])")

    assert CheckIn.objects.get().is_answered
    assert OutcomeScore.objects.filter(score=3).exists()
    assert not Appointment.objects.filter(status="cancelled").exists()
