"""The note on paper: the print page and the PDF tell the same, all of it, as text."""

import re
import shutil
import subprocess
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import escape

from clients.consents import give_consent
from practice.models import AuditEvent
from sessions.adverse import correct_adverse_event, report_adverse_event
from sessions.charting import amend_session, save_chart, withdraw_session
from sessions.measures import record_score
from sessions.models import TreatmentSession
from sessions.paper import paper_of, unanswered
from sessions.pdf import note_pdf
from tests.support.years import every_muscle
from tests.world import NINE, NOW, TODAY, minutes

LATER = NINE + timedelta(days=1)


def paper(session, practice, by, at=LATER):
    return paper_of(TreatmentSession.objects.get(pk=session.pk), practice=practice, by=by, at=at)


def texts(value):
    """Every text of a paper."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


@pytest.fixture
def told(signed, ada, mia):
    """The signed visit with a late entry and an adverse event."""
    amend_session(
        signed,
        kind="late_entry",
        happened_at=NINE + minutes(30),
        reason="Left out at the time",
        text="Also worked on the left side.",
        by=mia,
        at=LATER,
    )
    event = report_adverse_event(
        client=ada,
        session=signed,
        happened_on=TODAY,
        spot="left:gluteus_maximus",
        technique="Deep stripping",
        severity="moderate",
        description="Bruise the size of a coin.",
        action_taken="Ice, called the next day.",
        by=mia,
        at=LATER,
    )
    return event.session


# --- what it tells


def test_paper_names_who_whom_when_where_and_under_which_screening(signed, practice, mia, ada):
    give_consent(
        client=ada,
        scope="treatment",
        is_given=True,
        signed_name="Ada Müller",
        is_by_guardian=False,
        at=NOW,
        taken_by=mia,
    )
    give_consent(
        client=ada, scope="treatment", is_given=False, signed_name="A. M.", is_by_guardian=False, at=LATER, taken_by=mia
    )

    head = dict(paper(signed, practice, mia)["head"])

    assert head["Client"] == f"Ada Müller, born 17 May 1980. Client record {ada.pk}"
    assert head["Visit"] == "Mon 23 Nov 2026, 09:00 to 10:00, Follow-up massage, Green room"
    assert head["Therapist"] == "Mia Berg, LMT 4711"
    assert "Assessment and massage: agreed, signed Ada Müller" in head["Consent"]
    assert "Gluteal, groin and abdominal work: none on file" in head["Consent"]
    assert head["Screening"].startswith("Treat, Mon 23 Nov 2026")
    assert f"rules {signed.screening.rules_version}. A screening aid, not a diagnosis." in head["Screening"]
    assert head["Warning signs"] == "none found"
    assert head["Not answered"] == ("; ".join(unanswered(signed.screening)) or "nothing")
    assert head["Pain (0–10)"] == "6 before, 3 after"


def test_paper_says_what_the_signature_does_not_cover(signed, ada, practice, mia):
    told = {"measure": "odi", "value": 30, "measured_on": TODAY, "session": signed}
    record_score(client=ada, by=mia, at=LATER, **told)
    parts = {part["title"]: part["text"] for part in paper(signed, practice, mia)["parts"]}

    beside = {title for title, text in parts.items() if "the signature does not cover it" in text}
    assert beside == {"Measures", "Home programme of this phase of the plan"}


def test_paper_lists_what_the_screening_missed(signed):
    signed.screening.result = {"missing": ["saddle_numbness", "leg_pain"], "minimum_missing": [], "flags": []}

    assert len(unanswered(signed.screening)) == 2


def test_paper_holds_every_word_of_the_chart(signed, practice, mia):
    page = paper(signed, practice, mia)
    parts = {part["title"]: part for part in page["parts"]}

    assert parts["Subjective"]["text"] == signed.subjective
    assert parts["Muscles"]["rows"] == [
        [
            "Right piriformis",
            "tone 3/4, tenderness 3/4, trigger point, familiar pain, refers to back of the thigh",
            "trigger-point compression, 10 min, pressure 5/10, eased",
        ]
    ]
    assert parts["Home programme of this phase of the plan"]["items"]
    assert page["signature"][0] == "Signed by Mia Berg, LMT 4711, Mon 23 Nov 2026, 10:00"
    assert page["signature"][-1] == f"Entry 1 of the chain, content {signed.content_hash[:16]}"
    assert (page["banners"], page["mark"]) == ([], "")
    assert page["foot"].startswith("Printed Tue 24 Nov 2026, 09:00 by Mia Berg. Client record ")


def test_paper_tells_later_words_and_adverse_events(told, practice, mia):
    late, event = paper(told, practice, mia)["entries"]

    assert (late["title"], late["text"]) == ("Late entry", "Also worked on the left side.")
    assert "Happened Mon 23 Nov 2026, 09:30, written Tue 24 Nov 2026, 09:00, Mia Berg, LMT 4711" in late["meta"]
    assert "Reason: Left out at the time" in late["meta"]
    assert event["title"] == "Adverse event, Mon 23 Nov 2026"
    assert "left gluteus maximus, after Deep stripping." in event["meta"]
    assert event["text"] == "Bruise the size of a coin.\nDone: Ice, called the next day."


def test_paper_tells_a_corrected_event_as_it_now_reads(told, practice, mia):
    event = told.adverse_events.get()
    correct_adverse_event(event, reason="It was the right side", spot="right:gluteus_maximus", by=mia, at=LATER)

    entries = paper(told, practice, mia)["entries"]

    assert len(entries) == 2
    assert "right gluteus maximus" in entries[1]["meta"]
    assert "Reason: It was the right side" in entries[1]["meta"]


def test_a_draft_says_so(charted, practice, mia):
    page = paper(charted, practice, mia)

    assert page["mark"] == "DRAFT – not signed"
    assert page["banners"][0].startswith("DRAFT – not signed.")
    assert page["signature"] == ["Not signed. A draft of Mia Berg."]


def test_what_was_entered_in_error_says_so(signed, practice, mia):
    withdraw_session(signed, reason="The wrong client", by=mia, at=LATER)

    page = paper(signed, practice, mia)

    assert page["mark"] == "ENTERED IN ERROR"
    assert page["banners"][0].startswith("ENTERED IN ERROR. Tue 24 Nov 2026, 09:00, Mia Berg, LMT 4711.")
    assert "Reason: The wrong client" in page["banners"][0]


@pytest.mark.parametrize(("number", "size"), [("+442079460000", "a4"), ("+13125550100", "us-letter")])
def test_the_paper_is_that_of_the_country(signed, practice, mia, number, size):
    practice.phone = number
    practice.save()
    practice.refresh_from_db()

    assert paper(signed, practice, mia)["paper"] == size


# --- the print page


def test_the_print_page_shows_the_whole_paper(told, practice, mia, signed_in, still_clock):
    still_clock.at = LATER
    page = signed_in(mia).get(reverse("sessions:session_print", args=[told.pk])).content.decode()

    left_out = {"paper", "practice"}  # the size of the sheet; the practice's phone number is written for its country
    shown = texts({name: each for name, each in paper(told, practice, mia).items() if name not in left_out})
    lines = [line for text in shown for line in text.split("\n")]
    assert [line for line in lines if escape(line) not in page] == []


# --- the PDF


def words_in(pdf: bytes) -> str:
    """The text of a PDF as a reader would copy it."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return re.sub(r"\s+", " ", done.stdout.decode().replace("\u200b", ""))


