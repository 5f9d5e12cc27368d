"""The desk's pages: the day board, booking, and what is done with a visit."""

from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from booking.appointments import (
    EARLY_ARRIVAL,
    OPEN_STATES,
    book_appointment,
    cancel_appointment,
    confirm_appointment,
    mark_arrived,
    mark_no_show,
    move_appointment,
    reopen_appointment,
)
from booking.board import board_stamp, load_board
from booking.choosing import client_results, has_open_intake, visible_client
from booking.forms import OTHER, BookingForm, CancelForm, MoveForm, PlaceForm, read_slot, slot_value
from booking.holds import offers_in_the_way
from booking.models import Appointment
from booking.offering import open_offers
from booking.offers import make_offer
from booking.refusals import Warned
from booking.series import plan_for, this_and_later, visits_of
from booking.series_views import repeat_url
from booking.wording import read_back, what_happens_next
from clients.gate import gate_for
from practice import clock
from practice.access import staff_only
from practice.errors import Refused
from practice.forms import row_id
from practice.models import Service, User
from practice.templatetags.ui import local_time

STATUS = Appointment.Status


@staff_only
@require_safe
@vary_on_headers("HX-Request")
def day_board(request):
    day, now = _board_day(request), clock.now()
    if request.htmx and request.GET.get("seen") == board_stamp(day, now):
        return HttpResponse(status=204)
    context = {
        "board": load_board(practice=request.practice, day=day, user=request.user, now=now),
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "today": clock.today(),
        "offers": open_offers(request.user, now),
    }
    if request.htmx and request.htmx.target == "board":
        return render(request, "booking/_board.html", context | {"said": None})
    return render(request, "booking/day_board.html", context | _said(request))


def _board_day(request) -> date:
    text = request.GET.get("day", "")
    try:
        day = date.fromisoformat(text) if text else clock.today()
    except ValueError as error:
        raise Http404 from error
    if not 2000 <= day.year <= 2200:
        raise Http404
    return day


def _said(request) -> dict:
    """Return what the desk reads back to the caller after a booking or a move."""
    pk = row_id(request.GET.get("said"))
    said = Appointment.objects.visible_to(request.user).live().filter(pk=pk).first() if pk else None
    if said is None:
        return {"said": None, "said_words": "", "said_next": ""}
    next_words = what_happens_next(said.client, has_open_intake=has_open_intake(said.client))
    return {"said": said, "said_words": read_back(said), "said_next": next_words}


def _board_url(appointment, **more) -> str:
    day = timezone.localdate(appointment.starts_at)
    query = urlencode({"day": day.isoformat(), **more})
    # No fragment when there are words to read back: jumping to the visit would push them off the screen.
    return f"{reverse('booking:day_board')}?{query}" + ("" if "said" in more else f"#visit-{appointment.pk}")


# --- booking


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def appointment_create(request):
    asked = request.POST if request.method == "POST" else request.GET
    client = visible_client(request.user, asked.get("client"))
    if client is None:
        return _choose_client(request)

    is_sent = request.method == "POST"
    form = BookingForm(request.POST if is_sent else None, initial=_guess(request, client), **frame(request))
    refusal = None
    if is_sent and "repeat" in request.POST and form.is_valid():
        chosen = {name: form.cleaned_data[name] for name in ("service", "therapist", "starts_at")}
        return redirect(repeat_url(client, **chosen))
    if is_sent and "look" not in request.POST and form.is_valid():
        try:
            plan = plan_for(client, form.cleaned_data["service"])
            appointment = book_appointment(client=client, plan=plan, by=request.user, at=clock.now(), **form.booking)
        except Refused as error:
            refusal = error
        else:
            return redirect(_board_url(appointment, said=appointment.pk))
    context = {"client": client, "gate": gate_for(client), **places(request, form, refusal, client=client)}
    return render(request, "booking/appointment_create.html", context, status=status_of(request, form, refusal))


def _choose_client(request):
    context = client_results(request, "therapist", "starts", "day", "service")
    is_fragment = request.htmx and request.htmx.target == "client-choices"
    return render(request, "booking/_client_choices.html" if is_fragment else "booking/client_choose.html", context)


def frame(request) -> dict:
    """Return what forms that choose a time need to know."""
    return {"practice": request.practice, "today": clock.today(), "now": clock.now()}


