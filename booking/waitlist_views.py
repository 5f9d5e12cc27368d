"""The waitlist beside the board."""

from django.shortcuts import redirect

from practice.access import staff_only


@staff_only
def waitlist_add(request):
    return redirect("home")


@staff_only
def waitlist_close(request, pk):
    return redirect("home")
