"""How people come in: by invitation only."""

import logging

from allauth.account.adapter import DefaultAccountAdapter

from practice import clock, presence

log = logging.getLogger(__name__)


class ClosedSignup(DefaultAccountAdapter):
    """Nobody signs up; the owner invites."""

    def is_open_for_signup(self, request):
        return False

    def reauthenticate(self, user, password):
        """Check the password of somebody who is signed in, within the limits of the sign-in. The right one opens the lock."""
        is_right = super().reauthenticate(user, password)
        if is_right:
            presence.unlock(self.request.session, at=clock.now())
        return is_right

    def send_mail(self, template_prefix, email, context):
        """Send one of the library's mails. A mail server that is away changes no answer: it would tell who has an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:  # smtplib's refusals are OSErrors too
            log.error("A mail of the sign-in could not leave.", extra={"error": type(error).__name__})
