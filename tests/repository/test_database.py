"""The door: transactions, turns, safe mode, and errors in our own words."""

import multiprocessing
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from crawler.archive.locks import lock, unlock
from crawler.errors import Refused, RepositoryError, UsageError
from crawler.repository import schema as t
from crawler.repository.database import Database, clean, dump, has_wal_reset_bug, lock_keys

FORK_FREE = multiprocessing.get_context("spawn")


def names(database: Database) -> list[str]:
    with database.read() as c:
        return list(c.execute(sa.select(t.works.c.public_id).order_by(t.works.c.public_id)).scalars())


# ------------------------------------------------------------------ transactions
def test_a_write_is_seen_after_its_end(database: Database) -> None:
    with database.write() as c:
        c.execute(t.works.insert().values(public_id="a"))
        assert names(database) == []
    assert names(database) == ["a"]


def test_an_exception_leaves_nothing(database: Database) -> None:
    def half() -> None:
        with database.write() as c:
            c.execute(t.works.insert().values(public_id="a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert names(database) == []


def test_a_reader_sees_one_state_and_does_not_wait_for_a_writer(database: Database) -> None:
    count = sa.select(sa.func.count()).select_from(t.works)
    with database.read() as reader:
        assert reader.execute(count).scalar_one() == 0
        with database.write() as writer:
            writer.execute(t.works.insert().values(public_id="a"))
        assert reader.execute(count).scalar_one() == 0
    assert names(database) == ["a"]


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(RepositoryError, match=r"read-?only"), database.read() as c:
        c.execute(t.works.insert().values(public_id="a"))


def test_errors_of_the_body_keep_their_own_clothes(database: Database) -> None:
    with pytest.raises(FileNotFoundError), database.write():
        Path("/nowhere/at/all").read_bytes()


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(RepositoryError), database.write() as c:
        c.execute(t.continuations.insert().values(capture=99, position=1, url=99))


def test_the_gate_takes_out_what_no_database_takes(database: Database) -> None:
    text = "甲\0乙\ud83d丙\U0001f600"
    assert clean(text) == "甲\ufffd乙\ufffd丙\U0001f600"
    with database.write() as c:
        c.execute(t.works.insert().values(public_id=clean(text)))
    assert names(database) == [clean(text)]


def test_json_has_no_escaped_nul_and_keeps_a_backslash() -> None:
    assert dump({"a\0": ["\0", ("\\u0000", 1, None)]}) == '{"a\ufffd": ["\ufffd", ["\\\\u0000", 1, null]]}'


def test_threads_that_write_at_once_lose_nothing(database: Database) -> None:
    def work(thread: int) -> None:
        for number in range(20):
            with database.write() as c:
                c.execute(t.works.insert().values(public_id=f"{thread} {number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 80


def test_identities_are_held_until_the_transaction_ends(database: Database) -> None:
    """On both: of two transactions that lock the same key the second starts its work when the first is over."""
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with database.write() as c:
            lock_keys(c, ["b", "a", "\ud800"])
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with database.write() as c:
        lock_keys(c, ["a", "b"])
        inside.set()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


# ------------------------------------------------------------------ addresses
@pytest.mark.parametrize(
    "url", ["", "nonsense", "postgresql://u:secret@h:port/x", "mysql://u:secret@h/x", "sqlite://", "sqlite:///:memory:"]
)
def test_an_address_that_is_none_is_a_usage_error_without_its_password(url: str) -> None:
    with pytest.raises(UsageError, match=r"storage\.database") as caught:
        Database(url)
    assert "secret" not in str(caught.value)
    assert caught.value.remedy


def test_nothing_is_opened_before_the_first_transaction(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path / 'new' / 'a.db'}").close()
    Database("postgresql://nobody@127.0.0.1:1/none").close()
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    database = Database("postgresql://somebody:secret@127.0.0.1:1/none")
    with pytest.raises(RepositoryError, match=r"127\.0\.0\.1") as caught, database.read():
        pass
    assert "secret" not in str(caught.value)
    assert "is the server running" in caught.value.remedy
    database.close()


def test_a_reader_makes_no_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(RepositoryError, match="there is no database at"), database.read():
        pass
    assert list(tmp_path.iterdir()) == []
    database.close()


KILLED = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("CREATE TABLE there (a)")
c.execute("INSERT INTO there VALUES ('before')")
c.execute("PRAGMA cache_size=1")
c.execute("BEGIN")
c.execute("UPDATE there SET a = 'half'")
c.execute("CREATE TABLE more AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, hex(randomblob(50)) AS x FROM n")
os._exit(0)
"""


def test_what_was_killed_while_it_made_the_file_hides_nothing_from_readers(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=True)
    assert path.with_name("a.db-journal").stat().st_size > 0
    database = Database(f"sqlite:///{path}")
    with database.read() as c:
        assert c.execute(sa.text("SELECT a FROM there")).scalars().all() == ["before"]
        with pytest.raises(sa.exc.OperationalError, match="readonly"):
            c.execute(sa.text("DELETE FROM there"))
    database.close()


def test_a_writer_makes_the_folder(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'deep' / 'er' / 'a.db'}")
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE a (b)")
    database.close()
    assert (tmp_path / "deep" / "er" / "a.db").exists()


def test_a_folder_that_is_a_file_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    database = Database(f"sqlite:///{tmp_path / 'data' / 'a.db'}")
    with pytest.raises(RepositoryError, match="data") as caught, database.write():
        pass
    assert "permissions" in caught.value.remedy
    database.close()


def test_a_file_that_is_no_database_is_told_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("this is a letter to somebody, not a database at all\n" * 100)
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(RepositoryError, match="not a database") as caught, database.read() as c:
        c.exec_driver_sql("SELECT * FROM sqlite_master")
    assert "name another" in caught.value.remedy
    database.close()


def test_a_full_disk_is_told_and_leaves_the_transaction_undone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE a (b)")
        pages = c.exec_driver_sql("PRAGMA page_count").scalar_one()
        c.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(RepositoryError, match="full") as caught, database.write() as c:
        c.exec_driver_sql("INSERT INTO a VALUES (zeroblob(100000))")
    assert "free some disk space" in caught.value.remedy
    with database.read() as c:
        assert c.exec_driver_sql("SELECT count(*) FROM a").scalar_one() == 0
    database.close()


# ------------------------------------------------------------------ SQLite's turns
@pytest.fixture(params=[True, False], ids=["safe", "plain"])
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    """Opens one and the same SQLite database, in safe mode and without."""

    def opened() -> Database:
        return Database(f"sqlite:///{tmp_path / 'a.db'}", safe=request.param)

    return opened


@pytest.mark.parametrize(
    ("version", "bug"),
    [
        ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False), ((3, 45, 0), True), ((3, 50, 6), True), ((3, 50, 7), False),
        ((3, 51, 0), True), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 52, 0), False), ((4, 0, 0), False),
    ],
)  # fmt: skip
def test_which_versions_have_the_wal_reset_bug(version: tuple[int, int, int], bug: bool) -> None:
    assert has_wal_reset_bug(version) is bug


def test_every_commit_is_synced_and_safe_mode_has_no_automatic_checkpoints(sqlite_url: Callable[[], Database]) -> None:
    database = sqlite_url()
    with database.write() as c:
        found = {
            name: c.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0 if database.safe else 1000}
    database.close()


def test_a_writer_of_another_program_is_waited_for_and_then_told(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", patience_ms=50)
    with (tmp_path / "a.db.writers").open("ab") as other:
        assert lock(other)
        with pytest.raises(RepositoryError, match="another writer has held the database") as caught, database.write():
            pass
        unlock(other)
    assert "end that program" in caught.value.remedy
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE a (b)")
    stranger = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(RepositoryError, match="locked") as caught, database.write():
        pass
    assert "another program holds it" in caught.value.remedy
    stranger.close()
    database.close()


def write_rows(url: str, safe: bool, process: int) -> None:
    database = Database(url, safe=safe)
    for number in range(30):
        with database.write() as c:
            c.exec_driver_sql("INSERT INTO a VALUES (?)", (f"{process} {number} " + "x" * 2000,))
    database.close()


def test_processes_that_write_at_once_lose_nothing_and_the_file_is_whole(
    sqlite_url: Callable[[], Database], tmp_path: Path
) -> None:
    database = sqlite_url()
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE a (b)")
    url = f"sqlite:///{tmp_path / 'a.db'}"
    processes = [FORK_FREE.Process(target=write_rows, args=(url, database.safe, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with database.read() as c:
        assert c.exec_driver_sql("SELECT count(DISTINCT b) FROM a").scalar_one() == 90
        assert c.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    database.close()


def test_safe_mode_moves_a_grown_wal_into_the_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", safe=True, checkpoint_bytes=100_000)
    wal = tmp_path / "a.db-wal"
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE a (b)")
    largest = 0
    for _ in range(50):
        with database.write() as c:
            c.exec_driver_sql("INSERT INTO a VALUES (zeroblob(20000))")
        largest = max(largest, wal.stat().st_size)
    assert largest < 200_000
    assert (tmp_path / "a.db").stat().st_size > 500_000
    database.close()


def test_a_long_reader_neither_stops_writers_nor_makes_them_wait(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", safe=True, checkpoint_bytes=100_000)
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE a (b)")
    with database.read() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM a").scalar_one() == 0
        started = time.monotonic()
        for _ in range(50):
            with database.write() as c:
                c.exec_driver_sql("INSERT INTO a VALUES (zeroblob(20000))")
        assert time.monotonic() - started < 20, "a checkpoint waited for the reader, 30 s each time"
        assert reader.exec_driver_sql("SELECT count(*) FROM a").scalar_one() == 0
    with database.read() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM a").scalar_one() == 50
    database.close()


def test_closing_leaves_one_whole_file(sqlite_url: Callable[[], Database], tmp_path: Path) -> None:
    database = sqlite_url()
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE a (b)")
    database.close()
    database.close()
    assert not (tmp_path / "a.db-wal").exists()
    again = sqlite_url()
    with again.read() as c:
        assert c.exec_driver_sql("SELECT count(*) FROM a").scalar_one() == 0
    again.close()


def test_closing_waits_for_its_turn(tmp_path: Path) -> None:
    """The last connection's close is a checkpoint: it must not race another process's writer."""
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", safe=True)
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE a (b)")
    with (tmp_path / "a.db.writers").open("ab") as other:
        assert lock(other)
        thread = threading.Thread(target=database.close)
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        assert (tmp_path / "a.db-wal").exists()
        unlock(other)
        thread.join()
    assert not (tmp_path / "a.db-wal").exists()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_step_that_was_rolled_back_for_a_deadlock_is_done_over(database: Database) -> None:
    with database.write() as c:
        c.execute(t.works.insert(), [{"public_id": "a"}, {"public_id": "b"}])
    both, tries = threading.Barrier(2), list[str]()

    def step(first: str, second: str) -> Callable[[sa.Connection], None]:
        def rename(c: sa.Connection) -> None:
            tries.append(first)
            for name in (first, second):
                c.execute(
                    t.works.update().where(t.works.c.public_id.startswith(name)).values(public_id=t.works.c.public_id + first)
                )
                if name == first and tries.count(first) == 1:
                    both.wait(10)

        return rename

    threads = [threading.Thread(target=database.do, args=[step(*order)]) for order in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(tries) >= 3  # one was rolled back, and begun again
    assert sorted("".join(sorted(name)) for name in names(database)) == ["aab", "abb"]


def test_a_number_that_fits_no_column_is_refused_in_our_words(database: Database) -> None:
    with pytest.raises(Refused, match=r"out of range|too large"), database.write() as c:
        c.execute(t.works.insert().values(id=1 << 70, public_id="a"))
    assert names(database) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_key_that_is_too_long_for_an_index_is_refused(database: Database) -> None:
    key = "".join(chr(33 + number) for number in random.Random(1).choices(range(90), k=6000))
    with pytest.raises(Refused, match="index row"), database.write() as c:
        c.execute(t.works.insert().values(public_id=key))
