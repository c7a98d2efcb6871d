"""What somebody types becomes one document; documents, exports and counts tell what is there and nothing withheld."""

from typing import Any

import pytest
import sqlalchemy as sa

from crawler.errors import UsageError, Withheld
from crawler.model import capture_id
from crawler.repository import schema as t
from crawler.repository.database import Database
from crawler.repository.exports import Choice, records
from crawler.repository.query import document, is_filled, looks, resolve, sources, totals

ID, OTHER, HIDDEN = "7k3m9q2x1vtd", "7k3mzzzzzzzz", "9999aaaaaaaa"


@pytest.fixture
def archive(database: Database, library: Any) -> Database:
    """Two documents whose ids begin alike, and a withheld one."""
    with database.write() as c:
        shelf = library(c)
        shelf.document(ID, "第一份公告", "正文", url="http://www.example.test/a.html")
        shelf.document(OTHER, "第二份公告", "正文", url="http://www.example.test/b.html")
        shelf.document(HIDDEN, "不予公开", "正文", url="http://www.example.test/c.html", withheld="a court order")
    return database


def row_id(c: Any, public_id: str) -> int:
    number: int = c.execute(sa.select(t.documents.c.id).where(t.documents.c.public_id == public_id)).scalar_one()
    return number


# ------------------------------------------------------------------ resolve
@pytest.mark.parametrize(
    "typed",
    [ID, "7k3m9", "7K3M9Q", "7k3m9q2xivtd", " 7k3m9q ", "http://www.example.test/a.html", "http://WWW.example.test:80/a.html#x"],
)
def test_a_document_is_found_by_its_id_a_beginning_or_its_address(archive: Database, typed: str) -> None:
    with archive.read() as c:
        assert resolve(c, typed) == (ID, None)


def test_a_version_is_found_by_its_number(archive: Database) -> None:
    with archive.read() as c:
        assert resolve(c, "7k3m9.2") == (ID, 2)


@pytest.mark.parametrize("typed", ["7k3m", "7K3M.1"])
def test_a_beginning_of_two_lists_both(archive: Database, typed: str) -> None:
    with archive.read() as c, pytest.raises(UsageError, match="2 documents") as caught:
        resolve(c, typed)
    assert f"{ID}  第一份公告" in str(caught.value)
    assert f"{OTHER}  第二份公告" in str(caught.value)


@pytest.mark.parametrize(
    "typed", ["7k3", "7k3m9q2x1vtd0", "what is this", "", "c-", "7k3m.", "ftp://www.example.test/a.html", "7k3%", "公告公告"]
)
def test_what_can_be_no_id_is_a_usage_error(archive: Database, typed: str) -> None:
    with archive.read() as c, pytest.raises(UsageError):
        resolve(c, typed)


@pytest.mark.parametrize("typed", ["zzzz", "http://www.example.test/none.html", "c-zzzz"])
def test_what_is_unknown_is_a_usage_error_with_a_remedy(archive: Database, typed: str) -> None:
    with archive.read() as c, pytest.raises(UsageError, match="known as") as caught:
        resolve(c, typed)
    assert caught.value.remedy


@pytest.mark.parametrize("typed", [HIDDEN, HIDDEN[:6], "http://www.example.test/c.html"])
def test_in_the_place_of_what_is_withheld_stands_the_reason(archive: Database, typed: str) -> None:
    with archive.read() as c, pytest.raises(Withheld, match="a court order") as caught:
        resolve(c, typed)
    assert caught.value.document == HIDDEN


def test_more_than_ten_choices_are_counted(database: Database, library: Any) -> None:
    with database.write() as c:
        for number in range(13):
            library(c).document(f"aaaa{number:08}", f"公告{number}")
    with database.read() as c, pytest.raises(UsageError, match="13 documents") as caught:
        resolve(c, "aaaa")
    assert "and 3 more" in str(caught.value)


def test_a_page_with_several_notices_gives_the_list_to_choose_from(archive: Database) -> None:
    with archive.write() as c:
        url = c.execute(sa.select(t.documents.c.url).where(t.documents.c.public_id == ID)).scalar_one()
        c.execute(t.documents.update().where(t.documents.c.public_id == OTHER).values(url=url, part=1))
    with archive.read() as c, pytest.raises(UsageError, match=f"{ID}(.|\n)*{OTHER}"):
        resolve(c, "http://www.example.test/a.html")


