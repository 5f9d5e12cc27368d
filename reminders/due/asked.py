"""Mails that answer what somebody asked for: the questions, a link to book, a time from the waitlist."""

from datetime import timedelta

from booking.holds import offer_call
from booking.models import BookingInvitation, WaitlistOffer
from clients.models import Intake, Task
from clients.todo import raise_task
from practice.models import Practice
from reminders.due.common import Kind, mail, not_yet
from reminders.rules import Topic, wants

# Whoever asked for a link to book longer ago, while no mail left, has called meanwhile.
INVITATION_WINDOW = timedelta(days=1)
AT_ONCE = timedelta(hours=1)


def intakes(now):
    """Send the questions to whoever they were asked of."""
    rows = Intake.objects.open().filter(not_yet("intake", Kind.INTAKE_LINK, version="mail_version"), wants_mail=True)
    return [
        mail(Kind.INTAKE_LINK, now=now, client=intake.client, intake=intake, version=intake.mail_version)
        for intake in rows.select_related("client")
        if intake.client.can_be_mailed
    ]


def invitations(now):
    """Send the link to book that was asked for."""
    rows = BookingInvitation.objects.filter(
        not_yet("invitation", Kind.BOOKING_LINK), asked_at__gt=now - INVITATION_WINDOW
    ).select_related("client")
    return [
        mail(Kind.BOOKING_LINK, now=now, needed_by=now + AT_ONCE, client=row.client, invitation=row)
        for row in rows
        if row.client.can_be_mailed
    ]


def offers(now):
    """Tell people on the waitlist of the time that is held for them."""
    rows = WaitlistOffer.objects.open().filter(not_yet("offer", Kind.WAITLIST_OFFER), expires_at__gt=now)
    return [
        mail(Kind.WAITLIST_OFFER, now=now, needed_by=offer.expires_at, client=offer.entry.client, offer=offer)
        for offer in rows.select_related("entry__client")
        if offer.entry.client.can_be_mailed
    ]


def ask_for_offer_calls(now) -> None:
    """Put onto the call list for whom the desk holds a time although they want no mails about such: nobody else tells them."""
    rows = WaitlistOffer.objects.open().filter(~wants("entry__client_id", Topic.OFFERS), expires_at__gt=now)
    for offer in rows.select_related("entry__client"):
        raise_task(
            kind=Task.Kind.CALL_CLIENT,
            client=offer.entry.client,
            subject=offer_call(offer),
            for_role="front_desk",
            at=now,
        )


def why_not_intake(message, now) -> str:
    """Return why the questions need not be sent any more, or ""."""
    if message.intake.is_submitted:
        return "the questions are answered"
    return "a newer link was asked for" if message.version != message.intake.mail_version else ""


def why_not_invitation(message, now) -> str:
    """Return why a link to book need not be sent, or ""."""
    return "" if Practice.objects.current().is_online_booking_open else "online booking is closed"


def why_not_offer(message, now) -> str:
    """Return why a time from the waitlist need not be told any more, or ""."""
    offer = message.offer
    if offer.answer:
        return f"the offer is closed: {offer.get_answer_display().lower()}"
    return "the time is held no longer" if offer.expires_at <= now else ""
