"""The constraints travel: made, remade, renamed, removed and brought back by migrations, on both engines."""

import datetime
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core import checks
from django.core.management import call_command
from django.db import IntegrityError, NotSupportedError, connection, models, transaction
from django.db.migrations import (
    AddConstraint,
    AddField,
    AlterConstraint,
    AlterField,
    AlterModelTable,
    CreateModel,
    DeleteModel,
    RemoveConstraint,
    RemoveField,
    RenameField,
    RenameModel,
    RunPython,
)
from django.db.migrations.writer import MigrationWriter
from django.db.models import F, Q

import practice.constraints
from practice.constraints import (
    AppendOnly,
    FrozenWhen,
    Later,
    NoOverlap,
    declared_triggers,
    installed_triggers,
    violates,
)
from tests.constraints.app.models import SIGNED, Line, LogEntry, Mark, Paper, Stay
from tests.constraints.times import ELEVEN, NINE, TEN, minutes

TABLES = ["stay", "paper", "line", "mark", "logentry"]
COLUMN = models.CharField(max_length=9, default="-")  # with a default: SQLite remakes the table
LONGER = models.CharField(max_length=90, default="-")


@contextmanager
def refused(name):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    assert violates(caught.value, name), caught.value


def assert_everything_is_guarded(apps=apps):
    """Each constraint of the test app stops the act it is there for, under the names that `apps` knows."""
    cabins, stays, papers, lines, marks, entries = (
        apps.get_model("constraint_trials", name).objects
        for name in ("Cabin", "Stay", "Paper", "Line", "Mark", "LogEntry")
    )
    cabin, paper, entry = cabins.create(name="New"), papers.create(text="New"), entries.create(text="New")
    line = lines.create(paper=paper, text="First")
    stays.create(cabin=cabin, starts_at=NINE, ends_at=ELEVEN)
    papers.filter(pk=paper.pk).update(signed_at=NINE)
    with refused("stay_cabin_is_free"):
        stays.create(cabin=cabin, starts_at=TEN, ends_at=ELEVEN)
    with refused("paper_is_signed"):
        papers.filter(pk=paper.pk).update(text="Other")
    with refused("line_paper_is_signed"):
        lines.create(paper=paper, text="Another")
    with refused("mark_paper_is_signed"):
        marks.create(line=line, text="Another")
    with refused("log_entry_is_kept"):
        entries.filter(pk=entry.pk).delete()


def test_every_declared_trigger_is_installed_after_migrate(db):
    assert installed_triggers(connection) == declared_triggers(connection)
    assert "treatment_session_is_frozen_when_signed_update" in installed_triggers(connection)


def test_installed_triggers_misses_one_that_is_gone_or_switched_off(db):
    switch_off = {
        "sqlite": "DROP TRIGGER paper_is_signed_update",
        "postgresql": "ALTER TABLE constraint_trials_paper DISABLE TRIGGER paper_is_signed_update",
    }
    with connection.cursor() as cursor:
        cursor.execute(switch_off[connection.vendor])

    assert declared_triggers(connection) - installed_triggers(connection) == {"paper_is_signed_update"}


def test_makemigrations_finds_no_drift(db):
    call_command("makemigrations", "constraint_trials", "--check", "--dry-run", stdout=StringIO())


@pytest.mark.parametrize("table", TABLES)
def test_triggers_survive_a_remake_of_their_table(migrated, table):
    migrated(AddField(table, "extra", COLUMN), AlterField(table, "extra", LONGER))
    migrated(AlterField(table, "extra", models.CharField(max_length=90, default="-", db_index=True)))
    migrated(RemoveField(table, "extra"))

    assert installed_triggers(connection) == declared_triggers(connection)
    assert_everything_is_guarded()


def test_triggers_survive_the_remake_of_a_parent_that_holds_frozen_rows(migrated, signed):
    migrated(AddField("paper", "extra", COLUMN), AddField("line", "extra", COLUMN))
    migrated.backwards()

    assert installed_triggers(connection) == declared_triggers(connection)
    with refused("mark_paper_is_signed"):
        Mark.objects.update(text="?")


def test_triggers_follow_renamed_tables(migrated):
    renamed = migrated(*(AlterModelTable(table, f"renamed_{table}") for table in TABLES))

    assert installed_triggers(connection) == declared_triggers(connection)
    assert_everything_is_guarded(renamed)


