"""What calls for a mail, and what takes the need away."""

from datetime import timedelta

import pytest

from clients.models import Intake, Task
from practice import clock
from reminders.due import derive_due
from reminders.models import CheckIn, Message, ReminderRule
from tests.world import NOW

DAY = timedelta(days=1)


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
    assert CheckIn.objects.get().due_at == NOW + DAY
    assert "check_in" not in kinds()

    derive_due(NOW + DAY)

    assert "check_in" in kinds()


def test_derive_due_follows_up_after_the_hours_the_owner_set(signed_session):
    ReminderRule.objects.create(kind="check_in", offset_hours=48)

    derive_due(NOW)

    assert CheckIn.objects.get().due_at == NOW + 2 * DAY


def test_derive_due_follows_nobody_up_when_the_owner_switched_it_off(signed_session):
    ReminderRule.objects.create(kind="check_in", offset_hours=24, is_active=False)

    derive_due(NOW + DAY)

    assert not CheckIn.objects.exists()


def test_derive_due_asks_nobody_about_a_session_signed_long_ago(signed_session):
    derive_due(NOW + 8 * DAY)

    assert not CheckIn.objects.exists()


def test_derive_due_puts_a_client_without_mail_on_the_call_list(signed_session, ada):
    type(ada).objects.filter(pk=ada.pk).update(email="")

    derive_due(NOW + DAY)
    derive_due(NOW + DAY)

    assert Task.objects.get().kind == "call_client"


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
