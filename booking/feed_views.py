"""The therapist's calendar feeds, and the address a calendar program reads."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking.calendar_files import feed_file
from booking.feeds import feed_opened_by, make_feed, revoke_feed, visits_of
from booking.forms import FeedForm
from booking.models import CalendarFeed
from practice import clock
from practice.access import public, role_required
from practice.errors import Refused


@role_required("therapist", "owner")
@require_http_methods(["GET", "HEAD", "POST"])
def calendar_feeds(request):
    """List the feeds; a new one shows its address once, in the answer to the form that made it."""
    is_sent = request.method == "POST"
    form, address, status = FeedForm(request.POST if is_sent else None), "", 200
    if is_sent and not request.user.is_therapist:
        form.add_error(None, "Each therapist makes their own address, signed in as themselves.")
    if form.is_valid():
        try:
            _, token = make_feed(by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            address, form = request.build_absolute_uri(reverse("booking:calendar_feed", args=[token])), FeedForm()
    elif is_sent:
        status = 422
    feeds = CalendarFeed.objects.visible_to(request.user).live().select_related("therapist")
    context = {"feeds": feeds.order_by("-created_at", "-pk"), "form": form, "address": address}
    return render(request, "booking/calendar_feeds.html", context, status=status)


@role_required("therapist", "owner")
@require_POST
def calendar_feed_revoke(request, pk):
    feed = get_object_or_404(CalendarFeed.objects.visible_to(request.user), pk=pk)
    revoke_feed(feed, by=request.user, at=clock.now())
    messages.success(request, f"Closed: {feed.label}. A calendar that reads it gets nothing any more.")
    return redirect("booking:calendar_feeds")


@public
@require_safe
def calendar_feed(request, token):
    """What a calendar program reads. It cannot sign in; the secret in the address is its right."""
    feed = feed_opened_by(token)
    if feed is None:
        return HttpResponse("This calendar address is closed.\n", status=404, content_type="text/plain; charset=utf-8")
    now = clock.now()
    body = feed_file(feed, visits_of(feed, now=now), request.practice, now=now)
    return HttpResponse(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"},
    )
