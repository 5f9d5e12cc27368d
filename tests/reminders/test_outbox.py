"""The outbox under ordinary days, refusals, doubt and crashes."""

import os
import signal
import smtplib
import threading
from datetime import timedelta

import pytest
from celery.signals import worker_shutting_down
from django.conf import settings
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend as LocmemBackend
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from booking.models import AppointmentLink
from booking.online import invite_to_book
from clients.care import take_on
from clients.models import Intake, Task
from clients.records import update_client
from clients.todo import finish_task
from config.celery import app
from practice import clock
from practice.models import AuditEvent, Practice
from practice.staff import give_cover
from reminders import outbox, tasks
from reminders.due import WHY_NOT, check_ins, derive_due
from reminders.mail_server import take_slot
from reminders.models import CheckIn, Message
from reminders.outbox import Refusal, ServerAway, SmtpDelivery, send_due
from tests.world import NINE, NOW, make_client, make_staff, minutes


@pytest.fixture
def machine(monkeypatch):
    """The machine's own clock, for leases; the demo's may move without it."""

    class Machine:
        at = NOW

    monkeypatch.setattr(clock, "machine_now", lambda: Machine.at)
    return Machine


def test_send_due_sends_once_and_records_it(visit, postbox):
    first = send_due(now=NOW, deliver=postbox)
    second = send_due(now=NOW, deliver=postbox)

    message = Message.objects.get()
    assert (first.sent, second.sent, message.state, message.sent_at) == (1, 0, "sent", NOW)
    assert postbox.mails[0].to == ["ada.muller@mail.example"] or postbox.mails[0].to == [visit.client.email]
    assert AuditEvent.objects.filter(action="message.sent", target_id=message.pk, actor="system").exists()


def test_send_due_mints_the_link_at_hand_off_and_stores_only_its_hash(visit, postbox):
    derive_due(NOW)
    assert not AppointmentLink.objects.exists()

    send_due(now=NOW, deliver=postbox)

    link = AppointmentLink.objects.get()
    token = postbox.mails[0].body.split("/booking/open/")[1].split("/")[0]
    assert link.expires_at == visit.starts_at
    assert token not in link.token_hash
    assert AppointmentLink.objects.opened_by(token, now=NOW) == link


def test_a_mail_in_doubt_keeps_its_message_id_when_the_server_asks_to_try_later(visit, machine):
    answers, ids = [TimeoutError(), Refusal(is_final=False), None], []

    def deliver(mail):
        ids.append(mail.extra_headers["Message-ID"])
        if answer := answers.pop(0):
            raise answer

    for at in (NOW, NOW + minutes(10), NOW + minutes(20)):
        machine.at = at
        send_due(now=at, deliver=deliver)

    assert Message.objects.get().state == "sent"
    assert len(ids) == 3 and len(set(ids)) == 1


def test_a_clock_that_is_put_back_keeps_no_mail_under_a_lease_of_another_day(visit, machine, postbox):
    derive_due(NOW)
    machine.at = NOW + minutes(24 * 60)
    outbox.claim_one(NOW, outbox.Sweep())  # and its worker dies

    machine.at = NOW + minutes(1)
    send_due(now=NOW + minutes(1), deliver=postbox)

    assert len(postbox.mails) == 1


@pytest.mark.parametrize("may_judge", [0, 1])
def test_a_mail_nobody_can_judge_fails_and_stops_no_other(visit, postbox, monkeypatch, may_judge):
    """It is judged when it is claimed, and again just before it leaves."""
    Intake.objects.create(client=make_client("Cleo", "Lee", email="cleo@mail.example"), requested_at=NOW)
    real, times = WHY_NOT["booking_confirmation"], []

    def judge(message, now):
        times.append(now)
        return real(message, now) if len(times) <= may_judge else 1 / 0

    monkeypatch.setitem(WHY_NOT, "booking_confirmation", judge)
    send_due(now=NOW, deliver=postbox)

    assert dict(Message.objects.values_list("kind", "state")) == {
        "booking_confirmation": "failed",
        "intake_link": "sent",
    }
    assert [mail.to for mail in postbox.mails] == [["cleo@mail.example"]]


def test_send_due_drops_what_is_not_needed_any_more(visit, postbox):
    derive_due(NOW)
    type(visit).objects.update(status="cancelled")

    sweep = send_due(now=NOW, deliver=postbox)

    assert (sweep.dropped, postbox.mails) == (1, [])
    assert Message.objects.get().why == "the visit is cancelled"


def test_send_due_never_announces_a_visit_that_has_begun(visit, postbox):
    derive_due(NOW)

    send_due(now=NINE, deliver=postbox)

    assert postbox.mails == []