def test_triggers_follow_a_renamed_model_through_a_later_remake(migrated):
    renamed = migrated(RenameModel("Paper", "Letter"), RenameModel("Line", "Row"))
    renamed = migrated(AddField("letter", "extra", COLUMN), AddField("row", "extra", COLUMN))
    letter = renamed.get_model("constraint_trials", "Letter").objects.create(text="New")
    rows = renamed.get_model("constraint_trials", "Row").objects
    row = rows.create(paper=letter, text="First")
    type(letter).objects.update(signed_at=NINE)

    assert installed_triggers(connection) == declared_triggers(connection)
    with refused("paper_is_signed"):
        letter.delete()
    with refused("line_paper_is_signed"):
        rows.create(paper=letter, text="Second")
    with refused("mark_paper_is_signed"):
        renamed.get_model("constraint_trials", "Mark").objects.create(line=row, text="!")


def test_a_renamed_column_is_followed(migrated):
    migrated(RenameField("stay", "starts_at", "arrives_at"), RenameField("logentry", "text", "words"))

    assert installed_triggers(connection) == declared_triggers(connection)


def test_a_constraint_can_be_removed_and_brought_back(migrated):
    names = {"mark": "mark_paper_is_signed", "line": "line_paper_is_signed", "paper": "paper_is_signed"}
    names |= {"stay": "stay_cabin_is_free", "logentry": "log_entry_is_kept"}
    migrated(*(RemoveConstraint(model, name) for model, name in names.items()))

    entry = LogEntry.objects.create(text="Opened")
    entry.delete()
    left = {name for name in installed_triggers(connection) if name.startswith(tuple(names.values()))}
    migrated.backwards()

    assert left == set()
    assert installed_triggers(connection) == declared_triggers(connection)
    assert_everything_is_guarded()


def test_a_migration_can_correct_frozen_rows_between_removing_and_adding_the_constraint(migrated, signed):
    def correct(apps, editor):
        apps.get_model("constraint_trials", "Mark").objects.update(text="corrected")

    migrated(
        RemoveConstraint("mark", "mark_paper_is_signed"),
        RunPython(correct, RunPython.noop),
        AddConstraint("mark", Mark._meta.constraints[0]),
    )

    assert Mark.objects.get().text == "corrected"
    with refused("mark_paper_is_signed"):
        Mark.objects.update(text="?")


def test_removing_a_constraint_takes_its_function_along(migrated):
    migrated(RemoveConstraint("mark", "mark_paper_is_signed"))

    assert not database_mentions("mark_paper_is_signed")


def database_mentions(name):
    """Say whether a function or trigger of that name, or beginning so, is known to the database."""
    known = {
        "sqlite": "SELECT name FROM sqlite_master",
        "postgresql": "SELECT proname FROM pg_proc UNION SELECT tgname FROM pg_trigger UNION SELECT conname FROM pg_constraint",
    }
    with connection.cursor() as cursor:
        cursor.execute(known[connection.vendor])
        return any(found.startswith(name) for (found,) in cursor.fetchall())


def test_a_parent_s_guard_cannot_be_removed_from_under_its_children(migrated):
    """SQLite says so and leaves everything as it was; PostgreSQL can do without the order."""
    orders = {"sqlite": pytest.raises(Exception, match="line_paper_is_signed"), "postgresql": transaction.atomic()}
    with orders[connection.vendor]:
        migrated(RemoveConstraint("paper", "paper_is_signed"))
        migrated.backwards()

    assert installed_triggers(connection) == declared_triggers(connection)
    assert_everything_is_guarded()


def test_constraints_stand_when_tables_are_created_remade_and_dropped_in_one_migration(migrated):
    key = models.BigAutoField(primary_key=True)
    parent = FrozenWhen(name="folder_is_shut", condition=Q(shut=True))
    child = FrozenWhen(name="leaf_folder_is_shut", condition=Q(shut=True), via="folder")
    fields = [("id", key), ("shut", models.BooleanField(db_default=False))]
    folder_key = models.ForeignKey("constraint_trials.folder", models.CASCADE)
    trial = migrated(
        CreateModel("Folder", fields, options={"constraints": [parent]}),
        CreateModel("Leaf", [("id", key), ("folder", folder_key)], options={"constraints": [child]}),
        AddField("folder", "extra", COLUMN),
        RenameModel("Folder", "Binder"),
        CreateModel("Gone", [("id", key)], options={"constraints": [AppendOnly(name="gone_is_kept")]}),
        DeleteModel("Gone"),
    )
    binder = trial.get_model("constraint_trials", "Binder").objects.create(shut=True)

    with refused("folder_is_shut"):
        binder.delete()
    with refused("leaf_folder_is_shut"):
        trial.get_model("constraint_trials", "Leaf").objects.create(folder=binder)
    assert not database_mentions("gone_is_kept")
    migrated.backwards()
    assert installed_triggers(connection) == declared_triggers(connection)


