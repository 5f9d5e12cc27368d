"""The waitlist beside the board: who waits for what, and which times are held for whom."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from booking.choosing import client_results, visible_client
from booking.forms import PlaceForm, WaitlistForm
from booking.models import WaitlistEntry, WaitlistOffer
from booking.offering import accept_offer, decline_offer, offer_time, withdraw_offer
from booking.views import frame, places, status_of
from booking.waitlist import add_to_waitlist, close_waitlist_entry
from practice import clock
from practice.access import staff_only
from practice.errors import Refused
from practice.forms import posted


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

    form = WaitlistForm(posted(request))
    if form.is_valid():
        add_to_waitlist(client=client, by=request.user, at=clock.now(), **form.cleaned_data)
        return redirect("booking:day_board")
    context = {"client": client, "form": form}
    return render(request, "booking/waitlist_add.html", context, status=422 if form.errors else 200)


@staff_only
@require_POST
def waitlist_close(request, pk):
    entry = get_object_or_404(WaitlistEntry.objects.visible_to(request.user), pk=pk)
    try:
        close_waitlist_entry(entry, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("booking:day_board")


# --- offers


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def waitlist_offer(request, pk):
    """Offer a time by hand: one of those free, or any other that staff answers for."""
    entries = WaitlistEntry.objects.visible_to(request.user).waiting(clock.now())
    entry = get_object_or_404(entries.select_related("client", "service", "therapist"), pk=pk)
    initial = {"therapist": entry.therapist, "day": clock.today()}
    form, refusal = PlaceForm(posted(request), initial=initial, **frame(request)), None
    if "look" not in request.POST and form.is_valid():
        chosen = {name: form.place[name] for name in ("therapist", "starts_at", "overrule")}
        try:
            offer_time(entry=entry, by=request.user, at=clock.now(), **chosen)
        except Refused as error:
            refusal = error
        else:
            return redirect("booking:day_board")
    choices = places(request, form, refusal, client=entry.client, service=entry.service)
    context = {"entry": entry, "client": entry.client, **choices}
    return render(request, "booking/waitlist_offer.html", context, status=status_of(request, form, refusal))


def _answered(request, pk, act, done: str):
    offers = WaitlistOffer.objects.visible_to(request.user)
    offer = get_object_or_404(offers.select_related("appointment", "entry"), pk=pk)
    try:
        act(offer, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("booking:day_board")


@staff_only
@require_POST
def offer_accept(request, pk):
    """The client took it on the phone."""
    return _answered(request, pk, accept_offer, "The time is booked, and the client is off the waitlist.")


@staff_only
@require_POST
def offer_decline(request, pk):
    """The client said no on the phone."""
    return _answered(request, pk, decline_offer, "The time goes to the next on the waitlist whom it suits.")


@staff_only
@require_POST
def offer_withdraw(request, pk):
    return _answered(request, pk, withdraw_offer, "The time is yours again. It is not offered by itself any more.")
