"""Runs that several processes work on at the same time."""

import pytest
import sqlalchemy as sa

from crawler.pipeline.closing import close_finished
from crawler.repository import runs
from crawler.repository import schema as t
from crawler.repository.database import Connection, Database
from crawler.repository.migrations import upgrade

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def look(c: Connection, run: int, record: str) -> None:
    """As the keep step writes one: the run's key is held until the transaction ends."""
    url = c.execute(sa.select(t.urls.c.id)).scalar_one()
    c.execute(t.looks.insert().values(record=record, url=url, run=run, at=1, ms=1, outcome="not_found"))


@POSTGRESQL
def test_a_run_closes_while_another_process_keeps_a_look_of_it(database_url: str, library: type) -> None:
    database, other = (Database(database_url, patience_ms=1000) for _ in range(2))
    upgrade(database)
    with database.write() as c:
        library(c).source("s")
        library(c).url("http://www.example.test/1.html")
        run = runs.fire_once(c, "s", (), 1, {})
    with other.write() as theirs, database.write() as ours:
        look(theirs, run, "a")
        look(ours, run, "b")
        assert close_finished(ours, [run], 2, {}) == [run]
    database.close()
    other.close()
