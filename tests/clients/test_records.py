"""Taking somebody in, putting details right, and noticing that they are on file already."""

from datetime import date
from uuid import uuid4

import pytest

from clients.intakes import request_intake
from clients.models import Client, IntakeLink
from clients.records import (
    ClientChangedMeanwhile,
    DetailsMissing,
    create_client,
    find_problems,
    fingerprint,
    possible_duplicates,
    update_client,
)
from practice.idempotency import FormAlreadyUsed
from practice.models import AuditEvent
from tests.world import NOW, TODAY, make_client, minutes

NEW = {"first_name": "Cleo", "last_name": "Hart", "phone": "+442079461111"}


def duplicates(**details):
    found = possible_duplicates(**{"first_name": "", "last_name": "", **details})
    return {each.client.name: each.reasons for each in found}


def test_possible_duplicates_finds_the_same_name_however_it_is_written(ada):
    assert duplicates(first_name="ADA", last_name="Muller") == {"Ada Müller": ("same name",)}


def test_possible_duplicates_finds_swapped_names(ada):
    assert duplicates(first_name="Müller", last_name="Ada") == {"Ada Müller": ("same names, swapped",)}


@pytest.mark.parametrize(
    ("first", "last"), [("Kathryn", "Johnston"), ("Katherine", "Johnson"), ("Kathrine", "Jonston")]
)
def test_possible_duplicates_finds_a_close_spelling(practice, first, last):
    make_client("Katherine", "Johnston")

    assert duplicates(first_name=first, last_name=last) == {"Katherine Johnston": ("name spelled almost the same",)}


def test_possible_duplicates_counts_a_birth_date_only_with_one_of_the_names(ada):
    same_day = {"born_on": ada.born_on}

    assert duplicates(first_name="Zoe", last_name="Quist", **same_day) == {}
    assert duplicates(first_name="Ada", last_name="Quist", **same_day) == {"Ada Müller": ("same date of birth",)}


def test_possible_duplicates_tells_a_family_by_shared_phone_and_mail(ada):
    found = duplicates(first_name="Zoe", last_name="Quist", phone=ada.phone, email=ada.email.upper())

    assert found == {"Ada Müller": ("same phone number", "same e-mail – a family may share one")}


def test_possible_duplicates_says_when_the_birth_dates_differ(ada):
    found = duplicates(first_name="Ada", last_name="Müller", born_on=date(1999, 1, 1))

    assert found == {"Ada Müller": ("same name", "but another date of birth")}


def test_possible_duplicates_puts_the_likeliest_first_and_leaves_out_the_person_edited(ada):
    make_client("Ada", "Müller", born_on=None, phone="+447911000001", email="")

    found = possible_duplicates(first_name="Ada", last_name="Müller", born_on=ada.born_on, phone=ada.phone)

    assert found[0].client == ada
    assert ada not in [each.client for each in possible_duplicates(first_name="Ada", last_name="Müller", exclude=ada)]


def test_possible_duplicates_leaves_strangers_alone(ada, ben):
    assert duplicates(first_name="Adam", last_name="Miller-Jones", phone="+442079461111", email="x@y.example") == {}


def test_create_client_needs_a_name_and_one_way_to_reach_them(dana):
    client = create_client(by=dana, at=NOW, **NEW)

    assert Client.objects.matching("hart cleo").get() == client
    assert AuditEvent.objects.get(action="client.created").about_client_id == client.pk
    with pytest.raises(DetailsMissing, match="phone number or an e-mail"):
        create_client(by=dana, at=NOW, **{**NEW, "phone": ""})


def test_create_client_refuses_a_minor_without_guardian(dana):
    minor = {**NEW, "born_on": date(2010, 5, 1)}

    with pytest.raises(DetailsMissing, match="Under 18"):
        create_client(by=dana, at=NOW, **minor)

    assert create_client(by=dana, at=NOW, **minor, guardian_name="Jo Hart", guardian_phone="+442079461112").pk


@pytest.mark.parametrize(
    ("born_on", "words"),
    [(date(1899, 12, 31), "1900 or later"), (date(9999, 1, 1), "future"), (date(2026, 11, 24), "future")],
)
def test_find_problems_names_impossible_birth_dates(born_on, words):
    assert words in find_problems(today=TODAY, phone="1", born_on=born_on)["born_on"]


def test_find_problems_ends_guardianship_on_the_eighteenth_birthday():
    assert find_problems(today=TODAY, phone="1", born_on=date(2008, 11, 23)) == {}
    assert set(find_problems(today=TODAY, phone="1", born_on=date(2008, 11, 24))) == {"guardian_name", "guardian_phone"}


def test_create_client_makes_one_client_of_a_form_sent_twice(dana):
    key = uuid4()

    first = create_client(by=dana, at=NOW, key=key, **NEW)

    assert create_client(by=dana, at=NOW, key=key, **NEW) == first
    with pytest.raises(FormAlreadyUsed):
        create_client(by=dana, at=NOW, key=key, **{**NEW, "first_name": "Clea"})


def test_update_client_refuses_to_overwrite_what_somebody_else_saved(ada, dana):
    seen = fingerprint(ada)
    update_client(ada, by=dana, at=NOW, seen=seen, phone="+447911000001", email=ada.email)

    with pytest.raises(ClientChangedMeanwhile):
        update_client(ada, by=dana, at=NOW, seen=seen, phone="+447911000002", email=ada.email)

    ada.refresh_from_db()
    assert str(ada.phone) == "+447911000001"


def test_update_client_closes_intake_links_sent_to_the_old_address(ada, dana):
    intake = request_intake(client=ada, by=dana, at=NOW)
    token = IntakeLink.mint(now=NOW, expires_at=NOW + minutes(60), intake=intake)

    update_client(ada, by=dana, at=NOW, phone=ada.phone, email="ada@new.example")

    assert IntakeLink.objects.opened_by(token, now=NOW) is None
    assert Client.objects.matching("ada@new").get() == ada


def test_search_puts_names_that_begin_so_first(practice, ada):
    later = make_client("Adam", "Zeller", email="adam@mail.example")
    inside = make_client("Nada", "Adler-Ross", email="nada@mail.example")
    last = make_client("Rada", "Abel", email="rada@mail.example")

    assert list(Client.objects.matching("ada").best_first("ada")) == [ada, later, last, inside]
    assert list(Client.objects.matching("").best_first("")) == [last, inside, ada, later]


def test_search_reads_the_table_through_rather_than_an_index_by_name(practice):
    """Walked by name, SQLite fetches every row one by one: 150 ms at 50,000 clients, against 15."""
    plan = Client.objects.matching("muller").best_first("muller")[:9].explain()

    assert "client_by_name" not in plan
