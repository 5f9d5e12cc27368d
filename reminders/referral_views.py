"""Sending a referrer the link to the status of a referral again."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from practice import clock
from practice.access import role_required
from practice.errors import Refused
from referrals.models import Referral
from reminders.letters import send_status_again


@role_required("front_desk", "owner")
@require_POST
def referral_send_again(request, referral_id):
    referral = get_object_or_404(Referral.objects.visible_to(request.user), pk=referral_id)
    try:
        send_status_again(referral, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The link goes to {referral.referrer.name} within seconds.")
    return redirect(referral)
