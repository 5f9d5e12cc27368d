"""What a client may answer in the days after a visit."""

from django import forms

from anatomy.body import spot_choices
from reminders.concerns import WARNING
from reminders.models import CheckIn

NRS_CHOICES = [(number, str(number)) for number in range(11)]
# The safety net as a list (its sentence stands below every page).
SIGNS = (
    "numbness between your legs",
    "trouble with bladder or bowels",
    "weakness in a foot or in both legs",
    "fever",
    "a swollen calf",
    "chest pain",
    "sudden severe pain",
)


class CheckInForm(forms.Form):
    """Pain, place and warning signs must be answered: silence is never "no", and "nowhere" is an answer of its own.

    A warning sign needs nothing else: nobody who should be on the way to a doctor is kept here by a scale.
    """

    pain_now_nrs = forms.TypedChoiceField(
        label="Pain right now",
        choices=NRS_CHOICES,
        coerce=int,
        empty_value=None,
        widget=forms.RadioSelect,
        required=False,
    )
    soreness_nrs = forms.TypedChoiceField(
        label="Sore where you were treated",
        choices=NRS_CHOICES,
        coerce=int,
        empty_value=None,
        widget=forms.RadioSelect,
        required=False,
    )
    nowhere_now = forms.BooleanField(required=False)
    regions = forms.MultipleChoiceField(
        label="Where you feel it now",
        required=False,
        choices=spot_choices(),
        error_messages={"invalid_choice": "“%(value)s” is not a place of the body map."},
    )
    leg_symptoms = forms.ChoiceField(
        label="Compared with before the visit, it is",
        choices=CheckIn.LegSymptoms.choices,
        widget=forms.RadioSelect,
        required=False,
    )
    warning_sign = forms.ChoiceField(
        label="Since the visit, is any of this new?",
        choices=CheckIn.WarningSign.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Please answer this one. “Not sure” is an answer."},
    )
    comment = forms.CharField(
        label="Anything else your therapist should know?",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self):
        given = super().clean()
        if given.get("warning_sign") in WARNING:
            return given
        if given.get("pain_now_nrs") is None and "pain_now_nrs" not in self.errors:
            self.add_error("pain_now_nrs", "Choose a number from 0 to 10.")
        if "regions" not in self.errors:
            if given.get("regions") and given.get("nowhere_now"):
                self.add_error("regions", "You marked a place, and “Nowhere now”. Keep one of them.")
            elif not (given.get("regions") or given.get("nowhere_now")):
                self.add_error("regions", "Mark a place, or tap “Nowhere now”.")
        return given