def test_send_due_waits_and_tries_again_when_the_server_is_away(visit, postbox):
    postbox.refuse = ServerAway()
    send_due(now=NOW, deliver=postbox)
    postbox.refuse = None

    too_early = send_due(now=NOW + minutes(0), deliver=postbox)
    later = send_due(now=NOW + minutes(1), deliver=postbox)

    assert (too_early.sent, later.sent) == (0, 1)


def test_send_due_gives_up_on_a_final_refusal_and_asks_the_desk_to_call(visit, postbox):
    postbox.refuse = Refusal(is_final=True)

    send_due(now=NOW, deliver=postbox)

    assert Message.objects.get().state == "failed"
    assert (Task.objects.get().kind, Task.objects.get().why) == ("call_client", "Confirm the visit")


def test_a_mail_the_server_always_puts_off_fails_at_last_and_the_desk_calls(practice, postbox):
    asked_for("Ann", needed=[NOW])
    postbox.refuse = Refusal(is_final=False)

    for hour in range(outbox.ATTEMPTS):
        assert not Task.objects.exists()
        send_due(now=NOW + minutes(60 * hour), deliver=postbox)

    assert Message.objects.get().state == "failed"
    assert Task.objects.get().client.first_name == "Ann"


def test_send_due_lets_one_bad_address_stop_nobody_else(visit, ben, postbox):
    Intake.objects.create(client=ben, requested_at=NOW)

    class OneRefused:
        def __call__(self, mail):
            if mail.to == [visit.client.email]:
                raise Refusal(is_final=True)
            postbox(mail)

    send_due(now=NOW, deliver=OneRefused())

    assert [mail.to for mail in postbox.mails] == [[ben.email]]


def test_send_due_hands_a_doubtful_mail_over_once_more_and_then_says_unknown(visit, postbox, machine):
    postbox.refuse = smtplib.SMTPServerDisconnected()
    send_due(now=NOW, deliver=postbox)
    assert Message.objects.get().state == "handoff"

    machine.at += outbox.LEASE + minutes(1)
    send_due(now=NOW, deliver=postbox)
    machine.at += outbox.LEASE + minutes(1)
    postbox.refuse = None
    send_due(now=NOW + minutes(2), deliver=postbox)

    message = Message.objects.get()
    assert (message.state, message.handoffs, postbox.mails) == ("unknown", 2, [])
    assert (Task.objects.get().kind, Task.objects.get().why) == ("call_client", "Confirm the visit")


def test_send_due_uses_the_same_message_id_on_a_retry(visit, postbox, machine):
    seen = []

    class DiesAfterSending:
        def __call__(self, mail):
            seen.append(mail.extra_headers["Message-ID"])
            raise smtplib.SMTPServerDisconnected

    send_due(now=NOW, deliver=DiesAfterSending())
    machine.at += outbox.LEASE + minutes(1)
    send_due(now=NOW, deliver=DiesAfterSending())

    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_send_due_takes_over_from_a_worker_that_died_before_the_hand_off(visit, postbox, machine):
    derive_due(NOW)
    outbox.claim_one(NOW, outbox.Sweep())

    assert send_due(now=NOW, deliver=postbox).sent == 0
    machine.at += outbox.LEASE + minutes(1)
    assert send_due(now=NOW, deliver=postbox).sent == 1


def test_moving_the_demos_clock_expires_no_lease(visit, postbox, machine):
    derive_due(NOW)
    outbox.claim_one(NOW, outbox.Sweep())

    assert send_due(now=NOW + minutes(30), deliver=postbox).sent == 0


def test_send_due_holds_everything_when_the_clock_jumps_until_an_owner_releases_it(visit, olga, postbox):
    class Jumped(clock.StepWatch):
        jumps = [timedelta(hours=3)]

        def jump(self):
            return self.jumps.pop() if self.jumps else timedelta(0)

    watch = Jumped()
    held = send_due(now=NOW, deliver=postbox, watch=watch)
    assert "180 minutes" in held.held
    assert Practice.objects.get().mail_held_because

    outbox.release_mail(by=olga, at=NOW)

    assert send_due(now=NOW, deliver=postbox, watch=watch).sent == 1


def test_no_mail_names_health_or_a_surname(visit, signed_session, ada, mia, postbox):
    Intake.objects.create(client=ada, requested_at=NOW)
    Task.objects.create(
        kind="screening_alert", for_role="therapist", client=ada, subject="x", due_at=NOW, created_at=NOW
    )
    send_due(now=NOW, deliver=postbox)
    send_due(now=NOW + timedelta(days=1), deliver=postbox)

    text = "\n".join(f"{mail.subject}\n{mail.body}\n{mail.alternatives[0][0]}" for mail in postbox.mails).casefold()
    assert len(postbox.mails) == 4
    for word in (
        "massage,",
        "pain",
        "sciatica",
        "screening",
        "emergency",
        "health",
        "symptom",
        "treatment",
        "müller",
        "follow-up massage",
    ):
        assert word not in text, word


