"""What a therapist types about a plan."""

from django import forms

from protocols.models import HomeReport, Protocol, TreatmentPlan


class PlanForm(forms.Form):
    """A protocol, a side, a goal in the client's words, and how many visits. Nothing is chosen beforehand."""

    protocol = forms.ModelChoiceField(
        Protocol.objects.none(),
        to_field_name="key",
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": "Choose a protocol. It is a starting point that you adapt.",
            "invalid_choice": "That protocol is not on offer any more.",
        },
    )
    side = forms.ChoiceField(
        choices=TreatmentPlan.Side.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the side to work on."},
    )
    goal = forms.CharField(
        label="Goal",
        max_length=300,
        help_text="In the client's words: what should be possible again.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write one thing that should be possible again."},
    )
    planned_visits = forms.IntegerField(
        label="Planned visits",
        required=False,
        min_value=1,
        max_value=60,
        help_text="Empty: as many as the protocol plans.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["protocol"].queryset = Protocol.objects.active().order_by("position")


class PlanCloseForm(forms.Form):
    """What came of a plan."""

    note = forms.CharField(
        label="What came of it",
        max_length=300,
        help_text="For example: goal reached, referred back, moved away.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write in a few words why the plan ends."},
    )


class HomeReportForm(forms.Form):
    """How often the home programme was done, in one tap. Nothing is chosen beforehand."""

    how_often = forms.ChoiceField(
        label="How often did you do it since your last visit?",
        choices=HomeReport.HowOften.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Tap the answer that fits best."},
    )
