"""Pages of what went wrong: record it, read it, correct it by a later entry, and the list of all."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from clients.models import Client, Task
from practice import audit, clock
from practice.access import role_required
from practice.errors import Refused
from protocols.plans import is_in_care
from sessions.adverse import correct_adverse_event, entries_of, report_adverse_event, tasks_of
from sessions.adverse_forms import AdverseEventCorrectionForm, AdverseEventFilterForm, AdverseEventForm
from sessions.models import AdverseEvent

PER_PAGE = 25


def _sessions(client):
    return client.treatment_sessions.standing().select_related("appointment").newest_first()


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def adverse_event_create(request, client_id):
    client = get_object_or_404(Client.objects.charts_visible_to(request.user), pk=client_id)
    audit.record_reading(client=client, page="sessions:adverse_event_create", at=clock.now(), by=request.user)
    form = AdverseEventForm(
        request.POST if request.method == "POST" else None,
        sessions=_sessions(client),
        initial={"session": request.GET.get("session"), "happened_on": clock.today()},
    )
    if form.is_valid():
        try:
            event = report_adverse_event(client=client, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The adverse event is recorded.")
            return redirect(event)
    context = {"client": client, "form": form, "event": None}
    return render(request, "sessions/adverse_event_create.html", context, status=422 if form.errors else 200)


def _readable(request, pk, page):
    events = AdverseEvent.objects.visible_to(request.user).select_related("client")
    event = get_object_or_404(events, pk=pk)
    audit.record_reading(client=event.client, page=f"sessions:{page}", at=clock.now(), by=request.user)
    return event


@role_required("therapist", "owner")
@require_GET
def adverse_event_detail(request, pk):
    event = _readable(request, pk, "adverse_event_detail")
    entries = entries_of(event)
    tasks = tasks_of(entries)
    context = {
        "client": event.client,
        "latest": entries[-1],
        "earlier": entries[-2::-1],
        "tasks": tasks if request.user.is_owner else tasks.filter(done_at__isnull=False),
        "may_correct": request.user.is_therapist and is_in_care(event.client, request.user),
    }
    return render(request, "sessions/adverse_event_detail.html", context)


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def adverse_event_correct(request, pk):
    event = _readable(request, pk, "adverse_event_correct")
    form = AdverseEventCorrectionForm(
        request.POST if request.method == "POST" else None,
        sessions=_sessions(event.client),
        technique_id=event.used_technique_id,
        initial=AdverseEventCorrectionForm.initial_of(event),
    )
    if form.is_valid():
        try:
            correction = correct_adverse_event(event, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The correction is added. The earlier entry stays readable below it.")
            return redirect(correction)
    context = {"client": event.client, "form": form, "event": event}
    return render(request, "sessions/adverse_event_create.html", context, status=422 if form.errors else 200)


@role_required("therapist", "owner")
@require_GET
def adverse_event_list(request):
    events = AdverseEvent.objects.visible_to(request.user).latest_words()
    client = _asked_client(request)
    if client is not None:
        events = events.filter(client=client)
    form = AdverseEventFilterForm(request.GET)
    rows = form.narrow(events).select_related("client", "used_technique", "by", "session__appointment").newest_first()
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    read = [client] if client else [event.client for event in page]
    audit.record_readings(clients=read, page="sessions:adverse_event_list", at=clock.now(), by=request.user)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "form": form,
        "client": client,
        "query": f"{query.urlencode()}&" if query else "",
        "tasks": Task.objects.visible_to(request.user)
        .open()
        .filter(kind=Task.Kind.ADVERSE_EVENT)
        .select_related("client")
        .order_by("created_at", "pk"),
    }
    return render(request, "sessions/adverse_event_list.html", context)


def _asked_client(request) -> Client | None:
    """Return the client named in the address, a 404 if this person may not read the chart, None if none is named."""
    asked = request.GET.get("client", "")
    if not asked:
        return None
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0
    return get_object_or_404(Client.objects.charts_visible_to(request.user), pk=number)
