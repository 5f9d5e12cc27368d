"""Visits booked together: looking at the dates, booking those chosen, cancelling what is left of them."""

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from booking.choosing import client_results, visible_client
from booking.models import Appointment
from booking.series import (
    MOST_VISITS,
    SeriesConflicts,
    book_series,
    booked_with,
    cancel_this_and_later,
    plan_for,
    planned_visits,
    propose_series,
    seen_mark,
    this_and_later,
    visits_of,
)
from booking.series_forms import DatesForm, RhythmForm, SeriesCancelForm, first_values
from clients.gate import gate_for
from practice import clock
from practice.access import staff_only
from practice.errors import Refused
from practice.forms import posted
from practice.models import Service
from protocols.models import TreatmentPlan

ASKED = ("service", "therapist", "day", "time", "weeks_apart", "count")


def repeat_url(client, *, service, therapist, starts_at) -> str:
    """Return where a time just chosen is repeated weekly."""
    first = first_values(starts_at=starts_at, client=client.pk, service=service.pk, therapist=therapist.pk)
    return f"{reverse('booking:series_create')}?{urlencode(first)}"


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def series_create(request):
    """The rhythm stands in the address, so that a list of dates can be looked at, sent on and gone back to."""
    client = visible_client(request.user, request.GET.get("client"))
    if client is None:
        return _choose_client(request)
    earlier = booked_with(_key(request), client=client)
    if earlier is not None:
        return redirect(visits_of(earlier)[0])

    plan = TreatmentPlan.objects.open().filter(client=client).select_related("therapist", "protocol").first()
    planned = planned_visits(plan, now=clock.now()) if plan else None
    is_asked = "count" in request.GET  # a chosen time comes here without it, and nobody is scolded for that
    given = {**_guess(client, planned), **{name: request.GET[name] for name in ASKED if name in request.GET}}
    rhythm = RhythmForm(given if is_asked else None, initial=given, practice=request.practice, today=clock.today())

    dates, refusal = None, None
    if rhythm.is_bound and rhythm.is_valid():
        dates = _dates(request, client, rhythm)
        if dates.is_bound and dates.is_valid():
            try:
                series = _book(request, client, rhythm, dates)
            except Refused as error:
                refusal = error
                dates = _dates(request, client, rhythm)  # as they stand by now; what was chosen and can be had is kept
                dates.is_valid()
            else:
                return redirect(visits_of(series)[0])
    context = {
        "client": client,
        "gate": gate_for(client),
        "rhythm": rhythm,
        "dates": dates,
        "refusal": refusal,
        "conflicts": getattr(refusal, "conflicts", {}) if isinstance(refusal, SeriesConflicts) else {},
        "planned": planned,
        "free": sum(prospect.is_free for prospect in dates.prospects) if dates else 0,
    }
    return render(request, "booking/series_create.html", context, status=_status(request, rhythm, dates, refusal))


def _choose_client(request):
    is_fragment = request.htmx and request.htmx.target == "client-choices"
    page = "booking/_client_choices.html" if is_fragment else "booking/client_choose.html"
    return render(request, page, client_results(request))


def _key(request) -> UUID | None:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _status(request, rhythm, dates, refusal) -> int:
    if refusal is not None:
        return 409
    is_wrong = bool(dates.errors if dates else rhythm.errors)
    return 422 if request.method == "POST" and (is_wrong or dates is None) else 200


def _dates(request, client, rhythm) -> DatesForm:
    prospects = propose_series(practice=request.practice, client=client, now=clock.now(), **rhythm.rhythm)
    return DatesForm(posted(request), prospects=prospects)


def _book(request, client, rhythm, dates):
    given = rhythm.cleaned_data
    times = dates.times
    return book_series(
        client=client,
        therapist=given["therapist"],
        service=given["service"],
        times=times,
        weeks_apart=given["weeks_apart"],
        plan=plan_for(client, given["service"]),
        note=dates.cleaned_data["note"],
        key=dates.cleaned_data["key"],
        by=request.user,
        at=clock.now(),
    )


def _guess(client, planned) -> dict:
    """Start with what the plan asks for, and with the client's last visit: the same service, a rhythm later."""
    last = client.appointments.live().select_related("service").order_by("-starts_at", "-pk").first()
    guess = {"weeks_apart": "1"}
    if planned:
        guess |= {"weeks_apart": str(planned.weeks_apart), "therapist": str(planned.plan.therapist_id)}
        guess |= {"count": str(min(max(planned.left, 2), MOST_VISITS))}
    services = Service.objects.active()
    service = last and services.filter(pk=last.service_id, is_first_visit=False).first()
    service = service or services.filter(is_first_visit=False).order_by("pk").first()
    if service:
        guess["service"] = str(service.pk)
    if last:
        guess.setdefault("therapist", str(last.therapist_id))
        weeks = timedelta(weeks=int(guess["weeks_apart"]))
        local = timezone.localtime(last.starts_at)
        day = max(local.date() + weeks, clock.today() + timedelta(days=1))
        guess |= {"day": f"{day:%Y-%m-%d}", "time": f"{local:%H:%M}"}
    return guess


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def series_cancel(request, pk):
    """Cancel a visit and all of its series after it."""
    appointments = Appointment.objects.visible_to(request.user).select_related("client", "therapist")
    appointment = get_object_or_404(appointments.filter(series__isnull=False), pk=pk)
    later = this_and_later(appointment)
    form = SeriesCancelForm(posted(request), initial={"seen": seen_mark(later)})
    refusal = ""
    if form.is_valid():
        try:
            gone = cancel_this_and_later(appointment, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as error:
            refusal, later = str(error), this_and_later(appointment)
            form = SeriesCancelForm({"reason": request.POST.get("reason", ""), "seen": seen_mark(later)})
        else:
            messages.success(
                request, f"{len(gone)} visits are cancelled." if len(gone) > 1 else "The visit is cancelled."
            )
            return HttpResponseRedirect(appointment.get_absolute_url())
    context = {
        "appointment": appointment,
        "client": appointment.client,
        "later": later,
        "form": form,
        "refusal": refusal,
    }
    status = 409 if refusal else 422 if form.errors else 200
    return render(request, "booking/series_cancel.html", context, status=status)
