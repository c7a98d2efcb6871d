"""The door for commands that only ask: on SQLite the driver alone, so that a search need not pay for SQLAlchemy's import (0.2 s).

What is asked is SQL with `:name` for values, the same on both databases but for what `among` writes. A connection of SQLAlchemy's
may be asked the same.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from crawler.errors import NoArchive, RepositoryError
from crawler.repository.revision import check

REMEDIES = (
    ("locked", "another program holds it; end that program, or wait and try again"),
    ("lock timeout", "another program holds it; end that program, or wait and try again"),
    ("disk is full", "free some disk space; nothing that was archived is lost"),
    ("no space left", "free some disk space; nothing that was archived is lost"),
    ("disk i/o error", "check the disk; gongkai reindex rebuilds the database from the archive"),
    ("readonly", "check the permissions of the file and its folder"),
    ("permission denied", "check the permissions, or the rights of the database's user"),
    ("unable to open", "check that its folder exists and may be entered, by a writer also written to"),
    ("unsupported file format", "restore a backup, or move it away and run gongkai reindex"),
    ("not a database", "storage.database names a file that is something else; name another"),
    ("malformed", "restore a backup, or move it away and run gongkai reindex"),
    ("no such table", "run gongkai crawl to make its schema, or gongkai reindex to rebuild it"),
    ("password", "check user and password in GONGKAI_DATABASE"),
    ("does not exist", "create the database and its user, and check GONGKAI_DATABASE"),
    ("connection", "is the server running, and is storage.database right?"),
    ("failed to resolve", "check the host in storage.database"),
)
SQLITE = "sqlite:///"
BUSY_S = 30
REBUILDING = "rebuilding"  # whose the files are while a rebuild is not over
CACHE_KIB = 16_384


class Dialect(Protocol):
    """Which database it is: sqlite or postgresql."""

    @property
    def name(self) -> str:
        """Its name."""


class Reads(Protocol):
    """A connection in a transaction: a `Reader`, or one of SQLAlchemy's."""

    @property
    def dialect(self) -> Dialect:
        """Which database it is."""

    def execute(self, statement: Any, values: Any = None) -> Any:
        """Run a statement."""


class _Sqlite:
    name = "sqlite"


class Reader:
    """A SQLite file in one read transaction, by the driver alone."""

    dialect = _Sqlite()

    def __init__(self, held: sqlite3.Connection) -> None:
        self._held = held

    def execute(self, statement: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._held.execute(statement, values or {}).fetchall()


def rows(c: Reads, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a query."""
    if isinstance(c, Reader):
        return c.execute(sql, values)
    import sqlalchemy as sa  # whoever has such a connection has imported it

    found: Sequence[Any] = c.execute(sa.text(sql), values).all()
    return found


def dialect_of(c: Reads) -> str:
    """sqlite or postgresql."""
    return c.dialect.name


def is_unfinished(c: Reads) -> bool:
    """Is this database being rebuilt, or was it when that was interrupted? Then it has a part of what the archive's files hold."""
    return bool(rows(c, f"SELECT 1 FROM files WHERE owner = '{REBUILDING}' LIMIT 1", {}))


def refuse_unfinished(c: Reads, name: str) -> None:
    """Raises RepositoryError where a rebuild is not over: what it has not told yet would be found anew, and be news."""
    if is_unfinished(c):
        remedy = "wait for gongkai reindex; if it was interrupted, it goes on when it is given again"
        raise RepositoryError(f"{name} is being rebuilt", remedy=remedy)


def among(c: Reads, name: str, values: Sequence[int]) -> tuple[str, object]:
    """(SQL, value): what follows a column that is to be one of these numbers, and the value to give for `name`."""
    if dialect_of(c) == "sqlite":
        return f"IN (SELECT value FROM json_each(:{name}))", json.dumps(values)
    return f"= ANY(CAST(:{name} AS bigint[]))", list(values)


def strings_among(c: Reads, name: str, values: Sequence[str]) -> tuple[str, object]:
    """The same for strings."""
    if dialect_of(c) == "sqlite":
        return f"IN (SELECT value FROM json_each(:{name}))", json.dumps(values)
    return f"= ANY(CAST(:{name} AS text[]))", list(values)


@contextlib.contextmanager
def asking(url: str) -> Iterator[Reads]:
    """The database, for whoever only asks. Raises RepositoryError when there is none or its schema is not today's."""
    if not url.startswith(SQLITE) or "?" in url:
        from crawler.repository.database import reading

        with reading(url) as c:
            yield c
        return
    path = Path(url.removeprefix(SQLITE)).resolve()
    if is_missing(path):
        raise missing(path)
    try:
        with contextlib.closing(_opened(path)) as held:
            known = held.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            check(url, held.execute("SELECT version_num FROM alembic_version").fetchone()[0] if known else None)
            yield Reader(held)
    except sqlite3.Error as error:
        raise RepositoryError(f"{url}: {error}", remedy=remedy(error)) from error


def _opened(path: Path) -> sqlite3.Connection:
    held = sqlite3.connect(read_only(path), uri=True, timeout=BUSY_S, isolation_level=None)
    held.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    held.execute("BEGIN")
    return held


def read_only(path: Path) -> str:
    """The URI of a SQLite file for whoever only reads, who need not be allowed to write anywhere.

    A file in WAL mode is read beside an index that its reader makes; where that may not be made and nobody has the file open (there is
    no log beside it), the file is read as it is.
    """
    _undo_what_was_killed(path)
    log = path.with_name(path.name + "-wal")
    alone = not os.access(path.parent, os.W_OK) and is_missing(log)
    return f"{path.as_uri()}?mode=ro{'&immutable=1' if alone else ''}"


def _undo_what_was_killed(path: Path) -> None:
    """Take back what a process was doing that was killed while it made the file, before the file was in WAL mode: SQLite does so at the first
    question of whoever may write, and refuses whoever may not."""
    journal = path.with_name(path.name + "-journal")
    if is_missing(journal) or not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_S)) as held:
        held.execute("SELECT 1 FROM sqlite_master").fetchone()


def is_missing(path: Path) -> bool:
    """Is there no such file? In a folder that may not be entered that is not known: opening it tells more."""
    try:
        return not path.exists()
    except OSError:
        return False


def missing(path: Path) -> NoArchive:
    """There is no such file."""
    return NoArchive(
        f"there is no database at {path}", remedy="gongkai crawl or gongkai run makes one, gongkai reindex rebuilds one"
    )


def remedy(error: BaseException | None) -> str:
    """What to do about an error of a driver; nothing to suggest where the fault is ours."""
    said = str(error).lower()
    return next((remedy for word, remedy in REMEDIES if word in said), "")
