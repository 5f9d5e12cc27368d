"""The outbox for staff, and the check-in behind a mail's link."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from practice import audit, clock, links
from practice.access import public, role_required
from practice.doors import door
from practice.errors import Refused
from practice.errors_views import link_closed
from practice.forms import posted
from reminders.checkins import answer_check_in
from reminders.concerns import CONCERNS, SEVERE, WARNING, advice_on
from reminders.forms import SIGNS, CheckInForm
from reminders.mails import compose
from reminders.models import CheckIn, CheckInLink, Message
from reminders.outbox import release_mail, resend

PER_PAGE = 50
ANSWERED = "check_ins_answered"  # in the session: those this browser has answered
SHOWN = {
    "open": ("Waiting", [Message.State.DUE, Message.State.CLAIMED, Message.State.HANDOFF]),
    "trouble": ("Needs you", [Message.State.FAILED, Message.State.UNKNOWN]),
    "sent": ("Sent", [Message.State.SENT]),
    "dropped": ("Not needed", [Message.State.DROPPED]),
}


@role_required("front_desk", "owner")
@require_safe
def outbox(request):
    shown = request.GET.get("show", "open")
    if shown not in SHOWN:
        raise Http404
    rows = Message.objects.visible_to(request.user).filter(state__in=SHOWN[shown][1]).select_related("client")
    page = Paginator(rows.order_by("-due_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    trouble = Message.objects.visible_to(request.user).filter(state__in=SHOWN["trouble"][1]).count()
    tabs = [
        {"key": key, "label": label, "is_current": key == shown, "count": trouble if key == "trouble" else 0}
        for key, (label, _) in SHOWN.items()
    ]
    return render(
        request, "reminders/outbox.html", {"page": page, "tabs": tabs, "shown": shown, "tab_query": f"show={shown}&"}
    )


@role_required("front_desk", "owner")
@require_safe
def message_detail(request, pk):
    message = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
    letter = compose(message, practice=request.practice, now=clock.now(), is_preview=True)
    return render(request, "reminders/message_detail.html", {"message": message, "letter": letter})


@role_required("front_desk", "owner")
@require_POST
def message_resend(request, pk):
    message = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
    try:
        resend(message, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The mail goes out again within seconds.")
    return redirect("reminders:message_detail", pk)


@role_required("owner")
@require_POST
def mail_hold_release(request):
    release_mail(by=request.user, at=clock.now())
    messages.success(request, "Mails go out again.")
    return redirect("reminders:outbox")


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
