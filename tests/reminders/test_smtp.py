"""The outbox against a real mail server that is away, refuses, falls silent or hangs up."""

import smtplib
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from clients.models import Client, Intake, Task
from practice import clock
from practice.models import Practice
from reminders import outbox
from reminders.mail_server import back_off, may_knock
from reminders.mailbox import NoMailServer
from reminders.models import Message
from reminders.outbox import SmtpDelivery, send_due
from tests.reminders.sink import Sink
from tests.world import NOW, make_client, minutes

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def sink(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 0.5
    sink = Sink().start()
    settings.EMAIL_PORT = sink.port
    yield sink
    sink.stop()


@pytest.fixture
def machine(monkeypatch):
    """The machine's own clock, for leases."""

    class Machine:
        at = NOW

    monkeypatch.setattr(clock, "machine_now", lambda: Machine.at)
    return Machine


@pytest.fixture
def three(practice):
    """Three people who are to get an intake link: ann, bob, cleo, in this order."""
    for name in ("Ann", "Bob", "Cleo"):
        person = make_client(name, "Lee", email=f"{name.lower()}@mail.example")
        Intake.objects.create(client=person, requested_at=NOW)


def sweep(now=NOW, **more):
    """Sweep as a worker does; by no chance a try comes earlier than 1, 2, 4, 8, 15 minutes after the last."""
    delivery = SmtpDelivery()
    try:
        return send_due(now=now, deliver=delivery, chance=lambda: 0, **more)
    finally:
        delivery.close()


def to(name):
    return lambda envelope, said="550 no such user": said if envelope.rcpt_tos == [f"{name}@mail.example"] else None


def states():
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def test_server_that_is_away_costs_no_try_and_delays_nothing_once_it_is_back(sink, three, caplog):
    sink.stop()
    knocks = []
    for minute in range(30):
        caplog.clear()
        sweep(NOW + minutes(minute))
        knocks += [minute] * caplog.text.count("ConnectionRefusedError")
    sink.start()
    assert knocks == [0, 1, 3, 7, 15]
    assert Practice.objects.get().mail_down_since == NOW

    sweep(NOW + minutes(30))

    assert sink.recipients() == ["ann@mail.example", "bob@mail.example", "cleo@mail.example"]
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}
    practice = Practice.objects.get()
    assert (practice.mail_down_since, practice.mail_next_try_at, practice.mail_failures) == (None, None, 0)


def test_why_the_server_cannot_be_reached_stands_in_the_log_and_in_the_outbox(sink, three, caplog):
    sink.stop()

    sweep()

    assert "ConnectionRefusedError" in caplog.text
    assert Message.objects.order_by("pk").first().why == "the mail server cannot be reached"


def test_storm_of_421_hands_nothing_over_and_puts_nothing_in_doubt(sink, three):
    sink.faults["MAIL"] = lambda envelope: "421 too busy"
    for minute in range(10):
        sweep(NOW + minutes(minute))
    sink.faults.clear()

    assert set(Message.objects.values_list("state", "handoffs")) == {("due", 0)}
    for _ in range(3):
        sweep(NOW + minutes(60))
    assert states() == ["sent"] * 3
    assert not Task.objects.exists()


def test_server_that_hangs_up_before_the_mail_itself_puts_nothing_in_doubt(sink, three):
    sink.faults["RCPT"] = lambda envelope: "drop"
    for minute in range(10):
        sweep(NOW + minutes(minute))
    sink.faults.clear()

    assert set(Message.objects.values_list("state", "handoffs")) == {("due", 0)}
    sweep(NOW + minutes(60))
    assert set(sink.copies().values()) == {1}


def test_recipient_at_whose_name_the_server_hangs_up_stops_nobody_else(sink, three):
    sink.faults["RCPT"] = lambda envelope: to("ann")(envelope, "drop")

    for _ in range(3):
        sweep()

    assert sink.recipients() == ["bob@mail.example", "cleo@mail.example"]


def test_server_that_refuses_us_fails_no_mail(sink, three):
    sink.faults["MAIL"] = lambda envelope: "550 this account is closed"
    for minute in range(5):
        sweep(NOW + minutes(minute))
    sink.faults.clear()

    assert not Task.objects.exists()
    sweep(NOW + minutes(60))
    assert states() == ["sent"] * 3


def test_while_the_server_rests_nobody_speaks_to_it_and_what_is_due_is_still_derived(sink, three, ada):
    sink.stop()
    sweep()
    sink.start()
    Intake.objects.create(client=ada, requested_at=NOW)

    resting = sweep(NOW + minutes(1) - SECOND)

    assert (resting.resting, resting.derived, sink.connections) == (True, 1, 0)
    assert sweep(NOW + minutes(1)).sent == 4


