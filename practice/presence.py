"""Who is still there. A sign-in locks after minutes without a touch, and ends after twelve hours whatever was touched.

What counts as a touch: a page a person goes to, and for requests a script sends what the script says about how long ago
somebody last pressed, typed or scrolled. A request that says nothing (polling, a retry) keeps nobody signed in.
"""

from datetime import datetime, timedelta

from practice.models import Role, User

KEY = "presence"
LONGEST = timedelta(hours=12)
IDLE = timedelta(minutes=15)
DESK_IDLE = timedelta(minutes=5)  # the desk's computer stands where visitors stand
ROUGHLY = 15  # seconds; a touch is written down when it is this much newer, so that not every page writes

HERE, LOCKED, ENDED = "here", "locked", "ended"


def idle_limit(user: User) -> timedelta:
    """Return how long nobody may touch anything before `user` is asked for the password again."""
    return DESK_IDLE if user.roles == {Role.FRONT_DESK.value} else IDLE


def state(session, user: User, *, now: datetime) -> str:
    """Say whether the sign-in is HERE, LOCKED or ENDED. One that was never looked at begins now."""
    if KEY not in session:
        return HERE
    marks = session[KEY]
    if now >= datetime.fromtimestamp(marks["began"], now.tzinfo) + LONGEST:
        return ENDED
    if now >= datetime.fromtimestamp(marks["seen"], now.tzinfo) + idle_limit(user):
        return LOCKED
    return HERE


def touched(session, *, at: datetime) -> bool:
    """Write down that somebody touched something at `at`; return whether that was news worth storing."""
    seen = int(at.timestamp())
    marks = session.get(KEY)
    if marks and seen - marks["seen"] < ROUGHLY:
        return False
    session[KEY] = {"began": marks["began"] if marks else seen, "seen": seen}
    return True


def unlock(session, *, at: datetime) -> None:
    """Go on after the right password was given again. The twelve hours run on."""
    seen = int(at.timestamp())
    session[KEY] = {"began": session.get(KEY, {}).get("began", seen), "seen": seen}


def begin_anew(session, *, at: datetime) -> None:
    """Count from `at`, as after a sign-in; for who moves the demo's clock, and did not sleep meanwhile."""
    seen = int(at.timestamp())
    session[KEY] = {"began": seen, "seen": seen}


def seconds_left(session, user: User, *, now: datetime) -> tuple[int, str]:
    """Return in how many seconds the page closes if nobody touches it, and what it will be then: LOCKED or ENDED."""
    marks = session.get(KEY)
    if not marks:
        return int(idle_limit(user).total_seconds()), LOCKED
    seconds = now.timestamp()
    until_locked = marks["seen"] + int(idle_limit(user).total_seconds()) - seconds
    until_ended = marks["began"] + int(LONGEST.total_seconds()) - seconds
    if until_ended <= until_locked:
        return max(int(until_ended), 0), ENDED
    return max(int(until_locked), 0), LOCKED
