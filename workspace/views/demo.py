"""The demo's mailbox and its movable clock. Refused outside the demo."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from practice import clock, presence
from practice.access import role_required
from practice.templatetags.ui import local_dt
from reminders.mailbox import stored_mail, stored_mails

STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


def _demo_only():
    if not settings.DEMO:
        raise Http404


@role_required("owner")
@require_safe
def mailbox(request):
    _demo_only()
    return render(
        request, "workspace/mailbox.html", {"mails": stored_mails()[:200], "now": clock.now(), "steps": list(STEPS)}
    )


@role_required("owner")
@require_safe
def mailbox_mail(request, name):
    _demo_only()
    mail = stored_mail(name)
    if mail is None:
        raise Http404
    return render(request, "workspace/mailbox_mail.html", {"mail": mail})


@role_required("owner")
@require_POST
def clock_move(request):
    _demo_only()
    step = STEPS.get(request.POST.get("step", ""))
    if step is None:
        raise Http404
    clock.move(step)
    presence.begin_anew(request.session, at=clock.now())
    messages.success(request, f"The demo's clock is now at {local_dt(clock.now())}.")
    return redirect("workspace:mailbox")
