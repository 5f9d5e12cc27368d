"""Mails that nobody asked for: reminders, open questions, missed visits, coming again. Each once, at its hour, or not at all."""

from datetime import UTC, datetime, timedelta

import pytest

from booking.appointments import confirm_appointment, mark_no_show, move_appointment
from booking.models import Appointment
from clients.models import Intake, Task
from protocols.models import Exercise, Phase, Protocol, TreatmentPlan
from reminders.due import derive_due
from reminders.models import Message
from reminders.outbox import send_due
from reminders.rules import change_rule, choose_mail
from sessions.models import TreatmentSession
from tests.support.visits import make_screening, make_session, make_visit, sign
from tests.world import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUESDAY = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)  # the visit, eight days after it was booked
ALL = {"past", "notice", "hours", "room", "buffer", "closed"}


@pytest.fixture
def visit(ada, mia, massage, green_room):
    """Ada with Mia on Tuesday, and Ada has the confirmation."""
    row = make_visit(ada, mia, massage, green_room, starts_at=TUESDAY)
    all_told(NOW)
    return row


def all_told(at):
    """Let everything that is due at `at` have left."""
    derive_due(at)
    Message.objects.filter(state="due").update(state="sent", sent_at=at, handoffs=1)


def made(kind, at):
    """Sweep at `at` without sending; return how many mails of the kind there are."""
    derive_due(at)
    return Message.objects.filter(kind=kind).count()


def left(postbox, at):
    """Send what is due at `at`; return the subjects of what left."""
    before = len(postbox.mails)
    send_due(now=at, deliver=postbox)
    return [mail.subject for mail in postbox.mails[before:]]


# --- a visit comes near


@pytest.mark.parametrize(("kind", "hours"), [("first_reminder", 48), ("second_reminder", 24)])
def test_a_reminder_comes_at_its_minute_and_once(visit, kind, hours):
    due_at = TUESDAY - timedelta(hours=hours)
    all_told(due_at - DAY)

    assert made(kind, due_at - timedelta(minutes=1)) == 0
    assert made(kind, due_at) == 1
    assert made(kind, due_at + HOUR) == 1
    assert Message.objects.get(kind=kind).due_at == due_at


def test_a_reminder_keeps_the_clock_on_the_wall_over_a_change_of_the_clocks(ada, mia, massage):
    visit = make_visit(ada, mia, massage, starts_at=datetime(2027, 3, 29, 9, 0, tzinfo=UTC))  # 10:00 in summer time
    all_told(NOW)

    derive_due(datetime(2027, 3, 27, 10, 0, tzinfo=UTC))

    assert Message.objects.get(kind="first_reminder").due_at == datetime(2027, 3, 27, 10, 0, tzinfo=UTC)
    assert visit.starts_at - Message.objects.get(kind="first_reminder").due_at == timedelta(hours=47)


def test_the_second_reminder_is_for_those_who_have_not_confirmed(visit, dana):
    confirm_appointment(visit, by=dana, at=NOW)

    assert made("second_reminder", TUESDAY - DAY) == 0
    assert made("first_reminder", TUESDAY - DAY) == 0


def test_a_second_reminder_is_dropped_if_the_client_confirms_before_it_leaves(visit, dana, postbox):
    derive_due(TUESDAY - DAY)
    confirm_appointment(visit, by=dana, at=TUESDAY - DAY)
    send_due(now=TUESDAY - DAY, deliver=postbox)

    assert Message.objects.get(kind="second_reminder").why == "the client has confirmed"


@pytest.mark.parametrize(
    ("ahead", "kinds"),
    [
        (49, ["first_reminder", "second_reminder"]),
        (48.05, ["second_reminder"]),
        (47, ["second_reminder"]),
        (24.9, []),
        (23, []),
    ],
)
def test_a_late_booking_gets_no_reminder_of_before_it_was_made(visit, postbox, ahead, kinds):
    Appointment.objects.update(booked_at=TUESDAY - timedelta(hours=ahead))
    for hour in range(48, 0, -1):
        send_due(now=TUESDAY - timedelta(hours=hour) + timedelta(minutes=1), deliver=postbox)

    reminders = Message.objects.filter(kind__endswith="_reminder").order_by("due_at")
    assert list(reminders.values_list("kind", flat=True)) == kinds


