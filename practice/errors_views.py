"""Error pages that need more than a template."""

from django.shortcuts import render

from practice.access import public


@public
def csrf_failure(request, reason=""):
    """A form without its token: mostly a page left open overnight."""
    return render(request, "403.html", {"is_csrf": True}, status=403)
