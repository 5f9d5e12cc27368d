"""A signed-in person at one keep-alive connection, as a browser holds it."""

import http.client
from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client as TestClient

from practice.models import User
from workspace.bench.stages import Stage, standing_in

HOST = "127.0.0.1"


class UnexpectedAnswer(Exception):
    """The web server did not answer as it should; a figure made of such answers would mean nothing."""


def inside(user: User) -> TestClient:
    """Return a person signed in without a server, whose queries can be counted."""
    client = TestClient(SERVER_NAME=HOST)
    client.force_login(user)
    return client


class Browser:
    """Asks the stage's web server as `username`, or as nobody in particular."""

    def __init__(self, stage: Stage, username: str = ""):
        self._cookies = {}
        if username:
            with standing_in(stage):
                signed_in = inside(User.objects.get(username=username))
            self._cookies[settings.SESSION_COOKIE_NAME] = signed_in.cookies[settings.SESSION_COOKIE_NAME].value
        self._connection = http.client.HTTPConnection(HOST, stage.port, timeout=60)

    def get(self, path: str, **headers: str) -> str:
        """Open the page and return it. Raises UnexpectedAnswer unless it is there."""
        return self._ask("GET", path, None, headers, wanted=200)

    def post(self, path: str, fields: Mapping[str, object]) -> None:
        """Send the form. Raises UnexpectedAnswer unless it did what it should and leads on."""
        token = {"csrfmiddlewaretoken": self._cookies[settings.CSRF_COOKIE_NAME]}
        body = urlencode({**token, **fields})
        self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"}, wanted=302)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str], *, wanted: int) -> str:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self._connection.request(method, path, body, {**headers, **({"Cookie": cookies} if cookies else {})})
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status != wanted:
            raise UnexpectedAnswer(f"{method} {path} answered {answer.status} instead of {wanted}.")
        for line in answer.headers.get_all("Set-Cookie") or ():
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return text