def test_mails_have_a_date_one_recipient_and_no_line_breaks_in_headers(visit, postbox):
    send_due(now=NOW, deliver=postbox)

    mail = postbox.mails[0].message()
    assert mail["Date"].startswith("Mon, 23 Nov 2026 08:00:00")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert len(postbox.mails[0].recipients()) == 1


@pytest.mark.django_db(transaction=True)
def test_four_workers_send_each_mail_once(practice):
    for number in range(40):
        person = make_client("Ada", f"No{number}", email=f"ada{number}@mail.example")
        Intake.objects.create(client=person, requested_at=NOW)
    derive_due(NOW)
    sent, lock = [], threading.Lock()

    def deliver(mail):
        with lock:
            sent.append(mail.to[0])

    def work():
        try:
            send_due(now=NOW, deliver=deliver)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]

    assert sorted(sent) == sorted({f"ada{number}@mail.example" for number in range(40)})


def test_a_mail_that_cannot_be_written_fails_alone_and_the_desk_calls(visit, ben, postbox, monkeypatch):
    Intake.objects.create(client=ben, requested_at=NOW)
    write = outbox.compose

    def stumble(message, **more):
        if message.client_id == visit.client_id:
            raise ValueError
        return write(message, **more)

    monkeypatch.setattr(outbox, "compose", stumble)

    for _ in range(2):
        send_due(now=NOW, deliver=postbox)

    assert [mail.to for mail in postbox.mails] == [[ben.email]]
    assert Message.objects.get(appointment=visit).state == "failed"
    assert Task.objects.get().client == visit.client


def test_a_mail_that_cannot_be_asked_about_fails_alone_and_the_desk_calls(visit, ben, postbox, monkeypatch):
    Intake.objects.create(client=ben, requested_at=NOW)

    def stumble(message, now):
        raise AttributeError

    monkeypatch.setitem(WHY_NOT, "booking_confirmation", stumble)

    send_due(now=NOW, deliver=postbox)

    assert [mail.to for mail in postbox.mails] == [[ben.email]]
    assert Message.objects.get(appointment=visit).state == "failed"
    assert Task.objects.get().client == visit.client


def test_a_mail_that_the_backend_stumbles_over_fails_alone(visit, ben, monkeypatch):
    Intake.objects.create(client=ben, requested_at=NOW)
    send = LocmemBackend.send_messages

    def stumble(backend, mails):
        if mails[0].to == [visit.client.email]:
            raise TypeError
        return send(backend, mails)

    monkeypatch.setattr(LocmemBackend, "send_messages", stumble)

    for _ in range(2):
        send_due(now=NOW, deliver=SmtpDelivery())

    assert [sent.to for sent in mail.outbox] == [[ben.email]]
    assert Message.objects.get(appointment=visit).state == "handoff"


@pytest.mark.parametrize("is_final", [False, True])
def test_a_late_refusal_does_not_reopen_what_another_worker_has_sent(visit, postbox, machine, is_final):
    class Overtaken:
        """Is refused only after its lease ran out and another worker has sent the mail."""

        def __call__(self, mail):
            machine.at += outbox.LEASE + minutes(1)
            send_due(now=NOW, deliver=postbox)
            raise Refusal(is_final=is_final)

    send_due(now=NOW, deliver=Overtaken())
    send_due(now=NOW + minutes(60), deliver=postbox)

    assert Message.objects.get().state == "sent"
    assert len(postbox.mails) == 1


def test_a_late_success_stops_the_second_copy(visit, postbox, machine):
    class Slow:
        def __call__(self, mail):
            machine.at += outbox.LEASE + minutes(1)
            outbox.claim_one(NOW, outbox.Sweep())

    send_due(now=NOW, deliver=Slow())
    machine.at += outbox.LEASE + minutes(1)
    send_due(now=NOW, deliver=postbox)

    assert Message.objects.get().state == "sent"
    assert postbox.mails == []


def test_send_due_survives_a_server_that_goes_away_again_and_again(visit, postbox):
    postbox.refuse = ServerAway()

    for hour in range(5):
        send_due(now=NOW + minutes(10 * hour), deliver=postbox)

    assert (Message.objects.get().state, Message.objects.get().handoffs) == ("due", 0)


def test_resend_gives_the_mail_a_new_message_id_so_that_servers_do_not_fold_it(visit, olga, postbox):
    send_due(now=NOW, deliver=postbox)
    outbox.resend(Message.objects.get(), by=olga, at=NOW + minutes(5))

    send_due(now=NOW + minutes(5), deliver=postbox)

    assert len({mail.extra_headers["Message-ID"] for mail in postbox.mails}) == 2


