"""A therapist's own phrases: kept, put away, and taken out again. A phrase is about nobody; no name belongs into it."""

from datetime import datetime

from django.db import transaction

from practice.models import User
from sessions.models import Snippet


@transaction.atomic
def keep_snippet(*, section: str, words: str, by: User) -> Snippet:
    """Keep a phrase for one text of the chart and return it; one that was put away comes back."""
    snippet, _ = Snippet.objects.update_or_create(
        author=by, section=Snippet.Section(section), words=words, defaults={"removed_at": None}
    )
    return snippet


def remove_snippet(snippet: Snippet, *, at: datetime) -> None:
    """Put a phrase away. Notes that were written with it keep their words."""
    Snippet.objects.filter(pk=snippet.pk).update(removed_at=at)


def restore_snippet(snippet: Snippet) -> None:
    """Take a phrase out again."""
    Snippet.objects.filter(pk=snippet.pk).update(removed_at=None)


def snippets_by_section(user: User) -> dict[str, list[str]]:
    """Return the user's phrases per text of the chart, in the order they were kept. One query."""
    found: dict[str, list[str]] = {}
    for section, words in Snippet.objects.visible_to(user).in_use().order_by("pk").values_list("section", "words"):
        found.setdefault(section, []).append(words)
    return found
