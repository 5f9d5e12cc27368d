"""How people come in: by invitation only, and known again with every page."""

import logging

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.db import models

from practice import clock, presence
from practice.models import User
from practice.prepared import prepared

log = logging.getLogger(__name__)


@prepared(models.BigAutoField())
def _people(pk):
    return User.objects.filter(pk=pk)


class SignIn(AuthenticationBackend):
    """Signs people in as the library does; who is signed in is looked up by a prepared question."""

    def get_user(self, user_id):
        """Return the person of that id, or None if they may no longer come in."""
        return next((user for user in _people(user_id) if self.user_can_authenticate(user)), None)


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
