"""What waits for others of its kind, because many at once cost less than one by one."""

import asyncio
import contextlib


class Gathered:
    """A count of what waits: a whole block of it is taken at once, fewer when nothing has made a block of them for so many seconds."""

    def __init__(self, block: int, seconds: float) -> None:
        self.block, self.seconds = block, seconds
        self._waiting = 0
        self._some, self._whole = asyncio.Event(), asyncio.Event()

    def add(self, count: int) -> None:
        """So many more wait; with 0, there may be some that nobody has counted."""
        self._waiting += count
        self._some.set()
        if self._waiting >= self.block:
            self._whole.set()

    async def take(self) -> bool:
        """Wait until there is something to do: True for one whole block, False for whatever is there."""
        await self._some.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._whole.wait(), self.seconds)
        if not self._whole.is_set():
            self._waiting = 0
            self._some.clear()
            return False
        self._waiting -= self.block
        if self._waiting < self.block:
            self._whole.clear()
        return True
