"""Around every request: bad input out, headers on, undeclared views shut."""

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path, reverse

import config.urls
from practice.access import is_declared, public

LIST = "/clients/"


def undeclared(request):
    return HttpResponse("should not be seen")


@public
def database_gone(request):
    raise OperationalError("server closed the connection")


@public
def bug(request):
    raise ValueError("CANARY")


handler500 = config.urls.handler500
urlpatterns = [
    *config.urls.urlpatterns,
    path("undeclared/", undeclared),
    path("gone/", database_gone),
    path("bug/", bug),
]


@pytest.mark.parametrize("path", ["/clients/?q=%00", "/clients/?%00=a", "/clients/a%00b/", "/clients/?q=%ff%fe"])
def test_nul_and_broken_utf8_are_refused_with_words(signed_in, dana, path):
    response = signed_in(dana).get(path)

    assert response.status_code == 400
    assert b"<h1" in response.content


def test_nul_in_a_form_is_refused(signed_in, dana):
    assert signed_in(dana).post(reverse("clients:client_create"), {"first_name": "A\x00da"}).status_code == 400


def test_broken_utf8_in_a_form_is_refused(signed_in, dana):
    response = signed_in(dana).post(
        reverse("clients:client_create"), b"first_name=%ff", content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code == 400


def test_a_body_of_ten_megabytes_is_refused(signed_in, dana):
    response = signed_in(dana).post(
        reverse("clients:client_create"), b"a=" + b"x" * 10_000_000, content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code == 413


def test_too_many_fields_are_refused(signed_in, dana):
    body = "&".join(f"f{n}=1" for n in range(1001))

    response = signed_in(dana).post(
        reverse("clients:client_create"), body, content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code == 413


def test_emoji_and_right_to_left_names_are_welcome(signed_in, dana):
    response = signed_in(dana).post(
        reverse("clients:client_create"), {"first_name": "נועה 🙂", "last_name": "كريم", "phone": "+447911123456"}
    )

    assert response.status_code == 302


@override_settings(ROOT_URLCONF=__name__)
def test_an_undeclared_view_is_shut_to_everybody(signed_in, olga):
    assert signed_in(olga).get("/undeclared/").status_code == 403
    assert not is_declared(undeclared)


@override_settings(ROOT_URLCONF=__name__)
def test_a_database_that_is_away_gives_words_and_503(client, practice):
    client.raise_request_exception = False

    response = client.get("/gone/")

    assert response.status_code == 503
    assert response["Retry-After"]


@pytest.mark.parametrize(
    "where", ["practice.models.PracticeQuerySet.current", "django.contrib.sessions.backends.db.SessionStore.load"]
)
def test_a_database_that_is_away_before_the_view_gives_503_too(signed_in, dana, monkeypatch, where):
    browser = signed_in(dana)
    browser.raise_request_exception = False
    monkeypatch.setattr(where, lambda self: database_gone(None))

    response = browser.get(LIST)

    assert response.status_code == 503
    assert b"<h1" in response.content


@override_settings(ROOT_URLCONF=__name__)
def test_a_bug_gives_500_without_the_code_s_insides(client, practice):
    client.raise_request_exception = False

    response = client.get("/bug/")

    assert response.status_code == 500
    assert b"CANARY" not in response.content


@pytest.mark.parametrize("path", ["/accounts/login/", "/clients/", "/no-such-page/", "/clients/?q=%00"])
def test_every_answer_carries_its_headers(signed_in, dana, path):
    response = signed_in(dana).get(path)

    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]
    assert response["X-Request-Id"]


def test_without_a_practice_every_page_leads_to_the_first_run(client, db, settings):
    settings.DEMO = False

    assert client.get("/accounts/login/")["Location"] == "/first-run/"
    assert client.get("/first-run/").status_code == 200