def test_a_visit_that_moves_is_reminded_of_where_it_stands(visit, dana, postbox):
    left(postbox, TUESDAY - 2 * DAY)
    move_appointment(visit, starts_at=TUESDAY + 7 * DAY, by=dana, at=TUESDAY - 2 * DAY + HOUR, overrule=ALL)

    assert left(postbox, TUESDAY - DAY) == ["Your visit is now on Tuesday 8 December at 14:00 (GMT)"]
    assert left(postbox, TUESDAY + 5 * DAY) == ["Reminder: your visit on Tuesday 8 December at 14:00 (GMT)"]


def test_a_visit_moved_to_tomorrow_gets_no_reminder_on_top_of_the_mail_about_the_move(visit, dana, postbox):
    left(postbox, NOW)
    move_appointment(visit, starts_at=NOW + DAY, by=dana, at=NOW + HOUR, overrule=ALL)

    assert left(postbox, NOW + HOUR) == ["Your visit is now on Tuesday 24 November at 08:00 (GMT)"]
    assert left(postbox, NOW + 5 * HOUR) == []


def test_after_an_outage_only_the_newest_reminder_goes(visit):
    derive_due(TUESDAY - 20 * HOUR)

    assert [row.kind for row in Message.objects.exclude(kind="booking_confirmation")] == ["second_reminder"]


def test_a_first_reminder_that_waited_until_the_second_is_dropped(visit, postbox):
    derive_due(TUESDAY - 2 * DAY)
    send_due(now=TUESDAY - DAY, deliver=postbox)

    assert Message.objects.get(kind="first_reminder").why == "a later reminder says the same"


@pytest.mark.parametrize("status", ["cancelled", "no_show", "arrived", "held"])
def test_nobody_is_reminded_of_a_visit_that_does_not_stand(visit, status):
    held_until = TUESDAY if status == "held" else None
    Appointment.objects.update(status=status, held_until=held_until)

    assert made("first_reminder", TUESDAY - 2 * DAY) == 0


def test_a_reminder_is_not_due_at_night_but_when_quiet_hours_end(ada, mia, massage):
    make_visit(ada, mia, massage, starts_at=datetime(2026, 12, 1, 7, 0, tzinfo=UTC))
    all_told(NOW)

    assert made("first_reminder", datetime(2026, 11, 29, 7, 59, tzinfo=UTC)) == 0
    assert made("first_reminder", datetime(2026, 11, 29, 8, 0, tzinfo=UTC)) == 1


def test_the_owner_changes_the_hours_and_switches_a_reminder_off(visit, olga):
    change_rule("first_reminder", hours=72, is_active=True, by=olga, at=NOW)
    change_rule("second_reminder", hours=24, is_active=False, by=olga, at=NOW)

    assert made("first_reminder", TUESDAY - 3 * DAY) == 1
    assert made("second_reminder", TUESDAY - DAY) == 0


def test_a_reminder_that_waits_is_dropped_when_the_owner_switches_it_off(visit, olga, postbox):
    derive_due(TUESDAY - 2 * DAY)
    change_rule("first_reminder", hours=48, is_active=False, by=olga, at=NOW)
    send_due(now=TUESDAY - 2 * DAY, deliver=postbox)

    assert Message.objects.get(kind="first_reminder").why == "the owner switched these mails off"


def test_who_stopped_reminders_gets_none_and_still_hears_of_a_move(visit, ada, dana, postbox):
    left(postbox, NOW)
    choose_mail(client=ada, topic="reminders", is_wanted=False, at=NOW)
    assert made("first_reminder", TUESDAY - 2 * DAY) == 0

    move_appointment(visit, starts_at=TUESDAY + HOUR, by=dana, at=TUESDAY - 2 * DAY, overrule=ALL)

    assert "Your visit is now on Tuesday 1 December at 15:00 (GMT)" in left(postbox, TUESDAY - 2 * DAY)


def test_who_stopped_reminders_stops_nobody_elses(visit, ada, ben, mia, massage):
    make_visit(ben, mia, massage, starts_at=TUESDAY + 2 * HOUR)
    all_told(NOW)
    choose_mail(client=ada, topic="reminders", is_wanted=False, at=NOW)
    derive_due(TUESDAY - DAY + 3 * HOUR)

    assert [message.client for message in Message.objects.filter(kind="second_reminder")] == [ben]