def test_one_worker_knocks_and_the_others_wait_for_what_comes_of_it(sink, three):
    sink.stop()
    sweep()
    sink.start()
    assert may_knock(Practice.objects.get(), NOW + minutes(1))

    assert sweep(NOW + minutes(1)).resting
    assert sweep(NOW + minutes(2)).sent == 3


def test_waits_grow_to_a_quarter_of_an_hour_and_chance_shortens_them_by_a_quarter_at_most():
    longest = [back_off(failures, lambda: 0) for failures in (1, 2, 3, 4, 5, 6, 99)]
    shortest = [back_off(failures, lambda: 1) for failures in (1, 2, 3, 4, 5, 6, 99)]

    assert longest == [minutes(count) for count in (1, 2, 4, 8, 15, 15, 15)]
    assert shortest == [wait * 0.75 for wait in longest]


def test_server_that_comes_back_while_nothing_is_due_is_found_well(sink, three):
    sink.stop()
    sweep()
    Message.objects.update(state="dropped")
    sink.start()

    sweep(NOW + minutes(1))

    assert Practice.objects.get().mail_down_since is None


def test_two_recipients_at_whose_names_the_server_hangs_up_delay_the_others_a_minute_at_most(sink, three, ada):
    Intake.objects.create(client=ada, requested_at=NOW + minutes(1))
    sink.faults["RCPT"] = lambda envelope: to("ann")(envelope, "drop") or to("bob")(envelope, "drop")

    sweep()
    assert sink.recipients() == []
    sweep(NOW + minutes(1))

    assert sorted(sink.recipients()) == sorted(["cleo@mail.example", ada.email])
    assert Practice.objects.get().mail_failures == 0
    assert set(Message.objects.filter(state="due").values_list("attempts", "due_at")) == {(1, NOW + minutes(2))}


def test_recipient_at_whose_name_the_server_always_hangs_up_fails_at_last(sink, three):
    sink.faults["RCPT"] = lambda envelope: to("ann")(envelope, "drop")
    Message.objects.all().delete()
    for hour in range(outbox.ATTEMPTS + 1):
        person = make_client("Dora", f"No{hour}", email=f"dora{hour}@mail.example")
        Intake.objects.create(client=person, requested_at=NOW)
        sweep(NOW + minutes(60 * hour))

    assert Message.objects.get(client__first_name="Ann").state == "failed"
    assert set(Message.objects.exclude(client__first_name="Ann").values_list("state", flat=True)) == {"sent"}


def test_server_that_takes_two_mails_over_one_connection_gets_a_new_one(sink, three):
    taken = []
    sink.faults["MAIL"] = lambda envelope: "421 enough" if len(taken) == 2 and taken.append(0) is None else None
    sink.faults["DATA"] = lambda envelope: taken.append(1)

    assert sweep().sent == 3
    assert sink.connections == 2


def test_staff_are_told_once_the_server_has_been_away_for_a_quarter_of_an_hour(
    sink, three, signed_in, dana, monkeypatch
):
    sink.stop()
    sweep()
    page, said = signed_in(dana), "The mail server has taken no mail since"
    monkeypatch.setattr(clock, "now", lambda: NOW + minutes(14))
    assert said not in page.get(reverse("reminders:outbox")).content.decode()
    monkeypatch.setattr(clock, "now", lambda: NOW + minutes(15))
    told = page.get(reverse("reminders:outbox")).content.decode()
    assert f"{said} <time>Mon 23 Nov, 08:00</time>" in told

    sink.start()
    sweep(NOW + minutes(15))
    assert said not in page.get(reverse("reminders:outbox")).content.decode()


def test_staff_are_told_once_nothing_has_swept_for_a_quarter_of_an_hour(sink, three, signed_in, dana, monkeypatch):
    page, said = signed_in(dana), "Nothing has sent mails since"
    sweep()
    monkeypatch.setattr(clock, "now", lambda: NOW + minutes(14))
    assert said not in page.get(reverse("reminders:outbox")).content.decode()
    monkeypatch.setattr(clock, "now", lambda: NOW + minutes(15))
    told = page.get(reverse("reminders:outbox")).content.decode()
    assert f"{said} <time>Mon 23 Nov, 08:00</time>" in told

    sweep(NOW + minutes(15))
    assert said not in page.get(reverse("reminders:outbox")).content.decode()


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_final_refusal_of_one_fails_that_one_alone(sink, three, command):
    sink.faults[command] = to("bob")

    sweep()

    assert states() == ["sent", "failed", "sent"]
    client = Task.objects.get().client
    assert (client.first_name, client.email_failed_at is not None) == ("Bob", command == "RCPT")


