"""What the desk types from a letter, and what a therapist adds to a report."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div
from django import forms

from practice.forms import OneLineForm, helper, row
from practice.phones import PhoneField
from referrals.letters import FIRST_YEAR
from referrals.models import Referral, Referrer


class ReferrerForm(OneLineForm, forms.ModelForm):
    """An entry of the address book."""

    phone = PhoneField(required=False, label="Phone")

    class Meta:
        model = Referrer
        fields = ["name", "profession", "organisation", "phone", "email"]
        help_texts = {"email": "The report's link goes here. Without it the report is printed."}

    @property
    def helper(self) -> FormHelper:
        """Who, what, where."""
        return helper(
            row("name", "profession"),
            "organisation",
            row("phone", "email"),
        )


class ReferrerChangeForm(ReferrerForm):
    """An entry of the address book, and whether it is still in use."""

    class Meta(ReferrerForm.Meta):
        fields = [*ReferrerForm.Meta.fields, "is_active"]
        labels = {"is_active": "Still sends people to us"}
        help_texts = {
            "email": "Another address: links that went to the old one open no more.",
            "is_active": "Without it no letter can be taken in from them, and they get no mail.",
        }

    @property
    def helper(self) -> FormHelper:
        """As a new one, and whether it is in use."""
        return helper(row("name", "profession"), "organisation", row("phone", "email"), "is_active")


class LetterForm(OneLineForm, forms.ModelForm):
    """One letter: from whom, when, and what it asks. The referrer is chosen, or typed when new."""

    NEW = ("name", "profession", "organisation", "phone", "email")

    referrer = forms.ModelChoiceField(
        label="Sent by", queryset=Referrer.objects.none(), required=False, empty_label="Somebody new: type them below"
    )
    name = forms.CharField(label="New referrer's name", max_length=160, required=False)
    profession = forms.ChoiceField(
        label="Profession", choices=[("", "Choose …"), *Referrer.Profession.choices], required=False
    )
    organisation = forms.CharField(label="Their practice", max_length=160, required=False)
    phone = PhoneField(label="Their phone", required=False)
    email = forms.EmailField(label="Their e-mail", required=False, help_text="The report's link goes here.")

    class Meta:
        model = Referral
        fields = ["received_on", "question", "precautions", "visits_allowed"]
        labels = {
            "received_on": "Letter received on",
            "question": "What the letter asks",
            "visits_allowed": "Visits allowed",
        }
        help_texts = {
            "question": "As in the letter. Only the client's therapist can read it afterwards.",
            "precautions": "What the letter says to heed or avoid.",
            "visits_allowed": "Empty: the letter names no number.",
        }
        widgets = {
            "question": forms.Textarea(attrs={"rows": 4, "maxlength": 2000}),
            "precautions": forms.Textarea(attrs={"rows": 3, "maxlength": 2000}),
        }

    def __init__(self, *args, today, referrers, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["referrer"].queryset = referrers
        self.fields["referrer"].label_from_instance = lambda row: f"{row.name}, {row.get_profession_display().lower()}"
        limits = {"type": "date", "min": f"{FIRST_YEAR}-01-01", "max": f"{today:%Y-%m-%d}"}
        self.fields["received_on"].widget = forms.DateInput(format="%Y-%m-%d", attrs=limits)
        self.fields["visits_allowed"].max_value = 60

    def clean_received_on(self):
        day = self.cleaned_data["received_on"]
        if not day.year >= FIRST_YEAR or day > self.today:
            raise forms.ValidationError("The letter came in today or earlier.")
        return day

    def clean_visits_allowed(self):
        visits = self.cleaned_data["visits_allowed"]
        if visits is not None and not 1 <= visits <= 60:
            raise forms.ValidationError("Between 1 and 60 visits, or leave it empty.")
        return visits

    def clean(self):
        given = super().clean()
        if not given.get("referrer"):
            for name in ("name", "profession"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, "Choose a referrer above, or type the new one here.")
        return given

    @property
    def letter(self) -> dict:
        """The letter's own fields, as `take_in_referral` takes them."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    @property
    def new_referrer(self) -> dict:
        """The new referrer's fields, as `enter_referrer` takes them."""
        return {name: self.cleaned_data[name] for name in self.NEW}

    @property
    def helper(self) -> FormHelper:
        """From whom, then what."""
        return helper(
            "referrer",
            Div(
                row("name", "profession"),
                "organisation",
                row("phone", "email"),
                css_id="new-referrer",
                data_show_when="letter-referrer=",
            ),
            row("received_on", "visits_allowed"),
            "question",
            "precautions",
        )


class ReportForm(forms.Form):
    """The therapist's own words above the facts."""

    message = forms.CharField(
        label="Your words to the referrer",
        required=False,
        max_length=2000,
        help_text="Response so far, concerns, questions. For example: please assess the strength of the right toe extensors.",
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": 2000}),
    )
