"""What a client sees by mail link: one visit, to take up, confirm, move, cancel and take back, and to put into a calendar."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from booking.appointments import cancel_appointment, confirm_appointment, is_too_late
from booking.asking import is_fragment, read_asked, times_context, zone_name
from booking.calendar_files import calendar_file
from booking.forms import ClientCancelForm, ClientConfirmForm
from booking.models import Appointment, AppointmentChange, AppointmentLink
from booking.online import CALL_FIRST, CallFirst, accept_online, move_online
from booking.online_forms import MoveMineForm, UndoForm
from booking.online_views import please_call, serve_booking
from booking.refusals import ChangedMeanwhile, NotNow, TooLate
from booking.second_thoughts import take_back, undo_until
from booking.undo import last_change
from clients.gate import StopFirst
from practice import clock
from practice.access import public
from practice.doors import door
from practice.errors import Refused
from practice.errors_views import link_closed
from practice.forms import posted
from practice.links import open_here, remember, remembered
from practice.models import Service

STATUS = Appointment.Status


@public
@door
@require_safe
def appointment_open(request, token):
    link = AppointmentLink.objects.opened_by(token, now=clock.now())
    if link is None:
        return link_closed(request)
    remember(request, link)
    return redirect("booking:my_appointment", link.handle)


def _appointment(request, handle) -> Appointment | None:
    link = remembered(request, AppointmentLink, handle, now=clock.now())
    if link is None:
        return None
    return Appointment.objects.select_related("client", "therapist", "service").get(pk=link.appointment_id)


def _page(request, handle, appointment, *, form=None, undo_form=None, refusal="", status=200):
    """Render the visit. The forms are ones that were not complete, `refusal` why something was not done."""
    now, change = clock.now(), last_change(appointment)
    is_held = appointment.status == STATUS.HELD and appointment.held_until > now
    has_lapsed = (appointment.status == STATUS.HELD and not is_held) or (
        appointment.is_cancelled and bool(change) and change.kind == AppointmentChange.Kind.LAPSED
    )
    is_open = appointment.status in (STATUS.BOOKED, STATUS.CONFIRMED) and appointment.starts_at > now
    must_call = is_too_late(appointment, practice=request.practice, now=now)
    until = undo_until(change)
    context = {
        "handle": handle,
        "appointment": appointment,
        "zone_name": zone_name(request.practice),
        "form": form or ClientConfirmForm(),
        "undo_form": undo_form or UndoForm(),
        "refusal": refusal,
        "is_held": is_held,
        "has_lapsed": has_lapsed,
        "can_confirm": is_open and appointment.status == STATUS.BOOKED,
        "can_cancel": is_open and not must_call,
        "is_too_late": is_open and must_call,
        "undo_until": until if until and until > now and appointment.starts_at > now else None,
        "is_undo_of_move": appointment.status != STATUS.CANCELLED,
    }
    return render(request, "booking/my_appointment.html", context, status=status)


@public
@require_safe
def my_appointment(request, handle):
    appointment = _appointment(request, handle)
    return _page(request, handle, appointment) if appointment else link_closed(request)


def _with_box(request, handle, act):
    """Do `act` if the box is ticked; the page says otherwise why nothing was done."""
    appointment = _appointment(request, handle)
    if appointment is None:
        return link_closed(request)
    form = ClientConfirmForm(request.POST)
    if not form.is_valid():
        return _page(request, handle, appointment, form=form, status=422)
    try:
        act(appointment, by=None, at=clock.now())
    except StopFirst:
        return please_call(request, CALL_FIRST, 409)
    except Refused as refusal:
        return _page(request, handle, _appointment(request, handle), refusal=str(refusal), status=409)
    return redirect("booking:my_appointment", handle)


@public
@require_POST
def my_appointment_confirm(request, handle):
    return _with_box(request, handle, confirm_appointment)


@public
@require_POST
def my_appointment_accept(request, handle):
    return _with_box(request, handle, accept_online)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def my_appointment_cancel(request, handle):
    appointment = _appointment(request, handle)
    if appointment is None:
        return link_closed(request)
    form = ClientCancelForm(posted(request))
    must_call = is_too_late(appointment, practice=request.practice, now=clock.now())
    is_standing = appointment.status in (STATUS.BOOKED, STATUS.CONFIRMED)
    if not form.is_bound and (not is_standing or must_call):
        return _page(request, handle, appointment)
    if form.is_valid():
        try:
            cancel_appointment(appointment, reason=form.cleaned_data["reason"], by=None, at=clock.now())
        except Refused as refusal:
            return _page(request, handle, appointment, refusal=str(refusal), status=409)
        return redirect("booking:my_appointment", handle)
    context = {"handle": handle, "appointment": appointment, "form": form}
    return render(request, "booking/my_appointment_cancel.html", context, status=422 if form.errors else 200)


@public
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def my_appointment_move(request, handle):
    appointment = _appointment(request, handle)
    if appointment is None:
        return link_closed(request)
    now = clock.now()
    is_open = appointment.status in (STATUS.BOOKED, STATUS.CONFIRMED)
    if not is_open or is_too_late(appointment, practice=request.practice, now=now):
        words = "" if request.method != "POST" else "It is too late to move your visit by link. Please call us."
        return _page(request, handle, appointment, refusal=words, status=409 if words else 200)
    return _serve_move(request, handle, appointment)


def _serve_move(request, handle, appointment, *, near=None, refusal=None):
    """Let the client choose another time of the same service. `near` and `refusal`: a time that could not be had."""
    asked = read_asked(request, _service_of(appointment), usual=appointment.therapist)
    initial = {"version": appointment.version}
    is_sent = request.method == "POST" and refusal is None
    form = MoveMineForm(request.POST if is_sent else None, service=asked.service, initial=initial)
    if form.is_valid():
        near = form.cleaned_data["starts_at"]
        try:
            version = form.cleaned_data["version"]
            moved = move_online(appointment, version=version, at=clock.now(), **form.place)
        except CallFirst as call:
            return please_call(request, str(call), 409)
        except (TooLate, NotNow, ChangedMeanwhile) as error:
            return _page(request, handle, _appointment(request, handle), refusal=str(error), status=409)
        except Refused as error:
            refusal = error
        else:
            return _shown_here(request, moved)
    context = {
        **times_context(
            request,
            asked,
            form,
            url=reverse("booking:my_appointment_move", args=[handle]),
            words="Move my visit",
            client=appointment.client,
            without=appointment,
            usual=appointment.therapist,
            near=near,
        ),
        "handle": handle,
        "appointment": appointment,
        "refusal": refusal or "",
    }
    template = "booking/_times.html" if is_fragment(request) else "booking/my_appointment_move.html"
    return render(request, template, context, status=409 if refusal else 422 if form.errors else 200)


def _service_of(appointment):
    return Service.objects.active().filter(pk=appointment.service_id)


def _shown_here(request, appointment):
    """Lead to the visit as it stands now. Its old links are closed; the browser that acted gets a new one."""
    link = open_here(
        request, AppointmentLink, now=clock.now(), expires_at=appointment.starts_at, appointment=appointment
    )
    return redirect("booking:my_appointment", link.handle)


@public
@require_POST
def my_appointment_undo(request, handle):
    appointment = _appointment(request, handle)
    if appointment is None:
        return link_closed(request)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _page(request, handle, appointment, undo_form=form, status=422)
    change = last_change(appointment)
    try:
        back = take_back(appointment, at=clock.now())
    except CallFirst as call:
        return please_call(request, str(call), 409)
    except (TooLate, ChangedMeanwhile) as refusal:
        return _page(request, handle, _appointment(request, handle), refusal=str(refusal), status=409)
    except Refused as refusal:
        return _nearest_instead(request, handle, appointment, change, refusal)
    return _shown_here(request, back)


def _nearest_instead(request, handle, appointment, change, refusal):
    """The time of before cannot be had again: say so and offer the nearest free ones."""
    if not appointment.is_cancelled:
        return _serve_move(request, handle, appointment, near=change.from_starts_at, refusal=refusal)
    return _serve_again(request, handle, appointment, near=appointment.starts_at, refusal=refusal)


@public
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def my_appointment_again(request, handle):
    """After a visit was cancelled, or a held time was given back: another one, without asking for a link first."""
    appointment = _appointment(request, handle)
    if appointment is None:
        return link_closed(request)
    is_gone = appointment.is_cancelled or (appointment.status == STATUS.HELD and appointment.held_until <= clock.now())
    if not is_gone:
        return redirect("booking:my_appointment", handle)
    return _serve_again(request, handle, appointment)


def _serve_again(request, handle, appointment, *, near=None, refusal=None):
    return serve_booking(
        request,
        appointment.client,
        url=reverse("booking:my_appointment_again", args=[handle]),
        near=near,
        service=appointment.service,
        refusal=refusal,
    )


@public
@require_safe
def my_appointment_ics(request, handle):
    appointment = _appointment(request, handle)
    if appointment is None:
        return link_closed(request)
    answer = HttpResponse(
        calendar_file(appointment, request.practice, now=clock.now()), content_type="text/calendar; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return answer
