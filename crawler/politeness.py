"""One queue, one request at a time: robots.txt first, a pause after every answer, longer pauses when the server is in trouble.

A queue is held by a fenced lease. What is fetched goes to `hand_over` (the keep step) and is acknowledged slice by slice; a killed
process therefore asks again for at most one slice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from crawler import urls
from crawler.fetcher.fetcher import Fetcher
from crawler.fetcher.robots import Robots, verdict_of
from crawler.model import Exchange, Kind, Millis, Outcome, Request, RobotsSaid, Task
from crawler.repository.frontier import Lease
from crawler.repository.origins import Origin

SLICE = 32
PATIENCE: Millis = 10_000  # a longer pause gives the queue back instead of sleeping on it
MARGIN: Millis = 60_000  # a lease outlives the longest exchange by this much
ROBOTS_FRESH: Millis = 24 * 3_600_000  # RFC 9309, 2.4
ROBOTS_UNREACHABLE: Millis = 3_600_000  # how long an unreachable robots.txt closes its origin
ROBOTS_HOPS = 5  # RFC 9309, 2.3.1.2
LONGEST_PAUSE: Millis = 3_600_000
TROUBLE = frozenset(
    {Outcome.BUSY, Outcome.BLOCKED, Outcome.SERVER_ERROR, Outcome.NETWORK_ERROR, Outcome.TIMEOUT, Outcome.TLS_ERROR}
)


class Desk(Protocol):
    """What a queue's holder needs of the process around it: the database and the archive, behind their one writer."""

    async def slice(self, lease: Lease, limit: int) -> list[Task]: ...
    async def origin(self, name: str) -> Origin | None: ...
    async def remember(self, origin: Origin) -> None: ...
    async def hand_over(self, exchange: Exchange, lease: Lease) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class Manners:
    """How politely: pause per queue in milliseconds, one exchange's deadline in seconds, the agent's name for robots.txt."""

    delay: Mapping[str, Millis]
    default_delay: Millis
    deadline: float
    agent: str

    def pause(self, queue: str) -> Millis:
        """The configured pause of a queue; the strictest source has won when `delay` was made."""
        return self.delay.get(queue, self.default_delay)


def next_pause(pause: Millis, failures: int) -> Millis:
    """The pause after an exchange: doubled for every failure in a row, an hour at most. Success goes back to `pause`, never below."""
    return max(pause, min(pause << min(failures, 16), LONGEST_PAUSE)) if failures else pause


class QueueWorker:
    """Holds one queue until nothing is due in it, the pause grows too long, or `stopping` says so."""

    def __init__(self, desk: Desk, fetcher: Fetcher, manners: Manners, lease: Lease, clock: Callable[[], Millis]) -> None:
        self.desk, self.fetcher, self.manners, self.lease, self.clock = desk, fetcher, manners, lease, clock
        self.pause = manners.pause(lease.queue)
        self.next_at = lease.next_at
        self.failures = 0
        self._robots: dict[str, tuple[Origin, Robots]] = {}

    async def work(self, stopping: Callable[[], bool]) -> None:
        """Slice after slice; returns when the queue should be given back. `next_at` then says when it may be asked again."""
        while not stopping():
            tasks = await self.desk.slice(self.lease, SLICE)
            kept: list[Awaitable[None]] = []
            unhurried = True
            for task in tasks:
                unhurried = not stopping() and await self._visit(task, kept)
                if not unhurried:
                    break
            if kept:
                await asyncio.gather(*kept)
            if not tasks or not unhurried:
                return

    async def _visit(self, task: Task, kept: list[Awaitable[None]]) -> bool:
        """One task; False when the queue must rest instead."""
        said = await self._robots_say(task, kept)
        if said is None:
            return False
        if said.decision == "disallow":
            now = self.clock()
            exchange = Exchange(task, Outcome.DISALLOWED, now, 0, detail=said.line or "robots.txt", robots=said)
            kept.append(await self.desk.hand_over(exchange, self.lease))
            return True
        if said.crawl_delay is not None:
            self.pause = max(self.pause, min(int(said.crawl_delay * 1000), LONGEST_PAUSE))
        if not await self._rest():
            return False
        exchange = await self._fetch(task)
        kept.append(await self.desk.hand_over(replace(exchange, robots=said), self.lease))
        return True

    async def _rest(self) -> bool:
        """Sleep until the next polite moment; False when that is too far away to hold the queue for."""
        wait = self.next_at - self.clock()
        if wait > PATIENCE:
            return False
        if wait > 0:
            await asyncio.sleep(wait / 1000)
        return True

    async def _fetch(self, task: Task) -> Exchange:
        exchange = await self.fetcher.fetch(task, self.manners.deadline)
        end = self.clock()
        self.failures = self.failures + 1 if exchange.outcome in TROUBLE else 0
        self.next_at = max(end + next_pause(self.pause, self.failures), exchange.retry_after or 0)
        return exchange

    # -------------------------------------------------------------- robots.txt
    async def _robots_say(self, task: Task, kept: list[Awaitable[None]]) -> RobotsSaid | None:
        """The decision for this address; None when robots.txt itself must be asked for later."""
        name = urls.origin(task.request.url)
        held = self._robots.get(name)
        if held is None or held[0].expires <= self.clock():
            origin = await self.desk.origin(name)
            if origin is None or origin.expires <= self.clock():
                origin = await self._ask_robots(name, task, kept)
            if origin is None:
                return None
            held = self._robots[name] = (origin, Robots.parse(origin.body.encode()))
        origin, rules = held
        if origin.verdict == "rules":
            return rules.said(task.request.url, self.manners.agent)
        return RobotsSaid(origin.verdict, origin.detail)

    async def _ask_robots(self, name: str, task: Task, kept: list[Awaitable[None]]) -> Origin | None:
        """Fetch robots.txt as a kept exchange like any other, following redirects within this queue's turn."""
        url = f"{name}/robots.txt"
        for _ in range(ROBOTS_HOPS + 1):
            if not await self._rest():
                return None
            request = Request(url)
            robots = replace(
                task, key=urls.key(request), request=request, public_url=url, kind=Kind.ROBOTS, frontier=0, tries=0, validators=None,
                via=None, hops=0, last_digest=None,
            )  # fmt: skip
            exchange = await self._fetch(robots)
            kept.append(await self.desk.hand_over(exchange, self.lease))
            if exchange.outcome is not Outcome.REDIRECTED or exchange.location is None:
                break
            url = exchange.location
        return await self._judge_robots(name, exchange)

    async def _judge_robots(self, name: str, exchange: Exchange) -> Origin | None:
        now = self.clock()
        verdict = verdict_of(exchange.outcome)
        if verdict == "busy":
            self.next_at = max(self.next_at, now + LONGEST_PAUSE // 60)
            return None
        body = exchange.page.body.decode("utf-8", "replace") if verdict == "rules" and exchange.page else ""
        fresh = ROBOTS_UNREACHABLE if verdict == "disallow" else ROBOTS_FRESH
        detail = "" if verdict == "rules" else f"robots.txt: {exchange.outcome}{f' {exchange.status}' if exchange.status else ''}"
        origin = Origin(name, verdict, body, detail, now, now + fresh)
        await self.desk.remember(origin)
        return origin


def strictest(pauses: Sequence[tuple[str, Millis]]) -> dict[str, Millis]:
    """Queue → the longest pause any source asks for."""
    found: dict[str, Millis] = {}
    for queue, pause in pauses:
        found[queue] = max(pause, found.get(queue, 0))
    return found