def test_resend_settles_the_call_and_a_new_failure_asks_for_a_new_one(visit, olga, postbox):
    postbox.refuse = Refusal(is_final=True)
    send_due(now=NOW, deliver=postbox)
    outbox.resend(Message.objects.get(), by=olga, at=NOW + minutes(5))
    assert not Task.objects.open().exists()

    send_due(now=NOW + minutes(5), deliver=postbox)

    assert [task.why for task in Task.objects.open()] == ["Confirm the visit"]
    assert Task.objects.count() == 2


def test_resend_refuses_what_would_be_dropped(visit, olga, postbox):
    send_due(now=NOW, deliver=postbox)
    type(visit).objects.update(status="cancelled", version=2)

    with pytest.raises(outbox.NotNeeded, match="changed since"):
        outbox.resend(Message.objects.get(), by=olga, at=NOW)

    assert Message.objects.get(kind="booking_confirmation").state == "sent"
    assert not AuditEvent.objects.filter(action="message.resent").exists()


def test_resend_refuses_a_mail_on_its_way(visit, olga, postbox):
    send_due(now=NOW, deliver=postbox)
    outbox.resend(Message.objects.get(), by=olga, at=NOW)

    with pytest.raises(outbox.OnItsWay):
        outbox.resend(Message.objects.get(), by=olga, at=NOW)


def test_resend_refuses_without_an_address(visit, ada, olga, postbox):
    send_due(now=NOW, deliver=postbox)
    type(ada).objects.update(wants_no_mail=True)

    with pytest.raises(outbox.NotNeeded, match="no e-mail"):
        outbox.resend(Message.objects.get(), by=olga, at=NOW)


@pytest.fixture
def alert(ada):
    return Task.objects.create(
        kind="screening_alert", for_role="therapist", client=ada, subject="x", due_at=NOW, created_at=NOW
    )


def alerted(postbox):
    send_due(now=NOW, deliver=postbox)
    return [mail.to[0] for mail in postbox.mails if mail.to[0].endswith("elmstreet.example")]


def test_alert_goes_to_the_therapist_of_the_next_visit(visit, alert, olga, postbox):
    assert alerted(postbox) == ["mia@elmstreet.example"]


@pytest.mark.parametrize("gone", [{"email": ""}, {"is_active": False}, {"is_therapist": False, "is_front_desk": True}])
def test_alert_goes_to_an_owner_when_the_therapist_cannot_take_it(visit, alert, mia, olga, postbox, gone):
    type(mia).objects.filter(pk=mia.pk).update(**gone)

    assert "olga@elmstreet.example" in alerted(postbox)


def test_alert_goes_to_whoever_covers_the_therapist(visit, alert, mia, tom, olga, postbox):
    give_cover(who=tom, for_whom=mia, starts_at=NOW, until=NOW + timedelta(days=7), by=olga, at=NOW)

    assert alerted(postbox) == ["tom@elmstreet.example"]


def test_alert_about_a_client_in_nobodys_care_goes_to_every_therapist_and_the_owner(
    alert, mia, tom, olga, dana, postbox
):
    make_staff("ravi", "Ravi", "Shah", "therapist", is_active=False)
    assert alerted(postbox) == ["mia@elmstreet.example", "tom@elmstreet.example", "olga@elmstreet.example"]

    send_due(now=NOW + timedelta(minutes=5), deliver=postbox)

    assert len([mail for mail in postbox.mails if mail.to[0].endswith("elmstreet.example")]) == 3
    assert {message.state for message in Message.objects.filter(task=alert)} == {"sent"}


def test_alert_that_calls_everybody_names_nobody_and_leads_to_today(alert, ada, mia, postbox):
    alerted(postbox)

    (mail,) = [mail for mail in postbox.mails if mail.to == [mia.email]]
    assert "/today/" in mail.body
    for word in (ada.first_name, ada.last_name, "screening", "symptom", "emergency", "pain"):
        assert word.lower() not in (mail.subject + mail.body).lower()


def test_alert_calls_the_others_off_once_somebody_has_taken_the_client_on(alert, mia, tom, postbox):
    derive_due(NOW)
    take_on(alert, by=tom, at=NOW)

    assert alerted(postbox) == ["tom@elmstreet.example"]
    assert Message.objects.get(reader=mia).state == "dropped"


def test_the_next_alert_goes_to_whoever_took_the_client_on(alert, ada, mia, tom, olga, postbox):
    take_on(alert, by=tom, at=NOW)
    finish_task(alert, by=tom, at=NOW, outcome="Rang her.")

    Task.objects.create(
        kind="screening_alert", for_role="therapist", client=ada, subject="y", due_at=NOW, created_at=NOW
    )

    assert alerted(postbox) == ["tom@elmstreet.example"]


def test_alert_that_reaches_nobody_is_shown_as_failed_not_as_unneeded(visit, alert, mia, postbox):
    type(mia).objects.update(email="")

    assert alerted(postbox) == []
    assert Message.objects.get(task=alert).state == "failed"


