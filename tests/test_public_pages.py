"""What stands open without a password: this list and nothing else. Links open one thing, for a time, and opening changes nothing."""

import re
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.models import AppointmentLink, BookingLink, WaitlistOfferLink
from clients.consents import give_consent
from clients.models import Consent, IntakeLink
from clients.walk import STEPS
from practice.context import SAFETY_NET
from protocols.models import HomeProgrammeLink
from referrals.models import ReferralLink, ReportLink
from reminders.models import CheckInLink, UnsubscribeLink
from tests.support.addresses import own_routes, url_of
from tests.support.everything import DAY, built_practice, open_links, whole_practice  # noqa: F401
from tests.support.pages import is_html, read_page
from tests.support.rows import all_rows, changed_tables
from tests.test_access import LINES, TABLE, cells
from tests.world import NOW

DOORS = {"healthz", "first_run", "clients:intake_hand_back", "booking:calendar_feed"}
WAY_IN = {  # the public booking page, step by step
    "online:book_details",
    "online:book_held",
    "online:book_link",
    "online:book_link_sent",
    "online:book_safety",
    "online:book_start",
    "online:book_stop",
    "online:book_time",
}
OPENED_BY = {  # the address in a mail, the kind of link it takes, and the names of the tokens that open it
    "booking:appointment_open": (AppointmentLink, {"visit", "held", "called_off"}),
    "booking:offer_open": (WaitlistOfferLink, {"offer"}),
    "clients:intake_open": (IntakeLink, {"intake", "handed_in"}),
    "referrals:report_open": (ReportLink, {"report"}),
    "referrals:status_open": (ReferralLink, {"status"}),
    "protocols:home_open": (HomeProgrammeLink, {"home"}),
    "online:booking_open": (BookingLink, {"book"}),
    "reminders:check_in_open": (CheckInLink, {"check_in", "answered"}),
    "reminders:stop_open": (UnsubscribeLink, {"stop"}),
}
BEHIND_LINKS = {
    "booking:my_appointment": "visit",
    "booking:my_appointment_accept": "held",
    "booking:my_appointment_again": "called_off",
    "booking:my_appointment_move": "visit",
    "booking:my_appointment_undo": "called_off",
    "online:my_booking": "book",
    "booking:my_appointment_cancel": "visit",
    "booking:my_appointment_confirm": "visit",
    "booking:my_appointment_ics": "visit",
    "booking:my_offer": "offer",
    "booking:my_offer_accept": "offer",
    "booking:my_offer_decline": "offer",
    "clients:intake_copy": "handed_in",
    "clients:intake_done": "handed_in",
    "clients:intake_emergency": "intake",
    "clients:intake_group": "intake",
    "clients:intake_page": "intake",
    "referrals:report_page": "report",
    "referrals:status_page": "status",
    "referrals:status_report": "status",
    "protocols:my_programme": "home",
    "reminders:check_in_done": "answered",
    "reminders:check_in_page": "check_in",
    "reminders:stop_page": "stop",
}
PUBLIC = DOORS | WAY_IN | set(OPENED_BY) | set(BEHIND_LINKS)
GARBAGE = "0" * 43


def words_of(response) -> str:
    """Return a page without what differs each time it is drawn."""
    return re.sub(r"[A-Za-z0-9]{64}", "", response.content.decode())


def shown_links(everything):
    """Pages behind links that Ada sees: every address that answers her browser with a page, and every part of her intake."""
    addresses = [url_of(route, everything, everything.ada) for route in BEHIND_LINKS]
    steps = [url_of("clients:intake_group", everything, everything.ada, step=step.key) for step in STEPS]
    way_in = [url_of(route, everything, everything.ada) for route in WAY_IN]
    return dict.fromkeys([*addresses, *steps, *way_in])


# --- the list


def test_these_views_are_public_and_no_others():
    assert {name for name, view in own_routes().items() if view.access == "public"} == PUBLIC


def test_only_declared_views_do_without_signing_in():
    """`public` is what says so to the library, too: a view that only escaped the sign-in would be missing above."""
    open_to_all = {name for name, view in own_routes().items() if not getattr(view, "login_required", True)}

    assert open_to_all == PUBLIC


# --- what every page behind a link carries


def test_every_page_behind_a_link_carries_the_safety_net(everything):
    ada = everything.holder(everything.ada)
    pages = {url: ada.get(url) for url in shown_links(everything)}
    shown = {url: page for url, page in pages.items() if page.status_code == 200 and is_html(page)}

    assert len(shown) > 20
    assert [url for url, page in shown.items() if SAFETY_NET not in page.content.decode()] == []


