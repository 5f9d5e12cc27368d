"""Pages of massage sessions."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from booking.models import Appointment
from clients.models import Client
from practice.access import role_required
from sessions.models import TreatmentSession


@role_required("therapist")
@require_POST
def session_start(request, appointment_id):
    appointment = get_object_or_404(Appointment.objects.visible_to(request.user), pk=appointment_id)
    return HttpResponse(f"appointment #{appointment.pk}", content_type="text/plain")


def _session(request, pk):
    treatment_session = get_object_or_404(TreatmentSession.objects.visible_to(request.user), pk=pk)
    return HttpResponse(str(treatment_session), content_type="text/plain")


@role_required("therapist")
def session_chart(request, pk):
    return _session(request, pk)


@role_required("therapist")
def session_sign(request, pk):
    return _session(request, pk)


@role_required("therapist", "owner")
def session_detail(request, pk):
    return _session(request, pk)


@role_required("therapist", "owner")
def session_print(request, pk):
    return _session(request, pk)


@role_required("therapist")
def session_amend(request, pk):
    return _session(request, pk)


@role_required("therapist")
def adverse_event_create(request, client_id):
    client = get_object_or_404(Client.objects.charts_visible_to(request.user), pk=client_id)
    return HttpResponse(str(client), content_type="text/plain")
