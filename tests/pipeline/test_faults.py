"""A fault of this program, in one look or one page: it becomes its outcome, and everything else goes on."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.demo.site import LANWAN
from crawler.record.pack import pack, unpack
from crawler.repository.database import Database
from crawler.scheduler import process as house

Home = Any  # the fixture's class lives in conftest, which tests do not import


def test_a_fault_in_keeping_one_look_gives_up_its_address_and_no_other(home: Home) -> None:
    with house.open_line(home.config, "test") as line:
        bad: list[str] = []

        def queue_of(source: str, url: str) -> str:
            if "index" not in url and (not bad or url in bad):
                bad.append(url)
                raise IndexError("list index out of range")
            return line.policy.queue(source, url)

        line._settle_rules = replace(line._settle_rules, queue_of=queue_of)
        progress = home.work(line, house.fire(home.config, line, house.Wish(("lanwan",))))
    assert bad
    assert progress.open == 0
    assert home.sql("SELECT count(*) FROM readings WHERE state = 'pending'") == [(0,)]
    ((error,),) = home.sql("SELECT error FROM readings WHERE error IS NOT NULL")
    assert error == "fault: IndexError: list index out of range"
    assert home.sql(f"SELECT count(*) FROM urls WHERE url LIKE '%{LANWAN}%'")[0][0] >= 1


def test_a_fault_in_what_a_look_comes_to_is_kept_in_the_archive_and_given_up_with_the_reason(home: Home) -> None:
    with house.open_line(home.config, "test") as line:
        seen: list[str] = []

        def pause(queue: str) -> int:
            seen.append(queue)
            if len(seen) == 3:  # a look of the crawl's middle, told together with others
                raise KeyError(queue)
            return 0

        line._keep_rules = replace(line._keep_rules, pause=pause)
        progress = home.work(line, house.fire(home.config, line, house.Wish(("lanwan",))))
    assert len(seen) > 3
    assert progress.open == 0
    assert home.sql("SELECT count(*) FROM runs WHERE ended IS NULL") == [(0,)]


def test_what_the_machine_cannot_is_no_fault_of_the_pages_that_were_read_together(home: Home) -> None:
    """No child can be started: the error stays what it is, however many pages wait."""

    class Starved:
        def read_many(self, _jobs: object) -> Any:
            raise OSError(11, "Resource temporarily unavailable")

    with house.open_line(home.config, "test") as line:
        own: Any = line
        readers, own.readers = line.readers, Starved()
        try:
            for waiting in (2, 5):
                with pytest.raises(OSError, match="temporarily unavailable"):
                    own._read([(None, None)] * waiting)
        finally:
            own.readers = readers


def change(home: Home, statement: str, **values: object) -> None:
    """What no step of ours does to the database."""
    database = Database(home.config.storage.database)
    with database.write() as c:
        c.execute(sa.text(statement), values)
    database.close()


def spoil(home: Home, title: str, what: str) -> str:
    """Something of one document cannot be indexed; its id."""
    ((version, public_id, held),) = home.sql(
        f"SELECT v.id, d.public_id, v.record FROM versions v JOIN documents d ON d.version = v.id WHERE v.title LIKE '%{title}%' LIMIT 1"
    )
    values, words, body = unpack(held).split("\n")
    record = {
        "no packed bytes": b"noise",
        "half of them": held[: len(held) // 2],
        "no texts": pack(values),
        "fields of another shape": pack(f'{{"meta": ["no", "mapping"]}}\n{words}\n{body}'),
    }[what]
    change(home, "UPDATE versions SET record = :record WHERE id = :id", record=record, id=version)
    return str(public_id)


@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("what", ["no packed bytes", "half of them", "no texts", "fields of another shape"])
def test_a_document_that_cannot_be_indexed_is_marked_with_the_reason_and_all_others_are_found(home: Home, what: str) -> None:
    with house.open_line(home.config, "test") as line:
        home.work(line, house.fire(home.config, line, house.Wish()))
        count = home.sql("SELECT count(*) FROM documents")[0][0]
        change(home, "UPDATE documents SET indexed = 0")
        hurt = spoil(home, "通知", what)
        before = {row[0] for row in home.sql("SELECT d.public_id FROM search s JOIN documents d ON d.id = s.document")}
        assert sum(iter(line.index, 0)) == count
    assert home.sql("SELECT count(*) FROM documents WHERE indexed = 0") == [(0,)]
    ((told, why),) = home.sql("SELECT public_id, unsearchable FROM documents WHERE unsearchable IS NOT NULL")
    assert (told, why[:7]) == (hurt, "fault: ")
    assert {row[0] for row in home.sql("SELECT d.public_id FROM search s JOIN documents d ON d.id = s.document")} == before
    command = [sys.executable, "-m", "crawler.cli", "--config", str(home.path), "health"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "1 document not searchable" in done.stderr
