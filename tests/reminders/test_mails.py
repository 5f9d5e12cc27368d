"""The words of each mail: whose they are, what they never say, and headers that names cannot break."""

import email
import email.policy
from datetime import timedelta
from email.headerregistry import Address

import pytest

from clients.models import Intake, Task
from practice.models import Practice
from reminders.models import Message
from reminders.outbox import send_due
from tests.support.visits import make_visit
from tests.world import NINE, NOW

BREAKS = ["\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"]


def as_read(mail):
    """Return the mail as its reader's program sees it."""
    return email.message_from_bytes(mail.message().as_bytes(), policy=email.policy.default)


def sender(mail) -> Address:
    return as_read(mail)["From"].addresses[0]


def sent(postbox):
    send_due(now=NOW, deliver=postbox)
    return [as_read(mail) for mail in postbox.mails]


@pytest.mark.parametrize(
    "name",
    [
        "Elm Street Massage",
        'The "Good Hands" Practice',
        "Hands, Back & Co. <Elm Street>",
        "Praxis Müller",
        "按摩诊所",
        "Back\\slash (London)",
        'Evil" <evil@mail.example>, "',
        "A long name " * 9,
    ],
)
def test_from_names_the_practice_whatever_it_is_called(visit, settings, postbox, name):
    Practice.objects.update(name=name.strip())

    (mail,) = sent(postbox)

    assert len(mail["From"].addresses) == 1
    assert mail["From"].addresses[0].addr_spec == settings.DEFAULT_FROM_EMAIL
    assert mail["From"].addresses[0].display_name == name.strip()


def test_from_takes_the_bare_address_out_of_the_setting(visit, settings, postbox):
    settings.DEFAULT_FROM_EMAIL = "Somebody <desk@elmstreet.example>"

    (mail,) = sent(postbox)

    assert str(mail["From"]) == "Elm Street Massage <desk@elmstreet.example>"


@pytest.mark.parametrize("line_break", BREAKS)
def test_a_line_break_in_a_name_makes_no_header(ada, postbox, line_break):
    Practice.objects.update(name=f"Elm{line_break}Bcc: thief@mail.example")
    Intake.objects.create(client=ada, requested_at=NOW)

    (mail,) = sent(postbox)

    assert mail["Bcc"] is None
    assert mail["Subject"] == "A few questions before your visit to Elm Bcc: thief@mail.example"
    assert sorted(mail.keys()) == sorted(
        ["Content-Type", "MIME-Version", "Subject", "From", "To", "Message-ID", "Date", "Auto-Submitted"]
    )


def test_names_of_any_length_and_script_arrive_whole(ada, visit, mia, postbox):
    type(ada).objects.update(first_name="Wolfeschlegelsteinhausenbergerdorff" * 2)
    type(mia).objects.update(first_name="Зоя 👐")

    (mail,) = sent(postbox)

    text = mail.get_body(("plain",)).get_content()
    assert "Hello " + "Wolfeschlegelsteinhausenbergerdorff" * 2 in text
    assert "Зоя 👐" in text


def test_html_shows_names_as_words_not_as_markup(ada, visit, postbox):
    type(ada).objects.update(first_name="<b>Ada</b>")

    (mail,) = sent(postbox)

    assert "<b>" not in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/London", "Monday 23 November at 09:00 (GMT)"),
        ("America/New_York", "Monday 23 November at 04:00 (EST)"),
        ("Pacific/Auckland", "Monday 23 November at 22:00 (NZDT)"),
        ("Asia/Tokyo", "Monday 23 November at 18:00 (JST)"),
        ("Asia/Kathmandu", "Monday 23 November at 14:45 (UTC+05:45)"),
        ("America/Sao_Paulo", "Monday 23 November at 06:00 (UTC-03:00)"),
    ],
)
def test_times_are_the_practices_own_and_name_their_zone(visit, postbox, zone, words):
    Practice.objects.update(time_zone=zone)

    (mail,) = sent(postbox)

    assert words in mail["Subject"]


def test_a_visit_in_another_year_names_the_year(mia, ada, massage, postbox):
    make_visit(ada, mia, massage, starts_at=NINE + timedelta(days=60))

    (mail,) = sent(postbox)

    assert mail["Subject"] == "Your visit on Friday 22 January 2027 at 09:00 (GMT)"


def test_message_id_is_short_and_tells_nothing(visit, postbox, settings):
    settings.SITE_URL = f"https://{'practice.' * 6}example"

    (mail,) = sent(postbox)

    assert len(Message.objects.get().message_id) <= 120
    assert "booking" not in mail["Message-ID"]


def test_alert_names_no_client_and_leads_only_to_a_sign_in(ada, visit, postbox, client):
    Task.objects.create(
        kind="check_in_alert", for_role="therapist", client=ada, subject="x", due_at=NOW, created_at=NOW
    )
    mail = next(mail for mail in sent(postbox) if mail["To"] == "mia@elmstreet.example")

    text = mail.get_body(("plain",)).get_content()
    link = next(line for line in text.splitlines() if line.startswith("http"))
    assert "Ada" not in text
    assert client.get(link.split("/", 3)[3].join(["/", ""])).status_code == 302


@pytest.mark.parametrize(("own", "words"), [("+442079460000", "020 7946 0000"), ("+13125550100", "(312) 555-0100")])
def test_a_mail_and_its_calendar_file_write_the_practice_s_number_as_its_pages_do(visit, postbox, settings, own, words):
    settings.PHONENUMBER_DEFAULT_REGION = "DE"  # the worker stands in no practice's country
    Practice.objects.update(phone=own)

    (mail,) = sent(postbox)

    for part in ("plain", "html"):
        assert mail.get_body((part,)).get_content().count(words) == 2
        assert own[:3] not in mail.get_body((part,)).get_content()
    assert words in "".join(each.get_content() for each in mail.iter_attachments()).replace("\\,", ",")


def test_what_a_mail_says_of_a_file_is_in_it(visit, postbox):
    (mail,) = sent(postbox)

    files = [each.get_filename() for each in mail.iter_attachments()]
    says_so = "The file in this mail puts the visit into your calendar" in mail.get_body(("plain",)).get_content()
    assert (files, says_so) == (["visit.ics"], True)
