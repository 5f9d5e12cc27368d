"""Mails of a kind no longer wanted: at once by the mail program's own button, or chosen on a page behind the link."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from practice import clock, links
from practice.access import public
from practice.doors import door
from practice.errors_views import link_closed
from practice.forms import posted
from practice.phones import own_number
from reminders.models import UnsubscribeLink
from reminders.rules import choices_of, choose_mail
from reminders.stop_forms import MailChoicesForm

ONE_CLICK = [("List-Unsubscribe", ["One-Click"])]  # RFC 8058, section 3.2: this and nothing else
STOPPED = "You will get no more mails of this kind from {practice}. Changed your mind? Call us on {phone}."
SAVED = "Saved. From now on you get what is ticked below."


@public
@door
@csrf_exempt  # the mail program posts without cookies: who holds the token may do this one thing, and no browser adds to it
@require_http_methods(["GET", "HEAD", "POST"])
def stop_open(request, token):
    now, is_one_click = clock.now(), request.method == "POST"
    if is_one_click and (list(request.POST.lists()) != ONE_CLICK or request.FILES):
        return HttpResponseBadRequest("This is not how a mail program asks.", content_type="text/plain")
    link = UnsubscribeLink.objects.opened_by(token, now=now)
    if link is None:
        return link_closed(request)
    if is_one_click:
        choose_mail(client=link.client, topic=link.topic, is_wanted=False, at=now)
        practice = request.practice
        return HttpResponse(
            STOPPED.format(practice=practice.name, phone=own_number(practice)), content_type="text/plain; charset=utf-8"
        )
    links.remember(request, link)
    return redirect("reminders:stop_page", link.handle)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def stop_page(request, handle):
    now = clock.now()
    link = links.remembered(request, UnsubscribeLink, handle, now=now)
    if link is None:
        return link_closed(request)
    form = MailChoicesForm(posted(request), choices=choices_of(link.client))
    if form.is_valid():
        for topic, is_wanted in form.changes().items():
            choose_mail(client=link.client, topic=topic, is_wanted=is_wanted, at=now)
        messages.success(request, SAVED)
        return redirect("reminders:stop_page", handle)
    return render(
        request,
        "reminders/stop_page.html",
        {"form": form, "came_from": link.get_topic_display()},
        status=422 if form.errors else 200,
    )
