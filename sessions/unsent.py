"""The key under which a browser keeps what was typed into a chart and could not be sent (static/js/chart_store.js)."""

from django.conf import settings
from django.utils.crypto import salted_hmac

from practice.models import User

PURPOSE = "sessions.unsent"


def keys_of(user: User) -> str:
    """Return the person's own AES-256 keys as hex, the present one first, then those of secrets that were replaced.

    Derived from SECRET_KEY, so nothing is stored, and whoever holds the tablet without this person's sign-in has no key.
    """
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return " ".join(
        salted_hmac(PURPOSE, str(user.pk), secret=secret, algorithm="sha256").hexdigest() for secret in secrets
    )
