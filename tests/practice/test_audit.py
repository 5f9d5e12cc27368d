"""The audit: in the act's own transaction, once per reading in five minutes, never changed."""

from itertools import count

import pytest
from django.db import IntegrityError, transaction

from practice import audit
from practice.models import AuditEvent
from tests.support.queries import assert_queries_do_not_grow
from tests.world import NOW, make_client, minutes


def readings():
    return AuditEvent.objects.filter(action="chart.read").count()


def test_record_reading_is_one_row_per_person_client_and_page_in_five_minutes(ada, ben, mia, tom):
    for at in (NOW, NOW + minutes(4)):
        audit.record_reading(client=ada, page="page", at=at, by=mia)
    assert readings() == 1

    audit.record_reading(client=ada, page="page", at=NOW + minutes(6), by=mia)
    audit.record_reading(client=ada, page="other", at=NOW, by=mia)
    audit.record_reading(client=ada, page="page", at=NOW, by=tom)
    audit.record_reading(client=ben, page="page", at=NOW, by=mia)
    assert readings() == 5


def test_record_readings_costs_the_same_for_many_clients(mia, ada):
    people, moments = [ada], count()

    def act():
        at = NOW + minutes(6 * next(moments))
        audit.record_readings(clients=people, page="page", at=at, by=mia)

    assert_queries_do_not_grow(act=act, grow=lambda: people.extend(make_client("No", str(n)) for n in range(5)))


def test_an_act_that_fails_leaves_no_audit(ada, mia):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record(action="something.done", at=NOW, by=mia, target=ada)
        raise ZeroDivisionError

    assert not AuditEvent.objects.exists()


def test_the_audit_names_its_staff_or_says_who_else_acted(mia):
    with pytest.raises(IntegrityError), transaction.atomic():
        audit.record(action="something.done", at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        audit.record(action="something.done", at=NOW, by=mia, actor="client")


def test_the_audit_is_the_owners_to_read(mia, dana, olga, ada):
    audit.record(action="something.done", at=NOW, by=mia, target=ada)

    assert [AuditEvent.objects.visible_to(person).count() for person in (mia, dana, olga)] == [0, 0, 1]


def test_the_audit_is_never_changed_or_deleted(mia, ada):
    audit.record(action="something.done", at=NOW, by=mia, target=ada)

    for change in (lambda rows: rows.update(action="nothing"), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change(AuditEvent.objects.all())
