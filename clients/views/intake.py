"""The intake as the client fills it in, behind a mail link. GET changes nothing; the token never stays in the address."""

from django.contrib.auth import logout
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.consents import CONSENTS, holding_consents
from clients.models import IntakeLink
from clients.views.intake_steps import Walk, overview, parts_read, serve_step
from clients.walk import SIGN, BrowserMemory, first_open_step
from practice import audit, clock, links
from practice.access import public
from practice.doors import door
from practice.errors_views import link_closed

ON_TABLET = "on_tablet"


@public
@door
@require_safe
def intake_open(request, token):
    link = IntakeLink.objects.opened_by(token, now=clock.now())
    if link is None:
        return link_closed(request)
    links.remember(request, link)
    return redirect("clients:intake_page", link.handle)


@public
@require_safe
def intake_page(request, handle):
    walk = _walk(request, handle)
    if walk is None:
        return link_closed(request)
    if walk.intake.is_submitted:
        return redirect(walk.done_url)
    return render(request, "clients/intake_page.html", {**overview(walk), "is_on_tablet": _is_on_tablet(request)})


@public
@require_http_methods(["GET", "HEAD", "POST"])
def intake_group(request, handle, step):
    walk = _walk(request, handle)
    if walk is None:
        return link_closed(request)
    response = serve_step(request, walk, step)
    if request.method == "POST" and _is_on_tablet(request) and walk.memory.wrote(SIGN):
        return _forget_all_but_thanks(request, handle, response)
    return response


@public
@require_safe
def intake_emergency(request, handle):
    walk = _walk(request, handle)
    if walk is None:
        return link_closed(request)
    flags = walk.standing_flags()
    if walk.intake.is_submitted or not flags:
        return redirect(walk.overview_url)
    going_on_url = walk.url(first_open_step(walk.intake, walk.memory).key)
    return render(request, "clients/intake_emergency.html", {"flags": flags, "going_on_url": going_on_url})


@public
@require_safe
def intake_done(request, handle):
    walk = _walk(request, handle)
    if walk is None:
        return link_closed(request)
    if not walk.intake.is_submitted:
        return redirect(walk.overview_url)
    is_own = walk.memory.wrote(SIGN)
    screening = walk.intake.screenings.order_by("at", "pk").first() if is_own else None
    context = {
        "client": walk.intake.client,
        "screening": screening,
        "may_keep_copy": is_own and not _is_on_tablet(request),
        "copy_url": reverse("clients:intake_copy", args=[handle]),
        "is_on_tablet": _is_on_tablet(request),
    }
    return render(request, "clients/intake_done.html", context)


@public
@require_safe
def intake_copy(request, handle):
    walk = _walk(request, handle)
    if walk is None:
        return link_closed(request)
    if not walk.intake.is_submitted or not walk.memory.wrote(SIGN) or _is_on_tablet(request):
        raise Http404
    client = walk.intake.client
    audit.record_reading(client=client, page="clients:intake_copy", at=walk.now, actor="client")
    signed = holding_consents(client)
    context = {
        "client": client,
        "intake": walk.intake,
        "parts": parts_read(walk),
        "consents": [(text, signed[scope]) for scope, text in CONSENTS.items() if scope in signed],
        "done_url": walk.done_url,
    }
    return render(request, "clients/intake_copy.html", context)


@public
@require_POST
def intake_hand_back(request):
    """The client gives the tablet back: whatever this browser knew is gone."""
    logout(request)
    return redirect("home")


def _walk(request, handle) -> Walk | None:
    """Return this browser's walk through the intake it opened under `handle`, or None if the link is closed to it."""
    now = clock.now()
    link = links.remembered(request, IntakeLink, handle, now=now)
    if link is None:
        return None
    return Walk(
        intake=link.intake,
        memory=BrowserMemory(request.session, link.intake),
        now=now,
        url=lambda step: reverse("clients:intake_group", args=[handle, step]),
        overview_url=reverse("clients:intake_page", args=[handle]),
        emergency_url=reverse("clients:intake_emergency", args=[handle]),
        done_url=reverse("clients:intake_done", args=[handle]),
    )


def _is_on_tablet(request):
    return ON_TABLET in request.session


def _forget_all_but_thanks(request, handle, response):
    """Leave nothing of the answers on the practice's tablet: a new session that may only show the thanks."""
    link = links.remembered(request, IntakeLink, handle, now=clock.now())
    request.session.flush()
    request.session[ON_TABLET] = True
    links.remember(request, link)
    BrowserMemory(request.session, link.intake).add(steps=[SIGN])
    return response
