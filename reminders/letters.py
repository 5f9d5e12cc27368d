"""The link to a referral's status, sent to its referrer once more."""

from datetime import datetime

from django.db import transaction

from practice import audit
from practice.models import User
from referrals.models import Referral
from reminders.due.common import mail
from reminders.models import Message
from reminders.outbox import NotNeeded, resend


@transaction.atomic
def send_status_again(referral: Referral, *, by: User, at: datetime) -> None:
    """Send the referrer the link to the status of `referral` again, or for the first time if none was sent.

    Raises NotNeeded where there is nobody to send it to, OnItsWay. Effects: a message of the outbox, audit line.
    """
    kind = Message.Kind.REFERRAL_RECEIVED
    message = referral.messages.filter(kind=kind).order_by("-version").first()
    if message:
        resend(message, by=by, at=at)
        return
    if not (referral.referrer.email and referral.referrer.is_active):
        raise NotNeeded("There is no e-mail address to send it to.")
    message = mail(kind, now=at, client_id=referral.client_id, referral=referral)
    message.save()
    audit.record(action="message.asked_for", at=at, by=by, target=message, kind=kind)
