"""The public booking page, step by step, and the page behind the link to book. What was said stands in the browser's session only."""

from datetime import datetime, timedelta

from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from booking.asking import is_fragment, read_asked, times_context
from booking.forms import read_slot
from booking.models import AppointmentLink, BookingLink
from booking.month import make_times
from booking.online import (
    CALL_FIRST,
    HOLD,
    CallFirst,
    OnlineBookingClosed,
    ask_for_booking_link,
    book_online,
    hold_for_newcomer,
    online_services,
    services_for,
    usual_therapist,
)
from booking.online_forms import BookForm, EmailForm, NewcomerForm, SafetyForm, TimeForm
from clients.gate import gate_for
from clients.screening import GROUPS, RULES
from practice import clock, limits, links
from practice.access import public
from practice.doors import door
from practice.errors import Refused
from practice.errors_views import link_closed
from practice.forms import posted
from practice.models import Service, User

STATE = "online"  # in the session
SAFE_FOR = timedelta(hours=1)  # how long “no” to every emergency question holds for going on
STOPPED_FOR = timedelta(hours=12)
CLOSED = "Online booking is closed at present. Please call us to book."
TOO_MANY = "Too many times were asked for from here. Please wait half an hour, or call us."


# --- what this browser has said so far


def _state(request) -> dict:
    return request.session.get(STATE, {})


def _keep(request, **state) -> None:
    request.session[STATE] = {**_state(request), **state}


def _is_within(request, name: str, span: timedelta) -> bool:
    at = _state(request).get(name)
    return at is not None and clock.now() - datetime.fromisoformat(at) < span


def is_stopped(request) -> bool:
    """Say whether an emergency question was answered yes or not sure here: this browser books nothing for now.

    Which question it was, and what was said, is kept nowhere.
    """
    return _is_within(request, "stopped_at", STOPPED_FOR)


def _is_safe(request) -> bool:
    return _is_within(request, "safe_at", SAFE_FOR) and not is_stopped(request)


# --- answers that end the way


def please_call(request, words: str, status: int):
    """Answer that it cannot be done here, in one sentence, with the practice's phone number."""
    return render(request, "booking/please_call.html", {"words": words}, status=status)


def _barred(request, *, needs_safety: bool):
    """Return the answer that keeps this browser out of a step, or None if it may go on."""
    if not request.practice.is_online_booking_open:
        return please_call(request, CLOSED, 404)
    if is_stopped(request):
        return redirect("online:book_stop")
    if needs_safety and not _is_safe(request):
        return redirect("online:book_safety")
    return None


# --- the public page


@public
@require_safe
def book_start(request):
    return _barred(request, needs_safety=False) or render(request, "booking/book_start.html")


@public
@require_http_methods(["GET", "HEAD", "POST"])
def book_link(request):
    if barred := _barred(request, needs_safety=False):
        return barred
    form = EmailForm(posted(request))
    if form.is_valid():
        email = form.cleaned_data["email"].casefold()
        if not limits.use(request, "booking.link"):
            return please_call(request, TOO_MANY, 429)
        if limits.use(request, "booking.link_to", key=email):
            ask_for_booking_link(email=email, at=clock.now())
        return redirect("online:book_link_sent")
    return render(request, "booking/book_link.html", {"form": form}, status=422 if form.errors else 200)


@public
@require_safe
def book_link_sent(request):
    return _barred(request, needs_safety=False) or render(request, "booking/book_link_sent.html")


@public
@require_http_methods(["GET", "HEAD", "POST"])
def book_safety(request):
    if barred := _barred(request, needs_safety=False):
        return barred
    form = SafetyForm(posted(request))
    is_complete = form.is_valid()
    if form.is_bound and form.is_emergency:
        request.session[STATE] = {"stopped_at": clock.now().isoformat()}
        return redirect("online:book_stop")
    if is_complete:
        _keep(request, safe_at=clock.now().isoformat())
        return redirect("online:book_time")
    groups = [
        {"group": group, "questions": [form.question(key) for key in group.items if key in form.fields]}
        for group in GROUPS
        if any(key in form.fields for key in group.items)
    ]
    return render(request, "booking/book_safety.html", {"form": form, "groups": groups}, status=_status(form))


@public
@require_safe
def book_stop(request):
    return render(request, "booking/book_stop.html", {"advice": RULES.words["triage"]["emergency"]["client"]})


@public
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def book_time(request):
    if barred := _barred(request, needs_safety=True):
        return barred
    asked = read_asked(request, online_services(is_first_visit=True))
    form = TimeForm(posted(request), service=asked.service)
    near = None
    if form.is_valid():
        if _is_offered(request, asked.service, **form.place):
            _keep(request, service=asked.service.pk, slot=form.cleaned_data["slot"])
            return redirect("online:book_details")
        near = form.cleaned_data["starts_at"]
    context = times_context(request, asked, form, url=request.path, words="Take this time", near=near)
    context["refusal"] = "That time is not free any more. These are the nearest." if near else ""
    template = "booking/_times.html" if is_fragment(request) else "booking/book_time.html"
    return render(request, template, context, status=409 if near else _status(form))


