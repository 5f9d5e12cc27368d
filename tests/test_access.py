"""Who may open and send what: every address of the product, as every kind of person, against one written table."""

import tomllib
from pathlib import Path

import pytest
from django.contrib import admin
from django.urls import reverse

from practice.models import Cover, User
from tests.support.addresses import ARGUMENTS, form_of, kwargs_of, own_routes, routes, url_of
from tests.support.everything import KANARI, built_practice, whole_practice  # noqa: F401
from tests.support.rows import all_rows, changed_tables, rolled_back
from tests.world import NOW, PASSWORD, minutes

TABLE = tomllib.loads((Path(__file__).parent / "access_table.toml").read_text())
STAFF = ("nobody", "mia", "tom", "dana", "olga")
HOLDERS = ("nobody", "holder", "other")
LINES = {
    **{route: (STAFF, line) for route, line in TABLE["staff"].items()},
    **{route: (HOLDERS, line) for route, line in TABLE["links"].items()},
}
METHODS = ("GET", "POST")
UNKNOWN = 10**9

# What the sign-in library shows to people who are not signed in; the rest leads them to the sign-in page.
OPEN_LIBRARY_PAGES = {
    "account_login",
    "account_signup",  # closed: says so
    "account_inactive",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}
IN_THE_ADMIN = {
    "account.EmailAddress",
    "auth.Group",
    "mfa.Authenticator",
    "practice.Closure",
    "practice.Room",
    "practice.Service",
    "practice.WorkingHours",
}


def cells(route) -> dict[tuple[str, str], str]:
    """Read one line of the table: what each actor gets, by (method, actor)."""
    actors, line = LINES[route]
    halves = [half.split() for half in line.split("|")]
    assert [len(half) for half in halves] == [len(actors)] * 2, line
    return {(method, actor): halves[n][m] for n, method in enumerate(METHODS) for m, actor in enumerate(actors)}


def in_table(got) -> str:
    """Write what was got as the table does."""
    actors = list(dict.fromkeys(actor for _, actor in got))
    return " | ".join(" ".join(got[method, actor] for actor in actors) for method in METHODS)


def browser_of(actor, everything, **options):
    if actor in {"holder", "other"}:
        return everything.holder(everything.ada if actor == "holder" else everything.cleo, **options)
    return everything.signed_in(None if actor == "nobody" else getattr(everything, actor), **options)


def ask(method, url, actor, everything, form=None, **options):
    """Return the answer to one request, whose effects are undone."""
    with rolled_back():
        return getattr(browser_of(actor, everything, **options), method.lower())(url, form)


def short(response) -> str:
    """Return the status as the table writes it; `in` is the way to the sign-in page."""
    if response.status_code == 302 and response.url.startswith(reverse("account_login")):
        return "in"
    return str(response.status_code)


def passing_form(route, everything):
    """Return a form that would pass, as the first person who gets the page has it before them."""
    expected = cells(route)
    able = next((actor for actor in LINES[route][0] if expected["GET", actor] == "200"), None)
    with rolled_back():
        return form_of(route, everything, everything.ada, browser_of(able, everything) if able else None)


# --- the table


def test_the_table_has_every_address_and_no_other():
    written = {route.partition(", ")[0] for route in LINES}

    assert written == set(own_routes())


def test_every_view_declares_who_may_open_it():
    assert [name for name, view in own_routes().items() if not hasattr(view, "access")] == []


def test_the_table_lists_public_pages_apart():
    public = {name for name, view in own_routes().items() if view.access == "public"}

    assert {route.partition(", ")[0] for route in TABLE["links"]} == public


@pytest.mark.parametrize("route", LINES)
def test_answers_are_those_of_the_table(route, everything):
    expected = cells(route)
    url, form = url_of(route, everything, everything.ada), passing_form(route, everything)

    answers = {(method, actor): ask(method, url, actor, everything, form) for method, actor in expected}

    assert in_table({cell: short(response) for cell, response in answers.items()}) == in_table(expected)
    for cell, response in answers.items():
        if expected[cell] in {"in", "403", "404"}:
            assert KANARI not in response.content.decode(), cell
            assert everything.ada.client.last_name not in response.content.decode(), cell


@pytest.mark.parametrize("actor", ["gone", "holder"])
@pytest.mark.parametrize("method", METHODS)
def test_colleagues_who_left_and_clients_with_links_are_nobody_on_staff_pages(method, actor, everything):
    got = {
        route: short(ask(method, url_of(route, everything, everything.ada), actor, everything))
        for route in TABLE["staff"]
    }

    assert got == dict.fromkeys(TABLE["staff"], "in")


def test_staff_get_no_further_on_link_pages_than_anybody_else(everything):
    for route in TABLE["links"]:
        url, expected = url_of(route, everything, everything.ada), cells(route)["GET", "nobody"]

        assert {short(ask("GET", url, actor, everything)) for actor in STAFF} == {expected}, route


# --- another therapist's rows


@pytest.mark.parametrize("route", [route for route in LINES if "404" in cells(route).values() and route in ARGUMENTS])
def test_rows_of_others_look_like_rows_that_are_not_there(route, everything):
    """The same words, so that nobody can learn from the answer whether a row exists."""
    names = [name for name, value in kwargs_of(route, everything, everything.ada).items() if isinstance(value, int)]
    unknown = url_of(route, everything, everything.ada, **dict.fromkeys(names, UNKNOWN))
    foreign = url_of(route, everything, everything.ada)

    for (method, actor), answer in cells(route).items():
        if answer == "404" and actor in {"tom", "dana"}:
            refused = ask(method, foreign, actor, everything)
            assert refused.status_code == 404
            assert refused.content == ask(method, unknown, actor, everything).content