def test_alert_looked_at_before_it_left_is_not_sent(visit, alert, mia, postbox):
    derive_due(NOW)
    finish_task(alert, by=mia, at=NOW, outcome="Sent to A&E.")

    assert alerted(postbox) == []


@pytest.fixture
def severe(ada):
    """The owner is to look at something severe that went wrong."""
    return Task.objects.create(
        kind="adverse_event", for_role="owner", client=ada, subject="adverse-event:1", due_at=NOW, created_at=NOW
    )


def test_a_severe_event_is_mailed_to_the_owner_and_says_nothing(visit, severe, ada, olga, postbox):
    assert alerted(postbox) == ["olga@elmstreet.example"]
    (mail,) = (mail for mail in postbox.mails if mail.to == ["olga@elmstreet.example"])
    text = f"{mail.subject}\n{mail.body}".lower()
    assert reverse("workspace:settings") in text
    assert [word for word in ("ada", "müller", "adverse", "severe", "event") if word in text] == []


def test_a_severe_event_that_was_looked_at_is_not_mailed(visit, severe, olga, postbox):
    derive_due(NOW)
    finish_task(severe, by=olga, at=NOW, outcome="Insurer told")

    assert alerted(postbox) == []


def test_a_severe_event_without_an_owner_who_reads_mail_waits_on_the_page(visit, severe, postbox):
    assert alerted(postbox) == []
    assert not Message.objects.filter(task=severe).exists()
    assert Task.objects.open().filter(pk=severe.pk).exists()


def test_mail_goes_to_the_address_of_today(visit, ada, postbox):
    derive_due(NOW)
    type(ada).objects.update(email="new@mail.example")

    send_due(now=NOW, deliver=postbox)

    assert postbox.mails[0].to == ["new@mail.example"]


def plan_of(rows) -> str:
    """Return how the database would look for `rows` if there were very many."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        return rows.explain()


def many_sent(client):
    intake = Intake.objects.create(client=client, requested_at=NOW)
    sent = {"kind": "intake_link", "client": client, "intake": intake, "state": "sent"}
    times = {"due_at": NOW, "needed_by": NOW, "created_at": NOW}
    Message.objects.bulk_create(Message(version=version, **sent, **times) for version in range(500))
    if connection.vendor == "postgresql":  # which of two indexes is better it knows only once it has counted
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE reminders_message")


def asked_for(*names, needed=()):
    """Give each of these people an intake, whose mail is needed at its moment of `needed`; return the mails' recipients in order."""
    for name, at in zip(names, needed, strict=True):
        person = make_client(name, "Lee", email=f"{name.lower()}@mail.example")
        Intake.objects.create(client=person, requested_at=NOW)
        derive_due(NOW)
        Message.objects.filter(client=person).update(needed_by=at)


def names_of(mails):
    return [mail.to[0].partition("@")[0] for mail in mails]


def test_what_is_needed_soonest_leaves_first(practice, postbox):
    asked_for("Ann", "Bob", "Cleo", needed=[NOW + minutes(90), NOW + minutes(30), NOW + minutes(60)])

    send_due(now=NOW, deliver=postbox)

    assert names_of(postbox.mails) == ["bob", "cleo", "ann"]


def test_what_a_dead_worker_left_goes_before_what_is_due(practice, postbox, machine):
    asked_for("Ann", "Bob", needed=[NOW + minutes(90), NOW + minutes(30)])
    Message.objects.filter(client__first_name="Ann").update(state="claimed", lease_until=NOW)
    machine.at += minutes(1)

    send_due(now=NOW, deliver=postbox)

    assert names_of(postbox.mails) == ["ann", "bob"]


def test_reminders_rest_in_quiet_hours_and_leave_when_they_end(visit, signed_session, postbox):
    send_due(now=NOW, deliver=postbox)
    CheckIn.objects.filter(step=1).update(due_at=NOW)
    night, morning = NOW.replace(hour=21), NOW.replace(day=24, hour=8)

    send_due(now=night, deliver=postbox)
    assert [mail.kind for mail in Message.objects.filter(state="due")] == ["check_in"]
    send_due(now=morning - minutes(1), deliver=postbox)
    assert Message.objects.get(kind="check_in").state == "due"
    send_due(now=morning, deliver=postbox)

    assert Message.objects.get(kind="check_in").state == "sent"


def test_a_visit_cancelled_between_the_claim_and_the_hand_over_is_not_announced(visit, ben, postbox):
    """Both are claimed together; while the first leaves, the second's visit is cancelled."""
    Intake.objects.create(client=ben, requested_at=NOW - minutes(5))
    derive_due(NOW)
    Message.objects.filter(client=ben).update(needed_by=NOW)

    class Meanwhile:
        def __call__(self, mail):
            postbox(mail)
            type(visit).objects.update(status="cancelled")

    sweep = send_due(now=NOW, deliver=Meanwhile())

    assert names_of(postbox.mails) == [ben.email.partition("@")[0]]
    assert (sweep.sent, sweep.dropped) == (1, 1)
    assert Message.objects.get(appointment=visit).why == "the visit is cancelled"


