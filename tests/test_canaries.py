"""Words of a chart reach its readers only: whole crawls as every kind of person, looking for words they must not see."""

import logging
from urllib.parse import urldefrag, urlsplit

import pytest
from django.apps import apps
from django.db import connection
from django.urls import reverse, reverse_lazy

from practice.models import AuditEvent
from tests.support.addresses import ARGUMENTS, QUERIES, own_routes, url_of
from tests.support.everything import KANARI, built_practice, open_links, whole_practice  # noqa: F401
from tests.support.pages import is_html, read_page
from tests.support.rows import rolled_back
from tests.test_access import TABLE, browser_of

FRAGMENTS = {  # what htmx asks of an address that has two bodies
    reverse_lazy("clients:client_list"): "client-rows",
    reverse_lazy("booking:appointment_create"): "client-choices",
    reverse_lazy("booking:waitlist_add"): "client-choices",
    reverse_lazy("booking:day_board"): "board",
}
NOT_FOLLOWED = ("/static/", "/accounts/", "/admin/")  # nothing of a client stands there


def addresses(everything):
    """Every address of the product, with the rows of both records in it."""
    routes = dict.fromkeys([*own_routes(), *ARGUMENTS, *QUERIES])
    urls = [url_of(route, everything, record) for route in routes for record in (everything.ada, everything.cleo)]
    plain = [url.partition("?")[0] for url in urls]
    more = [
        url
        for record in (everything.ada, everything.cleo)
        for url in (
            reverse("clients:intake_read", args=[record.client.pk, record.open_intake.pk]),
            reverse("clients:screening_page", args=[record.alarmed.pk]),
            reverse("workspace:client_page", args=[record.alarmed.pk]),
        )
    ]
    return list(dict.fromkeys([*urls, *plain, *more]))


def inside(url, link):
    """Return where a link on the page `url` leads, if it is ours, else an empty string."""
    parts = urlsplit(urldefrag(link).url)
    if parts.scheme or parts.netloc or parts.path.startswith(NOT_FOLLOWED):
        return ""
    path = parts.path or urlsplit(url).path
    return f"{path}?{parts.query}" if parts.query else path


def undone(browser, ask, *what, **how):
    """Ask, and undo what it did to the database and to the browser's cookies."""
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    with rolled_back():
        response = ask(*what, **how)
    browser.cookies.clear()
    browser.cookies.load(cookies)
    return response


def crawl(browser, urls):
    """Open every address, and every link on those pages once; return all bodies by address, fragments included."""
    bodies, found = {}, []

    def look(url, **headers):
        response = undone(browser, browser.get, url, headers=headers)
        assert response.status_code < 500, url
        body = response.content.decode(errors="replace")  # a PDF is no text
        bodies[url, *headers.values()] = body
        if response.status_code == 302:
            found.append(inside(url, response.url))
        if is_html(response):
            found.extend(inside(url, link) for link in read_page(response).links)

    for url in urls:
        look(url)
        if target := FRAGMENTS.get(url.partition("?")[0]):
            look(url, hx_request="true", hx_target=target)
    for url in dict.fromkeys(found):
        if url and (url,) not in bodies:
            look(url)
    return bodies


def seen_words(bodies, words):
    """Return which of `words` stand where."""
    return {word: url[0] for url, body in bodies.items() for word in words if word in body}


def answers_to_forms(browser, everything):
    """Send every form empty, for both records, and return what came back."""
    bodies = {}
    for route in own_routes():
        for record in (everything.ada, everything.cleo):
            url = url_of(route, everything, record)
            bodies[url, "sent"] = undone(browser, browser.post, url, {}).content.decode()
    return bodies


def test_the_desk_finds_no_word_of_a_chart(everything, caplog):
    caplog.set_level(logging.INFO)
    dana = everything.signed_in(everything.dana)

    bodies = crawl(dana, addresses(everything)) | answers_to_forms(dana, everything)

    assert len(bodies) > 200
    assert seen_words(bodies, everything.words) == {}
    assert KANARI not in caplog.text


@pytest.mark.parametrize("word", ["Screening:", "Pain drawing", "Stop, and go to an emergency"])
def test_the_desk_s_page_of_a_client_has_no_clinical_heading(word, everything):
    url = reverse("workspace:client_page", args=[everything.ada.client.pk])

    assert word not in everything.signed_in(everything.dana).get(url).content.decode()


