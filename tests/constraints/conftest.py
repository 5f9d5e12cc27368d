"""What the trials of the constraints share."""

import pytest
from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader

from tests.constraints.app.models import Cabin, Line, Mark, Paper
from tests.constraints.times import NINE

APP = "constraint_trials"


@pytest.fixture
def cabin(db):
    return Cabin.objects.create(name="By the lake")


@pytest.fixture
def draft(db):
    """An open paper with a line and a mark on it."""
    return write_paper("A letter")


@pytest.fixture
def signed(db):
    """A signed paper with a line and a mark on it."""
    paper = write_paper("A contract")
    Paper.objects.filter(pk=paper.pk).update(signed_at=NINE)
    paper.refresh_from_db()
    return paper


def write_paper(text):
    paper = Paper.objects.create(text=text)
    Mark.objects.create(line=Line.objects.create(paper=paper, text="First"), text="!")
    return paper


@pytest.fixture
def migrated(transactional_db):
    """Run operations as a migration of the test app would; whatever was run is taken back, in reverse, afterwards."""
    state = MigrationLoader(connection).project_state((APP, "0001_initial"))
    applied = []

    def forwards(*operations):
        migration = migrations.Migration("trial", APP)
        migration.operations = list(operations)
        before = applied[-1][2] if applied else state
        with connection.schema_editor() as editor:
            after = migration.apply(before.clone(), editor)
        applied.append((migration, before, after))
        return after.apps

    forwards.backwards = lambda: take_back(*applied.pop())
    yield forwards
    while applied:
        forwards.backwards()


def take_back(migration, before, after):
    with connection.schema_editor() as editor:
        migration.unapply(before.clone(), editor)
