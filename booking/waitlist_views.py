"""The waitlist beside the board."""

from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from booking.choosing import client_results, visible_client
from booking.forms import WaitlistForm
from booking.models import WaitlistEntry
from booking.waitlist import add_to_waitlist, close_waitlist_entry
from practice import clock
from practice.access import staff_only


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def waitlist_add(request):
    asked = request.POST if request.method == "POST" else request.GET
    client = visible_client(request.user, asked.get("client"))
    if client is None:
        context = client_results(request)
        is_fragment = request.htmx and request.htmx.target == "client-choices"
        page = "booking/_client_choices.html" if is_fragment else "booking/waitlist_client.html"
        return render(request, page, context)

    form = WaitlistForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        add_to_waitlist(client=client, by=request.user, at=clock.now(), **form.cleaned_data)
        return redirect("booking:day_board")
    context = {"client": client, "form": form}
    return render(request, "booking/waitlist_add.html", context, status=422 if form.errors else 200)


@staff_only
@require_POST
def waitlist_close(request, pk):
    entry = get_object_or_404(WaitlistEntry.objects.visible_to(request.user), pk=pk)
    close_waitlist_entry(entry, by=request.user, at=clock.now())
    return redirect("booking:day_board")
