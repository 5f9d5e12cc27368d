"""A mail scanner opens every link in a real browser, runs the scripts, follows the links and submits every form as it is."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from booking.appointments import cancel_appointment
from booking.models import Appointment, AppointmentLink, BookingLink, WaitlistOfferLink
from booking.offering import offer_time
from booking.online import invite_to_book
from booking.waitlist import add_to_waitlist
from clients.models import Intake, IntakeLink
from practice.models import AuditEvent
from protocols.models import HomeProgrammeLink
from referrals.models import ReferralLink, ReportLink
from reminders.due import derive_due
from reminders.models import CheckIn, CheckInLink, UnsubscribeLink
from sessions.models import OutcomeScore
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.reminders.test_due import referrer, report  # noqa: F401
from tests.sessions.conftest import knowledge, plan, screening  # noqa: F401
from tests.support.rows import all_rows, changed_tables
from tests.support.visits import make_visit
from tests.world import NINE, NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DAY = timedelta(days=1)
PAGES = 25  # a robot's patience


@pytest.fixture
def links(report, plan, ada, ben, mia, dana, massage):  # noqa: F811
    """The address in each mail: check-in, appointment, intake, report, an offer from the waitlist."""
    entry = add_to_waitlist(client=ben, service=massage, by=dana, at=NOW)
    offer = offer_time(entry=entry, therapist=mia, starts_at=NINE + 4 * DAY, by=dana, at=NOW)
    derive_due(NOW)
    held = make_visit(ada, mia, massage, starts_at=NINE + 2 * DAY, status="held", held_until=NOW + DAY)
    called_off = make_visit(ada, mia, massage, starts_at=NINE + 3 * DAY)
    cancel_appointment(called_off, reason="work", by=None, at=NOW)
    invitation = invite_to_book(client=ada, by=None, at=NOW)
    subjects = {
        "held": (AppointmentLink, {"appointment": held}),
        "called off": (AppointmentLink, {"appointment": called_off}),
        "online:booking_open": (BookingLink, {"invitation": invitation}),
        "reminders:check_in_open": (CheckInLink, {"check_in": CheckIn.objects.get(step=1)}),
        "booking:appointment_open": (
            AppointmentLink,
            {"appointment": make_visit(ada, mia, massage, starts_at=NINE + DAY)},
        ),
        "clients:intake_open": (IntakeLink, {"intake": Intake.objects.create(client=ada, requested_at=NOW)}),
        "referrals:report_open": (ReportLink, {"report": report}),
        "referrals:status_open": (ReferralLink, {"referral": report.referral}),
        "protocols:home_open": (HomeProgrammeLink, {"plan": plan}),
        "reminders:stop_open": (UnsubscribeLink, {"client": ada, "topic": "reminders"}),
        "booking:offer_open": (WaitlistOfferLink, {"offer": offer}),
    }
    named = dict.fromkeys(("held", "called off"), "booking:appointment_open")
    return {
        name: reverse(named.get(name, name), args=[model.mint(now=NOW, expires_at=NOW + DAY, **of)])
        for name, (model, of) in subjects.items()
    } | {"online:book_start": reverse("online:book_start")}


def acts() -> list[tuple]:
    """Return what was done by whom; that a page was read is recorded too, and no act."""
    return list(
        AuditEvent.objects.exclude(action__endswith=".read").values_list("action", "target_label", "target_id", "actor")
    )


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
        ("booking:appointment_open", 4),
        ("held", 1),
        ("called off", 3),
        ("online:booking_open", 2),
        ("online:book_start", 2),
        ("clients:intake_open", 2),
        ("referrals:report_open", 0),
        ("referrals:status_open", 0),
        ("protocols:home_open", 1),
        ("reminders:stop_open", 1),
        ("booking:offer_open", 2),
    ],
)
def test_a_robot_that_submits_every_form_as_it_is_changes_nothing(open_as, live_server, links, name, least):  # noqa: F811
    before, done_before = all_rows(), acts()
    page = open_as(None, "/healthz")

    submitted = crawl(page, links[name], live_server.url)

    assert submitted >= least
    assert changed_tables(before, all_rows()) == []
    assert acts() == done_before


def test_a_client_answers_on_the_phone_what_a_robot_sent_empty_before(open_as, live_server, links):  # noqa: F811
    """Scanners come first: whatever they pressed, the client finds every part open."""
    crawl(open_as(None, "/healthz"), links["clients:intake_open"], live_server.url)

    page = open_as(None, links["clients:intake_open"], width=390)
    page.get_by_role("link", name="Start").click()
    page.get_by_role("group", name="Any new loss of bowel control").get_by_text("No", exact=True).click()
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/part/urgent_legs/")

    assert Intake.objects.get().answers["bowel_change"] is False


def test_the_same_robot_that_also_chooses_does_change_something(open_as, live_server, links):  # noqa: F811
    """The negative control: were an answer chosen beforehand, the robot would give it."""
    page = open_as(None, links["reminders:check_in_open"])
    page.evaluate(
        """() => [["pain_now_nrs", "3"], ["warning_sign", "no"], ["regions", "left:calf"]].forEach(([name, value]) =>
          document.querySelector(`[name=${name}][value="${value}"]`).setAttribute("checked", ""))"""
    )

    with page.expect_navigation():
        page.evaluate("HTMLFormElement.prototype.submit.call(document.forms[0])")

    assert CheckIn.objects.get(step=1).is_answered
    assert OutcomeScore.objects.filter(score=3).exists()
    assert Appointment.objects.filter(status="cancelled").count() == 1  # the one called off before
