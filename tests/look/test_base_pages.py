"""What every page of the staff, and every page behind a mail link, has around its own content."""

import pytest
from django.contrib import messages
from django.template.loader import render_to_string
from django.urls import reverse

pytestmark = pytest.mark.urls("tests.look.urls")


def test_base_names_the_practice_and_the_page_once(signed_in, mia, practice):
    html = signed_in(mia).get("/look/staff/").content.decode()

    assert f"<title>Sample · {practice.name}</title>" in html
    assert html.count("<h1") == 1
    assert html.count("<main") == 1
    assert html.index('class="skip-link" href="#main"') < html.index("<nav")


def test_base_leads_to_the_pages_of_the_role(signed_in, mia):
    html = signed_in(mia).get("/look/staff/").content.decode()

    assert '<nav class="rail" aria-label="Main">' in html
    assert f'href="{reverse("clients:client_list")}"' in html


def test_base_marks_where_one_is():
    nav = [{"label": "Today", "url": "/t", "icon": "sun", "is_current": True, "badge": "2"}]

    html = render_to_string("_components/rail.html", {"nav": nav})

    assert html.count('aria-current="page"') == 1
    assert '2<span class="visually-hidden"> waiting</span>' in html
    assert "rail-more" not in html


def test_base_keeps_four_pages_at_the_thumb_and_the_rest_behind_more():
    nav = [{"label": f"Page {n}", "url": f"/{n}", "icon": "sun", "is_current": n == 5, "badge": ""} for n in range(6)]

    html = render_to_string("_components/rail.html", {"nav": nav})
    thumb, rest = html.split('id="rail-rest"')

    assert [f"Page {n}" in thumb for n in range(6)] == [True] * 4 + [False] * 2
    assert [f"Page {n}" in rest for n in range(6)] == [False] * 4 + [True] * 2
    assert 'aria-current="true"' in thumb  # More leads to where one is


def test_base_signs_out_by_post_with_a_token(signed_in, mia):
    html = signed_in(mia).get("/look/staff/").content.decode()
    form = html.split(f'action="{reverse("account_logout")}"', 1)[1].split("</form>", 1)[0]

    assert 'name="csrfmiddlewaretoken" value="' in form
    assert 'value=""' not in form


def test_base_carries_the_token_that_htmx_sends(signed_in, mia):
    html = signed_in(mia).get("/look/staff/").content.decode()

    assert len(html.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]) > 30


def test_base_shows_messages_in_a_live_region(rf):
    say = [messages.Message(messages.SUCCESS, "Booked <for> Ada.")]

    html = render_to_string("_components/messages.html", {"messages": say})

    assert 'aria-live="polite"' in html
    assert "Booked &lt;for&gt; Ada." in html
    assert "tone-go" in html


def test_banner_says_that_this_is_a_demo_and_why_mail_waits():
    html = render_to_string(
        "_components/banners.html", {"is_demo": True, "mail_held": "The clock jumped.", "mail_away_since": None}
    )

    assert "Demo:" in html
    assert "Mail is held back. The clock jumped." in html


def test_banner_is_silent_when_there_is_nothing_to_say():
    assert (
        render_to_string(
            "_components/banners.html", {"is_demo": False, "mail_held": "", "mail_away_since": None}
        ).strip()
        == ""
    )


def test_public_base_stands_without_sign_in_and_without_navigation(client, practice):
    html = client.get("/look/public/").content.decode()

    assert "<nav" not in html
    assert 'href="tel:+442079460000"' in html
    assert "12 Elm Street" in html


def test_public_base_always_carries_the_safety_net_and_the_emergency_number(client, practice):
    html = client.get("/look/public/").content.decode()
    footer = html.split("<footer", 1)[1]

    assert "go to an emergency department now" in footer
    assert 'href="tel:999"' in footer


def test_stepper_says_the_step_in_words(client, practice):
    html = client.get("/look/public/").content.decode()

    assert "Step 2 of 4: Safety" in html
    assert html.count('class="is-done"') == 1
