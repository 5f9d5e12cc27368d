"""The outbox against a real mail server that is away, refuses, falls silent or hangs up."""

import pytest
from django.core.management import call_command

from clients.models import Intake, Task
from practice import clock
from reminders import outbox
from reminders.mailbox import NoMailServer
from reminders.models import Message
from reminders.outbox import SmtpDelivery, send_due
from tests.reminders.sink import Sink
from tests.world import NOW, make_client, minutes

pytestmark = pytest.mark.django_db


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


def sweep(now=NOW):
    delivery = SmtpDelivery()
    try:
        return send_due(now=now, deliver=delivery)
    finally:
        delivery.close()


def to(name):
    return lambda envelope, said="550 no such user": said if envelope.rcpt_tos == [f"{name}@mail.example"] else None


def states():
    return list(Message.objects.order_by("pk").values_list("state", flat=True))


def test_server_that_is_away_costs_no_try_and_delays_nothing_once_it_is_back(sink, three):
    sink.stop()
    for minute in range(30):
        sweep(NOW + minutes(minute))
    sink.start()

    sweep(NOW + minutes(30))

    assert sink.recipients() == ["ann@mail.example", "bob@mail.example", "cleo@mail.example"]
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


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


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_final_refusal_of_one_fails_that_one_alone(sink, three, command):
    sink.faults[command] = to("bob")

    sweep()

    assert states() == ["sent", "failed", "sent"]
    assert Task.objects.get().client.first_name == "Bob"


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
