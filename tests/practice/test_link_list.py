"""docs/links.md names every kind of link, its end and its reader, as the code has them."""

import re
from pathlib import Path

import pytest

from clients.models import UNBOOKED_LINK
from practice.links import Link
from reminders.mails import BOOKING_LINK_DAYS, CHECK_IN_DAYS, HOME_DAYS, REPORT_DAYS, STATUS_DAYS, STOP_DAYS

ROWS = {
    cells[0].strip("` "): [cell.strip() for cell in cells[1:]]
    for cells in re.findall(
        r"^\| (`\w+`) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$",
        Path("docs/links.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
}


def test_every_link_is_on_the_list_and_nothing_else():
    assert ROWS.keys() == {model.__name__ for model in Link.__subclasses__()}


@pytest.mark.parametrize("model", Link.__subclasses__(), ids=lambda model: model.__name__)
def test_the_list_says_who_gets_it_and_that_a_new_address_shuts_it(model):
    reader, _, closed, *_ = ROWS[model.__name__]

    assert reader == ("client" if model.of_client else "referrer")
    assert f"the {reader}'s address changes" in closed


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("BookingLink", BOOKING_LINK_DAYS),
        ("CheckInLink", CHECK_IN_DAYS),
        ("HomeProgrammeLink", HOME_DAYS),
        ("ReferralLink", STATUS_DAYS),
        ("ReportLink", REPORT_DAYS),
        ("UnsubscribeLink", STOP_DAYS),
        ("IntakeLink", UNBOOKED_LINK.days),
    ],
)
def test_the_list_names_the_days_a_link_opens(name, days):
    assert f"{days} days" in ROWS[name][1]