def _guess(request, client) -> dict:
    """Start the form with what the board was pressed at, and the service the client had last."""
    therapist = User.objects.therapists().filter(pk=row_id(request.GET.get("therapist")) or 0).first()
    read = read_slot(f"{request.GET.get('starts', '')}|0")
    starts_at = read and read[0]
    day = timezone.localdate(starts_at) if starts_at else _day_or(request.GET.get("day"), clock.today())
    service = Service.objects.active().filter(pk=row_id(request.GET.get("service")) or 0).first()
    guess = {"therapist": therapist, "day": day, "service": service or _usual_service(client, therapist)}
    if starts_at and therapist:
        guess |= {"slot": slot_value(starts_at, therapist.pk), "other_time": timezone.localtime(starts_at).time()}
    return guess


def _day_or(text, otherwise: date) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return otherwise


def _usual_service(client, therapist) -> Service | None:
    services = Service.objects.active()
    if therapist is not None:
        services = services.filter(therapists=therapist)
    last = client.appointments.live().order_by("-starts_at", "-pk").values_list("service_id", flat=True).first()
    again = services.filter(pk=last or 0).first() or services.filter(is_first_visit=last is None).order_by("pk").first()
    return again or services.order_by("pk").first()


def places(request, form: PlaceForm, refusal, *, client, service=None, without=None) -> dict:
    """Return the times to choose from around what the form says, and what was refused."""
    service = service or _value(form, "service")
    day, therapist = _value(form, "day") or clock.today(), _value(form, "therapist")
    starts_at = form.cleaned_data.get("starts_at") if form.is_bound and form.is_valid() else None
    chosen = form["slot"].value() or ""
    offer = None
    if service is not None and clock.today() <= day <= clock.today() + timedelta(days=732):
        is_refused = refusal is not None and not isinstance(refusal, Warned)
        offer = make_offer(
            practice=request.practice,
            service=service,
            day=day,
            today=clock.today(),
            now=clock.now(),
            therapist=therapist,
            client=client,
            without=without,
            near=starts_at if is_refused else None,
        )
    if "look" in request.POST:
        form.errors.pop("slot", None)  # nobody has chosen yet
    is_offered = offer is None or chosen in {"", OTHER} or chosen in offer.values
    if isinstance(refusal, Warned) and not is_offered:
        _ask_as_other_time(form)
    return {
        "form": form,
        "refusal": refusal,
        "misfit": "" if is_offered or form.is_bound else _misfit_words(chosen, service),
        "warnings": getattr(refusal, "warnings", {}),
        "overrule": ",".join(sorted(getattr(refusal, "warnings", {}))),
        "offer": offer,
        "chosen": chosen if is_offered else "" if form.is_bound and not isinstance(refusal, Warned) else OTHER,
        "today": clock.today(),
    }


def _ask_as_other_time(form: PlaceForm) -> None:
    """Let the form ask again for a time that is no longer among those offered, as if it had been typed."""
    starts_at = timezone.localtime(form.cleaned_data["starts_at"])
    form.data = form.data.copy()
    form.data["slot"], form.data["other_time"] = OTHER, f"{starts_at:%H:%M}"
    form.data["day"], form.data["therapist"] = f"{starts_at:%Y-%m-%d}", form.cleaned_data["therapist"].pk


def _misfit_words(chosen: str, service: Service) -> str:
    read = read_slot(chosen)
    if read is None:
        return ""
    return f"At {local_time(read[0])} there is not enough free time for {service.name}. Choose a time below, or another service."


def _value(form, name):
    """Return what a choice of the form stands at: cleaned if sent and valid, else its beginning."""
    if form.is_bound:
        form.is_valid()
        return form.cleaned_data.get(name)
    return form.initial.get(name)


def status_of(request, form, refusal) -> int:
    """Return the status of a form that chooses a time: refused, incomplete, or only looking."""
    if refusal is not None:
        return 409
    return 422 if form.is_bound and form.errors and "look" not in request.POST else 200


@staff_only
@require_safe
def appointment_slots(request):
    """The times alone, for a form whose service, therapist or day has just been changed."""
    client = visible_client(request.user, request.GET.get("client"))
    without = None
    if request.GET.get("appointment"):
        pk = row_id(request.GET["appointment"])
        without = get_object_or_404(Appointment.objects.visible_to(request.user), pk=pk or 0)
        client = without.client
    service = get_object_or_404(Service.objects.visible_to(request.user), pk=row_id(request.GET.get("service")) or 0)
    form = PlaceForm(initial=request.GET.dict(), **frame(request))
    therapist = User.objects.therapists().filter(pk=row_id(request.GET.get("therapist")) or 0).first()
    form.initial |= {"day": _day_or(request.GET.get("day"), clock.today()), "therapist": therapist}
    context = places(request, form, None, client=client, service=service, without=without)
    return render(request, "booking/_slots.html", context)


