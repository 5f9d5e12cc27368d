"""The chain of signatures: what it finds when somebody writes past the triggers, with the database's own password."""

import io
import json
import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from sessions import chain, tasks
from sessions.anchors import write_anchor
from sessions.chain import content_hash, session_content, verify
from sessions.charting import amend_session, save_chart, sign_session, start_session, withdraw_session
from sessions.entries import TestEntry
from sessions.models import Amendment, TreatmentSession
from sessions.reading import fetch_parts
from tests.sessions.conftest import PIRIFORMIS, ask_and_start, make_visit
from tests.world import NINE, minutes

LATER = NINE + timedelta(weeks=4)
SESSION, AMENDMENT = TreatmentSession._meta.db_table, Amendment._meta.db_table
FINDING, TECHNIQUE, TEST = (
    f"treatment_sessions_{name}" for name in ("musclefinding", "findingtechnique", "testresult")
)


@pytest.fixture(autouse=True)
def anchors(settings, tmp_path):
    """Each test has a file of anchors of its own, which is not there yet."""
    settings.CHAIN_ANCHORS = tmp_path / "chain-anchors.jsonl"
    return settings.CHAIN_ANCHORS


@pytest.fixture
def three(signed, ada, mia, massage, green_room):
    """Three signed visits a week apart, with different words, a test each, and how the second stood as a draft."""
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
            subjective=f"Week {week}.",
            findings=[PIRIFORMIS],
            test_results=[TestEntry("slr", "right", "before", "positive", 40 + week)],
        )
        draft = TreatmentSession.objects.values().get(pk=session.pk)
        session = sign_session(session, version=session.version, by=mia, at=visit.ends_at)
        session.as_draft = draft
        sessions.append(session)
    return sessions


@pytest.fixture
def all_kinds(three, mia, anchors):
    """An amendment of each kind on the first session, the last of them its withdrawal; the heads are anchored."""
    first = three[0]
    amend_session(first, kind="addendum", text="Showed the bridge.", reason="Left out", by=mia, at=LATER)
    amend_session(
        first, kind="late_entry", text="She rang.", reason="Told at the desk", happened_at=NINE, by=mia, at=LATER
    )
    amend_session(first, kind="correction", text="Right, not left.", reason="Mistyped", by=mia, at=LATER)
    withdraw_session(first, reason="Another client's visit", by=mia, at=LATER)
    write_anchor(anchors, at=LATER)
    return three


def sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


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


def verify_chain(*arguments) -> str:
    """Run the command and return what it printed, or the line with which it exits with 1."""
    out = io.StringIO()
    try:
        call_command("verify_chain", *arguments, stdout=out)
    except CommandError as failure:
        assert failure.returncode == 1
        return str(failure)
    return out.getvalue()


# --- a chain that nobody touched


def test_the_chain_counts_and_holds(all_kinds):
    verdict = verify()

    assert (verdict.sessions, verdict.amendments, verdict.fault) == (3, 4, None)
    assert [session.chain_position for session in all_kinds] == [1, 2, 3]


def test_an_empty_chain_holds(practice):
    assert verify().fault is None


def test_verify_chain_prints_a_count_and_how_far_it_is_anchored(all_kinds):
    assert verify_chain() == (
        "Anchored: 1 time, the last on 2026-12-21 09:00 UTC.\n3 signed sessions and 4 amendments: the chain holds.\n"
    )


def test_verify_needs_the_key(three, settings):
    settings.CHAIN_KEY = "another key of at least thirty-two characters"

    assert verify().fault.position == 1


# --- the eight kinds of tampering, and edits of everything a signature covers. Ids are those of the second session.


def update(sessions):
    sql(f"UPDATE {SESSION} SET subjective = 'never said' WHERE id = %s", sessions[1].pk)


def update_and_hash(sessions):
    """As somebody who knows how the content is hashed, and has no key."""
    update(sessions)
    session = fetch_parts(TreatmentSession.objects.get(pk=sessions[1].pk))
    sql(f"UPDATE {SESSION} SET content_hash = %s WHERE id = %s", content_hash(session_content(session)), session.pk)


def delete(sessions):
    pk = sessions[1].pk
    sql(f"DELETE FROM {TECHNIQUE} WHERE finding_id IN (SELECT id FROM {FINDING} WHERE session_id = %s)", pk)
    for table in (FINDING, TEST, "treatment_sessions_outcomescore"):
        sql(f"DELETE FROM {table} WHERE session_id = %s", pk)
    sql(f"DELETE FROM {SESSION} WHERE id = %s", pk)


