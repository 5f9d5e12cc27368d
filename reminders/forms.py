"""What a client may answer the day after a visit."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field
from django import forms

from anatomy.body import spot_choices
from practice.forms import helper
from reminders.models import CheckIn, MailChoice

NRS_CHOICES = [(number, str(number)) for number in range(11)]


class CheckInForm(forms.Form):
    """Pain now and the warning signs must be answered: silence is never 'no'. The rest may stay empty, the map as well."""

    pain_now_nrs = forms.TypedChoiceField(
        label="How strong is the pain right now?",
        help_text="0 is no pain, 10 is the worst you can imagine.",
        choices=NRS_CHOICES,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a number from 0 to 10."},
    )
    leg_symptoms = forms.ChoiceField(
        label="Pain, tingling or numbness in the leg: since the visit it is …",
        choices=CheckIn.LegSymptoms.choices,
        widget=forms.RadioSelect,
        required=False,
    )
    soreness_nrs = forms.TypedChoiceField(
        label="How sore were the treated muscles afterwards?",
        help_text="0 is not at all, 10 is very sore.",
        choices=NRS_CHOICES,
        coerce=int,
        empty_value=None,
        widget=forms.RadioSelect,
        required=False,
    )
    warning_sign = forms.ChoiceField(
        label=(
            "Since the visit, is any of this new: numbness between your legs, trouble with bladder or bowels, weakness in "
            "a foot or in both legs, fever, a swollen calf, chest pain, or sudden severe pain?"
        ),
        choices=CheckIn.WarningSign.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Please answer this one: yes, no or not sure."},
    )
    comment = forms.CharField(
        label="Anything else your therapist should know?",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    regions = forms.MultipleChoiceField(
        required=False,
        choices=spot_choices(),
        error_messages={"invalid_choice": "“%(value)s” is not a place of the body map."},
    )

    @property
    def helper(self) -> FormHelper:
        """Pain as a 0-10 scale, the rest as large pills; the page owns the form tag and draws the map."""
        return helper(
            Field("pain_now_nrs", wrapper_class="nrs"),
            Field("leg_symptoms", wrapper_class="choices-stack"),
            Field("soreness_nrs", wrapper_class="nrs"),
            Field("warning_sign"),
            "comment",
        )


class MailChoicesForm(forms.Form):
    """Which mails a client wants, as boxes that stand as they are. What the page showed travels along: only what differs

    from it was chosen, so that a form sent as it came, however old, changes nothing.
    """

    wanted = forms.MultipleChoiceField(
        label="Send me",
        choices=MailChoice.Topic.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    shown = forms.MultipleChoiceField(
        choices=MailChoice.Topic.choices, required=False, widget=forms.MultipleHiddenInput
    )

    def __init__(self, data, *, choices: dict[str, bool]):
        ticked = [topic for topic, is_wanted in choices.items() if is_wanted]
        super().__init__(data, initial={"wanted": ticked, "shown": ticked})

    def changes(self) -> dict[str, bool]:
        """Return what was chosen: topic to whether its mails are wanted."""
        wanted, shown = set(self.cleaned_data["wanted"]), set(self.cleaned_data["shown"])
        return {topic: topic in wanted for topic in sorted(wanted ^ shown)}

    @property
    def helper(self) -> FormHelper:
        """Large boxes, one below the other; the page owns the form tag."""
        return helper(Field("wanted", wrapper_class="choices-stack"), "shown")