def test_pages_of_closed_links_and_refused_forms_carry_it_too(everything):
    ada, nobody = everything.holder(everything.ada), Browser()
    closed = [nobody.get(url_of(route, everything, everything.ada)) for route in BEHIND_LINKS]
    refused = [ada.post(url_of(route, everything, everything.ada), {"age": "no number"}) for route in BEHIND_LINKS]
    pages = [page for page in (*closed, *refused) if page.status_code in {404, 409, 422}]

    assert len(pages) > 12
    assert [page.request["PATH_INFO"] for page in pages if SAFETY_NET not in page.content.decode()] == []


def test_no_page_shows_the_token_that_opened_it(everything):
    for route, (_, names) in OPENED_BY.items():
        for name in names:
            browser, token = Browser(), everything.ada.tokens[name]
            landed = browser.get(reverse(route, args=[token]), follow=True)

            assert token not in landed.redirect_chain[-1][0]
            assert token not in landed.content.decode()
            assert landed.headers["Referrer-Policy"] == "same-origin"
            assert landed.headers["Cache-Control"] == "no-store, private"


# --- opening changes nothing


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_what_a_mail_leads_to_changes_no_row(method, everything):
    """Mail robots open every link of every mail, follow what they find, and come back fifty times."""
    ada, nobody = everything.holder(everything.ada), Browser()
    before = all_rows()

    for route in PUBLIC:
        url = url_of(route, everything, everything.ada)
        for browser in (ada, nobody):
            page = getattr(browser, method)(url, follow=True)
            if method == "get" and is_html(page):
                for link in read_page(page).links:
                    if link.startswith("/") and not link.startswith("/static/"):
                        browser.get(link)
    for url in shown_links(everything):
        getattr(ada, method)(url)

    assert changed_tables(before, all_rows()) == []


def test_forms_sent_as_they_come_decide_nothing(everything):
    """A robot that presses every button finds boxes unticked: nothing is confirmed, cancelled, answered or handed in."""
    ada = everything.holder(everything.ada)
    decisive = {"booking.Appointment", "booking.AppointmentChange", "clients.Consent", "reminders.CheckIn"}
    decisive |= {"clients.Screening", "clients.Task", "referrals.Report", "protocols.HomeReport"}
    decisive |= {"reminders.MailChoice"}
    before = all_rows()

    for url in shown_links(everything):
        page = ada.get(url)
        if page.status_code == 200 and is_html(page):
            for form in read_page(page).forms:
                if form.method == "post":
                    ada.post(form.action or url, form.values)

    assert decisive & set(changed_tables(before, all_rows())) == set()


BOOKING = [route for route in (*WAY_IN, *BEHIND_LINKS) if route.startswith(("booking:", "online:"))]


def test_fifty_robots_book_move_and_cancel_nothing(everything):
    """Each opens every page of booking and sends every form on it as it comes; the browser has answered all questions."""
    ada = everything.holder(everything.ada)
    urls = [url_of(route, everything, everything.ada) for route in BOOKING]
    before, sent = all_rows(), 0

    for _ in range(50):
        for url in urls:
            page = ada.get(url)
            for form in read_page(page).forms if is_html(page) else ():
                if form.method == "post":
                    answer = ada.post(form.action or url, form.values)
                    sent += 1
                    assert answer.status_code == 422, (url, form.action)

    assert sent >= 50 * 9
    assert changed_tables(before, all_rows()) == []


# --- links that do not open


def dead_tokens(everything, route):
    """Tokens that must not open `route`, by what is wrong with them."""
    model, own = OPENED_BY[route]
    name = sorted(own)[0]
    live, token = everything.ada.opened[name], everything.ada.tokens[name]
    of = {field.name: getattr(live, field.name) for field in model._meta.fields if field.is_relation}
    revoked = model.mint(now=NOW, expires_at=NOW + DAY, **of)
    model.objects.filter(pk=model.objects.opened_by(revoked, now=NOW).pk).revoke(at=NOW)
    flipped = ("B" if token[0] == "A" else "A") + token[1:]
    return {
        "expired": model.mint(now=NOW - timedelta(hours=1), expires_at=NOW, **of),
        "revoked": revoked,
        "cut short": token[:-1],
        "longer": token + "A",
        "one letter off": flipped,
        "in capitals": token.swapcase(),
        "its own hash": live.token_hash,
        "its handle": live.handle,
        "not ASCII": "ключ",
        "very long": "A" * 4000,
        **{f"for {name}": other for name, other in everything.ada.tokens.items() if name not in own},
    }


