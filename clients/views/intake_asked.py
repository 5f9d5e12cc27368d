"""What staff do about an intake: request, hand over the tablet, send again, ask by phone."""

from django.contrib import messages
from django.contrib.auth import logout
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.intakes import open_on_tablet, request_intake, send_intake_again
from clients.models import Client
from clients.views.back import way_back
from clients.views.intake import ON_TABLET
from clients.views.intake_steps import Walk, overview, serve_step
from clients.walk import FullMemory
from practice import audit, clock, links
from practice.access import role_required, staff_only
from practice.errors import Refused

TABLET_SESSION_SECONDS = 2 * 3600


@staff_only
@require_POST
def intake_request(request, client_id):
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=client_id)
    intake = request_intake(client=client, by=request.user, at=clock.now())
    if intake.wants_mail:
        messages.success(request, "The intake link goes out by e-mail within seconds.")
    else:
        messages.info(
            request, "No e-mail on file: the client stands on the call list for an intake by phone or tablet."
        )
    return way_back(request, client)


@staff_only
@require_POST
def intake_send_again(request, client_id):
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=client_id)
    intake = get_object_or_404(client.intakes.open())
    try:
        send_intake_again(intake, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The intake link goes out again within seconds.")
    return way_back(request, client)


@staff_only
@require_POST
def intake_on_tablet(request, client_id):
    """Turn this device into the client's: the staff member is signed out before the first question appears."""
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=client_id)
    now = clock.now()
    intake = request_intake(client=client, by=request.user, at=now)
    link = open_on_tablet(intake, by=request.user, at=now)
    logout(request)
    request.session.set_expiry(TABLET_SESSION_SECONDS)
    request.session[ON_TABLET] = True
    links.remember(request, link)
    return redirect("clients:intake_page", link.handle)


@role_required("therapist")
@require_safe
def intake_by_phone(request, client_id):
    client = _chart(request, client_id)
    walk = _walk(request, client)
    context = overview(walk) if walk else {"client": client, "base": "base.html", "by": request.user}
    return render(request, "clients/intake_by_phone.html", {**context, "walk": walk})


@role_required("therapist")
@require_http_methods(["GET", "HEAD", "POST"])
def intake_by_phone_group(request, client_id, step):
    client = _chart(request, client_id)
    walk = _walk(request, client)
    if walk is None:
        return redirect("clients:intake_by_phone", client.pk)
    return serve_step(request, walk, step)


def _chart(request, client_id):
    client = get_object_or_404(Client.objects.charts_visible_to(request.user), pk=client_id)
    audit.record_reading(client=client, page="clients:intake_by_phone", at=clock.now(), by=request.user)
    return client


def _walk(request, client) -> Walk | None:
    intake = client.intakes.open().select_related("client").first()
    if intake is None:
        return None
    overview_url = reverse("clients:intake_by_phone", args=[client.pk])
    return Walk(
        intake=intake,
        memory=FullMemory(intake),
        now=clock.now(),
        url=lambda step: reverse("clients:intake_by_phone_group", args=[client.pk, step]),
        overview_url=overview_url,
        emergency_url=overview_url,
        done_url=reverse("clients:screening_page", args=[client.pk]),
        by=request.user,
    )
