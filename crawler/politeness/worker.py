"""One queue, one request at a time: robots.txt first, a pause after every answer, longer pauses when the server is in trouble.

A queue is held by a fenced lease. What is fetched goes to `hand_over` (the keep step) and is acknowledged slice by slice; a killed
process therefore asks again for at most one slice. How long the pauses are is decided in `pace`.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from crawler.errors import GongkaiError
from crawler.fetcher.fetcher import Fetcher
from crawler.model import Exchange, Kind, Millis, Outcome, Request, RobotsSaid, Task
from crawler.politeness import clocks, pace
from crawler.politeness.host import Lease, Origin, Probe
from crawler.politeness.hours import Window
from crawler.politeness.pace import Pace
from crawler.politeness.robots import Asks, Robots, stored, verdict_of
from crawler.text import urls

SLICE = 32
PATIENCE: Millis = 10_000  # a longer pause gives the queue back instead of sleeping on it
ROBOTS_FRESH: Millis = 24 * 3_600_000  # RFC 9309, 2.4
ROBOTS_UNREACHABLE: Millis = 3_600_000  # how long an unreachable robots.txt closes its origin
ROBOTS_BUSY: Millis = 60_000  # the least wait before a busy server is asked for it again
ROBOTS_ELSEWHERE: Millis = 5_000  # the wait for another queue, whose holder asks for its own robots.txt first
ROBOTS_HOPS = 5  # RFC 9309, 2.3.1.2
PROBE_FRESH: Millis = 7 * 24 * 3_600_000

log = structlog.get_logger()


class Backend(Protocol):
    """What a queue's holder needs of the process around it: the database and the archive, behind their one writer."""

    async def slice(self, lease: Lease, limit: int) -> list[Task]: ...
    async def origin(self, name: str) -> Origin | None: ...
    async def remember(self, origin: Origin) -> None: ...
    async def probe(self, name: str) -> Probe | None: ...
    async def hand_over(self, exchange: Exchange, lease: Lease) -> Awaitable[None]: ...
    async def borrow(self, queue: str) -> Lease | None: ...
    async def give_back(self, lease: Lease, known: Pace) -> None: ...
    async def postpone(self, tasks: Sequence[tuple[Task, Millis]]) -> None: ...
    async def shelve(self, queue: str, reason: str) -> None: ...
    async def may_spend(self, task: Task) -> bool: ...
    def queue_of(self, source: str, url: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Pacing:
    """How politely: pause per queue in milliseconds, one exchange's deadline in seconds, the agent's name for robots.txt, visiting hours
    per source."""

    delay: Mapping[str, Millis]
    default_delay: Millis
    deadline: float
    agent: str
    windows: Mapping[str, Window] = field(default_factory=dict)

    def pause(self, queue: str) -> Millis:
        """The configured pause of a queue; the strictest source has won when `delay` was made."""
        return self.delay.get(queue, self.default_delay)

    def opens(self, source: str, at: Millis) -> Millis | None:
        """When a source may be visited again by its own hours; None: now."""
        window = self.windows.get(source)
        return window.opens(at) if window else None


@dataclass(slots=True)
class _Held:
    """A queue that is held, and its pace by now. `ended`: its last exchange under this lease, by the clock that only goes forward."""

    lease: Lease
    pace: Pace
    ended: Millis | None = None


@dataclass(frozen=True, slots=True)
class _Site:
    """What is known of an origin while its queue is held."""

    origin: Origin
    rules: Robots
    asks: Asks


class QueueWorker:
    """Holds one queue until nothing is due in it, the pause grows too long, or `stopping` says so. `sleep` takes seconds."""

    def __init__(
        self,
        backend: Backend,
        fetcher: Fetcher,
        pacing: Pacing,
        lease: Lease,
        clock: Callable[[], Millis],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.backend, self.fetcher, self.pacing, self.lease, self.clock, self.sleep = (
            backend,
            fetcher,
            pacing,
            lease,
            clock,
            sleep,
        )
        self._held = self._hold(lease)
        self._sites: dict[str, _Site] = {}
        self._details: dict[str, int] = {}  # how many notices of an origin were looked at
        self._probes: dict[str, Probe | None] = {}
        self._said_closed = False

    def _hold(self, lease: Lease) -> _Held:
        return _Held(lease, lease.pace.put_right(self.clock(), self.pacing.pause(lease.queue)))

    @property
    def pace(self) -> Pace:
        """What is known of the queue by now."""
        return self._held.pace

    async def work(self, stopping: Callable[[], bool]) -> None:
        """Slice after slice; returns when the queue should be given back. The lease's pace then says when it may be asked again."""
        while not stopping():
            tasks = await self.backend.slice(self.lease, SLICE)
            kept: list[Awaitable[None]] = []
            closed: list[tuple[Task, Millis]] = []
            unhurried = True
            for task in tasks:
                unhurried = not stopping() and await self._look(task, kept, closed)
                if not unhurried:
                    break
            if kept:
                await asyncio.gather(*kept)
            if closed:
                await self.backend.postpone(closed)
            if not tasks:
                return
            if self.pace.broken is not None:
                await self.backend.shelve(self.lease.queue, pace.in_trouble(self.pace))
            if self.pace.broken is not None or not unhurried:
                return

    async def _look(self, task: Task, kept: list[Awaitable[None]], closed: list[tuple[Task, Millis]]) -> bool:
        """One task; a fault of ours is an outcome of it, and of nothing else. False when the queue must rest instead."""
        try:
            return await self._visit(task, kept, closed)
        except GongkaiError:
            raise
        except Exception as error:
            log.exception("a fault of this program: one look is given up, everything else goes on", url=task.request.url)
            held, now = self._held, self.clock()
            held.pace = pace.after(held.pace, Outcome.CLIENT_ERROR, at=now, ms=0, least=self._least(held), retry_after=None)
            held.ended = self._steady()  # it may have been asked
            exchange = Exchange(task, Outcome.CLIENT_ERROR, now, 0, detail=f"fault: {type(error).__name__}: {error}")
            kept.append(await self.backend.hand_over(exchange, self.lease))
            return True

    async def _visit(self, task: Task, kept: list[Awaitable[None]], closed: list[tuple[Task, Millis]]) -> bool:
        """One task; False when the queue must rest instead."""
        if (opens := self.pacing.opens(task.source, self.clock())) is not None:
            return self._closed(task, opens, closed)
        site = await self._site(task, kept)
        if site is None:
            return False
        said = self._robots_say(site, task.request.url)
        if said.decision == "disallow":
            now = self.clock()
            exchange = Exchange(task, Outcome.DISALLOWED, now, 0, detail=said.line or "robots.txt", robots=said)
            kept.append(await self.backend.hand_over(exchange, self.lease))
            return True
        if (opens := site.asks.opens(self.clock())) is not None:
            return self._closed(task, opens, closed)
        if task.kind is Kind.DETAIL and not await self._probe(task, site, kept):
            return False
        if not await self._ready(task, self._held):
            return False
        exchange = replace(await self._fetch(task), robots=said)
        if exchange.leads == "itself" and _sets_cookie(exchange):
            kept.append(await self.backend.hand_over(replace(exchange, leads="cookie"), self.lease))
            if not await self._ready(task, self._held):
                return False
            exchange = _past_the_cookie(replace(await self._fetch(task), robots=said))
        kept.append(await self.backend.hand_over(self._missing(exchange), self.lease))
        return self.pace.broken is None

    def _closed(self, task: Task, opens: Millis, closed: list[tuple[Task, Millis]]) -> bool:
        """Outside visiting hours: the row waits until they begin."""
        if not self._said_closed:
            log.warning(
                "outside visiting hours", queue=self.lease.queue, source=task.source, wait_s=(opens - self.clock()) // 1000
            )
            self._said_closed = True
        closed.append((task, opens))
        return True

    # -------------------------------------------------------------- pauses
    def _least(self, held: _Held) -> Millis:
        """The shortest pause anybody allows now: configured, or asked for in a robots.txt of this queue."""
        asked = [site.asks.pause(self.clock()) or 0 for site in self._sites.values()] if held is self._held else []
        return max(self.pacing.pause(held.lease.queue), min(int(max(asked, default=0) * 1000), pace.LONGEST_PAUSE))

    async def _ready(self, task: Task, held: _Held) -> bool:
        """Sleep until the next polite moment; False when that is too far away to hold the queue for, or nothing may be spent any more."""
        wait = self._wait_for(held)
        if wait > PATIENCE:
            held.pace = replace(held.pace, next_at=self.clock() + wait)
            return False
        until = self._steady() + wait
        while (rest := until - self._steady()) > 0:  # a loop may wake a little early
            await self.sleep(rest / 1000)
        return await self.backend.may_spend(task)

    def _wait_for(self, held: _Held) -> Millis:
        """How long until the queue may be asked. What this holder has asked itself it knows without the wall's clock, which may be moved."""
        known = held.pace
        pause = known.pause(self._least(held))
        if held.ended is not None:
            return max(known.next_at - known.last_end, pause) - (self._steady() - held.ended)
        return max(known.next_at, known.last_end + pause if known.last_end else 0) - self.clock()

    def _steady(self) -> Millis:
        return round(self.fetcher.steady() * 1000)

    async def _fetch(self, task: Task, held: _Held | None = None) -> Exchange:
        held = held or self._held
        began = self._steady()
        exchange = await self.fetcher.fetch(task, self.pacing.deadline)
        ended, now, again = self._steady(), self.clock(), exchange.retry_after
        ms = max(exchange.ms, ended - began)
        if again is not None:  # counted from the answer, whatever the wall's clock was set to since
            again = now + min(max(again - exchange.at - exchange.ms, 0), pace.LONGEST_WAIT)
        known = pace.after(held.pace, exchange.outcome, at=now - ms, ms=ms, least=self._least(held), retry_after=again)
        if exchange.outcome not in pace.NOT_ASKED:
            held.ended = ended
        held.pace = known
        return exchange

    # -------------------------------------------------------------- robots.txt
    def _robots_say(self, site: _Site, url: str) -> RobotsSaid:
        """The decision for an address, the line that made it, and the pause that is asked for now."""
        if site.origin.verdict != "rules":
            return RobotsSaid(site.origin.verdict, site.origin.detail)
        return replace(site.rules.said(url, self.pacing.agent), crawl_delay=site.asks.pause(self.clock()))

    async def _site(self, task: Task, kept: list[Awaitable[None]]) -> _Site | None:
        """What the address's origin asks of us; None when robots.txt must be asked for later."""
        name = urls.origin(task.request.url)
        held = self._sites.get(name)
        if held is not None and self._stands(held.origin):
            return held
        origin = await self.backend.origin(name)
        if origin is None or not self._stands(origin):
            origin = await self._ask_robots(name, task, kept)
        if origin is None:
            return None
        rules = Robots.parse(origin.body.encode())
        self._sites[name] = _Site(origin, rules, rules.asks(self.pacing.agent))
        return self._sites[name]

    def _stands(self, origin: Origin) -> bool:
        return clocks.is_fresh(origin.fetched, origin.expires, self.clock(), ROBOTS_FRESH)

    async def _ask_robots(self, name: str, task: Task, kept: list[Awaitable[None]]) -> Origin | None:
        """Fetch robots.txt as a kept exchange like any other; a redirect into another queue waits for its turn in that one."""
        url: str | None = f"{name}/robots.txt"
        for hop in range(ROBOTS_HOPS + 1):
            if hop and url and (known := await self._known(url, name)) is not None:
                return known
            exchange = await self._turn(_about_the_site(task, url, Kind.ROBOTS), kept, name, hop) if url else None
            if exchange is None:
                return None
            if exchange.outcome is not Outcome.REDIRECTED or hop == ROBOTS_HOPS:
                return exchange.origin
            url = exchange.location
        return None

    async def _known(self, url: str, name: str) -> Origin | None:
        """What another origin's robots.txt says, which that of `name` has redirected to: its queue may be held for hours by who asks there."""
        other = urls.origin(url)
        held = await self.backend.origin(other) if url == f"{other}/robots.txt" else None
        if held is None or not self._stands(held):
            return None
        own = replace(held, origin=name)
        await self.backend.remember(own)
        return own

    async def _turn(self, task: Task, kept: list[Awaitable[None]], name: str = "", hop: int = 0) -> Exchange | None:
        """One exchange of ours in the queue its address belongs to; None when that queue must be waited for.

        `name`: the origin whose robots.txt it is, `hop` redirects from there.
        """
        queue = self.backend.queue_of(task.source, task.request.url)
        if queue == self.lease.queue:
            return await self._ask(task, self._held, kept, name, hop)
        lease = await self.backend.borrow(queue)
        if lease is None:
            self._wait(ROBOTS_ELSEWHERE)
            return None
        held = self._hold(lease)
        try:
            exchange = await self._ask(replace(task, queue=queue), held, kept, name, hop)
            await asyncio.gather(*kept)  # while the fence of the borrowed lease holds
            kept.clear()
        finally:
            await self.backend.give_back(lease, held.pace)
        if exchange is None:
            self._wait(ROBOTS_BUSY)
        return exchange

    async def _ask(self, task: Task, held: _Held, kept: list[Awaitable[None]], name: str = "", hop: int = 0) -> Exchange | None:
        if not await self._ready(task, held):
            return None
        exchange = await self._fetch(task, held)
        if name and (exchange.outcome is not Outcome.REDIRECTED or hop == ROBOTS_HOPS):
            exchange = replace(exchange, origin=self._judge_robots(name, exchange))
        kept.append(await self.backend.hand_over(exchange, held.lease))
        if exchange.origin is not None:
            await self.backend.remember(exchange.origin)
        return exchange

    def _wait(self, wait: Millis) -> None:
        now = self.clock()
        rest = max(self._wait_for(self._held), wait)
        self._held.pace = replace(self.pace, next_at=now + rest)

    def _judge_robots(self, name: str, exchange: Exchange) -> Origin | None:
        now = self.clock()
        body = bytes(exchange.page.body) if exchange.page else b""
        verdict = verdict_of(exchange.outcome, body)
        if verdict == "busy":
            self._wait(ROBOTS_BUSY)
            return None
        text = stored(body) if verdict == "rules" else ""
        fresh = ROBOTS_UNREACHABLE if verdict == "disallow" else ROBOTS_FRESH
        said = f"{exchange.outcome}{f' {exchange.status}' if exchange.status else ''}"
        if verdict == "disallow" and exchange.outcome is Outcome.OK:
            said = f"{Outcome.BLOCKED}, a wall's challenge"
        detail = "" if verdict == "rules" else f"robots.txt: {said}"
        return Origin(name, verdict, text, detail, now, now + fresh, Robots.parse(text.encode()).sitemaps)

    # -------------------------------------------------------------- what the site has not
    async def _probe(self, task: Task, site: _Site, kept: list[Awaitable[None]]) -> bool:
        """Before the second notice of an origin: how does it say that it has not something? False when the queue must rest."""
        name = site.origin.origin
        self._details[name] = self._details.get(name, 0) + 1
        if self._details[name] < 2 or name in self._probes or self.pace.failures:  # a host in trouble says nothing about itself
            return True
        known = await self.backend.probe(name)
        if known is None or not clocks.is_fresh(known.at, known.at + PROBE_FRESH, self.clock(), PROBE_FRESH):
            url = urls.join(task.request.url, f"gongkai-has-no-such-page-{secrets.token_hex(6)}.html")
            if url is None or self._robots_say(site, url).decision == "disallow":
                self._probes[name] = known
                return True
            exchange = await self._turn(_about_the_site(task, url, Kind.PROBE), kept)
            if exchange is None:
                return False
            known = Probe(name, exchange.at, exchange.outcome, exchange.location)
        self._probes[name] = known
        return self.pace.broken is None

    def _missing(self, exchange: Exchange) -> Exchange:
        """The exchange, marked when it leads where the origin sends what it has not."""
        probe = self._probes.get(urls.origin(exchange.task.request.url))
        if exchange.location is None or probe is None or probe.location is None:
            return exchange
        same = exchange.location.partition("?")[0] == probe.location.partition("?")[0]
        return replace(exchange, leads="missing") if same and exchange.leads != "itself" else exchange


def _about_the_site(task: Task, url: str, kind: Kind) -> Task:
    """A task that asks about an origin on behalf of another."""
    request = Request(url)
    return replace(
        task, key=urls.key(request), request=request, public_url=url, kind=kind, frontier=0, tries=0, validators=None, via=None, hops=0,
        last_digest=None,
    )  # fmt: skip


def _sets_cookie(exchange: Exchange) -> bool:
    return exchange.page is not None and exchange.page.header("set-cookie") is not None


def _past_the_cookie(exchange: Exchange) -> Exchange:
    """The second answer of a page that wanted a cookie first."""
    if exchange.leads != "itself":
        return exchange
    return replace(exchange, outcome=Outcome.BLOCKED, detail="cookie wall: redirects to itself also when its cookie is sent back")


def strictest(pauses: Sequence[tuple[str, Millis]]) -> dict[str, Millis]:
    """Queue → the longest pause any source asks for."""
    found: dict[str, Millis] = {}
    for queue, pause in pauses:
        found[queue] = max(pause, found.get(queue, 0))
    return found
