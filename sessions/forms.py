"""What a therapist taps and types into a chart. Shapes and ranges only; sessions/charting.py does the writing."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

from django import forms

from anatomy.body import MUSCLES
from protocols.knowledge import KNOWLEDGE
from sessions.copying import Mark, parse_mark
from sessions.entries import NRS, SCALE, FindingEntry, TestEntry, parse_spot, spot
from sessions.models import Amendment, MuscleFinding, Snippet, TestResult
from sessions.retests import UNITS, change_in_words, is_row, parse_row, row_name, row_of

NOTHING: Mapping[str, str] = MappingProxyType({})
YES_NO = [("yes", "Yes"), ("no", "No")]
TELLS = {"yes": True, "no": False}
TOLD = {True: "yes", False: "no", None: ""}
SIGNS = [("", "–"), ("negative", "Negative"), ("positive", "Positive")]
NO_SIGN = {"invalid_choice": "Choose negative or positive."}
HELP = {
    "subjective": "What the client says: since last time, today, what eases and what stirs it up.",
    "objective": "What you saw, felt and tested.",
    "assessment": "Your impression, not a diagnosis: how it answered, progress, what you considered.",
    "plan_text": "What was done and what comes next: home programme, advice, next visit.",
}


class Number(forms.TypedChoiceField):
    """A whole number from a short scale; empty means not recorded."""

    def __init__(self, scale: Iterable[int], **options):
        values = list(scale)
        super().__init__(
            choices=[("", "–"), *((number, str(number)) for number in values)],
            coerce=int,
            empty_value=None,
            required=False,
            error_messages={"invalid_choice": f"Choose a number from {values[0]} to {values[-1]}."},
            **options,
        )


class YesNo(forms.TypedChoiceField):
    """Yes, no, or not asked."""

    def __init__(self, **options):
        super().__init__(
            choices=[("", "–"), *YES_NO],
            coerce=TELLS.__getitem__,
            empty_value=None,
            required=False,
            error_messages={"invalid_choice": "Choose yes or no."},
            **options,
        )


class Uncut(forms.CharField):
    """Text that the browser takes whole: with a maxlength it would cut what is pasted, without a word."""

    def widget_attrs(self, widget):
        attributes = super().widget_attrs(widget)
        attributes.pop("maxlength", None)
        return attributes


class Words(Uncut):
    """Free words of a chart, kept as typed but for line ends, which become one kind."""

    def __init__(self, **options):
        super().__init__(
            max_length=5000, required=False, strip=False, widget=forms.Textarea(attrs={"rows": 3}), **options
        )

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n").rstrip()


class HeadForm(forms.Form):
    """The version that was shown, the pain before and after, and the words."""

    version = forms.IntegerField(
        min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput, error_messages={"required": "Reload the page."}
    )
    pain_before_nrs = Number(NRS, label="Pain before")
    pain_back_nrs = Number(NRS, label="Back")
    pain_buttock_nrs = Number(NRS, label="Buttock")
    pain_leg_nrs = Number(NRS, label="Leg")
    pain_after_nrs = Number(NRS, label="Pain after")
    subjective = Words(label="Subjective", help_text=HELP["subjective"])
    objective = Words(label="Objective", help_text=HELP["objective"])
    assessment = Words(label="Assessment", help_text=HELP["assessment"])
    plan_text = Words(label="Plan", help_text=HELP["plan_text"])

    def __init__(self, *args, copied: Mapping[str, str] = NOTHING, **kwargs):
        super().__init__(*args, **kwargs)
        self.copied, self.spot = copied, ""


class FindingForm(forms.Form):
    """One muscle on one side."""

    tone = Number(SCALE, label="Tone")
    tenderness = Number(SCALE, label="Tenderness")
    has_trigger_point = YesNo(label="Trigger point")
    is_familiar_pain = YesNo(label="Familiar pain")
    refers_to = forms.CharField(label="Refers to", max_length=120, required=False)
    techniques = forms.MultipleChoiceField(
        label="Techniques",
        required=False,
        error_messages={"invalid_choice": "“%(value)s” is not in the practice's list of techniques."},
    )
    pressure = Number(NRS, label="Pressure, as the client feels it")
    minutes = forms.IntegerField(label="Minutes", required=False, min_value=0)
    response = forms.ChoiceField(
        label="Response",
        required=False,
        choices=[("", "–"), *MuscleFinding.Response.choices],
        error_messages={"invalid_choice": "Choose eased, unchanged or sore."},
    )

    def __init__(
        self,
        *args,
        where: str,
        most_minutes: int,
        techniques: dict[str, str],
        copied: Mapping[str, str] = NOTHING,
        **kwargs,
    ):
        self.side, self.muscle = parse_spot(where)
        self.copied = copied  # field → day of the visit it was copied from
        super().__init__(*args, prefix=prefix_of(where), **kwargs)
        self.fields["techniques"].choices = list(techniques.items())
        minutes = self.fields["minutes"]
        minutes.max_value = most_minutes
        minutes.validators.append(
            forms.fields.validators.MaxValueValidator(most_minutes, f"The visit was booked for {most_minutes} minutes.")
        )

    @property
    def spot(self) -> str:
        return spot(self.side, self.muscle)

    @property
    def card(self):
        return MUSCLES[self.muscle]

    @cached_property
    def entry(self) -> FindingEntry:
        """What was typed, once the form is valid."""
        values = self.cleaned_data
        return FindingEntry(
            muscle=self.muscle,
            side=self.side,
            **{**values, "techniques": tuple(values["techniques"]), "minutes": values["minutes"] or 0},
        )

    @staticmethod
    def initial_of(entry: FindingEntry) -> dict:
        return {
            "tone": entry.tone,
            "tenderness": entry.tenderness,
            "has_trigger_point": TOLD[entry.has_trigger_point],
            "is_familiar_pain": TOLD[entry.is_familiar_pain],
            "refers_to": entry.refers_to,
            "techniques": list(entry.techniques),
            "pressure": entry.pressure,
            "minutes": entry.minutes or None,
            "response": entry.response,
        }


def prefix_of(where: str) -> str:
    """Return how the fields of `left:piriformis` begin: `left-piriformis`."""
    return where.replace(":", "-")


class TestForm(forms.Form):
    """One examination test in one row: before and after the work, on one side or of the whole person."""

    __test__ = False

    before = forms.ChoiceField(choices=SIGNS, required=False, error_messages=NO_SIGN)
    before_value = forms.IntegerField(label="Measured before", required=False, min_value=0)
    before_where = forms.CharField(label="Felt where, before", max_length=120, required=False)
    after = forms.ChoiceField(choices=SIGNS, required=False, error_messages=NO_SIGN)
    after_value = forms.IntegerField(label="Measured after", required=False, min_value=0)
    after_where = forms.CharField(label="Felt where, after", max_length=120, required=False)

    def __init__(self, *args, row: str, **kwargs):
        self.row = row
        self.test, self.side = parse_row(row)
        super().__init__(*args, prefix="-".join(filter(None, ("test", self.test, self.side))), **kwargs)
        for moment in TestResult.Moment.values:
            if self.card.result == "none":
                del self.fields[moment], self.fields[f"{moment}_where"]
            if self.card.unit:
                words = f"Enter 0 to {self.card.unit_max} {self.card.unit}."
                field = self.fields[f"{moment}_value"]
                field.validators.append(forms.fields.validators.MaxValueValidator(self.card.unit_max, words))
            else:
                del self.fields[f"{moment}_value"]

    @property
    def card(self):
        return KNOWLEDGE.tests[self.test]

    @property
    def name(self) -> str:
        """Return what the row is called: the test and its side."""
        return row_name(self.test, self.side)

    @property
    def unit(self) -> str:
        return UNITS[self.card.unit].strip()

    @property
    def moments(self) -> list[dict]:
        """Return, for before and after, the fields that this test has; None where it has no such field."""
        return [
            {
                "label": moment.label,
                "result": self[moment.value] if moment.value in self.fields else None,
                "value": self[f"{moment.value}_value"] if f"{moment.value}_value" in self.fields else None,
                "where": self[f"{moment.value}_where"] if f"{moment.value}_where" in self.fields else None,
            }
            for moment in TestResult.Moment
        ]

    @property
    def change(self) -> str:
        """Return what changed, from what is stored or was typed, as far as it can be read."""
        if self.is_bound:
            found = {entry.moment: entry for entry in self.entries()} if hasattr(self, "cleaned_data") else {}
        else:
            found = {entry.moment: entry for entry in self.stored}
        return change_in_words(self.card, found.get("before"), found.get("after"))

    def clean(self):
        for moment in TestResult.Moment.values:
            result, value, felt_where = self._typed(moment)
            if value is not None and not result and self.card.result == "asked":
                self.add_error(moment, "Say whether it was positive or negative.")
            if felt_where and value is None and not result and moment not in self.errors:
                self.add_error(moment, "Say what the test gave, too.")

    def _typed(self, moment: str) -> tuple[str, int | None, str]:
        values = self.cleaned_data
        return values.get(moment) or "", values.get(f"{moment}_value"), values.get(f"{moment}_where") or ""

    def entries(self) -> list[TestEntry]:
        """What was typed, once the form is valid."""
        typed = {moment: self._typed(moment) for moment in TestResult.Moment.values}
        return [
            TestEntry(self.test, self.side, moment, result, value, felt_where)
            for moment, (result, value, felt_where) in typed.items()
            if result or value is not None
        ]

    @classmethod
    def of(cls, data, *, row: str, results: Iterable[TestEntry]) -> "TestForm":
        """Return the form of one row, filled from what is stored of it."""
        stored = [entry for entry in results if row_of(entry.test, entry.side) == row]
        initial = {}
        for entry in stored:
            initial |= {
                entry.moment: entry.result,
                f"{entry.moment}_value": entry.value,
                f"{entry.moment}_where": entry.felt_where,
            }
        form = cls(data, row=row, initial=initial)
        form.stored = stored
        return form


class ChartForm:
    """All forms of one chart. Bound by `data`, else filled from the stored entries. `cards` says which muscles it has."""

    def __init__(self, session, *, findings, results, techniques, tests, copied: Mapping[Mark, str], data=None):
        self.session, self.is_bound = session, data is not None
        self.errors: list[str] = []
        self.confirmed = self._confirmed(data)
        self.copied = {mark: day for mark, day in copied.items() if mark not in self.confirmed}
        self.head = HeadForm(data, initial=_head_initial(session), copied=self._copied_at(""))
        self.findings = self._finding_forms(findings, techniques, data)
        self.tests = self._test_forms(tests, results, data)

    def _test_forms(self, rows, results, data) -> list[TestForm]:
        """The rows that are always there, and those that were on the page when it was sent."""
        sent = data.getlist("test") if data is not None else []
        for row in sent:
            if not is_row(row):
                self.errors.append(f"“{row[:60]}” is not in the practice's list of tests.")
        return [TestForm.of(data, row=row, results=results) for row in dict.fromkeys([*rows, *filter(is_row, sent)])]

    def _finding_forms(self, findings, techniques, data) -> list[FindingForm]:
        stored = {finding.spot: finding for finding in findings}
        spots = dict.fromkeys(data.getlist("card") if data is not None else stored)
        forms_ = []
        for where in spots:
            try:
                entry = stored.get(where) or FindingEntry(*reversed(parse_spot(where)))
            except ValueError:
                self.errors.append(f"“{where[:60]}” is not in the practice's list of muscles.")
                continue
            initial = FindingForm.initial_of(entry)
            options = {"most_minutes": self.session.booked_minutes, "techniques": techniques}
            options["copied"] = self._copied_at(where)
            forms_.append(FindingForm(data, where=where, initial=initial, **options))
        return forms_

    def _confirmed(self, data) -> set[Mark]:
        confirmed = set()
        for text in data.getlist("confirm") if data is not None else ():
            try:
                confirmed.add(parse_mark(text))
            except ValueError as error:
                self.errors.append(f"“{text[:60]}”: {error}")
        return confirmed

    def _copied_at(self, where: str) -> dict[str, str]:
        return {mark.field: day for mark, day in self.copied.items() if mark.spot == where}

    def is_valid(self) -> bool:
        """Check every form, so that all messages stand at their fields at once."""
        parts = [form.is_valid() for form in (self.head, *self.findings, *self.tests)]
        return all(parts) and not self.errors

    def add_error(self, words: str) -> None:
        self.errors.append(words)

    @property
    def version(self) -> int:
        return self.head.cleaned_data["version"]

    @property
    def entries(self) -> list[FindingEntry]:
        return [form.entry for form in self.findings]

    def chart(self) -> dict:
        """Return what was typed as the keywords of save_chart, once the forms are valid."""
        words = {name: value for name, value in self.head.cleaned_data.items() if name != "version"}
        return words | {
            "findings": self.entries,
            "test_results": [entry for form in self.tests for entry in form.entries()],
            "confirmed": self.confirmed,
        }

    @property
    def minutes(self) -> int:
        """The minutes as typed, as far as they are numbers; for the sum shown before any script runs."""
        if self.is_bound:
            return sum(form.cleaned_data.get("minutes") or 0 for form in self.findings if hasattr(form, "cleaned_data"))
        return sum(form.initial["minutes"] or 0 for form in self.findings)

    @property
    def all_errors(self) -> list[dict]:
        """Every message with the id of its field (or none), in the order of the page."""
        found = [{"field": "", "words": words} for words in self.errors]
        for form in (self.head, *self.findings, *self.tests):
            where = f"{', '.join(filter(None, (form.card.name, form.side)))}: " if hasattr(form, "side") else ""
            for name, messages in form.errors.items():
                label = form.fields[name].label or name.replace("_", " ") if name != "__all__" else ""
                found += [
                    {"field": form.add_prefix(name), "words": f"{where}{label}: {message}"} for message in messages
                ]
        return found


def _head_initial(session) -> dict:
    return {name: getattr(session, name) for name in HeadForm.base_fields}


class AmendmentForm(forms.Form):
    """A later word on a signed chart."""

    kind = forms.ChoiceField(
        label="What it is",
        choices=[
            (Amendment.Kind.ADDENDUM, "Addendum: something to add"),
            (Amendment.Kind.CORRECTION, "Correction: something was wrong"),
            (Amendment.Kind.LATE_ENTRY, "Late entry: something that happened, written down only now"),
        ],
        widget=forms.RadioSelect,
        initial=Amendment.Kind.ADDENDUM,
        error_messages={"required": "Choose what it is.", "invalid_choice": "Choose what it is."},
    )
    happened_at = forms.DateTimeField(
        label="When it happened",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Of a late entry only. It stands beside the time of writing.",
    )
    reason = Uncut(
        max_length=200,
        help_text="Why it is added now: left out, mistyped, a result received.",
        error_messages={"required": "Write why it is added now."},
    )
    text = Uncut(
        label="What to add or correct",
        max_length=5000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Write what is to be added or corrected."},
    )

    def clean_happened_at(self):
        moment = self.cleaned_data["happened_at"]
        if moment and moment.year < 2000:
            raise forms.ValidationError("Check the year.")
        return moment

    def clean_text(self):
        text = self.cleaned_data["text"]
        if not text.strip():
            raise forms.ValidationError(self.fields["text"].error_messages["required"])
        return text

    def clean(self):
        if self.cleaned_data.get("happened_at") and self.cleaned_data.get("kind") != Amendment.Kind.LATE_ENTRY:
            self.add_error("happened_at", "Only a late entry has a time of its own. Choose late entry, or empty this.")


class WithdrawalForm(forms.Form):
    """Why a whole chart was entered in error."""

    reason = Uncut(
        max_length=200,
        help_text="Such as: opened for the wrong client.",
        error_messages={"required": "Write why: it stands above the chart from now on."},
    )


class SnippetForm(forms.Form):
    """A phrase for one text of the chart."""

    section = forms.ChoiceField(
        label="For", choices=Snippet.Section.choices, error_messages={"invalid_choice": "Choose one of the four texts."}
    )
    words = Uncut(
        label="Phrase",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text="About nobody: no name, no date.",
        error_messages={"required": "Write the phrase."},
    )

    def clean_words(self):
        return self.cleaned_data["words"].replace("\r\n", "\n")
