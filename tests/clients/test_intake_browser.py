"""The intake in a real browser: saved as it is tapped, an emergency at once, follow-ups only where they make sense."""

import re

import pytest

from clients.models import Intake, Task
from clients.walk import BY_KEY, SAVED_STEPS
from tests.clients.conftest import Phone
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def address_of(intake) -> str:
    return f"/clients/intake/open/{Phone(intake).token}/"


@pytest.fixture
def opened(open_as, intake):  # noqa: F811
    """Ada's phone with the first group of questions before her."""
    page = open_as(None, address_of(intake), width=390)
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


def test_the_same_browser_sees_its_answers_again_and_goes_on_where_it_stopped(opened, intake):  # noqa: F811
    tap(opened, "Any new loss of bowel control", "No")
    opened.get_by_role("button", name="Go on").click()
    opened.wait_for_url("**/part/urgent_legs/")

    opened.goto(address_of(intake))  # the link in the mail once more, days later

    opened.get_by_role("heading", name="Welcome back, Ada").wait_for()
    assert opened.get_by_role("link", name="Go on").get_attribute("href").endswith("/part/urgent_legs/")
    opened.get_by_role("link", name="Bladder, bowel and feeling Answered").click()
    assert opened.get_by_role("group", name="Any new loss of bowel control").get_by_label("No", exact=True).is_checked()


def test_another_browser_goes_on_at_the_first_open_part_and_sees_no_answer(opened, open_as, intake):  # noqa: F811
    tap(opened, "Since this problem began", "Yes")
    opened.get_by_role("heading", name="Please get help now").wait_for()
    opened.get_by_role("link", name="Go on with the questions").click()
    opened.get_by_role("button", name="Go on").click()
    opened.wait_for_url("**/part/urgent_legs/")

    other = open_as(None, address_of(intake), width=390)

    assert other.get_by_text("On another device").count() == 1
    assert other.get_by_role("link", name="Bladder, bowel and feeling On another device").count() == 1
    other.get_by_role("link", name="Go on").click()
    other.wait_for_url("**/part/urgent_legs/")
    assert "get help now" not in other.locator("main").inner_text()
    assert other.locator("input:checked").count() == 0
    other.get_by_role("link", name="Back").click()
    other.wait_for_url(lambda url: "/part/" not in url)  # not into what was answered elsewhere


def test_a_skipped_part_stays_open_to_whoever_skipped_it(opened):
    opened.get_by_role("button", name="Go on").click()
    opened.wait_for_url("**/part/urgent_legs/")

    opened.get_by_role("link", name="Back").click()

    opened.wait_for_url("**/part/urgent_pelvis/")
    tap(opened, "Any new loss of bowel control", "No")
    opened.get_by_text("Saved ").wait_for()
    assert Intake.objects.get().answers["bowel_change"] is False


def test_a_robot_that_sends_each_part_as_it_finds_it_leaves_every_column_as_it_was(open_as, intake):  # noqa: F811
    before = Intake.objects.values().get()
    robot = open_as(None, address_of(intake))
    robot.get_by_role("link", name="Start").click()
    robot.wait_for_url("**/part/urgent_pelvis/")

    for step in [*SAVED_STEPS, BY_KEY["sign"]]:
        robot.goto(re.sub(r"/part/.*", f"/part/{step.key}/", robot.url))
        with robot.expect_navigation():
            robot.evaluate("HTMLFormElement.prototype.submit.call(document.querySelector('main form[method=post]'))")

    assert Intake.objects.values().get() == before
    assert not Task.objects.exists()


def test_a_pain_rating_can_be_left_out_again(opened):
    opened.goto(re.sub(r"/part/.*", "/part/safety_pain/", opened.url))
    tap(opened, "How strong is the pain now?", "9")
    opened.get_by_text("Saved ").wait_for()
    assert Intake.objects.get().answers["pain_now"] == 9

    tap(opened, "How strong is the pain now?", "Skip")
    opened.get_by_role("button", name="Go on").click()
    opened.wait_for_url("**/part/safety_body/")

    assert "pain_now" not in Intake.objects.get().answers


def test_the_intake_works_without_scripts(open_as, intake):  # noqa: F811
    page = open_as(None, address_of(intake), width=390, java_script_enabled=False)
    page.get_by_role("link", name="Start").click()

    tap(page, "Since this problem began", "Yes")
    page.get_by_role("button", name="Go on").click()

    page.get_by_role("heading", name="Please get help now").wait_for()
