"""Questions of the screening as form fields: yes, no, not sure or left out; scales, numbers, choices and muscles."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django import forms

from anatomy.body import MUSCLES
from clients.card import (
    ANGLE,
    CARD_TESTS,
    DONE,
    JOINT_TESTS,
    NOT_TESTED,
    POSITIVE_OF_DONE,
    SIDES,
    SLR,
    TEST_CHOICES,
    TESTS,
    Card,
)
from clients.screening import ITEMS, BadAnswer, Item, validate

ANSWERS = {"yes": True, "no": False, "not_sure": "not_sure"}
ANSWER_WORDS = {True: "Yes", False: "No", "not_sure": "Not sure"}
LEFT_OUT = "Not answered"
NONE_FOUND = "none"
SKIP = "skip"  # a value of its own, or nothing chosen would be drawn as chosen
UNITS = {
    "years": "years",
    "weeks": "weeks",
    "minutes": "minutes",
    "hours": "hours a day",
    "degrees": "degrees",
    "count": "tests",
}
LARGEST = {"years": 120, "weeks": 6300, "minutes": 10_080, "hours": 24, "degrees": 90, "count": 6}
WHOLE = ("years", "count")
FOLLOW_UP = re.compile(r"^(\w+) (possible|yes)$")


class NumberField(forms.CharField):
    """A plain number, typed with a point or a comma; whole where the kind wants it."""

    def __init__(self, *, kind, **options):
        widget = forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "off", "class": "form-control short-number"}
        )
        super().__init__(max_length=12, widget=widget, required=False, **options)
        self.kind = kind

    def clean(self, value):
        text = super().clean(value).replace(",", ".")
        if not text:
            return None
        limit = LARGEST[self.kind]
        if not re.fullmatch(r"\d+(\.\d+)?", text) or not 0 <= float(text) <= limit:
            raise forms.ValidationError(f"Write a number from 0 to {limit}, or leave it empty.")
        number = float(text)
        if number.is_integer():
            return int(number)
        if self.kind in WHOLE:
            raise forms.ValidationError("Write a whole number.")
        return number


class MusclesField(forms.MultipleChoiceField):
    """Muscles that give the familiar pain; "none" says that they were looked for and not found."""

    def __init__(self, **options):
        choices = [(NONE_FOUND, "Looked for, none"), *((key, muscle.name) for key, muscle in MUSCLES.items())]
        super().__init__(choices=choices, widget=forms.CheckboxSelectMultiple, required=False, **options)

    def clean(self, value):
        chosen = super().clean(value)
        if NONE_FOUND in chosen and len(chosen) > 1:
            raise forms.ValidationError("Either none, or the muscles that were found.")
        if chosen == [NONE_FOUND]:
            return []
        return chosen or None


@dataclass(frozen=True, slots=True)
class Question:
    """One question ready for a template. `show_when` is for data-show-when; `css` is the look of its choices."""

    item: Item
    field: forms.BoundField
    css: str
    show_when: str
    unit: str
    standing: str


class QuestionForm(forms.Form):
    """A form of screening items. `keys` are asked, in order; `answers` stand, and are shown unless `shown` says otherwise."""

    def __init__(
        self,
        data=None,
        *,
        keys: Iterable[str],
        answers: Mapping[str, object],
        shown: Mapping[str, object] | None = None,
        for_therapist=False,
    ):
        self.keys = tuple(keys)
        self.answers = answers
        self.for_therapist = for_therapist
        shown = answers if shown is None else shown
        super().__init__(data, initial={key: _shown(ITEMS[key], shown.get(key)) for key in self.keys})
        for key in self.keys:
            self.fields[key] = _field(ITEMS[key], for_therapist)

    def clean(self):
        given = {key: value for key, value in self.read_answers().items() if value is not None}
        try:
            validate({**self.answers, **given})
        except BadAnswer as error:
            self.add_error(error.key if error.key in self.fields else None, _capital(error.reason))
        return self.cleaned_data

    def read_answers(self) -> dict[str, object]:
        """Return what was answered, by item key; None where it was left out. Fields in error are left out."""
        return {key: _read(ITEMS[key], self.cleaned_data[key]) for key in self.keys if key in self.cleaned_data}

    def changed_answers(self) -> dict[str, object]:
        """Return only what differs from the answers shown."""
        return {key: value for key, value in self.read_answers().items() if value != self.answers.get(key)}

    def questions(self) -> list[Question]:
        """Return the questions in order, ready for a template."""
        return [self.question(key) for key in self.keys]

    def question(self, key: str) -> Question:
        """Return one question, ready for a template."""
        item = ITEMS[key]
        return Question(
            item=item,
            field=self[key],
            css=_css(item),
            show_when=_show_when(item, self.keys),
            unit=UNITS.get(item.kind, ""),
            standing=answer_words(key, self.answers.get(key)),
        )


class CardForm(forms.Form):
    """The tests of the examination card, left and right of each, and the angle of the straight leg raise.

    `card` stands, `answers` are the screening's; `shown` is what the page shows where that differs from `card`. One tick
    says "not tested" of all that is left without a choice.
    """

    rest = forms.BooleanField(label="Everything else: not tested", required=False)

    def __init__(self, data=None, *, card: Card, answers: Mapping[str, object], shown: Card | None = None):
        self.standing = card
        self.answers = answers
        super().__init__(data)
        for test in CARD_TESTS.values():
            for side in SIDES:
                entry = (card if shown is None else shown).get(test.key, {}).get(side, {})
                self.fields[f"{test.key}-{side}"] = forms.ChoiceField(
                    label=f"{test.label}, {side}",
                    choices=[*test.choices.items(), (SKIP, "Open")],
                    initial=entry.get("result"),
                    widget=forms.RadioSelect,
                    required=False,
                    error_messages={"invalid_choice": "Choose one of the answers shown."},
                )
                if test.key == SLR:
                    angle = NumberField(kind="degrees", label=f"Angle, {side}", initial=entry.get("angle_deg"))
                    self.fields[f"{ANGLE}-{side}"] = angle

    def card(self) -> dict:
        """Return what was chosen, without what was left open."""
        card = {}
        for test in TESTS:
            sides = {side: self._entry(test, side) for side in SIDES}
            if filled := {side: entry for side, entry in sides.items() if entry}:
                card[test] = filled
        return card

    def _entry(self, test, side):
        result = self.cleaned_data[f"{test}-{side}"] or self._rest(test)
        if result in ("", SKIP):
            return {}
        angle = self.cleaned_data.get(f"{ANGLE}-{side}") if test == SLR else None
        return {"result": result} if angle is None else {"result": result, "angle_deg": angle}

    def _rest(self, test):
        """What is on file without a side was tested: the tick is not about it."""
        return NOT_TESTED if self.cleaned_data["rest"] and not self._without_side(test) else ""

    def clean(self):
        for side in SIDES if self.is_bound else ():
            tested = self.cleaned_data.get(f"{SLR}-{side}") in ("positive", "negative")
            if self.cleaned_data.get(f"{ANGLE}-{side}") is not None and not tested:
                self.add_error(f"{ANGLE}-{side}", "Say also whether the straight leg raise was positive on this side.")
        return self.cleaned_data

    def row(self, test: str) -> dict:
        """Return one test for a template: what it is, its sides, and what is on file without a side."""
        sides = [
            {
                "name": side.capitalize(),
                "field": self[f"{test}-{side}"],
                "angle": self[f"{ANGLE}-{side}"] if test == SLR else None,
            }
            for side in SIDES
        ]
        return {"test": CARD_TESTS[test], "sides": sides, "without_side": self._without_side(test)}

    def _without_side(self, test):
        if test in JOINT_TESTS:
            if self.answers.get(DONE) is None or any(joint in self.standing for joint in JOINT_TESTS):
                return ""
            return f"{self.answers.get(POSITIVE_OF_DONE) or 0} of {self.answers[DONE]} sacroiliac tests positive"
        answer = self.answers.get(test)
        return answer_words(test, answer) if answer is not None and test not in self.standing else ""


def answer_words(key: str, answer: object) -> str:
    """Return an answer as people say it: "Yes", "7 of 10", "12 weeks", "Not answered"."""
    item = ITEMS[key]
    if answer is None:
        return LEFT_OUT
    if item.kind == "answer":
        return ANSWER_WORDS[answer]
    if item.kind == "test":
        return TEST_CHOICES[answer]
    if item.kind in ("choice", "finding"):
        return item.choices[answer]
    if item.kind == "muscles":
        return ", ".join(MUSCLES[name].name for name in answer) or "Looked for, none"
    if item.kind == "nrs":
        return f"{answer} of 10"
    unit, _, rest = UNITS[item.kind].partition(" ")
    return f"{answer} {unit.removesuffix('s') if answer == 1 else unit} {rest}".rstrip()


def _field(item, for_therapist):
    label = item.label if for_therapist or not item.question else item.question
    options = {"label": label, "help_text": item.help}
    if item.kind == "muscles":
        return MusclesField(**options)
    if item.kind in LARGEST:
        return NumberField(kind=item.kind, **options)
    wrong = {"invalid_choice": "Choose one of the answers shown."}
    return forms.ChoiceField(
        choices=_choices(item, for_therapist), widget=forms.RadioSelect, required=False, error_messages=wrong, **options
    )


def _choices(item, for_therapist):
    left_out = (SKIP, "Open" if for_therapist else "Skip")
    if item.kind == "nrs":
        return [*((str(number), str(number)) for number in range(11)), left_out]
    if item.kind == "answer":
        return [("yes", "Yes"), ("no", "No"), ("not_sure", "Not sure"), left_out]
    return [*(TEST_CHOICES if item.kind == "test" else item.choices).items(), left_out]


def _css(item):
    if item.kind == "nrs":
        return "nrs"
    if item.kind == "answer":
        return "answers"
    return "" if item.kind in ("test", "finding", "muscles") else "choices-stack"


def _show_when(item, keys):
    """Say on which answer of this page a follow-up makes sense; one that hangs on more is always shown."""
    match = FOLLOW_UP.match(getattr(item.ask_if, "text", ""))
    if match is None or match[1] not in keys:
        return ""
    return f"{match[1]}=yes,not_sure" if match[2] == "possible" else f"{match[1]}=yes"


def _shown(item, answer):
    if answer is None:
        # Nothing is chosen beforehand: neither an answer nor "Skip".
        return None
    if item.kind == "answer":
        return {True: "yes", False: "no"}.get(answer, answer)
    if item.kind == "muscles":
        return list(answer) or [NONE_FOUND]
    return str(answer)


def _read(item, value):
    if value in ("", SKIP, None):
        return None
    if item.kind == "answer":
        return ANSWERS[value]
    return int(value) if item.kind == "nrs" else value


def _capital(words):
    return words[:1].upper() + words[1:]
