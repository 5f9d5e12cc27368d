"""Charts that wait for a signature chase their author: one mail a day at most, and none once they are signed."""

from datetime import timedelta

import pytest

from practice.models import User
from reminders.due import derive_due
from reminders.models import Message
from reminders.outbox import resend, send_due
from sessions.charting import withdraw_session
from tests.support.queries import assert_queries_do_not_grow
from tests.support.visits import make_session, make_visit, sign
from tests.world import NINE, make_client, minutes

DAY = timedelta(days=1)
DUE = NINE + minutes(60) + DAY + minutes(1)  # a minute after the day in which the note should have been signed


@pytest.fixture
def draft(visit):
    return make_session(visit)


def chases():
    return Message.objects.filter(kind="unsigned_notes").order_by("pk")


def test_nobody_is_chased_within_a_day_of_the_visit(draft):
    derive_due(DUE - minutes(2))

    assert not chases().exists()


def test_the_author_is_chased_after_a_day(draft, mia):
    derive_due(DUE)
    derive_due(DUE)

    assert [(row.reader, row.session) for row in chases()] == [(mia, draft)]


def test_the_mail_goes_to_the_author_and_names_neither_client_nor_health(draft, mia, postbox):
    send_due(now=DUE, deliver=postbox)

    (mail,) = [mail for mail in postbox.mails if mail.to == [mia.email]]
    assert mail.subject == "Your signature is missing"
    whole = f"{mail.subject} {mail.body} {mail.alternatives[0].content}"
    assert "Hello Mia" in whole
    assert "/today/" in whole
    for word in ("Ada", "Müller", "pain", "massage", "chart", "client", "treatment", "note"):
        assert word not in whole.replace("Elm Street Massage", "")


def test_many_drafts_make_one_mail_a_day(draft, mia, massage, green_room):
    for hour in range(1, 4):
        client = make_client(f"Client{hour}", "Test")
        make_session(make_visit(client, mia, massage, green_room, starts_at=NINE + minutes(60 * hour)))

    for hours in range(0, 72, 5):  # a sweep every five hours for three days
        derive_due(DUE + timedelta(hours=3 + hours))

    days = [row.created_at for row in chases()]
    assert len(days) == 3
    assert all(later - earlier >= DAY for earlier, later in zip(days, days[1:], strict=False))


def test_each_author_is_chased_alone(draft, mia, tom, massage, ben):
    make_session(make_visit(ben, tom, massage))

    derive_due(DUE)

    assert {row.reader for row in chases()} == {mia, tom}


def test_it_is_dropped_once_everything_is_signed(draft, postbox):
    derive_due(DUE)
    sign(draft)

    send_due(now=DUE, deliver=postbox)

    assert (chases().get().state, chases().get().why) == ("dropped", "everything is signed")
    derive_due(DUE + 2 * DAY)
    assert chases().count() == 1


def test_a_withdrawn_draft_chases_nobody(draft, mia, postbox):
    derive_due(DUE)
    withdraw_session(draft, reason="Wrong client", by=mia, at=DUE)

    send_due(now=DUE, deliver=postbox)
    derive_due(DUE + 2 * DAY)

    assert chases().get().why == "everything is signed"


def test_after_days_without_mail_only_the_newest_leaves(draft, mia, postbox):
    for day in range(3):
        derive_due(DUE + day * DAY)

    send_due(now=DUE + 2 * DAY, deliver=postbox)

    assert [row.state for row in chases()] == ["dropped", "dropped", "sent"]


def test_who_has_left_or_has_no_address_is_not_chased(draft, mia):
    User.objects.filter(pk=mia.pk).update(is_active=False)
    derive_due(DUE)
    User.objects.filter(pk=mia.pk).update(is_active=True, email="")
    derive_due(DUE)

    assert not chases().exists()


def test_the_desk_can_send_it_again(draft, dana, postbox):
    send_due(now=DUE, deliver=postbox)

    resend(chases().get(), by=dana, at=DUE)
    send_due(now=DUE, deliver=postbox)

    assert len([mail for mail in postbox.mails if mail.subject == "Your signature is missing"]) == 2


def test_today_says_which_are_over_a_day_old_until_they_are_signed(draft, mia, signed_in, still_clock):
    still_clock.at = DUE
    browser = signed_in(mia)
    assert "Not signed for over a day" in browser.get("/today/").content.decode()

    sign(draft)

    assert "Notes waiting for your signature" not in browser.get("/today/").content.decode()


def test_chasing_costs_the_same_queries_for_one_and_for_many(draft, mia, massage, green_room):
    def grow():
        for hour in range(1, 6):
            client = make_client(f"Client{hour}", "Test", email="")
            make_session(make_visit(client, mia, massage, green_room, starts_at=NINE + minutes(60 * hour)))

    assert_queries_do_not_grow(act=lambda: derive_due(DUE + timedelta(hours=8)), grow=grow)
