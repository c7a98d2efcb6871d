"""Leases of a process that was stopped for longer than they last: no request is made before they are looked at."""

import asyncio
import threading
from typing import Any

import pytest

from crawler.demo.site import LANWAN
from crawler.errors import RepositoryError
from crawler.repository import leases
from crawler.repository.database import Database
from crawler.scheduler import process as house
from crawler.scheduler.holding import Holding
from crawler.scheduler.threads import Threads

Home = Any  # the fixture's class lives in conftest, which tests do not import
DEADLINE = 5.0
AWAY = 3_600_000  # milliseconds that a process was stopped


@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("taken", [True, False], ids=["another holds it", "nobody took it"])
def test_a_process_that_wakes_past_its_lease_asks_nothing_unless_it_can_renew_it(home: Home, taken: bool) -> None:
    with house.open_line(home.config, "test") as line:
        began = line.clock()
        now = [began]
        line.clock = lambda: now[0]

        async def sleep_and_wake() -> tuple[bool, bool]:
            threads = Threads(line)
            holding = Holding(line, threads, DEADLINE, 60)
            try:
                await holding.lease([LANWAN])
                before = await holding.is_held(LANWAN)
                now[0] = began + AWAY
                if taken:
                    with line.database.write() as c:
                        assert leases.lease(c, [LANWAN], "other", now[0], now[0] + 60_000)
                return before, await holding.is_held(LANWAN)
            finally:
                await asyncio.to_thread(threads.close)

        assert asyncio.run(sleep_and_wake()) == (True, not taken)
    ((owner, until),) = home.sql("SELECT owner, leased_until FROM queues")
    if taken:
        assert (owner, until) == ("other", began + AWAY + 60_000)


def test_a_crawl_that_wakes_past_its_lease_makes_no_request_to_a_host_that_another_holds(home: Home, site: Any) -> None:
    home.path.write_text(home.path.read_text("utf-8").replace('delay = "0s"', 'delay = "300ms"'), "utf-8")
    asked, woken, count = threading.Event(), [0], list[int]()
    with house.open_line(home.config, "test") as line:
        real = line.clock
        line.clock = lambda: real() + woken[0]
        runs = house.fire(home.config, line, house.Wish(("lanwan",)))

        def stop_and_wake(_: object) -> None:
            """Between two looks of whoever watches, the process was stopped for an hour, and another took the host over."""
            if not asked.is_set() and any(item.path != "/robots.txt" for item in site.seen):
                woken[0] = AWAY
                with line.database.write() as c:
                    c.exec_driver_sql(
                        f"UPDATE queues SET owner = 'other', fence = fence + 1, leased_until = {real() + AWAY + 60_000}"
                    )
                asked.set()
                count.append(len(site.seen))

        config = home.config

        async def main() -> None:
            working = asyncio.create_task(house.work(config, line, runs, stop_and_wake))
            await asyncio.wait([working, asyncio.create_task(asyncio.to_thread(asked.wait, 20))], return_when="FIRST_COMPLETED")
            await asyncio.wait([working], timeout=1.5)
            count.append(len(site.seen))
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

        asyncio.run(main())
    assert len(count) == 2
    assert count[1] - count[0] <= 1  # what was on its way when it was stopped


def test_a_process_that_cannot_tell_the_database_that_it_ends_is_dead_to_the_next_one_at_once(home: Home) -> None:
    def hold_a_queue_and_end() -> None:
        with house.open_line(home.config, "run") as line, line.database.write() as c:
            leases.lease(c, [LANWAN], line.owner, line.clock(), line.clock() + 120_000)
            c.exec_driver_sql("CREATE TRIGGER stay BEFORE DELETE ON daemons BEGIN SELECT RAISE(ABORT, 'refused'); END")

    with pytest.raises(RepositoryError, match="refused"):
        hold_a_queue_and_end()
    assert home.sql("SELECT count(*) FROM queues WHERE owner IS NOT NULL") == [(1,)]
    database = Database(home.config.storage.database)
    with database.write() as c:
        c.exec_driver_sql("DROP TRIGGER stay")
    database.close()
    with house.open_line(home.config, "crawl"):
        assert home.sql("SELECT what FROM daemons") == [("crawl",)]
        assert home.sql("SELECT count(*) FROM queues WHERE owner IS NOT NULL") == [(0,)]
    assert not list(home.config.storage.archive.glob("*.alive"))


def test_the_sign_of_a_dead_process_that_the_database_does_not_know_is_taken_away(home: Home) -> None:
    archive = home.config.storage.archive
    archive.mkdir(parents=True)
    (archive / "adopted-long-ago.alive").touch()
    with house.open_line(home.config, "crawl") as line:
        assert [path.name for path in archive.glob("*.alive")] == [f"{line.owner}.alive"]
