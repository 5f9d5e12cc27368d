"""Making the demo: where it is refused, that the seed decides, and its larger sizes."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from booking.models import Appointment
from clients.models import Client
from practice.models import Practice
from reminders.due import derive_due
from reminders.models import Message
from sessions.chain import verify
from sessions.models import TreatmentSession
from workspace.demo import SIGN_INS, builder
from workspace.demo.bulk import Amount
from workspace.demo.timetable import place_of_the_hour

NOON = datetime(2026, 11, 23, 12, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(still_clock):
    still_clock.at = NOON


@pytest.fixture
def few_stories(monkeypatch):
    """The first clients are enough where only the making is looked at."""
    monkeypatch.setattr(builder, "STORIES", builder.STORIES[:9])


class TakenBack(Exception):
    """Undoes a demo that was made only to be looked at."""


def look_at(**demo):
    """Make a demo, return what can be seen of it in the order of the rows, and take it back."""
    seen = {}
    try:
        with transaction.atomic():
            builder.make_demo(size="small", **demo)
            rows = Appointment.objects.order_by("pk").select_related("client", "therapist", "room")
            seen["clients"] = [(row.name, str(row.phone), row.created_at) for row in Client.objects.order_by("pk")]
            seen["visits"] = [
                (row.client.name, row.therapist.username, row.room.name, row.starts_at, row.status) for row in rows
            ]
            raise TakenBack
    except TakenBack:
        return seen


def test_load_demo_makes_the_demo_and_says_so(db, few_stories):
    out = StringIO()
    call_command("load_demo", stdout=out)
    assert out.getvalue() == "The demo practice is here: Elm Street Massage, 10 clients.\n"
    assert Practice.objects.get().is_demo


def test_load_demo_is_refused_outside_the_demo(db, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO is off"):
        call_command("load_demo")
    assert not Practice.objects.exists()


def test_load_demo_is_refused_beside_a_real_practice(practice):
    with pytest.raises(CommandError, match="a practice is already here"):
        call_command("load_demo")
    assert not Client.objects.exists()


def test_load_demo_does_nothing_where_the_demo_is(practice):
    Practice.objects.update(is_demo=True)
    with pytest.raises(CommandError, match="the demo is already here; nothing was changed"):
        call_command("load_demo")
    assert not Client.objects.exists()


def test_make_demo_leaves_nothing_behind_when_it_breaks_off(db, few_stories, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("workspace.demo.walk.sign_session", stop)
    monkeypatch.setattr("workspace.demo.walk.submit_intake", stop)
    with pytest.raises(KeyboardInterrupt):
        call_command("load_demo")
    assert not Practice.objects.exists()
    assert not Client.objects.exists()


def test_demo_sign_ins_prints_them_in_the_demo_alone(settings):
    out = StringIO()
    call_command("demo_sign_ins", stdout=out)
    for username, password, _ in SIGN_INS:
        assert f"{username} " in out.getvalue()
        assert f" {password} " in out.getvalue()
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO is off"):
        call_command("demo_sign_ins")


def test_make_demo_gives_the_same_for_the_same_seed(db, few_stories):
    once, again = look_at(seed=7, now=NOON), look_at(seed=7, now=NOON)
    assert once == again
    assert len(once["visits"]) >= 6


def test_make_demo_gives_another_timetable_for_another_seed(db, few_stories):
    one, other = look_at(seed=7, now=NOON), look_at(seed=8, now=NOON)
    assert [name for name, *_ in one["clients"]] == [name for name, *_ in other["clients"]]
    assert one["visits"] != other["visits"]


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_the_practice_stands_where_it_is_working_time(hour):
    now = NOON.replace(hour=hour)
    local = now.astimezone(ZoneInfo(place_of_the_hour(now)["zone"]))
    assert 8 <= local.hour < 19


@pytest.mark.parametrize("hour", [0, 5, 9, 18, 22])
def test_make_demo_works_at_any_hour(db, few_stories, hour):
    now = NOON.replace(hour=hour)
    builder.make_demo(seed=1, size="small", now=now)
    assert not Appointment.objects.filter(status="arrived", starts_at__gt=now + timedelta(minutes=20)).exists()


def test_make_demo_in_bulk_signs_a_chain_that_holds(db, few_stories, monkeypatch):
    monkeypatch.setitem(builder.AMOUNTS, "year", Amount(appointments=330, notes=40, days_back=30))
    builder.make_demo(seed=1, size="year", now=NOON)
    verdict = verify()
    assert verdict.fault is None
    assert verdict.sessions == TreatmentSession.objects.signed().count() >= 40
    assert Appointment.objects.count() >= 330


def test_make_demo_in_bulk_books_nobody_twice_and_leaves_no_mail_waiting(db, few_stories, monkeypatch):
    monkeypatch.setitem(builder.AMOUNTS, "year", Amount(appointments=250, notes=200, days_back=30))
    builder.make_demo(seed=1, size="year", now=NOON)
    last = None
    for visit in Appointment.objects.live().order_by("therapist", "starts_at"):
        if last is not None and last.therapist_id == visit.therapist_id:
            assert last.ends_at <= visit.starts_at
        last = visit
    derive_due(NOON)
    fresh = {"Rosa", "Grace", "Hana", "Peter"}
    assert set(Message.objects.filter(state="due").values_list("client__first_name", flat=True)) <= fresh
