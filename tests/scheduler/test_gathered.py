"""A block goes at once, less than a block waits for more."""

import asyncio

from crawler.scheduler.gathered import Gathered

EVER = 3600.0  # seconds nobody waits


async def soon(gathered: Gathered) -> bool | None:
    """What is to be taken; None where there is nothing yet."""
    try:
        return await asyncio.wait_for(gathered.take(), 0.1)
    except TimeoutError:
        return None


def test_each_whole_block_is_taken_at_once_and_what_is_left_waits_for_more() -> None:
    async def taken() -> list[bool | None]:
        gathered = Gathered(10, EVER)
        gathered.add(9)
        found = [await soon(gathered)]
        gathered.add(14)
        found += [await soon(gathered), await soon(gathered), await soon(gathered)]
        gathered.add(7)
        return [*found, await soon(gathered), await soon(gathered)]

    assert asyncio.run(taken()) == [None, True, True, None, True, None]


def test_less_than_a_block_is_taken_when_it_has_waited_and_then_nothing_is_left() -> None:
    async def taken() -> list[bool | None]:
        gathered = Gathered(10, 0.01)
        found = [await soon(gathered)]
        gathered.add(3)
        found += [await soon(gathered), await soon(gathered)]
        gathered.add(7)
        found += [await soon(gathered)]
        gathered.add(0)
        return [*found, await soon(gathered), await soon(gathered)]

    assert asyncio.run(taken()) == [None, False, None, False, False, None]


def test_the_first_that_came_waits_no_longer_for_all_the_blocks_behind_it() -> None:
    async def taken() -> list[bool | None]:
        gathered = Gathered(10, 0.2)
        gathered.add(12)
        found = [await soon(gathered)]  # a block of them; it is not said which
        until = asyncio.get_running_loop().time() + 0.2
        while asyncio.get_running_loop().time() < until:
            gathered.add(1)
            await asyncio.sleep(0.05)
        gathered.add(10)
        return [*found, await soon(gathered), await soon(gathered)]

    assert asyncio.run(taken()) == [True, False, None]
