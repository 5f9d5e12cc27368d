"""The outbox against a provider's web service by django-anymail: what its errors mean."""

import pytest
import requests
import urllib3
from anymail import exceptions as api
from anymail.message import AnymailRecipientStatus
from django.core import mail

from clients.models import Intake, Task
from practice.models import Practice
from reminders.delivery import SmtpDelivery
from reminders.models import Message
from reminders.outbox import send_due
from tests.world import NOW, make_client

pytestmark = pytest.mark.django_db
TO_POST = "anymail.backends.test.EmailBackend.post_to_esp"


@pytest.fixture(autouse=True)
def provider(settings):
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"


@pytest.fixture
def two(practice):
    """Two people who are to get an intake link: ann and bob, in this order."""
    for name in ("Ann", "Bob"):
        person = make_client(name, "Lee", email=f"{name.lower()}@mail.example")
        Intake.objects.create(client=person, requested_at=NOW)


def sweep():
    delivery = SmtpDelivery()
    try:
        return send_due(now=NOW, deliver=delivery)
    finally:
        delivery.close()


def states():
    return list(Message.objects.order_by("pk").values_list("state", "handoffs"))


def answered(status):
    """Return the error of a provider that answers with this status."""
    response = requests.Response()
    response.status_code = status
    return api.AnymailRequestsAPIError(response=response)


def unreached():
    """Return the error of a provider that no connection could be made to, as anymail and requests raise it."""
    reason = urllib3.exceptions.NewConnectionError(None, "refused")
    return broken(requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, "/", reason)))


def broken(cause):
    error = type("Error", (api.AnymailRequestsAPIError, type(cause)), {})("Error posting")
    error.__cause__ = cause
    return error


def says(message, status):
    """Return the provider's answer for the mail's one recipient."""
    return {"recipient_status": {message.to[0]: AnymailRecipientStatus(message_id="1", status=status)}}


@pytest.fixture
def ann_gets(monkeypatch):
    """Let the provider raise `error` over Ann's mail."""

    def fail(error):
        def post(backend, payload, message):
            if message.to == ["ann@mail.example"]:
                raise error
            mail.outbox.append(message)
            return says(message, "sent")

        monkeypatch.setattr(TO_POST, post)

    return fail


def test_a_provider_takes_mails_as_a_server_does(two):
    assert sweep().sent == 2

    assert states() == [("sent", 1), ("sent", 1)]


def test_an_address_that_the_provider_refuses_is_marked(two, monkeypatch):
    def post(backend, payload, message):
        return says(message, "rejected" if message.to == ["ann@mail.example"] else "sent")

    monkeypatch.setattr(TO_POST, post)

    sweep()

    assert states() == [("failed", 0), ("sent", 1)]
    task = Task.objects.get()
    assert (task.client.first_name, task.why) == ("Ann", "E-mail address refused: ask for a new one")
    assert task.client.email_failed_at == NOW


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_mail_that_the_provider_will_not_have_fails_alone_and_marks_no_address(two, ann_gets, status):
    ann_gets(answered(status))

    sweep()

    assert states() == [("failed", 0), ("sent", 1)]
    assert Task.objects.get().client.email_failed_at is None


@pytest.mark.parametrize(
    "error",
    [answered(401), answered(402), answered(429), answered(503), unreached(), broken(requests.ConnectTimeout())],
)
def test_a_provider_that_takes_nothing_from_us_rests_the_outbox(two, ann_gets, error):
    ann_gets(error)

    sweep()

    assert states() == [("due", 0), ("due", 0)]
    assert Practice.objects.get().mail_down_since == NOW


@pytest.mark.parametrize(
    "error",
    [
        answered(500),
        answered(504),
        broken(requests.ReadTimeout()),
        broken(requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted"))),
    ],
)
def test_a_request_that_may_have_arrived_is_in_doubt(two, ann_gets, error):
    ann_gets(error)

    sweep()

    assert states()[0] == ("handoff", 1)


def test_a_provider_without_its_keys_is_away_and_breaks_nothing(two, settings):
    settings.EMAIL_BACKEND, settings.ANYMAIL = "anymail.backends.postmark.EmailBackend", {}

    sweep()

    assert states() == [("due", 0), ("due", 0)]
    assert Practice.objects.get().mail_down_since == NOW
