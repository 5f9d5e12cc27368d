"""The language of the rules: what each word means for yes, no, not sure and silence, and what is refused."""

import pytest

from clients.screening import ITEMS, BadRule
from clients.screening.conditions import FIRED, Scope, compile_condition
from clients.screening.vocabulary import NOT_SURE

SCOPE = Scope(ITEMS, derived=("radicular_score",), flags=("ces_saddle",))


def holds(text, fired=(), **facts):
    return compile_condition(text, SCOPE)(dict.fromkeys([*ITEMS, "radicular_score"]) | facts | {FIRED: set(fired)})


@pytest.mark.parametrize(
    ("word", "true_for"),
    [
        ("yes", {True}), ("no", {False}), ("possible", {True, NOT_SURE}), ("unsure", {NOT_SURE}),
        ("open", {None, NOT_SURE}), ("not denied", {True, NOT_SURE, None}), ("unanswered", {None}),
        ("known", {True, False}), ("unknown", {None, NOT_SURE}),
    ],
)  # fmt: skip
def test_words_for_answers(word, true_for):
    for value in (True, False, NOT_SURE, None):
        assert holds(f"fever {word}", fever=value) is (value in true_for)


@pytest.mark.parametrize(
    ("text", "true_for"),
    [
        ("strength is reduced/severely_reduced", {"reduced", "severely_reduced"}),
        ("strength not reduced/severely_reduced", {"normal", "not_tested", None}),
        ("strength known", {"normal", "reduced", "severely_reduced"}),
        ("strength unknown", {"not_tested", None}),
    ],
)
def test_words_for_findings(text, true_for):
    for value in ("normal", "reduced", "severely_reduced", "not_tested", None):
        assert holds(text, strength=value) is (value in true_for)


@pytest.mark.parametrize(("sign", "true_for"), [(">=", {5, 6}), (">", {6}), ("<=", {4, 5}), ("<", {4})])
def test_a_comparison_holds_for_a_number_and_never_for_silence(sign, true_for):
    for value in (4, 5, 6, None):
        assert holds(f"pain_now {sign} 5", pain_now=value) is (value in true_for)


def test_muscles_named():
    but_psoas = "trp_familiar_pain names any but psoas/iliacus"

    assert holds(but_psoas, trp_familiar_pain=("psoas", "piriformis"))
    assert not holds(but_psoas, trp_familiar_pain=("psoas", "iliacus"))
    assert not holds(but_psoas, trp_familiar_pain=())
    assert not holds(but_psoas, trp_familiar_pain=None)
    assert holds("trp_familiar_pain names none", trp_familiar_pain=())
    assert not holds("trp_familiar_pain names none", trp_familiar_pain=None)


def test_and_binds_tighter_than_or():
    assert holds("fever yes or smoker yes and diabetes yes", fever=True)
    assert not holds("(fever yes or smoker yes) and diabetes yes", fever=True)


def test_at_least_counts():
    text = "at least 2 of (fever yes, smoker yes, pain_now > 3 and diabetes yes)"

    assert holds(text, fever=True, smoker=True)
    assert holds(text, fever=True, pain_now=4, diabetes=True)
    assert not holds(text, fever=True, pain_now=4)


def test_flags_fired_before():
    assert holds("flag ces_saddle", fired=["ces_saddle"])
    assert not holds("flag ces_saddle", fired=["night"])
    assert holds("any other flag", fired=["night"])
    assert not holds("any other flag")


def test_derived_numbers_compare():
    assert holds("radicular_score >= 0.5", radicular_score=0.5)
    assert not holds("radicular_score >= 0.5", radicular_score=-0.5)
    assert holds("radicular_score >= -0.5", radicular_score=-0.5)


def test_a_condition_says_what_it_reads():
    condition = compile_condition("smoker yes and fever yes and flag ces_saddle", SCOPE)

    assert set(condition.items) == {"smoker", "fever"}
    assert condition.flags == {"ces_saddle"}


@pytest.mark.parametrize(
    "text",
    [
        "", "fever", "fever maybe", "feverish yes", "fever yes and", "(fever yes", "fever yes)", "fever yes smoker yes",
        "fever >= 3", "pain_now yes", "pain_now >= many", "strength is strong", "strength is", "strength yes",
        "flag night", "any flag", "at least 2 (fever yes)", "at least two of (fever yes)", "radicular_score yes",
        "trp_familiar_pain names all", "trp_familiar_pain names any but elbow", "not fever yes", "fever yes; smoker yes",
        "__import__ yes", "fever not", "fever yes or or smoker yes",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_and_quoted(text):
    with pytest.raises(BadRule) as refusal:
        compile_condition(text, SCOPE)

    assert repr(text) in str(refusal.value)
