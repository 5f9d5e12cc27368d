"""What happens around every request: bad input out, practice in, nothing undeclared, nothing cached."""

import secrets
from datetime import timedelta
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.contrib.auth import logout
from django.contrib.messages import warning
from django.contrib.sessions.backends.base import UpdateError
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from practice import clock, phones, presence
from practice.access import is_declared
from practice.audit import current_request_id
from practice.models import Practice, practice_of_request

NUL = "\x00"
REPLACEMENT = "\ufffd"
SIGN_OUT, UNLOCK = "account_logout", "account_reauthenticate"
OPEN_WHILE_LOCKED = {SIGN_OUT, UNLOCK}
LONGEST_IDLE = 7 * 24 * 3600  # seconds a page may say nobody touched it; anything else is not believed
WITHOUT_PRACTICE = {"first_run", "healthz", "static"}


def request_id(get_response):
    """Give each request an id that logs and audit share."""

    def middleware(request):
        request.id = secrets.token_hex(8)
        token = current_request_id.set(request.id)
        try:
            response = get_response(request)
        finally:
            current_request_id.reset(token)
        response["X-Request-Id"] = request.id
        return response

    return middleware


def _is_bad(text: str) -> bool:
    return NUL in text or REPLACEMENT in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def _bad_request(request, status: int = 400):
    return render(request, f"{status}.html", status=status)


def reject_bad_input(get_response):
    """Answer 400 to NUL bytes and broken UTF-8 anywhere, and 413 to bodies that are too large.

    PostgreSQL refuses NUL where SQLite stores it, and Django replaces broken bytes silently: neither may get further.
    """

    def middleware(request):
        if _is_bad(request.path) or any(_is_bad(part) for pair in request.GET.lists() for part in (pair[0], *pair[1])):
            return _bad_request(request)
        if request.method in {"POST", "PUT", "PATCH"}:
            try:
                posted = request.POST.lists()
            except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
                return _bad_request(request, 413)
            except (UnicodeDecodeError, ValueError):
                return _bad_request(request)
            if any(_is_bad(part) for name, values in posted for part in (name, *values)):
                return _bad_request(request)
        return get_response(request)

    return middleware


def declared_access(get_response):
    """Refuse every view that does not say who may open it."""

    def middleware(request):
        return get_response(request)

    def process_view(request, view, args, kwargs):
        if not is_declared(view):
            raise PermissionDenied
        return

    middleware.process_view = process_view
    return middleware


def practice_context(get_response):
    """Load the practice, stand in its time zone and its country's phone numbers, and lead to the first-run page while there is none."""

    def middleware(request):
        return get_response(request)

    def process_view(request, view, args, kwargs):
        request.practice = Practice.objects.current()
        if request.practice:
            practice_of_request.set(request.practice)
            timezone.activate(ZoneInfo(request.practice.time_zone))
            phones.activate(request.practice.phone)
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        return None if name in WITHOUT_PRACTICE else redirect(reverse("first_run"))

    middleware.process_view = process_view

    def around(request):
        try:
            return middleware(request)
        finally:
            practice_of_request.set(None)
            timezone.deactivate()
            phones.deactivate()

    around.process_view = process_view
    return around


def idle_lock(get_response):
    """Ask for the password again once nobody touched anything for a while, and end a sign-in after twelve hours.

    The page behind a lock is never drawn. A script gets 401 and says so; a person gets the page that asks, and is led back.
    """

    def middleware(request):
        request.is_locked = False
        return get_response(request)

    def process_view(request, view, args, kwargs):
        if not getattr(view, "login_required", True) and request.resolver_match.view_name != SIGN_OUT:
            return None  # open to anybody, so it neither needs a lock nor keeps one open
        if not request.user.is_authenticated:
            return None
        now = clock.now()
        state = presence.state(request.session, request.user, now=now)
        if state == presence.ENDED:
            logout(request)
            return None if request.resolver_match.view_name == SIGN_OUT else _ask_again(request, state)
        if request.resolver_match.view_name in OPEN_WHILE_LOCKED:
            request.is_locked = state == presence.LOCKED
            return None
        if state == presence.LOCKED:
            return _ask_again(request, state)
        had_more, acted_at = request.session.modified, _acted_at(request, now)
        if acted_at is None or not presence.touched(request.session, at=acted_at):
            return None
        return _keep(request, had_more)

    middleware.process_view = process_view
    return middleware


def _is_scripted(request) -> bool:
    """Say whether a script sent this: then it is no sign of a person unless it carries one."""
    headers = request.headers
    return (
        "X-Idle-Seconds" in headers
        or "HX-Request" in headers
        or headers.get("X-Autosave") == "1"
        or headers.get("X-Requested-With") == "XMLHttpRequest"
        or headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    )


def _acted_at(request, now):
    """Return when a person last touched something as far as this request tells, or None if it does not."""
    if presence.KEY not in request.session or not _is_scripted(request):
        return now
    said = request.headers.get("X-Idle-Seconds", "")
    if not (said.isascii() and said.isdigit()) or len(said) > 6 or int(said) > LONGEST_IDLE:
        return None
    return now - timedelta(seconds=int(said))


def _keep(request, had_more: bool):
    """Store the touch at once: kept until the end of the request it could overwrite what another one stored meanwhile."""
    try:
        request.session.save()
    except UpdateError:  # signed out in another window while this was on its way
        logout(request)
        return _ask_again(request, presence.ENDED)
    request.session.modified = had_more
    return None


def _ask_again(request, state: str):
    if _is_scripted(request):
        return JsonResponse({"state": state}, status=401)
    back = request.get_full_path()
    if request.method not in {"GET", "HEAD"}:
        back = _path_of_form(request)
        warning(request, "The page had locked before you pressed the button: nothing was done. Please press it again.")
    door = UNLOCK if state == presence.LOCKED else "account_login"
    return redirect(f"{reverse(door)}?{urlencode({'next': back})}")


def _path_of_form(request) -> str:
    """Return the page a form stood on, if it is one of ours."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc != request.get_host():
        return reverse("home")
    return f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path


def private_pages(get_response):
    """Keep pages out of caches, search engines and other sites' frames; back after sign-out shows nothing."""

    def middleware(request):
        response: HttpResponse = get_response(request)
        if "Cache-Control" not in response:
            add_never_cache_headers(response)
            response["Cache-Control"] = "no-store, private"
        if request.method == "POST" and getattr(request.resolver_match, "view_name", "") == SIGN_OUT:
            response["Clear-Site-Data"] = '"cache"'  # not "storage": unsent text of a chart waits there, encrypted
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        return response

    return middleware
