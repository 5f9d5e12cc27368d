"""What is told of an adverse event. Shapes and ranges only; sessions/adverse.py does the writing."""

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from practice import clock
from protocols.models import Technique
from sessions.adverse import TOLD
from sessions.models import AdverseEvent
from sessions.places import place_choices


class SessionChoice(forms.ModelChoiceField):
    """One of the client's sessions, called by its day."""

    def label_from_instance(self, session):
        return date_format(timezone.localtime(session.appointment.starts_at), "D j M Y, H:i")


class AdverseEventForm(forms.Form):
    """What went wrong."""

    session = SessionChoice(None, required=False, label="Session", empty_label="Not tied to one session")
    happened_on = forms.DateField(label="Date", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    spot = forms.ChoiceField(label="Where on the body", required=False)
    site = forms.CharField(
        label="Where, in words", max_length=120, required=False, help_text="Instead of the list, or more exactly."
    )
    used_technique = forms.ModelChoiceField(None, required=False, label="After which technique", empty_label="–")
    technique = forms.CharField(
        label="Technique, in words", max_length=120, required=False, help_text="Instead of the list, or more exactly."
    )
    severity = forms.ChoiceField(choices=AdverseEvent.Severity.choices, widget=forms.RadioSelect)
    description = forms.CharField(label="What happened", max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))
    action_taken = forms.CharField(label="What was done", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    reported_to = forms.CharField(
        label="Reported to", max_length=160, required=False, help_text="Doctor, referrer, insurer, owner."
    )

    def __init__(self, *args, sessions, technique_id=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["session"].queryset = sessions
        self.fields["spot"].choices = [("", "–"), *place_choices()]
        offered = Technique.objects.filter(Q(is_active=True) | Q(pk=technique_id))
        self.fields["used_technique"].queryset = offered.order_by("position", "pk")

    def clean_happened_on(self):
        day = self.cleaned_data["happened_on"]
        if day > clock.today():
            raise forms.ValidationError("This day is still to come.")
        if day.year < 2000:
            raise forms.ValidationError("Check the year.")
        return day

    def clean(self):
        if not (self.cleaned_data.get("spot") or self.cleaned_data.get("site") or "site" in self.errors):
            self.add_error("spot", "Say where: choose from the list, or write it in words.")


class AdverseEventCorrectionForm(AdverseEventForm):
    """The same told anew, with the reason."""

    reason = forms.CharField(
        label="Why it is corrected",
        max_length=200,
        error_messages={"required": "Write why it is corrected."},
    )
    is_in_error = forms.BooleanField(
        label="Entered in error: it never was this client's",
        required=False,
        help_text="It stays on file and readable, and counts nowhere.",
    )
    field_order = ("reason", "is_in_error")

    @staticmethod
    def initial_of(event: AdverseEvent) -> dict:
        return {name: getattr(event, name) for name in TOLD}


class AdverseEventFilterForm(forms.Form):
    """Which events to list."""

    severity = forms.ChoiceField(choices=[("", "Any"), *AdverseEvent.Severity.choices], required=False)
    technique = forms.ModelChoiceField(None, required=False, label="After", empty_label="Any technique")
    spot = forms.ChoiceField(label="Where", required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["technique"].queryset = Technique.objects.order_by("position", "pk")
        self.fields["spot"].choices = [("", "Anywhere"), *place_choices()]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select"

    def narrow(self, events):
        """Return the events that fit; a value that cannot be narrows nothing."""
        self.is_valid()
        names = {"severity": "severity", "technique": "used_technique", "spot": "spot"}
        wanted = {names[name]: value for name, value in self.cleaned_data.items() if value}
        return events.filter(**wanted)
