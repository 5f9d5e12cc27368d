"""Components say things in words, escape what they are given, and lead somewhere."""

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template.loader import render_to_string

from tests.world import NOW

pytestmark = pytest.mark.one_database


def component(name: str, **context) -> str:
    return render_to_string(f"_components/{name}.html", context)


def test_flag_tells_the_desk_stop_or_go_and_no_more():
    assert "Stop – therapist first" in component("flag", is_stop=True, text="", url="", action="")
    assert ">Go<" in component("flag", is_stop=False, text="", url="", action="")


def test_flag_says_why_where_it_is_told():
    html = component("flag", is_stop=True, text="New numbness <reported>.", url="/s/1", action="Open screening")

    assert "New numbness &lt;reported&gt;." in html
    assert 'href="/s/1"' in html


def test_confirm_posts_with_the_token_and_offers_a_way_back():
    html = component(
        "confirm", text="Cancel it?", yes="Cancel the visit", is_danger=True, back_url="/back", csrf_token="tok"
    )

    assert 'method="post"' in html
    assert 'value="tok"' in html
    assert 'href="/back"' in html
    assert "btn-danger" in html


def test_pagination_keeps_the_query_and_stops_at_the_ends():
    pages = Paginator(list(range(5)), 2)

    first, second = (component("pagination", page=pages.page(number), query="q=ada&") for number in (1, 2))

    assert "Back" not in first
    assert 'href="?q=ada&amp;page=2"' in first
    assert 'href="?q=ada&amp;page=1"' in second
    assert "Page 2 of 3" in second


def test_pagination_is_silent_for_a_single_page():
    assert component("pagination", page=Paginator([1], 2).page(1), query="").strip() == ""


def test_empty_says_what_will_be_here_and_what_to_do():
    html = component(
        "empty",
        icon_name="inbox",
        title="No referrals",
        text="Letters appear here.",
        url="/new",
        action="Enter one",
        small=False,
    )

    assert "No referrals" in html
    assert "Letters appear here." in html
    assert 'href="/new"' in html


def test_event_tells_when_for_people_and_for_machines():
    html = component("event", tone="go", icon_name="check2", title="Signed", at=NOW, url="", text="By Mia <Berg>.")

    assert 'datetime="2026-11-23T08:00:00+00:00"' in html
    assert "Mon 23 Nov 2026, 08:00" in html
    assert "Mia &lt;Berg&gt;" in html


class PainForm(forms.Form):
    pain_nrs = forms.ChoiceField(label="Pain now", choices=[(n, n) for n in range(11)], widget=forms.RadioSelect)


def test_choices_make_a_scale_of_eleven_with_its_ends_in_words():
    html = component("choices", field=PainForm()["pain_nrs"], css="nrs")

    assert html.count('type="radio"') == 11
    assert "<legend>Pain now</legend>" in html
    assert "0 = no pain" in html
    assert " checked" not in html  # silence is not zero


def test_choices_show_their_error_and_name_it_to_the_fieldset():
    html = component("choices", field=PainForm({})["pain_nrs"], css="nrs")

    assert "This field is required." in html
    assert 'id="id_pain_nrs_error"' in html
    assert '<fieldset aria-describedby="id_pain_nrs_error">' in html


def test_stat_and_notice_escape_what_they_are_given():
    assert "<b>" not in component("stat", label="<b>", value="<b>", note="<b>")
    assert "<b>" not in component("notice", tone="info", icon_name="info-circle", title="<b>", text="<b>")