reads_pdf = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler) is not here")


def get_pdf(browser, session, **query):
    return browser.get(reverse("sessions:session_pdf", args=[session.pk]), query)


def test_session_pdf_is_a_file_named_by_its_id_and_kept_nowhere(signed, mia, signed_in):
    answer = get_pdf(signed_in(mia), signed)

    assert answer.content.startswith(b"%PDF-")
    assert b"<pdfaid:part>2</pdfaid:part>" in answer.content
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="session-{signed.pk}.pdf"'
    assert answer["Cache-Control"] == "no-store, private"
    assert get_pdf(signed_in(mia), signed, show=1)["Content-Disposition"].startswith("inline")


def test_each_export_is_an_act_of_its_own(signed, mia, signed_in):
    browser = signed_in(mia)
    get_pdf(browser, signed)
    get_pdf(browser, signed)

    exports = AuditEvent.objects.filter(action="session.exported", target_id=signed.pk, by=mia)
    assert [event.about_client_id for event in exports] == [signed.client_id] * 2


def test_no_pdf_for_others(signed, tom, dana, olga, signed_in):
    assert get_pdf(signed_in(tom), signed).status_code == 404
    assert get_pdf(signed_in(dana), signed).status_code == 403
    assert not AuditEvent.objects.filter(action="session.exported").exists()
    assert get_pdf(signed_in(olga), signed).status_code == 200


