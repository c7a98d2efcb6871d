"""What waits for others of its kind, because many at once cost less than one by one."""

import asyncio
import contextlib


class Gathered:
    """A count of what waits: a whole block of it is taken at once, and everything so many seconds after the first of it came."""

    def __init__(self, block: int, seconds: float) -> None:
        self.block, self.seconds = block, seconds
        self._waiting, self._until = 0, 0.0
        self._some, self._whole = asyncio.Event(), asyncio.Event()

    def add(self, count: int) -> None:
        """So many more wait; with 0, there may be some that nobody has counted."""
        if not self._some.is_set():
            self._until = asyncio.get_running_loop().time() + self.seconds
            self._some.set()
        self._waiting += count
        if self._waiting >= self.block:
            self._whole.set()

    async def take(self) -> bool:
        """Wait until there is something to do: True for one whole block, False for all there is."""
        await self._some.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._until):
                await self._whole.wait()
        if not self._whole.is_set() or asyncio.get_running_loop().time() >= self._until:
            self._waiting = 0
            self._some.clear()
            self._whole.clear()
            return False
        self._waiting -= self.block
        if self._waiting < self.block:
            self._whole.clear()
        return True