def test_an_address_that_leads_on_finds_where_it_led(archive: Database, library: Any) -> None:
    with archive.write() as c:
        shelf = library(c)
        shelf.url("http://old.example.test/1", redirect="GET http://old.example.test/2")
        shelf.url("http://old.example.test/2", redirect="GET http://www.example.test/a.html")
        shelf.url("http://old.example.test/round", redirect="GET http://old.example.test/round")
    with archive.read() as c:
        assert resolve(c, "http://old.example.test/1") == (ID, None)
        with pytest.raises(UsageError):
            resolve(c, "http://old.example.test/round")


def test_an_address_is_found_as_it_is_cited(archive: Database, library: Any) -> None:
    with archive.write() as c:
        work = c.execute(t.works.insert().values(public_id="w").returning(t.works.c.id)).scalar_one()
        library(c).document("apiapiapiapi".replace("i", "1"), "来自接口", work=work)
        cited = t.urls.update().where(t.urls.c.url.like("%ap1%")).values(public_url="http://www.example.test/page?id=5")
        c.execute(cited)
    with archive.read() as c:
        assert resolve(c, "http://www.example.test/page?id=5") == ("ap1ap1ap1ap1", None)


def test_a_capture_finds_the_version_it_shows(archive: Database, library: Any) -> None:
    with archive.write() as c:
        number = row_id(c, ID)
        url = c.execute(sa.select(t.documents.c.url).where(t.documents.c.id == number)).scalar_one()
        library(c).capture(url, at=4000, public_id="c-000000000001")
        library(c).version(number, 2, "第二版", at=5000)
        library(c).capture(url, at=6000, public_id="c-000000000002")
    with archive.read() as c:
        assert resolve(c, "c-000000000001") == (ID, 1)
        assert resolve(c, "C-000000000002") == (ID, 2)
        with pytest.raises(UsageError, match="several captures"):
            resolve(c, "c-0000")


# ------------------------------------------------------------------ documents
def test_a_document_is_shown_whole(archive: Database, library: Any) -> None:
    with archive.write() as c:
        shelf = library(c)
        number = row_id(c, ID)
        work, url = c.execute(sa.select(t.documents.c.work, t.documents.c.url).where(t.documents.c.id == number)).one()
        shelf.version(number, 2, "第二版", at=5000)
        shelf.version(number, 2, "第二版", at=5000, rules="r2", record={"channel": "通知公告"})
        shelf.document("copycopycopy".replace("o", "0"), "第一份公告", work=work, first_seen=1500)
        shelf.document("h1dden000000", "不予公开", work=work, withheld="a court order")
        for source, row in (
            ("a", url),
            ("b", shelf.url("http://old.example.test/", redirect="GET http://www.example.test/a.html")),
        ):
            c.execute(
                t.listings.insert().values(source=source, url=row, first_listed=10, last_listed=20, title="题", date="2024-01-01")
            )
    with archive.read() as c:
        seen = document(c, ID)
    assert (seen.id, seen.url, seen.source, seen.presence) == (ID, "http://www.example.test/a.html", "s", "here")
    assert (seen.first_seen, seen.last_seen, seen.first_missed, seen.work) == (1000, 2000, None, ID)
    assert [(version.n, version.first_seen, version.rules) for version in seen.versions] == [(1, 1000, "r1"), (2, 5000, "r2")]
    assert seen.versions[1].record["channel"] == "通知公告"
    assert seen.others == (("c0pyc0pyc0py", "第一份公告", "http://www.example.test/c0pyc0pyc0py.html"),)
    assert [(sighting.source, sighting.last_listed, sighting.title) for sighting in seen.sightings] == [
        ("a", 20, "题"),
        ("b", 20, "题"),
    ]


def test_a_records_place_is_where_the_bytes_lie(archive: Database) -> None:
    with archive.read() as c:
        version = document(c, ID).versions[0]
    assert version.capture == capture_id("record-1")
    assert version.record["capture"] == {
        "id": capture_id("record-1"), "file": "a.warc.gz", "offset": 1000, "length": 999, "digest": "sha256:1", "time": "1970-01-01T00:00:01Z",
    }  # fmt: skip


@pytest.mark.parametrize("public_id", [HIDDEN, "000000000000"])
def test_a_document_that_is_withheld_or_unknown_is_not_shown(archive: Database, public_id: str) -> None:
    with archive.read() as c, pytest.raises(UsageError, match="no document"):
        document(c, public_id)