@reads_pdf
def test_the_pdf_says_what_the_paper_says(told, practice, mia):
    told_words = paper(told, practice, mia)
    said = words_in(note_pdf(told_words))

    lines = [line for text in texts(told_words) if text != "a4" for line in text.split("\n")]
    lost = [word for line in lines for word in line.split() if word not in said]
    assert lost == []
    assert "page 1 of 1" in said


ODD = {
    "markup": '#panic("x") #read("/etc/passwd") *bold* _it_ `raw` $x^2$ <label> @ref // no comment /* */ \\ \\u{41} ~ -- "q"',
    "headings and lists": "= Head\n- item\n+ item\n/ term: words",
    "spaces": "two  spaces   three",
    "accents": "Müller, Żółć, naïve, ﬁ, ẞ",
    "arrows": "6 → 3, ≥ 4, 45°, ½",
}


@reads_pdf
@pytest.mark.parametrize("what", ODD)
def test_the_pdf_prints_what_was_typed_and_runs_nothing(charted, practice, mia, what):
    charted = save_chart(charted, version=charted.version, by=mia, at=NINE, subjective=ODD[what])

    said = words_in(note_pdf(paper(charted, practice, mia)))

    for line in ODD[what].split("\n"):
        assert re.sub(r"\s+", " ", line).strip() in said


@reads_pdf
def test_the_pdf_names_what_it_has_no_letter_for(charted, practice, mia):
    words = "a 🙂 b 中 c \u202e d \x07 e \ufffe f"
    page = paper(charted, practice, mia) | {"banners": [words]}

    said = words_in(note_pdf(page))

    assert (
        "a [U+1F642 slightly smiling face] b [U+4E2D] c [U+202E right-to-left override] d [U+0007] e [U+FFFE] f" in said
    )


@reads_pdf
def test_the_pdf_writes_arabic_and_hebrew_from_the_right(charted, practice, mia):
    page = paper(charted, practice, mia) | {"sub": "مؤلم عند الجلوس", "foot": "כאב"}

    done = subprocess.run(["pdftotext", "-", "-"], input=note_pdf(page), capture_output=True, check=True)

    said = re.sub(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f]", "", done.stdout.decode())
    assert "مؤلم" in said and "الجلوس" in said and "כאב" in said


def test_a_pdf_with_nothing_but_strange_letters_is_made(charted, practice, mia):
    strange = "".join(chr(0x4E00 + number) for number in range(2000)) + "\x00🙂🇩🇪👩‍⚕️\ue000\uf0b7\U00100000"

    assert note_pdf(paper(charted, practice, mia) | {"sub": strange}).startswith(b"%PDF-")


@reads_pdf
def test_huge_words_run_over_pages_and_nothing_is_lost(charted, practice, mia):
    chart = {
        "subjective": " ".join(f"word{number}" for number in range(550)),
        "objective": "x" * 4990 + "END",
        "assessment": "\n".join(f"line {number}" for number in range(450)),
        "plan_text": "ع" * 4000,
    }
    charted = save_chart(charted, version=charted.version, by=mia, at=NINE, findings=every_muscle(), **chart)

    said = words_in(note_pdf(paper(charted, practice, mia)))

    assert all(f"word{number}" in said for number in range(550))
    assert all(f"line {number}" in said for number in range(450))
    assert said.replace(" ", "").count("x" * 40) >= 100 and "END" in said
    assert said.count("ع") == 4000
    assert said.count("back of the thigh") == 26
