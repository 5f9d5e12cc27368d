"""Which mails a client wants."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field
from django import forms

from practice.forms import helper
from reminders.models import MailChoice


class MailChoicesForm(forms.Form):
    """Which mails a client wants, as boxes that stand as they are.

    What the page showed travels along: only what differs from it was chosen, so that a form sent as it came, however old, changes nothing.
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