def test_who_stopped_reminders_and_wants_them_again_gets_them(visit, ada):
    choose_mail(client=ada, topic="reminders", is_wanted=False, at=NOW)
    choose_mail(client=ada, topic="reminders", is_wanted=True, at=NOW + HOUR)

    assert made("first_reminder", TUESDAY - 2 * DAY) == 1


# --- clients without mail are called


@pytest.fixture
def without_mail(ada):
    type(ada).objects.filter(pk=ada.pk).update(email="")


def calls():
    return [task.why for task in Task.objects.open().filter(kind="call_client")]


def test_who_gets_no_mail_is_called_when_the_second_reminder_is_due(visit, without_mail):
    derive_due(TUESDAY - DAY - HOUR)
    assert calls() == []

    derive_due(TUESDAY - DAY)
    derive_due(TUESDAY - DAY)

    assert calls() == ["Remind of the visit"]
    assert not Message.objects.exclude(kind="booking_confirmation").exists()


@pytest.mark.parametrize("happens", [{"status": "confirmed"}, {"status": "cancelled"}, {"version": 2}])
def test_the_call_is_not_asked_for_any_more_once_the_visit_changed(visit, without_mail, happens):
    derive_due(TUESDAY - DAY)
    Appointment.objects.update(**happens, booked_at=TUESDAY - 2 * HOUR)

    derive_due(TUESDAY - HOUR)

    assert calls() == []


def test_the_call_is_not_asked_for_any_more_once_the_visit_began(visit, without_mail):
    derive_due(TUESDAY - DAY)
    derive_due(TUESDAY)

    assert calls() == []


# --- questions are open


@pytest.fixture
def intake(ada):
    return Intake.objects.create(client=ada, requested_at=NOW)


def test_open_questions_are_asked_once_more_before_the_visit(visit, intake, postbox):
    left(postbox, NOW)

    assert left(postbox, TUESDAY - 73 * HOUR) == []
    assert left(postbox, TUESDAY - 72 * HOUR) == ["Still open before your visit on Tuesday 1 December at 14:00 (GMT)"]
    assert "Still open before" not in " ".join(left(postbox, TUESDAY - 71 * HOUR))


def test_open_questions_are_asked_once_more_without_a_visit(intake, postbox):
    left(postbox, NOW)

    assert left(postbox, NOW + 71 * HOUR) == []
    assert left(postbox, NOW + 72 * HOUR) == ["Still open: a few questions from Elm Street Massage"]


def test_open_questions_are_asked_once_more_before_a_visit_booked_long_ahead(ada, mia, massage, intake, postbox):
    make_visit(ada, mia, massage, starts_at=NOW + 30 * DAY)
    left(postbox, NOW)

    assert made("intake_reminder", NOW + 27 * DAY - HOUR) == 0
    assert made("intake_reminder", NOW + 27 * DAY) == 1


def test_open_questions_without_a_visit_are_asked_once_more_after_as_long_as_may_be_and_not_later(
    intake, olga, postbox
):
    change_rule("intake_reminder", hours=336, is_active=True, by=olga, at=NOW)
    left(postbox, NOW)

    assert made("intake_reminder", NOW + 21 * DAY) == 0  # no mail left for a week
    assert made("intake_reminder", NOW + 14 * DAY) == 1


def test_questions_are_not_asked_twice_within_a_day(ada, mia, massage, intake, postbox):
    make_visit(ada, mia, massage, starts_at=NOW + 30 * HOUR)
    left(postbox, NOW)

    assert made("intake_reminder", NOW + 23 * HOUR) == 0
    assert made("intake_reminder", NOW + 24 * HOUR) == 1


def test_answered_questions_are_not_asked_again(visit, intake, postbox):
    left(postbox, NOW)
    derive_due(TUESDAY - 72 * HOUR)
    Intake.objects.update(submitted_at=NOW)
    send_due(now=TUESDAY - 72 * HOUR, deliver=postbox)

    assert Message.objects.get(kind="intake_reminder").why == "the questions are answered"


# --- somebody did not come


@pytest.fixture
def missed(visit, dana):
    return mark_no_show(visit, by=dana, at=TUESDAY + HOUR / 2)


