"""What forms of every room share: how they are read from a request and laid out on a page."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django.http import HttpRequest, QueryDict

LARGEST_ID = 2**63 - 1


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
