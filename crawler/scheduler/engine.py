"""Where the line runs: one process, its queues worked side by side, one request at a time in each.

Async only around the network. The database and the archive have one writer thread, so that whatever waits becomes one transaction;
pages are read by a pool of threads, each in front of one killable child. Everything that must survive is in the database: killed
at any moment, the next process asks again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

import structlog

from crawler.errors import CannotError
from crawler.fetcher.fetcher import Fetcher
from crawler.model import Exchange, Millis, Task
from crawler.pipeline.closing import close_finished
from crawler.pipeline.line import Line, messages
from crawler.politeness.budget import Spending
from crawler.politeness.host import Lease, Origin, Probe
from crawler.politeness.pace import Pace
from crawler.politeness.worker import MARGIN, Pacing, QueueWorker
from crawler.repository import frontier, origins, runs
from crawler.repository.database import Connection
from crawler.repository.readings import pending
from crawler.repository.settle import Settled

T = TypeVar("T")
P = ParamSpec("P")
log = structlog.get_logger()

IDLE = 0.25  # seconds between two looks at the frontier when nobody rings
BEAT = 15.0  # seconds between two renewals of the leases
ADOPT = 60.0  # seconds between two looks for dead processes
KEEP_AT_ONCE = 256  # exchanges of one transaction
SETTLE_AT_ONCE = 128
MOST_SPENDINGS = 1000  # runs whose spending is remembered; forgotten ones are counted again in the database
READ_AHEAD = 32  # readings on their way, for each child


@dataclass(slots=True)
class Waiting:
    """An exchange on its way into the archive; `kept` is set when it is committed."""

    exchange: Exchange
    lease: Lease
    kept: asyncio.Future[None]


class Engine:
    """The engine of one process. `runs` restricts it to the frontier of these runs (a one-off crawl); None works everything that is due."""

    def __init__(
        self,
        line: Line,
        fetcher: Fetcher,
        pacing: Pacing,
        *,
        queues_at_once: int,
        runs: frozenset[int] | None = None,
        adopt_every: float = ADOPT,
    ) -> None:
        self.line, self.fetcher, self.pacing = line, fetcher, pacing
        self.queues_at_once, self.runs, self.adopt_every = queues_at_once, runs, adopt_every
        self._writer = ThreadPoolExecutor(1, "writer")
        self._readers = ThreadPoolExecutor(line.readers.workers, "reader")
        self._to_keep: asyncio.Queue[Waiting] = asyncio.Queue(KEEP_AT_ONCE)
        self._to_settle: asyncio.Queue[asyncio.Future[list[Settled]]] = asyncio.Queue()
        self._reading: set[int] = set()  # captures on their way through a reader
        self._leases: dict[str, Lease] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._rung = asyncio.Event()  # something may be due
        self._pending = asyncio.Event()  # something may be waiting for a reader
        self._unindexed = asyncio.Event()
        self._stopping = False
        self._spending: dict[int, Spending] = {}
        self._failed = asyncio.Event()  # the machine stands in the way: the process ends
        self._failure: CannotError | None = None

    # -------------------------------------------------------------- the process
    async def run(self, stop: asyncio.Event, finished: Callable[[], bool] | None = None) -> None:
        """Work until `stop` is set or `finished()` (asked in a thread, about twice a second) is true.

        Raises what the archive or the database raised; what was kept by then is committed, what was due stays due.
        """
        self._pending.set()
        loops = [self._keep_loop(), self._read_loop(), self._settle_loop(), self._index_loop(), self._beat_loop()]
        loops += [self._adopt_loop(), self._turn_loop()]
        tasks = [asyncio.create_task(loop) for loop in loops]
        ending = asyncio.create_task(self._until(stop, finished))
        failing = asyncio.create_task(self._failed.wait())
        try:
            done, _ = await asyncio.wait([ending, failing, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            await self._wind_down(tasks)
            if self._failure is not None:
                raise self._failure
        finally:
            self._stopping = True
            for task in [ending, failing, *tasks, *self._workers.values()]:
                task.cancel()
            await asyncio.gather(ending, failing, *tasks, *self._workers.values(), return_exceptions=True)
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.shutdown(cancel_futures=True)
        self._writer.submit(self.line.close).result()
        self._writer.shutdown()

    async def _until(self, stop: asyncio.Event, finished: Callable[[], bool] | None) -> None:
        while not stop.is_set():
            if finished is not None and await asyncio.to_thread(finished):
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), IDLE)

    async def _wind_down(self, tasks: list[asyncio.Task[None]]) -> None:
        """No new request; what is fetched is kept, what is being read is settled."""
        self._stopping = True
        tasks[-1].cancel()
        for worker in self._workers.values():
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        while not self._to_keep.empty() or self._reading:
            failed = next((task for task in tasks[:-1] if task.done()), None)
            if failed is not None:
                failed.result()
                break
            await asyncio.sleep(0.01)
        while await self._write(self.line.index):
            pass

    async def _write(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: step(*args, **kwargs))

    async def _ask(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A query of the repository, in a thread, in a read transaction of its own."""

        def ask() -> T:
            with self.line.database.read() as c:
                return query(c, *args, **kwargs)

        return await asyncio.to_thread(ask)

    async def _change(self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A change by the repository, in the writer's thread, in a write transaction of its own."""

        def step() -> T:
            with self.line.database.write() as c:
                return change(c, *args, **kwargs)

        return await self._write(step)

    # -------------------------------------------------------------- queues
    async def _turn_loop(self) -> None:
        """Start a worker for every queue that has something due, up to `queues_at_once`."""
        while True:
            self._rung.clear()
            room = self.queues_at_once - len(self._workers)
            if room > 0:
                for name in await self._ask(frontier.queues_due, self.line.clock(), room + len(self._workers), self.runs):
                    if name not in self._workers and len(self._workers) < self.queues_at_once:
                        self._start(name)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._rung.wait(), IDLE)

    def _start(self, name: str) -> None:
        worker = asyncio.create_task(self._hold(name))
        self._workers[name] = worker
        worker.add_done_callback(lambda task: self._ended(name, task))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        self._workers.pop(name, None)
        self._rung.set()
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, CannotError):
            self._failure = error
            self._failed.set()
        log.error("queue given back", queue=name, error=str(error))

    async def _hold(self, name: str) -> None:
        """One turn of one queue: lease, work, release."""
        lease = await self.borrow(name)
        if lease is None:
            return
        worker = QueueWorker(self, self.fetcher, self.pacing, lease, self.line.clock)
        try:
            await worker.work(lambda: self._stopping)
        finally:
            await self.give_back(lease, worker.pace)

    def _lease_length(self) -> Millis:
        return int(self.pacing.deadline * 1000) + MARGIN

    async def _beat_loop(self) -> None:
        """Renew the leases; a queue that somebody else holds now is dropped at once."""
        while True:
            lost = await self._change(self._beat, list(self._leases.values()))
            for name in lost:
                log.warning("lease lost", queue=name)
                if name in self._workers:
                    self._workers[name].cancel()
            await asyncio.sleep(BEAT)

    def _beat(self, c: Connection, leases: Sequence[Lease]) -> set[str]:
        now = self.line.clock()
        runs.beat(c, self.line.owner, "", now)
        return frontier.renew(c, leases, now + self._lease_length())

    def _shelve(self, c: Connection, reason: str, queue: str | None, run: int | None) -> None:
        """Give up, for now, what a run still waits for, or what runs wait for in a queue; `frontier requeue` takes it up again."""
        shelved = runs.shelve(c, reason, queue=queue, run=run)
        close_finished(c, shelved, self.line.clock(), self.line.policy.expectations)

    async def _adopt_loop(self) -> None:
        """Take over from processes that die while this one lives: a one-off crawl's run may wait for what only they were to read."""
        while True:
            await asyncio.sleep(self.adopt_every)
            if await self._write(self.line.adopt):
                self._pending.set()

    # -------------------------------------------------------------- what a worker asks for (politeness.Desk)
    async def slice(self, lease: Lease, limit: int) -> list[Task]:
        """The next tasks of a held queue."""
        return await self._ask(frontier.slice_, lease, self.line.clock(), limit, self.runs)

    async def origin(self, name: str) -> Origin | None:
        """What is remembered of an origin's robots.txt."""
        return await self._ask(origins.get, name)

    async def probe(self, name: str) -> Probe | None:
        """How an origin says that it has not something."""
        return await self._ask(origins.probe, name)

    async def borrow(self, queue: str) -> Lease | None:
        """Hold another queue for one exchange; None when somebody else does."""
        now = self.line.clock()
        lease = await self._change(frontier.lease, queue, self.line.owner, now, now + self._lease_length())
        if lease is not None:
            self._leases[queue] = lease
        return lease

    async def give_back(self, lease: Lease, known: Pace) -> None:
        """Give a borrowed queue back."""
        self._leases.pop(lease.queue, None)
        await asyncio.shield(self._change(frontier.release, lease, known))

    async def postpone(self, tasks: Sequence[tuple[Task, Millis]]) -> None:
        """Tasks that are not due before a certain time."""
        await self._change(frontier.postpone, [(task.frontier, at) for task, at in tasks])

    async def shelve(self, queue: str, reason: str) -> None:
        """What one-off runs wait for in a queue that will not answer soon."""
        await self._change(self._shelve, reason, queue, None)

    async def may_spend(self, task: Task) -> bool:
        """May this run make one more request? If not, what it still waits for is shelved. Raises CannotError when the disk is nearly full."""
        self.line.archive.check_room(self.line.policy.config.storage.keep_free)
        run = task.run.id
        spending = self._spending.get(run)
        if spending is None:
            if len(self._spending) > MOST_SPENDINGS:
                self._spending.clear()
            requests, size, started = await self._ask(runs.spent, run)
            spending = self._spending[run] = Spending(self.line.policy.budget(task.source), started, requests, size)
        reason = spending.spent(self.line.clock())
        if reason:
            await self._change(self._shelve, reason, None, run)
            return False
        spending.requests += 1
        return True

    def queue_of(self, source: str, url: str) -> str:
        """The politeness key of an address."""
        return self.line.policy.queue(source, url)

    async def remember(self, origin: Origin) -> None:
        """Keep what robots.txt said."""
        await self._change(origins.put, origin)

    async def hand_over(self, exchange: Exchange, lease: Lease) -> Awaitable[None]:
        """Give an exchange to the keep step; the answer is set when it is committed."""
        spending = self._spending.get(exchange.task.run.id)
        if spending is not None and exchange.wire is not None:
            spending.bytes += len(exchange.wire.response)
        waiting = Waiting(exchange, lease, asyncio.get_running_loop().create_future())
        await self._to_keep.put(waiting)
        return waiting.kept

    # -------------------------------------------------------------- keep
    async def _keep_loop(self) -> None:
        while True:
            batch = [await self._to_keep.get()]
            while not self._to_keep.empty() and len(batch) < KEEP_AT_ONCE:
                batch.append(self._to_keep.get_nowait())
            fences = {waiting.lease.queue: waiting.lease.fence for waiting in batch}
            try:
                await self._write(self.line.keep, [waiting.exchange for waiting in batch], fences)
            except BaseException as error:
                for waiting in batch:
                    if not waiting.kept.done():
                        waiting.kept.set_exception(error)
                        waiting.kept.exception()  # seen: the worker may be gone already
                raise
            for waiting in batch:
                if not waiting.kept.done():
                    waiting.kept.set_result(None)
            self._pending.set()
            self._rung.set()

    # -------------------------------------------------------------- settle
    async def _read_loop(self) -> None:
        """Hand pending captures to the readers, a bounded number at a time."""
        loop = asyncio.get_running_loop()
        most = READ_AHEAD * self.line.readers.workers
        while True:
            self._pending.clear()
            if len(self._reading) < most // 2 and not self._stopping:
                waiting = await self._ask(partial(pending, owner=self.line.owner, busy=frozenset(self._reading)), most)
                for group in messages(waiting):
                    self._reading.update(item.capture_id for item in group)
                    future = loop.run_in_executor(self._readers, self.line.read_many, group)
                    future.add_done_callback(self._has_read)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._pending.wait(), IDLE * 4)

    def _has_read(self, future: asyncio.Future[list[Settled]]) -> None:
        if not future.cancelled():
            self._to_settle.put_nowait(future)

    async def _settle_loop(self) -> None:
        while True:
            batch = [await self._to_settle.get()]
            while not self._to_settle.empty() and len(batch) < SETTLE_AT_ONCE:
                batch.append(self._to_settle.get_nowait())
            settled = [item for future in batch for item in future.result()]
            await self._write(self.line.settle, settled)
            self._reading.difference_update(item.capture_id for item in settled)
            self._pending.set()
            self._rung.set()
            self._unindexed.set()

    async def _index_loop(self) -> None:
        while True:
            await self._unindexed.wait()
            self._unindexed.clear()
            if await self._write(self.line.index):
                self._unindexed.set()
            await asyncio.sleep(0.2)
