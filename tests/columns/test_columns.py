"""Columns of every kind of pager, over a real server: every row is found, and nothing is asked twice without need."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.config.load import load, read_source
from crawler.fetcher.fetcher import Fetcher
from crawler.model import RunKind
from crawler.scheduler import process as house
from crawler.scheduler.engine import Engine
from crawler.scheduler.firing import fire_slot
from crawler.text import urls

Desk = Any  # the fixture's classes live in conftest, which tests do not import
COUNTS = {  # 3 to 60 pages, 4,000 rows in all
    "createpage": 890, "createpage-rows": 160, "createpage-comment": 46, "countpage": 93, "pager-object": 31, "static-from-one": 77, "vsb": 176, "webplus": 240,
    "common-list": 151, "query": 122, "base64": 95, "select": 61, "hanweb-groups": 390, "hanweb-jpage": 290, "truecms": 300, "jpaas": 140, "gkmlpt": 130, "was": 75,
    "gov-search": 104, "irs-shell": 88, "rss": 15, "atom": 64, "sitemap": 80, "datasource": 45, "named-numbered": 52, "named-link": 47, "named-offset": 38,
}  # fmt: skip


def pages(kind: str, count: int) -> int:
    """Requests that a column needs at least: its pages, or its groups of three; a shell or an index in front."""
    if kind == "hanweb-groups" or kind == "truecms":
        return -(-count // 45)
    if kind == "hanweb-jpage":
        return 1 + -(-max(0, count - 15) // 45)
    if kind == "datasource":
        return 2
    return -(-count // 15) + (kind in ("jpaas", "irs-shell", "sitemap"))


def test_the_columns_hold_four_thousand_rows_of_every_kind(kinds: dict[str, Any]) -> None:
    assert set(COUNTS) == set(kinds)
    assert sum(COUNTS.values()) == 4000
    assert max(-(-count // 15) for count in COUNTS.values()) == 60


def test_every_row_of_quiet_columns_is_found_with_two_requests_to_spare(desk: Desk, address: Callable[[int], str]) -> None:
    columns = {kind: desk.column(kind, count) for kind, count in COUNTS.items()}
    desk.crawl(*COUNTS)
    wrong = {}
    for kind, column in columns.items():
        counts, count = desk.counts(kind), COUNTS[kind]
        told = (counts["listed"], counts["skip:other host"], counts.get("undercount", 0), counts.get("overcount", 0))
        lost = {address(n) for n in column.rows} - desk.listed(kind)
        if lost or column.asked > pages(kind, count) + 2 or told != (count, count, 0, 0) or not desk.stops(kind):
            wrong[kind] = (len(lost), column.asked, pages(kind, count), counts)
    assert wrong == {}


def test_no_row_is_lost_while_columns_change(desk: Desk, kinds: dict[str, Any], address: Callable[[int], str]) -> None:
    """Rows come in on top; where the pager declares how many there are, rows that were shown vanish too."""
    columns = {kind: desk.column(kind, count, turn=_turn(kinds[kind].told, kind)) for kind, count in COUNTS.items()}
    desk.crawl(*COUNTS)
    wrong = {}
    for kind, column in columns.items():
        lasting = {address(n) for n in set(range(COUNTS[kind])) & set(column.rows)}
        lost = lasting - desk.listed(kind)
        if lost or column.asked > 1.2 * pages(kind, COUNTS[kind]) + 2:
            wrong[kind] = (len(lost), column.asked, pages(kind, COUNTS[kind]))
    assert wrong == {}


def _turn(told: bool, kind: str) -> Callable[[Any], None]:
    chance = random.Random(kind)

    def turn(column: Any) -> None:
        if column.asked % 4 == 1 and column.kind != "rss":
            column.insert()
        if told and column.asked % 11 == 6:
            column.delete(chance)

    return turn


def fire(desk: Desk, kind: RunKind, name: str) -> Any:
    """A run of the schedule's, worked to its end."""
    config = load(desk.path)
    with house.open_line(config, "test") as line:
        run = fire_slot(line, config.sources[name], kind, line.clock())
        assert run is not None
        return desk.work(line, [run.id])


def test_a_list_run_stops_at_the_known_tail_and_finds_what_was_slipped_in_above_it(desk: Desk) -> None:
    column = desk.column("createpage", 300)
    desk.crawl("createpage")
    asked = column.asked
    column.insert()
    column.rows.insert(19, 2_000_000)  # late, and out of order: on the second page
    fire(desk, RunKind.LIST, "createpage")
    assert desk.stops("createpage") == {"known tail"}
    assert column.asked - asked == 3
    assert len(desk.listed("createpage")) == 302


