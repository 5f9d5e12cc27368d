"""What calls for a mail, and what takes the need away."""

import smtplib
from datetime import timedelta

import pytest

from booking.appointments import cancel_appointment, move_appointment, reopen_appointment
from booking.undo import undo_last_act
from clients.consents import give_consent
from clients.models import Intake, Task
from practice import clock
from referrals.letters import enter_referrer, take_in_referral
from referrals.reports import send_report, write_report
from reminders.due import derive_due
from reminders.models import CheckIn, Message
from reminders.outbox import resend, send_due
from reminders.rules import change_rule
from tests.support.queries import assert_queries_do_not_grow
from tests.support.visits import make_session, make_visit, sign
from tests.world import NINE, NOW, TODAY, make_client

DAY = timedelta(days=1)
ALL = {"past", "notice", "hours", "room", "buffer", "closed"}


@pytest.fixture(autouse=True)
def mails_to_clients_only(mia):
    """Therapists hear of changes to their day in tests of their own."""
    change_rule("day_changed", hours=48, is_active=False, by=mia, at=NOW)


def move(visit, starts_at, dana):
    row = type(visit).objects.get(pk=visit.pk)
    move_appointment(row, starts_at=starts_at, by=dana, at=NOW, overrule=ALL)


def cancel(visit, dana):
    cancel_appointment(type(visit).objects.get(pk=visit.pk), reason="practice", by=dana, at=NOW)


def reopen(visit, dana):
    reopen_appointment(type(visit).objects.get(pk=visit.pk), by=dana, at=NOW)


def kinds():
    return sorted(Message.objects.values_list("kind", flat=True))


def test_derive_due_confirms_a_booking_once(visit):
    derive_due(NOW)
    derive_due(NOW)

    assert kinds() == ["booking_confirmation"]


def test_derive_due_sends_the_intake_link_and_again_when_asked(ada):
    intake = Intake.objects.create(client=ada, requested_at=NOW)
    derive_due(NOW)
    Intake.objects.filter(pk=intake.pk).update(mail_version=2)

    derive_due(NOW)

    assert list(Message.objects.order_by("pk").values_list("kind", "version")) == [
        ("intake_link", 1),
        ("intake_link", 2),
    ]


def test_derive_due_writes_nothing_to_people_who_want_no_mail(visit, ada):
    type(ada).objects.filter(pk=ada.pk).update(wants_no_mail=True)
    Intake.objects.create(client=ada, requested_at=NOW)

    derive_due(NOW)

    assert kinds() == []


def test_derive_due_tells_of_a_move_only_who_was_told_of_the_booking(visit):
    derive_due(NOW)
    Message.objects.update(state="sent")
    type(visit).objects.filter(pk=visit.pk).update(version=2)

    derive_due(NOW)

    assert kinds() == ["appointment_moved", "booking_confirmation"]


def test_derive_due_confirms_the_new_time_when_the_first_mail_never_left(visit):
    derive_due(NOW)
    type(visit).objects.filter(pk=visit.pk).update(version=2)
    Message.objects.update(state="dropped")

    derive_due(NOW)

    assert ("booking_confirmation", 2) in Message.objects.values_list("kind", "version")


def test_derive_due_takes_back_what_was_announced(visit):
    derive_due(NOW)
    Message.objects.update(state="sent")
    type(visit).objects.filter(pk=visit.pk).update(status="cancelled", version=2)

    derive_due(NOW)

    assert "appointment_cancelled" in kinds()


def test_derive_due_says_nothing_of_a_cancelled_visit_nobody_heard_of(visit):
    type(visit).objects.filter(pk=visit.pk).update(status="cancelled")

    derive_due(NOW)

    assert kinds() == []


def test_derive_due_follows_a_signed_session_up_after_24_hours(signed_session):
    derive_due(NOW)
    assert CheckIn.objects.get(step=1).due_at == NOW + DAY
    assert "check_in" not in kinds()

    derive_due(NOW + DAY)

    assert "check_in" in kinds()


def test_derive_due_follows_up_after_the_hours_the_owner_set(signed_session, mia):
    change_rule("check_in", hours=48, is_active=True, by=mia, at=NOW)

    derive_due(NOW)

    assert CheckIn.objects.get(step=1).due_at == NOW + 2 * DAY


def test_derive_due_follows_nobody_up_when_the_owner_switched_it_off(signed_session, mia):
    for rule in ("check_in", "second_check_in"):
        change_rule(rule, hours=24, is_active=False, by=mia, at=NOW)

    derive_due(NOW + DAY)

    assert not CheckIn.objects.exists()


def test_derive_due_asks_nobody_about_a_session_signed_long_ago(signed_session):
    derive_due(NOW + 8 * DAY)

    assert not CheckIn.objects.exists()


def test_derive_due_puts_a_client_without_mail_on_the_call_list(signed_session, ada):
    type(ada).objects.filter(pk=ada.pk).update(email="")

    derive_due(NOW + DAY)
    derive_due(NOW + DAY)

    assert (Task.objects.get().kind, Task.objects.get().why) == ("call_client", "Check-in after the visit")


