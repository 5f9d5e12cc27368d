"""What is tapped, ticked and typed for an outcome measure. Shapes and ranges; sessions/measures.py does the writing."""

from django import forms

from practice import clock
from practice.forms import NOT_ONE_LINE, breaks_a_line
from protocols.knowledge import MeasureCard
from protocols.progress import in_figures
from sessions.entries import NRS
from sessions.forms import Number
from sessions.models import FunctionalActivity
from sessions.scoring import MOST_ACTIVITIES, ScoreOutOfRange, checked

DAY = {"type": "date"}


def day_field(label: str, **options) -> forms.DateField:
    """Return a field for a day, in the browser's own picker."""
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        error_messages={"required": "Enter the day.", "invalid": "Enter a day, such as 2026-11-23."},
        **options,
    )


class MeasureForm(forms.Form):
    """When it was measured, and in which session if in one; a form of each kind adds its answers."""

    measured_on = day_field("Measured on")
    session = forms.ModelChoiceField(
        None,
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "That session is not this client's."},
    )

    def __init__(self, *args, sessions, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["session"].queryset = sessions

    def clean_measured_on(self):
        day = self.cleaned_data["measured_on"]
        if day > clock.today():
            raise forms.ValidationError("This day is still to come.")
        if day.year < 2000:
            raise forms.ValidationError("Check the year.")
        return day

    def recorded(self) -> dict:
        """Return what was entered as the keywords of the domain function, once the form is valid."""
        return dict(self.cleaned_data)


def _scale(card: MeasureCard) -> forms.TypedChoiceField:
    sign = "+" if card.is_change else ""
    words = [
        (number, f"{sign if number > 0 else ''}{in_figures(number)}") for number in range(card.least, card.most + 1)
    ]
    low, high = words[0][1], words[-1][1]
    return forms.TypedChoiceField(
        label=card.asks,
        choices=words,
        coerce=int,
        error_messages={"required": "Choose a number.", "invalid_choice": f"Choose a number from {low} to {high}."},
    )


class ScoreField(forms.DecimalField):
    """A number that the measure has; the words of the refusal are the measure's own."""

    def __init__(self, card: MeasureCard, **options):
        self.card = card
        size = {"inputmode": "decimal", "min": card.least, "max": card.most, "step": "0.1" if card.decimals else "1"}
        messages = {"required": "Enter the score.", "invalid": "Enter a number."}
        super().__init__(widget=forms.NumberInput(attrs=size), error_messages=messages, **options)

    def validate(self, value):
        super().validate(value)
        if value is None:
            return
        try:
            checked(self.card, value)
        except ScoreOutOfRange as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class ScoreForm(MeasureForm):
    """One number: a tap on a scale, or a score from elsewhere; a rating of change says since when."""

    def __init__(self, *args, card: MeasureCard, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["value"] = _scale(card) if card.way == "scale" else ScoreField(card, label="Score")
        if card.is_change:
            self.fields["since_on"] = day_field("Compared with this day")
        self.order_fields(["since_on", "value", "measured_on", "session"])


class StatementsForm(MeasureForm):
    """Statements to tick. There is no yes and no: what is not ticked does not describe today."""

    ticked = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        error_messages={"invalid_choice": "“%(value)s” is not one of the statements."},
    )
    none_applies = forms.BooleanField(label="I went through all of them, and none describes me today", required=False)

    def __init__(self, *args, card: MeasureCard, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["ticked"].choices = list(enumerate(card.statements, start=1))


class RatingsForm(MeasureForm):
    """A rating of each activity the client named."""

    def __init__(self, *args, card: MeasureCard, activities: list[FunctionalActivity], **kwargs):
        super().__init__(*args, **kwargs)
        self.activities = {f"activity-{activity.pk}": activity for activity in activities}
        for name, activity in self.activities.items():
            self.fields[name] = Number(NRS, label=activity.words)

    def clean(self):
        missing = [name for name in self.activities if name not in self.errors and self.cleaned_data.get(name) is None]
        for name in missing:
            self.add_error(name, "Rate this one, too: the mean is of the same activities each time.")

    @property
    def rows(self) -> list:
        """Return the fields of the activities, in the order they were named."""
        return [self[name] for name in self.activities]

    def recorded(self) -> dict:
        values = self.cleaned_data
        ratings = {activity.pk: values[name] for name, activity in self.activities.items()}
        return {"measured_on": values["measured_on"], "session": values["session"], "ratings": ratings}


class ActivitiesForm(forms.Form):
    """Three to five activities in the client's own words."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for place in range(1, MOST_ACTIVITIES + 1):
            self.fields[f"activity_{place}"] = forms.CharField(
                label=f"Activity {place}", max_length=120, required=False, widget=forms.TextInput(attrs={"dir": "auto"})
            )

    def clean(self):
        for name, words in list(self.cleaned_data.items()):
            if breaks_a_line(words):
                self.add_error(name, NOT_ONE_LINE)

    def words(self) -> list[str]:
        """Return what was named, in order, once the form is valid."""
        return [self.cleaned_data[name] for name in self.fields]


class CorrectionForm(forms.Form):
    """What is wrong with a value: the right one, or that there should be none."""

    act = forms.ChoiceField(
        label="What should stand there",
        choices=[("replace", "Another value"), ("strike", "Nothing: it was entered in error")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the two."},
    )
    reason = forms.CharField(label="Why", max_length=200, error_messages={"required": "Write why the value is wrong."})

    def __init__(self, *args, card: MeasureCard, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["value"] = ScoreField(card, label="The right value", required=False)
        self.order_fields(["act", "value", "reason"])
        if card.way in ("activities", "statements"):
            del self.fields["value"]
            self.fields["act"].choices = [("strike", "Nothing: it was entered in error, and is asked again")]

    def clean(self):
        values = self.cleaned_data
        if values.get("act") == "replace" and values.get("value") is None and "value" not in self.errors:
            self.add_error("value", "Enter the right value.")
        if values.get("act") == "strike":
            values["value"] = None
        values.pop("act", None)
        return values
