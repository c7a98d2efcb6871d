"""Rows of the index: found to the last one by whichever road, and nothing of what is withheld."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.repository import schema as t
from crawler.repository.database import Connection, Database
from crawler.repository.search import matches
from crawler.repository.search.find import find
from crawler.repository.search.index import index
from crawler.repository.search.question import Only, Question

MANY = 400


@pytest.fixture
def archive(database: Database, library: Any) -> Database:
    """Documents 0 to 399, the last the newest: of the newer half three in four are of 采购, of the older half one in twenty; three of 规划."""
    with database.write() as c:
        for number in range(MANY):
            bought = number % 4 > 0 if number >= MANY // 2 else number % 20 == 0
            title = "采购公告" if bought else "会议通知"
            body = "规划" if number in (7, 300, 399) else "正文"
            written = f"{2010 + number // 100}-{number % 100 // 25 + 1:02}-{number % 25 + 1:02}"
            library(c).document(f"c{number:011}", title, body, published=written, source="odd" if number % 2 else "even")
        assert index(c, 1000) == MANY
        if database.dialect == "postgresql":
            c.execute(sa.text("ANALYZE search"))  # as the server does by itself
    return database


@contextmanager
def listening(c: Connection) -> Iterator[list[str]]:
    """The statements that a connection runs."""
    said: list[str] = []

    def heard(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    sa.event.listen(c, "before_cursor_execute", heard)
    yield said
    sa.event.remove(c, "before_cursor_execute", heard)


def numbers(c: Connection, query: str, *, limit: int = 1000, only: Only = Only()) -> list[int]:  # noqa: B008
    """What is found, page after page."""
    found: list[int] = []
    after = None
    while True:
        answer = find(c, Question(query, only, limit=limit, after=after))
        found += [int(hit.id[1:]) for hit in answer.rows]
        after = answer.next
        if after is None:
            return found


BOUGHT = [number for number in reversed(range(MANY)) if (number % 4 > 0 if number >= MANY // 2 else number % 20 == 0)]


@pytest.mark.parametrize("limit", [5, 20, 1000])
def test_a_word_that_most_of_the_newest_have_is_found_down_to_the_oldest(archive: Database, limit: int) -> None:
    with archive.read() as c:
        assert numbers(c, "采购", limit=limit) == BOUGHT
        assert numbers(c, "采购", limit=limit, only=Only(source="odd")) == [number for number in BOUGHT if number % 2]
        assert numbers(c, "采购", limit=limit, only=Only(presence="here")) == BOUGHT
        assert numbers(c, "规划", limit=limit) == [399, 300, 7]
        assert numbers(c, "采购公", limit=limit) == BOUGHT  # three characters: the text itself is looked at


@pytest.mark.parametrize("query", ["采购", "采购公", "规划", "会议 -规划"])
def test_what_is_counted_is_what_is_found(archive: Database, query: str) -> None:
    with archive.read() as c:
        answer = find(c, Question(query, limit=3, counted=True))
        assert (answer.total, answer.exact) == (len(numbers(c, query)), True)


def test_on_postgresql_frequent_words_are_sought_row_by_row_and_others_by_the_index(archive: Database) -> None:
    if archive.dialect == "postgresql":
        with archive.read() as c:
            with listening(c) as said:
                find(c, Question("采购"))
            assert any(matches.IN_ORDER.partition(" WHERE")[0] in statement for statement in said)
            with listening(c) as said:
                find(c, Question("规划"))
            assert not any(matches.IN_ORDER.partition(" WHERE")[0] in statement for statement in said)
            steps = "\n".join(c.execute(sa.text("SHOW enable_seqscan")).scalars())
        assert steps == "on"  # what was said for one statement is not left for those behind it


def test_what_is_withheld_is_not_found_though_its_words_are_still_there(archive: Database) -> None:
    """Between a withholding and the next index step; what is read for a page is filled up with what stands behind."""
    away = BOUGHT[:9] + BOUGHT[40:42]
    with archive.write() as c:
        gone = [f"c{number:011}" for number in away]
        c.execute(t.documents.update().where(t.documents.c.public_id.in_(gone)).values(withheld=1))
    with archive.read() as c:
        wanted = [number for number in BOUGHT if number not in away]
        assert numbers(c, "采购", limit=20) == wanted
        answer = find(c, Question("采购", limit=20, counted=True))
        assert ([int(hit.id[1:]) for hit in answer.rows], answer.total) == (wanted[:20], len(wanted))
