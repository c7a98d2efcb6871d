"""Which errors of a database pass by themselves, and steps that wait for it: on both databases, by real errors where they can be made."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from crawler.errors import Refused, RepositoryError, Unreachable
from crawler.repository import schema as t
from crawler.repository.database import Database, is_fault
from crawler.repository.outage import Outage, comes_back


class OperationalError(Exception):
    """As psycopg raises it, with or without the server's code."""

    def __init__(self, said: str, sqlstate: str | None = None) -> None:
        super().__init__(said)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("connection failed: Connection refused"),
        OperationalError("the connection is lost"),
        OperationalError("server closed the connection unexpectedly"),
        OperationalError("FATAL: the database system is starting up"),
        OperationalError("failed to resolve host 'db'"),
        OperationalError("terminating connection", "57P01"),
        OperationalError("crash shutdown", "57P02"),
        OperationalError("canceling statement due to lock timeout", "55P03"),
        OperationalError("canceling statement due to user request", "57014"),
        OperationalError("too many clients already", "53300"),
        OperationalError("deadlock detected", "40P01"),
        OperationalError("cannot execute INSERT in a read-only transaction", "25006"),
    ],
    ids=str,
)
def test_what_passes_by_itself_is_waited_for(error: Exception) -> None:
    assert comes_back(error)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError('password authentication failed for user "x"'),
        OperationalError('database "x" does not exist'),
        OperationalError("no pg_hba.conf entry for host"),
        OperationalError("permission denied for table looks", "42501"),
        OperationalError("relation does not exist", "42P01"),
        OperationalError("could not extend file: No space left on device", "53100"),
        OperationalError("invalid page in block", "XX001"),
        OperationalError("the database was dropped", "57P04"),
        IndexError("ours"),
    ],
    ids=str,
)
def test_what_cannot_heal_is_not(error: Exception) -> None:
    assert not comes_back(error)


@contextlib.contextmanager
def held(database: Database) -> Iterator[None]:
    """By another program."""
    if database.dialect == "sqlite":
        with contextlib.closing(sqlite3.connect(database.path, isolation_level=None)) as c:
            c.execute("BEGIN IMMEDIATE")
            yield
        return
    engine = sa.create_engine(database._writers.url, poolclass=sa.pool.NullPool)
    with engine.begin() as c:
        c.exec_driver_sql("LOCK TABLE sources IN ACCESS EXCLUSIVE MODE")
        yield


def insert(database: Database, name: str) -> str:
    with database.write() as c:
        c.execute(t.sources.insert().values(id=name, title=name, config_digest=""))
    return name


def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so; fail after ten seconds."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_database_that_somebody_holds_is_waited_for_and_that_is_said_once(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    url = database._writers.url if database.dialect != "sqlite" else None
    quick = Database(url.render_as_string(hide_password=False) if url else f"sqlite:///{database.path}", patience_ms=100)
    outage, free = Outage(), threading.Event()

    def hold() -> None:
        with held(database):
            free.set()
            time.sleep(1)

    holder = threading.Thread(target=hold)
    holder.start()
    free.wait()
    with pytest.raises(Unreachable):
        insert(quick, "never")
    names = ["a", "b"]
    waiting = [threading.Thread(target=lambda name=name: outage.through(lambda: insert(quick, name))) for name in names]
    for thread in waiting:
        thread.start()
    until(lambda: outage.is_on)
    for thread in [*waiting, holder]:
        thread.join(30)
    with database.read() as c:
        assert set(c.execute(sa.select(t.sources.c.id)).scalars()) == {"a", "b"}
    until(lambda: not outage.is_on)
    quick.close()
    said = capsys.readouterr().out
    assert said.count("cannot be reached") == 1
    assert said.count("is back") == 1


def test_a_process_that_is_to_end_waits_no_longer_and_what_cannot_heal_is_raised_at_once() -> None:
    outage, tries = Outage(), 0

    def away() -> None:
        nonlocal tries
        tries += 1
        raise Unreachable("away")

    outage.end()
    outage._until = 0.0  # its grace is over
    with pytest.raises(Unreachable):
        outage.through(away)
    assert tries == 2

    def broken() -> None:
        nonlocal tries
        tries += 1
        raise RepositoryError("malformed")

    with pytest.raises(RepositoryError, match="malformed"):
        Outage().through(broken)
    assert tries == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_is_cut_is_an_outage_and_the_next_try_has_a_new_one(database: Database) -> None:
    with pytest.raises(Unreachable), database.write() as c:
        c.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    assert insert(database, "later") == "later"


def test_a_fault_of_ours_is_neither_the_database_s_nor_the_machine_s() -> None:
    assert all(map(is_fault, [IndexError(), KeyError(), TypeError(), RecursionError(), UnicodeDecodeError("x", b"", 0, 0, "")]))
    others = [RepositoryError(""), Refused(""), OSError(), sqlite3.OperationalError(), sa.exc.DBAPIError("", None, Exception())]
    assert not any(map(is_fault, others))
    assert not is_fault(KeyboardInterrupt())
