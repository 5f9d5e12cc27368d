"""How often one address of the net, or one e-mail address, may ask for something. Counted by the sign-in library, in the cache."""

from allauth.core.internal import ratelimit

APP = "practice"
RATES = {
    "booking.link": "20/h/ip",
    "booking.link_to": "3/h/key",
    "booking.hold": "3/30m/ip",  # as long as a time is held: never more than three of one place
}


def use(request, action: str, *, key: str | None = None):
    """Count one use of `action` (one of RATES); return it, or None once there were too many. Its `rollback()` gives it back."""
    return ratelimit.consume(request, app=APP, action=action, config=RATES, key=key)
