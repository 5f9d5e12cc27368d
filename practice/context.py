"""What every page may show: the practice, the banners, the navigation by role, the safety net."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from practice import clock, presence
from practice.models import Role

# Printed on every page behind a mail link; the words are clinical.md's safety net.
SAFETY_NET = (
    "If you get numbness between your legs, trouble with bladder or bowels, weakness in a foot or in both legs, fever, "
    "a swollen calf, chest pain or sudden severe pain: stop, and go to an emergency department now. "
    "Do not wait for your next appointment."
)

TROUBLE_AFTER = timedelta(minutes=15)  # a mail server that is away for less is nobody's business
EVERYBODY = frozenset(Role.values)
DESK = frozenset({Role.FRONT_DESK, Role.OWNER})
NAVIGATION = (
    # label, url name, icon, who sees it, namespaces it is current in
    ("Today", "workspace:today", "sun", frozenset({Role.THERAPIST})),
    ("Day board", "booking:day_board", "calendar3", EVERYBODY),
    ("Clients", "clients:client_list", "people", EVERYBODY),
    ("Referrals", "referrals:referral_list", "envelope-paper", EVERYBODY),
    ("Outbox", "reminders:outbox", "send", DESK),
    ("Practice", "workspace:settings", "sliders", frozenset({Role.OWNER})),
    ("Mailbox", "workspace:mailbox", "inbox", frozenset({Role.OWNER})),
)
DEMO_ONLY = {"workspace:mailbox"}


def navigation(request) -> list[dict]:
    """Return the pages this person may go to, the current one marked."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return []
    here = request.resolver_match.view_name if request.resolver_match else ""
    return [
        {"label": label, "url": reverse(name), "icon": icon, "is_current": here == name, "badge": ""}
        for label, name, icon, roles in NAVIGATION
        if roles & request.user.roles and (settings.DEMO or name not in DEMO_ONLY)
    ]


def mail_held(row) -> str:
    """Return why no mail leaves at present, or an empty string."""
    if not settings.MAIL_IS_SET_UP:
        return "No mail server is set up (EMAIL_URL is empty). Mails wait in the outbox."
    return row.mail_held_because if row else ""


def mail_away_since(row, now: datetime) -> datetime | None:
    """Return since when the mail server has taken nothing, once that is long enough to tell; else None."""
    since = row.mail_down_since if row else None
    return since if since and now - since >= TROUBLE_AFTER else None


def mail_asleep_since(row, now: datetime) -> datetime | None:
    """Return since when no sweep has looked what is due, once that is long enough to tell; else None, and before the first."""
    since = row.mail_swept_at if row else None
    return since if since and now - since >= TROUBLE_AFTER else None


def lock(request) -> dict | None:
    """Return when the page of who is signed in locks: seconds left, seconds without a touch, and what it will be then."""
    user = getattr(request, "user", None)
    if not user or not user.is_authenticated or not hasattr(request, "session"):
        return None
    left, then = presence.seconds_left(request.session, user, now=clock.now())
    return {"left": left, "idle": int(presence.idle_limit(user).total_seconds()), "then": then}


def practice(request) -> dict:
    """Return the context every template has."""
    row = getattr(request, "practice", None)
    return {
        "practice": row,
        "is_demo": settings.DEMO,
        "mail_held": mail_held(row),
        "mail_away_since": mail_away_since(row, clock.now()),
        "mail_asleep_since": mail_asleep_since(row, clock.now()),
        "nav": navigation(request),
        "lock": lock(request),
        "safety_net": SAFETY_NET,
    }
