"""Visits booked together, or cancelled together by the desk, stand in one mail; whatever happens, each is told once."""

import random
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from icalendar import Calendar

from booking.appointments import cancel_appointment, move_appointment, reopen_appointment
from booking.models import Appointment
from booking.refusals import RULES
from booking.series import book_series, cancel_this_and_later
from clients.models import Task
from practice import clock
from practice.errors import Refused
from reminders import outbox
from reminders.due import derive_due, why_not
from reminders.mails import compose
from reminders.models import Message, ToldVisit
from reminders.outbox import send_due
from reminders.rules import change_rule, settings_of_rules
from tests.support import proof
from tests.support.rows import rolled_back
from tests.world import NINE, NOW, minutes

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
HOLD = minutes(3)
TUESDAY = NINE + DAY


@pytest.fixture(autouse=True)
def held_and_of_visits_only(settings, practice, olga):
    """A correction within three minutes sends one mail; reminders and notices have tests of their own."""
    settings.BOOKING_MAIL_HOLD = HOLD
    for key, rule in settings_of_rules().items():
        change_rule(key, hours=rule.hours, is_active=False, by=olga, at=NOW)


@pytest.fixture
def series(ada, mia, massage, dana):
    """Ada with Mia on six Tuesdays at nine, booked by Dana at NOW."""
    times = dict.fromkeys((TUESDAY + number * WEEK for number in range(6)), ())
    return book_series(client=ada, therapist=mia, service=massage, times=times, weeks_apart=1, by=dana, at=NOW)


@pytest.fixture
def visits(series):
    return list(series.appointments.order_by("starts_at"))


def sweep(postbox, at) -> list:
    """Send what is due at `at`; return the mails about visits that left."""
    before = len(postbox.mails)
    send_due(now=at, deliver=postbox)
    return [mail for mail in postbox.mails[before:] if any("text/calendar" in part[2] for part in mail.attachments)]


def fresh(visit) -> Appointment:
    return Appointment.objects.get(pk=visit.pk)


def move(visit, by, at, *, to=None):
    move_appointment(fresh(visit), starts_at=to or visit.starts_at + 2 * DAY, by=by, at=at, overrule=RULES)


def entries(mail) -> list[tuple[int, int, str, object]]:
    """Return (visit, sequence, status, start) of each entry of the mail's calendar file."""
    (file,) = [content for _, content, kind in mail.attachments if kind == "text/calendar"]
    return [
        (int(event["uid"].split("@")[0].removeprefix("appointment-")), event["sequence"], event["status"], event.start)
        for event in Calendar.from_ical(file).walk("VEVENT")
    ]


def body(mail, kind="plain") -> str:
    return message_from_bytes(mail.message().as_bytes(), policy=policy.default).get_body([kind]).get_content()


# --- booked together


def test_six_visits_are_told_in_one_mail_three_minutes_after_the_booking(visits, postbox):
    early = sweep(postbox, NOW + HOLD - minutes(1))
    mails = sweep(postbox, NOW + HOLD)

    assert early == []
    assert [mail.subject for mail in mails] == ["Your 6 visits, the first on Tuesday 24 November at 09:00 (GMT)"]
    assert [entry[:3] for entry in entries(mails[0])] == [(visit.pk, 0, "CONFIRMED") for visit in visits]
    assert sweep(postbox, NOW + DAY) == []


def test_the_mail_lists_each_visit_with_a_link_of_its_own(visits, postbox, client):
    (mail,) = sweep(postbox, NOW + HOLD)
    lines = [line.strip() for line in body(mail).splitlines()]
    links = [line for line in lines if line.startswith("http")]

    assert [line for line in lines if line.startswith("- ")][:2] == [
        "- Tuesday 24 November at 09:00",
        "- Tuesday 1 December at 09:00",
    ]
    assert "All times are in GMT." in lines
    assert "with Mia at 12 Elm Street, London N1" in body(mail)
    assert len(links) == 6
    assert all(link in body(mail, "html") for link in links)
    assert client.get(links[1].partition("8000")[2], follow=True).context["appointment"] == visits[1]


