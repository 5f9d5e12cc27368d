"""The doors that mails lead to: a token in the address opens one thing. Whoever tries many that open nothing waits."""

from functools import wraps

from practice import limits
from practice.errors_views import link_closed

WRONG = "link.wrong"


def door(view):
    """Count the tokens that `view` answers with 404, by address of the net; after too many, answer 429 without looking.

    The words stay those of a closed link, and a right token gets them too: the answer tells nothing of the token.
    """

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if limits.is_used_up(request, WRONG):
            return link_closed(request, status=429)
        response = view(request, *args, **kwargs)
        if response.status_code == 404:
            limits.use(request, WRONG)
        return response

    return guarded
