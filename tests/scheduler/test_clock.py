"""The timetable over a real database: what a failed claim costs, and how many looks a day go to what is known."""

import asyncio
import time
from typing import Any

import pytest

from crawler.model import RunKind
from crawler.scheduler import process as house
from crawler.scheduler.clock import Clock, revisits, timetable

Home = Any  # the fixture's class lives in conftest, which tests do not import


def test_a_slot_whose_claim_failed_is_tried_again_while_the_daemon_lives(home: Home) -> None:
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql("CREATE TRIGGER broken BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END")

        async def live() -> None:
            clock = Clock(line, span=0, again=200)
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


@pytest.mark.parametrize("per_day", [0, 1, 10, 143, 144, 145, 2000])
def test_a_day_s_slots_share_exactly_its_looks(per_day: int) -> None:
    first = 1_700_000_400_000
    shares = [revisits(per_day, first + number * 600_000) for number in range(144)]
    assert sum(shares) == per_day
    assert max(shares) - min(shares) <= 1


def test_no_look_a_day_is_no_slot_for_them(home: Home) -> None:
    assert RunKind.REVISIT in {beat.kind for beat in timetable(home.config)}
    home.path.write_text(home.path.read_text("utf-8") + "\n[schedule]\nrevisit_per_day = 0\n", "utf-8")
    assert {beat.kind for beat in timetable(home.config)} == {RunKind.LIST}