def test_the_zone_stands_in_each_line_where_it_changes_and_the_therapist_where_they_differ(
    ada, mia, tom, massage, dana, postbox
):
    times = dict.fromkeys((TUESDAY + number * WEEK for number in range(17, 20)), RULES)  # summer time from 28 March on
    made = book_series(client=ada, therapist=mia, service=massage, times=times, weeks_apart=1, by=dana, at=NOW)
    Appointment.objects.filter(pk=made.appointments.order_by("starts_at").last().pk).update(therapist=tom)

    (mail,) = sweep(postbox, NOW + HOLD)

    lines = [line for line in body(mail).splitlines() if line.startswith("- ")]
    assert lines[0] == "- Tuesday 23 March 2027 at 09:00 (GMT) with Mia"
    assert lines[1] == "- Tuesday 30 March 2027 at 10:00 (BST) with Mia"
    assert lines[2].endswith("with Tom")
    assert "booked with Mia and Tom at" in body(mail)
    assert "All times" not in body(mail)


def test_a_visit_moved_within_the_hold_is_listed_at_its_new_time_and_the_hold_begins_again(visits, dana, postbox):
    derive_due(NOW)
    move(visits[2], dana, NOW + minutes(2))

    early = sweep(postbox, NOW + minutes(4))
    mails = sweep(postbox, NOW + minutes(5))

    assert early == []
    assert [len(entries(mail)) for mail in mails] == [6]
    assert (visits[2].pk, 1, "CONFIRMED", visits[2].starts_at + 2 * DAY) in entries(mails[0])
    assert sweep(postbox, NOW + DAY) == []


def test_a_visit_moved_later_has_a_mail_of_its_own(visits, dana, postbox):
    sweep(postbox, NOW + HOLD)
    move(visits[2], dana, NOW + DAY)

    mails = sweep(postbox, NOW + DAY + HOLD)

    assert [mail.subject for mail in mails] == ["Your visit is now on Thursday 10 December at 09:00 (GMT)"]


def test_a_visit_moved_and_moved_back_has_none(visits, dana, postbox):
    sweep(postbox, NOW + HOLD)
    move(visits[2], dana, NOW + DAY)
    move(visits[2], dana, NOW + DAY, to=visits[2].starts_at)

    assert sweep(postbox, NOW + DAY + HOLD) == []
    assert Message.objects.get(kind="appointment_moved").why == "the client knows this time already"


def test_a_visit_cancelled_within_the_hold_is_not_listed(visits, dana, postbox):
    cancel_appointment(fresh(visits[0]), reason="mistake", by=dana, at=NOW + minutes(1))

    (mail,) = sweep(postbox, NOW + minutes(4))

    assert [entry[0] for entry in entries(mail)] == [visit.pk for visit in visits[1:]]
    assert sweep(postbox, NOW + DAY) == []


def test_of_a_series_of_which_one_is_left_it_speaks_as_of_one(visits, dana, postbox):
    derive_due(NOW)
    for visit in visits[1:]:
        cancel_appointment(fresh(visit), reason="mistake", by=dana, at=NOW + minutes(1))

    mails = sweep(postbox, NOW + minutes(4))

    assert [mail.subject for mail in mails] == ["Your visit on Tuesday 24 November at 09:00 (GMT)"]
    assert sweep(postbox, NOW + 2 * minutes(4)) == []


def test_a_waiting_mail_of_which_one_visit_is_left_speaks_as_of_one(visits, practice, postbox):
    derive_due(NOW)
    Appointment.objects.filter(pk__in=[visit.pk for visit in visits[1:]]).update(status="arrived")

    (mail,) = sweep(postbox, NOW + HOLD)

    assert mail.subject == "Your visit on Tuesday 24 November at 09:00 (GMT)"
    assert "See, confirm, move or cancel:" in body(mail)
    assert [entry[0] for entry in entries(mail)] == [visits[0].pk]


# --- cancelled together


def test_this_and_later_cancelled_are_told_in_one_mail(visits, dana, postbox):
    sweep(postbox, NOW + HOLD)
    cancel_this_and_later(fresh(visits[2]), reason="practice", by=dana, at=NOW + DAY)

    mails = sweep(postbox, NOW + DAY + HOLD)

    assert [mail.subject for mail in mails] == ["Your 4 visits from Tuesday 8 December at 09:00 (GMT) on are cancelled"]
    assert [entry[:3] for entry in entries(mails[0])] == [(visit.pk, 1, "CANCELLED") for visit in visits[2:]]
    assert "/booking/open/" not in body(mails[0])
    assert sweep(postbox, NOW + 2 * DAY) == []


