"""Pages of protocols and plans."""

from django.contrib import messages
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from anatomy.body import MUSCLES
from clients.gate import gate_for
from clients.models import Client
from clients.overruling import standing_overruling
from clients.screenings import current_screening
from practice import audit, clock
from practice.access import role_required
from practice.errors import Refused
from protocols.forms import PlanCloseForm, PlanForm
from protocols.home import programme_of, said_before
from protocols.knowledge import KNOWLEDGE
from protocols.models import Exercise, Phase, PhaseMuscle, Protocol, Technique, TreatmentPlan
from protocols.plans import (
    advice_for,
    by_pattern,
    close_plan,
    current_phase,
    is_offered_for,
    measured_under,
    open_plan,
    start_plan,
)
from protocols.progress import change_of


def _phases() -> Prefetch:
    muscles = PhaseMuscle.objects.order_by("position", "pk").prefetch_related(
        Prefetch("techniques", Technique.objects.order_by("position", "pk"))
    )
    phases = Phase.objects.order_by("position", "pk").prefetch_related(
        Prefetch("muscles", muscles), Prefetch("exercises", Exercise.objects.order_by("position", "pk"))
    )
    return Prefetch("phases", phases)


def _phase_rows(protocol, current=None):
    """Return the phases with each muscle's name, and which of them is the current one."""
    return [
        {
            "phase": phase,
            "is_current": phase == current,
            "muscles": [(_muscle_name(share.muscle), share) for share in phase.muscles.all()],
            "minutes": sum(share.minutes for share in phase.muscles.all()),
        }
        for phase in protocol.phases.all()
    ]


def _muscle_name(key):
    return MUSCLES[key].name if key in MUSCLES else key.replace("_", " ")


@role_required("therapist", "owner")
@require_GET
def protocol_list(request):
    protocols = (
        Protocol.objects.visible_to(request.user).active().order_by("position", "pk").prefetch_related(_phases())
    )
    return render(request, "protocols/protocol_list.html", {"protocols": protocols})


@role_required("therapist", "owner")
@require_GET
def protocol_detail(request, key):
    protocol = get_object_or_404(Protocol.objects.visible_to(request.user).prefetch_related(_phases()), key=key)
    tests = [KNOWLEDGE.tests[name] for name in protocol.tests.split() if name in KNOWLEDGE.tests]
    context = {"protocol": protocol, "phases": _phase_rows(protocol), "tests": tests}
    return render(request, "protocols/protocol_detail.html", context)


# --- one client's plan


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def plan_create(request, client_id):
    client = get_object_or_404(Client.objects.charts_visible_to(request.user), pk=client_id)
    audit.record_reading(client=client, page="protocols:plan_create", at=clock.now(), by=request.user)
    screening, standing = current_screening(client), open_plan(client)
    if standing is not None:
        messages.info(request, "This client already has a plan. Close it before starting another.")
        return redirect(standing)
    form = PlanForm(request.POST if request.method == "POST" else None)
    if screening is not None and form.is_valid():
        try:
            plan = start_plan(client=client, screening=screening, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The plan is started.")
            return redirect(plan)
    overruling = standing_overruling(screening) if screening else None
    context = {
        "client": client,
        "gate": gate_for(client),
        "screening": screening,
        "overruling": overruling,
        "form": form,
        "offers": _offers(form, screening),
    }
    return render(request, "protocols/plan_create.html", context, status=422 if form.errors else 200)


def _offers(form, screening):
    """Return the protocols to choose from, those that name the screening's pattern first; none is chosen."""
    pattern = screening.pattern if screening else ""
    return [
        {"protocol": protocol, "fits": is_offered_for(protocol, pattern)}
        for protocol in by_pattern(form.fields["protocol"].queryset, pattern)
    ]


def _plan(request, pk, page):
    plans = TreatmentPlan.objects.visible_to(request.user).select_related(
        "client", "therapist", "protocol", "screening", "closed_by"
    )
    plan = get_object_or_404(
        plans.prefetch_related(Prefetch("protocol", Protocol.objects.prefetch_related(_phases()))), pk=pk
    )
    audit.record_reading(client=plan.client, page=f"protocols:{page}", at=clock.now(), by=request.user)
    return plan


@role_required("therapist", "owner")
@require_GET
def plan_detail(request, pk):
    plan = _plan(request, pk, "plan_detail")
    progress = _progress(plan)
    current = progress["phase"] if plan.is_open else None
    context = progress | {
        "plan": plan,
        "overruling": standing_overruling(plan.screening),
        "phases": _phase_rows(plan.protocol, current),
        "advice": _advice(plan),
        "courses": measured_under(plan),
    }
    return render(request, "protocols/plan_detail.html", context)


def _advice(plan):
    """Return what the client's newest answers suggest for daily life, the same on the plan and on the sheet for home."""
    screening = current_screening(plan.client)
    return advice_for(plan.protocol, screening.answers if screening else {})


def _progress(plan):
    """Return the visits so far, the next one's number and phase, and the change in pain before the visits."""
    sessions = (
        plan.treatment_sessions.standing()
        .select_related("appointment", "therapist")
        .order_by("appointment__starts_at", "pk")
    )
    *at_home, since_last = said_before([row.appointment.starts_at for row in sessions], plan.home_reports.all())
    visits = [
        {"session": session, "phase": current_phase(plan, session.visit_number), "at_home": at_home[place]}
        for place, session in enumerate(sessions)
    ]
    now = clock.now()
    booked = plan.client.appointments.upcoming(now).select_related("therapist", "service").order_by("starts_at", "pk")
    return {
        "visits": visits,
        "phase": current_phase(plan, len(visits) + 1),
        "change": change_of([each["session"].pain_before_nrs for each in visits]),
        "booked": booked[:10],
        "at_home": since_last,
    }


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def plan_close(request, pk):
    plan = _plan(request, pk, "plan_close")
    form = PlanCloseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            close_plan(plan, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The plan is closed.")
            return redirect(plan)
    return render(
        request, "protocols/plan_close.html", {"plan": plan, "form": form}, status=422 if form.errors else 200
    )


@role_required("therapist", "owner")
@require_GET
def home_programme(request, pk):
    plan = _plan(request, pk, "home_programme")
    context = {"plan": plan, "programme": programme_of(plan), "today": clock.today()}
    return render(request, "protocols/home_programme.html", context)
