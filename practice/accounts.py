"""How people come in: by invitation only."""

from allauth.account.adapter import DefaultAccountAdapter


class ClosedSignup(DefaultAccountAdapter):
    """Nobody signs up; the owner invites."""

    def is_open_for_signup(self, request):
        return False
