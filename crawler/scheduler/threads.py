"""The threads of one process: one that writes, two that ask the database, one in front of each reading child."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from crawler.pipeline.line import Line
from crawler.repository.database import Connection
from crawler.repository.readings import Pending
from crawler.repository.settle import Settled

ASKING = 2  # threads, each with a connection of its own

T = TypeVar("T")
P = ParamSpec("P")


class Threads:
    """Awaited from the loop; what runs in a thread ends there, whatever becomes of whoever waits."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._writer = ThreadPoolExecutor(1, "writer")
        self._asking = ThreadPoolExecutor(ASKING, "asking")
        self._readers = ThreadPoolExecutor(line.readers.workers, "reader")

    async def write(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A step of the line, in the writer's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: step(*args, **kwargs))

    async def change(self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A change by the repository that stands when it is done twice, in the writer's thread, in a write transaction of its own."""
        return await self.write(partial(self._line.do, change, *args, **kwargs))

    async def ask(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A query of the repository, in a read transaction of its own, while others write."""

        return await self.look(partial(self._line.ask, query, *args, **kwargs))

    async def look(self, step: Callable[[], T]) -> T:
        """What only asks, beside the writer."""
        return await asyncio.get_running_loop().run_in_executor(self._asking, step)

    def read(self, waiting: Sequence[Pending]) -> asyncio.Future[list[Settled]]:
        """Captures read by one child."""
        return asyncio.get_running_loop().run_in_executor(self._readers, self._line.read_many, waiting)

    def close(self) -> None:
        """Wait for what runs, then close the line."""
        self._readers.shutdown(cancel_futures=True)
        self._asking.shutdown()
        self._writer.submit(self._line.close).result()
        self._writer.shutdown()
