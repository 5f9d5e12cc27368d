"""Sign-in and account pages: allauth's flows in the practice's own pages."""

import re

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.template.loader import render_to_string
from django.urls import reverse

from tests.world import PASSWORD


def page(response) -> str:
    """Return the HTML of a page, after the checks every page must pass."""
    html = response.content.decode()
    assert response.status_code == 200
    assert html.count("<h1") == 1
    assert not re.search(r"<[a-z][^>]*\s(?:style|on[a-z]+)=", html)
    assert "tokens.css" in html
    return html


def test_account_login_shows_the_practice_and_asks_for_name_and_password(client, practice):
    html = page(client.get(reverse("account_login")))

    assert practice.name in html
    assert "Username or e-mail address" in html
    assert 'autocomplete="current-password"' in html


def test_account_login_says_what_is_wrong_and_keeps_the_name(client, mia):
    html = page(client.post(reverse("account_login"), {"login": "mia", "password": "wrong"}))

    assert "error-summary" in html
    assert 'value="mia"' in html


def test_account_login_lets_a_therapist_in(client, mia):
    response = client.post(reverse("account_login"), {"login": "mia", "password": PASSWORD})

    assert response.status_code == 302
    assert response.wsgi_request.user == mia


def test_account_login_offers_the_demo_sign_ins_it_is_given(rf, practice):
    request = rf.get("/")
    people = [{"username": "mia", "password": "only-for-the-demo", "name": "Mia Berg", "role": "Therapist"}]

    html = render_to_string(
        "account/_demo_sign_ins.html", {"demo_sign_ins": people, "csrf_token": "t", "redirect_field": ""}, request
    )

    assert 'name="login" value="mia"' in html
    assert "only-for-the-demo" in html


@pytest.fixture
def sure_of_mia(client, mia):
    """Mia's browser after she has typed her password a second time, as pages about the second step ask."""
    client.post(reverse("account_login"), {"login": "mia", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.mark.parametrize(
    "name", ["account_reset_password", "account_reset_password_done", "account_reset_password_from_key_done"]
)
def test_password_reset_pages_open_without_an_account(client, practice, name):
    assert reverse("account_login") in page(client.get(reverse(name)))


def test_password_reset_sends_a_link_that_opens_the_form_once(client, mia):
    client.post(reverse("account_reset_password"), {"email": mia.email})
    link = re.search(r"https?://[^/]+(/\S+)", mail.outbox[0].body).group(1)

    html = page(client.get(link, follow=True))

    assert "Choose a new password" in html
    assert 'type="password"' in html


def test_password_reset_with_a_broken_link_says_so(client, practice):
    html = page(client.get(reverse("account_reset_password_from_key", args=["1", "abc-def"])))

    assert "no longer works" in html


def test_account_signup_is_closed_in_plain_words(client, practice):
    assert "by invitation" in page(client.get(reverse("account_signup")))


@pytest.mark.parametrize("name", ["account_logout", "account_change_password", "mfa_index", "account_reauthenticate"])
def test_account_pages_open_for_those_signed_in(signed_in, mia, name):
    page(signed_in(mia).get(reverse(name)))


def test_mfa_activate_totp_shows_a_code_to_scan(sure_of_mia):
    html = page(sure_of_mia.get(reverse("mfa_activate_totp")))

    assert 'class="qr" src="data:image/svg+xml;base64,' in html


def test_mfa_pages_of_someone_with_a_second_step(sure_of_mia, mia):
    TOTP.activate(mia, generate_totp_secret())
    RecoveryCodes.activate(mia)

    assert "Turn off" in page(sure_of_mia.get(reverse("mfa_index")))
    assert "Turn off the second step?" in page(sure_of_mia.get(reverse("mfa_deactivate_totp")))
    assert 'class="codes' in page(sure_of_mia.get(reverse("mfa_view_recovery_codes")))
    assert "stop working" in page(sure_of_mia.get(reverse("mfa_generate_recovery_codes")))
    assert "Please confirm it is you" in page(sure_of_mia.get(reverse("mfa_reauthenticate")))


def test_mfa_authenticate_asks_for_the_code_after_the_password(client, mia):
    TOTP.activate(mia, generate_totp_secret())

    html = page(client.post(reverse("account_login"), {"login": "mia", "password": PASSWORD}, follow=True))

    assert "Second step" in html
    assert 'name="code"' in html
