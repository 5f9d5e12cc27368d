"""What forms of every room share: how they are read from a request and laid out on a page."""

import unicodedata

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django import forms
from django.http import HttpRequest, QueryDict

LARGEST_ID = 2**63 - 1
BREAKS_A_LINE = ("Cc", "Zl", "Zp")  # control characters, line and paragraph separators
JOINERS_AND_MARKS = "\u200c\u200d\u200e\u200f\u061c"  # names of some alphabets, and emoji, need them
NOT_ONE_LINE = "Write this on one line. It holds a line break, a tab or another character that cannot be printed."
INVISIBLE = "This holds an invisible character, perhaps from copying. Please type it anew."


class OneLineForm(forms.BaseForm):
    """Refuses line breaks, control and invisible characters in fields of one line.

    Names end up in subjects and headers of mails, and on pages beside words they must not turn around.
    """

    def clean(self):
        given = super().clean()
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.TextInput) and breaks_a_line(self.cleaned_data.get(name)):
                self.add_error(name, NOT_ONE_LINE)
            elif isinstance(field.widget, forms.TextInput) and is_invisible(self.cleaned_data.get(name)):
                self.add_error(name, INVISIBLE)
        return given


def breaks_a_line(text: object) -> bool:
    """Say whether a text holds a character that ends a line or steers a machine. What is no text does not."""
    return isinstance(text, str) and any(unicodedata.category(letter) in BREAKS_A_LINE for letter in text)


def is_invisible(text: object) -> bool:
    """Say whether a text holds a character that nobody sees: one that turns the direction of what follows, a zero-width
    space, a tag. Joiners and the marks of right-to-left writing may stand."""
    return isinstance(text, str) and any(
        unicodedata.category(letter) == "Cf" and letter not in JOINERS_AND_MARKS for letter in text
    )


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, or None for a form that is only being opened. An empty POST is still a POST."""
    return request.POST if request.method == "POST" else None


def row_id(text: str | None) -> int | None:
    """Return the id of a row as typed into an address or a hidden field, or None if no row can have it."""
    if not text or not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST_ID)):
        return None
    return int(text) if int(text) <= LARGEST_ID else None


def helper(*layout) -> FormHelper:
    """Return a crispy helper for a form whose tag and button stand in the template."""
    made = FormHelper()
    made.form_tag = False
    made.disable_csrf = True
    if layout:
        made.layout = Layout(*layout)
    return made


def row(*fields, **attributes) -> Div:
    """Return a layout row: fields side by side where there is room."""
    return Div(*fields, css_class="field-row", **attributes)
