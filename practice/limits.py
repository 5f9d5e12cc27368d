"""How often one address of the net, or one e-mail address, may ask for something. Counted by the sign-in library, in the cache."""

from allauth.core.internal import ratelimit

APP = "practice"
RATES = {
    "booking.link": "20/h/ip",
    "booking.link_to": "3/h/key",
    "link.wrong": "60/10m/ip",  # tokens that opened nothing; a family, a practice or a mail scanner shares one address
    "mail.test": "10/h/user",
    "booking.hold": "3/30m/ip",  # as long as a time is held: never more than three of one place
}


def is_used_up(request, action: str) -> bool:
    """Say whether `action` (one of RATES, by address) was used too often; counts nothing."""
    return ratelimit.consume(request, app=APP, action=action, config=RATES, limit_get=True, dry_run=True) is None


def use(request, action: str, *, key: str | None = None):
    """Count one use of `action` (one of RATES); return it, or None once there were too many. Its `rollback()` gives it back."""
    return ratelimit.consume(request, app=APP, action=action, config=RATES, key=key, limit_get=True)
