"""What the engine does for the line of one process, step by step and with a clock of its own: months pass in seconds.

HTTP, archive, readers and database are the real ones. Whoever drives it fires runs and says how much time passes.
"""

from collections.abc import Awaitable, Sequence

import sqlalchemy as sa

from crawler.config.values import Config
from crawler.fetcher.fetcher import Fetcher
from crawler.model import Exchange, Millis, Task
from crawler.pipeline.closing import close_finished
from crawler.pipeline.line import Line
from crawler.politeness.host import Lease, Origin, Probe
from crawler.politeness.pace import Pace
from crawler.politeness.worker import Pacing, QueueWorker
from crawler.repository import frontier, leases, origins, runs
from crawler.scheduler import process as house

HELD: Millis = 60_000  # of a lease


class Simulated:
    """The backend of a queue's holder: straight to the database and the archive. `line` must use `clock`."""

    line: Line
    fetcher: Fetcher

    def __init__(self, now: Millis) -> None:
        self.now = now
        self.handed: list[Exchange] = []

    def clock(self) -> Millis:
        """Every look at it is a millisecond later."""
        self.now += 1
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.now += round(seconds * 1000)

    def fetch_by(self, config: Config) -> None:
        """Ask by this configuration from now on."""
        self.fetcher = Fetcher(house.fetch_settings(config), clock=self.clock, steady=lambda: self.now / 1000)

    def open_runs(self) -> int:
        """How many runs are not over."""
        with self.line.database.read() as c:
            return int(c.execute(sa.text("SELECT count(*) FROM runs WHERE ended IS NULL")).scalar_one())

    async def hold(self, queue: str, pacing: Pacing) -> bool:
        """Work a queue until nothing of it is due; False where another holds it."""
        lease = await self.borrow(queue)
        if lease is None:
            return False
        worker = QueueWorker(self, self.fetcher, pacing, lease, self.clock, self.sleep)
        await worker.work(lambda: False)
        await self.give_back(lease, worker.pace)
        return True

    # -------------------------------------------------------------- the backend
    async def slice(self, lease: Lease, limit: int) -> list[Task]:
        """What is due."""
        with self.line.database.read() as c:
            return frontier.slice_(c, lease, self.clock(), limit)

    async def origin(self, name: str) -> Origin | None:
        """What is remembered of robots.txt."""
        with self.line.database.read() as c:
            return origins.get(c, name)

    async def remember(self, origin: Origin) -> None:
        """It is kept with its look."""

    async def probe(self, name: str) -> Probe | None:
        """How an origin says that it has not something."""
        with self.line.database.read() as c:
            return origins.probe(c, name, self.clock())

    async def borrow(self, queue: str) -> Lease | None:
        """Hold a queue."""
        now = self.clock()
        with self.line.database.write() as c:
            return next(iter(leases.lease(c, [queue], self.line.owner, now, now + HELD)), None)

    async def give_back(self, lease: Lease, known: Pace) -> None:
        """Give it back."""
        with self.line.database.write() as c:
            leases.release(c, [(lease, known)], self.clock())

    async def postpone(self, tasks: Sequence[tuple[Task, Millis]]) -> None:
        """Later."""
        with self.line.database.write() as c:
            frontier.postpone(c, [(task.frontier, at) for task, at in tasks])

    async def shelve(self, queue: str, reason: str) -> None:
        """Not any more."""
        self.give_up(reason, queue=queue)

    def give_up(self, reason: str, *, queue: str | None = None, run: int | None = None) -> None:
        """Shelve what a run waits for, or what runs wait for in a queue."""
        with self.line.database.write() as c:
            shelved = runs.shelve(c, reason, queue=queue, run=run)
            close_finished(c, shelved, self.clock(), self.line.policy.expectations)

    async def may_spend(self, task: Task) -> bool:
        """Nothing costs anything here."""
        return True

    def queue_of(self, source: str, url: str) -> str:
        """The politeness key of an address."""
        return self.line.policy.queue(source, url)

    async def hand_over(self, exchange: Exchange, lease: Lease) -> Awaitable[None]:
        """Keep it with the others of its slice."""
        self.handed.append(exchange)
        return self._kept(lease)

    async def _kept(self, lease: Lease) -> None:
        handed, self.handed = self.handed, []
        if handed:
            self.line.keep(handed, {lease.queue: lease.fence})
