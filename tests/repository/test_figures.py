"""A source in figures: what is counted, what is not, and with how many statements."""

from typing import Any

import pytest
import sqlalchemy as sa

from crawler.repository import attached, figures
from crawler.repository import schema as t
from crawler.repository.database import Database
from tests.repository.test_statements import statements

DAY = 86_400_000
AT = 1_700_000_000_000


def fill(c: Any, library: Any, documents: int) -> None:
    shelf = library(c)
    shelf.source("s")
    for number in range(documents):
        shelf.document(
            f"d{number:011}", f"公告{number}", first_seen=AT + (number % 3) * DAY, presence="gone" if number == 1 else "here"
        )
    shelf.document("hidden000000", "不予公开", withheld="a court order", first_seen=AT)
    for number in range(documents):
        kind = "revisit" if number % 2 else "list"
        row = {"source": "s", "kind": kind, "slot": number, "started": AT + number, "ended": AT + number + 1, "result": "ok"}
        c.execute(t.runs.insert().values(**row, counts='{"looks": 3, "lists": 1, "rows": 8, "new": 1}'))


def test_a_source_is_told_by_its_runs_its_days_and_what_is_still_there(database: Database, library: Any) -> None:
    with database.write() as c:
        fill(c, library, 5)
    with database.read() as c:
        found = figures.of_source(c, "s", AT + 1)
        assert figures.of_source(c, "none", 0).documents == 0
    assert found.documents == 5
    assert found.presence == {"here": 4, "gone": 1}
    day = (AT + 8 * 3_600_000) // DAY
    assert found.days == {day: 2, day + 1: 2, day + 2: 1}
    assert [run.rows for run in found.runs] == [8, None, 8, None]
    assert [run.started for run in found.runs] == [AT + 4, AT + 3, AT + 2, AT + 1]


def test_a_hundred_documents_take_as_many_statements_as_one(database: Database, library: Any) -> None:
    counts = []
    for documents in (1, 60):
        with database.write() as c:
            for table in (t.changes, t.runs):
                c.execute(table.delete())
            c.execute(sa.update(t.documents).values(version=None))
            for table in (t.versions, t.documents, t.captures, t.urls, t.works):
                c.execute(table.delete())
            fill(c, library, documents)
        with database.read() as c, statements() as asked:
            figures.of_source(c, "s", 0)
            figures.changed(c, [f"d{number:011}" for number in range(documents)])
            figures.waiting(c)
            figures.behind(c, "a.warc.gz", 5000)
        counts.append(len(asked))
    assert counts == [6, 6]


def test_a_capture_s_group_begins_where_the_one_before_it_ends(database: Database, library: Any) -> None:
    with database.write() as c:
        library(c).document("d00000000000", "公告")
        library(c).document("d00000000001", "公告二")
        places = c.execute(sa.select(t.captures.c.offset, t.captures.c.length).order_by(t.captures.c.offset)).all()
    with database.read() as c:
        assert figures.behind(c, "a.warc.gz", places[0].offset) == 0
        assert figures.behind(c, "a.warc.gz", places[1].offset) == places[0].offset + places[0].length


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_documents_are_counted_without_a_look_at_all_other_addresses(database: Database) -> None:
    with database.read() as c:
        asked = attached.COUNTS.compile(c)
        values = tuple(asked.params[name] for name in asked.positiontup or ())
        plan = [str(row) for row in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values)]
    assert len(plan) == 1
    assert "USING INDEX ix_urls_attachments" in plan[0]