def test_a_mail_written_for_an_old_address_is_written_anew(visit, ben, ada, postbox):
    Intake.objects.create(client=ben, requested_at=NOW - minutes(5))
    derive_due(NOW)
    Message.objects.filter(client=ben).update(needed_by=NOW)

    class Meanwhile:
        def __call__(self, mail):
            postbox(mail)
            type(ada).objects.filter(pk=ada.pk).update(email="new@mail.example")

    send_due(now=NOW, deliver=Meanwhile())

    assert [mail.to for mail in postbox.mails] == [[ben.email], ["new@mail.example"]]
    assert Message.objects.get(appointment=visit).attempts == 1


def test_mail_held_in_the_middle_of_a_sweep_stays(practice, postbox, monkeypatch):
    """And the sweep is over: it does not claim what it may not send again and again."""
    asked_for("Ann", "Bob", needed=[NOW + minutes(30), NOW + minutes(60)])
    claim, claims = outbox.claim, []

    def counted(*args, **more):
        claims.append(1)
        assert len(claims) == 1
        return claim(*args, **more)

    monkeypatch.setattr(outbox, "claim", counted)

    class Meanwhile:
        def __call__(self, mail):
            postbox(mail)
            outbox.hold_mail("The clock jumped.", at=NOW)

    send_due(now=NOW, deliver=Meanwhile())

    assert names_of(postbox.mails) == ["ann"]
    assert list(Message.objects.order_by("pk").values_list("state", "attempts")) == [("sent", 1), ("due", 0)]


# --- refused addresses


class NoMailbox:
    """A server that knows no mailbox of these addresses."""

    def __init__(self, *addresses, taken):
        self.addresses, self.taken = addresses, taken

    def __call__(self, mail):
        if mail.to[0] in self.addresses:
            raise Refusal(is_final=True, is_of_address=True)
        self.taken(mail)


def test_a_refused_address_is_marked_and_asked_for_once_and_its_other_mails_are_dropped(visit, ada, ben, postbox):
    Intake.objects.create(client=ada, requested_at=NOW)
    Intake.objects.create(client=ben, requested_at=NOW)

    send_due(now=NOW, deliver=NoMailbox(ada.email, taken=postbox))

    ada.refresh_from_db()
    assert ada.email_failed_at == NOW
    assert sorted(Message.objects.filter(client=ada).values_list("state", "why")) == [
        ("dropped", "the address takes no mail"),
        ("failed", "the address takes no mail"),
    ]
    assert names_of(postbox.mails) == [ben.email.partition("@")[0]]
    assert [task.why for task in Task.objects.all()] == ["E-mail address refused: ask for a new one"]
    assert AuditEvent.objects.filter(action="client.address_refused", target_id=ada.pk, actor="system").count() == 1


def test_a_new_address_clears_the_mark_and_settles_the_call_and_may_be_refused_in_its_turn(visit, ada, dana, postbox):
    send_due(now=NOW, deliver=NoMailbox(ada.email, taken=postbox))

    update_client(ada, by=dana, at=NOW, email="new@mail.example")
    assert not Task.objects.open().exists()
    invite_to_book(client=ada, by=None, at=NOW)
    send_due(now=NOW, deliver=NoMailbox("new@mail.example", taken=postbox))

    assert Task.objects.open().get().why == "E-mail address refused: ask for a new one"


def test_an_address_changed_meanwhile_is_not_marked_and_the_mail_goes_to_the_new_one(visit, ada, dana, postbox):
    class Meanwhile:
        def __call__(self, mail):
            if mail.to == ["new@mail.example"]:
                return postbox(mail)
            update_client(ada, by=dana, at=NOW, email="new@mail.example")
            raise Refusal(is_final=True, is_of_address=True)

    send_due(now=NOW, deliver=Meanwhile())

    assert [mail.to for mail in postbox.mails] == [["new@mail.example"]]
    ada.refresh_from_db()
    assert ada.email_failed_at is None


def test_a_refused_address_of_somebody_who_works_here_is_trouble_and_marks_no_client(visit, alert, ada, mia, postbox):
    send_due(now=NOW, deliver=NoMailbox(mia.email, taken=postbox))

    ada.refresh_from_db()
    message = Message.objects.get(task=alert)
    assert (message.state, message.why, ada.email_failed_at) == ("failed", "the address takes no mail", None)


# --- how many a minute


class Minute:
    """The machine's clock, which stands still but while somebody waits."""

    def __init__(self):
        self.at = NOW

    def wait(self, stop, seconds):
        self.at += timedelta(seconds=seconds)
        return stop.is_set()


