"""Secure links: what a mail carries instead of a password. Each app keeps its own table with real foreign keys."""

import hashlib
import secrets
from datetime import datetime

from django.db import models
from django.db.models import Q

HANDLE_LENGTH = 10
SESSION_KEY = "links"


def token_hash(token: str) -> str:
    """Return the SHA-256 of a link's token, as 64 hex digits. Only this is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


class LinkQuerySet(models.QuerySet):
    def live(self, now: datetime):
        """Links that still open."""
        return self.filter(expires_at__gt=now, revoked_at__isnull=True)

    def opened_by(self, token: str, *, now: datetime):
        """The one live link that `token` opens, or None."""
        return self.live(now).filter(token_hash=token_hash(token)).first()

    def revoke(self, *, at: datetime) -> int:
        """Close every open link of the set; returns how many were closed."""
        return self.filter(revoked_at__isnull=True).update(revoked_at=at)


class Link(models.Model):
    """A right to one purpose until a moment. 256 random bits, kept as their hash; revocable, not single-use."""

    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = LinkQuerySet.as_manager()

    # Where the client stands whose mailbox the link went to, as a lookup from the link; empty for other people's links.
    of_client = ""

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")), name="%(class)s_expires_after_it_was_made"
            ),
        ]

    def __str__(self):
        return f"{self._meta.model_name} #{self.pk}"

    @classmethod
    def mint(cls, *, now: datetime, expires_at: datetime, **of) -> str:
        """Store a new link for `of` (the row it opens) and return its token, which is kept nowhere else."""
        token = secrets.token_urlsafe(32)
        cls.objects.create(token_hash=token_hash(token), created_at=now, expires_at=expires_at, **of)
        return token

    @property
    def handle(self) -> str:
        """What stands in a clean URL after the token has left it: no key, no secret, opens nothing by itself."""
        return self.token_hash[:HANDLE_LENGTH]


def remember(request, link: Link) -> None:
    """Let this browser use `link` without its token in the URL.

    Somebody not signed in gets a new session key: a session that another person planted in this browser stays empty.
    """
    if not request.user.is_authenticated:
        request.session.cycle_key()
    opened = request.session.get(SESSION_KEY, {})
    opened[f"{link._meta.label_lower}:{link.handle}"] = link.pk
    request.session[SESSION_KEY] = opened


def open_here(request, model: type[Link], *, now: datetime, expires_at: datetime, **of) -> Link:
    """Make a link for the browser that has just acted, as if it had come by mail, and return it."""
    token = model.mint(now=now, expires_at=expires_at, **of)
    link = model.objects.opened_by(token, now=now)
    remember(request, link)
    return link


def remembered(request, model: type[Link], handle: str, *, now: datetime):
    """Return the live link this browser opened under `handle`, or None if it never did, or the link is closed."""
    pk = request.session.get(SESSION_KEY, {}).get(f"{model._meta.label_lower}:{handle}")
    return model.objects.live(now).filter(pk=pk).first() if pk is not None else None


def revoke_links_to(client: models.Model, *, at: datetime) -> None:
    """Close every link that was mailed to `client`, in whichever room its table stands. Called when the address changes."""
    for model in Link.__subclasses__():
        if model.of_client:
            model.objects.filter(**{model.of_client: client}).revoke(at=at)