def test_only_those_announced_are_told_to_be_cancelled(visits, dana, postbox):
    cancel_appointment(fresh(visits[5]), reason="mistake", by=dana, at=NOW)
    sweep(postbox, NOW + HOLD)
    reopen_appointment(fresh(visits[5]), by=dana, at=NOW + DAY)
    cancel_this_and_later(fresh(visits[3]), reason="practice", by=dana, at=NOW + DAY + minutes(1))

    (mail,) = sweep(postbox, NOW + DAY + minutes(4))

    assert [entry[0] for entry in entries(mail)] == [visits[3].pk, visits[4].pk]


def test_a_series_cancelled_before_it_was_told_makes_no_mail(visits, dana, postbox):
    derive_due(NOW)
    cancel_this_and_later(fresh(visits[0]), reason="mistake", by=dana, at=NOW + minutes(1))

    assert sweep(postbox, NOW + DAY) == []


def test_one_cancelled_alone_and_one_by_link_have_mails_of_their_own(visits, dana, postbox):
    sweep(postbox, NOW + HOLD)
    cancel_appointment(fresh(visits[1]), reason="practice", by=dana, at=NOW + DAY)
    cancel_appointment(fresh(visits[4]), reason="work", by=None, at=NOW + DAY)

    mails = sweep(postbox, NOW + DAY + HOLD)

    assert sorted(mail.subject for mail in mails) == [
        "Your visit on Tuesday 1 December at 09:00 (GMT) is cancelled",
        "Your visit on Tuesday 22 December at 09:00 (GMT) is cancelled",
    ]


def test_a_visit_that_stands_again_before_the_mail_left_is_not_told_to_be_cancelled(visits, dana, postbox):
    sweep(postbox, NOW + HOLD)
    cancel_this_and_later(fresh(visits[2]), reason="practice", by=dana, at=NOW + DAY)
    derive_due(NOW + DAY)
    reopen_appointment(fresh(visits[3]), by=dana, at=NOW + DAY + minutes(1))

    mails = sweep(postbox, NOW + DAY + minutes(4))

    assert [[entry[0] for entry in entries(mail)] for mail in mails] == [[visits[2].pk, visits[4].pk, visits[5].pk]]


# --- trouble on the way


def test_in_doubt_it_is_sent_again_about_those_that_stand_as_they_were_told(visits, dana, postbox):
    sweep(postbox, NOW)  # the questions
    postbox.refuse = TimeoutError()
    sweep(postbox, NOW + HOLD)
    postbox.refuse = None
    move(visits[2], dana, NOW + HOLD)
    Message.objects.update(lease_until=clock.machine_now() - minutes(1))

    mails = sweep(postbox, NOW + 2 * HOLD)

    assert sorted(tuple(entry[0] for entry in entries(mail)) for mail in mails) == [
        (visits[0].pk, visits[1].pk, *(visit.pk for visit in visits[3:])),
        (visits[2].pk,),
    ]


def test_a_mail_refused_for_now_tells_of_what_has_become_of_them(visits, dana, postbox, series):
    message = Message(kind="series_booked", series=series, client=series.client, version=6)
    message.due_at = message.needed_by = message.created_at = NOW
    message.save()
    ToldVisit.objects.create(
        message=message, appointment=visits[0], version=9, is_cancelled=False
    )  # written, and then not handed over

    (mail,) = sweep(postbox, NOW + HOLD)

    assert [entry[0] for entry in entries(mail)] == [visit.pk for visit in visits]
    assert list(message.told_visits.order_by("appointment__starts_at").values_list("version", flat=True)) == [1] * 6


def test_a_mail_about_visits_that_have_all_changed_says_why_it_is_not_needed(visits, dana):
    derive_due(NOW)
    message = Message.objects.get(kind="series_booked")
    move(visits[2], dana, NOW + minutes(1))

    assert why_not(message, NOW + HOLD) == "the visits have changed since"


