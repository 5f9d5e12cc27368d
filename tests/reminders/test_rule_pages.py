"""When mails go out, as staff reads it and the owner sets it."""

from datetime import time, timedelta

import pytest
from django.urls import reverse

from practice.models import AuditEvent, Practice
from reminders.catalogue import CATALOGUE, KIND_OF_RULE
from reminders.due import derive_due
from reminders.models import CheckIn, Message, ReminderRule
from reminders.rules import RULES, hours_of_rules, in_days
from tests.support.queries import assert_queries_do_not_grow
from tests.world import NOW

RULE_LIST = "reminders:rule_list"


def page_of(browser, name=RULE_LIST, **kwargs):
    return browser.get(reverse(name, kwargs=kwargs)).content.decode()


def change(browser, key, **typed):
    return browser.post(reverse("reminders:rule_edit", args=[key]), typed)


@pytest.mark.parametrize(
    ("hours", "words"),
    [(1, "1 hour"), (23, "23 hours"), (24, "1 day"), (30, "30 hours"), (48, "2 days"), (720, "30 days")],
)
def test_in_days_says_whole_days_as_days(hours, words):
    assert in_days(hours) == words


def test_rule_list_shows_every_rule_with_its_sentence(signed_in, dana):
    page = page_of(signed_in(dana))

    assert [rule.name for rule in RULES.values() if rule.name not in page] == []
    assert "2 days before the visit." in page
    assert "From <strong>21:00</strong> to <strong>08:00</strong>" in page


def test_every_kind_of_mail_stands_in_the_catalogue_and_every_rule_sends_one():
    assert set(CATALOGUE) == set(Message.Kind.values)
    assert set(KIND_OF_RULE) == set(RULES)
    assert {entry.rule for entry in CATALOGUE.values() if entry.rule} <= set(RULES)
    assert {RULES[entry.rule].group for entry in CATALOGUE.values() if entry.rule} <= {
        entry.group for entry in CATALOGUE.values()
    }


def test_rule_list_lets_only_the_owner_change(signed_in, dana, olga):
    edit = reverse("reminders:rule_edit", args=["recall"])

    assert edit not in page_of(signed_in(dana))
    assert edit in page_of(signed_in(olga))


def test_rule_list_counts_what_each_rule_sent_in_the_last_thirty_days(signed_in, dana, signed_session, ada):
    for step, version in ((1, 1), (2, 2)):
        check_in = CheckIn.objects.create(client=ada, session=signed_session, step=step, due_at=NOW)
        Message.objects.create(
            kind="check_in", client=ada, check_in=check_in, version=version, state="sent", created_at=NOW,
            due_at=NOW - timedelta(days=1), needed_by=NOW, sent_at=NOW - timedelta(days=1),
        )  # fmt: skip
    Message.objects.filter(check_in__step=2).update(due_at=NOW - timedelta(days=31))

    groups = signed_in(dana).get(reverse(RULE_LIST)).context["groups"]

    sent = {row["setting"].rule.key: row["sent"] for rows in groups.values() for row in rows}
    assert (sent["check_in"], sent["second_check_in"], sent["recall"]) == (1, 0, 0)


def test_rule_list_queries_do_not_grow(signed_in, dana, visit):
    def grow():
        derive_due(NOW)
        Message.objects.update(state="sent", sent_at=NOW)

    assert_queries_do_not_grow(act=lambda: page_of(signed_in(dana)), grow=grow)


def test_rule_edit_changes_when_mails_go_out(signed_in, olga):
    answer = change(signed_in(olga), "first_reminder", hours="72", is_active="on")

    assert answer.url == reverse(RULE_LIST)
    assert hours_of_rules()["first_reminder"] == 72
    assert "3 days before the visit." in page_of(signed_in(olga))
    assert AuditEvent.objects.filter(action="rule.changed", by=olga).exists()


def test_rule_edit_switches_a_rule_off(signed_in, olga):
    change(signed_in(olga), "recall", hours="720")

    assert "recall" not in hours_of_rules()


