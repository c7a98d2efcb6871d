"""Two runs on one address at the same time, on the demo site."""

import asyncio
from typing import Any

import pytest

from crawler.demo.site import LANWAN, QINGHE, Site
from crawler.fetcher.fetcher import Fetcher
from crawler.model import Exchange, Task
from crawler.pipeline.line import Line
from crawler.repository import frontier, leases
from crawler.scheduler import process as house

Home = Any  # the fixture's class lives in conftest, which tests do not import

SOURCES = pytest.mark.parametrize(("source", "host"), [("lanwan", LANWAN), ("qinghe", QINGHE)], ids=["304", "same bytes"])


def look(home: Home, line: Line, run: int, queue: str) -> str:
    """One request of a run, kept and not read yet; its outcome."""

    async def fetch(task: Task) -> Exchange:
        fetcher = Fetcher(house.fetch_settings(home.config))
        try:
            return await fetcher.fetch(task, 10)
        finally:
            await fetcher.aclose()

    now = line.clock()
    with line.database.write() as c:
        (lease,) = leases.lease(c, [queue], line.owner, now, now + 60_000)
    with line.database.read() as c:
        (task,) = frontier.slice_(c, lease, now, 1, [run])
    exchange = asyncio.run(fetch(task))
    line.keep([exchange], {queue: lease.fence})
    with line.database.write() as c:
        leases.release(c, [(lease, lease.pace)], now)
    return str(exchange.outcome)


def fire(home: Home, line: Line, source: str) -> int:
    (run,) = house.fire(home.config, line, house.Wish((source,)))
    return run


def due_now(line: Line) -> None:
    with line.database.write() as c:
        c.exec_driver_sql("UPDATE frontier SET due = 0")


@SOURCES
def test_a_list_that_another_run_is_still_reading_is_read_by_both(home: Home, site: Site, source: str, host: str) -> None:
    with house.open_line(home.config, "test") as line:
        runs = [fire(home, line, source) for _ in range(2)]
        for run in runs:
            look(home, line, run, host)
        assert home.sql("SELECT tries, run FROM frontier") in ([], [(0, runs[1])])
        due_now(line)
        progress = home.work(line, runs)
    assert (progress.open, progress.new) == (0, 15)
    assert home.sql("SELECT count(*) FROM runs WHERE result IN ('ok', 'unchanged') AND trouble IS NULL") == [(2,)]
    assert home.sql("SELECT health FROM sources WHERE id = '" + source + "'") == [("ok",)]
    assert home.sql("SELECT count(DISTINCT run) FROM list_pages") == [(2,)]


def test_a_reading_that_a_run_waits_for_is_not_taken_over_by_another(home: Home, site: Site) -> None:
    home.crawl("lanwan")
    home.set_source("lanwan", (home.path.parent / "sources" / "lanwan.toml").read_text("utf-8") + "\n[detail]\ntitle = 'h1'\n")
    with house.open_line(home.config, "test") as line:
        runs = [fire(home, line, "lanwan") for _ in range(2)]
        for run in runs:
            assert look(home, line, run, LANWAN) == "not_modified"
        assert home.sql("SELECT run FROM readings WHERE state = 'pending'") == [(runs[0],)]
        due_now(line)
        assert home.work(line, runs).open == 0
