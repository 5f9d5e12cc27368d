"""The examination card: sides and angle beside the answers, and what would come of it before it is saved."""

import json
import re
from dataclasses import asdict
from itertools import product

import pytest
from django.urls import reverse
from django.utils.html import escape

from clients.card import (
    ANGLE,
    ANSWERED_BY_CARD,
    BOTH_SIDES,
    CARD_TESTS,
    DONE,
    JOINT_TESTS,
    PARTS,
    POSITIVE_OF_DONE,
    SIDES,
    SLR,
    TESTS,
    WORST_FIRST,
    answers_of_card,
    changes_of_card,
)
from clients.models import Screening
from clients.screening import GROUPS, ITEMS, screen, validate
from clients.screenings import CLEARANCE, clarify_screening, record_clearance, run_screening
from clients.sources import FILE, all_sources, source_of
from tests.clients.answers import calm
from tests.clients.conftest import typed
from tests.world import NOW, TODAY, minutes

OF_ITEMS = [test for test in TESTS if test not in JOINT_TESTS]
NAMED = (
    "slr", "crossed_slr", "slump", "femoral_stretch", "strength", "reflexes", "light_touch", "active_piriformis",
    "seated_piriformis_stretch", "fair", "freiberg", "pace", "beatty", "thomas", "hip_internal_rotation",
    "distraction", "thigh_thrust", "compression", "sacral_thrust", "gaenslen",
)  # fmt: skip


def entry(result, angle=None):
    return {"result": result} if angle is None else {"result": result, "angle_deg": angle}


def mirrored(card):
    other = dict(zip(SIDES, reversed(SIDES), strict=True))
    return {test: {other[side]: each for side, each in sides.items()} for test, sides in card.items()}


def on_sides(left, right, angle=None):
    return {side: entry(result, angle) for side, result in (("left", left), ("right", right)) if result}


def test_the_card_has_every_named_test_with_its_definition_and_not_tested():
    assert set(TESTS) == set(NAMED)
    for test in CARD_TESTS.values():
        assert len(test.help) > 25, test.key
        assert test.choices["not_tested"] == "Not tested"
        assert test.calm in test.choices
    assert "Tightness at the back of the thigh is negative" in CARD_TESTS["slr"].help
    assert set(OF_ITEMS) <= set(ITEMS)


def test_everything_the_therapist_examines_has_its_place():
    examined = {key for group in GROUPS if group.by == "therapist" for key in group.items}
    questions = {key for part in PARTS for key in part.questions}

    assert examined - {CLEARANCE} == questions | set(ANSWERED_BY_CARD)
    assert not questions & set(ANSWERED_BY_CARD)


@pytest.mark.parametrize("test", OF_ITEMS)
def test_each_test_of_the_card_is_an_item_and_gives_the_worst_of_both_sides(test):
    answers = (None, *CARD_TESTS[test].choices)
    for left, right in product(answers, repeat=2):
        sides = on_sides(left, right)
        expected = next((result for result in WORST_FIRST if result in (left, right)), None)

        given = answers_of_card({test: sides} if sides else {})

        assert given.get(test) == expected
        validate(given)


@pytest.mark.parametrize("test", BOTH_SIDES)
def test_a_loss_on_both_sides_is_said_only_where_both_were_tested(test):
    item = BOTH_SIDES[test]

    assert answers_of_card({test: on_sides("reduced", "reduced")})[item] is True
    assert answers_of_card({test: on_sides("reduced", "normal")})[item] is False
    assert item not in answers_of_card({test: on_sides("reduced", "not_tested")})
    assert item not in answers_of_card({test: on_sides("reduced", None)})
    assert changes_of_card({}, {test: on_sides("reduced", None)}) == {test: "reduced"}
    assert changes_of_card({test: on_sides("reduced", "reduced")}, {}) == {test: None, item: None}


def test_the_six_sacroiliac_tests_are_counted_gaenslen_per_side():
    card = {test: on_sides("positive", "negative") for test in JOINT_TESTS}
    assert len(JOINT_TESTS) == 5
    assert answers_of_card(card) == {DONE: 6, POSITIVE_OF_DONE: 5}

    some = {"distraction": on_sides("negative", None), "gaenslen": on_sides("not_tested", "positive")}
    assert answers_of_card(some) == {DONE: 2, POSITIVE_OF_DONE: 1}
    assert answers_of_card({"compression": on_sides("not_tested", "not_tested")}) == {DONE: 0}
    assert changes_of_card(some, {}) == {DONE: None, POSITIVE_OF_DONE: None}


