"""FrozenWhen and AppendOnly: what is signed or logged stays, however it is attacked."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from practice.constraints import violates
from tests.constraints.app.models import Line, LogEntry, Mark, Paper
from tests.constraints.conftest import write_paper
from tests.constraints.times import NINE, TEN

pytestmark = pytest.mark.django_db

ATTACKS = {
    "save": lambda row: row.save(),
    "update": lambda row: type(row).objects.filter(pk=row.pk).update(text="Other words"),
    "update to the same": lambda row: type(row).objects.filter(pk=row.pk).update(text=F("text")),
    "bulk_update": lambda row: type(row).objects.bulk_update([row], ["text"]),
    "delete": lambda row: row.delete(),
    "delete by queryset": lambda row: type(row).objects.filter(pk=row.pk).delete(),
    "delete unseen": lambda row: type(row).objects.filter(pk=row.pk)._raw_delete("default"),
    "update by sql": lambda row: execute(f"UPDATE {row._meta.db_table} SET text = 'Other words' WHERE id = {row.pk}"),
    "delete by sql": lambda row: execute(f"DELETE FROM {row._meta.db_table} WHERE id = {row.pk}"),
    "upsert": lambda row: type(row).objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["pk"], update_fields=["text"]
    ),
    "empty the table": lambda row: execute(EMPTY[connection.vendor].format(row._meta.db_table)),
    "write over it": lambda row: execute(WRITE_OVER[connection.vendor].format(row._meta.db_table, row.pk)),
}
EMPTY = {"postgresql": "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {} CASCADE", "sqlite": "DELETE FROM {}"}
WRITE_OVER = {
    "postgresql": "INSERT INTO {} (id, text) VALUES ({}, '') ON CONFLICT (id) DO UPDATE SET text = excluded.text",
    "sqlite": "INSERT OR REPLACE INTO {} (id, text) VALUES ({}, '')",
}


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def assert_refused(act, *names):
    """`act` is stopped by one of the constraints called `names`."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        act()
    assert any(violates(caught.value, name) for name in names), caught.value


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_frozen_when_keeps_a_signed_row(signed, attack):
    # A cascade reaches the paper's children first.
    assert_refused(lambda: attack(signed), "paper_is_signed", "line_paper_is_signed", "mark_paper_is_signed")

    assert Paper.objects.get().text == "A contract"


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_frozen_when_keeps_a_child_of_a_signed_row(signed, attack):
    assert_refused(lambda: attack(Line.objects.get()), "line_paper_is_signed", "mark_paper_is_signed")

    assert Line.objects.get().text == "First"


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "write over it"])  # it needs a line
def test_frozen_when_keeps_a_grandchild_of_a_signed_row(signed, attack):
    assert_refused(lambda: ATTACKS[attack](Mark.objects.get()), "mark_paper_is_signed")

    assert Mark.objects.get().text == "!"


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_append_only_keeps_every_row(db, attack):
    entry = LogEntry.objects.create(text="Opened")

    assert_refused(lambda: attack(entry), "log_entry_is_kept")

    assert LogEntry.objects.get().text == "Opened"


def test_frozen_when_lets_an_open_row_change_be_signed_and_go(draft):
    draft.text = "A better letter"
    draft.save()
    Mark.objects.update(text="?")
    other = write_paper("Never sent")
    other.delete()

    draft.signed_at = NINE
    draft.save()

    assert Paper.objects.get().signed_at == NINE


def test_frozen_when_lets_a_row_be_born_signed(db):
    Paper.objects.create(text="An old contract", signed_at=NINE)

    assert_refused(lambda: Paper.objects.update(signed_at=TEN), "paper_is_signed")


def test_frozen_when_does_not_let_a_signature_be_taken_back(signed):
    assert_refused(lambda: Paper.objects.update(signed_at=None), "paper_is_signed")


def test_frozen_when_lets_no_child_be_added(signed):
    line = signed.lines.get()

    assert_refused(lambda: Line.objects.create(paper=signed, text="And"), "line_paper_is_signed")
    assert_refused(lambda: Line.objects.bulk_create([Line(paper=signed, text="And")]), "line_paper_is_signed")
    assert_refused(lambda: Mark.objects.create(line=line, text="?"), "mark_paper_is_signed")


def test_frozen_when_lets_no_child_be_moved_in_or_out(signed, draft):
    signed_line, open_line = signed.lines.get(), draft.lines.get()

    assert_refused(lambda: Line.objects.filter(pk=signed_line.pk).update(paper=draft), "line_paper_is_signed")
    assert_refused(lambda: Line.objects.filter(pk=signed_line.pk).update(paper=None), "line_paper_is_signed")
    assert_refused(lambda: Line.objects.filter(pk=open_line.pk).update(paper=signed), "line_paper_is_signed")
    assert_refused(lambda: Mark.objects.filter(line=open_line).update(line=signed_line), "mark_paper_is_signed")
    assert_refused(lambda: Mark.objects.filter(line=signed_line).update(line=open_line), "mark_paper_is_signed")


def test_frozen_when_leaves_a_child_without_a_parent_alone(db):
    line = Line.objects.create(paper=None, text="Loose")
    Mark.objects.create(line=line, text="!")

    Line.objects.update(text="Still loose")
    line.delete()

    assert not Line.objects.exists()


def test_one_refused_row_keeps_the_whole_statement_from_happening(signed, draft):
    assert_refused(lambda: Paper.objects.update(text="All"), "paper_is_signed")

    assert set(Paper.objects.values_list("text", flat=True)) == {"A contract", "A letter"}


def test_full_clean_says_that_a_row_is_frozen(signed, draft):
    line, mark = signed.lines.get(), Mark.objects.get(line__paper=signed)
    entry = LogEntry.objects.create(text="Opened")
    moved_in, moved_out = draft.lines.get(), signed.lines.get()
    moved_in.paper, moved_out.paper = signed, draft

    for row in (signed, line, mark, Line(paper=signed, text="And"), moved_in, moved_out, entry):
        with pytest.raises(ValidationError) as caught:
            row.full_clean()
        assert [error.code for error in caught.value.error_dict["__all__"]] == ["frozen"]


def test_full_clean_allows_what_the_database_allows(draft):
    draft.signed_at = NINE

    for row in (draft, draft.lines.get(), Mark.objects.get(), Line(text="Loose"), LogEntry(text="Opened")):
        row.full_clean(exclude=["paper", "key"])


def test_violates_tells_constraints_apart(signed):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        signed.save()

    assert "paper_is_signed" in str(caught.value)
    assert violates(caught.value, "paper_is_signed")
    assert not violates(caught.value, "line_paper_is_signed")
    assert not violates(caught.value, "is_signed")


def test_append_only_lets_a_repeated_entry_be_ignored(db):
    LogEntry.objects.create(text="Opened", key="once")

    LogEntry.objects.bulk_create([LogEntry(text="Opened again", key="once")], ignore_conflicts=True)

    assert LogEntry.objects.get().text == "Opened"