@pytest.mark.parametrize("route", OPENED_BY)
def test_tokens_that_open_nothing_get_the_same_words(route, everything):
    browser = Browser()
    words = words_of(browser.get(reverse(route, args=[GARBAGE])))
    before = all_rows()
    dead = dead_tokens(everything, route)

    for wrong, token in dead.items():
        page = browser.get(reverse(route, args=[token]))
        assert (page.status_code, words_of(page)) == (404, words), wrong

    assert "ask us for a new link" in words
    assert "020 7946 0000" in words
    assert set(changed_tables(before, all_rows())) <= {OPENED_BY[route][0]._meta.label}


@pytest.mark.parametrize("route", OPENED_BY)
def test_who_tried_too_many_wrong_tokens_waits_whatever_the_next_one_is(route, everything):
    """The answer is the same for a right token, so that it tells nothing; another place of the net opens it meanwhile."""
    right = reverse(route, args=[everything.ada.tokens[sorted(OPENED_BY[route][1])[0]]])
    wrong, browser = reverse(route, args=[GARBAGE]), Browser()

    tried = [browser.get(wrong) for _ in range(60)]
    after = [browser.get(wrong), browser.get(right)]

    assert {page.status_code for page in tried} == {404}
    assert [page.status_code for page in after] == [429, 429]
    assert {words_of(page) for page in after} == {words_of(tried[0])}
    assert Browser(REMOTE_ADDR="203.0.113.7").get(right).status_code == 302


def test_links_that_open_are_not_counted(everything):
    url = reverse("reminders:check_in_open", args=[everything.ada.tokens["check_in"]])

    assert {Browser().get(url).status_code for _ in range(70)} == {302}


@pytest.mark.parametrize("route", OPENED_BY)
def test_a_link_opens_until_its_last_second(route, everything, still_clock):
    name = sorted(OPENED_BY[route][1])[-1]
    url, link = reverse(route, args=[everything.ada.tokens[name]]), everything.ada.opened[name]
    end = getattr(link, "ends_at", link.expires_at)  # a link to an intake follows the visit

    still_clock.at = end - timedelta(seconds=1)
    before = Browser().get(url).status_code
    still_clock.at = end

    assert (before, Browser().get(url).status_code) == (302, 404)


@pytest.mark.parametrize("end", ["expired", "revoked"])
@pytest.mark.parametrize("route", BEHIND_LINKS)
def test_a_closed_link_shuts_the_pages_of_browsers_that_had_opened_it(route, end, everything, still_clock):
    method = "get" if cells(route)["GET", "holder"] != "405" else "post"
    ada, url = everything.holder(everything.ada), url_of(route, everything, everything.ada)
    words = words_of(getattr(Browser(), method)(url))
    if end == "expired":
        still_clock.at = NOW + DAY
    else:
        for model in {model for model, _ in OPENED_BY.values()}:
            model.objects.all().revoke(at=NOW)
    before = all_rows()

    page = getattr(ada, method)(url)
    ada.post(url, {"will_come": "on", "is_sure": "on", "pain_now_nrs": "3", "warning_sign": "no"})

    assert (page.status_code, words_of(page)) == (404, words)
    assert changed_tables(before, all_rows()) == []


def test_a_link_opens_the_pages_of_its_own_purpose_only(everything):
    """A browser that opened one link is tried with its handle at the pages of every other purpose."""
    for names in (names for _, names in OPENED_BY.values()):
        for name in names:
            browser, handle = open_links({name: everything.ada.tokens[name]}), everything.ada.handles[name]
            for route in (route for route, purpose in BEHIND_LINKS.items() if purpose not in names):
                url = url_of(route, everything, everything.ada, handle=handle)
                method = "get" if cells(route)["GET", "holder"] != "405" else "post"
                assert getattr(browser, method)(url).status_code == 404, (name, route)


def test_a_link_opens_no_other_row_of_its_kind(everything):
    """Ada's browser, tried with the handles of Cleo's links."""
    ada = everything.holder(everything.ada)

    for route in BEHIND_LINKS:
        method = "get" if cells(route)["GET", "holder"] != "405" else "post"
        assert getattr(ada, method)(url_of(route, everything, everything.cleo)).status_code == 404, route


def test_a_report_shuts_when_the_client_takes_the_consent_back(everything):
    reader = everything.holder(everything.ada)
    page, door = (
        url_of(route, everything, everything.ada) for route in ("referrals:report_page", "referrals:report_open")
    )
    before = reader.get(page).status_code

    give_consent(
        client=everything.ada.client,
        scope=Consent.Scope.SHARE_WITH_REFERRER,
        is_given=False,
        signed_name="Ada Müller",
        is_by_guardian=False,
        at=NOW,
    )

    assert (before, reader.get(page).status_code, Browser().get(door).status_code) == (200, 404, 404)


def test_the_list_of_link_pages_is_that_of_the_access_table():
    assert set(TABLE["links"]) == PUBLIC
    assert set(LINES) >= PUBLIC
