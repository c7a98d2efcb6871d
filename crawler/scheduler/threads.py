"""The threads of one process: one that writes, two that ask the database, one in front of each reading child."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from crawler.pipeline.line import Line
from crawler.repository.database import Connection
from crawler.repository.readings import Pending
from crawler.repository.settle import Settled

ASKING = 2  # threads, each with a connection of its own

T = TypeVar("T")
P = ParamSpec("P")
Query = Callable[[Connection], Any]


class Threads:
    """Awaited from the loop; what runs in a thread ends there, whatever becomes of whoever waits."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._writer = ThreadPoolExecutor(1, "writer")
        self._asking = ThreadPoolExecutor(ASKING, "asking")
        self._asked: list[tuple[Query, asyncio.Future[Any]]] = []
        self._answering = 0  # threads that are at it
        self._readers = ThreadPoolExecutor(line.readers.workers, "reader")

    async def write(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A step of the line, in the writer's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: step(*args, **kwargs))

    async def change(self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A change by the repository that stands when it is done twice, in the writer's thread, in a write transaction of its own."""
        return await self.write(partial(self._line.do, change, *args, **kwargs))

    async def ask(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A query of the repository, while others write; what is asked in one moment is answered of one read transaction."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._send, loop)  # behind whoever wakes in this turn of the loop, and asks too
        self._asked.append((lambda c: query(c, *args, **kwargs), answer))
        return await answer

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a thread answer what is asked; with all of them at work it waits, and gathers."""
        if not self._asked or self._answering == ASKING:
            return
        asked, self._asked = self._asked, []
        self._answering += 1
        answers = loop.run_in_executor(self._asking, self._answers, [query for query, _ in asked])
        answers.add_done_callback(lambda done: self._answered(loop, [answer for _, answer in asked], done))

    def _answers(self, queries: Sequence[Query]) -> list[Any]:
        """What each query finds, or raises: a fault of one is no matter of the others."""
        try:
            return self._line.ask(lambda c: [query(c) for query in queries])
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked
            return [error] if len(queries) == 1 else [found for query in queries for found in self._answers([query])]

    def _answered(
        self, loop: asyncio.AbstractEventLoop, waiting: "Sequence[asyncio.Future[Any]]", done: "asyncio.Future[list[Any]]"
    ) -> None:
        self._answering -= 1
        if done.cancelled():  # the loop ends
            for answer in waiting:
                answer.cancel()
            return
        for answer, found in zip(waiting, done.result(), strict=True):
            if answer.done():  # whoever asked is gone
                continue
            if isinstance(found, Exception):
                answer.set_exception(found)
            else:
                answer.set_result(found)
        self._send(loop)

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
