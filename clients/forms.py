"""What staff type about clients: shape, ranges and choices. Saving is the domain functions' part."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms

from clients.consents import CONSENTS
from clients.intakes import HISTORY_FIELDS
from clients.models import Clearance, Client
from clients.overruling import CHOICES
from clients.records import FIRST_YEAR, Duplicate, find_problems, possible_duplicates
from clients.todo import OUTCOME_LENGTH
from practice.forms import OneLineForm
from practice.phones import PhoneField

LONGEST_WORDS = 2000


def day_field(today, **options) -> forms.DateField:
    """Return a date field from 1900 to `today`, drawn as the browser's own."""
    limits = {"type": "date", "min": f"{FIRST_YEAR}-01-01", "max": f"{today:%Y-%m-%d}"}
    return forms.DateField(
        widget=forms.DateInput(format="%Y-%m-%d", attrs=limits),
        error_messages={"invalid": "Write the date as day, month and year, for example 17/05/1980."},
        **options,
    )


def helper(*layout) -> FormHelper:
    """Return a crispy helper for a form whose tag and button stand in the template."""
    made = FormHelper()
    made.form_tag = False
    made.disable_csrf = True
    if layout:
        made.layout = Layout(*layout)
    return made


class ClientForm(OneLineForm, forms.ModelForm):
    """A client's details. `known_duplicates` are the ids already shown on the page; `key` makes it work once."""

    phone = PhoneField(required=False, label="Phone")
    guardian_phone = PhoneField(required=False, label="Their phone")
    known_duplicates = forms.CharField(required=False, widget=forms.HiddenInput, max_length=4000)
    seen = forms.CharField(required=False, widget=forms.HiddenInput, max_length=16)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Client
        fields = [
            "first_name",
            "last_name",
            "born_on",
            "phone",
            "email",
            "wants_no_mail",
            "address",
            "guardian_name",
            "guardian_phone",
            "desk_note",
        ]
        widgets = {
            "address": forms.TextInput(attrs={"autocomplete": "off"}),
            "desk_note": forms.Textarea(attrs={"rows": 2, "maxlength": 300}),
        }

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["born_on"] = day_field(today, label="Date of birth", required=False)
        self.fields["email"].help_text = "Families may share one. Without it the client stands on the call list."
        self.fields["guardian_name"].help_text = "Needed for anybody under 18."
        for name in ("first_name", "last_name", "phone", "email"):
            self.fields[name].widget.attrs["autocomplete"] = "off"

    def clean(self):
        fields = super().clean()
        for name, words in find_problems(today=self.today, **self.details).items():
            if name not in self.errors:
                self.add_error(name, words)
        return fields

    def validate_constraints(self):
        """Leave it to `find_problems`, which says the same at the field."""

    @property
    def details(self) -> dict:
        """What was typed about the client, without what only steers the page."""
        return {name: value for name, value in self.cleaned_data.items() if name in self.Meta.fields}

    @property
    def known_ids(self) -> set[str]:
        """Ids of possible duplicates that stood on the page this form came from."""
        return set(filter(None, self.cleaned_data["known_duplicates"].split(",")))

    def unseen_duplicates(self, *, is_confirmed: bool) -> list[Duplicate]:
        """Return people who may be the same, unless the person at the desk just said so of every one of them."""
        details = {name: self.details[name] for name in ("first_name", "last_name", "born_on", "phone", "email")}
        found = possible_duplicates(**details)
        if is_confirmed and {str(each.client.pk) for each in found} <= self.known_ids:
            return []
        return found

    @property
    def helper(self) -> FormHelper:
        """Names, how to reach them, who stands for a minor, and the desk's own note."""
        return helper(
            Div("first_name", "last_name", css_class="field-row"),
            Div("born_on", "phone", css_class="field-row"),
            Div("email", "address", css_class="field-row"),
            "wants_no_mail",
            Div("guardian_name", "guardian_phone", css_class="field-row"),
            "desk_note",
            "seen",
            "key",
        )


class ClearanceForm(OneLineForm, forms.ModelForm):
    """A clinician's word that gentle massage is agreed for this episode."""

    class Meta:
        model = Clearance
        fields = ["clinician_name", "profession", "given_on", "note"]
        labels = {"clinician_name": "Clinician's name", "note": "What was agreed, and where it is on file"}
        help_texts = {
            "note": "For example: gentle massage of buttock and thigh, no traction. Letter of 20 November, paper file."
        }
        widgets = {"note": forms.Textarea(attrs={"rows": 4, "maxlength": 2000})}

    is_same_episode = forms.BooleanField(
        label="The clinician examined this episode, nothing has changed since, and gentle massage was agreed.",
        error_messages={"required": "Without this the screening stays as it is."},
    )

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["given_on"] = day_field(today, label="Given on")
        self.today = today

    def clean_given_on(self):
        day = self.cleaned_data["given_on"]
        if not day.year >= FIRST_YEAR or day > self.today:
            raise forms.ValidationError("A clearance is given today or earlier.")
        return day

    @property
    def helper(self) -> FormHelper:
        """Who, when, what, and the statement that it is about this episode."""
        return helper(Div("clinician_name", "profession", css_class="field-row"), "given_on", "note", "is_same_episode")


