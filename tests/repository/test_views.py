"""The views: what anybody with a SQL tool sees, the same on both databases, and nothing that is withheld."""

from typing import Any

import pytest
import sqlalchemy as sa

from crawler.model import ChangeKind, capture_id
from crawler.repository import schema as t
from crawler.repository import views
from crawler.repository.changes import NewChange, append
from crawler.repository.database import Database

SEEN = 1_709_339_400_999  # 2024-03-02 00:30 UTC and a bit


@pytest.fixture
def archive(database: Database, library: Any) -> Database:
    """A document in two versions, the second read twice, and a withheld one with a look and a ledger line."""
    with database.write() as c:
        shelf = library(c)
        shelf.source("s")
        number = shelf.document("aaaaaaaaaaaa", "题", "正文", published="2024-03-01", first_seen=SEEN, last_seen=SEEN)
        before = c.execute(sa.select(t.documents.c.version)).scalar_one()
        shelf.version(number, 2, "改题", at=SEEN, published="2024-03", doc_no="〔2024〕5号")
        after = shelf.version(
            number, 2, "改题", at=SEEN, rules="r2", published="2024-03", doc_no="〔2024〕5号", record={"channel": "公告"}
        )
        hidden = shelf.document("bbbbbbbbbbbb", "不予公开", withheld="a court order")
        run = c.execute(t.runs.insert().values(source="s", kind="list", slot=1, started=1).returning(t.runs.c.id)).scalar_one()
        for record, document, capture in (("look-1", number, 3), ("look-2", hidden, 4)):
            url = c.execute(sa.select(t.documents.c.url).where(t.documents.c.id == document)).scalar_one()
            row = {
                "record": record,
                "url": url,
                "run": run,
                "at": SEEN,
                "ms": 7,
                "outcome": "ok",
                "status": 200,
                "capture": capture,
            }
            c.execute(t.looks.insert().values(**row))
        append(
            c,
            [
                NewChange(ChangeKind.EDIT, SEEN, "s", number, before, after, detail={"a": 1}),
                NewChange(ChangeKind.NEW, SEEN, "s", hidden),
                NewChange(ChangeKind.HEALTH, SEEN, "s"),
            ],
        )
    return database


def rows(database: Database, view: str) -> list[dict[str, Any]]:
    with database.read() as c:
        return [dict(row) for row in c.execute(sa.text(f"SELECT * FROM {view}")).mappings()]


def test_documents_show_their_current_version(archive: Database) -> None:
    (row,) = rows(archive, "v_documents")
    assert row == {
        "id": "aaaaaaaaaaaa", "title": "改题", "published": "2024-03", "origin": "财政局", "channel": "公告", "doc_no": "〔2024〕5号",
        "index_no": None, "issuer": None, "keywords": None, "url": "http://www.example.test/aaaaaaaaaaaa.html",
        "final_url": "http://www.example.test/aaaaaaaaaaaa.html", "source": "s", "presence": "here",
        "first_seen": "2024-03-02T00:30:00Z", "last_seen": "2024-03-02T00:30:00Z", "first_missed": None,
        "work": "aaaaaaaaaaaa", "versions": 2, "capture": capture_id("record-3"),
    }  # fmt: skip


def test_versions_show_each_state_once_as_it_was_read_last(archive: Database) -> None:
    told = [
        (row["document"], row["version"], row["title"], row["rules"], row["first_seen"]) for row in rows(archive, "v_versions")
    ]
    assert told == [
        ("aaaaaaaaaaaa", 1, "题", "r1", "1970-01-01T00:00:01Z"),
        ("aaaaaaaaaaaa", 2, "改题", "r2", "2024-03-02T00:30:00Z"),
    ]


def test_looks_and_captures_show_public_ids_and_leave_out_the_withheld_page(archive: Database) -> None:
    (look,) = rows(archive, "v_looks")
    assert (look["id"], look["at"], look["source"], look["run_kind"], look["capture"]) == (
        "look-1", "2024-03-02T00:30:00Z", "s", "list", capture_id("record-3"),
    )  # fmt: skip
    captures = sorted(rows(archive, "v_captures"), key=lambda capture: str(capture["at"]))
    assert [capture["id"] for capture in captures] == [capture_id(f"record-{number}") for number in (1, 2, 3)]
    assert (captures[0]["file"], captures[0]["file_offset"], captures[0]["length"]) == ("a.warc.gz", 1000, 999)


def test_a_line_of_what_is_withheld_has_no_words_and_what_concerns_a_source_stays(archive: Database) -> None:
    told = [
        (row["seq"], row["kind"], row["document"], row["before_version"], row["after_version"])
        for row in rows(archive, "v_changes")
    ]
    assert told == [(1, "edit", "aaaaaaaaaaaa", 1, 2), (2, "new", "bbbbbbbbbbbb", None, None), (3, "health", None, None, None)]


def test_sources_count_what_is_shown(archive: Database) -> None:
    (row,) = rows(archive, "v_sources")
    assert (row["id"], row["documents"], row["health"], row["paused"]) == ("s", 1, "ok", None)


def test_the_columns_of_the_views_are_the_same_on_both_databases(archive: Database) -> None:
    columns = {view: list(rows(archive, view)[0]) for view in views.NAMES}
    assert all(view in columns for view in views.NAMES)
    assert columns["v_changes"] == [
        "seq", "at", "kind", "source", "document", "title", "doc_no", "origin", "url", "before_version", "after_version",
        "before_capture", "after_capture", "rank", "detail",
    ]  # fmt: skip
    with archive.read() as c:
        for view in views.NAMES:
            written = c.execute(sa.text(f"SELECT * FROM {view}")).mappings().all()
            times = [
                value
                for row in written
                for name, value in row.items()
                if name in ("at", "first_seen", "last_seen", "first_missed")
            ]
            assert all(value is None or len(value) == 20 for value in times)
