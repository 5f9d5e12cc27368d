"""The main job by the five people whose it is: real clicks, a real worker, real mail, time moved by the demo's clock."""

import re

import pytest
from playwright.sync_api import expect

from tests.walk.conftest import DESK, PHONE, TABLET

pytestmark = [pytest.mark.browser, pytest.mark.both_databases, pytest.mark.slow]

LETTER = {
    "first_name": "Ida",
    "last_name": "Holm",
    "born_on": "1971-03-02",
    "phone": "+447911123457",
    "email": "ida@mail.example",
    "letter-name": "Dr. Nora Lind",
    "letter-email": "nora@spine.example",
    "letter-question": "Right buttock pain when sitting. Please treat and report.",
}
SAFETY_NET = "When to get help at once"


def tick(choice):
    """Choose a pill as a thumb would: in the middle of the screen, clear of the bar at its lower edge."""
    choice.evaluate("element => element.scrollIntoView({block: 'center', behavior: 'instant'})")
    choice.check(force=True)


def desk_takes_the_letter_in(page):
    page.get_by_role("link", name="Referrals").click()
    page.get_by_role("link", name="Take in a letter").click()
    for name, value in LETTER.items():
        page.fill(f"[name={name}]", value)
    page.select_option("[name=letter-profession]", "chiropractor")
    page.get_by_role("button", name="Save the letter").click()
    expect(page.get_by_role("heading", name="Ida Holm")).to_be_visible()


def desk_is_warned_of_a_duplicate(page):
    page.goto("/clients/new/")
    for name in ("last_name", "born_on", "phone"):
        page.fill(f"[name={name}]", LETTER[name])
    page.fill("[name=first_name]", "Idda")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Perhaps on file already")).to_be_visible()
    page.get_by_role("link", name=re.compile("This is the same person")).click()


def desk_books_the_first_visit(page):
    page.get_by_role("link", name="Book", exact=True).click()
    with page.expect_response(re.compile("/slots/")):  # the free times are asked for anew
        page.select_option("[name=service]", label="First visit (75 min)")
    page.wait_for_load_state("networkidle")
    page.locator("label[for^='slot-']").first.click()
    page.get_by_role("main").get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_text("The intake link goes to")).to_be_visible()


def client_answers_the_intake(page, link):
    """Everything is 'no' and the leg stays clear; the places and the goal are the client's own."""
    page.goto(link)
    assert link.rsplit("/", 2)[1] not in page.url
    for _ in range(30):
        expect(page.get_by_text(SAFETY_NET)).to_have_count(1)
        if "/done/" in page.url:
            break
        answer_one_page(page)
        with page.expect_navigation():
            page.locator("main .btn-primary").click()
    expect(page.get_by_text("Nothing you told us needs a doctor first.")).to_be_visible()
    expect(page.get_by_role("link", name="Keep a copy of your answers")).to_be_visible()
    for word in ("radicular", "deep_gluteal", "piriformis", "nerve-root"):
        assert word not in page.inner_text("main").casefold()


def answer_one_page(page):
    for value in ("no", "0"):
        for choice in page.locator(f"main input[type=radio][value='{value}']").all():
            tick(choice)
    for scope in ("treatment", "share_with_referrer", "sensitive_areas"):
        for choice in page.locator(f"main input[name={scope}][value=yes]").all():
            tick(choice)
    for name, words in (("goals", "Sit through a film"), ("signed_name", "Ida Holm")):
        if page.locator(f"main [name={name}]").count():
            page.fill(f"main [name={name}]", words)
    for spot in ("right:buttock", "right:thigh_back"):
        for box in page.locator(f"main input[value='{spot}']").all():
            tick(box)


def therapist_reads_the_screening_and_examines(page):
    page.goto("/today/")
    page.get_by_role("link", name="Ida Holm").click()
    page.get_by_role("link", name="Open the screening").click()
    expect(page.get_by_text("Nothing found that needs a doctor first")).to_be_visible()
    page.get_by_role("link", name="Ask and examine").click()
    for name, value in (
        ("strength-right", "normal"),
        ("light_touch-right", "normal"),
        ("slr-right", "negative"),
        ("active_piriformis-right", "positive"),
        ("seated_piriformis_stretch-right", "positive"),
    ):
        tick(page.locator(f"[name={name}][value={value}]"))
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("8 of 8 groups answered").first).to_be_visible()
    expect(page.get_by_text("not a diagnosis").first).to_be_visible()


def therapist_starts_a_plan(page):
    page.goto("/today/")
    page.get_by_role("link", name="Ida Holm").click()
    page.get_by_role("link", name="Start a plan").click()
    tick(page.locator("[name=protocol][value=piriformis_deep_gluteal]"))
    tick(page.locator("[name=side][value=right]"))
    page.fill("[name=goal]", "Sit through a film")
    page.get_by_role("button", name="Start the plan").click()
    expect(page.get_by_text("The plan is started.")).to_be_visible()


