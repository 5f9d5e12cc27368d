"""The check-in behind a mail's link."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from practice import audit, clock, links
from practice.access import public
from practice.errors import Refused
from practice.errors_views import link_closed
from practice.forms import posted
from reminders.checkins import answer_check_in
from reminders.forms import CheckInForm
from reminders.models import CheckInLink

ANSWERED = "check_ins_answered"  # in the session: those this browser has answered


@public
@require_safe
def check_in_open(request, token):
    link = CheckInLink.objects.opened_by(token, now=clock.now())
    if link is None:
        return link_closed(request)
    links.remember(request, link)
    return redirect("reminders:check_in_page", link.handle)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def check_in_page(request, handle):
    now = clock.now()
    link = links.remembered(request, CheckInLink, handle, now=now)
    if link is None:
        return link_closed(request)
    if link.check_in.is_answered:
        return redirect("reminders:check_in_done", handle)
    form = CheckInForm(posted(request))
    if form.is_valid():
        try:
            answer_check_in(link.check_in, at=now, **form.cleaned_data)
            request.session[ANSWERED] = [*request.session.get(ANSWERED, []), link.check_in_id]
        except Refused as refusal:
            messages.info(request, str(refusal))
        return redirect("reminders:check_in_done", handle)
    return render(
        request,
        "reminders/check_in_page.html",
        {"form": form, "session": link.check_in.session, "client": link.check_in.client},
        status=422 if form.errors else 200,
    )


@public
@require_safe
def check_in_done(request, handle):
    """Thank the client. Only the browser that answered is shown the answers: a mail may have been passed on."""
    now = clock.now()
    link = links.remembered(request, CheckInLink, handle, now=now)
    if link is None or not link.check_in.is_answered:
        return link_closed(request)
    is_own = link.check_in_id in request.session.get(ANSWERED, [])
    if is_own:
        audit.record_reading(client=link.check_in.client, page="reminders:check_in_done", at=now, actor="client")
    return render(request, "reminders/check_in_done.html", {"check_in": link.check_in, "is_own": is_own})
