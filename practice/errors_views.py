"""Error pages that need more than a template."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string

from practice.access import public


@public
def csrf_failure(request, reason=""):
    """A form without its token: mostly a page left open overnight."""
    return render(request, "403.html", {"is_csrf": True}, status=403)


def link_closed(request, status: int = 404):
    """Answer 404 for a mail's link that is unknown, ended, revoked or not this browser's: the same words for all."""
    return render(request, "practice/link_closed.html", status=status)


@public
def server_error(request):
    """Answer 503 with words while the database cannot be reached or is too busy, and 500 for everything else.

    Rendered without the request: its user and the practice stand in the database that may be away.
    """
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        response = HttpResponse(render_to_string("503.html"), status=503)
        response["Retry-After"] = "10"
        return response
    return HttpResponseServerError(render_to_string("500.html"))
