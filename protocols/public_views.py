"""The home programme behind a mail's link."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from practice import audit, clock, links
from practice.access import public
from practice.doors import door
from practice.errors import Refused
from practice.errors_views import link_closed
from practice.forms import posted
from protocols.forms import HomeReportForm
from protocols.home import programme_of, report_home
from protocols.models import HomeProgrammeLink


@public
@door
@require_safe
def home_open(request, token):
    link = HomeProgrammeLink.objects.opened_by(token, now=clock.now())
    if link is None or not link.plan.is_open:
        return link_closed(request)
    links.remember(request, link)
    return redirect("protocols:my_programme", link.handle)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def my_programme(request, handle):
    now = clock.now()
    link = links.remembered(request, HomeProgrammeLink, handle, now=now)
    if link is None or not link.plan.is_open:
        return link_closed(request)
    form = HomeReportForm(posted(request))
    if form.is_valid():
        try:
            report_home(link.plan, at=now, **form.cleaned_data)
        except Refused as refusal:
            messages.info(request, str(refusal))
        else:
            messages.success(request, "Thank you. Your therapist sees it before your next visit.")
        return redirect("protocols:my_programme", handle)
    client = link.plan.client
    audit.record_reading(client=client, page="protocols:my_programme", at=now, actor="client")
    context = {"plan": link.plan, "client": client, "programme": programme_of(link.plan), "form": form}
    return render(request, "protocols/my_programme.html", context, status=422 if form.errors else 200)
