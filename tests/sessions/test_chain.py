"""The chain of signatures, and what it finds when somebody writes past the triggers."""

import io
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from sessions.chain import verify
from sessions.charting import amend_session, save_chart, sign_session
from sessions.models import Amendment, FindingTechnique, MuscleFinding, TreatmentSession
from tests.sessions.conftest import PIRIFORMIS, ask_and_start, make_visit
from tests.world import NINE, minutes


@pytest.fixture
def three(signed, ada, mia, massage, green_room):
    """Three signed visits a week apart."""
    sessions = [signed]
    for week in (1, 2):
        visit = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(weeks=week))
        session = ask_and_start(visit, mia)
        session = save_chart(
            session,
            version=1,
            by=mia,
            at=visit.starts_at,
            pain_before_nrs=5,
            pain_after_nrs=2,
            findings=[PIRIFORMIS],
        )
        sessions.append(sign_session(session, version=session.version, by=mia, at=visit.ends_at))
    return sessions


@contextmanager
def without_triggers():
    """Write as somebody with the database's own password would."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            cursor.execute("SET LOCAL session_replication_role = origin")
            return
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')
        yield


def test_the_chain_counts_and_holds(three, mia):
    amend_session(three[0], kind="addendum", text="Late word.", reason="Left out", by=mia, at=NINE + minutes(90))

    verdict = verify()

    assert (verdict.sessions, verdict.amendments, verdict.fault) == (3, 1, None)
    assert [session.chain_position for session in three] == [1, 2, 3]


def test_an_empty_chain_holds(practice):
    assert verify().fault is None


def change_words(sessions):
    TreatmentSession.objects.filter(pk=sessions[1].pk).update(subjective="never said")


def change_minutes(sessions):
    MuscleFinding.objects.filter(session=sessions[1]).update(minutes=45)


def take_a_technique_away(sessions):
    FindingTechnique.objects.filter(finding__session=sessions[1])._raw_delete("default")


def add_a_finding(sessions):
    MuscleFinding.objects.create(session=sessions[1], muscle="psoas", side="left", minutes=5)


def move_the_signature(sessions):
    TreatmentSession.objects.filter(pk=sessions[1].pk).update(signed_at=NINE)


def hash_the_lie(sessions):
    TreatmentSession.objects.filter(pk=sessions[1].pk).update(content_hash="0" * 64)


def swap_two(sessions):
    second, third = sessions[1].pk, sessions[2].pk
    TreatmentSession.objects.filter(pk=second).update(chain_position=99)
    TreatmentSession.objects.filter(pk=third).update(chain_position=2)
    TreatmentSession.objects.filter(pk=second).update(chain_position=3)


def shift_a_place(sessions):
    TreatmentSession.objects.filter(pk=sessions[2].pk).update(chain_position=7)
    TreatmentSession.objects.filter(pk=sessions[1].pk).update(chain_position=5)


@pytest.mark.parametrize(
    "tamper",
    [
        change_words,
        change_minutes,
        take_a_technique_away,
        add_a_finding,
        move_the_signature,
        hash_the_lie,
        swap_two,
        shift_a_place,
    ],
)
def test_verify_names_the_first_bad_row(three, tamper):
    with without_triggers():
        tamper(three)

    fault = verify().fault

    assert fault is not None
    assert fault.position == 2


def test_verify_finds_a_changed_amendment(three, mia):
    amend_session(three[0], kind="addendum", text="Late word.", reason="Left out", by=mia, at=NINE + minutes(90))
    with without_triggers():
        Amendment.objects.update(text="Nothing happened.")

    assert verify().fault.words == "its content is not what was signed"


def test_verify_needs_the_key(three, settings):
    settings.CHAIN_KEY = "another key of at least thirty-two characters"

    assert verify().fault.position == 1


def test_verify_chain_prints_a_count(three):
    out = io.StringIO()
    call_command("verify_chain", stdout=out)

    assert out.getvalue() == "3 signed sessions and 0 amendments: the chain holds.\n"


def test_verify_chain_exits_with_1_and_names_the_row(three):
    with without_triggers():
        change_words(three)

    with pytest.raises(CommandError, match=rf"session #{three[1].pk}, position 2: its content") as failure:
        call_command("verify_chain")

    assert failure.value.returncode == 1
