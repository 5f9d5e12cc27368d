"""What staff may type around mails: a search, a rule, quiet hours, words of their own."""

from datetime import time

from crispy_forms.helper import FormHelper
from django import forms

from practice.forms import helper, row
from practice.models import Practice
from reminders.catalogue import groups
from reminders.own_words import LONGEST
from reminders.rules import Setting
from reminders.timing import DAY

LONGEST_SEARCH = 100
LEAST_AWAKE_HOURS = 4


class OutboxSearchForm(forms.Form):
    """Whose mails, and of which kind."""

    q = forms.CharField(label="Name, phone or e-mail", required=False)
    kind = forms.ChoiceField(label="Kind of mail", required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        by_group = [(group, [(entry.kind, entry.name) for entry in entries]) for group, entries in groups().items()]
        self.fields["kind"].choices = [("", "Every kind"), *by_group]
        self.fields["kind"].widget.attrs["class"] = "form-select"
        self.fields["q"].widget = forms.TextInput(
            attrs={"class": "form-control", "type": "search", "maxlength": LONGEST_SEARCH, "autocomplete": "off"}
        )

    def asked(self) -> tuple[str, str]:
        """Return what to look for and the kind; what cannot be narrows nothing."""
        self.is_valid()
        return self.cleaned_data.get("q", "")[:LONGEST_SEARCH], self.cleaned_data.get("kind", "")


class RuleForm(forms.Form):
    """When one rule's mails go out, and whether they do at all. A rule that acts at once is only switched."""

    hours = forms.IntegerField(label="Hours")
    is_active = forms.BooleanField(label="Switched on", required=False)

    def __init__(self, *args, setting: Setting, **kwargs):
        rule = setting.rule
        super().__init__(*args, initial={"hours": setting.hours, "is_active": setting.is_active}, **kwargs)
        if not rule.most:
            del self.fields["hours"]
            return
        field = self.fields["hours"]
        field.label = f"Hours {rule.when}"
        field.help_text = f"{rule.least} to {rule.most}. 24 hours are a day by the clock on the wall, 48 are two."
        field.widget.attrs |= {"min": rule.least, "max": rule.most, "inputmode": "numeric"}
        field.error_messages |= {
            "required": f"Write a number of hours, from {rule.least} to {rule.most}.",
            "invalid": f"Write a whole number of hours, from {rule.least} to {rule.most}.",
        }

    @property
    def helper(self) -> FormHelper:
        """The page owns the form tag."""
        return helper(*self.fields)


class QuietForm(forms.ModelForm):
    """The hours of the night in which no reminder leaves."""

    class Meta:
        model = Practice
        fields = ["quiet_from", "quiet_until"]
        labels = {"quiet_from": "Quiet from", "quiet_until": "until"}
        help_texts = {"quiet_from": "", "quiet_until": ""}
        widgets = {
            name: forms.TimeInput(format="%H:%M", attrs={"type": "time"}) for name in ("quiet_from", "quiet_until")
        }

    def clean(self):
        given = super().clean()
        begins, ends = given.get("quiet_from"), given.get("quiet_until")
        if begins is not None and ends is not None and begins != ends:
            awake = (_minute(begins) - _minute(ends)) % (DAY * 60)
            if awake < LEAST_AWAKE_HOURS * 60:
                raise forms.ValidationError(
                    f"Leave at least {LEAST_AWAKE_HOURS} hours of the day in which mails may go out."
                )
        return given

    @property
    def helper(self) -> FormHelper:
        """From and until, side by side."""
        return helper(row("quiet_from", "quiet_until"))


class OwnWordsForm(forms.Form):
    """A paragraph of the practice's own. What may not stand in it, the rule says."""

    text = forms.CharField(
        label="Your words",
        required=False,
        help_text=f"One paragraph of at most {LONGEST} letters. Empty: nothing is added.",
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": LONGEST}),
    )

    @property
    def helper(self) -> FormHelper:
        """The page owns the form tag."""
        return helper("text")


def _minute(moment: time) -> int:
    """Return the minute of the day."""
    return moment.hour * 60 + moment.minute
