"""The outbox for the desk and the owner: what waits, what went out, what needs a person."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from clients.models import Client
from practice import clock
from practice.access import role_required
from practice.errors import Refused
from practice.forms import row_id
from practice.templatetags.ui import local_time
from reminders.arrivals import confirm_arrival
from reminders.catalogue import CATALOGUE, CLIENT
from reminders.drawers import (
    DRAWERS,
    has_address_changed,
    history_of,
    leaves_at,
    next_to_leave,
    people_found,
    rows_of,
)
from reminders.due import why_not
from reminders.mails import compose
from reminders.models import Message
from reminders.outbox import release_mail, resend
from reminders.staff_forms import OutboxSearchForm

PER_PAGE = 50


@role_required("front_desk", "owner")
@require_safe
def outbox(request):
    drawer = request.GET.get("show", "open")
    if drawer not in DRAWERS:
        raise Http404
    form = OutboxSearchForm(request.GET)
    text, kind = form.asked()
    people, are_more = _people(request, text)
    mails, now = Message.objects.visible_to(request.user), clock.now()
    rows = rows_of(drawer, mails, people=people, kind=kind)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    if drawer in {"open", "all"}:
        for message in page.object_list:
            message.leaves_at = leaves_at(message, practice=request.practice, now=now)
    asked = _asked(request, text, kind)
    context = {
        "page": page,
        "form": form,
        "tabs": _tabs(mails, drawer, asked),
        "shown": drawer,
        "asked": asked,
        "tab_query": f"show={drawer}&{asked}",
        "person": people[0] if people and len(people) == 1 else None,
        "are_more": are_more,
        "now": now,
    }
    if drawer == "open" and not asked:
        context["next"] = next_to_leave(mails, practice=request.practice, now=now)
        context["next_at"] = context["next"] and leaves_at(context["next"], practice=request.practice, now=now)
    return render(request, "reminders/outbox.html", context)


def _people(request, text: str) -> tuple[list[Client] | None, bool]:
    """Return whose mails are asked for: of one client by number, of all that a search finds, or (None) of everybody."""
    clients = Client.objects.visible_to(request.user)
    if text:
        return people_found(text, clients)
    if "client" in request.GET:
        return list(clients.filter(pk=row_id(request.GET["client"]) or 0)), False
    return None, False


def _asked(request, text: str, kind: str) -> str:
    """Return what was asked for as the rest of an address: "q=ada&kind=recall&", or ""."""
    query = QueryDict(mutable=True)
    asked = {"q": text, "client": "" if text else row_id(request.GET.get("client")), "kind": kind}
    query.update({name: str(value) for name, value in asked.items() if value})
    return f"{query.urlencode()}&" if query else ""


def _tabs(mails, drawer: str, asked: str) -> list[dict]:
    trouble = mails.filter(state__in=DRAWERS["trouble"][1]).count()
    return [
        {
            "url": f"?show={key}&{asked}".rstrip("&"),
            "label": label,
            "is_current": key == drawer,
            "count": trouble if key == "trouble" else 0,
        }
        for key, (label, _) in DRAWERS.items()
    ]


@role_required("front_desk", "owner")
@require_safe
def message_detail(request, pk):
    message = get_object_or_404(Message.objects.visible_to(request.user).select_related("client"), pk=pk)
    now, entry = clock.now(), CATALOGUE[message.kind]
    is_to_client = entry.to == CLIENT
    context = {
        "message": message,
        "entry": entry,
        "letter": compose(message, practice=request.practice, now=now, is_preview=True),
        "leaves_at": leaves_at(message, practice=request.practice, now=now),
        "history": history_of(message),
        "is_to_client": is_to_client,
        "is_refused": is_to_client and message.client.email_failed_at is not None,
        "address_changed": is_to_client and has_address_changed(message),
        "why_not": why_not(message, now) if message.can_be_resent else "",
        "now": now,
    }
    return render(request, "reminders/message_detail.html", context)


@role_required("front_desk", "owner")
@require_POST
def message_resend(request, pk):
    message, now = get_object_or_404(Message.objects.visible_to(request.user), pk=pk), clock.now()
    try:
        resend(message, by=request.user, at=now)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        message.refresh_from_db()
        leaves = leaves_at(message, practice=request.practice, now=now)
        when = "within seconds" if leaves <= now else f"at {local_time(leaves)}"
        messages.success(request, f"The mail goes out again {when}.")
    return redirect("reminders:message_detail", pk)


@role_required("front_desk", "owner")
@require_POST
def message_arrived(request, pk):
    message = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
    try:
        confirm_arrival(message, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, "Written down: it arrived. The call about it is off the list.")
    return redirect("reminders:message_detail", pk)


@role_required("owner")
@require_POST
def mail_hold_release(request):
    release_mail(by=request.user, at=clock.now())
    messages.success(request, "Mails go out again.")
    return redirect("reminders:outbox")