def test_who_did_not_come_is_written_to_after_two_hours_and_once(missed, postbox):
    assert left(postbox, TUESDAY + HOUR) == []
    assert left(postbox, TUESDAY + 2 * HOUR) == ["We missed you on Tuesday 1 December at 14:00 (GMT)"]
    assert left(postbox, TUESDAY + 3 * HOUR) == []


def test_who_did_not_come_but_booked_again_is_not_written_to(missed, ada, mia, massage):
    make_visit(ada, mia, massage, starts_at=TUESDAY + 7 * DAY)

    assert made("no_show", TUESDAY + 2 * HOUR) == 0


@pytest.mark.parametrize("is_derived_before", [False, True])
def test_who_did_not_come_but_came_later_that_day_is_not_written_to(
    missed, ada, mia, massage, postbox, is_derived_before
):
    if is_derived_before:
        derive_due(TUESDAY + 2 * HOUR)
    make_visit(ada, mia, massage, starts_at=TUESDAY + 1.5 * HOUR, status="arrived")

    assert left(postbox, TUESDAY + 2 * HOUR) == []
    assert list(Message.objects.filter(kind="no_show").values_list("why", flat=True)) == (
        ["the client has come again since"] if is_derived_before else []
    )


def test_whom_a_therapist_must_speak_to_first_is_not_asked_to_choose_a_new_time(missed, ada):
    make_screening(ada, triage="emergency")

    assert made("no_show", TUESDAY + 2 * HOUR) == 0


def test_a_no_show_marked_a_week_late_is_not_written_to(visit, dana):
    mark_no_show(visit, by=dana, at=TUESDAY + 8 * DAY)

    assert made("no_show", TUESDAY + 8 * DAY) == 0


def test_a_no_show_taken_back_is_not_written_to(missed, postbox):
    derive_due(TUESDAY + 2 * HOUR)
    Appointment.objects.update(status="arrived")
    send_due(now=TUESDAY + 2 * HOUR, deliver=postbox)

    assert Message.objects.get(kind="no_show").why == "the client came after all"


# --- a check-in nobody answered


def signed_when_over(visit):
    session = make_session(visit)
    signature = {"signed_by": visit.therapist, "signed_as": "Mia Berg, LMT 4711", "chain_position": 1}
    TreatmentSession.objects.filter(pk=session.pk).update(signed_at=visit.ends_at, **signature)


def test_a_check_in_is_asked_once_more_after_two_days_unless_the_second_asks_the_same(visit, olga, postbox):
    change_rule("second_check_in", hours=96, is_active=True, by=olga, at=NOW)
    signed_when_over(visit)
    left(postbox, TUESDAY + DAY)

    assert made("check_in_nudge", TUESDAY + 3 * DAY - HOUR) == 0
    assert made("check_in_nudge", TUESDAY + 3 * DAY) == 1
    left(postbox, TUESDAY + 4 * DAY)
    assert made("check_in_nudge", TUESDAY + 6 * DAY) == 1


def test_where_clocks_go_back_nobody_is_asked_once_more_an_hour_before_the_second_check_in(ada, mia, massage, postbox):
    """They go back on Sunday 31 October 2027 in London: two days are 49 hours then."""
    thursday = datetime(2027, 10, 28, 9, 0, tzinfo=UTC)  # ten o'clock
    signed_when_over(make_visit(ada, mia, massage, starts_at=thursday, status="arrived"))
    left(postbox, thursday + DAY)

    assert made("check_in_nudge", thursday + 3 * DAY) == 0
    left(postbox, thursday + 3 * DAY + HOUR)
    assert made("check_in_nudge", thursday + 3 * DAY + HOUR) == 0
    assert list(Message.objects.filter(kind="check_in").values_list("state", flat=True)) == ["sent", "sent"]


# --- it is time to come again


@pytest.fixture
def came(visit):
    """Ada was treated on Tuesday; her screening says go."""
    Appointment.objects.update(status="arrived")
    return sign(make_session(visit))


def test_who_has_not_come_for_a_month_is_invited_twice_and_then_called(came, postbox):
    subject = "Elm Street Massage: would you like to come again?"
    told = {
        day: [each for each in left(postbox, TUESDAY + day * DAY) if each == subject]
        for day in (29, 30, 31, 59, 60, 61, 89)
    }

    assert told == {29: [], 30: [subject], 31: [], 59: [], 60: [subject], 61: [], 89: []}
    assert calls() == []
    left(postbox, TUESDAY + 90 * DAY)
    assert calls() == ["Invite to come again"]


