"""The desk's pages: the day board, booking, and what is done with a visit."""

from datetime import date, timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

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
from booking.board_views import answer_on_board, board_url, look_sent, refuse_on_board
from booking.choosing import client_results, usual_service, visible_client
from booking.forms import (
    MINUTE,
    OTHER,
    BookingForm,
    CancelForm,
    MoveForm,
    PlaceForm,
    length_field,
    read_slot,
    slot_value,
)
from booking.holds import offers_in_the_way
from booking.models import Appointment
from booking.offering import open_offers
from booking.offers import make_offer
from booking.online import accept_online
from booking.refusals import Warned
from booking.series import plan_for, this_and_later, visits_of
from booking.series_views import repeat_url
from booking.slots import free_slots
from clients.gate import STOP, gate_for
from practice import clock
from practice.access import staff_only
from practice.errors import Refused
from practice.forms import row_id
from practice.models import Room, Service, User
from practice.templatetags.ui import local_time

STATUS = Appointment.Status


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
    start = {"initial": _guess(request, client)} if not is_sent else {"data": request.POST}
    form = BookingForm(**start, **frame(request))
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
            return redirect(board_url(appointment, said=appointment.pk))
    context = {"client": client, "gate": gate_for(client), **places(request, form, refusal, client=client)}
    context["ready"] = bool(context["chosen"]) and not is_sent  # all is guessed: Enter books
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
    service = service or usual_service(client, therapist)
    room = Room.objects.active().filter(pk=row_id(request.GET.get("room")) or 0).first()
    if starts_at and room and service and therapist is None:
        therapist = _free_then(request, client, service, starts_at)
    guess = {"therapist": therapist, "day": day, "service": service, "room": room}
    if starts_at and therapist:
        guess |= {"slot": slot_value(starts_at, therapist.pk), "other_time": timezone.localtime(starts_at).time()}
    return guess


def _free_then(request, client, service, starts_at) -> User | None:
    """Return who is free for a time pressed in a room's column."""
    asked = {"practice": request.practice, "service": service, "now": clock.now(), "notice_minutes": 0}
    slots = free_slots(**asked, first_day=timezone.localdate(starts_at), days=1, client=client)
    found = next((slot.therapist_id for slot in slots if slot.starts_at == starts_at), None)
    return found and User.objects.therapists().filter(pk=found).first()


def _day_or(text, otherwise: date) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return otherwise


def places(request, form: PlaceForm, refusal, *, client, service=None, without=None, duration=None) -> dict:
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
            duration=duration,
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
    duration = without and _length_or(request.GET.get("length"), length_of(without)) * MINUTE
    context = places(request, form, None, client=client, service=service, without=without, duration=duration)
    return render(request, "booking/_slots.html", context)


def _length_or(text, otherwise: int) -> int:
    try:
        return length_field().clean(text or None)
    except ValidationError:
        return otherwise


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


def length_of(appointment) -> int:
    """Return how many minutes the visit lasts."""
    return (appointment.ends_at - appointment.starts_at) // MINUTE


def _detail(request, appointment, *, refusal="", status=200):
    now = clock.now()
    is_charted = appointment.chart is not None
    offer = open_offers(request.user, now).filter(appointment=appointment).first()
    is_expected = not is_charted and appointment.status in (STATUS.BOOKED, STATUS.CONFIRMED)
    is_held = appointment.status == STATUS.HELD and appointment.held_until > now
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
        "can_confirm": appointment.starts_at > now
        and (appointment.status == STATUS.BOOKED or (is_held and offer is None)),
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
        "length": length_of(appointment),
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
            return redirect(board_url(appointment, said=appointment.pk))
    length = _value(form, "length") or length_of(appointment)
    choices = places(
        request,
        form,
        refusal,
        client=appointment.client,
        service=appointment.service,
        without=appointment,
        duration=length * MINUTE,
    )
    context = {
        "appointment": appointment,
        "client": appointment.client,
        "gate": gate_for(appointment.client),
        **choices,
    }
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
    appointment, look = _visible(request, pk), look_sent(request)
    try:
        act(appointment, by=request.user, at=clock.now())
    except Refused as refusal:
        if request.htmx:
            return refuse_on_board(request, appointment, str(refusal))
        return _detail(request, _visible(request, pk), refusal=str(refusal), status=409)
    if request.htmx:
        return answer_on_board(request, appointment, look)
    return redirect(board_url(appointment) if request.POST.get("back") == "board" else appointment)


@staff_only
@require_POST
def appointment_confirm(request, pk):
    """By phone: the client will come, or takes the time held for them."""
    is_held = _visible(request, pk).status == STATUS.HELD
    return _act(request, pk, accept_online if is_held else confirm_appointment)


@staff_only
@require_POST
def appointment_arrive(request, pk):
    client = _visible(request, pk).client
    gate = gate_for(client)
    if gate.state == STOP:
        messages.error(request, f"{gate.words}. {client.name} waits here: fetch the therapist before anything else.")
    answer = _act(request, pk, mark_arrived)
    # A board renewed in place has no room for the words: the page is loaded anew, and says them on top.
    is_quiet = request.htmx and answer.status_code == 200
    return HttpResponseClientRefresh() if gate.state == STOP and is_quiet else answer


@staff_only
@require_POST
def appointment_no_show(request, pk):
    return _act(request, pk, mark_no_show)


@staff_only
@require_POST
def appointment_reopen(request, pk):
    return _act(request, pk, reopen_appointment)
