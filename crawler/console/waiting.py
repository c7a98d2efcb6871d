"""Waiting for the ledger: however many wait, the database is asked once in a while for all of them whether it has grown."""

import asyncio
import time

from starlette.concurrency import run_in_threadpool

from crawler.console.door import Door
from crawler.repository import changes

LASTS_S = 0.25


class Tip:
    """The number of the ledger's last line, as of a moment ago. For one event loop."""

    def __init__(self) -> None:
        self._asked: asyncio.Task[int] | None = None
        self._at = 0.0

    async def of(self, door: Door) -> int:
        """It, asked anew where it is older than `LASTS_S`."""
        now = time.monotonic()
        if self._asked is None or (self._asked.done() and now - self._at >= LASTS_S):
            self._asked, self._at = asyncio.create_task(run_in_threadpool(_last, door)), now
        return await asyncio.shield(self._asked)  # who goes away ends it for nobody else


def _last(door: Door) -> int:
    with door.read() as c:
        return changes.last(c)