def test_rule_edit_of_a_rule_without_hours_only_switches(signed_in, olga):
    page = page_of(signed_in(olga), "reminders:rule_edit", key="waitlist_offer")
    change(signed_in(olga), "waitlist_offer")

    assert 'name="hours"' not in page
    assert "waitlist_offer" not in hours_of_rules()


@pytest.mark.parametrize("typed", ["1", "337", "-5", "", "two days", "1.5", "9" * 30])
def test_rule_edit_says_what_is_possible_and_keeps_what_was_typed(signed_in, olga, typed):
    answer = change(signed_in(olga), "first_reminder", hours=typed, is_active="on")

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "2 to 336 hours" in page or "from 2 to 336" in page
    assert f'value="{typed}"' in page or not typed
    assert not ReminderRule.objects.exists()


def test_rule_edit_is_the_owners(signed_in, dana):
    assert change(signed_in(dana), "recall", hours="720").status_code == 403


def test_rule_edit_knows_no_other_rule(signed_in, olga):
    assert change(signed_in(olga), "secrets", hours="720").status_code == 404


@pytest.mark.parametrize(
    ("key", "hours", "words"),
    [
        ("first_reminder", "24", "Never goes out: the second reminder comes no later."),
        ("second_reminder", "48", "Never goes out: the second reminder comes no later."),
        ("second_reminder", "47", ""),
        ("check_in", "72", "Comes no later than the first."),
        ("check_in", "71", ""),
    ],
)
def test_rule_list_says_when_two_rules_clash(signed_in, olga, key, hours, words):
    change(signed_in(olga), key, hours=hours, is_active="on")

    page = page_of(signed_in(olga))

    assert words in page
    assert bool(words) == ("Choose more hours here" in page)


def test_rules_that_are_switched_off_clash_with_none(signed_in, olga):
    change(signed_in(olga), "second_reminder", hours="48")

    assert "Choose more hours here" not in page_of(signed_in(olga))


# --- quiet hours


def set_quiet(browser, begins, ends):
    return browser.post(reverse("reminders:quiet_edit"), {"quiet_from": begins, "quiet_until": ends})


def test_quiet_edit_sets_the_hours(signed_in, olga):
    set_quiet(signed_in(olga), "22:30", "07:15")

    practice = Practice.objects.get()
    assert (practice.quiet_from, practice.quiet_until) == (time(22, 30), time(7, 15))
    assert "From <strong>22:30</strong> to <strong>07:15</strong>" in page_of(signed_in(olga))
    assert AuditEvent.objects.filter(action="practice.kept", by=olga).exists()


def test_the_same_time_twice_means_no_quiet_hours(signed_in, olga):
    set_quiet(signed_in(olga), "09:00", "09:00")

    assert "None: reminders and follow-ups leave at any hour." in page_of(signed_in(olga))


@pytest.mark.parametrize(("begins", "ends"), [("12:00", "08:01"), ("00:00", "23:00"), ("08:00", "07:59")])
def test_quiet_edit_leaves_hours_in_which_mails_may_go_out(signed_in, olga, begins, ends):
    answer = set_quiet(signed_in(olga), begins, ends)

    assert answer.status_code == 422
    assert "Leave at least 4 hours of the day" in answer.content.decode()
    assert f'value="{begins}"' in answer.content.decode()
    assert Practice.objects.get().quiet_from == time(21)


def test_quiet_edit_takes_the_longest_quiet_hours_there_may_be(signed_in, olga):
    assert set_quiet(signed_in(olga), "12:00", "08:00").status_code == 302


@pytest.mark.parametrize("typed", ["", "25:00", "noon"])
def test_quiet_edit_refuses_what_is_no_time(signed_in, olga, typed):
    answer = set_quiet(signed_in(olga), typed, "08:00")

    assert answer.status_code == 422
    assert Practice.objects.get().quiet_from == time(21)