def test_ids_in_the_query_of_others_look_like_ids_that_are_not_there(everything):
    for route in ("booking:appointment_create", "booking:appointment_slots", "booking:waitlist_add"):
        foreign = url_of(route, everything, everything.ada)
        unknown = foreign.replace(f"client={everything.ada.client.pk}", f"client={UNKNOWN}")

        assert unknown != foreign
        assert ask("GET", foreign, "tom", everything).content == ask("GET", unknown, "tom", everything).content


CHARTS = [
    route for route in TABLE["staff"] if cells(route)["GET", "mia"] == "200" and cells(route)["GET", "tom"] == "404"
]


def test_a_cover_opens_what_the_covered_therapist_sees_until_it_ends(everything, still_clock):
    Cover.objects.create(
        who=everything.tom,
        for_whom=everything.mia,
        starts_at=NOW,
        until=NOW + minutes(10),
        created_by=everything.olga,
    )
    tom = everything.signed_in(everything.tom)

    def seen():
        return {route: tom.get(url_of(route, everything, everything.ada)).status_code for route in CHARTS}

    # Only its author changes or signs a chart; others are led to read it.
    authors = {"sessions:session_chart", "sessions:session_sign"}
    during = seen()
    still_clock.at = NOW + minutes(10)

    assert during == {route: 302 if route in authors else 200 for route in CHARTS}
    assert set(seen().values()) == {404}


def test_a_role_taken_away_counts_at_the_next_page(everything):
    dana = everything.signed_in(everything.dana)
    url = reverse("reminders:outbox")
    before = dana.get(url).status_code

    User.objects.filter(pk=everything.dana.pk).update(is_front_desk=False, is_therapist=True)

    assert (before, dana.get(url).status_code) == (200, 403)


# --- methods and tokens


ACTING = [(route, actor) for route in LINES for actor in LINES[route][0] if cells(route)["POST", actor] == "302"]
FIRST_ACTING = dict(reversed(ACTING))


@pytest.mark.parametrize("route", FIRST_ACTING)
def test_a_form_without_its_token_changes_nothing(route, everything):
    actor, form = FIRST_ACTING[route], passing_form(route, everything)
    url = url_of(route, everything, everything.ada)
    browser = browser_of(actor, everything, enforce_csrf_checks=True)

    response = browser.post(url, {key: value for key, value in form.items() if key != "csrfmiddlewaretoken"})

    assert response.status_code == 403
    assert changed_tables(everything.rows, all_rows()) == []


@pytest.mark.parametrize("route", FIRST_ACTING)
def test_a_form_sent_as_a_get_changes_nothing(route, everything):
    actor, form = FIRST_ACTING[route], passing_form(route, everything)
    browser = browser_of(actor, everything)

    browser.get(url_of(route, everything, everything.ada).partition("?")[0], form)

    assert changed_tables(everything.rows, all_rows()) == []


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_no_other_method_does_anything(method, everything):
    for route in LINES:
        actor = next(actor for (_, actor), answer in cells(route).items() if answer in {"200", "302", "404"})
        answer = short(ask(method, url_of(route, everything, everything.ada), actor, everything))
        assert answer in {"405", "404"}, (route, actor)


# --- the libraries' own pages


def library_pages(prefix):
    """Addresses of a library with something standing in every place of the pattern."""
    for name, pattern, _ in routes():
        if pattern.startswith(prefix):
            yield name, "/" + "".join(_filled(part) for part in pattern.replace("(", "<(").split("<"))


def _filled(part):
    """Replace the placeholder that `part` begins with by a word that fits it."""
    if part.startswith("("):
        return ("practice" if "app_label" in part else "1") + part.rpartition(")")[2].lstrip("+*").rstrip("$")
    return "1" + part.partition(">")[2] if ">" in part else part.replace("^", "")


def test_of_the_sign_in_pages_only_these_are_open(everything):
    pages = dict(library_pages("accounts/"))

    assert {name for name, url in pages.items() if short(ask("GET", url, "nobody", everything)) != "in"} == (
        OPEN_LIBRARY_PAGES
    )


def test_nobody_signs_up(everything):
    typed = {"username": "mallory", "email": "m@mail.example", "password1": PASSWORD, "password2": PASSWORD}
    before = User.objects.count()

    response = everything.signed_in(None).post(reverse("account_signup"), typed)

    assert "account/signup_closed.html" in [template.name for template in response.templates]
    assert User.objects.count() == before


def test_the_admin_holds_plain_records_only():
    assert {model._meta.label for model in admin.site._registry} == IN_THE_ADMIN


@pytest.mark.parametrize("actor", [*STAFF, "gone"])
def test_the_admin_opens_to_none_of_the_practice(actor, everything):
    for name, url in library_pages("admin/"):
        assert ask("GET", url, actor, everything).status_code in {302, 403, 404}, name


def test_the_admin_has_no_door_of_its_own(everything):
    browser = everything.signed_in(None)

    landed = browser.get(reverse("admin:index"), follow=True)

    assert landed.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_the_admin_opens_to_who_installs(everything):
    root = User.objects.create_superuser("root", "root@elmstreet.example", PASSWORD)

    assert everything.signed_in(root).get(reverse("admin:index")).status_code == 200
