"""SQL that somebody typed, over the views and nothing else: read-only, with limits of rows and time. What is withheld is in no view.

SQLite: the query is first compiled over empty tables that have the views' names, where nothing else can be named; then the file, opened
read-only, answers it, with an authorizer that lets only SELECT through. PostgreSQL: a view is made of the query in a transaction
that is rolled back; the catalogue then says what it names and calls, by itself. It runs in a read-only transaction.
"""

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from crawler.errors import CannotError, RepositoryError, UsageError
from crawler.repository.reader import BUSY_S, SQLITE, is_missing, missing, read_only, remedy
from crawler.repository.revision import check
from crawler.repository.views import NAMES

LONGEST = 100_000  # characters of a query
MOST_BYTES = 64 << 20  # of one value, and of SQLite's own memory for one
STEPS = 10_000  # of SQLite's machine between two looks at the clock
TOKEN = re.compile(
    r"""(?P<blank>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<string>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[^\W\d][\w$]*)"""
    r"""|(?P<number>\d[\w.]*)|(?P<sign>.)""",
    re.DOTALL,
)
REMEDY = f"ask the views: {', '.join(NAMES)}"
TABLES = frozenset({"json_each", "json_tree"})  # of SQLite itself, that hold nothing
OWN = ("sqlite_", "pragma_", "dbstat")  # how tables of SQLite's begin that tell of the file


@dataclass(frozen=True, slots=True)
class Limits:
    """`rows` at most, and seconds."""

    rows: int = 1000
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Found:
    """The columns' names and the rows; `more`: there are others."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool


class Asking:
    """A database that may be asked in SQL. Raises UsageError for what is no query over the views, CannotError for one that takes too long."""

    def __init__(self, held: Any, limits: Limits, twin: sqlite3.Connection | None = None) -> None:
        self._held, self._limits, self._twin = held, limits, twin

    def ask(self, sql: str) -> Found:
        """The answer of one query."""
        if len(sql) > LONGEST:
            raise UsageError(f"the query has more than {LONGEST} characters")
        if "\0" in sql:
            raise UsageError("the query holds a NUL")
        query = _single(sql)
        if self._twin is not None:
            _compile(self._twin, query, self._limits)
            return _ask_sqlite(self._held, query, self._limits)
        return _ask_postgresql(self._held, query, self._limits)


@contextmanager
def opened(url: str, limits: Limits) -> Iterator[Asking]:
    """The database, for queries. Raises RepositoryError when there is none or its schema is not today's."""
    if not url.startswith(SQLITE) or "?" in url:
        from crawler.repository.database import Database, check_schema

        database = Database(url)
        try:
            check_schema(database)
            yield Asking(database, limits)
        finally:
            database.close()
        return
    path = Path(url.removeprefix(SQLITE)).resolve()
    if is_missing(path):
        raise missing(path)
    try:
        with ExitStack() as stack:
            held = stack.enter_context(closing(sqlite3.connect(read_only(path), uri=True, timeout=BUSY_S, isolation_level=None)))
            known = held.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            check(url, held.execute("SELECT version_num FROM alembic_version").fetchone()[0] if known else None)
            twin, read = _twin(held)
            stack.enter_context(closing(twin))
            held.execute("PRAGMA query_only = 1")
            held.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
            held.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            held.set_authorizer(partial(_may, frozenset((*NAMES, *TABLES, *read))))
            yield Asking(held, limits, twin)
    except sqlite3.Error as error:
        raise RepositoryError(f"{url}: {error}", remedy=remedy(error)) from error


def _single(sql: str) -> str:
    """One statement without its end. Raises UsageError for none, for several, and for what is no query."""
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the query is no text", remedy="write it in UTF-8") from error
    found = [one for one in TOKEN.finditer(sql) if one.lastgroup != "blank"]
    while found and found[-1][0] == ";":
        sql = sql[: found.pop().start()]
    tokens = [(one.lastgroup or "", one[0]) for one in found]
    if not tokens:
        raise UsageError("there is no query", remedy='gongkai sql "SELECT count(*) FROM v_documents"')
    if ("sign", ";") in tokens:
        raise UsageError("several statements at once", remedy="ask them one by one")
    if tokens[0][1].lower() not in ("select", "with", "values"):
        raise UsageError(f"{tokens[0][1][:40]!r} is no query", remedy="only SELECT is answered here; " + REMEDY)
    return sql


def statements(text: str) -> tuple[list[str], str]:
    """(whole statements, what is begun) of a text."""
    whole: list[str] = []
    start = 0
    for found in TOKEN.finditer(text):
        if found[0] == ";" and found.lastgroup == "sign":
            whole.append(text[start : found.start()])
            start = found.end()
    return [one for one in whole if one.strip()], text[start:]


