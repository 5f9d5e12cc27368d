"""The examination card: sides and angle beside the answers, and what would come of it before it is saved."""

from itertools import product

import pytest
from django.urls import reverse

from clients.card import ANGLE, SIDES, SLR, TESTS, WORST_FIRST, answers_of_card, changes_of_card
from clients.models import Screening
from clients.screening import ITEMS, screen
from clients.screenings import clarify_screening, record_clearance, run_screening
from tests.clients.answers import calm
from tests.world import NOW, TODAY, minutes

ANSWERS = (None, *WORST_FIRST)


def entry(result, angle=None):
    return {"result": result} if angle is None else {"result": result, "angle_deg": angle}


def mirrored(card):
    other = dict(zip(SIDES, reversed(SIDES), strict=True))
    return {test: {other[side]: each for side, each in sides.items()} for test, sides in card.items()}


@pytest.mark.parametrize("test", TESTS)
def test_each_test_of_the_card_is_an_item_and_gives_the_worst_of_both_sides(test):
    assert ITEMS[test].kind == "test"
    for left, right in product(ANSWERS, repeat=2):
        sides = {side: entry(result) for side, result in (("left", left), ("right", right)) if result}
        expected = next((result for result in WORST_FIRST if result in (left, right)), None)

        assert answers_of_card({test: sides} if sides else {}).get(test) == expected


def test_the_angle_is_the_smallest_of_the_positive_sides():
    both = {SLR: {"left": entry("positive", 65), "right": entry("positive", 40)}}
    one = {SLR: {"left": entry("negative", 20), "right": entry("positive", 50)}}

    assert answers_of_card(both)[ANGLE] == 40
    assert answers_of_card(one)[ANGLE] == 50
    assert ANGLE not in answers_of_card({SLR: {"left": entry("negative", 80)}})


def test_left_and_right_exchanged_give_the_same_answers_and_the_same_result():
    for left, right, angle in product(ANSWERS, ANSWERS, (None, 35, 65)):
        card = {
            test: {
                side: entry(result, angle if test == SLR else None)
                for side, result in zip(SIDES, (left, right), strict=True)
                if result
            }
            for test in TESTS
        }

        assert answers_of_card(card) == answers_of_card(mirrored(card))
        assert screen(calm(**answers_of_card(card))) == screen(calm(**answers_of_card(mirrored(card))))


def test_changes_of_card_leaves_tests_alone_that_it_does_not_name():
    before = {"fair": {"left": entry("positive")}}

    assert changes_of_card(before, before) == {}
    assert changes_of_card(before, {}) == {"fair": None}
    assert changes_of_card({}, {SLR: {"left": entry("negative")}}) == {SLR: "negative", ANGLE: None}


def test_the_card_is_kept_by_what_is_added_later(ada, mia):
    first = run_screening(client=ada, answers=calm(heart_or_stroke_recent=True), at=NOW, by=mia)
    card = {SLR: {"left": entry("positive", 45)}}

    examined = clarify_screening(first, changes={}, card=card, by=mia, at=NOW)
    other_side = clarify_screening(examined, changes={}, card=mirrored(card), by=mia, at=NOW + minutes(1))
    cleared = record_clearance(
        client=ada,
        clinician_name="Dr Rao",
        profession="GP",
        given_on=TODAY,
        note="Letter",
        by=mia,
        at=NOW + minutes(2),
    )

    assert (examined.answers[SLR], examined.answers[ANGLE]) == ("positive", 45)
    assert other_side.answers == examined.answers  # the vocabulary knows no sides
    assert cleared.card == other_side.card == mirrored(card)


def test_the_page_stores_sides_and_shows_them(signed_in, mia, ada_in_care):
    first = run_screening(client=ada_in_care, answers=calm(), at=NOW, by=mia)
    browser = signed_in(mia)
    found = {"base": first.pk, "slr-left": "positive", "slr_angle_deg-left": "45", "slr-right": "negative"}

    browser.post(reverse("clients:screening_clarify", args=[ada_in_care.pk]), found)

    version = Screening.objects.newest_first().first()
    assert version.card == {SLR: {"left": entry("positive", 45), "right": entry("negative")}}
    shown = browser.get(reverse("clients:screening_page", args=[ada_in_care.pk])).content.decode()
    assert "Positive at 45°" in shown


def test_screening_preview_says_what_would_come_of_it_and_stores_nothing(signed_in, mia, ada_in_care):
    run_screening(client=ada_in_care, answers=calm(), at=NOW, by=mia)
    browser, address = signed_in(mia), reverse("clients:screening_preview", args=[ada_in_care.pk])

    calm_words = browser.post(address, {"slr-left": "negative"}).content.decode()
    stop_words = browser.post(address, {"saddle_numbness": "yes"}).content.decode()

    assert "Missing" in calm_words
    assert Screening.Triage.EMERGENCY.label in stop_words or "Stop" in stop_words
    assert stop_words != calm_words
    assert "cannot be read yet" in browser.post(address, {"slr-left": "sideways"}).content.decode()
    assert Screening.objects.count() == 1


def test_a_test_moved_to_the_other_side_stands_out_side_by_side(signed_in, mia, ada_in_care):
    card = {SLR: {"left": entry("positive", 45)}}
    first = run_screening(client=ada_in_care, answers=calm(slr="positive", slr_angle_deg=45), card=card, at=NOW, by=mia)
    clarify_screening(first, changes={}, card=mirrored(card), by=mia, at=NOW)

    rows = signed_in(mia).get(reverse("clients:screening_compare", args=[ada_in_care.pk])).context["rows"]

    assert [row["words"] for row in rows if row["differs"]] == [
        ["left positive at 45°, right not answered", "left not answered, right positive at 45°"]
    ]
