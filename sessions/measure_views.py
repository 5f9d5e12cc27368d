"""Pages of outcome measures: what is due and how it went, recording one, naming the activities, correcting a value."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from clients.models import Client
from practice import audit, clock
from practice.access import role_required
from practice.errors import Refused
from practice.forms import posted, row_id
from protocols.knowledge import KNOWLEDGE
from protocols.plans import open_plan
from sessions.measure_forms import ActivitiesForm, CorrectionForm, RatingsForm, ScoreForm, StatementsForm
from sessions.measures import (
    correct_score,
    measures_of,
    name_activities,
    record_ratings,
    record_score,
    record_statements,
    usual_start,
)
from sessions.models import OutcomeScore

SHOWN_VALUES = 60  # the newest; the others at a click
WRITERS = {"activities": record_ratings, "statements": record_statements}


def _readable(request, client_id, page):
    """Return the client if this person may read the chart, and write down that they do."""
    client = get_object_or_404(Client.objects.charts_visible_to(request.user), pk=client_id)
    audit.record_reading(client=client, page=f"sessions:{page}", at=clock.now(), by=request.user)
    return client


@role_required("therapist", "owner")
@require_GET
def measure_list(request, client_id):
    client = _readable(request, client_id, "measure_list")
    values = _values(client)
    shows_all = request.GET.get("show") == "all"
    shown = values if shows_all else values[:SHOWN_VALUES]
    context = {
        "client": client,
        "measures": measures_of(client, now=clock.now()),
        "cards": [card for card in KNOWLEDGE.measures.values() if card.is_entered],
        "activities": client.functional_activities.standing(),
        "values": shown,
        "shows_all": shows_all,
        "left_out": values.count() - len(shown),
        "session": _session_in_address(request, client),
    }
    return render(request, "sessions/measure_list.html", context)


def _values(client):
    """Return every value ever recorded, newest first, the wrong ones with what answered them."""
    rows = client.outcome_scores.select_related("by", "session", "correction", "correction__by")
    return rows.filter(score__isnull=False).order_by("-measured_at", "-pk")


def _sessions(client):
    return client.treatment_sessions.standing().select_related("appointment")


def _session_in_address(request, client):
    """Return the session that a page was opened from, or None."""
    return _sessions(client).filter(pk=row_id(request.GET.get("session"))).first()


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def measure_record(request, client_id, measure):
    client = _readable(request, client_id, "measure_record")
    card = KNOWLEDGE.measures.get(measure)
    if card is None or not card.is_entered:
        raise Http404
    activities = list(client.functional_activities.standing()) if card.way == "activities" else []
    if card.way == "activities" and not activities:
        messages.info(request, "Let the client name the activities first.")
        return redirect(_with_session("sessions:activities_name", client, _session_in_address(request, client)))
    form = _form(request, client, card, activities)
    if form.is_valid():
        try:
            row = _record(client, card, form, by=request.user, at=clock.now())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{card.short} is recorded.")
            return redirect(_back(request, client, row.session))
    context = {"client": client, "card": card, "form": form, "session": _session_in_address(request, client)}
    return render(request, "sessions/measure_record.html", context, status=422 if form.errors else 200)


def _form(request, client, card, activities):
    session = _session_in_address(request, client)
    start = usual_start(client, open_plan(client)) if card.is_change else None
    day = timezone.localdate(session.appointment.starts_at) if session else clock.today()
    initial = {
        "measured_on": min(day, clock.today()),
        "session": session.pk if session else None,
        "since_on": timezone.localdate(start) if start else None,
    }
    options = {"card": card, "sessions": _sessions(client), "initial": initial}
    if card.way == "activities":
        return RatingsForm(posted(request), activities=activities, **options)
    if card.way == "statements":
        return StatementsForm(posted(request), **options)
    return ScoreForm(posted(request), **options)


def _record(client, card, form, *, by, at):
    named = {} if card.way == "activities" else {"measure": card.key}
    return WRITERS.get(card.way, record_score)(client=client, by=by, at=at, **named, **form.recorded())


def _with_session(name, client, session) -> str:
    url = reverse(name, args=[client.pk])
    return f"{url}?{urlencode({'session': session.pk})}" if session else url


def _back(request, client, session) -> str:
    """Return where a person goes on: to the chart they are writing, else to the client's measures."""
    if session and not session.is_signed and session.therapist_id == request.user.pk:
        return reverse("sessions:session_chart", args=[session.pk])
    return reverse("sessions:measure_list", args=[client.pk])


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def activities_name(request, client_id):
    client = _readable(request, client_id, "activities_name")
    session, named = _session_in_address(request, client), client.functional_activities.standing()
    initial = {f"activity_{activity.position}": activity.words for activity in named}
    form = ActivitiesForm(posted(request), initial=initial)
    if form.is_valid():
        try:
            name_activities(client=client, words=form.words(), by=request.user, at=clock.now())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The activities are kept. Now rate each of them.")
            url = reverse("sessions:measure_record", args=[client.pk, "psfs"])
            return redirect(f"{url}?{urlencode({'session': session.pk})}" if session else url)
    context = {"client": client, "form": form, "is_named": bool(initial)}
    return render(request, "sessions/activities_name.html", context, status=422 if form.errors else 200)


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def score_correct(request, pk):
    scores = OutcomeScore.objects.visible_to(request.user).filter(score__isnull=False)
    score = get_object_or_404(scores.select_related("client", "session", "by"), pk=pk)
    audit.record_reading(client=score.client, page="sessions:score_correct", at=clock.now(), by=request.user)
    form = CorrectionForm(posted(request), card=score.card)
    if form.is_valid():
        try:
            correct_score(score, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The value is corrected. The old one stays readable below it.")
            return redirect("sessions:measure_list", score.client_id)
    context = {"score": score, "client": score.client, "form": form}
    return render(request, "sessions/score_correct.html", context, status=422 if form.errors else 200)
