"""Many people at once: threads that press the same button of a live server at the same moment."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.client import HTTPConnection
from importlib import import_module
from threading import Barrier, Thread
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.servers.basehttp import WSGIServer

from tests.support.proof import size

WSGIServer.request_queue_size = 256  # Django's test server queues ten callers and resets the rest; gunicorn 2048

CSRF = "c" * 32
PATIENCE = size(quick=60, long=600)  # seconds: the last of a large crowd waits for all the others, on a busy machine


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    body: str


def session_of(user) -> str:
    """Sign `user` in and return the session's key."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def get(server: str, path: str, *, session: str) -> Answer:
    """Open a page as the browser of `session` would and return the answer; redirects are not followed."""
    return _ask(server, "GET", path, session)


def post(server: str, path: str, fields: dict, *, session: str) -> Answer:
    """Send a form as the browser of `session` would and return the answer; redirects are not followed."""
    return _ask(server, "POST", path, session, urlencode({**fields, "csrfmiddlewaretoken": CSRF}, doseq=True))


def _ask(server: str, method: str, path: str, session: str, form: str | None = None) -> Answer:
    connection = HTTPConnection(urlsplit(server).netloc, timeout=PATIENCE)
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={CSRF}"}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, form, headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return Answer(answer.status, answer.getheader("Location", ""), body)


def all_at_once(acts: Iterable[Callable[[], object]]) -> list:
    """Run every act in its own thread, all starting together, and return what they gave, in order."""
    acts = list(acts)
    gate, results = Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        gate.wait(PATIENCE)
        try:
            results[number] = act()
        except OSError as error:
            results[number] = error

    threads = [Thread(target=run, args=(number, act)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return results