@pytest.mark.parametrize(
    ("said", "is_of_address"),
    [
        ("550 no such user", True),
        ("550 5.1.1 no such user", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 5.7.1 your address is on a list", False),
        ("554 5.7.1 relay access denied", False),
        ("554 no service here", False),
        ("552 5.2.2 mailbox full", False),
    ],
)
def test_refusal_that_is_about_us_or_a_full_mailbox_marks_no_address(sink, three, said, is_of_address):
    sink.faults["RCPT"] = lambda envelope: to("bob")(envelope, said)

    sweep()

    assert states() == ["sent", "failed", "sent"]
    assert (Task.objects.get().client.email_failed_at is not None) == is_of_address


@pytest.mark.parametrize("address", ["ann@mail.example, bob@mail.example", "ann@mail..example", "@", "ann@"])
def test_address_no_server_can_be_told_fails_that_mail_alone(sink, three, address):
    Client.objects.filter(first_name="Ann").update(email=address)
    sweep()

    assert states() == ["failed", "sent", "sent"]
    assert sink.recipients() == ["bob@mail.example", "cleo@mail.example"]
    assert Task.objects.get().client.first_name == "Ann"


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_refusal_for_now_is_tried_again_a_minute_later(sink, three, command):
    sink.faults[command] = lambda envelope: to("bob")(envelope, "451 greylisted, try later")

    sweep()
    sink.faults.clear()
    taken = len(sink.mails)
    sweep(NOW + minutes(1))

    assert states() == ["sent"] * 3
    assert sink.recipients()[taken:] == ["bob@mail.example"]


@pytest.mark.parametrize("fault", ["hang", "drop", "!! nonsense"])
def test_mail_taken_without_an_answer_is_sent_once_more_under_the_same_id(sink, three, machine, fault):
    sink.faults["DATA"] = lambda envelope: to("ann")(envelope, fault)
    sweep()
    sweep()
    assert states() == ["handoff", "sent", "sent"]

    sink.faults.clear()
    machine.at += outbox.LEASE + minutes(1)
    sweep()

    assert states() == ["sent"] * 3
    assert sorted(sink.copies().values()) == [1, 1, 2]


def test_mail_never_answered_goes_out_twice_at_most_and_the_desk_calls(sink, three, machine):
    sink.faults["DATA"] = lambda envelope: to("ann")(envelope, "drop")
    for _ in range(5):
        sweep()
        machine.at += outbox.LEASE + minutes(1)

    assert states() == ["unknown", "sent", "sent"]
    assert max(sink.copies().values()) == 2
    assert Task.objects.get().client.first_name == "Ann"


def test_silent_server_costs_one_doubt_per_sweep_not_one_per_mail(sink, three, machine):
    sink.faults["DATA"] = lambda envelope: "hang"

    sweep()

    assert sorted(states()) == ["due", "due", "handoff"]


def test_silent_server_is_left_alone_after_two_in_doubt(sink, three, machine):
    sink.faults["DATA"] = lambda envelope: "hang"

    for _ in range(3):
        sweep()

    assert sorted(states()) == ["due", "handoff", "handoff"]
    assert Practice.objects.get().mail_next_try_at == NOW + minutes(2)


def test_hand_off_is_written_down_after_the_server_has_said_go_on_and_before_the_mail_leaves(sink, three, monkeypatch):
    told, getreply = [], smtplib.SMTP.getreply

    def heard(smtp):
        answer = getreply(smtp)
        told.append((answer[0], Message.objects.order_by("pk").first().state))
        return answer

    monkeypatch.setattr(smtplib.SMTP, "getreply", heard)

    sweep()

    go_on = told.index((354, "claimed"))
    assert told[go_on + 1] == (250, "handoff")
    assert "handoff" not in {state for _, state in told[: go_on + 1]}


def test_slow_server_is_left_in_time_for_the_next_sweep(sink, three, machine):
    sink.faults["DATA"] = lambda envelope: setattr(machine, "at", machine.at + outbox.SWEEP_FOR)

    assert sweep().sent == 1
    assert sweep().sent == 1


def test_without_a_mail_server_mails_wait_in_the_outbox(sink, three, settings):
    settings.EMAIL_BACKEND = "reminders.mailbox.NoMailServer"
    settings.MAIL_IS_SET_UP = False

    held = sweep().held

    assert "No mail server is set up" in held
    assert states() == ["due"] * 3


def test_a_backend_that_took_nothing_has_sent_nothing(three, settings):
    settings.EMAIL_BACKEND = f"{NoMailServer.__module__}.NoMailServer"

    sweep()

    assert "sent" not in states()


def test_send_due_command_drains_the_outbox_without_a_broker(sink, three, settings, capsys):
    settings.BROKER_URL = "redis://127.0.0.1:1/0"

    call_command("send_due", "--now", NOW.isoformat())

    assert "sent 3" in capsys.readouterr().out
    assert len(sink.mails) == 3