@pytest.fixture
def minute(monkeypatch):
    minute = Minute()
    monkeypatch.setattr(clock, "machine_now", lambda: minute.at)
    monkeypatch.setattr(outbox.Stop, "wait", lambda stop, seconds: minute.wait(stop, seconds))
    return minute


def test_no_minute_sees_more_mails_than_the_limit_and_what_is_needed_soonest_leaves_first(practice, settings, minute):
    settings.EMAIL_PER_MINUTE = 20
    names = [f"No{number}" for number in range(50)]
    asked_for(*names, needed=[NOW + minutes(500 - number) for number in range(50)])
    left = []

    for _ in range(12):
        send_due(now=NOW, deliver=lambda mail: left.append((minute.at, mail.to[0].partition("@")[0])))
        minute.at += timedelta(seconds=1)

    assert [name for _, name in left] == [name.lower() for name in reversed(names)]
    moments = [at for at, _ in left]
    assert max(sum(begin <= at < begin + minutes(1) for at in moments) for begin in moments) == 20


def test_a_sweep_does_not_wait_long_for_its_turn(practice, settings, minute, postbox):
    settings.EMAIL_PER_MINUTE = 2
    asked_for("Ann", "Bob", needed=[NOW + minutes(30), NOW + minutes(60)])

    assert (send_due(now=NOW, deliver=postbox).sent, minute.at) == (1, NOW)
    assert list(Message.objects.order_by("pk").values_list("state", "attempts")) == [("sent", 1), ("due", 0)]
    minute.at = NOW + timedelta(seconds=25)
    assert (send_due(now=NOW, deliver=postbox).sent, minute.at) == (1, NOW + timedelta(seconds=30))


@pytest.mark.django_db(transaction=True)
def test_workers_that_ask_at_once_get_a_turn_each(practice, machine):
    turns, gate = [], threading.Barrier(4)

    def work():
        try:
            gate.wait(10)
            for _ in range(5):
                turns.append(take_slot(60, at_most=minutes(1)))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]

    assert sorted(turns) == [timedelta(seconds=second) for second in range(20)]


def test_a_machine_whose_clock_was_put_back_waits_for_no_turn(practice, settings, minute, postbox):
    settings.EMAIL_PER_MINUTE = 60
    Practice.objects.update(mail_slot_at=NOW + minutes(60))
    asked_for("Ann", needed=[NOW + minutes(30)])

    assert send_due(now=NOW, deliver=postbox).sent == 1


def test_sixty_a_minute_are_what_a_practice_has(settings):
    assert '"EMAIL_PER_MINUTE", default=60' in (settings.BASE_DIR / "config" / "settings.py").read_text()


# --- the clock


@pytest.mark.django_db(transaction=True)
def test_a_thread_that_looks_while_another_finds_the_clock_wrong_sends_nothing(visit, postbox, monkeypatch):
    """One has seen the jump and not yet held the mail; the other looks."""
    watch, found, other_is_done, sent = clock.StepWatch(), threading.Event(), threading.Event(), []
    watch._lead -= 3 * 3600
    hold = outbox.hold_mail

    def slowly(reason, *, at):
        found.set()
        other_is_done.wait(3)
        hold(reason, at=at)

    monkeypatch.setattr(outbox, "hold_mail", slowly)

    def work():
        try:
            sent.append(send_due(now=NOW, deliver=postbox, watch=watch).sent)
        finally:
            connection.close()

    def work_meanwhile():
        found.wait(5)
        work()
        other_is_done.set()

    workers = [threading.Thread(target=each) for each in (work, work_meanwhile)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]

    assert (sent, postbox.mails) == ([0, 0], [])


def test_a_sweep_well_before_the_last_one_holds_the_mail_once(visit, olga, postbox, settings):
    settings.DEMO = False
    settings.MAIL_IS_SET_UP = True
    send_due(now=NOW, deliver=postbox)
    invite_to_book(client=visit.client, by=None, at=NOW - minutes(60))

    assert "by -60 minutes" in send_due(now=NOW - minutes(60), deliver=postbox).held
    assert len(postbox.mails) == 1

    outbox.release_mail(by=olga, at=NOW - minutes(59))
    assert send_due(now=NOW - minutes(59), deliver=postbox).sent == 1


def test_a_sweep_a_little_before_the_last_one_holds_nothing(visit, postbox, settings):
    settings.DEMO = False
    settings.MAIL_IS_SET_UP = True
    Practice.objects.update(mail_swept_at=NOW + minutes(5))

    assert send_due(now=NOW, deliver=postbox).sent == 1


# --- told to stop


