"""Doors of the house: where a person lands, the first run, and a sign of life."""

from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect

from practice.access import public, staff_only


@staff_only
def home(request):
    """Lead each person to the page their day starts on."""
    return redirect("workspace:today" if request.user.is_therapist else "booking:day_board")


@public
def healthz(request):
    """Say 200 while the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@public
def first_run(request):
    """Create the real practice and its owner."""
    return HttpResponse(status=404)