def test_no_card_counts_more_positive_than_done():
    results = (None, "positive", "negative", "not_tested")
    for left, right in product(results, repeat=2):
        for other in results:
            card = {"gaenslen": on_sides(left, right), "thigh_thrust": on_sides(other, left)}
            validate(answers_of_card({test: sides for test, sides in card.items() if sides}))


def test_the_angle_is_the_smallest_of_the_positive_sides():
    both = {SLR: {"left": entry("positive", 65), "right": entry("positive", 40)}}
    one = {SLR: {"left": entry("negative", 20), "right": entry("positive", 50)}}

    assert answers_of_card(both)[ANGLE] == 40
    assert answers_of_card(one)[ANGLE] == 50
    assert ANGLE not in answers_of_card({SLR: {"left": entry("negative", 80)}})


def test_left_and_right_exchanged_give_the_same_answers_and_the_same_result():
    for left, right, angle in product((None, 0, 1, -1), (None, 0, 1, -1), (None, 35, 65)):
        card = {
            key: on_sides(
                *(None if place is None else list(test.choices)[place] for place in (left, right)),
                angle if key == SLR else None,
            )
            for key, test in CARD_TESTS.items()
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
    unread = browser.post(address, {"slr-left": "positive", "slr_angle_deg-left": "120"}).content.decode()
    assert "cannot be read yet" in unread
    assert 'href="#div_id_slr_angle_deg-left"' in unread
    assert Screening.objects.count() == 1


EXAMINED = {
    "slr-left": "negative", "slr-right": "negative", "strength-left": "normal", "strength-right": "normal",
    "light_touch-left": "normal", "active_piriformis-right": "positive", "seated_piriformis_stretch-right": "positive",
    "rest": "on",
}  # fmt: skip
HISTORY = {"buttock_dominant": True, "numb_tingling_leg": False, "sitting_tolerance_min": 20, "anticoagulant": True}


def shown_of(reasons):
    shown = {key: value for key, value in reasons.items() if key not in ("overruling", "readers", "card", "asked")}
    return json.loads(json.dumps(shown, default=asdict))


@pytest.mark.parametrize(
    "act", [{}, {"saddle_numbness": "yes"}, {"fever": "not_sure"}, {"rescreen": "yes", "fever": ""}]
)
def test_the_preview_equals_what_saving_stores(signed_in, mia, ada_in_care, act):
    first = run_screening(client=ada_in_care, answers=calm(**HISTORY), at=NOW, by=mia)
    browser, sent = signed_in(mia), {"base": first.pk, **typed(first.answers), **EXAMINED, **act}

    before = browser.post(reverse("clients:screening_preview", args=[ada_in_care.pk]), sent)
    browser.post(reverse("clients:screening_clarify", args=[ada_in_care.pk]), sent)
    after = browser.get(reverse("clients:screening_page", args=[ada_in_care.pk]))

    assert Screening.objects.count() == 2
    assert shown_of(before.context["reasons"]) == shown_of(after.context["reasons"])
    fragment, page = (" ".join(each.content.decode().split()) for each in (before, after))
    for axis in after.context["reasons"]["axes"]:
        for each in (*axis["speaks_for"], *axis["speaks_against"]):
            for words in (escape(each["text"]), each["weight_words"], escape(each["cited"].name)):
                assert words in fragment
                assert words in page
            source = f'{escape(each["text"])} · <a href="#source-{each["cited"].key}">'
            assert source in fragment
            assert source in page
            assert f'id="source-{each["cited"].key}"' in page
    assert after.context["reasons"]["words"]["footer"] in fragment


def test_the_preview_drops_a_clearance_as_saving_does(signed_in, mia, ada_in_care):
    run_screening(client=ada_in_care, answers=calm(heart_or_stroke_recent=True), at=NOW, by=mia)
    cleared = record_clearance(
        client=ada_in_care, clinician_name="Dr Rao", profession="GP", given_on=TODAY, note="Letter", by=mia, at=NOW
    )
    sent = {"base": cleared.pk, **typed(cleared.answers), "surgery_recent_6wk": "yes"}

    said = signed_in(mia).post(reverse("clients:screening_preview", args=[ada_in_care.pk]), sent).context["reasons"]

    assert cleared.triage == "treat"
    assert said["triage"] == "routine_referral"


def test_the_rest_not_tested_is_one_tick_and_leaves_what_is_on_file(signed_in, mia, ada_in_care):
    first = run_screening(
        client=ada_in_care, answers=calm(slump="negative", sij_tests_done=4, sij_tests_positive=3), at=NOW, by=mia
    )

    sent = {"base": first.pk, **typed(first.answers), "fair-left": "skip", "pace-left": "positive", "rest": "on"}
    signed_in(mia).post(reverse("clients:screening_clarify", args=[ada_in_care.pk]), sent)

    version = Screening.objects.newest_first().first()
    assert version.answers["slump"] == "negative"  # tested before, without a side
    assert (version.answers[DONE], version.answers[POSITIVE_OF_DONE]) == (4, 3)
    assert version.card["pace"] == {"left": entry("positive"), "right": entry("not_tested")}
    assert version.card["fair"] == {"right": entry("not_tested")}  # left open on purpose
    assert version.answers["reflexes"] == "not_tested"
    assert "notch_tenderness_familiar" not in version.answers  # a question has no such answer: it stays open


@pytest.mark.parametrize(
    ("typed_in", "field"),
    [
        ({"slr-left": "positive", "slr_angle_deg-left": "120"}, "slr_angle_deg-left"),
        ({"slr-left": "positive", "slr_angle_deg-left": "about 40"}, "slr_angle_deg-left"),
        ({"slr-left": "positive", "slr_angle_deg-left": "-5"}, "slr_angle_deg-left"),
        ({"slr_angle_deg-right": "40"}, "slr_angle_deg-right"),
        ({"slr_angle_deg-right": "40", "rest": "on"}, "slr_angle_deg-right"),
        ({"slr-right": "not_tested", "slr_angle_deg-right": "40"}, "slr_angle_deg-right"),
        ({"gaenslen-left": "4"}, "gaenslen-left"),
    ],
)
def test_what_cannot_be_is_named_at_the_field_and_all_is_kept(signed_in, mia, ada_in_care, typed_in, field):
    first = run_screening(client=ada_in_care, answers=calm(), at=NOW, by=mia)
    sent = {"base": first.pk, "beatty-left": "positive", "strength-right": "reduced", **typed_in}

    response = signed_in(mia).post(reverse("clients:screening_clarify", args=[ada_in_care.pk]), sent)

    page = response.content.decode()
    assert response.status_code == 422
    assert list(response.context["card"].errors) == [field]
    assert f'href="#div_id_{field}"' in page or field in page
    assert 'name="beatty-left" value="positive" id="id_beatty-left_0" checked' in page
    assert 'name="strength-right" value="reduced" id="id_strength-right_1" checked' in page
    if angle := typed_in.get("slr_angle_deg-left"):
        assert f'value="{angle}"' in page
    assert Screening.objects.count() == 1


def test_each_missing_group_leads_to_a_field_of_the_card(signed_in, mia, ada_in_care):
    answers = {key: value for key, value in calm().items() if key not in ("worse_sitting", "fever")}
    run_screening(client=ada_in_care, answers=answers, at=NOW, by=mia)
    browser = signed_in(mia)

    shown = browser.get(reverse("clients:screening_page", args=[ada_in_care.pk]))
    card = browser.get(reverse("clients:screening_clarify", args=[ada_in_care.pk])).content.decode()

    reasons, page = shown.context["reasons"], shown.content.decode()
    assert [each["field"] for each in reasons["blocking"]] == ["div_id_fever"]
    assert {each["label"] for each in reasons["missing"]} >= {"Sitting", "Straight leg raise", "Strength and feeling"}
    for each in reasons["to_do"]:
        assert f"{reverse('clients:screening_clarify', args=[ada_in_care.pk])}#{each['field']}" in page
        assert card.count(f'id="{each["field"]}"') == 1
    assert f"{reasons['minimum']} groups answered" in page


def test_a_source_is_named_and_cited_not_a_bare_key():
    assert source_of("martin-2014").name == "Martin 2014"
    assert "sciatic nerve entrapment in the gluteal region" in source_of("martin-2014").citation
    assert source_of("expert-design").name == "Our own choice"
    keys = re.findall(r"^### (\S+)$", FILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert list(all_sources()) == keys
    assert source_of("no-such-key").name == "no such key"


def test_a_test_moved_to_the_other_side_stands_out_side_by_side(signed_in, mia, ada_in_care):
    card = {SLR: {"left": entry("positive", 45)}}
    first = run_screening(client=ada_in_care, answers=calm(slr="positive", slr_angle_deg=45), card=card, at=NOW, by=mia)
    clarify_screening(first, changes={}, card=mirrored(card), by=mia, at=NOW)

    rows = signed_in(mia).get(reverse("clients:screening_compare", args=[ada_in_care.pk])).context["rows"]

    assert [row["words"] for row in rows if row["differs"]] == [
        ["left positive at 45°, right not answered", "left not answered, right positive at 45°"]
    ]
