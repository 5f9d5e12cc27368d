"""Prepared questions: written once, asked anew each time, each value in its own place."""

from datetime import timedelta

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from practice.models import Closure, Practice, User
from practice.prepared import Statement, prepared
from tests.world import NOW

HOUR = timedelta(hours=1)


@prepared(models.DateTimeField(), models.DateTimeField())
def closures_between(start, end):
    return Closure.objects.filter(starts_at__gte=start, ends_at__lte=end).order_by("pk").values_list("pk", "starts_at")


@prepared(models.BigAutoField())
def people(pk):
    return User.objects.filter(pk=pk, is_active=True)


@pytest.fixture
def closure(practice):
    return Closure.objects.create(starts_at=NOW, ends_at=NOW + HOUR)


def test_each_value_stands_in_its_own_place(closure):
    """Two values of one kind must not change places: the later one would answer for both."""
    assert closures_between(NOW, NOW + HOUR) == [(closure.pk, NOW)]
    assert closures_between(NOW + HOUR, NOW + HOUR) == []
    assert closures_between(NOW, NOW) == []
    assert closures_between(NOW - HOUR, NOW + 2 * HOUR) == [(closure.pk, NOW)]


def test_rows_are_read_as_django_reads_them(mia):
    (person,) = people(mia.pk)

    assert person == mia
    assert {field.attname: getattr(person, field.attname) for field in User._meta.concrete_fields} == {
        field.attname: getattr(User.objects.get(pk=mia.pk), field.attname) for field in User._meta.concrete_fields
    }
    assert not person._state.adding


def test_what_changed_meanwhile_is_seen(mia):
    assert people(mia.pk) == [mia]

    User.objects.filter(pk=mia.pk).update(is_active=False, first_name="Maria")

    assert people(mia.pk) == []


def test_sql_is_written_once_and_asked_every_time(mia, monkeypatch):
    people(mia.pk)
    monkeypatch.setattr(Statement, "__init__", lambda *anything: pytest.fail("written anew"))

    with CaptureQueriesContext(connection) as asked:
        assert people(mia.pk) == [mia]
        assert people(mia.pk + 1000) == []

    assert len(asked) == 2


def test_values_are_never_part_of_the_statement(mia):
    @prepared(models.CharField())
    def named(name):
        return User.objects.filter(first_name=name)

    assert named("Mia") == [mia]
    assert named("' OR 1=1 --") == []


def test_a_request_reads_its_practice_once_and_the_next_one_anew(signed_in, dana):
    browser = signed_in(dana)

    with CaptureQueriesContext(connection) as asked:
        assert b"Riverside" not in browser.get("/booking/").content
    assert sum('FROM "practice_practice"' in query["sql"] for query in asked) == 1

    Practice.objects.update(name="Riverside Massage")
    assert b"Riverside" in browser.get("/booking/").content
    assert Practice.objects.current().name == "Riverside Massage"


def test_a_person_who_may_no_longer_come_in_is_shown_out(signed_in, dana):
    browser = signed_in(dana)
    assert browser.get("/booking/").status_code == 200

    User.objects.filter(pk=dana.pk).update(is_active=False)

    assert browser.get("/booking/").status_code == 302


def test_a_session_that_ended_opens_nothing(signed_in, dana):
    browser = signed_in(dana)
    session = browser.session
    session.set_expiry(-1)
    session.save()

    assert browser.get("/booking/").status_code == 302
