"""What happens around every request: bad input out, practice in, nothing undeclared, nothing cached."""

import secrets
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from practice import phones
from practice.access import is_declared
from practice.audit import current_request_id
from practice.models import Practice, practice_of_request

NUL = "\x00"
REPLACEMENT = "\ufffd"
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


def private_pages(get_response):
    """Keep pages out of caches, search engines and other sites' frames; back after sign-out shows nothing."""

    def middleware(request):
        response: HttpResponse = get_response(request)
        if "Cache-Control" not in response:
            add_never_cache_headers(response)
            response["Cache-Control"] = "no-store, private"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        return response

    return middleware
