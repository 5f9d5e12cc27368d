"""When a full re-screen is due: worse twice, pain moving down, or no change that matters. Source: clinical sources, re-screen."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from clients.models import Client, Screening
from clients.rescreen import EVERY_VISIT
from protocols.progress import change_of

WITHOUT_CHANGE = timedelta(weeks=6)
# From every part of the safety questions one that everybody is asked: a version that asked all of these was a full one.
FULL = frozenset(EVERY_VISIT) | {"pain_now", "trauma", "cancer_history"}


def reasons_to_look_again(
    ratings: Sequence[int | None], *, began_at: datetime | None, now: datetime, is_spreading: bool
) -> list[str]:
    """Return why a full re-screen is due, in words for the therapist; none while the course goes well.

    `ratings` are the pain before each visit since the last full screening (NRS 0–10), None where nobody asked;
    `began_at` is when the first of those visits began.
    """
    reasons = ["The pain has moved further down the leg. Stop and refer."] if is_spreading else []
    asked = [rating for rating in ratings if rating is not None]
    if len(asked) >= 3 and asked[-1] > asked[-2] > asked[-3]:
        reasons.append("The pain was worse at two visits running.")
    change = change_of(ratings)
    if change and change.is_plateau:
        reasons.append(f"{change.visits} visits without a change that matters.")
    elif change and change.first > 0 and not change.matters and began_at and now - began_at >= WITHOUT_CHANGE:
        reasons.append("Six weeks without a change that matters.")
    return reasons


def full_rescreen_reasons(client: Client, *, now: datetime) -> list[str]:
    """Return why this client is due for a full re-screen. Two queries."""
    versions = list(Screening.objects.filter(client=client).order_by("at", "pk").values_list("at", "asked", "answers"))
    last_full = next((at for at, asked, _ in reversed(versions) if set(asked) >= FULL), None)
    visits = client.treatment_sessions.standing().order_by("appointment__starts_at", "pk")
    rows = [
        (visit_at, pain)
        for started_at, visit_at, pain in visits.values_list("started_at", "appointment__starts_at", "pain_before_nrs")
        if not last_full or started_at >= last_full
    ]
    return reasons_to_look_again(
        [rating for _, rating in rows],
        began_at=rows[0][0] if rows else None,
        now=now,
        is_spreading=bool(versions) and versions[-1][2].get("spreading_down") in (True, "not_sure"),
    )