def reorder(sessions):
    for pk, place in ((sessions[1].pk, 99), (sessions[2].pk, 2), (sessions[1].pk, 3)):
        sql(f"UPDATE {SESSION} SET chain_position = %s WHERE id = %s", place, pk)


def leave_a_gap(sessions):
    sql(f"UPDATE {SESSION} SET chain_position = 7 WHERE id = %s", sessions[2].pk)
    sql(f"UPDATE {SESSION} SET chain_position = 5 WHERE id = %s", sessions[1].pk)


def insert(sessions):
    """A visit that never was, at the end of the chain, hashed as well as it can be without the key."""
    forged = TreatmentSession.objects.get(pk=sessions[2].pk)
    visit = forged.appointment
    visit.pk, visit.starts_at, visit.ends_at = None, visit.starts_at + minutes(90), visit.ends_at + minutes(90)
    visit.save()
    forged.pk, forged.appointment, forged.chain_position = None, visit, 4
    forged.save()
    own = content_hash(session_content(fetch_parts(TreatmentSession.objects.get(pk=forged.pk))))
    sql(f"UPDATE {SESSION} SET content_hash = %s WHERE id = %s", own, forged.pk)


def swap(sessions):
    """Two rows change places with all they hold but their keys."""
    columns = "subjective, pain_before_nrs, version, signed_at, content_hash, chain_hash".split(", ")
    rows = {row["id"]: row for row in TreatmentSession.objects.values("id", *columns)}
    one, other = sessions[1].pk, sessions[2].pk
    for pk, source in ((one, other), (other, one)):
        places = ", ".join(f"{name} = %s" for name in columns)
        sql(f"UPDATE {SESSION} SET {places} WHERE id = %s", *(rows[source][name] for name in columns), pk)


def truncate(sessions):
    delete([None, sessions[2]])


def edit_amendment(sessions):
    sql(f"UPDATE {AMENDMENT} SET text = 'Nothing happened.' WHERE chain_position = 2")


def restore(sessions):
    """The second session as it stood before it was signed."""
    old = {name: value for name, value in sessions[1].as_draft.items() if name != "id"}
    places = ", ".join(f"{name} = %s" for name in old)
    sql(f"UPDATE {SESSION} SET {places} WHERE id = %s", *old.values(), sessions[1].pk)


def move_the_signature(sessions):
    sql(f"UPDATE {SESSION} SET signed_as = 'Tom Reed' WHERE id = %s", sessions[1].pk)


def edit_finding(sessions):
    sql(f"UPDATE {FINDING} SET minutes = 45 WHERE session_id = %s", sessions[1].pk)


def add_finding(sessions):
    columns = "session_id, muscle, side, refers_to, minutes, response"
    sql(f"INSERT INTO {FINDING} ({columns}) VALUES (%s, 'psoas', 'left', '', 5, '')", sessions[1].pk)


def move_finding(sessions):
    sql(f"UPDATE {FINDING} SET side = 'left' WHERE session_id = %s", sessions[1].pk)


OF_THE_SECOND = f"finding_id IN (SELECT id FROM {FINDING} WHERE session_id = %s)"


def drop_technique(sessions):
    sql(f"DELETE FROM {TECHNIQUE} WHERE {OF_THE_SECOND}", sessions[1].pk)


def change_technique(sessions):
    sql(f"UPDATE {TECHNIQUE} SET technique_id = technique_id + 1 WHERE {OF_THE_SECOND}", sessions[1].pk)


def edit_test(sessions):
    sql(f"UPDATE {TEST} SET result = 'negative' WHERE session_id = %s", sessions[1].pk)


def drop_test(sessions):
    sql(f"DELETE FROM {TEST} WHERE session_id = %s", sessions[1].pk)


def pretend_copied(sessions):
    columns, values = "session_id, source_id, spot, field", (sessions[1].pk, sessions[0].pk)
    sql(f"INSERT INTO treatment_sessions_copiedfield ({columns}) VALUES (%s, %s, '', 'subjective')", *values)


def edit_kind(sessions):
    sql(f"UPDATE {AMENDMENT} SET kind = 'correction' WHERE chain_position = 1")


def edit_time_of_event(sessions):
    sql(f"UPDATE {AMENDMENT} SET happened_at = at WHERE chain_position = 2")


