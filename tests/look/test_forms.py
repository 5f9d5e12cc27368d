"""How a crispy form looks when something is wrong with it."""

import pytest
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Submit
from django import forms
from django.template import engines

pytestmark = pytest.mark.one_database


class VisitForm(forms.Form):
    """One field of each kind the product uses."""

    last_name = forms.CharField(help_text="As on the passport.")
    service = forms.ChoiceField(choices=[("", "Choose"), ("follow-up", "Follow-up")])
    side = forms.ChoiceField(
        choices=[("left", "Left"), ("right", "Right")], widget=forms.RadioSelect, help_text="Where it hurts most."
    )
    days = forms.MultipleChoiceField(choices=[("mon", "Monday")], widget=forms.CheckboxSelectMultiple)
    note = forms.CharField(widget=forms.Textarea, required=False)
    agreed = forms.BooleanField(label="The client agrees")
    token = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            "last_name", "service", Field("side", wrapper_class="sides"), "days", "note", "agreed", "token"
        )
        self.helper.add_input(Submit("save", "Save"))

    def clean(self):
        raise forms.ValidationError("This client is already known.")


@pytest.fixture
def html():
    form = VisitForm({"note": "typed <already>"})
    return engines["django"].from_string("{% load crispy_forms_tags %}{% crispy form %}").render({"form": form}, None)


def test_form_opens_with_a_summary_that_leads_to_each_field(html):
    summary, rest = html.split("</ul>", 1)

    assert 'role="alert"' in summary
    assert "This client is already known." in summary
    assert "This field is required." in summary
    for name in ("last_name", "service", "side", "days", "agreed"):
        assert f'href="#div_id_{name}"' in summary
        assert rest.count(f'id="div_id_{name}"') == 1


def test_form_summary_tells_of_hidden_fields_without_a_link(html):
    assert "#div_id_token" not in html
    assert html.split("</ul>", 1)[0].count("This field is required.") == 6


@pytest.mark.parametrize("name", ["last_name", "service", "side", "days", "agreed"])
def test_form_field_is_described_by_its_own_error(html, name):
    assert html.count(f'id="id_{name}_error"') == 1
    described = [part.split('"', 1)[0].split() for part in html.split('aria-describedby="')[1:]]
    assert any(f"id_{name}_error" in ids for ids in described)


def test_form_field_is_described_by_its_help_too(html):
    assert 'aria-describedby="id_last_name_helptext id_last_name_error"' in html
    assert 'id="id_side_helptext"' in html


def test_form_error_is_an_icon_and_words(html):
    error = html.split('id="id_last_name_error"', 1)[1].split("</p>", 1)[0]

    assert "<svg" in error
    assert "This field is required." in error


def test_form_ids_are_unique(html):
    ids = [part.split('"', 1)[0] for part in html.split(' id="')[1:]]

    assert sorted(ids) == sorted(set(ids))


def test_form_keeps_what_was_typed(html):
    assert "typed &lt;already&gt;" in html


def test_form_groups_choices_in_a_fieldset_of_pills(html):
    side = html.split('id="div_id_side"', 1)[1].split("</fieldset>", 1)[0]

    assert "<legend" in side
    assert 'class="choices"' in side
    assert side.count('type="radio"') == 2


def test_form_without_errors_has_no_summary():
    html = (
        engines["django"]
        .from_string("{% load crispy_forms_tags %}{% crispy form %}")
        .render({"form": VisitForm()}, None)
    )

    assert "error-summary" not in html
    assert "invalid-feedback" not in html
