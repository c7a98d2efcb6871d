"""The door to the database: transactions that either stand or leave nothing, and errors in our own words.

SQLite runs in WAL mode with every commit synced; its writers take turns on one lock file beside the database, across processes.
Versions with the WAL-reset bug (sqlite.org/wal.html: two checkpoints racing a writer may lose pages) run in *safe mode*: no
automatic checkpoints; explicit ones inside the turn, so that none ever races a writer. Measured with SQLite 3.40.1 on two
cores, 100 rows a transaction, beside a reader that scans all the while: WAL with the lock 132,000 rows/s from one process and
158,000 from three, the reader's 99th percentile 0.7 ms; rollback journal 63,000 and 66,000, and 180 ms. WAL without the lock
146,000 and 167,000.
"""

import contextlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from crawler.errors import GongkaiError, Refused, RepositoryError, Unreachable, UsageError
from crawler.repository.outage import comes_back
from crawler.repository.reader import is_missing, missing, remedy
from crawler.repository.reader import read_only as readers_uri
from crawler.repository.revision import check
from crawler.repository.write_lock import WriteLock

__all__ = [
    "AnyRow",
    "Connection",
    "Database",
    "Upsert",
    "block",
    "chunks",
    "clean",
    "dump",
    "ignoring",
    "is_fault",
    "iso",
    "lock_keys",
    "replacing",
    "savepoint",
    "upsert",
]

AnyRow = sa.Row[*tuple[Any, ...]]
T = TypeVar("T")

AT_ONCE = 400  # values of one IN
_NEXT = sa.text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)")
_LOCK = sa.text(  # the inner order is the order in which they are taken
    "SELECT count(pg_advisory_xact_lock(n)) FROM (SELECT n FROM unnest(CAST(:numbers AS bigint[])) AS n ORDER BY n OFFSET 0) AS listed"
)

