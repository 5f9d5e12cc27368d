"""Settings: the practice, its rooms, services, hours and closures. Owners only."""

from zoneinfo import ZoneInfo

from django.conf import settings as django_settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.models import Task
from practice import clock
from practice.access import role_required
from practice.forms import posted
from practice.models import Closure, Cover, Room, Service, User, WorkingHours
from practice.records import keep, take_away
from workspace.settings_forms import ClosureForm, HoursForm, PracticeForm, RoomForm, ServiceForm


def _answer(request, template, **context):
    """Render a form page; 422 when what was typed did not pass."""
    return render(request, template, context, status=422 if context["form"].errors else 200)


@role_required("owner")
@require_safe
def settings(request):
    now = clock.now()
    return render(
        request,
        "workspace/settings.html",
        {
            "adverse_tasks": Task.objects.visible_to(request.user).open().filter(kind=Task.Kind.ADVERSE_EVENT).count(),
            "staff": User.objects.visible_to(request.user).order_by("-is_active", "first_name", "pk"),
            "services": Service.objects.visible_to(request.user).order_by("-is_active", "name"),
            "rooms": Room.objects.visible_to(request.user).order_by("-is_active", "name"),
            "closures": Closure.objects.filter(ends_at__gt=now)
            .select_related("therapist", "room")
            .order_by("starts_at", "pk")[:50],
            "online_address": django_settings.SITE_URL + reverse("online:book_start"),
            "covers": Cover.objects.filter(until__gt=now).select_related("who", "for_whom").order_by("starts_at", "pk"),
        },
    )


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def settings_practice(request):
    form = PracticeForm(posted(request), instance=request.practice)
    if form.is_valid():
        keep(form.instance, by=request.user, at=clock.now())
        messages.success(request, "Saved.")
        return redirect("workspace:settings")
    request.practice.refresh_from_db()  # the page around the form shows what is stored, not what was typed
    return _answer(request, "workspace/settings_form.html", form=form, heading="The practice")


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def room_edit(request, pk=None):
    room = get_object_or_404(Room.objects.visible_to(request.user), pk=pk) if pk is not None else Room()
    form = RoomForm(posted(request), instance=room)
    if form.is_valid():
        keep(form.instance, by=request.user, at=clock.now())
        messages.success(request, f"{room.name} is saved.")
        return redirect("workspace:settings")
    return _answer(request, "workspace/settings_form.html", form=form, heading="Room" if pk else "New room")


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def service_edit(request, pk=None):
    service = get_object_or_404(Service.objects.visible_to(request.user), pk=pk) if pk is not None else Service()
    form = ServiceForm(posted(request), instance=service)
    if form.is_valid():
        keep(form.instance, many=form.many, by=request.user, at=clock.now())
        messages.success(request, f"{service.name} is saved.")
        return redirect("workspace:settings")
    return _answer(request, "workspace/settings_form.html", form=form, heading="Service" if pk else "New service")


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def hours_edit(request, user_id):
    therapist = get_object_or_404(User.objects.therapists(), pk=user_id)
    form = HoursForm(posted(request))
    if form.is_valid():
        keep(WorkingHours(therapist=therapist, **form.cleaned_data), by=request.user, at=clock.now())
        messages.success(request, "The hours are added.")
        return redirect("workspace:hours_edit", user_id)
    rows = therapist.working_hours.order_by("weekday", "starts", "pk")
    return _answer(request, "workspace/hours_edit.html", form=form, therapist=therapist, rows=rows)


@role_required("owner")
@require_POST
def hours_remove(request, pk):
    row = get_object_or_404(WorkingHours.objects.visible_to(request.user), pk=pk)
    take_away(row, by=request.user, at=clock.now())
    messages.success(request, "The hours are taken away. What is booked stays booked.")
    return redirect("workspace:hours_edit", row.therapist_id)


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def closure_create(request):
    form = ClosureForm(posted(request), zone=ZoneInfo(request.practice.time_zone))
    if form.is_valid():
        keep(form.closure, by=request.user, at=clock.now())
        messages.success(request, "Closed. What is booked already stays: look at the board and move it.")
        return redirect("workspace:settings")
    return _answer(request, "workspace/settings_form.html", form=form, heading="Close time")


@role_required("owner")
@require_POST
def closure_remove(request, pk):
    closure = get_object_or_404(Closure.objects.visible_to(request.user), pk=pk)
    take_away(closure, by=request.user, at=clock.now())
    messages.success(request, "Open again.")
    return redirect("workspace:settings")
