"""What a client sees behind the mail about a time that has come free: to take it or not, while it is held."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from booking.forms import OfferAcceptForm, OfferDeclineForm
from booking.models import WaitlistOffer, WaitlistOfferLink
from booking.offering import accept_offer, decline_offer, is_still_free
from booking.slots import first_free
from clients.gate import StopFirst
from practice import clock
from practice.access import public
from practice.doors import door
from practice.errors import Refused
from practice.errors_views import link_closed
from practice.links import remember, remembered

NEAREST = 6
CALL_FIRST = "Please call us to book this time: we would like to speak with you first."
ANSWER = WaitlistOffer.Answer


@public
@door
@require_safe
def offer_open(request, token):
    link = WaitlistOfferLink.objects.opened_by(token, now=clock.now())
    if link is None:
        return link_closed(request)
    remember(request, link)
    return redirect("booking:my_offer", link.handle)


def _offer(request, handle) -> WaitlistOffer | None:
    link = remembered(request, WaitlistOfferLink, handle, now=clock.now())
    if link is None:
        return None
    offers = WaitlistOffer.objects.select_related(
        "entry__therapist", "appointment__client", "appointment__therapist", "appointment__service"
    )
    return offers.get(pk=link.offer_id)


def _nearest(offer: WaitlistOffer, request, now) -> list:
    """Return the next free times of the same kind, for the phone."""
    visit, wanted = offer.appointment, offer.entry.therapist
    slots = first_free(
        NEAREST,
        practice=request.practice,
        service=visit.service,
        first_day=clock.today(),
        days=request.practice.horizon_days,
        now=now,
        client=visit.client,
        therapists=None if wanted is None else [wanted],
    )
    return [slot.starts_at for slot in slots]


def _page(request, handle, offer, *, accept=None, decline=None, refusal="", status=200):
    """Render the offer. `accept` and `decline` are forms that were not complete, `refusal` why something was not done."""
    now = clock.now()
    is_held = offer.answer == "" and offer.expires_at > now
    is_late = not is_held and not refusal and is_still_free(offer, practice=request.practice, now=now)
    is_gone = not is_held and not is_late and offer.answer != ANSWER.ACCEPTED
    context = {
        "handle": handle,
        "offer": offer,
        "visit": offer.appointment,
        "zone_name": request.practice.time_zone.rpartition("/")[2].replace("_", " "),
        "others": offer.appointment.client.appointments.upcoming(now)
        .exclude(pk=offer.appointment_id)
        .order_by("starts_at", "pk")[:NEAREST],
        "accept": accept or OfferAcceptForm(),
        "decline": decline or OfferDeclineForm(),
        "refusal": refusal,
        "is_held": is_held,
        "is_late": is_late,
        "is_gone": is_gone,
        "nearest": _nearest(offer, request, now) if is_gone else [],
    }
    return render(request, "booking/my_offer.html", context, status=status)


@public
@require_safe
def my_offer(request, handle):
    offer = _offer(request, handle)
    return _page(request, handle, offer) if offer else link_closed(request)


@public
@require_POST
def my_offer_accept(request, handle):
    offer = _offer(request, handle)
    if offer is None:
        return link_closed(request)
    form = OfferAcceptForm(request.POST)
    if not form.is_valid():
        return _page(request, handle, offer, accept=form, status=422)
    try:
        accept_offer(offer, by=None, at=clock.now())
    except StopFirst:
        return _page(request, handle, offer, refusal=CALL_FIRST, status=409)
    except Refused as refusal:
        return _page(request, handle, _offer(request, handle), refusal=str(refusal), status=409)
    return redirect("booking:my_offer", handle)


@public
@require_POST
def my_offer_decline(request, handle):
    offer = _offer(request, handle)
    if offer is None:
        return link_closed(request)
    form = OfferDeclineForm(request.POST)
    if not form.is_valid():
        return _page(request, handle, offer, decline=form, status=422)
    try:
        decline_offer(offer, by=None, at=clock.now(), is_leaving=form.cleaned_data["is_leaving"])
    except Refused as refusal:
        return _page(request, handle, offer, refusal=str(refusal), status=409)
    return redirect("booking:my_offer", handle)