def delete_amendment(sessions):
    sql(f"DELETE FROM {AMENDMENT} WHERE chain_position = 3")


def truncate_amendments(sessions):
    sql(f"DELETE FROM {AMENDMENT} WHERE chain_position = 4")
    sql(f"UPDATE {SESSION} SET entered_in_error_at = NULL WHERE id = %s", sessions[0].pk)


def hide(sessions):
    sql(f"UPDATE {SESSION} SET entered_in_error_at = signed_at WHERE id = %s", sessions[1].pk)


def bring_back(sessions):
    sql(f"UPDATE {SESSION} SET entered_in_error_at = NULL WHERE id = %s", sessions[0].pk)


def backdate_the_error(sessions):
    sql(f"UPDATE {SESSION} SET entered_in_error_at = signed_at WHERE id = %s", sessions[0].pk)


NOT_SIGNED = r"session #{second}, position 2: its content is not what was signed\."
NOT_AMENDED = r"amendment #\d+, position {place}: its content is not what was signed\."
TAMPERING = {
    "update": (update, NOT_SIGNED),
    "update, hashed": (update_and_hash, r"session #{second}, position 2: it does not follow from the row before it\."),
    "delete": (delete, r"session #{third}, position 2: position 2 is missing; the next row stands at 3\."),
    "reorder": (reorder, r"session #{third}, position 2: it does not follow from the row before it\."),
    "gap": (leave_a_gap, r"session #{second}, position 2: position 2 is missing; the next row stands at 5\."),
    "insert": (insert, r"session #\d+, position 4: it does not follow from the row before it\."),
    "swap": (swap, NOT_SIGNED),
    "truncate": (truncate, r"treatment session, position 3: it is missing.* an anchor saw 3 rows\."),
    "amendment edit": (edit_amendment, NOT_AMENDED.replace("{place}", "2")),
    "restore": (restore, r"session #{third}, position 2: position 2 is missing; the next row stands at 3\."),
    "signer": (move_the_signature, NOT_SIGNED),
    "finding": (edit_finding, NOT_SIGNED),
    "finding added": (add_finding, NOT_SIGNED),
    "finding moved": (move_finding, NOT_SIGNED),
    "technique": (change_technique, NOT_SIGNED),
    "technique dropped": (drop_technique, NOT_SIGNED),
    "test": (edit_test, NOT_SIGNED),
    "test dropped": (drop_test, NOT_SIGNED),
    "copied mark added": (pretend_copied, NOT_SIGNED),
    "amendment's kind": (edit_kind, NOT_AMENDED.replace("{place}", "1")),
    "time of a late entry": (edit_time_of_event, NOT_AMENDED.replace("{place}", "2")),
    "amendment deleted": (delete_amendment, r"amendment #\d+, position 3: position 3 is missing; the next .* at 4\."),
    "amendments truncated": (truncate_amendments, r"amendment, position 4: it is missing.* an anchor saw 4 rows\."),
    "hidden": (hide, r"session #{second}, position 2: it counts as entered in error, but no amendment says so\."),
    "error backdated": (backdate_the_error, r"session #{first}, position 1: its mark of error has another time .*\."),
    "brought back": (bring_back, r"session #{first}, position 1: it was entered in error, but counts again\."),
}


@pytest.mark.parametrize("tampering", TAMPERING)
def test_verify_chain_finds_tampering_by_sql_and_names_the_first_bad_row(all_kinds, tampering):
    tamper, words = TAMPERING[tampering]
    names = dict(zip(("first", "second", "third"), (str(session.pk) for session in all_kinds), strict=True))
    for name, pk in names.items():
        words = words.replace(f"{{{name}}}", pk)
    assert verify().fault is None

    with without_triggers():
        tamper(all_kinds)

    line = verify_chain()
    assert "\n" not in line
    assert re.fullmatch(words, line), line


def test_without_anchors_a_tail_cut_off_is_not_found(all_kinds, anchors):
    """The negative control: nothing in the rows that are left knows of those that are gone."""
    with without_triggers():
        truncate(all_kinds)
    anchors.unlink()

    assert "the chain holds" in verify_chain()


def test_without_the_keyed_hash_an_update_is_not_found(all_kinds, monkeypatch):
    """The negative control: whoever can write can hash. Only the key is out of their reach."""
    with without_triggers():
        update_and_hash(all_kinds)
    monkeypatch.setattr(chain.hmac, "compare_digest", lambda one, other: True)

    assert verify().fault is None


