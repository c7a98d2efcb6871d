"""What the file says is what the database does: lines in order, documents found later too; and what may be shown, on both databases."""

from typing import Any

import pytest
import sqlalchemy as sa

from crawler.archive.withheld import BEGIN, Entry
from crawler.errors import ArchiveError, Withheld
from crawler.repository import changes, documents, exchanges, selection, tombstones, withheld
from crawler.repository import schema as t
from crawler.repository.database import Database
from crawler.repository.documents import Document

ONE, OTHER, LATER = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"


def _lines(*acts: tuple[str, str]) -> list[Entry]:
    """A file's lines: (act, document)."""
    found, last = [], BEGIN
    for number, (act, document) in enumerate(acts):
        last = last.following(number, act, document, f"reason {number}", "who")
        found.append(last)
    return found


@pytest.fixture
def archive(database: Database, library: Any) -> Database:
    """Two documents; the first was listed on a list page, continues on another page, and links to a document of its own and a shared one."""
    with database.write() as c:
        shelf = library(c)
        shelf.source("s")
        one, other = shelf.document(ONE, "甲", source="s"), shelf.document(OTHER, "乙", source="s")
        pages = {
            name: shelf.url(f"http://www.example.test/{name}") for name in ("list", "page2", "own.pdf", "shared.pdf", "moved.pdf")
        }
        for name, url in pages.items():
            shelf.capture(url, 2000 if name == "list" else 1000)
        shelf.capture(pages["list"], 9000)  # when it was not listed any more
        versions = dict(tuple(row) for row in c.execute(sa.select(t.versions.c.document, t.versions.c.id)))
        captures = dict(tuple(row) for row in c.execute(sa.select(t.captures.c.url, t.captures.c.id)))
        urls = dict(tuple(row) for row in c.execute(sa.select(t.documents.c.id, t.documents.c.url)))
        c.execute(t.continuations.insert().values(capture=captures[urls[one]], position=1, url=pages["page2"]))
        links = [(one, "own.pdf"), (one, "shared.pdf"), (other, "shared.pdf")]
        for position, (document, name) in enumerate(links):
            c.execute(
                t.attachments.insert().values(
                    version=versions[document], position=position, url=name, name=name, address=pages[name]
                )
            )
        key = c.execute(sa.select(t.urls.c.key).where(t.urls.c.id == pages["moved.pdf"])).scalar_one()
        c.execute(t.urls.update().where(t.urls.c.id.in_([pages["own.pdf"], pages["moved.pdf"]])).values(kind="attachment"))
        c.execute(t.urls.update().where(t.urls.c.id == pages["own.pdf"]).values(redirect=key))
        run = c.execute(t.runs.insert().values(source="s", kind="list", slot=1, started=1).returning(t.runs.c.id)).scalar_one()
        c.execute(t.list_pages.insert().values(run=run, url=pages["list"], head=pages["list"], page=0))
        c.execute(t.listings.insert().values(source="s", url=urls[one], first_listed=1500, last_listed=2500, title="甲"))
    return database


def _shown(database: Database) -> set[str]:
    with database.read() as c:
        return {f"{found.url.rpartition('/')[2]} {found.at}" for found in selection.captures(c, selection.Wanted())}


def test_what_belongs_to_a_withheld_document_is_not_handed_over_and_what_it_shares_is(archive: Database) -> None:
    before = _shown(archive)
    with archive.write() as c:
        assert withheld.follow(c, _lines(("withheld", ONE))).lines == 1
    assert before - _shown(archive) == {f"{ONE}.html 1000", "page2 1000", "own.pdf 1000", "moved.pdf 1000", "list 2000"}
    with archive.read() as c:
        views = {row.id for row in c.exec_driver_sql("SELECT id FROM v_captures")}
        every = c.execute(sa.select(t.captures.c.public_id, t.captures.c.url)).all()
        assert len(every) - len(views) == 5
        for row in every:
            if row.public_id not in views:
                with pytest.raises(Withheld):
                    exchanges.capture(c, row.public_id)
        assert [stone.document for stone in tombstones.every(c)] == [ONE]
        with pytest.raises(Withheld, match="reason 0"):
            exchanges.moments(c, f"http://www.example.test/{ONE}.html", 9)


def test_the_last_line_about_a_document_counts_and_each_stands_in_the_ledger(archive: Database) -> None:
    lines = _lines(("withheld", ONE), ("withheld", OTHER), ("restored", ONE), ("withheld", LATER))
    with archive.write() as c:
        assert withheld.follow(c, lines[:2]).lines == 2
    with archive.write() as c:
        assert withheld.follow(c, lines) == withheld.Followed(2, (LATER,))
    with archive.write() as c:
        assert withheld.follow(c, lines).lines == 0
        assert withheld.entries(c) == lines
        assert withheld.odd(c) == []
        assert [entry.document for entry in withheld.now(c)] == [OTHER, LATER]
    with archive.read() as c:
        told = [(line.kind, line.document, line.detail["reason"]) for line in changes.read(c)]
    assert told == [("withheld", ONE, "reason 0"), ("withheld", OTHER, "reason 1"), ("restored", ONE, "reason 2")]


def test_a_document_that_is_found_later_is_withheld_from_its_first_row(archive: Database) -> None:
    with archive.write() as c:
        withheld.load(c, _lines(("withheld", LATER), ("withheld", "dddddddddddd"), ("restored", "dddddddddddd")))
        work, url = c.execute(sa.select(t.documents.c.work, t.documents.c.url)).first() or (0, 0)
        made = [
            Document(90 + n, name, url, n, "s", work, "here", 1, 1, None, None)
            for n, name in enumerate((LATER, "dddddddddddd", "e" * 12), 1)
        ]
        documents.insert(c, made)
    with archive.read() as c:
        found = dict(tuple(row) for row in c.execute(sa.select(t.documents.c.public_id, t.documents.c.withheld)))
    assert (found[LATER], found["dddddddddddd"], found["e" * 12]) == ("reason 0", None, None)


def test_lines_that_are_not_a_beginning_of_what_the_file_says_are_refused(archive: Database) -> None:
    lines = _lines(("withheld", ONE), ("withheld", OTHER))
    with archive.write() as c:
        withheld.follow(c, lines)
    for said in ([], lines[:1], _lines(("withheld", OTHER), ("withheld", ONE)), _lines(("restored", ONE))):
        with archive.write() as c, pytest.raises(ArchiveError, match="do not say the same"):
            withheld.follow(c, said)
    with archive.write() as c:
        c.execute(t.withholdings.update().where(t.withholdings.c.line == 1).values(reason="another"))
    with archive.read() as c, pytest.raises(ArchiveError, match="line 1"):
        withheld.entries(c)


def test_a_row_that_was_changed_by_hand_is_odd(archive: Database) -> None:
    with archive.write() as c:
        withheld.follow(c, _lines(("withheld", ONE)))
        c.execute(t.documents.update().values(withheld=None))
    with archive.read() as c:
        assert withheld.odd(c) == [ONE]
    with archive.write() as c:
        c.execute(t.documents.update().values(withheld="reason 0"))
    with archive.read() as c:
        assert withheld.odd(c) == [OTHER]
