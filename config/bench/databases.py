"""Databases of the bench's own, on the disk or the server of the practice's: made, copied, and gone with the run."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.db import connection
from psycopg import sql

from config.env import env
from practice.models import Practice

MARK = "practice_bench_"
DOOR = "/postgres"  # the database that every server has, to stand in while others are made


class NoDatabase(Exception):
    """The bench gets no database of its own; the text says why."""


@contextmanager
def own_database(folder: Path) -> Iterator[str]:
    """Make an empty database of the kind the practice uses, and yield its DATABASE_URL. It goes, and its copies with it.

    Raises NoDatabase where a practice lives on the server already, or the account may not make databases.
    """
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / 'first.sqlite3'}"
        return
    try:
        refuse_beside_a_practice()
    finally:
        connection.close()
    url = urlsplit(env.str("DATABASE_URL"))
    mark = f"{MARK}{secrets.token_hex(4)}_"
    try:
        _tell(url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(f"{mark}first")))
    except psycopg.Error as error:
        raise NoDatabase(f"no database can be made on the server: {' '.join(str(error).split())}") from error
    try:
        yield url._replace(path=f"/{mark}first").geturl()
    finally:
        with _door(url) as server:
            made = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [mark]).fetchall()
            for (name,) in made:
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def refuse_beside_a_practice() -> None:
    """Raise NoDatabase if the database named in the settings holds a practice: measuring would slow it down."""
    if Practice._meta.db_table not in connection.introspection.table_names():
        return
    if Practice.objects.exists():
        raise NoDatabase(
            "DATABASE_URL names a database that holds a practice, and the bench would slow it down. "
            "Measure on a server of its own: tools/pgtemp.py -- make bench"
        )


def copy_of(database: str, name: str) -> str:
    """Copy the database at this DATABASE_URL, to which nobody may be connected; return the address of the copy."""
    url = urlsplit(database)
    if url.scheme == "sqlite":
        copy = Path(url.path).with_name(f"{name}.sqlite3")
        shutil.copyfile(url.path, copy)
        return f"sqlite:///{copy}"
    first = url.path.removeprefix("/")
    copied = first.removesuffix("first") + name
    order = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(copied), sql.Identifier(first))
    _tell(url, order)
    return url._replace(path=f"/{copied}").geturl()


def name_of(database: str) -> str:
    """Return what Django's settings call the database at this DATABASE_URL."""
    return env.db_url_config(database)["NAME"]


def _door(url) -> psycopg.Connection:
    return psycopg.connect(url._replace(path=DOOR).geturl(), autocommit=True)


def _tell(url, order: sql.Composed) -> None:
    with _door(url) as server:
        server.execute(order)
