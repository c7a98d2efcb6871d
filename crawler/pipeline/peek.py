"""One address looked at by the same rules as always, and nothing kept: robots.txt first, one request at a time, every exchange told."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from crawler.errors import CannotError
from crawler.fetcher.fetcher import Fetcher
from crawler.model import GOOD, Exchange, Kind, Millis, Request, Run, RunKind, Task
from crawler.politeness.host import Lease, Origin, Probe
from crawler.politeness.pace import Pace
from crawler.politeness.worker import Pacing, QueueWorker
from crawler.text import urls

TURNS = 3  # a robots.txt that is busy, or asks for a long pause, is waited for so often
LONGEST_WAIT = 120.0  # seconds


@dataclass(frozen=True, slots=True)
class Story:
    """What was asked on the way, the exchange itself last, and what robots.txt says of the origin."""

    exchanges: tuple[Exchange, ...]
    origin: Origin | None


@dataclass(slots=True)
class _InMemory:
    """A backend that remembers for as long as it stands and keeps nothing (politeness.Backend)."""

    due: list[Task]
    origins: dict[str, Origin] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    opens: Millis | None = None

    async def slice(self, _lease: Lease, limit: int) -> list[Task]:
        taken, self.due = self.due[:limit], self.due[limit:]
        return taken

    async def origin(self, name: str) -> Origin | None:
        return self.origins.get(name)

    async def remember(self, origin: Origin) -> None:
        self.origins[origin.origin] = origin

    async def probe(self, _name: str) -> Probe | None:
        return None

    async def hand_over(self, exchange: Exchange, _lease: Lease) -> Awaitable[None]:
        self.exchanges.append(exchange)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def borrow(self, queue: str) -> Lease | None:
        return Lease(queue, "peek", 0)

    async def give_back(self, _lease: Lease, _known: Pace) -> None:
        """Nobody else wants it."""

    async def postpone(self, tasks: Sequence[tuple[Task, Millis]]) -> None:
        self.opens = tasks[0][1]

    async def shelve(self, _queue: str, _reason: str) -> None:
        """Nothing waits."""

    async def may_spend(self, _task: Task) -> bool:
        return True

    def queue_of(self, _source: str, url: str) -> str:
        return urls.host(url)


class Peeker:
    """Looks at addresses for one source, one after the other: what robots.txt said and how a host is are remembered meanwhile."""

    def __init__(self, fetcher: Fetcher, pacing: Pacing, source: str) -> None:
        self.fetcher, self.pacing, self.source = fetcher, pacing, source
        self._backend = _InMemory([])
        self._paces: dict[str, Pace] = {}
        self.silent: dict[str, Exchange] = {}  # origin → the look at its robots.txt that brought none

    async def look(self, request: Request, kind: Kind = Kind.DETAIL) -> Story:
        """Look once. Raises CannotError when the site asks not to be visited now."""
        key, queue = urls.key(request), urls.host(request.url)
        run = Run(self.source, RunKind.ONCE, self.fetcher.clock())
        task = Task(key, request, request.url, queue, kind, self.source, run)
        backend, known = self._backend, self._paces.get(queue, Pace())
        backend.due, backend.exchanges, backend.opens = [task], [], None
        for _ in range(TURNS):
            worker = QueueWorker(backend, self.fetcher, self.pacing, Lease(queue, "peek", 0, known), self.fetcher.clock)
            await worker.work(lambda: False)
            known = self._paces[queue] = worker.pace
            if backend.opens is not None:
                raise CannotError(
                    f"{queue} asks not to be visited at this hour",
                    remedy=f"try again in {_span(backend.opens - self.fetcher.clock())}",
                )
            if backend.exchanges and backend.exchanges[-1].task.key == key:
                break
            backend.due = [task]
            wait = (known.next_at - self.fetcher.clock()) / 1000
            if wait > LONGEST_WAIT:
                break
            await asyncio.sleep(max(wait, 0))
        for exchange in backend.exchanges:
            if exchange.task.kind is Kind.ROBOTS and exchange.outcome not in GOOD:
                self.silent[urls.origin(request.url)] = exchange
        return Story(tuple(backend.exchanges), backend.origins.get(urls.origin(request.url)))


async def peek(fetcher: Fetcher, pacing: Pacing, source: str, url: str) -> Story:
    """Look at an address once, for a source. Raises CannotError when the site asks not to be visited now."""
    return await Peeker(fetcher, pacing, source).look(Request(url))


def _span(wait: Millis) -> str:
    minutes = -(-wait // 60_000)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
