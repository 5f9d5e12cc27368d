"""The report as its reader holds it: one sheet of paper, and a page that fits a phone."""

import re
from datetime import timedelta

import pytest

from referrals.models import ReportLink
from referrals.reports import send_report, write_report
from sessions.models import MuscleFinding, OutcomeScore, TestResult
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.referrals.test_reports import consent, plan, referral  # noqa: F401
from tests.support.visits import make_screening, make_session, make_visit, sign
from tests.world import NINE, NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DAY = timedelta(days=1)
MUSCLES = ("piriformis", "gluteus_medius", "psoas", "obturator_internus_gemelli", "hamstrings")


@pytest.fixture
def link(referral, consent, plan, ada, mia, massage):  # noqa: F811
    """The link to a report on eight visits, five muscles and four tests."""
    screening = make_screening(
        ada, answers={"foot_drop": "not_sure"}, result={"flags": [{"why": "Foot drop: not sure."}]}
    )
    for number in range(8):
        visit = make_visit(ada, mia, massage, starts_at=NINE - (8 - number) * 7 * DAY)
        session = make_session(visit, plan=plan, screening=screening)
        for measure in ("pain_before", "nrs_back", "nrs_buttock", "nrs_leg", "rmdq", "pain_after"):
            OutcomeScore.objects.create(
                client=ada, session=session, measure=measure, score=8 - number, measured_at=visit.starts_at
            )
        if number < 7:
            sign(session, position=number + 1)
    felt = {"tone": 3, "tenderness": 2, "has_trigger_point": True, "is_familiar_pain": False, "minutes": 9}
    for muscle in MUSCLES:
        MuscleFinding.objects.create(
            session=session, muscle=muscle, side="right", refers_to="back of the thigh", **felt
        )
    for test in ("slr", "slump", "crossed_slr", "femoral_stretch"):
        TestResult.objects.create(session=session, test=test, side="right", moment="before", result="negative")
    sign(session, position=8)
    report = send_report(write_report(referral, message="Please assess. " * 30, by=mia, at=NOW), by=mia, at=NOW)
    return f"/referrals/report/open/{ReportLink.mint(now=NOW, expires_at=NOW + 90 * DAY, report=report)}/"


def test_report_prints_on_one_sheet(open_as, link):  # noqa: F811
    page = open_as(None, link)

    for paper in ("A4", "Letter"):
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper, prefer_css_page_size=True))) == 1


def test_report_fits_a_phone_and_a_desk_in_light_and_dark(open_as, link, complaints):  # noqa: F811
    for scheme in ("light", "dark"):
        page = open_as(None, link, color_scheme=scheme)
        for width in (320, 390, 820, 1366):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (scheme, width)

    assert complaints == []