def test_a_sweep_reads_the_whole_column_again_and_finds_what_lies_deep(desk: Desk, address: Callable[[int], str]) -> None:
    column = desk.column("createpage", 150)
    desk.crawl("createpage")
    column.rows.insert(120, 2_000_000)
    fire(desk, RunKind.LIST, "createpage")
    assert address(2_000_000) not in desk.listed("createpage")
    fire(desk, RunKind.SWEEP, "createpage")
    assert address(2_000_000) in desk.listed("createpage")
    assert desk.stops("createpage") == {"declared end"}


def test_a_back_fill_ends_where_the_rows_are_older(desk: Desk) -> None:
    column = desk.column("createpage", 600)
    desk.source("createpage", f'"http://{column.host}/list/index.html"')  # follow rows: they answer 404
    desk.crawl("createpage", since="2024-12-01")
    assert desk.stops("createpage") == {"since"}
    assert column.asked == 4  # 31 rows are young enough: two pages and one row, then a page of old ones
    counts = desk.counts("createpage")
    assert (counts["details"], counts["skip:since"]) == (31, 29)


def test_an_interrupted_back_fill_goes_on_where_it_stood(desk: Desk) -> None:
    column = desk.column("createpage", 300)
    config = load(desk.path)
    with house.open_line(config, "crawl") as line:
        runs = house.fire(config, line, house.Wish(("createpage",), max_pages=15))
        stop = asyncio.Event()
        asyncio.run(_until(config, line, runs, stop, lambda: column.asked >= 5))
    before = column.asked
    assert 5 <= before < 15
    desk.crawl("createpage", max_pages=15)
    assert desk.sql("SELECT count(*) FROM runs WHERE source = 'createpage'") == [(1,)]
    assert column.asked <= 16  # the page that was in flight is asked for again
    assert (len(desk.listed("createpage")), desk.stops("createpage")) == (225, {"page limit"})
    desk.crawl("createpage", max_pages=15)  # that one was over: this is another
    assert desk.sql("SELECT count(*) FROM runs WHERE source = 'createpage'") == [(2,)]


async def _until(config: Any, line: Any, runs: list[int], stop: asyncio.Event, finished: Callable[[], bool]) -> None:
    fetcher = Fetcher(house.fetch_settings(config))
    try:
        await Engine(line, fetcher, house.pacing(line), queues_at_once=4, runs=frozenset(runs)).run(stop, finished)
    finally:
        await fetcher.aclose()


def test_a_notice_that_no_answer_was_kept_of_is_tried_again_by_the_next_list_run(desk: Desk) -> None:
    column = desk.column("createpage", 10)
    desk.source("createpage", f'"http://{column.host}/list/index.html"')
    fire(desk, RunKind.LIST, "createpage")
    assert desk.counts("createpage")["details"] == 10
    fire(desk, RunKind.LIST, "createpage")
    assert desk.counts("createpage").get("details", 0) == 0
    with house.open_line(load(desk.path), "test") as line, line.database.write() as c:
        c.exec_driver_sql("UPDATE urls SET last_capture = NULL, last_outcome = 'timeout' WHERE url LIKE '%_7.html'")
    fire(desk, RunKind.LIST, "createpage")
    assert (desk.counts("createpage")["details"], desk.counts("createpage")["skip:known"]) == (1, 9)


SHIPPED = Path(__file__).parent.parent.parent / "config" / "sources"


@pytest.mark.parametrize("name", ["haimen-xzxk", "nantong-sphjgs", "nantong-pzjg"])
def test_the_shipped_columns_of_an_api_page_through_it_as_they_are(name: str, desk: Desk, address: Callable[[int], str]) -> None:
    """Only the scheme differs: this server speaks http."""
    text = (SHIPPED / f"{name}.toml").read_text("utf-8")
    (start,) = read_source(SHIPPED / f"{name}.toml").start
    column = desk.column("truecms", 377)
    desk.server.hosts[urls.host(start.url)] = "truecms"
    rules = f'[list]\nhosts = ["{urls.host(start.url)}"]\nother_hosts = 0'
    (desk.path.parent / "sources" / "shipped.toml").write_text(
        text.replace("https://", "http://").replace("[list]", rules), "utf-8"
    )
    desk.crawl("shipped")
    assert desk.listed("shipped") == {address(n) for n in range(377)}
    assert column.asked == 13  # thirty records each
    counts = desk.counts("shipped")
    assert (counts["declared"], counts.get("undercount", 0), desk.stops("shipped")) == (377, 0, {"declared end"})