BUSY_MS = 30_000  # how long a transaction waits for another to end
# a server whose machine is gone answers nothing at all: a minute later the connection is taken for cut
GIVEN_UP = {"keepalives": 1, "keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 4, "tcp_user_timeout": 60_000}
DEADLOCK = "40P01"  # PostgreSQL, appendix A: rolled back so that another transaction can go on
MOST_TRIES = 4
CHECKPOINT_BYTES = 16 << 20  # the WAL is moved into the database when it has grown by so much
WRITER_CACHE_KIB = 65_536
READER_CACHE_KIB = 16_384
GATE = re.compile("[\0\ud800-\udfff]")


def clean(value: str) -> str:
    """The one text gate: neither database takes NUL or lone surrogates; U+FFFD stands where one was."""
    return GATE.sub("\ufffd", value) if GATE.search(value) else value


def dump(value: object) -> str:
    """JSON of mappings, sequences and plain values. Strings are gated before they are escaped: PostgreSQL refuses `\\u0000`."""
    return json.dumps(_gated(value), ensure_ascii=False)


def _gated(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _gated(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_gated(item) for item in value]
    return value


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Has this SQLite the WAL-reset bug? Fixed in 3.51.3, 3.50.7 and 3.44.6."""
    if version >= (3, 51, 3):
        return False
    return not ((3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45))


class Database:
    """One database: `write()` and `read()` give a connection in a transaction. `dialect` is sqlite or postgresql.

    `url`: `sqlite:///path` or `postgresql://…`; any other address is a UsageError. `safe` overrides what the SQLite version asks
    for, `patience_ms` how long a transaction waits for its turn, `checkpoint_bytes` how far the WAL grows in safe mode. Nothing
    is opened before the first transaction. Threads may share it; a thread opens no write transaction inside its own.
    """

    def __init__(
        self, url: str, *, safe: bool | None = None, patience_ms: int = BUSY_MS, checkpoint_bytes: int = CHECKPOINT_BYTES
    ) -> None:
        parsed = _parse(url)
        self.name = parsed.render_as_string(hide_password=True)
        self.dialect = "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql"
        self.safe = False
        self._write_lock: WriteLock | None = None
        if self.dialect == "sqlite":
            self.path = Path(parsed.database or "").resolve()
            self.safe = has_wal_reset_bug(sqlite3.sqlite_version_info) if safe is None else safe
            self._write_lock = WriteLock(self.path, self.name, patience_ms)
            self._writers = _sqlite_engine(self.path, safe=self.safe, patience_ms=patience_ms)
            self._readers = _sqlite_engine(self.path, safe=self.safe, patience_ms=patience_ms, read_only=True)
        else:
            self._writers = _postgresql_engine(parsed, patience_ms)
            self._readers = self._writers.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._patience_ms = patience_ms
        self._wrote = False
        self._grows_by = self._checkpoint_at = checkpoint_bytes

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: committed at the end, rolled back by any exception. Raises RepositoryError."""
        self._wrote = True
        with self._translated(), self._turn(), self._writers.begin() as connection:
            yield connection

    def do(self, step: Callable[[Connection], T]) -> T:
        """A step that is one write transaction and stands when it is done twice; done over when the server rolled it back for a deadlock,
        or the connection was cut. Raises RepositoryError.

        `step` keeps nothing from one try to the next.
        """
        for tries in range(1, MOST_TRIES + 1):
            try:
                with self.write() as c:
                    return step(c)
            except RepositoryError as error:
                if tries == MOST_TRIES or not (_is_deadlock(error) or _is_cut(error)):
                    raise
        raise AssertionError

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction over one consistent state; it never waits for a writer. Raises RepositoryError."""
        if self.dialect == "sqlite" and is_missing(self.path):
            raise missing(self.path)
        with self._translated(), self._readers.connect() as connection, connection.begin():
            yield connection

    def session(self) -> Connection:
        """A connection for as long as its holder lives, each statement its own transaction; close it. Raises RepositoryError."""
        with self._translated():
            return self._writers.connect().execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close every connection; may be called twice. The checkpoint of SQLite's last connection happens inside the turn; who only
        read makes none, and takes no turn."""
        self._readers.dispose()
        if not self._wrote:
            return
        with self._translated(), contextlib.ExitStack() as stack:
            stack.callback(self._writers.dispose)
            if self._write_lock is not None and not is_missing(self.path):
                stack.callback(self._write_lock.close)
                stack.callback(self._writers.dispose)  # before the turn is given back: callbacks run last in, first out
                stack.enter_context(self._write_lock.take())

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite: alone among the writers of all processes; in safe mode the checkpoints happen here too."""
        if self._write_lock is None:
            yield
            return
        with self._write_lock.take():
            if self.safe:
                self._checkpoint()
            yield

    def _checkpoint(self) -> None:
        """Before a transaction, so that a checkpoint's failure is never taken for the failure of something committed.

        Readers are not waited for: what they hold back stays in the WAL until it has grown by as much again.
        """
        wal = self.path.with_name(self.path.name + "-wal")
        if not wal.exists() or wal.stat().st_size < self._checkpoint_at:
            return
        held = self._writers.raw_connection()
        try:
            cursor = held.cursor()
            cursor.execute("PRAGMA busy_timeout=0")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout={self._patience_ms}")
            cursor.close()
        finally:
            held.close()
        self._checkpoint_at = wal.stat().st_size + self._grows_by

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            said = str(error.orig).strip().partition("\n")[0]
            passing = Unreachable if comes_back(error.orig, cut=error.connection_invalidated) else RepositoryError
            kind = Refused if _is_refusal(error) else passing
            raise kind(f"{self.name}: {said}", remedy=remedy(error.orig)) from error
        except OverflowError as error:  # SQLite's driver, of a number beyond 64 bits
            raise Refused(f"{self.name}: {error}") from error
        except (sa.exc.TimeoutError, sqlite3.Error) as error:
            kind = Unreachable if isinstance(error, sa.exc.TimeoutError) or comes_back(error) else RepositoryError
            raise kind(f"{self.name}: {error}", remedy=remedy(error)) from error


def _is_refusal(error: sa.exc.DBAPIError) -> bool:
    """PostgreSQL, appendix A: class 54 is a program limit exceeded, such as the longest key of an index."""
    limit = (getattr(error.orig, "sqlstate", None) or "").startswith("54")
    return limit or isinstance(error, sa.exc.DataError | sa.exc.IntegrityError)


def _is_deadlock(error: RepositoryError) -> bool:
    cause = error.__cause__
    return isinstance(cause, sa.exc.DBAPIError) and getattr(cause.orig, "sqlstate", None) == DEADLOCK


def _is_cut(error: RepositoryError) -> bool:
    """A connection that had stood was lost: another may be had at once."""
    cause = error.__cause__
    return isinstance(error, Unreachable) and isinstance(cause, sa.exc.DBAPIError) and cause.connection_invalidated


def is_fault(error: BaseException) -> bool:
    """Is an exception a fault of this program, which concerns what it was working on, and neither the machine nor the database?"""
    return isinstance(error, Exception) and not isinstance(error, sa.exc.SQLAlchemyError | sqlite3.Error | GongkaiError | OSError)


# ------------------------------------------------------------------ engines
def _parse(url: str) -> sa.URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, ValueError) as error:
        # the address may hold a password: it is not shown
        raise UsageError(
            "storage.database is no database address", remedy="write sqlite:///data/gongkai.db or postgresql://user@host/name"
        ) from error
    if backend not in ("sqlite", "postgresql", "postgres"):
        raise UsageError(f"storage.database: {backend} is not known here", remedy="use sqlite:///… or postgresql://…")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise UsageError("storage.database: SQLite needs a file", remedy="write sqlite:///data/gongkai.db")
    return parsed


def _sqlite_engine(path: Path, *, safe: bool, patience_ms: int, read_only: bool = False) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        uri = readers_uri(path) if read_only else f"{path.as_uri()}?mode=rwc"
        made = sqlite3.connect(uri, uri=True, timeout=patience_ms / 1000, isolation_level=None, check_same_thread=False)
        try:
            for pragma in _pragmas(safe=safe, read_only=read_only):
                made.execute(f"PRAGMA {pragma}").close()
        except sqlite3.Error:
            made.close()
            raise
        return made

    # one writing connection: the turn lets in one thread at a time anyway
    size, overflow = (4, 28) if read_only else (1, 0)
    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool, pool_size=size, max_overflow=overflow)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _pragmas(*, safe: bool, read_only: bool) -> list[str]:
    if read_only:
        return [f"cache_size=-{READER_CACHE_KIB}"]
    pragmas = ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"cache_size=-{WRITER_CACHE_KIB}"]
    return [*pragmas, "wal_autocheckpoint=0"] if safe else pragmas


def _postgresql_engine(parsed: sa.URL, patience_ms: int) -> sa.Engine:
    try:
        import psycopg  # noqa: F401 - asked for here, so that its absence is told in our words
    except ImportError as error:
        raise UsageError("PostgreSQL needs psycopg", remedy="pip install 'gongkai[postgres]'") from error
    options = f"{parsed.query.get('options', '')} -c lock_timeout={patience_ms}".strip()
    return sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        pool_size=4,
        max_overflow=28,
        pool_pre_ping=True,
        connect_args={"options": options, "connect_timeout": 10, **GIVEN_UP},
    )


# ------------------------------------------------------------------ reading
def current(c: Connection) -> str | None:
    """The revision of a database, None when it has no schema."""
    if not sa.inspect(c).has_table("alembic_version"):
        return None
    found: str | None = c.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return found


def check_schema(database: Database) -> None:
    """For readers: raises RepositoryError unless the schema is today's."""
    with database.read() as c:
        found = current(c)
    check(database.name, found)


@contextlib.contextmanager
def reading(url: str) -> Iterator[Connection]:
    """The database, for whoever only reads. Raises RepositoryError when there is none or its schema is not today's."""
    database = Database(url)
    try:
        check_schema(database)
        with database.read() as c:
            yield c
    finally:
        database.close()


# ------------------------------------------------------------------ what both dialects need
def chunks(listed: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """What one statement may ask for at a time; nothing for nothing."""
    for at in range(0, len(listed), size):
        yield listed[at : at + size]


def block(c: Connection, table: sa.Table, count: int) -> Iterator[int]:
    """Row ids for at most `count` rows that are inserted in this transaction.

    SQLite has one writer: the ids behind the last. PostgreSQL: so many of the table's sequence; what is not used stays a gap.
    """
    if not count:
        return iter(())
    if c.dialect.name == "postgresql":
        return iter(c.execute(_NEXT, {"table": table.name, "count": count}).scalars().all())
    last = c.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table.name}").scalar_one()
    return iter(range(last + 1, last + 1 + count))


def iso(at: int) -> str:
    """Milliseconds as WARC-Date writes them, to the second."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def lock_keys(c: Connection, keys: Iterable[str]) -> None:
    """On PostgreSQL: hold these identities until the transaction ends, taken in one order. SQLite has one writer anyway."""
    if c.dialect.name != "postgresql":
        return
    numbers = {
        int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True) for key in keys
    }
    if numbers:
        c.execute(_LOCK, {"numbers": sorted(numbers)})


def upsert(c: Connection, table: sa.Table) -> Any:
    """The dialect's INSERT that knows ON CONFLICT."""
    if c.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert

        return insert(table)
    from sqlalchemy.dialects.sqlite import insert as insert_lite

    return insert_lite(table)


@contextlib.contextmanager
def savepoint(c: Connection) -> Iterator[None]:
    """A part of a transaction that stands or leaves nothing. Raises Refused when the database does not take it; the rest may go on."""
    try:
        with c.begin_nested():
            yield
    except sa.exc.DBAPIError as error:
        if _is_refusal(error):
            raise Refused(str(error.orig).strip().partition("\n")[0]) from error
        raise
    except OverflowError as error:  # SQLite's driver, of a number beyond 64 bits
        raise Refused(str(error)) from error


class Upsert:
    """An INSERT that knows ON CONFLICT, made once for each dialect: `PUT = Upsert(t.files, lambda insert: insert.on_conflict_do_nothing())`.

    `PUT(c)` is the statement for the connection's database.
    """

    def __init__(self, table: sa.Table, build: Callable[[Any], Any]) -> None:
        self._table, self._build = table, build
        self._made: dict[str, Any] = {}

    def __call__(self, c: Connection) -> Any:
        name = c.dialect.name
        if name not in self._made:
            self._made[name] = self._build(upsert(c, self._table))
        return self._made[name]


def replacing(table: sa.Table, *keys: str) -> Upsert:
    """A row put in the place of the one with the same `keys`, every column given."""
    columns = [column.name for column in table.columns if column.name not in keys]
    return Upsert(
        table,
        lambda insert: insert.on_conflict_do_update(
            index_elements=list(keys), set_={name: insert.excluded[name] for name in columns}
        ),
    )


def ignoring(table: sa.Table) -> Upsert:
    """A row that is put only where there is none."""
    return Upsert(table, lambda insert: insert.on_conflict_do_nothing())
