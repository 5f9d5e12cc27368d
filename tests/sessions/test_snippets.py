"""A therapist's own phrases: kept, put away, taken out again, and offered under the text they are for."""

import pytest
from django.urls import reverse

from sessions.models import Snippet
from sessions.snippets import keep_snippet, remove_snippet, snippets_by_section
from tests.world import NINE

LIST = "sessions:snippet_list"


def test_a_phrase_is_kept_once_and_comes_back(mia):
    first = keep_snippet(section="subjective", words="Sits longer.", by=mia)
    remove_snippet(first, at=NINE)
    assert snippets_by_section(mia) == {}

    again = keep_snippet(section="subjective", words="Sits longer.", by=mia)
    assert again.pk == first.pk
    assert snippets_by_section(mia) == {"subjective": ["Sits longer."]}


def test_phrases_are_seen_by_their_author_only(mia, tom, signed_in):
    snippet = keep_snippet(section="plan_text", words="Walk daily.", by=mia)

    assert snippets_by_section(tom) == {}
    assert "Walk daily." not in signed_in(tom).get(reverse(LIST)).content.decode()
    assert signed_in(tom).post(reverse("sessions:snippet_change", args=[snippet.pk])).status_code == 404
    assert "Walk daily." in signed_in(mia).get(reverse(LIST)).content.decode()


def test_the_page_keeps_puts_away_and_takes_out(mia, signed_in):
    browser = signed_in(mia)
    browser.post(reverse(LIST), {"section": "plan_text", "words": "Walk daily.\r\nمشي 🙂"})
    snippet = Snippet.objects.get()
    assert snippet.words == "Walk daily.\nمشي 🙂"

    change = reverse("sessions:snippet_change", args=[snippet.pk])
    browser.post(change, {"act": "remove"})
    assert snippets_by_section(mia) == {}
    assert "Take out again" in browser.get(reverse(LIST)).content.decode()
    browser.post(change, {"act": "restore"})
    assert snippets_by_section(mia) == {"plan_text": [snippet.words]}


@pytest.mark.parametrize("bad", [{"words": ""}, {"section": "diagnosis"}, {"words": "x" * 301}])
def test_a_phrase_that_does_not_fit_is_refused_and_kept_in_the_form(mia, signed_in, bad):
    answer = signed_in(mia).post(reverse(LIST), {"section": "objective", "words": "Typed.", **bad})

    assert answer.status_code == 422
    assert not Snippet.objects.exists()
    assert bad.get("words", "Typed.") in answer.content.decode()


def test_the_chart_offers_the_phrases_under_their_text(draft, mia, signed_in):
    keep_snippet(section="assessment", words="Answers well.", by=mia)

    page = signed_in(mia).get(reverse("sessions:session_chart", args=[draft.pk])).content.decode()

    assert 'data-snippet="id_assessment">Answers well.</button>' in page
    assert 'data-snippet="id_subjective"' not in page


def test_the_way_back_leads_to_the_own_chart_the_page_was_opened_from(draft, mia, tom, signed_in):
    address, chart = reverse("sessions:snippet_list"), reverse("sessions:session_chart", args=[draft.pk])
    here = f"{address}?session={draft.pk}"
    browser = signed_in(mia)

    assert f'href="{here}"' in browser.get(chart).content.decode()
    assert f'href="{chart}#words"' in browser.get(here).content.decode()
    assert browser.post(here, {"section": "assessment", "words": "Next week."}).url == here
    assert chart not in browser.get(address).content.decode()
    assert chart not in signed_in(tom).get(here).content.decode()