# ------------------------------------------------------------------ SQLite
def _twin(held: sqlite3.Connection) -> tuple[sqlite3.Connection, set[str]]:
    """(empty tables with the views' names and columns, the tables that the views read)."""
    for table in TABLES:
        held.execute(f"SELECT * FROM {table}('[]')").fetchall()  # made once, which is no reading
    twin = sqlite3.connect(":memory:", isolation_level=None)
    read = set[str]()

    def heard(action: int, one: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ:
            read.add((one or "").lower())
        return sqlite3.SQLITE_OK

    held.set_authorizer(heard)
    for name in NAMES:
        columns = ", ".join(f'"{one[0]}"' for one in held.execute(f"SELECT * FROM {name} LIMIT 0").description)
        twin.execute(f"CREATE TABLE {name} ({columns})")
    return twin, read


def _compile(twin: sqlite3.Connection, query: str, limits: Limits) -> None:
    """Raises UsageError for a query that names anything but views, or is none."""
    try:
        twin.execute(f"EXPLAIN {query}").fetchall()
    except sqlite3.Error as error:
        raise _sqlite_said(error, limits) from error


def _may(known: frozenset[str], action: int, one: str | None, other: str | None, *_: str | None) -> int:
    """SQLite's authorizer: only reading, only what the views read (`known`): that nothing else is named is the twin's business. What it says
    of the view within which a table is read is no help: within a table expression of the view it names that one, and so may anybody's be
    called. A table of which no value is read may be any of the file's."""
    table = (one or "").lower()
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if (other or "").lower() in ("load_extension", "fts3_tokenizer") else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and not table.startswith(OWN) and (table in known or not other):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _ask_sqlite(held: sqlite3.Connection, query: str, limits: Limits) -> Found:
    until, over = time.monotonic() + limits.seconds, False

    def is_over() -> bool:
        nonlocal over
        over = time.monotonic() > until
        return over

    held.set_progress_handler(is_over, STEPS)
    try:
        with closing(held.execute(query)) as cursor:
            rows = cursor.fetchmany(limits.rows + 1)
            columns = tuple(one[0] for one in cursor.description or ())
    except sqlite3.DatabaseError as error:
        if not over and _code(error) == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from error  # it was raised in the handler, of which SQLite only hears that it failed
        raise _sqlite_said(error, limits) from error
    finally:
        held.set_progress_handler(None, 0)
    return _found(columns, rows, limits)


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _sqlite_said(error: sqlite3.Error, limits: Limits) -> Exception:
    said, code = str(error), _code(error)
    if code == sqlite3.SQLITE_INTERRUPT:
        return _too_long(limits)
    if code == sqlite3.SQLITE_AUTH or "prohibited" in said or "not authorized" in said:
        return UsageError(f"that may not be asked here: {said}", remedy=REMEDY)
    if code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE):
        return UsageError(f"the database does not understand: {said}", remedy=REMEDY)
    return error


# ------------------------------------------------------------------ PostgreSQL
NAMED = """SELECT DISTINCT c.relname, n.nspname = current_schema() FROM pg_rewrite r,
    LATERAL regexp_matches(r.ev_action::text, ':relid (\\d+)', 'g') AS m
    JOIN pg_class c ON c.oid = m[1]::oid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.ev_class = 'pg_temp.asked'::regclass AND c.oid <> r.ev_class"""
CALLED = """SELECT DISTINCT f.proname FROM pg_rewrite r,
    LATERAL regexp_matches(r.ev_action::text, ':(?:funcid|aggfnoid|winfnoid|opfuncid) (\\d+)', 'g') AS m
    JOIN pg_proc f ON f.oid = m[1]::oid JOIN pg_namespace n ON n.oid = f.pronamespace
    WHERE r.ev_class = 'pg_temp.asked'::regclass
    AND (f.provolatile = 'v' OR n.nspname <> 'pg_catalog' OR f.proname ~ '_to_xml|^pg_|^current_setting$|^ts_stat$|^has_')"""


def _ask_postgresql(database: Any, query: str, limits: Limits) -> Found:
    import psycopg

    with database.session() as outer:
        held: Any = outer.connection.dbapi_connection
        try:
            _check_postgresql(held, query, limits)
            held.execute("BEGIN READ ONLY")
            held.execute(f"SET LOCAL statement_timeout = {int(limits.seconds * 1000)}")
            with held.cursor() as cursor:
                cursor.execute(f"DECLARE asked NO SCROLL CURSOR FOR {query}", prepare=True)
                cursor.execute(f"FETCH {limits.rows + 1} FROM asked")
                rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
                columns = tuple(one.name for one in cursor.description or ())
        except psycopg.errors.QueryCanceled as error:
            raise _too_long(limits) from error
        except psycopg.Error as error:
            raise UsageError(f"the database does not understand: {str(error).splitlines()[0]}", remedy=REMEDY) from error
        finally:
            held.rollback()
    return _found(columns, rows, limits)


def _check_postgresql(held: Any, query: str, limits: Limits) -> None:
    """Raises UsageError where a query names anything but views, or calls what may do more than compute."""
    held.execute("BEGIN")
    held.execute(f"SET LOCAL statement_timeout = {int(limits.seconds * 1000)}")
    held.execute(f"CREATE TEMPORARY VIEW asked AS SELECT 1 AS one FROM (\n{query}\n) AS asked", prepare=True)
    for name, ours in held.execute(NAMED).fetchall():
        if not ours or name not in NAMES:
            raise UsageError(f"that may not be asked here: {name} is no view", remedy=REMEDY)
    for (name,) in held.execute(CALLED).fetchall():
        raise UsageError(f"that may not be asked here: {name}()", remedy=REMEDY)
    held.rollback()


# ------------------------------------------------------------------ both
def _too_long(limits: Limits) -> CannotError:
    return CannotError(f"the query takes longer than {limits.seconds:g} s", remedy="ask for less, or give it more with --seconds")


def _found(columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]], limits: Limits) -> Found:
    return Found(columns, tuple(map(tuple, rows[: limits.rows])), len(rows) > limits.rows)
