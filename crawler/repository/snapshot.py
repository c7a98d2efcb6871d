"""A copy of the database as it is at one moment, while others write: SQLite's own backup of one read, PostgreSQL's pg_dump."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from crawler.errors import CannotError, RepositoryError
from crawler.repository import schema as t
from crawler.repository.database import Connection, Database, reading
from crawler.repository.reader import read_only, remedy

SQLITE, DUMP = "gongkai.db", "gongkai.dump"


@dataclass(frozen=True, slots=True)
class Held:
    """A WARC file that a database refers to, and up to where. `sha256`: of a closed file."""

    name: str
    committed: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a database: its file, the WARC files it refers to, and the processes that worked on the original then."""

    path: Path
    files: Sequence[Held]
    workers: Sequence[str]


FILES = sa.select(t.files.c.name, t.files.c.committed, t.files.c.sha256).order_by(t.files.c.name)
WORKERS = sa.select(t.daemons.c.owner).order_by(t.daemons.c.owner)


def files(c: Connection) -> list[Held]:
    """What must be in the archive for everything that this database knows."""
    return [Held(*row) for row in c.execute(FILES)]


def copy(database: Database, url: str, folder: Path) -> Copy:
    """Write the copy into a folder. Raises RepositoryError, or CannotError for pg_dump."""
    target = folder / (SQLITE if database.dialect == "sqlite" else DUMP)
    beside = target.with_name(target.name + ".part")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    if database.dialect == "sqlite":
        _copy_sqlite(database, beside)
    else:
        _dump(url, beside)
    with beside.open("rb") as written:
        os.fsync(written.fileno())
    for stale in (f"{target}-wal", f"{target}-shm"):  # of a copy that somebody opened
        with contextlib.suppress(FileNotFoundError):
            Path(stale).unlink()
    os.replace(beside, target)
    if database.dialect == "sqlite":
        with reading(f"sqlite:///{target.resolve()}") as c:
            return _copied(target, c)
    with database.read() as c:  # after the dump: whatever that refers to is in the files by now
        return _copied(target, c)


def _copied(target: Path, c: Connection) -> Copy:
    return Copy(target, files(c), c.execute(WORKERS).scalars().all())


def _copy_sqlite(database: Database, target: Path) -> None:
    """In one step: read in one transaction, which waits for nobody and nobody waits for; a copy in steps begins anew whenever somebody writes."""
    try:
        source = sqlite3.connect(read_only(database.path), uri=True)
        with contextlib.closing(source), contextlib.closing(sqlite3.connect(target)) as copied:
            source.backup(copied)
            copied.execute("PRAGMA journal_mode=DELETE")  # one file, whole
            (found,) = copied.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise RepositoryError(f"cannot copy {database.name}: {error}", remedy=remedy(error)) from error
    if found != "ok":
        raise RepositoryError(
            f"the copy of {database.name} is damaged: {found}", remedy="check the disk; gongkai reindex makes it anew"
        )


def _dump(url: str, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise CannotError(
            "there is no pg_dump here", remedy="install PostgreSQL's client programs, of the server's version or later"
        )
    parsed = sa.make_url(url).set(drivername="postgresql")
    plain = parsed.set(password=None).render_as_string(hide_password=False)
    environment = {**os.environ, **({"PGPASSWORD": str(parsed.password)} if parsed.password else {})}
    command = [program, "--format=custom", "--no-owner", f"--file={target}", f"--dbname={plain}"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise CannotError(
            f"pg_dump: {' '.join(said[:2]) or f'exit code {done.returncode}'}", remedy="is its version the server's?"
        )
