"""Error pages speak plainly, say what to do next, and need nothing that may be broken."""

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.views.defaults import page_not_found, permission_denied, server_error

pytestmark = pytest.mark.one_database

PAGES = ["400", "403", "404", "413", "500", "503"]


@pytest.mark.parametrize("number", PAGES)
def test_error_page_renders_without_database_request_or_context(number):
    html = render_to_string(f"{number}.html")  # no db fixture: a query would fail the test

    assert f"Error {number}" in html
    assert html.count("<h1>") == 1
    assert "To the start page" in html


@pytest.mark.parametrize("number", PAGES)
def test_error_page_loads_no_script_but_the_choice_of_colours(number):
    html = render_to_string(f"{number}.html")

    assert html.count("<script") == 1
    assert "js/theme.js" in html


def test_error_page_names_the_practice_and_its_phone_where_they_are_known():
    class Practice:
        name = "Elm Street Massage"
        phone = "+442079460000"

    html = render_to_string("404.html", {"practice": Practice})

    assert "Elm Street Massage" in html
    assert 'href="tel:+442079460000"' in html


def test_403_tells_an_old_form_from_a_closed_door():
    assert "open too long" in render_to_string("403.html", {"is_csrf": True})
    assert "Not for this account" in render_to_string("403.html")


@pytest.mark.parametrize(
    ("view", "status"), [(page_not_found, 404), (permission_denied, 403)], ids=["page_not_found", "permission_denied"]
)
def test_django_finds_its_error_pages(view, status):
    response = view(RequestFactory().get("/nowhere/"), Exception("gone"))

    assert response.status_code == status
    assert f"Error {status}".encode() in response.content


def test_django_finds_its_500_page():
    response = server_error(RequestFactory().get("/"))

    assert response.status_code == 500
    assert b"The fault is ours" in response.content
