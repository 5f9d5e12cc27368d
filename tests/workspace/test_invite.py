"""Inviting a colleague and setting a password when mail does not leave."""

import pytest

from practice.models import User

NINA = {
    "first_name": "Nina",
    "last_name": "Roy",
    "username": "nina",
    "email": "nina@elm.example",
    "roles": ["therapist"],
}


@pytest.fixture
def no_mail_leaves(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 2


def invite(browser):
    return browser.post("/practice/staff/new/", NINA, follow=True)


def test_the_owner_is_told_that_the_link_is_mailed(signed_in, olga, settings, mailoutbox):
    settings.MAIL_IS_SET_UP = True

    page = invite(signed_in(olga)).content.decode()

    assert "The link below is also mailed to nina@elm.example." in page
    assert [mail.to for mail in mailoutbox] == [["nina@elm.example"]]


def test_without_a_mail_server_nobody_is_told_that_a_mail_went_out(signed_in, olga, settings, mailoutbox):
    settings.MAIL_IS_SET_UP = False

    page = invite(signed_in(olga)).content.decode()

    assert "No mail server is set up, so hand over the link below." in page
    assert "/accounts/password/reset/key/" in page
    assert mailoutbox == []


def test_an_invitation_stands_while_the_mail_server_is_away(signed_in, olga, settings, no_mail_leaves):
    settings.MAIL_IS_SET_UP = True

    page = invite(signed_in(olga))

    assert page.status_code == 200
    assert User.objects.filter(username="nina").exists()
    assert "/accounts/password/reset/key/" in page.content.decode()


def test_a_forgotten_password_answers_alike_while_the_mail_server_is_away(client, mia, no_mail_leaves):
    known = client.post("/accounts/password/reset/", {"email": mia.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@elm.example"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