def test_who_is_told_to_stop_finishes_the_mail_in_hand_and_gives_the_others_back(practice, postbox):
    asked_for("Ann", "Bob", "Cleo", needed=[NOW + minutes(number) for number in (30, 60, 90)])
    stop = outbox.Stop()

    class ToldMeanwhile:
        def __call__(self, mail):
            stop.set()
            postbox(mail)

    sweep = send_due(now=NOW, deliver=ToldMeanwhile(), stop=stop)

    assert (sweep.sent, names_of(postbox.mails)) == (1, ["ann"])
    assert list(Message.objects.order_by("pk").values_list("state", "attempts", "lease_until")) == [
        ("sent", 1, None),
        ("due", 0, None),
        ("due", 0, None),
    ]


def test_who_was_told_to_stop_before_writes_no_mail(visit, postbox):
    stop = outbox.Stop()
    stop.set()

    send_due(now=NOW, deliver=postbox, stop=stop)

    assert (Message.objects.get().state, postbox.mails) == ("due", [])
    assert not AppointmentLink.objects.exists()


def test_who_is_told_to_stop_while_it_waits_for_its_turn_begins_no_mail(practice, machine, postbox):
    class ToldWhileWaiting(outbox.Stop):
        def wait(self, seconds):
            if seconds:
                self.set()
            return super().wait(seconds)

    asked_for("Ann", "Bob", needed=[NOW + minutes(30), NOW + minutes(60)])

    send_due(now=NOW, deliver=postbox, stop=ToldWhileWaiting(), per_minute=12)

    assert names_of(postbox.mails) == ["ann"]


def test_a_worker_that_is_shut_down_tells_its_sweeps(practice, monkeypatch):
    monkeypatch.setattr(tasks, "stop", outbox.Stop())
    monkeypatch.setattr(clock, "now", lambda: NOW)
    asked_for("Ann", needed=[NOW + minutes(30)])
    tasks.send_due()
    asked_for("Bob", needed=[NOW + minutes(30)])

    worker_shutting_down.send(sender="worker")
    tasks.send_due()

    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == ["sent", "due"]


def test_the_command_that_is_ended_finishes_the_mail_in_hand(practice, monkeypatch, capsys):
    asked_for("Ann", "Bob", needed=[NOW + minutes(30), NOW + minutes(60)])
    hand_over = SmtpDelivery._hand_over

    def ended(delivery, mail):
        os.kill(os.getpid(), signal.SIGTERM)
        hand_over(delivery, mail)

    monkeypatch.setattr(SmtpDelivery, "_hand_over", ended)

    call_command("send_due", "--now", NOW.isoformat())

    assert "sent 1," in capsys.readouterr().out
    assert sorted(Message.objects.values_list("state", flat=True)) == ["due", "sent"]


# --- the wiring


def test_a_sweep_fits_into_its_tasks_limit_and_that_into_the_time_after_which_it_comes_back():
    longest = outbox.SWEEP_FOR + timedelta(seconds=settings.EMAIL_TIMEOUT)

    assert longest < outbox.LEASE == timedelta(seconds=app.conf.task_time_limit)
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_acks_late and app.conf.task_reject_on_worker_lost and app.conf.task_ignore_result


def test_one_beat_wakes_the_sweep_and_it_has_a_queue_of_its_own():
    beats = [beat["task"] for beat in app.conf.beat_schedule.values() if beat["task"].startswith("reminders.")]

    assert beats == ["reminders.tasks.send_due"]
    assert app.amqp.router.route({}, "reminders.tasks.send_due")["queue"].name == "mail"
    assert app.amqp.router.route({}, "sessions.tasks.anchor_chain")["queue"].name == "celery"
    assert set(app.amqp.queues.consume_from) == {"celery", "mail"}


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00", "9999-12-31T23:59", "0001-01-01T00:00+14:00", "soon", "2046-01-01"]
)
def test_the_command_says_which_moments_it_takes(practice, moment):
    with pytest.raises(CommandError, match="--now is not a moment within ten years"):
        call_command("send_due", "--now", moment)


def test_the_command_says_since_when_the_server_is_away(practice, capsys):
    Practice.objects.update(mail_down_since=NOW, mail_next_try_at=NOW + minutes(4), mail_failures=3)

    call_command("send_due", "--now", (NOW + minutes(3)).isoformat())

    assert f"away since {NOW.isoformat()}, next try at {(NOW + minutes(4)).isoformat()}" in capsys.readouterr().out


@pytest.mark.parametrize("waiting", [lambda: outbox.due(NOW), outbox.expired], ids=["due", "expired"])
def test_the_next_mail_is_found_by_index_however_many_were_sent(practice, ada, waiting):
    many_sent(ada)

    plan = plan_of(waiting()[:10])

    assert "message_soonest_first" in plan or "message_by_state" in plan


def test_the_next_check_ins_are_found_by_index_however_many_were_asked(practice):
    assert "check_in_by_time" in plan_of(check_ins._due(NOW))
