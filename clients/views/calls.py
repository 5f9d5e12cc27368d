"""The call list of the desk, and tasks done."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from clients.care import alerts_for_everybody, take_on
from clients.forms import OutcomeForm
from clients.gate import gates_for
from clients.models import Client, Task
from clients.todo import ALERTS, finish_task
from clients.views.back import way_back
from practice import clock
from practice.access import role_required, staff_only
from practice.errors import Refused

CALLS = (Task.Kind.CALL_CLIENT, Task.Kind.INTAKE_BY_PHONE)
MOST_DONE = 20


@role_required("front_desk", "owner")
@require_safe
def call_list(request):
    tasks = Task.objects.visible_to(request.user).filter(kind__in=CALLS, for_role="front_desk").select_related("client")
    waiting = list(tasks.open().order_by("due_at", "pk"))
    gates = gates_for({task.client_id for task in waiting})
    visits = _next_visits({task.client_id for task in waiting}, clock.now())
    done = tasks.filter(done_at__isnull=False).select_related("done_by").order_by("-done_at", "-pk")[:MOST_DONE]
    context = {
        "rows": [
            {
                "task": task,
                "gate": gates[task.client_id],
                "visit": visits.get(task.client_id),
                "form": OutcomeForm(auto_id=f"id_{task.pk}_%s"),
            }
            for task in waiting
        ],
        "done": done,
        "now": clock.now(),
    }
    return render(request, "clients/call_list.html", context)


def _next_visits(client_ids, now):
    """Return the next visit of each client, by id. By relation: booking stands to the right of this room."""
    visits = Client._meta.get_field("appointments").related_model.objects.upcoming(now)
    rows = visits.filter(client__in=client_ids).select_related("therapist").order_by("-starts_at", "-pk")
    return {visit.client_id: visit for visit in rows}


@staff_only
@require_POST
def task_done(request, task_id):
    task = get_object_or_404(Task.objects.visible_to(request.user).select_related("client"), pk=task_id)
    form = OutcomeForm(request.POST)
    if form.is_valid():
        try:
            finish_task(task, by=request.user, at=clock.now(), outcome=form.cleaned_data["outcome"])
        except Refused as refusal:
            form.add_error("outcome", str(refusal))
        else:
            messages.success(request, _done_words(task))
            return way_back(request, task.client)
    context = {"task": task, "form": form, "next": request.POST.get("next", "")}
    return render(request, "clients/task_done.html", context, status=422)


def _done_words(task):
    if task.kind not in ALERTS:
        return f"Done: {task.client.name}."
    return f"On file for {task.client.name}. The stop stands until every safety question was asked again."


@role_required("therapist")
@require_POST
def client_take_on(request, task_id):
    """Take the client of an alert that calls everybody into one's own care, and open the screening."""
    task = get_object_or_404(alerts_for_everybody(), pk=task_id)
    try:
        take_on(task, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
        return way_back(request, "home")
    return redirect("clients:screening_page", task.client_id)