def test_visits_that_change_while_their_mail_is_claimed_are_told_anew_and_nobody_is_called(
    visits, dana, postbox, monkeypatch
):
    derive_due(NOW)
    real = outbox.claim

    def claim_and_lose(*args, **more):
        batch = real(*args, **more)
        monkeypatch.setattr(outbox, "claim", real)
        move(visits[2], dana, NOW + HOLD)
        return batch

    monkeypatch.setattr(outbox, "claim", claim_and_lose)
    assert sweep(postbox, NOW + HOLD) == []

    assert Message.objects.get(kind="series_booked").state == "dropped"
    assert not Task.objects.filter(kind="call_client").exists()
    assert len(sweep(postbox, NOW + 2 * HOLD)) == 1


def test_a_preview_shows_the_list_and_mints_nothing(visits, practice, dana):
    derive_due(NOW)
    message = Message.objects.get(kind="series_booked")
    shown = compose(message, practice=practice, now=NOW, is_preview=True)
    cancel_this_and_later(fresh(visits[0]), reason="mistake", by=dana, at=NOW)
    later = compose(message, practice=practice, now=NOW, is_preview=True)

    assert [len(shown.listed), len(later.listed)] == [6, 6]
    assert "the-real-link" in shown.listed[0].link
    assert not ToldVisit.objects.exists()
    assert not visits[0].links.exists()


# --- whatever people do, in whatever order


class Mailbox:
    """What a client knows from the calendar files of their mails, and what was wrong about a mail when it came."""

    def __init__(self):
        self.entries, self.known, self.wrong = set(), {}, []

    def take(self, mail):
        for visit, sequence, status, start in entries(mail):
            if (visit, sequence) in self.entries:
                self.wrong.append(f"told twice of visit {visit} as it was")
            if status == "CANCELLED" and visit not in self.known:
                self.wrong.append(f"visit {visit}, of which nobody heard, is cancelled")
            self.entries.add((visit, sequence))
            self.known[visit] = (status, start)

    def untrue(self) -> list[str]:
        """Return what the client does not know, or knows wrongly, of the visits."""
        found = []
        for visit in Appointment.objects.all():
            known = self.known.get(visit.pk)
            if visit.is_cancelled:
                found += [f"{visit} still stands for the client"] if known and known[0] != "CANCELLED" else []
            elif known != ("CONFIRMED", visit.starts_at):
                found.append(f"{visit} is {known}")
        return found


def one_act(dice, visits, dana, at):
    """Do one thing that somebody at the desk, or the client by link, may do to one of the visits."""
    visit = fresh(dice.choice(visits))
    by = dice.choice([dana, dana, None])
    act = dice.choice(["move", "move", "cancel", "cancel later", "reopen", "reopen"])
    try:
        if act == "move":
            move(visit, by, at, to=visit.starts_at + dice.choice([-2, -1, 1, 2]) * DAY)
        elif act == "cancel":
            cancel_appointment(visit, reason="work", by=by, at=at)
        elif act == "cancel later":
            cancel_this_and_later(visit, reason="practice", by=dana, at=at)
        elif visit.is_cancelled:
            reopen_appointment(visit, by=dana, at=at)
    except Refused:
        pass


def a_life(seed, visits, dana, postbox) -> Mailbox:
    """Let people do twelve things within some minutes of each other, with sweeps between; then wait until all is told."""
    dice, at, mailbox = random.Random(seed), NOW, Mailbox()
    for _ in range(12):
        at += timedelta(seconds=dice.choice([0, 20, 90, 170, 240]))
        one_act(dice, visits, dana, at)
        for _ in range(dice.choice([0, 1, 2])):
            at += timedelta(seconds=dice.choice([0, 5, 60, 200]))
            for mail in sweep(postbox, at):
                mailbox.take(mail)
    for later in (minutes(4), minutes(8)):
        for mail in sweep(postbox, at + later):
            mailbox.take(mail)
    return mailbox


def test_each_visit_is_told_once_as_it_stands_whatever_people_do(visits, dana, postbox):
    lives, wrong = proof.size(quick=8, long=1000), {}
    for seed in range(lives):
        with rolled_back():
            mailbox = a_life(seed, visits, dana, postbox)
            if found := [*mailbox.wrong, *mailbox.untrue()]:
                wrong[seed] = found

    proof.keep("series_mails", lives=lives, wrong=len(wrong))
    assert wrong == {}