def test_derive_due_alerts_the_therapist_of_an_open_alert(ada, visit):
    Task.objects.create(
        kind="screening_alert", for_role="therapist", client=ada, subject="intake 1", due_at=NOW, created_at=NOW
    )

    derive_due(NOW)

    assert "therapist_alert" in kinds()


@pytest.mark.parametrize("hours", [1, -1])
def test_step_watch_notices_a_jump_of_the_machines_clock(monkeypatch, hours):
    watch = clock.StepWatch()
    wall = clock.time.time
    monkeypatch.setattr(clock.time, "time", lambda: wall() + hours * 3600)

    assert watch.jump() == timedelta(hours=hours)
    assert watch.jump() == timedelta(0)


def test_a_visit_moved_twice_before_anything_left_is_confirmed_once_at_its_last_time(visit, dana, postbox):
    derive_due(NOW)
    move(visit, NINE + DAY, dana)
    derive_due(NOW)
    move(visit, NINE + 2 * DAY, dana)

    send_due(now=NOW, deliver=postbox)

    assert [mail.subject for mail in postbox.mails] == ["Your visit on Wednesday 25 November at 09:00 (GMT)"]


def test_a_visit_moved_twice_after_it_was_confirmed_is_told_once(visit, dana, postbox):
    send_due(now=NOW, deliver=postbox)
    move(visit, NINE + DAY, dana)
    derive_due(NOW)
    move(visit, NINE + 2 * DAY, dana)

    send_due(now=NOW, deliver=postbox)

    assert [mail.subject for mail in postbox.mails[1:]] == ["Your visit is now on Wednesday 25 November at 09:00 (GMT)"]


def test_a_visit_moved_back_before_its_mail_left_is_not_spoken_of(visit, dana, postbox):
    send_due(now=NOW, deliver=postbox)
    for starts_at in (NINE + DAY, NINE):
        move(visit, starts_at, dana)
        derive_due(NOW)

    send_due(now=NOW, deliver=postbox)

    assert len(postbox.mails) == 1
    assert Message.objects.get(version=3).why == "the client knows this time already"

    move(visit, NINE + DAY, dana)
    send_due(now=NOW, deliver=postbox)
    assert postbox.mails[-1].subject == "Your visit is now on Tuesday 24 November at 09:00 (GMT)"


def test_a_move_taken_back_after_its_mail_left_is_told(visit, dana, postbox):
    send_due(now=NOW, deliver=postbox)
    move(visit, NINE + DAY, dana)
    send_due(now=NOW, deliver=postbox)

    visit.refresh_from_db()
    undo_last_act(visit, version=visit.version, by=dana, at=NOW)
    send_due(now=NOW, deliver=postbox)

    assert [mail.subject.partition(" at")[0] for mail in postbox.mails] == [
        "Your visit on Monday 23 November",
        "Your visit is now on Tuesday 24 November",
        "Your visit is now on Monday 23 November",
    ]


def test_a_move_taken_back_before_its_mail_left_is_not_spoken_of(visit, dana, postbox):
    send_due(now=NOW, deliver=postbox)
    move(visit, NINE + DAY, dana)
    visit.refresh_from_db()
    undo_last_act(visit, version=visit.version, by=dana, at=NOW)

    send_due(now=NOW, deliver=postbox)

    assert len(postbox.mails) == 1


def test_a_booking_taken_back_before_its_mail_left_is_not_spoken_of(visit, dana, postbox):
    type(visit).objects.filter(pk=visit.pk).update(booked_by=dana)
    visit.refresh_from_db()
    derive_due(NOW)
    undo_last_act(visit, version=visit.version, by=dana, at=NOW)

    send_due(now=NOW, deliver=postbox)

    assert postbox.mails == []


def test_a_new_length_is_no_reason_for_a_mail(visit, dana, postbox):
    send_due(now=NOW, deliver=postbox)
    row = type(visit).objects.get(pk=visit.pk)
    move_appointment(row, starts_at=NINE, duration=timedelta(minutes=75), by=dana, at=NOW)

    send_due(now=NOW, deliver=postbox)

    assert len(postbox.mails) == 1


def test_a_visit_cancelled_reopened_moved_and_moved_back_is_told_at_last(visit, dana, postbox):
    send_due(now=NOW, deliver=postbox)
    cancel(visit, dana)
    send_due(now=NOW, deliver=postbox)
    reopen(visit, dana)
    for starts_at in (NINE + DAY, NINE):
        move(visit, starts_at, dana)

    send_due(now=NOW, deliver=postbox)

    assert len(postbox.mails) == 3


def test_each_cancelling_and_reopening_is_told(visit, dana, postbox):
    send_due(now=NOW, deliver=postbox)
    for act in (cancel, reopen, cancel):
        act(visit, dana)
        send_due(now=NOW, deliver=postbox)

    assert [mail.subject.removeprefix("Your visit ").split(" Monday")[0] for mail in postbox.mails] == [
        "on",
        "on",
        "is now on",
        "on",
    ]
    assert [mail.subject.endswith("is cancelled") for mail in postbox.mails] == [False, True, False, True]


