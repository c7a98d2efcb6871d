"""The timetable over a real database: what a failed claim costs, and how many looks a day go to what is known."""

import asyncio
import time
from typing import Any

from crawler import app as house
from crawler.scheduler import Clock

Home = Any  # the fixture's class lives in conftest, which tests do not import


def test_a_slot_whose_claim_failed_is_tried_again_while_the_daemon_lives(home: Home) -> None:
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql("CREATE TRIGGER broken BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")

        async def live() -> None:
            clock = Clock(line, home.config, span=0, again=200)
            clock.start()
            try:
                await asyncio.sleep(0.5)
                assert home.sql("SELECT count(*) FROM runs") == [(0,)]
                with line.database.write() as c:
                    c.exec_driver_sql("DROP TRIGGER broken")
                assert await asyncio.to_thread(_fired, home)
            finally:
                clock.stop()

        asyncio.run(live())


def _fired(home: Home) -> bool:
    """Has every source fired, within twenty seconds?"""
    end = time.monotonic() + 20
    while home.sql("SELECT count(DISTINCT source) FROM runs") != [(3,)]:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
