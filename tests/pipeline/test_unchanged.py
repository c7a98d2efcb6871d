"""A list page as it was is not read again, and whatever its reading depends on makes it be read."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.model import Capture, Kind, Page, PageKind, Request
from crawler.parsers import protocol
from crawler.parsers.protocol import Job
from crawler.pipeline import unchanged
from crawler.record.pack import pack, unpack
from crawler.record.reading import Reading, Row
from crawler.record.rules import ListRules, ReadRules
from crawler.repository import schema as t
from crawler.repository.list_readings import ListReading
from crawler.repository.readings import Pending
from crawler.scheduler import process as house

Home = Any  # the fixture's class lives in conftest, which tests do not import

URL = "http://a.test/zwgk/index.html"
PAGE = Page(URL, 200, (("Content-Type", "text/html; charset=gbk"), ("Date", "today")), b"<ul>", 1_700_000_000_000)
CAPTURE = Capture("urn:uuid:1", URL, PAGE.at, "one.warc.gz", 0, 10, "response", "sha256:a", "text/html", 200)
ITEM = Pending(7, CAPTURE, None, Kind.LIST, "a", URL, Request(URL), url=3)
LIST = Reading(
    "7", PageKind.LIST, "1 row", rows=(Row("http://a.test/1.html", "关于春耕的通知", "2024-03-01"),), next_list=Request("http://a.test/2.html"),
    total_pages=4, structure="ul li", visible=30, days=1, text="gbk by header",
)  # fmt: skip
PLANTED = "关于从前读过的通知"


def never() -> Page:
    """The page of a capture that is the one that was read: it is not opened."""
    raise AssertionError("the page was opened")


def held(item: Pending = ITEM, page: Page = PAGE) -> ListReading:
    """What is kept of the list."""
    made = unchanged.kept(item, Job(page, item.kind, ReadRules(), item.public_url), LIST)
    assert made is not None
    return made


def test_the_capture_that_was_read_says_what_it_said_without_being_opened() -> None:
    assert unchanged.taken(replace(ITEM, before=held()), ReadRules(), never) == (LIST, None)


def test_the_same_bytes_sent_again_say_the_same_and_are_kept_under_their_own_capture() -> None:
    again = replace(ITEM, capture_id=8, before=held())
    said = unchanged.taken(again, ReadRules(), lambda: replace(PAGE, at=PAGE.at + 9, headers=(*PAGE.headers, ("Age", "3"))))
    assert said == (LIST, replace(held(), capture=8))


OTHERS: dict[str, Callable[[Pending], tuple[Pending, ReadRules, Page]]] = {
    "rules": lambda item: (item, ReadRules(list=ListRules(rows="li")), PAGE),
    "request": lambda item: (replace(item, request=Request(URL, "POST", (), b"page=2")), ReadRules(), PAGE),
    "structure of the first page": lambda item: (replace(item, like="table tr"), ReadRules(), PAGE),
    "bytes": lambda item: (replace(item, capture_id=8), ReadRules(), replace(PAGE, body=b"<ol>")),
    "charset": lambda item: (replace(item, capture_id=8), ReadRules(), replace(PAGE, headers=(("content-type", "text/html"),))),
    "address": lambda item: (replace(item, capture_id=8), ReadRules(), replace(PAGE, url="http://b.test/")),
    "kind": lambda item: (replace(item, kind=Kind.DETAIL), ReadRules(), PAGE),
    "nothing kept": lambda item: (replace(item, before=None), ReadRules(), PAGE),
    "what another release kept": lambda item: (replace(item, before=replace(held(), reading=pack("{}"))), ReadRules(), PAGE),
    "what is no reading": lambda item: (replace(item, before=replace(held(), reading=b"x")), ReadRules(), PAGE),
}


@pytest.mark.parametrize("other", OTHERS)
def test_whatever_a_reading_depends_on_makes_the_page_be_read(other: str) -> None:
    item, rules, page = OTHERS[other](replace(ITEM, before=held()))
    assert unchanged.taken(item, rules, lambda: page) is None


@pytest.mark.parametrize(
    "reading",
    [
        replace(LIST, rows=()),  # what the site shows for missing addresses has a say
        replace(LIST, page_kind=PageKind.SOFT_404),
        replace(LIST, rows=(Row("http://a.test/1.html", "通知\ud800"),)),  # would come back as another text
        Reading("7", PageKind.OTHER, error="deadline"),
    ],
)
def test_only_a_list_with_rows_that_comes_back_as_it_was_is_kept(reading: Reading) -> None:
    assert unchanged.kept(ITEM, Job(PAGE, Kind.LIST, ReadRules(), URL), reading) is None


# ------------------------------------------------------------------ in the line
def plant(home: Home) -> int:
    """Have every reading that is kept begin with a row of another title; how many there are."""
    with house.open_line(home.config, "test") as line, line.database.write() as c:
        rows = c.execute(sa.select(t.list_readings.c.url, t.list_readings.c.reading)).all()
        for url, packed in rows:
            said = json.loads(unpack(packed))
            said["rows"][0][1] = PLANTED
            own = t.list_readings.update().where(t.list_readings.c.url == url)
            c.execute(own.values(reading=pack(json.dumps(said, ensure_ascii=False))))
    return len(rows)


def planted(home: Home) -> set[str]:
    """The sources on whose lists the row was read."""
    return {source for (source,) in home.sql(f"SELECT DISTINCT source FROM listings WHERE title = '{PLANTED}'")}


@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
def test_an_unchanged_list_says_what_it_said_whether_it_is_sent_again_or_not(home: Home) -> None:
    home.crawl()
    assert plant(home) >= 3
    home.crawl()
    outcomes = {
        row[0] for row in home.sql("SELECT DISTINCT outcome FROM looks l JOIN urls u ON u.id = l.url WHERE u.kind = 'list'")
    }
    assert {"not_modified", "same_bytes"} <= outcomes
    assert planted(home) == {"lanwan", "qinghe", "songling"}


def test_a_list_is_read_again_by_other_rules_and_when_it_has_changed(site: Any, home: Home) -> None:
    home.crawl()
    plant(home)
    text = (home.path.parent / "sources" / "lanwan.toml").read_text("utf-8")
    home.set_source(
        "lanwan",
        text + '\n[list]\nrows = "li a"\n' if "[list]" not in text else text.replace("[list]", '[list]\nnext = "a.none"'),
    )
    home.crawl("lanwan")
    assert "lanwan" not in planted(home)
    site.change()
    home.crawl()
    assert planted(home) <= {"qinghe", "songling"}


def test_without_what_was_kept_a_second_crawl_comes_to_the_same(home: Home) -> None:
    home.crawl()
    with_them = home.crawl()
    with house.open_line(home.config, "test") as line, line.database.write() as c:
        c.execute(t.list_readings.delete())
    without = home.crawl()
    assert (with_them.new, with_them.edit, with_them.failed) == (without.new, without.edit, without.failed) == (0, 0, 0)
    assert home.sql("SELECT count(*) FROM list_readings") != [(0,)]


def test_protocol_reads_back_all_it_tells_of_a_list() -> None:
    assert protocol.reading_of(protocol.reading_header(LIST), b"") == LIST