def therapist_charts_and_signs(page):
    page.goto("/today/")
    page.get_by_role("button", name="Start").click()
    tick(page.locator("[name=pain_before_nrs][value='7']"))
    page.get_by_role("button", name="All done as planned").click()
    tick(page.locator("[name='right-piriformis-tone'][value='3']"))
    tick(page.locator("[name='right-piriformis-tenderness'][value='3']"))
    page.locator("#right-piriformis summary").first.click()
    tick(page.locator("[name='right-piriformis-has_trigger_point'][value='yes']"))
    page.locator("[data-place='right:psoas']").click()
    tick(page.locator("[name='right-psoas-tenderness'][value='2']"))
    page.fill("[name='right-psoas-minutes']", "5")
    tick(page.locator("[name='right-psoas-techniques'][value=breathing]"))
    page.locator("[data-card-close]").click()
    tick(page.locator("[name=pain_after_nrs][value='4']"))
    page.get_by_role("button", name="Check and sign").click()
    for words in ("Right piriformis", "Right gluteus maximus", "Right psoas", "7/10 before, 4/10 after"):
        expect(page.get_by_text(words).first).to_be_visible()
    page.get_by_role("button", name="Sign as Mia Berg").click()
    expect(page.get_by_text("Signed").first).to_be_visible()


def owner_moves_the_clock_one_day_on(page):
    page.goto("/mailbox/")
    page.get_by_role("button", name="One day on").click()
    expect(page.get_by_text("The demo's clock is now at")).to_be_visible()


def client_answers_the_check_in(page, link):
    page.goto(link)
    expect(page.get_by_text(SAFETY_NET)).to_have_count(1)
    tick(page.locator("[name=pain_now_nrs][value='3']"))
    page.locator("[data-spot='left:calf']").first.click()
    tick(page.locator("[name=leg_symptoms][value=better]"))
    tick(page.locator("[name=warning_sign][value=no]"))
    page.fill("[name=comment]", "Drove for an hour without stopping")
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def therapist_finds_the_answer_in_the_timeline(page):
    page.goto("/clients/?q=Holm")
    page.get_by_role("link", name=re.compile("Holm, Ida")).click()
    expect(page.get_by_text("Drove for an hour without stopping")).to_be_visible()


def therapist_sends_the_report(page):
    page.get_by_role("link", name="Dr. Nora Lind").last.click()
    page.get_by_role("link", name="Write a report").click()
    page.fill("[name=message]", "Sitting is easier. Please look at the right hip.")
    page.get_by_role("button", name="See the report").click()
    page.get_by_role("button", name=re.compile("Send to Dr. Nora Lind")).click()
    expect(page.get_by_text("The link goes to Dr. Nora Lind by mail.")).to_be_visible()


def referrer_reads_and_prints_the_report(page, link):
    page.goto(link)
    assert link.rsplit("/", 2)[1] not in page.url
    for words in (
        "Please look at the right hip.",
        "Right piriformis",
        "Screening pattern, not a diagnosis",
        SAFETY_NET,
    ):
        expect(page.get_by_text(words).first).to_be_visible()
    assert page.pdf().startswith(b"%PDF")


def test_the_main_job_from_letter_to_report(browsers, postman):
    desk, therapist, owner = browsers(DESK, "dana"), browsers(TABLET, "mia"), browsers(DESK, "olga")
    client, referrer = browsers(PHONE), browsers(DESK)

    desk_takes_the_letter_in(desk)
    desk_is_warned_of_a_duplicate(desk)
    desk_books_the_first_visit(desk)
    client_answers_the_intake(client, postman.link_to("ida@mail.example", "A few questions before your visit"))
    therapist_reads_the_screening_and_examines(therapist)
    therapist_starts_a_plan(therapist)
    therapist_charts_and_signs(therapist)
    owner_moves_the_clock_one_day_on(owner)
    desk, therapist = browsers(DESK, "dana"), browsers(TABLET, "mia")  # a new day: yesterday's sign-ins have ended
    client_answers_the_check_in(client, postman.link_to("ida@mail.example", "How are you after your visit?"))
    therapist_finds_the_answer_in_the_timeline(therapist)
    therapist_sends_the_report(therapist)
    referrer_reads_and_prints_the_report(referrer, postman.link_to("nora@spine.example", "A report from"))

    desk.goto("/clients/?q=Holm")
    desk.get_by_role("link", name=re.compile("Holm, Ida")).click()
    assert "Drove for an hour" not in desk.inner_text("main")
