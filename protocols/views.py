"""Pages of protocols and plans."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from clients.models import Client
from practice.access import role_required
from protocols.models import Protocol, TreatmentPlan


@role_required("therapist", "owner")
def protocol_list(request):
    names = Protocol.objects.visible_to(request.user).active().order_by("name").values_list("name", flat=True)
    return HttpResponse("\n".join(names), content_type="text/plain")


@role_required("therapist", "owner")
def protocol_detail(request, key):
    protocol = get_object_or_404(Protocol.objects.visible_to(request.user), key=key)
    return HttpResponse(protocol.name, content_type="text/plain")


@role_required("therapist")
def plan_create(request, client_id):
    client = get_object_or_404(Client.objects.charts_visible_to(request.user), pk=client_id)
    return HttpResponse(str(client), content_type="text/plain")


def _plan(request, pk):
    plan = get_object_or_404(TreatmentPlan.objects.visible_to(request.user), pk=pk)
    return HttpResponse(str(plan), content_type="text/plain")


@role_required("therapist", "owner")
def plan_detail(request, pk):
    return _plan(request, pk)


@role_required("therapist")
def plan_close(request, pk):
    return _plan(request, pk)


@role_required("therapist", "owner")
def home_programme(request, pk):
    return _plan(request, pk)
