"""Doors of the house: where a person lands, the first run, and a sign of life."""

from django.conf import settings
from django.contrib.auth import login
from django.db import connection
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from practice import clock, presence
from practice.access import public, staff_only
from practice.errors import Refused
from practice.forms import posted
from workspace.forms import FirstRunForm
from workspace.founding import found_practice


@staff_only
@require_safe
def home(request):
    """Lead each person to the page their day starts on."""
    return redirect("workspace:today" if request.user.is_therapist else "booking:day_board")


@staff_only
@require_POST
def still_here(request):
    """Say in how many seconds this sign-in locks. A page tells with it when it was last touched (practice/middleware.py)."""
    left, then = presence.seconds_left(request.session, request.user, now=clock.now())
    return JsonResponse({"state": presence.HERE, "left": left, "then": then, "user": request.user.pk})


@public
@require_safe
def healthz(request):
    """Say 200 while the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@public
@require_http_methods(["GET", "HEAD", "POST"])
def first_run(request):
    """Create the real practice and its owner, once, with the set-up code that the start printed."""
    if request.practice is not None or settings.DEMO:
        raise Http404
    form = FirstRunForm(posted(request))
    if form.is_valid():
        try:
            owner = found_practice(at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            login(request, owner)
            return redirect("workspace:settings")
    return render(request, "workspace/first_run.html", {"form": form}, status=422 if form.errors else 200)
