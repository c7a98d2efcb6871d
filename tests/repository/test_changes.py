"""The ledger: complete, in commit order, and silent about what is withheld."""

import threading
from typing import Any

import sqlalchemy as sa

from crawler.model import ChangeKind
from crawler.record.frame import unpacked
from crawler.repository import schema as t
from crawler.repository.changes import LONGEST_PASSAGE, RANK, NewChange, Only, append, count, read
from crawler.repository.database import Database


def test_every_kind_has_a_rank() -> None:
    assert set(RANK) == set(ChangeKind)


def test_lines_are_numbered_in_their_order_across_transactions(database: Database) -> None:
    for batch in (
        [NewChange(ChangeKind.NEW, 1, "a"), NewChange(ChangeKind.EDIT, 2, "b")],
        [],
        [NewChange(ChangeKind.GONE, 1, "a")],
    ):
        with database.write() as c:
            append(c, batch)
    with database.read() as c:
        assert [(line.seq, line.kind, line.at, line.source) for line in read(c)] == [
            (1, "new", 1, "a"),
            (2, "edit", 2, "b"),
            (3, "gone", 1, "a"),
        ]


def test_a_line_shows_its_document_and_both_versions(database: Database, library: Any) -> None:
    with database.write() as c:
        shelf = library(c)
        document = shelf.document("aaaaaaaaaaaa", "旧")
        before = c.execute(sa.select(t.documents.c.version)).scalar_one()
        after = shelf.version(document, 2, "新", doc_no="〔2024〕5号")
        append(c, [NewChange(ChangeKind.EDIT, 5, "s", document, before, after, detail={"paragraph": 3, "note": "a\0b"})])
    with database.read() as c:
        (line,) = read(c)
    assert (line.document, line.title, line.doc_no, line.before, line.after) == ("aaaaaaaaaaaa", "新", "〔2024〕5号", 1, 2)
    differs = [{"field": "title", "paragraph": None, "cell": None, "before": "旧", "after": "新", "passage": None}]
    assert line.detail == {"paragraph": 3, "note": "a\ufffdb", "differences": differs}
    assert (line.url, line.before_capture is None, line.after_capture is None) == (
        "http://www.example.test/aaaaaaaaaaaa.html",
        False,
        False,
    )
    assert line.before_record is not None
    assert unpacked(line.before_record)["title"] == "旧"
    assert line.after_record is not None
    assert unpacked(line.after_record)["title"] == "新"
    assert (line.rank, line.last_seen, line.first_missed) == (RANK[ChangeKind.EDIT], 2000, None)


def test_the_passage_of_an_edit_stands_in_its_line_cut_to_what_is_around_it(database: Database, library: Any) -> None:
    long = "甲" * 900 + "支出占比90.2%。" + "乙" * 900
    with database.write() as c:
        shelf = library(c)
        document = shelf.document("aaaaaaaaaaaa", "题", long)
        before = c.execute(sa.select(t.documents.c.version)).scalar_one()
        after = shelf.version(document, 2, "题", long.replace("90.2%", "9.02%"))
        append(c, [NewChange(ChangeKind.EDIT, 5, "s", document, before, after)])
        append(c, [NewChange(ChangeKind.REREAD, 6, "s", document, before, after)])
    with database.read() as c:
        edit, reread = read(c)
    (found,) = edit.detail["differences"]
    assert (found["field"], found["paragraph"], found["before"], found["after"]) == ("body", 1, "90.2%", "9.02%")
    assert "支出占比9.02%。" in found["passage"]
    assert len(found["passage"]) <= LONGEST_PASSAGE + 2
    assert "differences" not in reread.detail  # of which there may be a hundred thousand at once
    assert reread.differences == edit.differences


def test_the_newest_lines_come_first_when_they_are_asked_for_and_all_are_counted(database: Database) -> None:
    with database.write() as c:
        append(c, [NewChange(ChangeKind.NEW, number, "a") for number in range(7)])
    with database.read() as c:
        assert [line.seq for line in read(c, Only(after=2), 3)] == [3, 4, 5]
        assert [line.seq for line in read(c, limit=3, newest=True)] == [7, 6, 5]
        assert [line.seq for line in read(c, Only(before=5), 3, newest=True)] == [4, 3, 2]
        assert count(c) == 7
        assert count(c, Only(before=5, kind="new", source="a")) == 4


def test_lines_are_chosen_by_every_filter(database: Database, library: Any) -> None:
    with database.write() as c:
        document = library(c).document("aaaaaaaaaaaa", "题")
        lines = [
            NewChange(ChangeKind.NEW, 10, "a", document),
            NewChange(ChangeKind.GONE, 20, "b"),
            NewChange(ChangeKind.NEW, 30, "b", rank=99),
        ]
        append(c, lines)
    with database.read() as c:
        assert [line.seq for line in read(c, Only(after=1))] == [2, 3]
        assert [line.seq for line in read(c, Only(since=20))] == [2, 3]
        assert [line.seq for line in read(c, Only(source="b"))] == [2, 3]
        assert [line.seq for line in read(c, Only(kind="new"))] == [1, 3]
        assert [line.seq for line in read(c, Only(min_rank=90))] == [2, 3]
        assert [line.seq for line in read(c, Only(document=document))] == [1]
        assert [line.seq for line in read(c, limit=2)] == [1, 2]


def test_lines_of_withheld_documents_have_no_words_and_those_of_sources_do(database: Database, library: Any) -> None:
    with database.write() as c:
        hidden = library(c).document("aaaaaaaaaaaa", "题", withheld="a court order")
        append(
            c,
            [
                NewChange(ChangeKind.NEW, 1, "s", hidden, detail={"x": "题"}),
                NewChange(ChangeKind.HEALTH, 2, "s", detail={"x": "y"}),
            ],
        )
        append(c, [NewChange(ChangeKind.WITHHELD, 3, "s", hidden, detail={"reason": "a court order"})])
    with database.read() as c:
        found = read(c)
    assert [(line.kind, line.document, line.title, line.url, dict(line.detail), line.withheld) for line in found] == [
        ("new", "aaaaaaaaaaaa", None, None, {}, True),
        ("health", None, None, None, {"x": "y"}, False),
        ("withheld", "aaaaaaaaaaaa", None, None, {"reason": "a court order"}, True),
    ]


def test_who_remembers_the_last_number_misses_nothing_while_others_write(database: Database) -> None:
    """Four writers, a reader that follows: what it collects is every line, once, without a gap."""
    writers = [threading.Thread(target=_write, args=(database, str(number))) for number in range(4)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    while any(writer.is_alive() for writer in writers) or _follow(database, seen):
        _follow(database, seen)
    assert seen == list(range(1, 121))


def _write(database: Database, name: str) -> None:
    for at in range(15):
        with database.write() as c:
            c.execute(t.works.insert().values(public_id=f"{name} {at}"))
            append(c, [NewChange(ChangeKind.NEW, at, name), NewChange(ChangeKind.EDIT, at, name)])


def _follow(database: Database, seen: list[int]) -> bool:
    """Read on; whether there was anything."""
    before = len(seen)
    with database.read() as c:
        seen += [line.seq for line in read(c, Only(after=seen[-1] if seen else 0), 7)]
    return len(seen) > before
