"""What a client sees by mail link: one visit, to confirm, to cancel in time, to put into a calendar."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking.appointments import cancel_appointment, confirm_appointment, is_too_late
from booking.calendar_files import calendar_file
from booking.forms import ClientCancelForm, ClientConfirmForm
from booking.models import Appointment, AppointmentLink
from practice import clock
from practice.access import public
from practice.errors import Refused
from practice.errors_views import link_closed
from practice.links import remember, remembered

STATUS = Appointment.Status


@public
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


def _page(request, handle, appointment, *, form=None, refusal="", status=200):
    """Render the visit. `form` is a confirmation that was not complete, `refusal` why something was not done."""
    now = clock.now()
    is_open = appointment.status in (STATUS.BOOKED, STATUS.CONFIRMED) and appointment.starts_at > now
    must_call = is_too_late(appointment, practice=request.practice, now=now)
    context = {
        "handle": handle,
        "appointment": appointment,
        "zone_name": request.practice.time_zone.rpartition("/")[2].replace("_", " "),
        "form": form or ClientConfirmForm(),
        "refusal": refusal,
        "can_confirm": is_open and appointment.status == STATUS.BOOKED,
        "can_cancel": is_open and not must_call,
        "is_too_late": is_open and must_call,
    }
    return render(request, "booking/my_appointment.html", context, status=status)


@public
@require_safe
def my_appointment(request, handle):
    appointment = _appointment(request, handle)
    return _page(request, handle, appointment) if appointment else link_closed(request)


@public
@require_POST
def my_appointment_confirm(request, handle):
    appointment = _appointment(request, handle)
    if appointment is None:
        return link_closed(request)
    form = ClientConfirmForm(request.POST)
    if not form.is_valid():
        return _page(request, handle, appointment, form=form, status=422)
    try:
        confirm_appointment(appointment, by=None, at=clock.now())
    except Refused as refusal:
        return _page(request, handle, appointment, refusal=str(refusal), status=409)
    return redirect("booking:my_appointment", handle)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def my_appointment_cancel(request, handle):
    appointment = _appointment(request, handle)
    if appointment is None:
        return link_closed(request)
    form = ClientCancelForm(request.POST if request.method == "POST" else None)
    must_call = is_too_late(appointment, practice=request.practice, now=clock.now())
    if not form.is_bound and (appointment.is_cancelled or must_call):
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