# --- one visit


@staff_only
@require_safe
def appointment_detail(request, pk):
    return _detail(request, _visible(request, pk))


def _visible(request, pk) -> Appointment:
    appointments = Appointment.objects.visible_to(request.user)
    return get_object_or_404(
        appointments.select_related("client", "therapist", "service", "room", "plan", "series"), pk=pk
    )


def _detail(request, appointment, *, refusal="", status=200):
    now = clock.now()
    is_charted = hasattr(appointment, "treatment_session")
    offer = open_offers(request.user, now).filter(appointment=appointment).first()
    is_expected = not is_charted and appointment.status in (STATUS.BOOKED, STATUS.CONFIRMED)
    context = {
        "appointment": appointment,
        "client": appointment.client,
        "gate": gate_for(appointment.client),
        "series": visits_of(appointment.series) if appointment.series else [],
        "later_count": len(this_and_later(appointment)),
        "offer": offer,
        "in_the_way": open_offers(request.user, now)
        .filter(pk__in=offers_in_the_way(appointment, now).values("pk"))
        .first()
        if appointment.is_cancelled
        else None,
        "changes": appointment.changes.select_related("by", "from_therapist").order_by("-at", "-pk"),
        "refusal": refusal,
        "today": clock.today(),
        "can_arrive": is_expected and appointment.starts_at - now <= EARLY_ARRIVAL,
        "can_miss": is_expected and appointment.starts_at <= now,
        "can_confirm": appointment.status == STATUS.BOOKED and appointment.starts_at > now,
        "can_change": not is_charted and offer is None and appointment.status in OPEN_STATES,
        "can_reopen": not is_charted
        and appointment.status not in OPEN_STATES
        and (not appointment.is_cancelled or appointment.ends_at > now),
    }
    return render(request, "booking/appointment_detail.html", context, status=status)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def appointment_move(request, pk):
    appointment = _visible(request, pk)
    initial = {
        "therapist": appointment.therapist,
        "day": max(timezone.localdate(appointment.starts_at), clock.today()),
        "room": None,
        "version": appointment.version,
    }
    form = MoveForm(request.POST if request.method == "POST" else None, initial=initial, **frame(request))
    refusal = None
    if request.method == "POST" and "look" not in request.POST and form.is_valid():
        try:
            move_appointment(appointment, by=request.user, at=clock.now(), **form.move)
        except Refused as error:
            refusal = error
        else:
            appointment.refresh_from_db()
            return redirect(_board_url(appointment, said=appointment.pk))
    asked = {"client": appointment.client, "service": appointment.service, "without": appointment}
    context = {"appointment": appointment, "client": appointment.client, **places(request, form, refusal, **asked)}
    return render(request, "booking/appointment_move.html", context, status=status_of(request, form, refusal))


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def appointment_cancel(request, pk):
    appointment = _visible(request, pk)
    form = CancelForm(request.POST if request.method == "POST" else None, initial={"version": appointment.version})
    if form.is_valid():
        try:
            cancel_appointment(appointment, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            return _detail(request, _visible(request, pk), refusal=str(refusal), status=409)
        return redirect("booking:appointment_detail", pk)
    context = {"appointment": appointment, "client": appointment.client, "form": form}
    return render(request, "booking/appointment_cancel.html", context, status=422 if form.errors else 200)


def _act(request, pk, act):
    appointment = _visible(request, pk)
    try:
        act(appointment, by=request.user, at=clock.now())
    except Refused as refusal:
        return _detail(request, _visible(request, pk), refusal=str(refusal), status=409)
    return redirect(_board_url(appointment) if request.POST.get("back") == "board" else appointment)


@staff_only
@require_POST
def appointment_confirm(request, pk):
    return _act(request, pk, confirm_appointment)


@staff_only
@require_POST
def appointment_arrive(request, pk):
    return _act(request, pk, mark_arrived)


@staff_only
@require_POST
def appointment_no_show(request, pk):
    return _act(request, pk, mark_no_show)


@staff_only
@require_POST
def appointment_reopen(request, pk):
    return _act(request, pk, reopen_appointment)