def test_who_gets_no_mail_is_called_after_a_month(came, without_mail):
    derive_due(TUESDAY + 30 * DAY)

    assert "Invite to come again" in calls()


@pytest.mark.parametrize("why", ["booked", "came", "closed", "stopped", "unwanted", "off"])
def test_nobody_is_invited_who(came, ada, mia, olga, massage, why):
    if why == "booked":
        make_visit(ada, mia, massage, starts_at=TUESDAY + 40 * DAY)
    elif why == "came":
        make_visit(ada, mia, massage, starts_at=TUESDAY + 10 * DAY, status="arrived")
    elif why == "closed":
        make_plan(came, mia, closed_at=TUESDAY + DAY, closed_by=mia)
    elif why == "stopped":
        make_screening(ada, triage="urgent_referral", supersedes=came.screening)
    elif why == "unwanted":
        choose_mail(client=ada, topic="recall", is_wanted=False, at=NOW)
    else:
        change_rule("recall", hours=720, is_active=False, by=olga, at=NOW)

    assert made("recall", TUESDAY + 30 * DAY) == 0


def test_a_visit_missed_since_does_not_count_as_coming(came, ada, mia, massage):
    make_visit(ada, mia, massage, starts_at=TUESDAY + 10 * DAY, status="no_show")

    assert made("recall", TUESDAY + 30 * DAY) == 1


def test_an_invitation_is_dropped_if_something_is_booked_before_it_leaves(came, ada, mia, massage, postbox):
    derive_due(TUESDAY + 30 * DAY)
    make_visit(ada, mia, massage, starts_at=TUESDAY + 40 * DAY)
    send_due(now=TUESDAY + 30 * DAY, deliver=postbox)

    assert Message.objects.get(kind="recall").why == "something else is booked"


def test_fewer_hours_do_not_invite_twice_within_a_week(came, olga, postbox):
    left(postbox, TUESDAY + 30 * DAY)
    change_rule("recall", hours=15 * 24, is_active=True, by=olga, at=TUESDAY + 30 * DAY)

    assert made("recall", TUESDAY + 30 * DAY + HOUR) == 1
    assert made("recall", TUESDAY + 37 * DAY - HOUR) == 1


def test_who_was_never_invited_is_not_put_on_the_call_list_as_one_who_did_not_answer(came):
    derive_due(TUESDAY + 90 * DAY)

    assert calls() == []


def test_where_recall_begins_nobody_hears_of_a_visit_long_ago(came):
    assert made("recall", TUESDAY + 45 * DAY) == 0


# --- during a plan


def make_plan(session, therapist, **fields):
    protocol = Protocol.objects.create(key="course", name="Course", source="x", evidence_grade="low", planned_visits=6)
    phase = Phase.objects.create(
        protocol=protocol,
        key="one",
        position=1,
        name="One",
        first_visit=1,
        last_visit=6,
        frequency="weekly",
        days_between=7,
        session_minutes=60,
    )
    phase.exercises.add(Exercise.objects.create(key="bridge", name="Bridge", source="x", dose="10", stop_rule="stop"))
    return TreatmentPlan.objects.create(
        client=session.client,
        therapist=therapist,
        protocol=protocol,
        screening=session.screening,
        side="left",
        planned_visits=6,
        goal="Walk",
        started_at=NOW,
        **fields,
    )


@pytest.fixture
def under_a_plan(visit, mia):
    Appointment.objects.update(status="arrived")
    draft = make_session(visit)
    draft.plan = make_plan(draft, mia)
    draft.save()
    return sign(draft)


def test_the_home_programme_comes_two_days_after_the_visit_and_once_a_week_at_most(under_a_plan, ada, mia, massage):
    assert made("home_programme", TUESDAY + 2 * DAY - HOUR) == 0
    assert made("home_programme", TUESDAY + 2 * DAY) == 1

    again = make_visit(ada, mia, massage, starts_at=TUESDAY + 3 * DAY, status="arrived")
    sign(make_session(again, plan=under_a_plan.plan, screening=under_a_plan.screening), position=2)

    assert made("home_programme", TUESDAY + 5 * DAY) == 1
    assert made("home_programme", TUESDAY + 9 * DAY + HOUR) == 2


