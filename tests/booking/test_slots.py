"""Free slots from the database: what they offer can be booked, and they cost the same whatever the book holds."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.management import CommandError, call_command

from booking.appointments import book_appointment, cancel_appointment
from booking.models import Appointment
from booking.slots import first_free, free_slots, nearest
from practice.models import Closure, WorkingHours
from tests import world
from tests.support.queries import assert_queries_do_not_grow, queries_of
from tests.world import NINE, NOW, TODAY, minutes

TOMORROW = TODAY + timedelta(days=1)


def slots_of(practice, massage, **asked):
    return free_slots(**{"practice": practice, "service": massage, "first_day": TODAY, "days": 1, "now": NOW, **asked})


def starts(slots):
    return [f"{slot.starts_at:%H:%M}" for slot in slots]


def test_free_slots_keeps_notice_and_asks_everybody_who_gives_the_service(practice, mia, tom, massage, green_room):
    slots = slots_of(practice, massage)

    assert starts(slots)[:3] == ["10:00", "10:00", "10:15"]  # two hours of notice from 08:00
    assert starts(slots)[-1] == "16:00"
    assert [slot.therapist_id for slot in slots[:2]] == [mia.pk, tom.pk]
    assert slots[0].ends_at == slots[0].starts_at + minutes(60)
    assert slots[0].room_id == green_room.pk


def test_free_slots_for_the_desk_begin_now(practice, mia, massage):
    slots = slots_of(practice, massage, therapists=[mia], notice_minutes=0)

    assert starts(slots)[0] == "09:00"


def test_free_slots_end_at_the_horizon(practice, mia, massage):
    practice.horizon_days = 1
    practice.save()

    slots = slots_of(practice, massage, days=10)

    assert {slot.starts_at.date() for slot in slots} == {TODAY, TOMORROW}


def test_free_slots_leave_out_who_does_not_give_the_service(practice, mia, tom, massage):
    massage.therapists.remove(tom)

    assert {slot.therapist_id for slot in slots_of(practice, massage, therapists=[mia, tom])} == {mia.pk}


def test_free_slots_know_the_only_room_is_taken_by_a_colleague(practice, mia, tom, ada, dana, massage):
    book_appointment(client=ada, therapist=tom, service=massage, starts_at=NINE + minutes(120), by=dana, at=NOW)

    slots = slots_of(practice, massage, therapists=[mia])

    # 11:00 to 12:00 is Ada's, the room is turned over until 12:15, and needs a quarter of an hour before 11:00
    assert starts(slots)[0] == "12:15"


def test_free_slots_take_a_second_room(practice, mia, tom, ada, dana, massage, green_room):
    blue_room = world.make_room("Blue room")
    book_appointment(
        client=ada, therapist=tom, service=massage, starts_at=NINE + minutes(120), room=blue_room, by=dana, at=NOW
    )

    by_start = {slot.starts_at: slot.room_id for slot in slots_of(practice, massage, therapists=[mia])}

    assert by_start[NINE + minutes(120)] == green_room.pk
    assert by_start[NINE + minutes(195)] == blue_room.pk


def test_free_slots_use_only_the_rooms_ticked_even_when_they_are_out_of_use(practice, mia, massage, green_room):
    world.make_room("Blue room")
    massage.rooms.add(green_room)
    green_room.is_active = False
    green_room.save()

    assert slots_of(practice, massage) == []


@pytest.mark.parametrize("of", ["practice", "therapist", "room"])
def test_free_slots_keep_out_of_closures(practice, mia, massage, green_room, of):
    whose = {"practice": {}, "therapist": {"therapist": mia}, "room": {"room": green_room}}[of]
    Closure.objects.create(starts_at=NINE + minutes(120), ends_at=NINE + minutes(180), **whose)

    found = starts(slots_of(practice, massage, therapists=[mia]))

    assert "10:00" in found  # until 11:00: touching is allowed
    assert not {"10:15", "11:00", "11:45"} & set(found)
    assert "12:00" in found


def test_free_slots_leave_out_when_the_client_is_elsewhere(practice, mia, tom, ada, dana, massage):
    world.make_room("Blue room")
    book_appointment(client=ada, therapist=tom, service=massage, starts_at=NINE + minutes(120), by=dana, at=NOW)

    assert "11:00" in starts(slots_of(practice, massage, therapists=[mia]))
    assert "11:00" not in starts(slots_of(practice, massage, therapists=[mia], client=ada))


def test_what_is_offered_can_be_booked_and_cancelling_restores_it(practice, mia, tom, ada, dana, massage):
    practice.slot_minutes = 60
    practice.save()
    offered = slots_of(practice, massage, days=3)

    for slot in offered:
        therapist = {mia.pk: mia, tom.pk: tom}[slot.therapist_id]
        booked = book_appointment(
            client=ada, therapist=therapist, service=massage, starts_at=slot.starts_at, by=None, at=NOW
        )
        assert booked.room_id == slot.room_id
        assert slot not in slots_of(practice, massage, days=3)

        cancel_appointment(booked, reason="other", by=dana, at=NOW)
        assert slots_of(practice, massage, days=3) == offered


def test_first_free_is_the_beginning_of_free_slots(practice, mia, tom, massage):
    asked = {"practice": practice, "service": massage, "first_day": TODAY, "days": 30, "now": NOW}

    assert first_free(4, **asked) == free_slots(**asked)[:4]


def test_nearest_are_given_in_order_of_time(practice, mia, massage):
    slots = slots_of(practice, massage, therapists=[mia])

    assert starts(nearest(slots, NINE + minutes(185), 3)) == ["11:45", "12:00", "12:15"]


def fill_the_book(client, therapists, room, service, days):
    """Two visits a day with each therapist, in no room, far into the past and the future."""
    Appointment.objects.bulk_create(
        Appointment(
            client=client,
            therapist=therapist,
            service=service,
            starts_at=(start := NINE + timedelta(days=day, minutes=120 * number + 60)),
            ends_at=start + minutes(30),
            booked_at=NOW,
        )
        for day in days
        for number, therapist in enumerate(therapists)
    )


def test_free_slots_of_five_therapists_for_thirty_days_take_five_queries(practice, mia, tom, ada, massage, green_room):
    team = [mia, tom]
    for name in ("Ann", "Bo", "Cy"):
        therapist = world.make_staff(name.lower(), name, "Lee", "therapist")
        world.make_hours(therapist)
        team.append(therapist)
    massage.therapists.set(team)

    count = assert_queries_do_not_grow(
        act=lambda: slots_of(practice, massage, days=30),
        grow=lambda: fill_the_book(ada, team[:4], green_room, massage, range(-200, 200)),
    )

    assert count <= 5


def test_free_slots_of_a_therapist_who_never_works_cost_no_more(practice, mia, massage):
    WorkingHours.objects.all().delete()

    assert len(queries_of(lambda: slots_of(practice, massage, therapists=[mia]))) <= 5
    assert slots_of(practice, massage) == []


def test_free_slots_in_the_week_the_clocks_change(practice, mia, massage):
    practice.horizon_days = 366
    practice.save()
    WorkingHours.objects.create(therapist=mia, weekday=6, starts=time(0, 30), ends=time(4))

    slots = slots_of(practice, massage, first_day=date(2027, 3, 28), days=2, therapists=[mia])

    assert slots[0].starts_at == datetime(2027, 3, 28, 0, 30, tzinfo=UTC)  # 00:30, before the clocks go forward
    assert slots[2].starts_at == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)  # 02:00 summer time; 01:00 is skipped
    monday = next(slot for slot in slots if slot.starts_at.date() == date(2027, 3, 29))
    assert monday.starts_at == datetime(2027, 3, 29, 8, 0, tzinfo=UTC)  # 09:00 on the wall


# --- the command


def run(capsys, *arguments):
    call_command("free_slots", *arguments)
    return capsys.readouterr().out


def test_free_slots_command_prints_what_the_pages_offer(capsys, practice, mia, tom, massage):
    rows = json.loads(run(capsys, "--service", "follow-up", "--from", "2026-11-23", "--days", "1", "--json"))

    assert rows[0] == {
        "starts_at": "2026-11-23T10:00:00+00:00",
        "ends_at": "2026-11-23T11:00:00+00:00",
        "therapist": "mia",
        "room": "Green room",
    }
    assert len(rows) == len(slots_of(practice, massage))


def test_free_slots_command_of_one_therapist_as_lines(capsys, practice, mia, tom, massage):
    lines = run(
        capsys, "--service", "follow-up", "--from", "2026-11-23", "--days", "2", "--therapist", "tom"
    ).splitlines()

    assert lines[0].split("\t") == ["2026-11-23T10:00:00+00:00", "2026-11-23T11:00:00+00:00", "tom", "Green room"]
    assert {line.split("\t")[2] for line in lines} == {"tom"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--service", "nothing", "--from", "2026-11-23", "--days", "1"),
        ("--service", "follow-up", "--from", "23.11.2026", "--days", "1"),
        ("--service", "follow-up", "--from", "9999-12-31", "--days", "1"),
        ("--service", "follow-up", "--from", "2026-11-23", "--days", "0"),
        ("--service", "follow-up", "--from", "2026-11-23", "--days", "1", "--therapist", "nobody"),
    ],
)
def test_free_slots_command_says_what_is_wrong(practice, massage, arguments):
    with pytest.raises(CommandError):
        call_command("free_slots", *arguments)


def test_free_slots_command_without_a_practice(db):
    with pytest.raises(CommandError, match="no practice"):
        call_command("free_slots", "--service", "follow-up", "--from", "2026-11-23", "--days", "1")