def test_a_withdrawn_draft_is_sealed_by_the_amendment_that_closed_it(draft, mia):
    save_chart(draft, version=1, by=mia, at=NINE, subjective="Of another client.")
    withdraw_session(draft, reason="Wrong client", by=mia, at=NINE + minutes(5))
    assert verify().fault is None

    with without_triggers():
        sql(f"UPDATE {SESSION} SET subjective = '' WHERE id = %s", draft.pk)

    assert verify_chain() == f"session #{draft.pk}: its content is not what was withdrawn."


# --- anchors


def test_anchor_chain_prints_the_line_that_it_writes(three, anchors):
    out = io.StringIO()

    call_command("anchor_chain", stdout=out)

    assert out.getvalue() == anchors.read_text()
    line = json.loads(out.getvalue())
    assert line["sessions"] == {"position": 3, "chain_hash": three[2].chain_hash}
    assert line["amendments"] == {"position": 0, "chain_hash": ""}
    assert anchors.stat().st_mode & 0o077 == 0


def test_the_hourly_anchor_is_written_when_the_chain_has_moved(three, mia, anchors):
    tasks.anchor_chain()
    tasks.anchor_chain()
    amend_session(three[0], kind="addendum", text="Late word.", reason="Left out", by=mia, at=LATER)
    tasks.anchor_chain()

    assert len(anchors.read_text().splitlines()) == 2
    assert "Anchored: 2 times" in verify_chain()


def test_missing_anchors_are_told(three, anchors):
    assert f"There are no anchors ({anchors}): a tail cut off the chain cannot be found." in verify_chain()


def test_an_empty_file_of_anchors_is_told(three, anchors):
    anchors.touch()

    assert f"There are no anchors ({anchors})" in verify_chain()


def test_a_named_file_that_is_missing_is_a_failure(three, tmp_path):
    assert verify_chain("--anchors", str(tmp_path / "none")) == f"There is no file {tmp_path / 'none'}."


def test_a_line_kept_elsewhere_finds_what_the_local_file_was_made_to_forget(three, anchors, tmp_path):
    write_anchor(anchors, at=LATER)
    kept = tmp_path / "kept-on-paper"
    kept.write_text(anchors.read_text())
    with without_triggers():
        truncate(three)
    anchors.write_text("")

    assert "the chain holds" in verify_chain()
    assert "position 3: it is missing" in verify_chain("--anchors", str(kept))


def test_a_tail_written_anew_with_the_key_is_found_by_an_anchor(three, mia, anchors):
    """Whoever holds the key can make the chain fit again, but not the anchors that were kept from them."""
    write_anchor(anchors, at=LATER)
    with without_triggers():
        truncate(three)
        TreatmentSession.objects.filter(pk=three[2].pk).delete()
    three[2].appointment.refresh_from_db()
    again = start_session(three[2].appointment, by=mia, at=LATER)
    again = save_chart(again, version=1, by=mia, at=LATER, pain_before_nrs=1, subjective="Another story.")
    sign_session(again, version=again.version, by=mia, at=LATER)

    assert verify().fault is None
    assert verify_chain() == f"session #{again.pk}, position 3: it is not the row that an anchor saw here."


def test_a_forged_anchor_is_named(three, anchors):
    write_anchor(anchors, at=LATER)
    line = json.loads(anchors.read_text())
    line["sessions"]["position"] = 2
    anchors.write_text(f"{anchors.read_text()}{json.dumps(line)}\n")

    assert verify_chain().startswith("anchor in line 2: its MAC is wrong")


def test_an_anchor_of_another_key_is_named(three, anchors, settings):
    key, settings.CHAIN_KEY = settings.CHAIN_KEY, "another key of at least thirty-two characters"
    write_anchor(anchors, at=LATER)
    settings.CHAIN_KEY = key

    assert verify_chain().startswith("anchor in line 1: its MAC is wrong")


@pytest.mark.parametrize(
    "line", ["x", "{}", "[]", "null", "1", "\x00", '{"mac": "x"}', '{"mac": 1, "at": "2026-01-01", "sessions": 1}', "é"]
)
def test_a_line_that_is_no_anchor_is_named_and_the_others_still_count(three, anchors, line):
    anchors.write_text(f"{line}\n")
    write_anchor(anchors, at=LATER)

    assert verify_chain() == "anchor in line 1: it cannot be read as an anchor."
    with without_triggers():
        truncate(three)
    assert "position 3: it is missing" in verify_chain()