def test_a_confirmation_that_perhaps_arrived_is_taken_back(visit, dana, postbox, monkeypatch):
    postbox.refuse = smtplib.SMTPServerDisconnected()
    send_due(now=NOW, deliver=postbox)
    cancel(visit, dana)
    postbox.refuse = None
    later = clock.machine_now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "machine_now", lambda: later)

    for _ in range(2):
        send_due(now=NOW, deliver=postbox)

    assert [mail.subject for mail in postbox.mails] == ["Your visit on Monday 23 November at 09:00 (GMT) is cancelled"]


def test_a_confirmation_that_is_about_to_be_sent_again_is_taken_back(visit, dana, olga, postbox):
    send_due(now=NOW, deliver=postbox)
    resend(Message.objects.get(), by=olga, at=NOW)
    cancel(visit, dana)

    for _ in range(2):
        send_due(now=NOW, deliver=postbox)

    assert [mail.subject.endswith("is cancelled") for mail in postbox.mails] == [False, True]


def test_an_intake_answered_before_its_mail_left_is_not_asked_for(ada, postbox):
    intake = Intake.objects.create(client=ada, requested_at=NOW)
    derive_due(NOW)
    Intake.objects.filter(pk=intake.pk).update(submitted_at=NOW)

    send_due(now=NOW, deliver=postbox)

    assert (postbox.mails, Message.objects.get().why) == ([], "the questions are answered")


def given(visit, starts_at):
    """Let the visit have been at that time; its chart may be opened and signed days later."""
    visit.starts_at, visit.ends_at = starts_at, starts_at + timedelta(hours=1)
    visit.save()
    return visit


@pytest.mark.parametrize(("days", "due_at"), [(0, NOW + DAY), (0.5, NOW + DAY / 2), (3, NOW)])
def test_the_check_in_is_due_a_day_after_the_visit_however_late_it_is_signed(visit, days, due_at):
    sign(make_session(given(visit, NOW - days * DAY), started_at=NOW))

    derive_due(NOW)

    assert CheckIn.objects.get(step=1).due_at == due_at


def test_nobody_is_asked_about_a_visit_of_last_month_that_was_signed_today(visit):
    sign(make_session(given(visit, NOW - 30 * DAY), started_at=NOW))

    derive_due(NOW)

    assert not CheckIn.objects.exists()


def test_the_check_in_survives_a_jump_of_the_demos_clock_by_a_week(signed_session):
    derive_due(NOW)

    derive_due(NOW + 7 * DAY)

    assert "check_in" in kinds()


def test_clients_without_mail_cost_no_query_once_they_are_on_the_call_list(mia, massage):
    numbers = iter(range(1, 100))

    def grow():
        for number in (next(numbers) for _ in range(5)):
            person = make_client("Ben", f"No{number}", email="")
            sign(make_session(make_visit(person, mia, massage, starts_at=NOW - DAY - number * DAY / 20)), number)
        derive_due(NOW)

    grow()
    assert_queries_do_not_grow(act=lambda: derive_due(NOW), grow=grow)
    assert Task.objects.count() == 10


def test_derive_due_counts_what_it_made(visit, ada):
    Intake.objects.create(client=ada, requested_at=NOW)

    assert (derive_due(NOW), derive_due(NOW)) == (2, 0)


@pytest.fixture
def referrer(dana):
    return enter_referrer(
        name="Dr. Nora Lind",
        profession="chiropractor",
        organisation="",
        email="nora@spine.example",
        phone="",
        by=dana,
        at=NOW,
    )


@pytest.fixture
def report(signed_session, referrer, dana, mia):
    ada = signed_session.client
    share(ada, True)
    referral = take_in_referral(
        referrer=referrer, client=ada, received_on=TODAY, question="?", by=dana, at=NOW, today=TODAY
    )
    return send_report(write_report(referral, message="", by=mia, at=NOW), by=mia, at=NOW)


def share(client, is_given):
    scope, name = "share_with_referrer", "Ada Müller"
    give_consent(client=client, scope=scope, is_given=is_given, signed_name=name, is_by_guardian=False, at=NOW)


def test_a_sent_report_calls_for_a_mail_to_the_referrer(report, postbox):
    send_due(now=NOW, deliver=postbox)

    told = [mail.to[0] for mail in postbox.mails if mail.subject == "A report from Elm Street Massage"]
    assert told == ["nora@spine.example"]


def test_a_report_whose_consent_is_taken_back_is_not_mailed(report, postbox):
    derive_due(NOW)
    share(report.client, False)

    send_due(now=NOW, deliver=postbox)

    assert not [mail for mail in postbox.mails if "report" in mail.subject]
    assert Message.objects.get(report=report).why == "the client has taken the agreement back"


def test_a_referrer_without_mail_gets_none_and_no_old_report_when_an_address_is_added_later(report, referrer, postbox):
    type(referrer).objects.update(email="")
    derive_due(NOW)
    assert "report_ready" not in kinds()
    type(referrer).objects.update(email="nora@spine.example")

    derive_due(NOW + 60 * DAY)

    assert "report_ready" not in kinds()
