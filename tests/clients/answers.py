"""Answers to the screening, as a calm client gives them."""

from clients.screening import ITEMS


def calm(**changes) -> dict:
    """Every yes-or-no question answered no, nothing pregnant, mild pain: nothing that needs a doctor."""
    answers = {key: False for key, item in ITEMS.items() if item.kind == "answer" and item.by in ("client", "both")}
    answers |= {"pain_now": 3, "duration_weeks": 5, "pregnant_weeks": 0, "pain_buttock": True, "worse_sitting": True}
    answers.pop("cleared_by_clinician_this_episode")
    answers.pop("weakness_old_assessed")
    return {**answers, **changes}


def emergency(**changes) -> dict:
    return calm(saddle_numbness=True, **changes)
