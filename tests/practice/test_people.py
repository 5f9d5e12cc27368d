"""Roles, cover, and the owner who must remain."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from clients.models import Client
from practice import staff
from practice.models import AuditEvent, Cover, User
from tests import world
from tests.support.visits import make_visit
from tests.world import NOW

HOUR = timedelta(hours=1)


def test_everybody_has_a_role(practice):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="nobody")


def test_roles_are_a_set(practice):
    solo = world.make_staff("solo", "Sol", "O", "owner", "therapist", "front_desk")

    assert solo.roles == {"owner", "therapist", "front_desk"}


def test_cover_opens_the_others_clients_and_closes_again(mia, tom, olga, ada, massage, still_clock):
    make_visit(ada, mia, massage)
    assert not Client.objects.charts_visible_to(tom).exists()

    staff.give_cover(who=tom, for_whom=mia, starts_at=NOW, until=NOW + HOUR, by=olga, at=NOW)
    assert Client.objects.charts_visible_to(tom).get() == ada

    still_clock.at = NOW + HOUR
    assert not Client.objects.charts_visible_to(tom).exists()


def test_end_cover_closes_the_charts_at_once(mia, tom, olga, ada, massage):
    make_visit(ada, mia, massage)
    cover = staff.give_cover(who=tom, for_whom=mia, starts_at=NOW - HOUR, until=NOW + HOUR, by=olga, at=NOW)

    staff.end_cover(cover, by=olga, at=NOW)

    assert not Client.objects.charts_visible_to(tom).exists()
    assert Cover.objects.get().until == NOW


def test_a_cancelled_visit_opens_no_chart(mia, ada, massage):
    make_visit(ada, mia, massage, status="cancelled")

    assert not Client.objects.charts_visible_to(mia).exists()


def test_the_desk_sees_everybodys_name_and_nobodys_chart(dana, ada):
    assert Client.objects.visible_to(dana).get() == ada
    assert not Client.objects.charts_visible_to(dana).exists()


def test_deactivate_staff_refuses_to_take_the_last_owner(olga):
    with pytest.raises(staff.LastOwner):
        staff.deactivate_staff(olga, by=olga, at=NOW)


def test_change_staff_refuses_to_unmake_the_last_owner(olga):
    with pytest.raises(staff.LastOwner):
        staff.change_staff(olga, roles={"front_desk"}, by=olga, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_leave_one(olga):
    other = world.make_staff("oscar", "Oscar", "Lund", "owner")
    barrier = threading.Barrier(2)
    refused = []

    def remove(whom, by):
        try:
            barrier.wait()
            staff.deactivate_staff(whom, by=by, at=NOW)
        except staff.LastOwner:
            refused.append(whom)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((olga, other), (other, olga))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert User.objects.filter(is_owner=True, is_active=True).count() == 1
    assert len(refused) == 1


def test_deactivation_ends_open_pages_at_once(signed_in, olga, dana):
    browser = signed_in(dana)
    assert browser.get(reverse("clients:client_list")).status_code == 200

    staff.deactivate_staff(dana, by=olga, at=NOW)

    assert browser.get(reverse("clients:client_list")).status_code == 302


def test_invite_staff_says_which_name_is_taken(olga, dana):
    fields = {"first_name": "D", "last_name": "D", "roles": {"front_desk"}, "by": olga, "at": NOW}

    with pytest.raises(staff.UsernameTaken):
        staff.invite_staff(username="dana", email="new@elmstreet.example", **fields)
    with pytest.raises(staff.EmailTaken):
        staff.invite_staff(username="dana2", email="DANA@elmstreet.example", **fields)


def test_invited_people_cannot_sign_in_before_they_set_a_password(olga):
    user = staff.invite_staff(
        username="new",
        email="new@elmstreet.example",
        first_name="N",
        last_name="E",
        roles={"therapist"},
        by=olga,
        at=NOW,
    )

    assert not user.has_usable_password()
    assert AuditEvent.objects.filter(action="staff.invited", by=olga, target_id=user.pk).exists()


FIELDS = {"first_name": "D", "last_name": "D", "roles": {"front_desk"}, "at": NOW}


def test_invite_staff_blames_the_right_field_whatever_the_names_contain(olga, practice):
    world.make_staff("email", "Emil", "Post", "front_desk")
    world.make_staff("una", "Una", "M", "front_desk")
    User.objects.filter(username="una").update(email="username@elmstreet.example")

    with pytest.raises(staff.UsernameTaken):
        staff.invite_staff(username="email", email="new@elmstreet.example", by=olga, **FIELDS)
    with pytest.raises(staff.EmailTaken):
        staff.invite_staff(username="other", email="username@elmstreet.example", by=olga, **FIELDS)


def test_people_without_a_role_are_a_mistake_of_ours_not_of_their_address(olga):
    with pytest.raises(IntegrityError, match="user_has_a_role"), transaction.atomic():
        staff.invite_staff(username="x", email="x@email.example", by=olga, **{**FIELDS, "roles": set()})


def test_invite_staff_leaves_nobody_behind_when_the_audit_cannot_be_written(olga, monkeypatch):
    def full(**_more):
        raise OSError

    monkeypatch.setattr(staff.audit, "record", full)

    with pytest.raises(OSError):
        staff.invite_staff(username="new", email="new@elmstreet.example", by=olga, **FIELDS)

    assert not User.objects.filter(username="new").exists()


def test_change_staff_says_which_address_is_taken_and_changes_nothing(olga, dana, mia):
    with pytest.raises(staff.EmailTaken):
        staff.change_staff(dana, roles={"front_desk"}, by=olga, at=NOW, email=mia.email.upper(), first_name="Other")

    dana.refresh_from_db()
    assert (dana.first_name, dana.email) == ("Dana", "dana@elmstreet.example")


@pytest.mark.parametrize(("starts_at", "until"), [(NOW, NOW), (NOW + HOUR, NOW)])
def test_give_cover_refuses_a_span_that_is_none(mia, tom, olga, starts_at, until):
    with pytest.raises(staff.CoverEndsFirst):
        staff.give_cover(who=tom, for_whom=mia, starts_at=starts_at, until=until, by=olga, at=NOW)


def test_give_cover_refuses_oneself(mia, olga):
    with pytest.raises(staff.CoverOfOneself):
        staff.give_cover(who=mia, for_whom=mia, starts_at=NOW, until=NOW + HOUR, by=olga, at=NOW)


def test_deactivation_ends_the_cover_somebody_gives(mia, tom, olga, dana, ada, massage):
    make_visit(ada, mia, massage)
    staff.give_cover(who=tom, for_whom=mia, starts_at=NOW, until=NOW + HOUR, by=olga, at=NOW)

    staff.deactivate_staff(tom, by=olga, at=NOW)
    staff.reactivate_staff(tom, by=olga, at=NOW + timedelta(minutes=1))

    assert not Client.objects.charts_visible_to(tom).exists()
