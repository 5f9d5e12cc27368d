"""What a client types when booking alone: shape, ranges and choices."""

import re
from datetime import date
from uuid import uuid4

from django import forms
from phonenumber_field.formfields import PhoneNumberField

from booking.forms import read_slot
from booking.online import NOT_A_TIME
from clients.forms import day_field
from clients.models import Client
from clients.questions import QuestionForm
from clients.records import find_problems
from clients.screening import emergency_keys
from practice.forms import OneLineForm
from practice.models import Service

# A name goes into a mail to whoever's address was typed beside it: what mail programs make a link of is no name.
_A_LINK = re.compile(r"[/:@]|\w\.\w\w")
NO_NAME = "Write the name alone: it holds something that reads like a link."
UNDER_AGE = "Under 18: please let a parent or guardian call us."


class EmailForm(forms.Form):
    """Where the link to book should go."""

    email = forms.EmailField(
        label="Your e-mail address",
        max_length=Client._meta.get_field("email").max_length,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": "Type the e-mail address we know you by."},
    )


class SafetyForm(QuestionForm):
    """The emergency questions, every one of them. `is_emergency` counts “not sure” as yes; what is left out is asked again."""

    def __init__(self, data=None):
        super().__init__(data, keys=emergency_keys(), answers={})
        for field in self.fields.values():
            field.choices = [choice for choice in field.choices if choice[0] in {"yes", "no", "not_sure"}]

    @property
    def is_emergency(self) -> bool:
        """Whether any answer that can be read is yes or not sure, whatever else is missing."""
        return any(answer in (True, "not_sure") for answer in self.read_answers().values())

    def clean(self):
        for key, answer in self.read_answers().items():
            if answer is None:
                self.add_error(key, "Please answer this one, too. “Not sure” is an answer.")
        return self.cleaned_data


class TimeForm(forms.Form):
    """One of the times on offer. `key` makes the form work once."""

    slot = forms.CharField(max_length=60, error_messages={"required": "Choose a time."})
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args, service: Service | None, **kwargs):
        super().__init__(*args, **kwargs)
        self.service = service

    def clean_slot(self):
        value = self.cleaned_data["slot"]
        read = read_slot(value)
        therapist = read and self.service and self.service.therapists.therapists().filter(pk=_id(read[1])).first()
        if not therapist:
            raise forms.ValidationError(NOT_A_TIME)
        self.cleaned_data |= {"starts_at": read[0], "therapist": therapist}
        return value

    @property
    def place(self) -> dict:
        """When and with whom, as the domain functions take it."""
        return {name: self.cleaned_data[name] for name in ("starts_at", "therapist")}


def _id(number: int) -> int:
    return number if 0 < number < 2**63 else 0


class BookForm(TimeForm):
    """A known client books. The box is required and comes unticked: mail robots send forms with what they find."""

    is_sure = forms.BooleanField(
        label="Yes, book this time",
        error_messages={"required": "Tick the box to book. Nothing is booked yet."},
    )


class MoveMineForm(TimeForm):
    """A client moves a visit. `version` is what the page showed; the box stands beside the times, unticked."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)
    is_sure = forms.BooleanField(
        label="Yes, move my visit to this time",
        error_messages={"required": "Tick the box to move. Nothing was changed: your visit stands."},
    )


class UndoForm(forms.Form):
    """A client takes back what they did a moment ago."""

    is_sure = forms.BooleanField(
        label="Yes, take it back",
        error_messages={"required": "Tick the box to take it back. Nothing was changed."},
    )


def _text(name: str, label: str, autocomplete: str) -> forms.CharField:
    length = Client._meta.get_field(name).max_length
    return forms.CharField(label=label, max_length=length, widget=forms.TextInput(attrs={"autocomplete": autocomplete}))


class NewcomerForm(OneLineForm, TimeForm):
    """Who comes for a first visit, and how we reach them. The time stands beside it, and can be changed where it is gone."""

    first_name = _text("first_name", "First name", "given-name")
    last_name = _text("last_name", "Last name", "family-name")
    phone = PhoneNumberField(label="Phone", widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
    email = forms.EmailField(
        label="E-mail",
        max_length=Client._meta.get_field("email").max_length,
        help_text="We send you a mail to confirm the time. It goes to no one else.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    may_contact = forms.BooleanField(
        label="You may write to me and call me about my visit",
        error_messages={"required": "Without this we cannot keep a time for you. You may also call us."},
    )

    def __init__(self, *args, today: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["born_on"] = day_field(today, label="Date of birth")
        self.fields["born_on"].widget.attrs["autocomplete"] = "bday"

    def clean(self):
        given = super().clean()
        for name in ("first_name", "last_name"):
            if _A_LINK.search(given.get(name, "")):
                self.add_error(name, NO_NAME)
        if born_on := given.get("born_on"):
            problems = find_problems(today=self.today, born_on=born_on, email="given")
            if words := problems.get("born_on") or (UNDER_AGE if problems else ""):
                self.add_error("born_on", words)
        return given

    @property
    def newcomer(self) -> dict:
        """What `hold_for_newcomer` takes beside the service."""
        names = ("first_name", "last_name", "born_on", "phone", "email", "key")
        return self.place | {name: self.cleaned_data[name] for name in names}
