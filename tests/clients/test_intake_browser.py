"""The intake in a real browser: saved as it is tapped, an emergency at once, follow-ups only where they make sense."""

import pytest

from clients.models import Intake, Task
from tests.clients.conftest import Phone
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def opened(open_as, intake):  # noqa: F811
    """Ada's phone with the first group of questions before her."""
    page = open_as(None, f"/clients/intake/open/{Phone(intake).token}/", width=390)
    page.get_by_role("link", name="Start").click()
    page.wait_for_url("**/part/urgent_pelvis/")
    return page


def tap(page, question, answer):
    page.get_by_role("group", name=question).get_by_text(answer, exact=True).click()


def test_a_tapped_answer_is_saved_before_the_page_is_sent(opened, complaints):  # noqa: F811
    tap(opened, "Any new loss of bowel control", "No")

    opened.get_by_text("Saved ").wait_for()

    assert Intake.objects.get().answers["bowel_change"] is False
    assert complaints == []


def test_an_emergency_answer_leads_at_once_to_what_to_do(opened):
    tap(opened, "Since this problem began", "Yes")

    opened.get_by_role("heading", name="Please get help now").wait_for()
    assert opened.get_by_role("link", name="Call 999").get_attribute("href") == "tel:999"
    assert Task.objects.get().kind == "screening_alert"
    opened.get_by_role("link", name="Go on with the questions").click()
    assert opened.get_by_role("group", name="Since this problem began").get_by_label("Yes").is_checked()


def test_a_follow_up_appears_only_after_the_answer_it_follows(opened):
    opened.get_by_role("button", name="Go on").click()
    opened.wait_for_url("**/part/urgent_legs/")
    follow_up = opened.get_by_text("How fast is it getting worse?")
    assert not follow_up.is_visible()

    tap(opened, "Is any leg weakness or numbness getting worse", "Not sure")

    opened.get_by_role("heading", name="Please get help now").wait_for()  # how fast is not known yet
    opened.get_by_role("link", name="Go on with the questions").click()
    assert follow_up.is_visible()


def test_the_intake_works_without_scripts(open_as, intake):  # noqa: F811
    page = open_as(None, f"/clients/intake/open/{Phone(intake).token}/", width=390, java_script_enabled=False)
    page.get_by_role("link", name="Start").click()

    tap(page, "Since this problem began", "Yes")
    page.get_by_role("button", name="Go on").click()

    page.get_by_role("heading", name="Please get help now").wait_for()