def test_the_desk_s_search_finds_nobody_by_a_word_of_their_chart(everything):
    dana = everything.signed_in(everything.dana)

    for word in everything.ada.words:
        found = dana.get(reverse("clients:client_list"), {"q": word})
        assert found.context["rows"] == []


def test_another_therapist_finds_no_word_of_a_chart(everything):
    tom = everything.signed_in(everything.tom)

    bodies = crawl(tom, addresses(everything)) | answers_to_forms(tom, everything)

    assert seen_words(bodies, [f"{KANARI}-ada"]) == {}
    assert seen_words(bodies, [f"{KANARI}-cleo"])
    for name in (everything.ada.client.last_name, everything.ada.alarmed.name):
        assert seen_words(bodies, [name]) == {}


@pytest.mark.parametrize("actor", ["nobody", "gone"])
def test_who_is_not_signed_in_finds_no_word_at_all(actor, everything):
    browser = browser_of(actor, everything)

    bodies = crawl(browser, addresses(everything)) | answers_to_forms(browser, everything)

    assert seen_words(bodies, [*everything.words, everything.ada.client.last_name]) == {}


def test_a_client_with_links_finds_no_word_about_another(everything):
    bodies = crawl(everything.holder(everything.cleo), addresses(everything))

    assert seen_words(bodies, [f"{KANARI}-ada", everything.ada.client.last_name]) == {}
    assert seen_words(bodies, [f"{KANARI}-cleo"])


def test_a_mail_passed_on_tells_nothing(everything):
    """Who opens the client's links in another browser sees no answer that was given in theirs."""
    ada = everything.ada
    browser = open_links({name: token for name, token in ada.tokens.items() if name != "report"})

    bodies = crawl(browser, addresses(everything)) | answers_to_forms(browser, everything)

    assert seen_words(bodies, everything.words) == {}


def test_a_client_with_links_reads_no_session_note(everything):
    """What the referrer gets is the consented report; no link leads to what the therapist wrote into the chart."""
    bodies = crawl(everything.holder(everything.ada), addresses(everything))
    notes = [word for word in everything.ada.words if word.endswith(("tive", "assessment", "plan_text", "-amendment"))]

    assert notes
    assert seen_words(bodies, notes) == {}


def test_the_crawl_finds_every_word_where_it_may_be_read(everything):
    """The control of all tests above: what nobody can find cannot be missed either."""
    bodies = crawl(everything.signed_in(everything.mia), addresses(everything))

    assert set(everything.ada.words) - set(seen_words(bodies, everything.ada.words)) == set()


def test_the_owner_may_read_charts_and_it_is_written_down(everything):
    olga = everything.signed_in(everything.olga)
    reading = [
        route
        for route in TABLE["staff"]
        if KANARI in olga.get(url_of(route, everything, everything.ada)).content.decode(errors="replace")
    ]
    read = AuditEvent.objects.filter(action="chart.read", by=everything.olga, about_client_id=everything.ada.client.pk)

    assert len(reading) > 8
    assert set(read.values_list("page", flat=True)) >= {route.partition(", ")[0] for route in reading}


def test_mails_say_nothing_of_a_chart(everything):
    texts = [part for mail in everything.mails for part in (mail.subject, mail.body, *map(str, mail.alternatives))]

    assert len(everything.mails) >= 8
    assert [text for text in texts for word in everything.words if word in text] == []


@pytest.mark.parametrize(
    "table", ["practice_auditevent", "reminders_message", "clients_task", "practice_idempotencykey"]
)
def test_rows_that_travel_hold_ids_only(table, everything):
    """Audit, outbox and idempotency keys; of a task only the outcome is a person's words."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    assert KANARI not in str([{name: value for name, value in row.items() if name != "outcome"} for row in rows])


def test_rows_called_by_name_reveal_nobody(everything):
    """What str() gives ends up in logs and error reports: numbers, no names and no words."""
    names = {
        everything.ada.client.last_name,
        everything.ada.client.first_name,
        everything.ada.alarmed.last_name,
        KANARI,
    }
    ours = [model for model in apps.get_models() if hasattr(model._default_manager.all(), "visible_to")]
    called = {model._meta.label: {str(row) for row in model._base_manager.all()} for model in ours}

    assert sum(map(len, called.values())) > 100
    assert [text for texts in called.values() for text in texts for name in names if name in text] == []
