"""The status of a referral behind its link, for the referrer, who has no account."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from practice import audit, clock, links
from practice.access import public
from practice.doors import door
from practice.errors_views import link_closed
from referrals.models import ReferralLink
from referrals.status import status_for_referrer


@public
@door
@require_safe
def status_open(request, token):
    link = ReferralLink.objects.opened_by(token, now=clock.now())
    if link is None:
        return link_closed(request)
    links.remember(request, link)
    return redirect("referrals:status_page", link.handle)


@public
@require_safe
def status_page(request, handle):
    now = clock.now()
    link = links.remembered(request, ReferralLink, handle, now=now)
    if link is None:
        return link_closed(request)
    referral = link.referral
    audit.record_reading(client=referral.client, page="referrals:status_page", at=now, actor="referrer")
    context = {"referral": referral, "handle": handle, "status": status_for_referrer(referral, now=now)}
    return render(request, "referrals/status_page.html", context)


@public
@require_safe
def status_report(request, handle):
    """Go on to the report by a link of its own, under that link's rules."""
    now = clock.now()
    link = links.remembered(request, ReferralLink, handle, now=now)
    report_link = status_for_referrer(link.referral, now=now).report_link if link else None
    if report_link is None:
        return link_closed(request)
    links.remember(request, report_link)
    return redirect("referrals:report_page", report_link.handle)