class OverruleForm(forms.Form):
    """Another pattern to work with, and the reason, which stays on file."""

    pattern = forms.ChoiceField(label="I work with", choices=CHOICES, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Why",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 1000}),
        help_text="It stays beside the screening, on the chart and in the report to the referring clinician.",
    )

    @property
    def helper(self) -> FormHelper:
        """Choices one under the other."""
        return helper(Field("pattern", wrapper_class="choices-stack"), "reason")


class ConsentForm(OneLineForm, forms.Form):
    """A consent given or withdrawn in person, as the client says and signs it."""

    scope = forms.ChoiceField(
        label="What it is about",
        choices=[(scope, text.title) for scope, text in CONSENTS.items()],
        widget=forms.RadioSelect,
    )
    is_given = forms.TypedChoiceField(
        label="The client",
        choices=[("yes", "Agrees"), ("no", "Does not agree, or withdraws")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    signed_name = forms.CharField(label="Name of the person who says so", max_length=160)
    is_by_guardian = forms.BooleanField(label="This is the parent or guardian", required=False)

    @property
    def helper(self) -> FormHelper:
        """Choices one under the other."""
        return helper(Field("scope", wrapper_class="choices-stack"), Field("is_given"), "signed_name", "is_by_guardian")


class OutcomeForm(forms.Form):
    """What came of a task."""

    outcome = forms.CharField(
        label="What came of it?",
        max_length=OUTCOME_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": OUTCOME_LENGTH}),
    )


HISTORY_WORDS = {
    "goals": (
        "What would you like to be able to do again?",
        "For example: sit through a film, walk the dog, sleep through.",
    ),
    "conditions": ("Which illnesses or conditions do you have, or had?", "Also long ago, if they matter to you."),
    "medicines": ("Which medicines and supplements do you take?", "Names are enough."),
    "allergies": ("Which allergies do you have?", "Oils, latex, plasters, medicines."),
    "surgeries": ("Which operations or injuries have you had?", "With the year, if you know it."),
    "work": ("What do you do all day?", "Work, sport, family: what your body does most."),
}


class HistoryForm(forms.Form):
    """The client's own words. Nothing here must be filled in; nothing here is counted by the screening."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in HISTORY_FIELDS:
            label, help_text = HISTORY_WORDS[name]
            self.fields[name] = forms.CharField(
                label=label,
                help_text=help_text,
                required=False,
                max_length=LONGEST_WORDS,
                widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_WORDS}),
            )

    @property
    def helper(self) -> FormHelper:
        """One field under the other."""
        return helper()


class HandInForm(OneLineForm, forms.Form):
    """One explicit choice per consent, and a name as the signature."""

    def __init__(self, *args, needs_guardian: bool, is_asked_by_staff: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        for scope, text in CONSENTS.items():
            self.fields[scope] = forms.ChoiceField(
                label=text.title,
                choices=[("yes", "Yes, I agree"), ("no", "No")],
                widget=forms.RadioSelect,
                error_messages={"required": "Please choose yes or no.", "invalid_choice": "Please choose yes or no."},
            )
        who = "Name of the person who agreed" if is_asked_by_staff else "Type your full name as your signature"
        self.fields["signed_name"] = forms.CharField(
            label="Full name of the parent or guardian" if needs_guardian else who,
            max_length=160,
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
            error_messages={"required": "Type your name as a signature."},
        )
        self.fields["is_by_guardian"] = forms.BooleanField(
            label="This is signed by the parent or guardian",
            required=needs_guardian,
            error_messages={"required": "Under 18: a parent or guardian has to sign."},
        )

    def clean_treatment(self):
        if self.cleaned_data["treatment"] != "yes":
            raise forms.ValidationError(
                "Without this we cannot treat you. You may stop here: your answers stay saved. Call us if you have questions."
            )
        return "yes"

    @property
    def signature(self) -> dict:
        """The choices as `submit_intake` takes them."""
        return {
            "consents": {scope: self.cleaned_data[scope] == "yes" for scope in CONSENTS},
            "signed_name": self.cleaned_data["signed_name"],
            "is_by_guardian": self.cleaned_data["is_by_guardian"],
        }

    def choices(self) -> list[tuple]:
        """Pair each consent text with its field, for the template."""
        return [(text, self[scope]) for scope, text in CONSENTS.items()]
