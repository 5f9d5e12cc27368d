"""Opening a link from a mail: the token for its row, and not many guesses."""

from datetime import datetime

from practice import limits
from practice.links import Link


def open_link(request, model: type[Link], token: str, *, now: datetime) -> Link | None:
    """Return the live link of `model` that `token` opens, or None.

    None, too, once too many tokens that open nothing came from one place of the net: whoever guesses is not told which.
    What opens does not count.
    """
    guess = limits.use(request, "link.guess")
    link = model.objects.opened_by(token, now=now) if guess else None
    if link:
        guess.rollback()
    return link