@pytest.mark.parametrize("why", ["closed", "nothing", "stopped", "unwanted"])
def test_no_home_programme_is_sent_when(under_a_plan, ada, mia, why):
    plan = under_a_plan.plan
    if why == "closed":
        TreatmentPlan.objects.update(closed_at=TUESDAY, closed_by=mia)
    elif why == "nothing":
        plan.protocol.phases.get().exercises.clear()
    elif why == "stopped":
        make_screening(ada, triage="urgent_referral", supersedes=under_a_plan.screening)
    else:
        choose_mail(client=ada, topic="follow_up", is_wanted=False, at=NOW)

    assert made("home_programme", TUESDAY + 2 * DAY) == 0


def test_who_is_to_be_measured_again_and_has_nothing_booked_is_invited(
    under_a_plan, ada, mia, massage, knowledge_of_due
):
    assert made("reassessment", TUESDAY + 7 * DAY - HOUR) == 0
    assert made("reassessment", TUESDAY + 7 * DAY) == 1
    assert made("reassessment", TUESDAY + 8 * DAY) == 1


def test_who_has_something_booked_is_measured_there(under_a_plan, ada, mia, massage, knowledge_of_due):
    make_visit(ada, mia, massage, starts_at=TUESDAY + 9 * DAY)

    assert made("reassessment", TUESDAY + 7 * DAY) == 0


@pytest.mark.parametrize("is_derived_before", [False, True])
def test_who_comes_every_week_is_not_invited_to_be_measured_while_their_next_visit_begins(
    under_a_plan, ada, mia, massage, knowledge_of_due, postbox, is_derived_before
):
    if is_derived_before:
        derive_due(TUESDAY + 7 * DAY)
    make_visit(ada, mia, massage, starts_at=TUESDAY + 7 * DAY, status="arrived")

    left(postbox, TUESDAY + 7 * DAY)

    assert list(Message.objects.filter(kind="reassessment").values_list("why", flat=True)) == (
        ["the client has come again since"] if is_derived_before else []
    )


def test_nobody_is_invited_to_be_measured_when_nothing_is_due(under_a_plan, monkeypatch):
    monkeypatch.setattr("reminders.due.reminding.measures_of", lambda *a, **k: type("None", (), {"due": ()}))

    assert made("reassessment", TUESDAY + 7 * DAY) == 0


@pytest.fixture
def knowledge_of_due(monkeypatch):
    """Something is due of everybody."""
    monkeypatch.setattr("reminders.due.reminding.measures_of", lambda *a, **k: type("Due", (), {"due": ("odi",)}))


# --- two mails at once


def test_a_second_reminder_brought_forward_does_not_come_on_the_heels_of_the_first(visit, olga, postbox):
    left(postbox, NOW)
    left(postbox, TUESDAY - 2 * DAY)
    change_rule("second_reminder", hours=72, is_active=True, by=olga, at=TUESDAY - 2 * DAY)
    change_rule("first_reminder", hours=96, is_active=True, by=olga, at=TUESDAY - 2 * DAY)

    assert left(postbox, TUESDAY - 2 * DAY + HOUR) == []
    assert left(postbox, TUESDAY - 2 * DAY + 19 * HOUR) == [
        "Please confirm your visit on Tuesday 1 December at 14:00 (GMT)"
    ]


def test_after_an_outage_word_of_a_move_comes_alone_and_the_reminder_later(visit, dana, postbox):
    left(postbox, NOW)
    move_appointment(visit, starts_at=TUESDAY + HOUR, by=dana, at=TUESDAY - 3 * DAY, overrule=ALL)

    back = TUESDAY - 27 * HOUR
    assert left(postbox, back) == ["Your visit is now on Tuesday 1 December at 15:00 (GMT)"]
    assert left(postbox, back + HOUR / 2) == []
    assert left(postbox, back + HOUR + timedelta(minutes=1)) == [
        "Reminder: your visit on Tuesday 1 December at 15:00 (GMT)"
    ]


def test_a_rule_that_stumbles_stops_no_other(visit, monkeypatch, caplog):
    def stumble(*_args):
        raise ValueError

    monkeypatch.setattr("reminders.due.reminding.no_shows", stumble)

    assert made("first_reminder", TUESDAY - 2 * DAY) == 1
    assert "could not be followed (ValueError)" in caplog.text
