"""How the mail server is: while it is away the whole outbox waits and knocks now and then; and how fast it may be fed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Coalesce

from practice import clock
from practice.models import Practice

BACK_OFF_MINUTES = (1, 2, 4, 8, 15)
LONGEST_REST = timedelta(minutes=BACK_OFF_MINUTES[-1])
A_QUARTER = 0.25
ONE_KNOCK = timedelta(minutes=1)  # as long as one worker knocks, the others wait
MINUTE = timedelta(minutes=1)

Chance = Callable[[], float]  # a number from 0 to 1, as random.random gives it


def back_off(failures: int, chance: Chance) -> timedelta:
    """Return how long to wait after so many failures in a row: 1, 2, 4, 8, then 15 minutes, or by chance up to a quarter less.

    The chance spreads what failed together. `failures` counts from 1.
    """
    minutes = BACK_OFF_MINUTES[min(failures, len(BACK_OFF_MINUTES)) - 1]
    return timedelta(minutes=minutes * (1 - A_QUARTER * chance()))


def is_resting(practice: Practice, now: datetime) -> bool:
    """Say whether the server is left alone at present. A next try further off than any rest comes of a clock put back."""
    next_try = practice.mail_next_try_at
    return next_try is not None and now < next_try <= now + LONGEST_REST


def may_knock(practice: Practice, now: datetime) -> bool:
    """Say whether this worker may speak to the server now. While it is away one knocks, and the others wait for what comes of it."""
    if is_resting(practice, now):
        return False
    if practice.mail_next_try_at is None:
        return True
    mine = Practice.objects.filter(mail_next_try_at=practice.mail_next_try_at)
    return mine.update(mail_next_try_at=now + ONE_KNOCK) == 1


def note_away(practice: Practice, now: datetime, chance: Chance, *, does_rest: bool = True) -> datetime:
    """Write down that the server took nothing; returns when to try again. Unless `does_rest` is false all mails wait until then.

    Several workers that find out together count as one failure. `practice` is as it stood when this worker last looked.
    """
    failures = practice.mail_failures + 1
    next_try = now + back_off(failures, chance)
    Practice.objects.filter(mail_failures=practice.mail_failures).update(
        mail_failures=failures,
        mail_down_since=Coalesce("mail_down_since", now),
        mail_next_try_at=next_try if does_rest else None,
    )
    practice.refresh_from_db(fields=["mail_failures", "mail_down_since", "mail_next_try_at"])
    return next_try


def note_well(practice: Practice) -> None:
    """Write down that the server works."""
    if not practice.mail_failures:
        return
    Practice.objects.filter(pk=practice.pk).update(mail_failures=0, mail_down_since=None, mail_next_try_at=None)
    practice.mail_failures, practice.mail_down_since, practice.mail_next_try_at = 0, None, None


def take_slot(per_minute: int, *, at_most: timedelta) -> timedelta | None:
    """Take the next moment at which a mail may leave, over all workers, and return how far off it is.

    Moments are a minute divided by `per_minute` apart, so that no minute sees more; 0 is no limit. None, and nothing taken,
    if it is further off than `at_most`. By the machine's clock: it must not wait for a demo whose clock was moved back.
    """
    if not per_minute:
        return timedelta(0)
    with transaction.atomic():
        practice = Practice.objects.select_for_update(no_key=True).get()
        here, free_at = clock.machine_now(), practice.mail_slot_at
        # What lies further off than anybody takes comes of a clock that was put back.
        begin = free_at if free_at and here < free_at <= here + at_most + MINUTE else here
        if begin - here > at_most:
            return None
        Practice.objects.filter(pk=practice.pk).update(mail_slot_at=begin + MINUTE / per_minute)
    return begin - here
