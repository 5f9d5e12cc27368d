"""A mail of which nobody knows whether it arrived, until a person has asked."""

from datetime import datetime

from django.db import transaction

from practice import audit
from practice.errors import Refused
from practice.models import User
from reminders.models import Message
from reminders.outbox import settle_calls


class NotInDoubt(Refused):
    """Nobody has to say of this mail whether it arrived."""


@transaction.atomic
def confirm_arrival(message: Message, *, by: User, at: datetime) -> Message:
    """Record that a mail in doubt did arrive, as its reader says, and return it: it is sent, and its call is done.

    Raises NotInDoubt for a mail in any other state.
    """
    standing = Message.objects.select_for_update(of=("self",), no_key=True).get(pk=message.pk)
    if standing.state != Message.State.UNKNOWN:
        raise NotInDoubt("Somebody has settled this already. The page now shows how it stands.")
    standing.state, standing.sent_at, standing.why = Message.State.SENT, at, ""
    standing.save(update_fields=["state", "sent_at", "why"])
    settle_calls(standing, at=at, outcome="The mail arrived after all.")
    audit.record(action="message.arrived", at=at, by=by, target=standing, kind=standing.kind)
    return standing