def test_looks_are_told_newest_first(archive: Database) -> None:
    with archive.write() as c:
        url, capture = c.execute(sa.select(t.captures.c.url, t.captures.c.id).limit(1)).one()
        for number, (outcome, status, shown) in enumerate(
            [("ok", 200, capture), ("timeout", None, None), ("not_modified", 304, capture)]
        ):
            row = {
                "record": f"look-{number}",
                "url": url,
                "at": number,
                "ms": 1,
                "outcome": outcome,
                "status": status,
                "capture": shown,
            }
            c.execute(t.looks.insert().values(**row))
    with archive.read() as c:
        told = looks(c, row_id(c, ID))
        newest = looks(c, row_id(c, ID), limit=1)
    assert [(look.at, look.outcome, look.status, look.capture) for look in told] == [
        (2, "not_modified", 304, capture_id("record-1")), (1, "timeout", None, None), (0, "ok", 200, capture_id("record-1")),
    ]  # fmt: skip
    assert newest == told[:1]


# ------------------------------------------------------------------ the whole
def test_an_export_has_every_document_once_by_id_in_its_current_version(archive: Database, library: Any) -> None:
    with archive.write() as c:
        library(c).version(row_id(c, ID), 2, "第二版", at=5000)
    with archive.read() as c:
        items = list(records(c))
    assert [(item["id"], item["version"], item["title"]) for item in items] == [(ID, 2, "第二版"), (OTHER, 1, "第二份公告")]
    head = ["id", "version", "work", "archive_source", "presence", "first_seen", "last_seen", "version_seen"]
    assert list(items[0])[:8] == head
    assert [items[0][name] for name in head] == [ID, 2, ID, "s", "here", 1000, 2000, 5000]
    assert items[0]["source"] == "财政局"
    assert items[0]["capture"]["file"] == "a.warc.gz"


def test_an_export_of_many_is_complete_and_in_order(database: Database, library: Any) -> None:
    ids = [f"{number * 7919 % 100_000:012}" for number in range(1, 451)]
    with database.write() as c:
        for number, public_id in enumerate(ids):
            library(c).document(public_id, "题", source="odd" if number % 2 else "even")
    with database.read() as c:
        assert [item["id"] for item in records(c)] == sorted(ids)
        assert [item["id"] for item in records(c, Choice(source="odd"))] == sorted(ids[1::2])
        assert list(records(c, Choice(source="none"))) == []


def test_an_export_may_be_left_early(archive: Database) -> None:
    with archive.read() as c:
        assert next(records(c))["id"] == ID
        assert totals(c)["documents"] == 2


def test_sources_tell_how_they_are(archive: Database, library: Any) -> None:
    with archive.write() as c:
        library(c).source("s")
        library(c).source("quiet")
        runs = [
            ("list", 1, 10, 11, "failed"),
            ("list", 2, 20, 21, "ok"),
            ("list", 3, 30, 30, "skipped"),
            ("list", 4, 40, None, None),
        ]
        for kind, slot, started, ended, result in runs:
            c.execute(t.runs.insert().values(source="s", kind=kind, slot=slot, started=started, ended=ended, result=result))
    with archive.read() as c:
        told = {view.id: (view.documents, view.last_run, view.health, view.enabled, view.paused) for view in sources(c)}
    assert told == {"quiet": (0, None, "ok", False, None), "s": (2, "ok", "ok", False, None)}


def test_totals_count_states_and_leave_out_what_is_withheld(archive: Database, library: Any) -> None:
    with archive.write() as c:
        library(c).version(row_id(c, ID), 2, "第二版", at=5000)
        library(c).version(row_id(c, ID), 2, "第二版", at=5000, rules="r2")
    with archive.read() as c:
        assert totals(c) == {"documents": 2, "versions": 3, "works": 2, "captures": 5, "looks": 0, "changes": 0}


def test_a_database_is_filled_when_something_was_looked_at(database_url: str, library: Any) -> None:
    from crawler.repository.migrations import upgrade

    database = Database(database_url)
    with database.write() as c:
        c.exec_driver_sql("CREATE TABLE somebody_elses (a INTEGER)")
    with database.read() as c:
        assert not is_filled(c)
    upgrade(database)
    with database.write() as c:
        assert not is_filled(c)
        url = library(c).url("http://www.example.test/")
        c.execute(t.looks.insert().values(record="r", url=url, at=1, ms=1, outcome="ok"))
        assert is_filled(c)
    database.close()