def test_no_overlap_can_be_born_with_its_table(migrated):
    fields = [("id", models.BigAutoField(primary_key=True)), ("seat", models.IntegerField(db_default=1))]
    fields += [("starts_at", models.DateTimeField()), ("ends_at", models.DateTimeField())]
    free = NoOverlap(name="seat_is_free", key="seat", start="starts_at", end="ends_at")
    trial = migrated(CreateModel("Sitting", fields, options={"constraints": [free]}))
    sittings = trial.get_model("constraint_trials", "Sitting").objects
    sittings.create(seat=4, starts_at=NINE, ends_at=TEN)

    with refused("seat_is_free"):
        sittings.create(seat=4, starts_at=NINE + minutes(30), ends_at=ELEVEN)


def test_new_words_need_no_new_trigger(migrated):
    before = LogEntry._meta.constraints[0]
    after = AppendOnly(name="log_entry_is_kept", violation_error_message="Other words")
    migrated(AlterConstraint("logentry", "log_entry_is_kept", after))

    assert before != after
    assert installed_triggers(connection) == declared_triggers(connection)


@pytest.mark.parametrize(
    "constraint",
    [
        AppendOnly(name="kept"),
        FrozenWhen(name="frozen", condition=SIGNED | Q(text="It's"), via="line__paper"),
        NoOverlap(name="free", key="cabin", start="a", end="b", condition=~Q(status="no"), longest=timedelta(hours=8)),
        NoOverlap(name="free", key="cabin", start="a", end="b", violation_error_code="taken"),
    ],
    ids=lambda constraint: constraint.name,
)
def test_a_constraint_can_be_written_into_a_migration_and_read_back(constraint):
    text, imports = MigrationWriter.serialize(constraint)
    names = {"practice": practice, "models": models, "datetime": datetime}

    assert imports == {"import practice.constraints"} | {i for i in imports if not i.startswith("import practice")}
    assert text.startswith(f"practice.constraints.{type(constraint).__name__}(")
    assert eval(text, names) == constraint  # noqa: S307
    assert constraint.clone() == constraint
    assert constraint != AppendOnly(name="other")
    assert constraint != 1


def test_a_condition_with_a_percent_sign_is_refused(transactional_db):
    odd = FrozenWhen(name="odd", condition=Q(text__startswith="It"))

    with pytest.raises(NotSupportedError, match="percent"), connection.schema_editor(collect_sql=True) as editor:
        odd.create_sql(Paper, editor)


def test_every_model_of_the_product_passes_the_checks_of_its_constraints(db):
    assert [
        e for e in checks.run_checks(tags=[checks.Tags.models], databases=["default"]) if e.id.startswith("practice.E")
    ] == []


def found(constraint, model, **meta):
    """Return the ids of what `constraint` finds wrong with `model`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in meta.items():
            patch.setattr(model._meta, name, value)
        return {error.id for error in constraint.check(model, connection)}


def test_checks_find_what_a_constraint_leans_on_missing(db):
    free, line = Stay._meta.constraints[2], Line._meta.constraints[0]
    longer = NoOverlap(name="x", key="cabin", start="starts_at", end="ends_at", longest=timedelta(days=2))
    either = models.CheckConstraint(
        name="x", condition=Q(ends_at__gt=F("starts_at")) | Q(ends_at__lte=Later("starts_at", timedelta(days=1)))
    )

    assert found(free, Stay) == set()
    assert found(free, Stay, indexes=[]) == {"practice.E003"}
    assert found(free, Stay, constraints=[]) == {"practice.E005"}
    assert found(free, Stay, constraints=[either]) == {"practice.E005"}
    assert found(longer, Stay) == {"practice.E005"}
    assert found(line, Line) == set()
    assert found(FrozenWhen(name="x", condition=Q(text=""), via="paper"), Line) == {"practice.E002"}
    assert found(line, Line, constraints=[]) == set()
    assert found(AppendOnly(name="x" * 60), LogEntry) == {"practice.E001"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Paper._meta, "constraints", [])
        assert found(line, Line) == {"practice.E002"}
        assert found(Mark._meta.constraints[0], Mark) == {"practice.E002"}
