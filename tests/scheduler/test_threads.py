"""What is asked of the database in one moment is answered of one transaction, and each question by itself."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import RepositoryError
from crawler.scheduler import process as house
from crawler.scheduler.threads import ASKING, Threads

Home = Any  # the fixture's class lives in conftest, which tests do not import
BOTH = pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)


def with_threads(home: Home, work: Callable[[Threads], Coroutine[Any, Any, Any]]) -> Any:
    """What comes of some work with the threads of a process."""

    async def whole() -> Any:
        threads = Threads(line)
        try:
            return await work(threads)
        finally:
            await asyncio.to_thread(threads.close)

    with house.open_line(home.config, "test") as line:
        return asyncio.run(whole())


def number(c: Connection, value: int) -> tuple[int, int]:
    """(the number, which connection was asked)."""
    return int(c.execute(sa.text("SELECT :n"), {"n": value}).scalar_one()), id(c)


@BOTH
def test_what_is_asked_in_one_moment_shares_a_transaction_and_keeps_its_order(home: Home) -> None:
    async def ask(threads: Threads) -> list[tuple[int, int]]:
        return await asyncio.gather(*(threads.ask(number, value) for value in range(9)))

    found = with_threads(home, ask)
    assert [value for value, _ in found] == list(range(9))
    assert len({connection for _, connection in found}) == 1


@BOTH
def test_a_question_that_fails_fails_for_whoever_asked_it(home: Home) -> None:
    def wrong(c: Connection) -> None:
        c.execute(sa.text("SELECT nothing FROM nowhere"))

    async def ask(threads: Threads) -> list[Any]:
        asked = (threads.ask(number, 1), threads.ask(wrong), threads.ask(number, 2))
        return list(await asyncio.gather(*asked, return_exceptions=True))

    first, failed, last = with_threads(home, ask)
    assert (first[0], last[0]) == (1, 2)
    assert isinstance(failed, RepositoryError)


def test_whoever_no_longer_waits_holds_up_nobody(home: Home) -> None:
    async def ask(threads: Threads) -> int:
        gone = asyncio.ensure_future(threads.ask(number, 1))
        stays = asyncio.ensure_future(threads.ask(number, 2))
        await asyncio.sleep(0)
        gone.cancel()
        return (await stays)[0]

    assert with_threads(home, ask) == 2


def test_questions_that_come_while_all_threads_are_at_work_are_answered_together_afterwards(home: Home) -> None:
    free = threading.Event()

    def slow(c: Connection) -> None:
        free.wait(60)

    async def ask(threads: Threads) -> list[tuple[int, int]]:
        held = []
        for _ in range(ASKING):
            held.append(asyncio.ensure_future(threads.ask(slow)))
            await asyncio.sleep(0.01)  # so that each is a moment of its own
        later = []
        for value in range(4):
            later.append(asyncio.ensure_future(threads.ask(number, value)))
            await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*held)
        return await asyncio.gather(*later)

    found = with_threads(home, ask)
    assert [value for value, _ in found] == [0, 1, 2, 3]
    assert len({connection for _, connection in found}) == 1