def _is_offered(request, service: Service, *, starts_at: datetime, therapist: User) -> bool:
    day = timezone.localdate(starts_at)
    times = make_times(practice=request.practice, service=service, now=clock.now(), therapist=therapist, day=day)
    return starts_at in {choice.starts_at for choice in times.choices}


@public
@require_http_methods(["GET", "HEAD", "POST"])
def book_details(request):
    if barred := _barred(request, needs_safety=True):
        return barred
    service = online_services(is_first_visit=True).filter(pk=_state(request).get("service")).first()
    if service is None:
        return redirect("online:book_time")
    kept = {"slot": _state(request).get("slot", "")}
    sent = None if request.method != "POST" else kept | request.POST.dict()
    form = NewcomerForm(sent, service=service, today=clock.today(), initial=kept)
    refusal = None
    if form.is_valid():
        try:
            return _hold(request, form, service)
        except Refused as error:
            refusal = error
    context = {"form": form, "service": service, "refusal": refusal, **_chosen_time(request, form, service, refusal)}
    return render(request, "booking/book_details.html", context, status=409 if refusal else _status(form))


def _hold(request, form, service):
    """Hold the time and lead on. A refusal gives back what the limit counted."""
    use = limits.use(request, "booking.hold")
    if not use:
        return please_call(request, TOO_MANY, 429)
    now, newcomer = clock.now(), form.newcomer
    try:
        hold_for_newcomer(service=service, at=now, **newcomer)
    except Refused:
        use.rollback()
        raise
    _keep(request, held=[newcomer["starts_at"].isoformat(), (now + HOLD).isoformat()])
    return redirect("online:book_held")


def _chosen_time(request, form, service, refusal) -> dict:
    """Return the time the form stands at, and the nearest free ones when it was refused or cannot be read."""
    read = read_slot(form["slot"].value() or "")
    therapist = read and service.therapists.therapists().filter(pk=min(max(read[1], 0), 2**63 - 1)).first()
    is_readable = bool(therapist) and "slot" not in form.errors
    if is_readable and refusal is None:
        return {"starts_at": read[0], "therapist": therapist, "nearest": []}
    now = clock.now()
    times = make_times(practice=request.practice, service=service, now=now, near=read[0] if is_readable else now)
    return {"starts_at": None, "therapist": None, "nearest": times.nearest}


@public
@require_safe
def book_held(request):
    if barred := _barred(request, needs_safety=False):
        return barred
    held = _state(request).get("held")
    if held is None:
        return redirect("online:book_start")
    starts_at, until = map(datetime.fromisoformat, held)
    return render(request, "booking/book_held.html", {"starts_at": starts_at, "until": until, "now": clock.now()})


# --- behind the link to book


@public
@door
@require_safe
def booking_open(request, token):
    link = BookingLink.objects.opened_by(token, now=clock.now())
    if link is None:
        return link_closed(request)
    links.remember(request, link)
    return redirect("online:my_booking", link.handle)


@public
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def my_booking(request, handle):
    link = links.remembered(request, BookingLink, handle, now=clock.now())
    if link is None:
        return link_closed(request)
    return serve_booking(request, link.invitation.client, url=request.path)


def serve_booking(
    request,
    client,
    *,
    url: str,
    near: datetime | None = None,
    service: Service | None = None,
    refusal: Refused | None = None,
):
    """Let this client book a visit alone, and lead to its page. `near` and `refusal`: a time that could not be had again."""
    if barred := _barred(request, needs_safety=False):
        return barred
    if not gate_for(client).is_bookable:
        return please_call(request, CALL_FIRST, 409)
    now, usual = clock.now(), usual_therapist(client)
    asked = read_asked(request, _first(services_for(client), service), usual=usual)
    form = BookForm(posted(request) if refusal is None else None, service=asked.service)
    if form.is_valid():
        near = form.cleaned_data["starts_at"]
        try:
            key = form.cleaned_data["key"]
            visit = book_online(client=client, service=asked.service, at=now, key=key, **form.place)
        except (CallFirst, OnlineBookingClosed) as error:
            return please_call(request, str(error), 409)
        except Refused as error:
            refusal = error
        else:
            link = links.open_here(request, AppointmentLink, now=now, expires_at=visit.starts_at, appointment=visit)
            return redirect("booking:my_appointment", link.handle)
    context = {
        **times_context(request, asked, form, url=url, words="Book", client=client, usual=usual, near=near),
        "client": client,
        "upcoming": client.appointments.upcoming(now).exclude(held_until__isnull=False).order_by("starts_at", "pk"),
        "refusal": refusal or "",
    }
    template = "booking/_times.html" if is_fragment(request) else "booking/my_booking.html"
    return render(request, template, context, status=409 if refusal else _status(form))


def _first(services, service: Service | None) -> list[Service]:
    """Return the services with `service`, if it is among them, at the head."""
    return sorted(services, key=lambda one: service is None or one.pk != service.pk)


def _status(form) -> int:
    return 422 if form.errors else 200
