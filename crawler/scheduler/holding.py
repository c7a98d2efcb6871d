"""What one process holds: the leases of its queues, and its place among its fellows. Renewed while it lives, taken over when others die.

No request is made under a lease that may be somebody else's by now: a process that was stopped, or whose machine slept, asks first.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from crawler.model import Millis
from crawler.pipeline.line import Line
from crawler.pipeline.member import LEASE_MARGIN
from crawler.politeness import clocks
from crawler.politeness.clocks import Drift
from crawler.politeness.host import Lease
from crawler.politeness.pace import Pace
from crawler.repository import leases, runs
from crawler.repository.database import Connection
from crawler.scheduler.threads import Threads

log = structlog.get_logger()

BEAT = 15.0  # seconds between two renewals of the leases
WATCH = 1.0  # seconds between two looks for dead processes, and at the clock
AWAY = 0.05  # seconds between two looks whether the database is back


def steady_ms() -> Millis:
    """Milliseconds of a clock that only goes forward; where there is one, of one that goes on while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)) // 1_000_000


class Holding:
    """The leases of one process, each for `length`. `lost(queue)` is called when somebody else holds it by now, `news()` when something
    of a dead process is to be read."""

    def __init__(self, line: Line, threads: Threads, deadline: float, adopt_every: float) -> None:
        self.line, self._threads, self._adopt_every = line, threads, adopt_every
        self.length: Millis = int(deadline * 1000) + LEASE_MARGIN
        self._leases: dict[str, Lease] = {}
        self._until: dict[str, tuple[Millis, Millis]] = {}  # when each ends, by the wall's clock and by the steady one
        self._returned: deque[tuple[Lease, Pace]] = deque()  # leases to be given back
        self._drift = Drift.begin(line.clock(), steady_ms())
        self._moved = asyncio.Event()  # the clock was moved: everything is looked at anew

    # -------------------------------------------------------------- leases
    async def lease(self, names: Sequence[str]) -> list[Lease]:
        """Hold these queues: those that nobody holds, this process included."""
        asked = [name for name in names if name not in self._leases]
        if not asked:
            return []
        now, steady = self.line.clock(), steady_ms()
        found = await self._threads.change(leases.lease, asked, self.line.owner, now, now + self.length)
        for lease in found:
            self._leases[lease.queue] = lease
            self._until[lease.queue] = now + self.length, steady + self.length
        return found

    async def is_held(self, queue: str) -> bool:
        """May a request be made under this lease? One that may have ended is renewed first, unless somebody else has it."""
        while self.line.outage.is_on:  # noqa: ASYNC110 - threads end it; nothing that is fetched now could be kept
            await asyncio.sleep(AWAY)
        lease, until = self._leases.get(queue), self._until.get(queue)
        if lease is None or until is None:
            return False
        if self.line.clock() < until[0] and steady_ms() < until[1]:
            return True
        lost = await self._renew([lease], self.length)
        for name in lost:
            log.warning("lease lost", queue=name)
        return not lost

    async def give_back(self, lease: Lease, known: Pace) -> None:
        """Give a queue back; what is given back while the writer is busy goes in one transaction."""
        self._returned.append((lease, known))
        releasing = asyncio.ensure_future(self._threads.write(self._release))
        releasing.add_done_callback(lambda done: self._forget(lease, done))
        await asyncio.shield(releasing)

    def _release(self) -> None:
        returned = []
        while self._returned:
            returned.append(self._returned.popleft())
        if returned:
            self.line.do(leases.release, returned, self.line.clock())

    def _forget(self, lease: Lease, done: "asyncio.Future[None]") -> None:
        if not done.cancelled():
            done.exception()  # seen: whoever waits for it may be gone
        if self._leases.get(lease.queue) is lease:
            del self._leases[lease.queue], self._until[lease.queue]

    # -------------------------------------------------------------- the beat
    async def beat(self, lost: Callable[[str], None]) -> None:
        """Renew the leases, for ever; a queue that somebody else holds now is dropped at once."""
        while True:
            for name in await self._renew(list(self._leases.values()), self.length // 2):
                log.warning("lease lost", queue=name)
                lost(name)
            self.line.fellows.beats(self.line.what)
            self._moved.clear()
            await _wait(self._moved, BEAT)

    async def _renew(self, leases: Sequence[Lease], ending: Millis) -> set[str]:
        """Renew those of these leases that end within `ending`; what somebody else holds."""
        now, steady = self.line.clock(), steady_ms()
        lost = await self._threads.change(self._renewed, leases, now, ending)
        for lease in leases:
            if lease.queue not in lost and self._leases.get(lease.queue) is lease:
                wall = self._until[lease.queue][0]
                if not now + ending <= wall <= now + self.length:
                    wall = now + self.length
                self._until[lease.queue] = wall, steady + wall - now
        return lost

    def _renewed(self, c: Connection, held: Sequence[Lease], now: Millis, ending: Millis) -> set[str]:
        runs.beat(c, self.line.owner, self.line.what, now)
        return leases.renew(c, held, now, self.length, ending)

    # -------------------------------------------------------------- the others, and the clock
    async def watch(self, news: Callable[[], None]) -> None:
        """Look for the dead and at the clock, for ever."""
        adopt_at = time.monotonic() + self._adopt_every
        while True:
            await self._look_at_the_clock()
            if await self._threads.look(self._any_dead) or time.monotonic() >= adopt_at:
                adopt_at = time.monotonic() + self._adopt_every
                if await self._threads.write(self.line.inherit):
                    news()
            await asyncio.sleep(min(WATCH, self._adopt_every))

    def _any_dead(self) -> bool:
        return bool(self.line.dead())

    async def _look_at_the_clock(self) -> None:
        moved = self._drift.moved(self.line.clock(), steady_ms())
        if moved > 0:
            log.warning("the clock was set forward", by=clocks.span(moved))
        elif moved < 0:
            log.warning("the clock was set back", by=clocks.span(moved))
        if moved:
            await self._threads.write(self.line.put_right)
            self._moved.set()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
