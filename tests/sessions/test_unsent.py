"""What the practice gives a browser so that unsent text may wait there, and what it answers when the text arrives."""

import pytest
from django.urls import reverse

from sessions.charting import save_chart, sign_session
from sessions.models import Amendment
from sessions.unsent import keys_of
from tests.world import NINE

CHART, DETAIL, AMEND = "sessions:session_chart", "sessions:session_detail", "sessions:session_amend"
AUTOSAVE = {"X-Autosave": "1"}


def address(name, session):
    return reverse(name, args=[session.pk])


def typed(session, **words):
    return {"version": session.version, **words}


def test_keys_are_each_persons_own_and_follow_the_secret(mia, tom, settings):
    mine = keys_of(mia)
    assert len(mine) == 64
    assert mine != keys_of(tom)
    assert settings.SECRET_KEY not in mine

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-at-least-thirty-two-characters"

    assert keys_of(mia).split(" ")[1] == mine


def test_the_key_is_given_to_the_author_alone(signed_in, draft, charted, mia, olga):
    assert keys_of(mia) in signed_in(mia).get(address(CHART, draft)).content.decode()
    assert keys_of(mia) in signed_in(mia).get(address(DETAIL, draft)).content.decode()

    page = signed_in(olga).get(address(DETAIL, draft))

    assert page.status_code == 200
    assert b"data-keys" not in page.content
    assert keys_of(mia) not in page.content.decode()
    assert keys_of(olga) not in page.content.decode()


def test_no_other_page_carries_a_key(signed_in, draft, mia):
    for url in ("/today/", reverse("booking:day_board"), draft.client.get_absolute_url()):
        assert keys_of(mia) not in signed_in(mia).get(url).content.decode()


@pytest.mark.parametrize(("words", "is_same"), [("Fine.", True), ("The knee gave way.", False)])
def test_text_that_arrives_after_the_signature_is_compared_with_what_was_signed(signed_in, draft, mia, words, is_same):
    saved = save_chart(draft, version=draft.version, by=mia, at=NINE, pain_before_nrs=3, subjective="Fine.")
    late = typed(draft, pain_before_nrs=3, subjective=words)
    sign_session(draft, version=saved.version, by=mia, at=NINE)

    answer = signed_in(mia).post(address(CHART, draft), late, headers=AUTOSAVE)

    assert answer.status_code == 409
    assert (answer.json()["state"], answer.json()["is_same"]) == ("signed", is_same)


def test_what_was_typed_goes_to_the_amendment_form_and_no_further(signed_in, draft, mia):
    saved = save_chart(draft, version=draft.version, by=mia, at=NINE, pain_before_nrs=3, subjective="Fine.")
    late = typed(draft, pain_before_nrs=4, subjective="The knee gave way.")
    sign_session(draft, version=saved.version, by=mia, at=NINE)
    browser = signed_in(mia)
    page = browser.post(address(CHART, draft), late).content.decode()
    assert f'formaction="{address(AMEND, draft)}"' in page
    assert "data-closed" in page

    answer = browser.post(address(AMEND, draft), late | {"text": "Pain before: 4\nSubjective: The knee gave way."})

    assert answer.status_code == 422
    assert "Subjective: The knee gave way." in answer.content.decode()
    assert not Amendment.objects.exists()


def test_a_page_that_compares_says_over_which_version_it_was_typed(signed_in, draft, mia):
    """Kept as if typed over the newer version, it would replace it unseen when it is brought back."""
    late = typed(draft, subjective="Typed here.")
    stored = save_chart(draft, version=draft.version, by=mia, at=NINE, subjective="Typed at the desk.")

    page = signed_in(mia).post(address(CHART, draft), late).content.decode()

    assert f'data-chart-conflict="{draft.version}"' in page
    assert f'name="version" value="{stored.version}"' in page


def test_five_thousand_characters_are_kept_and_one_more_is_refused_in_words(signed_in, draft, mia):
    browser = signed_in(mia)
    whole, long = "🙂" * 5000, "🙂" * 5001

    assert browser.post(address(CHART, draft), typed(draft, objective=whole), headers=AUTOSAVE).status_code == 200
    draft.refresh_from_db()
    assert draft.objective == whole
    answer = browser.post(address(CHART, draft), typed(draft, objective=long), headers=AUTOSAVE)

    assert answer.status_code == 422
    assert "at most 5000 characters (it has 5001)" in answer.json()["errors"][0]["words"]
    page = browser.post(address(CHART, draft), typed(draft, objective=long))
    assert long in page.content.decode()
    draft.refresh_from_db()
    assert draft.objective == whole


def test_no_text_of_a_chart_is_cut_by_the_browser(signed_in, charted, mia):
    """A maxlength cuts a paste without a word."""
    page = signed_in(mia).get(address(CHART, charted)).content.decode()
    chart = page[page.index('id="chart"') :]

    assert "<textarea" in chart
    assert "maxlength" not in chart


def test_no_text_of_an_amendment_is_cut_by_the_browser_either(signed_in, signed, mia):
    page = signed_in(mia).get(address(AMEND, signed)).content.decode()
    form = page[page.index('id="div_id_text"') :]

    assert "<textarea" in form
    assert "maxlength" not in form
