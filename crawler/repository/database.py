"""The door to the database: transactions that either stand or leave nothing, and errors in our own words.

SQLite runs in WAL mode, every commit synced. Versions with the WAL-reset bug (a checkpoint racing a writer of another connection may
lose pages: before 3.51.3, but for 3.50.7+ and 3.44.6+) run in *safe mode*: no automatic checkpoints; writers and explicit checkpoints
take one lock file in turn, across processes. The lock costs a system call or two a transaction and makes waiting fair.
"""

import contextlib
import re
import sqlite3
import threading

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from crawler.locks import lock, unlock
from crawler.errors import RepositoryError, UsageError

BUSY_MS = 30_000
CHECKPOINT_BYTES = 16 << 20
GATE = re.compile("[\0\ud800-\udfff]")


def clean(value: str) -> str:
    """The one text gate: neither database takes NUL or lone surrogates."""
    return GATE.sub("\ufffd", value) if GATE.search(value) else value


def needs_safe_mode(version: tuple[int, int, int]) -> bool:
    """Has this SQLite the WAL-reset bug?"""
    if version >= (3, 51, 3):
        return False
    return not ((3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0))


class Database:
    """One database. `url`: sqlite:///path or postgresql://…; `write()` and `read()` give connections in a transaction."""

    def __init__(self, url: str, *, safe: bool | None = None) -> None:
        try:
            parsed = make_url(url)
        except SQLAlchemyError as error:
            raise UsageError(f"storage.database is no database address: {error}") from error
        self.dialect = "postgresql" if parsed.get_backend_name() in ("postgresql", "postgres") else parsed.get_backend_name()
        self.name = parsed.render_as_string(hide_password=True)
        self._thread = threading.Lock()
        self._lock: IO[bytes] | None = None
        if self.dialect == "sqlite":
            self.path = Path(parsed.database or "")
            version = sqlite3.sqlite_version_info
            self.safe = needs_safe_mode((version[0], version[1], version[2])) if safe is None else safe
            self._engine = self._sqlite(read_only=False)
            self._readers = self._sqlite(read_only=True)
        elif self.dialect == "postgresql":
            self.safe = False
            self._engine = self._readers = self._postgresql(parsed)
        else:
            raise UsageError(f"{self.name}: only sqlite and postgresql are known here")

    # -------------------------------------------------------------- engines
    def _sqlite(self, *, read_only: bool) -> sa.Engine:
        mode = "ro" if read_only else "rwc"
        path = self.path.resolve()

        def connect() -> sqlite3.Connection:
            if not read_only:
                path.parent.mkdir(parents=True, exist_ok=True)
            uri = f"{path.as_uri()}?mode={mode}"
            made = sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
            made.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            if not read_only:
                made.execute("PRAGMA journal_mode=WAL")
                made.execute("PRAGMA synchronous=FULL")
                made.execute("PRAGMA foreign_keys=ON")
                made.execute("PRAGMA temp_store=MEMORY")
                if self.safe:
                    made.execute("PRAGMA wal_autocheckpoint=0")
            made.execute("PRAGMA cache_size=-65536")
            return made

        engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool, pool_size=4, max_overflow=16)

        @sa.event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

        return engine

    def _postgresql(self, parsed: sa.URL) -> sa.Engine:
        try:
            return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_size=4, max_overflow=16, pool_pre_ping=True)
        except ImportError as error:
            raise UsageError("PostgreSQL needs psycopg", remedy="pip install 'gongkai[postgres]'") from error

    # -------------------------------------------------------------- transactions
    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: committed at the end, rolled back by any exception. Raises RepositoryError."""
        with self._translated(), self._turn(), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction over one consistent state. Raises RepositoryError."""
        if self.dialect == "sqlite" and not self.path.exists():
            raise RepositoryError(f"there is no database at {self.path}", remedy="gongkai crawl or gongkai run makes one, gongkai reindex rebuilds one")
        with self._translated(), self._readers.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """In safe mode: alone among the writers of all processes, and no checkpoint meanwhile."""
        if not self.safe:
            yield
            return
        with self._thread:
            if self._lock is None:
                self._lock = self._open_lock()
            lock(self._lock, wait=True)
            try:
                yield
                self._checkpoint(CHECKPOINT_BYTES)
            finally:
                unlock(self._lock)

    def _open_lock(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self.path.with_name(self.path.name + ".writers").open("ab")

    def _checkpoint(self, beyond: int) -> None:
        """Under the writers' lock: move the WAL into the database when it has grown beyond so many bytes."""
        wal = self.path.with_name(self.path.name + "-wal")
        if not wal.exists() or wal.stat().st_size <= beyond:
            return
        raw = self._engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()

    def close(self) -> None:
        """Close every connection; the last one's checkpoint happens under the writers' lock."""
        self._readers.dispose()
        if self._lock is not None:
            lock(self._lock, wait=True)
            try:
                self._engine.dispose()
            finally:
                unlock(self._lock)
                self._lock.close()
                self._lock = None
        else:
            self._engine.dispose()

    # -------------------------------------------------------------- errors
    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise RepositoryError(f"{self.name}: {_first_line(error.orig)}", remedy=_remedy(str(error.orig))) from error
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise RepositoryError(f"{self.name}: {_first_line(error)}", remedy=_remedy(str(error))) from error
        except OSError as error:
            raise RepositoryError(f"{self.name}: {error.strerror or error}: {error.filename}", remedy="check the folder's permissions and space") from error


REMEDIES = (
    ("locked", "another program holds the database; end it or wait"),
    ("disk is full", "free some disk space; nothing that was archived is lost"),
    ("readonly", "the file or its folder may not be written to; check the permissions"),
    ("unable to open", "check that the folder exists and may be written to"),
    ("no such table", "gongkai db is missing its schema: run gongkai crawl, or gongkai reindex"),
    ("does not exist", "create the database, or run gongkai crawl to make its schema"),
    ("malformed", "restore a backup, or delete the database and run gongkai reindex"),
    ("connection", "is the server running, and is storage.database right?"),
    ("password", "check user and password in GONGKAI_DATABASE"),
)


def _remedy(text: str) -> str:
    lower = text.lower()
    return next((remedy for word, remedy in REMEDIES if word in lower), "see the message; gongkai reindex rebuilds a database from the archive")


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0]


def lock_keys(c: Connection, keys: Iterable[str]) -> None:
    """On PostgreSQL: hold these identities until the transaction ends, in one order for everybody. SQLite has one writer anyway."""
    if c.dialect.name != "postgresql":
        return
    numbers = sorted({int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True) for key in keys})
    for number in numbers:
        c.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def upsert(c: Connection, table: sa.Table) -> Any:
    """The dialect's INSERT that knows ON CONFLICT."""
    from sqlalchemy.dialects import postgresql, sqlite

    return (postgresql if c.dialect.name == "postgresql" else sqlite).insert(table)


