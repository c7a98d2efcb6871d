"""Where the line runs: one process, its queues worked side by side, one request at a time in each.

Async only around the network. The database and the archive have one writer thread, so that whatever waits becomes one transaction;
pages are read by a pool of threads, each in front of one killable child. Everything that must survive is in the database: killed
at any moment, the next process asks again.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from crawler.errors import CannotError
from crawler.fetcher.fetcher import Fetcher
from crawler.model import Exchange, Millis, Task
from crawler.pipeline.catch_up import messages
from crawler.pipeline.closing import close_finished
from crawler.pipeline.line import INDEX_AT_ONCE, Line
from crawler.pipeline.policy import Policy
from crawler.politeness.budget import Spending
from crawler.politeness.host import Lease, Origin, Probe
from crawler.politeness.pace import Pace
from crawler.politeness.worker import SLICE, Pacing, QueueWorker
from crawler.repository import frontier, origins, runs
from crawler.repository.database import Connection
from crawler.repository.readings import Pending, pending
from crawler.repository.settle import Settled
from crawler.scheduler.gathered import Gathered
from crawler.scheduler.holding import Holding, steady_ms
from crawler.scheduler.threads import Threads

log = structlog.get_logger()

ASK = 0.5  # seconds between two questions which queues are due, and whether runs are over
LINGER = 1.0  # seconds a queue with nothing due is held on to while pages are being read
GATHER = 0.05  # seconds that few exchanges wait for others to be committed with
INDEX = 2.0  # seconds that less than a block of documents waits for others: a block makes one large segment, which is merged less often
ROOM = 1.0  # seconds between two looks at the disk's room
ADOPT = 60.0  # seconds between two looks for dead processes
KEEP_AT_ONCE = 128  # exchanges of one transaction; their bodies are held until it is over
SETTLE_AT_ONCE = 128
SETTLE_FEW = 64  # readings that lead nowhere wait for so many
SETTLE_AFTER = 0.25  # seconds, at most
READ_AHEAD = 64  # captures that are asked for at once
MOST_SPENDINGS = 1000  # runs whose spending is remembered; forgotten ones are counted again in the database


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
        self._threads = Threads(line)
        self._to_keep: asyncio.Queue[Waiting] = asyncio.Queue(KEEP_AT_ONCE)
        self._keeping = 0  # exchanges handed over and not committed yet
        self._to_settle: asyncio.Queue[asyncio.Future[list[Settled]]] = asyncio.Queue()
        self._reading: set[int] = set()  # captures on their way through a reader
        self._messages = 0  # to readers, that are not answered yet
        self._holding = Holding(line, self._threads, pacing.deadline, adopt_every)
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._freed = asyncio.Event()  # a worker ended
        self._quiet = asyncio.Event()  # nothing is on its way any more
        self._news: dict[str, asyncio.Event] = {}  # by queue that somebody holds and waits in: something new is there
        self._pending = asyncio.Event()  # something may be waiting for a reader
        self._unindexed = Gathered(INDEX_AT_ONCE, INDEX)
        self._stopping = False
        self._spending: dict[int, Spending] = {}
        self._asked: dict[int, str] = {}  # frontier rows that are being looked at, and their queues: not kept yet
        self._origins: dict[str, Origin] = {}  # what robots.txt said of late
        self._room_until = 0.0  # when the disk's room is looked at again
        self._failed = asyncio.Event()  # the machine stands in the way: the process ends
        self._failure: CannotError | None = None

    # -------------------------------------------------------------- the process
    async def run(self, stop: asyncio.Event, finished: Callable[[], bool] | None = None) -> None:
        """Work until `stop` is set or `finished()` (asked in a thread, about twice a second) is true.

        Raises what the archive or the database raised; what was kept by then is committed, what was due stays due.
        """
        self._pending.set()
        loops = [self._keep_loop(), self._read_loop(), self._settle_loop(), self._index_loop()]
        loops += [self._holding.beat(self._drop), self._holding.watch(self._pending.set), self._turn_loop()]
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
            self.line.outage.end()
            for task in [ending, failing, *tasks, *self._workers.values()]:
                task.cancel()
            await asyncio.gather(ending, failing, *tasks, *self._workers.values(), return_exceptions=True)
            await asyncio.to_thread(self._threads.close)

    async def _until(self, stop: asyncio.Event, finished: Callable[[], bool] | None) -> None:
        while not stop.is_set():
            self._quiet.clear()
            if finished is not None and await asyncio.to_thread(finished):
                return
            waits = [asyncio.create_task(event.wait()) for event in (stop, self._quiet)]
            await asyncio.wait(waits, timeout=ASK, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    def _look_quiet(self) -> None:
        """Is nothing on its way any more? Then whoever waits for the end of runs asks at once."""
        if not self._workers and not self._keeping and not self._reading:
            self._quiet.set()

    async def _wind_down(self, tasks: list[asyncio.Task[None]]) -> None:
        """No new request; what is fetched is kept, what is being read is settled."""
        self._stopping = True
        self.line.outage.end()
        tasks[-1].cancel()
        for worker in self._workers.values():
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        while self._keeping or self._reading:
            failed = next((task for task in tasks[:-1] if task.done()), None)
            if failed is not None:
                failed.result()
                break
            await asyncio.sleep(0.01)
        while await self._threads.write(self.line.index):
            pass

    async def take_over(self, policy: Policy, fetcher: Fetcher) -> None:
        """Go on under another configuration, queue by queue as they are leased. Raises RepositoryError, and then nothing has changed."""
        await self._threads.write(self.line.take_over, policy)
        self.fetcher, self.pacing = fetcher, policy.pacing(self.pacing.agent)
        self.queues_at_once = policy.config.network.queues_at_once
        self._spending.clear()  # under other budgets

    # -------------------------------------------------------------- queues
    async def _turn_loop(self) -> None:
        """Start a worker for every queue that has something due, up to `queues_at_once`; the database is asked every ASK seconds."""
        due, asked = deque[str](), -ASK
        loop = asyncio.get_running_loop()
        while True:
            self._freed.clear()
            if len(self._workers) < self.queues_at_once:
                if loop.time() >= asked + ASK:
                    asked = loop.time()
                    most = self.queues_at_once + len(self._workers)
                    due = deque(await self._threads.ask(frontier.queues_due, self.line.clock(), most, self.runs))
                await self._start_some(due)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._freed.wait(), max(asked + ASK - loop.time(), 0.01))

    async def _start_some(self, due: "deque[str]") -> None:
        """Lease as many of these queues as there is room for, in one transaction, and start their workers."""
        names: list[str] = []
        while due and len(self._workers) + len(names) < self.queues_at_once:
            name = due.popleft()
            if name not in self._workers:
                names.append(name)
        if names:
            for lease in await self._holding.lease(names):
                self._start(lease)

    def _start(self, lease: Lease) -> None:
        worker = asyncio.create_task(self._hold(lease))
        self._workers[lease.queue] = worker
        worker.add_done_callback(lambda task: self._ended(lease.queue, task))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        self._workers.pop(name, None)
        self._freed.set()
        self._look_quiet()
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, CannotError):
            self._failure = error
            self._failed.set()
            log.error("queue given back", queue=name, error=str(error))
        else:
            log.error("queue given back", queue=name, exc_info=error)

    async def _hold(self, lease: Lease) -> None:
        """One turn of one leased queue."""
        worker = QueueWorker(self, self.fetcher, self.pacing, lease, self.line.clock)
        try:
            await worker.work(lambda: self._stopping)
        finally:
            self._asked = {row: queue for row, queue in self._asked.items() if queue != lease.queue}
            await self.give_back(lease, worker.pace)

    def _drop(self, queue: str) -> None:
        """Somebody else holds it now."""
        if queue in self._workers:
            self._workers[queue].cancel()

    def _shelve(self, c: Connection, reason: str, queue: str | None, run: int | None) -> None:
        """Give up, for now, what a run still waits for, or what runs wait for in a queue; `frontier requeue` takes it up again."""
        shelved = runs.shelve(c, reason, queue=queue, run=run, but=list(self._asked))
        close_finished(c, shelved, self.line.clock(), self.line.policy.expectations)

    # -------------------------------------------------------------- what a worker asks for (politeness.Backend)
    async def slice(self, lease: Lease, limit: int) -> list[Task]:
        """The next tasks of a held queue. While pages are being read that may add some, and no other queue waits for its turn, a
        little time is given: a queue is not given back to be leased again at once."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LINGER
        while True:
            news = self._news[lease.queue] = asyncio.Event()
            tasks = await self._threads.ask(frontier.slice_, lease, self.line.clock(), limit, self.runs)
            crowded = len(self._workers) >= self.queues_at_once
            if tasks or crowded or self._stopping or not self._reading or loop.time() >= until:
                return tasks
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), until - loop.time())

    async def origin(self, name: str) -> Origin | None:
        """What is remembered of an origin's robots.txt."""
        held = self._origins.get(name)
        if held is not None and held.expires > self.line.clock():
            return held
        self._origins.pop(name, None)
        return await self._threads.ask(origins.get, name)

    async def probe(self, name: str) -> Probe | None:
        """How an origin says that it has not something."""
        return await self._threads.ask(origins.probe, name, self.line.clock())

    async def borrow(self, queue: str) -> Lease | None:
        """Hold another queue for one exchange; None when somebody else does."""
        return next(iter(await self._holding.lease([queue])), None)

    async def give_back(self, lease: Lease, known: Pace) -> None:
        """Give a queue back; nobody asks for it in vain meanwhile."""
        self._news.pop(lease.queue, None)
        await self._holding.give_back(lease, known)

    async def postpone(self, tasks: Sequence[tuple[Task, Millis]]) -> None:
        """Tasks that are not due before a certain time."""
        await self._threads.change(frontier.postpone, [(task.frontier, at) for task, at in tasks])

    async def shelve(self, queue: str, reason: str) -> None:
        """What one-off runs wait for in a queue that will not answer soon."""
        await self._threads.change(self._shelve, reason, queue, None)

    async def may_spend(self, task: Task) -> bool:
        """May this run make one more request, in this queue? Not when another process holds the queue by now, or when nothing may be
        spent any more: then what the run still waits for is shelved. Raises CannotError when the disk is nearly full."""
        if not await self._holding.is_held(task.queue):
            return False
        now = time.monotonic()
        if now >= self._room_until:
            self.line.archive.check_room(self.line.policy.config.storage.keep_free)
            self._room_until = now + ROOM
        run = task.run.id
        spending = self._spending.get(run)
        if spending is None:
            if len(self._spending) > MOST_SPENDINGS:
                self._spending.clear()
            requests, size, started = await self._threads.ask(runs.spent, run)
            began = steady_ms() - max(self.line.clock() - started, 0)  # by a clock that nobody sets
            spending = self._spending[run] = Spending(self.line.policy.budget(task.source), began, requests, size)
        reason = spending.spent(steady_ms())
        if reason:
            await self._threads.change(self._shelve, reason, None, run)
            return False
        spending.requests += 1
        if task.frontier:
            self._asked[task.frontier] = task.queue
        self.line.fellows.asks()
        return True

    def queue_of(self, source: str, url: str) -> str:
        """The politeness key of an address."""
        return self.line.policy.queue(source, url)

    async def remember(self, origin: Origin) -> None:
        """What robots.txt said; its exchange takes it into the database."""
        self._origins[origin.origin] = origin

    async def hand_over(self, exchange: Exchange, lease: Lease) -> Awaitable[None]:
        """Give an exchange to the keep step; the answer is set when it is committed."""
        spending = self._spending.get(exchange.task.run.id)
        if spending is not None and exchange.wire is not None:
            spending.bytes += len(exchange.wire.response)
        waiting = Waiting(exchange, lease, asyncio.get_running_loop().create_future())
        self._keeping += 1
        await self._to_keep.put(waiting)
        return waiting.kept

    # -------------------------------------------------------------- keep
    async def _keep_loop(self) -> None:
        """Commit what was handed over: one transaction and one fsync for all that comes while the one before is written, or in a moment."""
        while True:
            batch = [await self._to_keep.get()]
            if self._to_keep.qsize() < SLICE and not self._stopping:
                await asyncio.sleep(GATHER)
            while not self._to_keep.empty() and len(batch) < KEEP_AT_ONCE:
                batch.append(self._to_keep.get_nowait())
            fences = {waiting.lease.queue: waiting.lease.fence for waiting in batch}
            try:
                await self._threads.write(self.line.keep, [waiting.exchange for waiting in batch], fences)
            except BaseException as error:
                for waiting in batch:
                    if not waiting.kept.done():
                        waiting.kept.set_exception(error)
                        waiting.kept.exception()  # seen: the worker may be gone already
                raise
            for waiting in batch:
                self._asked.pop(waiting.exchange.task.frontier, None)
                if not waiting.kept.done():
                    waiting.kept.set_result(None)
            self._keeping -= len(batch)
            self._pending.set()
            self._look_quiet()

    # -------------------------------------------------------------- settle
    async def _read_loop(self) -> None:
        """Hand pending captures to the readers: one message to each, and one that waits. What waits longer goes with others."""
        most = self.line.readers.workers + 1
        ahead: list[Pending] = []
        while True:
            self._pending.clear()
            room = most - self._messages
            if room > 0 and not self._stopping:
                if len(ahead) < room:
                    busy = frozenset(self._reading.union(item.capture_id for item in ahead))
                    found = await self._threads.ask(partial(pending, owner=self.line.owner, busy=busy), READ_AHEAD)
                    self.line.readers.expect(many=len(found) == READ_AHEAD)
                    ahead += found
                for group in list(messages(ahead, room))[:room]:
                    del ahead[: len(group)]
                    self._messages += 1
                    self._reading.update(item.capture_id for item in group)
                    self._threads.read(group).add_done_callback(self._has_read)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._pending.wait(), 2 * ASK)

    def _has_read(self, future: asyncio.Future[list[Settled]]) -> None:
        self._messages -= 1
        self._pending.set()
        if not future.cancelled():
            future.exception()  # seen: the process may end before anybody asks
            self._to_settle.put_nowait(future)

    async def _settle_loop(self) -> None:
        while True:
            settled = await self._settled()
            queues = await self._threads.write(self.line.settle, settled)
            self._reading.difference_update(item.capture_id for item in settled)
            self._pending.set()
            self._unindexed.add(sum(len(item.reading.notices) for item in settled))
            for queue in queues & self._news.keys():
                self._news[queue].set()
            self._look_quiet()

    async def _settled(self) -> list[Settled]:
        """What was read. Few readings wait a moment for others, unless they lead on or nothing else is being read."""
        settled = (await self._to_settle.get()).result()
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_AFTER
        while len(settled) < SETTLE_AT_ONCE:
            if self._to_settle.empty():
                done = len(settled) >= SETTLE_FEW or not self._messages or self._stopping or any(map(_leads_on, settled))
                if done or loop.time() >= until:
                    break
            try:
                settled += (await asyncio.wait_for(self._to_settle.get(), max(until - loop.time(), 0))).result()
            except TimeoutError:
                break
        return settled

    async def _index_loop(self) -> None:
        while True:
            is_block = await self._unindexed.take()
            while await self._threads.write(self.line.index) == INDEX_AT_ONCE and not is_block:
                pass


def _leads_on(settled: Settled) -> bool:
    """Is there something to be looked at because of this reading?"""
    reading = settled.reading
    return bool(reading.rows or reading.next_list or reading.more_lists or reading.continues or reading.leads_to)
