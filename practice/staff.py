"""Who works here: inviting, changing roles, letting go, covering. There is always an active owner."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from practice import audit
from practice.errors import Refused
from practice.models import Cover, Role, User

LONGEST_COVER = timedelta(days=92)


class LastOwner(Refused):
    """Without an owner nobody could change anything any more."""


class EmailTaken(Refused):
    """Two people cannot share an address to sign in with."""


class UsernameTaken(Refused):
    """Somebody has that user name."""


class CoverTooLong(Refused):
    """Cover opens charts, so it ends."""


class CoverEndsFirst(Refused):
    """A cover that ends before it begins covers nothing."""


class CoverOfOneself(Refused):
    """Nobody stands in for themself."""


@transaction.atomic
def invite_staff(*, username: str, roles: set[str], by: User, at: datetime, **fields) -> User:
    """Create a colleague who cannot sign in until they set a password by link; return the user.

    `roles` are values of Role, at least one. `fields` are names, e-mail, phone, credential, colour.
    Raises EmailTaken, UsernameTaken.
    """
    user = User(username=username, **fields, **_as_columns(roles))
    user.set_unusable_password()
    _save(user)
    return _recorded(user, "staff.invited", by=by, at=at)


def change_staff(user: User, *, roles: set[str], by: User, at: datetime, **fields) -> User:
    """Change a colleague's details and roles, and return them. Raises LastOwner, EmailTaken."""
    with transaction.atomic():
        _keep_an_owner(user, stays_owner=Role.OWNER in roles)
        for name, value in {**fields, **_as_columns(roles)}.items():
            setattr(user, name, value)
        _save(user)
        return _recorded(user, "staff.changed", by=by, at=at)


def deactivate_staff(user: User, *, by: User, at: datetime) -> User:
    """End a colleague's access at once: their open pages stop working, and what they covered is theirs no more.

    Nothing of theirs is deleted. Raises LastOwner.
    """
    with transaction.atomic():
        _keep_an_owner(user, stays_owner=False)
        user.is_active = False
        user.save(update_fields=["is_active"])
        for cover in user.covers.filter(until__gt=at):
            end_cover(cover, by=by, at=at)
        return _recorded(user, "staff.deactivated", by=by, at=at)


def reactivate_staff(user: User, *, by: User, at: datetime) -> User:
    """Let a former colleague sign in again."""
    with transaction.atomic():
        user.is_active = True
        user.save(update_fields=["is_active"])
        return _recorded(user, "staff.reactivated", by=by, at=at)


@transaction.atomic
def give_cover(*, who: User, for_whom: User, starts_at: datetime, until: datetime, by: User, at: datetime) -> Cover:
    """Let `who` act for `for_whom` in [starts_at, until), at most 92 days. Opens the other's charts.

    Raises CoverOfOneself, CoverEndsFirst, CoverTooLong.
    """
    if who == for_whom:
        raise CoverOfOneself("Choose two different people.")
    if until <= starts_at:
        raise CoverEndsFirst("The cover must end after it begins.")
    if until - starts_at > LONGEST_COVER:
        raise CoverTooLong("Cover lasts at most three months. Give it again when it ends.")
    cover = Cover.objects.create(who=who, for_whom=for_whom, starts_at=starts_at, until=until, created_by=by)
    audit.record(action="cover.given", at=at, by=by, target=cover, who=who.pk, for_whom=for_whom.pk)
    return cover


@transaction.atomic
def end_cover(cover: Cover, *, by: User, at: datetime) -> None:
    """End a cover now; one that has not begun goes away altogether."""
    if cover.starts_at >= at:
        audit.record(action="cover.taken_back", at=at, by=by, target=cover)
        cover.delete()
        return
    cover.until = min(cover.until, at)
    cover.save(update_fields=["until"])
    audit.record(action="cover.ended", at=at, by=by, target=cover)


def _as_columns(roles: set[str]) -> dict[str, bool]:
    return {f"is_{role.value}": role.value in roles for role in Role}


def _keep_an_owner(user: User, *, stays_owner: bool) -> None:
    """Refuse to take the last active owner away; the lock makes two owners who remove each other wait in line."""
    owners = list(User.objects.select_for_update(no_key=True).filter(is_owner=True, is_active=True).order_by("pk"))
    if not stays_owner and [owner.pk for owner in owners] == [user.pk]:
        raise LastOwner("The practice needs an owner. Make somebody else an owner first.")


def _save(user: User) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        broken = str(error).splitlines()[0]  # PostgreSQL tells the row below, and names may say anything
        if "user_email_is_their_own" in broken:
            raise EmailTaken("Somebody here uses this e-mail already. Each person needs their own.") from error
        if "practice_user.username" in broken or "practice_user_username" in broken:
            raise UsernameTaken("This user name is taken. Please choose another.") from error
        raise


def _recorded(user: User, action: str, *, by: User, at: datetime) -> User:
    audit.record(action=action, at=at, by=by, target=user, roles=",".join(sorted(user.roles)))
    return user
