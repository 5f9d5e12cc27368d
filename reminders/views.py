"""The check-in behind a mail's link."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from practice import audit, clock, links
from practice.access import public
from practice.doors import door
from practice.errors import Refused
from practice.errors_views import link_closed
from practice.forms import posted
from reminders.checkins import answer_check_in
from reminders.concerns import CONCERNS, SEVERE, WARNING, advice_on
from reminders.forms import SIGNS, CheckInForm
from reminders.models import CheckIn, CheckInLink

ANSWERED = "check_ins_answered"  # in the session: those this browser has answered


@public
@door
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
    context = {
        "form": form,
        "check_in": link.check_in,
        "session": link.check_in.session,
        "client": link.check_in.client,
        "signs": SIGNS,
        "severe": ",".join(str(number) for number in range(SEVERE, 11)),
        "advice": {concern.level: advice_on([key]) for key, concern in CONCERNS.items()},
        "shown": _shown(form),
    }
    return render(request, "reminders/check_in_page.html", context, status=422 if form.errors else 200)


def _shown(form: CheckInForm) -> dict[str, bool]:
    """Return which advice stands on a page that comes back: the page's script shows the rest as soon as it is tapped."""
    said = form.cleaned_data if form.is_bound else {}
    return {
        "emergency": said.get("warning_sign") in WARNING,
        "urgent_referral": (said.get("pain_now_nrs") or 0) >= SEVERE,
        "routine_referral": said.get("leg_symptoms") == CheckIn.LegSymptoms.WORSE,
    }


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
    context = {"check_in": link.check_in, "is_own": is_own, "advice": advice_on(link.check_in.concerns)}
    return render(request, "reminders/check_in_done.html", context)
