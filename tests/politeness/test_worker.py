"""A queue's holder against a real server on loopback, by a clock that only moves when somebody sleeps or answers."""

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.model import Exchange, Kind, Millis, Outcome, Request, Run, RunKind, Task
from crawler.politeness.host import Lease, Origin, Probe
from crawler.politeness.hours import Window
from crawler.politeness.pace import Pace
from crawler.politeness.worker import PATIENCE, ROBOTS_BUSY, ROBOTS_ELSEWHERE, ROBOTS_UNREACHABLE, Pacing, QueueWorker
from crawler.text import urls

HOST = "www.example.test"
START = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC
DELAY = 2000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def text(body: str, head: str = "200 OK") -> bytes:
    """An answer."""
    raw = body.encode()
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw


@dataclass
class World:
    """The clock, the site, and the backend of one process: what is due, what is remembered, what was handed over."""

    answers: dict[str, bytes | list[bytes]] = field(default_factory=dict)  # path, or host and path → answer, or one after another
    takes: Millis = 0  # how long each answer takes
    now: Millis = START
    set_by: Millis = 0  # by how much somebody has set the wall's clock
    seen: list[tuple[str, Millis, Millis]] = field(default_factory=list)  # host and path, came, left
    cookies: list[str] = field(default_factory=list)
    due: list[Task] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    probes: dict[str, Probe] = field(default_factory=dict)
    kept: list[Exchange] = field(default_factory=list)
    leases: dict[str, Pace] = field(default_factory=dict)  # queues that may be borrowed
    borrowed: list[str] = field(default_factory=list)
    postponed: list[tuple[str, Millis]] = field(default_factory=list)
    shelved: list[str] = field(default_factory=list)
    may: int = 10**9
    open: list[asyncio.StreamWriter] = field(default_factory=list)

    def clock(self) -> Millis:
        return self.now + self.set_by

    def steady(self) -> float:
        return self.now / 1000

    async def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1000)

    # -------------------------------------------------------------- the site
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                path, came = head.split(" ")[1], self.now
                self.cookies.append(lines.get("Cookie", ""))
                self.now += self.takes
                said = self.answers.get(lines["Host"] + path, self.answers.get(path, NONE if "no-such-page" in path else OK))
                writer.write((said.pop(0) if len(said) > 1 else said[0]) if isinstance(said, list) else said)
                self.seen.append(((lines["Host"] + path).removeprefix(HOST), came, self.now))
                await writer.drain()
        writer.close()

    # -------------------------------------------------------------- the backend
    async def slice(self, lease: Lease, limit: int) -> list[Task]:
        taken, self.due = self.due[:limit], self.due[limit:]
        return taken

    async def origin(self, name: str) -> Origin | None:
        return self.origins.get(name)

    async def remember(self, origin: Origin) -> None:
        self.origins[origin.origin] = origin

    async def probe(self, name: str) -> Probe | None:
        return self.probes.get(name)

    async def hand_over(self, exchange: Exchange, lease: Lease) -> Awaitable[None]:
        assert exchange.task.queue == lease.queue
        self.kept.append(exchange)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def borrow(self, queue: str) -> Lease | None:
        self.borrowed.append(queue)
        return Lease(queue, "me", 1, self.leases.pop(queue)) if queue in self.leases else None

    async def give_back(self, lease: Lease, known: Pace) -> None:
        self.leases[lease.queue] = known

    async def postpone(self, tasks: Sequence[tuple[Task, Millis]]) -> None:
        self.postponed += [(urls.path(task.request.url), at) for task, at in tasks]

    async def shelve(self, queue: str, reason: str) -> None:
        self.shelved.append(reason)
        self.due = []

    async def may_spend(self, task: Task) -> bool:
        self.may -= 1
        return self.may >= 0

    def queue_of(self, source: str, url: str) -> str:
        return urls.host(url)

    # -------------------------------------------------------------- what is told
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.seen]

    def gaps(self) -> list[Millis]:
        """From the end of each answer to the next request."""
        return [after[1] - before[2] for before, after in zip(self.seen, self.seen[1:], strict=False)]

    def is_paced(self, pause: Millis) -> bool:
        """Was every pause what it should be? Answers take a few real milliseconds more than the clock says."""
        return all(pause <= gap < pause + DELAY for gap in self.gaps())

    def outcomes(self) -> list[tuple[str, str]]:
        return [(urls.path(exchange.task.request.url), str(exchange.outcome)) for exchange in self.kept]


def notice(path: str, kind: Kind = Kind.DETAIL) -> Task:
    """A task of the host's queue."""
    url = f"http://{HOST}{path}"
    return Task(f"GET {url}", Request(url), url, HOST, kind, "demo", Run("demo", RunKind.LIST, 1, 1))


def hold(world: World, *paths: str, pace: Pace | None = None, fetching: type[Fetcher] = Fetcher, **pacing: object) -> QueueWorker:
    """Hold the queue until there is nothing to do for it; the worker, as it is then."""
    world.due += [notice(path) for path in paths]

    async def main() -> QueueWorker:
        server = await asyncio.start_server(world.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        fetcher = fetching(
            FetchSettings("test-agent", connect={"*": f"127.0.0.1:{port}"}), clock=world.clock, steady=world.steady
        )
        kind = Pacing({HOST: DELAY}, DELAY, 5.0, "gongkai", **pacing)  # type: ignore[arg-type] # a test's own keywords
        worker = QueueWorker(world, fetcher, kind, Lease(HOST, "me", 1, pace or Pace()), world.clock, world.sleep)
        try:
            await worker.work(lambda: False)
        finally:
            await fetcher.aclose()
            server.close()
            for writer in world.open:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
        return worker

    return asyncio.run(main())


def without_probes(world: World) -> list[str]:
    """What was asked, but for the address that cannot exist."""
    return [path for path in world.paths() if "no-such-page" not in path]


# ------------------------------------------------------------------ pauses
def test_one_request_at_a_time_and_the_pause_counts_from_the_end_of_the_answer() -> None:
    world = World(takes=700)
    hold(world, "/1", "/2", "/3")
    assert without_probes(world) == ["/robots.txt", "/1", "/2", "/3"]
    assert world.is_paced(DELAY)


def test_a_slow_server_is_asked_more_slowly() -> None:
    world = World(takes=8000)
    hold(world, *(f"/{n}" for n in range(6)))
    assert world.gaps() == sorted(world.gaps())
    assert world.gaps()[-1] > 3 * DELAY


def test_a_queue_that_was_asked_a_moment_ago_is_let_rest_first() -> None:
    world = World()
    hold(world, "/1", pace=Pace(last_end=START - 500))
    assert world.seen[0][1] - (START - 500) == DELAY


def test_a_pause_too_long_to_sit_out_gives_the_queue_back() -> None:
    world = World()
    worker = hold(world, "/1", pace=Pace(next_at=START + PATIENCE + 1))
    assert (world.seen, worker.pace.next_at) == ([], START + PATIENCE + 1)


@pytest.mark.parametrize("value", ["90", "Tue, 14 Nov 2023 22:14:50 GMT"])
def test_a_busy_server_s_retry_after_is_obeyed(value: str) -> None:
    world = World({"/1": f"HTTP/1.1 503 Busy\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode()})
    worker = hold(world, "/1", "/2")
    assert without_probes(world) == ["/robots.txt", "/1"]
    assert START + 90_000 <= worker.pace.next_at < START + 90_000 + 2 * DELAY


def test_the_breaker_opens_and_what_a_one_off_run_waits_for_is_shelved() -> None:
    failing: dict[str, bytes | list[bytes]] = {f"/{n}": text("", "500 Broken") for n in range(9)}
    world = World(failing)
    pace = Pace()
    while pace.broken is None:  # each turn ends when the pause grows beyond what a holder sits out
        pace = hold(world, *(f"/{n}" for n in range(9)), pace=pace).pace
        world.due = []
        world.now = max(world.now, pace.next_at)
    assert world.shelved == ["the host is in trouble (5 failures in a row)"]
    assert len([path for path in without_probes(world) if path != "/robots.txt"]) == 5


def test_an_open_breaker_lets_one_request_through_which_decides() -> None:
    broken = Pace(failures=7, broken=START - 10**6, next_at=START)
    failing = World({"/1": text("", "502 Bad Gateway")}, origins={f"http://{HOST}": allowed()})
    after = hold(failing, "/1", "/2", pace=broken).pace
    assert failing.paths() == ["/1"]
    assert (after.failures, after.broken) == (8, broken.broken)
    well = World(origins={f"http://{HOST}": allowed()})
    after = hold(well, "/1", "/2", pace=broken).pace
    assert without_probes(well) == ["/1", "/2"]
    assert (after.failures, after.broken) == (0, None)


def allowed() -> Origin:
    """An origin whose robots.txt has no rules."""
    return Origin(f"http://{HOST}", "rules", "", "", START, START + 86_400_000)


def test_nothing_more_is_asked_when_nothing_may_be_spent() -> None:
    world = World(may=2)
    hold(world, "/1", "/2", "/3")
    assert world.paths() == ["/robots.txt", "/1"]


# ------------------------------------------------------------------ hours
def test_outside_a_source_s_hours_its_rows_wait_for_the_opening() -> None:
    world = World()
    hold(world, "/1", "/2", windows={"demo": Window(480, 1200)})
    opening = START - START % 86_400_000 + 86_400_000 + 480 * 60_000
    assert world.seen == []
    assert world.postponed == [("/1", opening), ("/2", opening)]


def test_visiting_hours_in_robots_txt_are_kept() -> None:
    world = World({"/robots.txt": text("User-agent: *\nVisit-time: 0100-0400\n")})
    hold(world, "/1")
    assert world.paths() == ["/robots.txt"]
    assert world.postponed == [("/1", START - START % 86_400_000 + 25 * 3_600_000)]


@pytest.mark.parametrize(("line", "pause"), [("Crawl-delay: 7", 7000), ("Request-rate: 1/9", 9000), ("Crawl-delay: 0.1", DELAY)])
def test_a_pause_that_robots_txt_asks_for_is_kept(line: str, pause: Millis) -> None:
    world = World({"/robots.txt": text(f"User-agent: *\n{line}\n")})
    hold(world, "/1", "/2")
    assert world.is_paced(pause)
    assert world.kept[-1].robots is not None


# ------------------------------------------------------------------ robots.txt
def test_what_robots_txt_forbids_is_not_asked_and_the_line_is_kept() -> None:
    world = World({"/robots.txt": text("User-agent: *\nDisallow: /2\nSitemap: http://www.example.test/map.xml\n")})
    hold(world, "/1", "/2")
    assert world.paths() == ["/robots.txt", "/1"]
    last = world.kept[-1]
    assert (last.outcome, last.detail) == (Outcome.DISALLOWED, "line 2: Disallow: /2")
    assert last.robots is not None
    assert last.robots.line == "line 2: Disallow: /2"
    assert world.origins[f"http://{HOST}"].sitemaps == ("http://www.example.test/map.xml",)


@pytest.mark.parametrize(
    ("answer", "verdict", "asked"),
    [
        (NONE, "allow", True),
        (text("", "403 Forbidden"), "allow", True),
        (text("", "500 Broken"), "disallow", False),
        (text("", "412 Precondition Failed"), "disallow", False),
        (text("<script>$_ts=window['$_ts'];</script>"), "disallow", False),
        (text("<html><body>首页</body></html>"), "rules", True),
    ],
)
def test_an_answer_to_robots_txt_opens_or_closes_its_origin(answer: bytes, verdict: str, asked: bool) -> None:
    world = World({"/robots.txt": answer})
    hold(world, "/1")
    assert world.origins[f"http://{HOST}"].verdict == verdict
    assert ("/1" in world.paths()) is asked
    if verdict == "disallow":
        assert world.origins[f"http://{HOST}"].expires <= world.now + ROBOTS_UNREACHABLE
        assert world.kept[-1].outcome is Outcome.DISALLOWED


def test_robots_txt_is_asked_once_a_day_and_again_after() -> None:
    world = World()
    hold(world, "/1")
    hold(world, "/2")
    assert world.paths().count("/robots.txt") == 1
    world.now += 86_400_000
    hold(world, "/3")
    assert world.paths().count("/robots.txt") == 2


def test_a_busy_robots_txt_is_asked_for_later_and_nothing_else_meanwhile() -> None:
    world = World({"/robots.txt": text("", "429 Too Many Requests")})
    worker = hold(world, "/1")
    assert (world.paths(), world.origins) == (["/robots.txt"], {})
    assert worker.pace.next_at >= START + ROBOTS_BUSY


def redirect(to: str, *more: str) -> bytes:
    """An answer that leads on."""
    lines = "".join(f"{line}\r\n" for line in more)
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\n{lines}Content-Length: 0\r\n\r\n".encode()


def test_five_redirects_of_robots_txt_are_followed_and_the_sixth_is_not() -> None:
    hops: dict[str, bytes | list[bytes]] = {f"/r{n}": redirect(f"/r{n + 1}") for n in range(1, 9)}
    world = World({"/robots.txt": redirect("/r1"), **hops, "/r5": text("User-agent: *\nDisallow: /\n")})
    hold(world, "/1")
    assert world.paths() == ["/robots.txt", "/r1", "/r2", "/r3", "/r4", "/r5"]
    assert world.kept[-1].outcome is Outcome.DISALLOWED
    assert world.is_paced(DELAY)
    world = World({"/robots.txt": redirect("/r1"), **hops})
    hold(world, "/1")
    assert world.paths() == ["/robots.txt", "/r1", "/r2", "/r3", "/r4", "/r5", "/1"]


def test_a_redirect_of_robots_txt_to_another_host_waits_its_turn_there() -> None:
    answers: dict[str, bytes | list[bytes]] = {
        "/robots.txt": redirect("http://other.test/robots.txt"),
        "other.test/robots.txt": text("User-agent: *\nDisallow: /2\n"),
    }
    world = World(answers, leases={"other.test": Pace(last_end=START)})
    hold(world, "/1", "/2")
    assert world.paths() == ["/robots.txt", "other.test/robots.txt", "/1"]
    assert world.seen[1][1] >= START + DELAY
    assert world.leases["other.test"].last_end >= world.seen[1][2]
    taken = World(answers)
    worker = hold(taken, "/1")
    assert (taken.paths(), taken.borrowed) == (["/robots.txt"], ["other.test"])
    assert worker.pace.next_at >= START + ROBOTS_ELSEWHERE


def test_a_redirect_of_robots_txt_to_another_host_takes_what_is_known_of_that_one() -> None:
    """That host's queue is held by who crawls it, for as long as that takes."""
    world = World({"/robots.txt": redirect("http://other.test/robots.txt")})
    other = Origin("http://other.test", "rules", "User-agent: *\nDisallow: /2\n", "", START, START + 86_400_000)
    world.origins[other.origin] = other
    hold(world, "/1", "/2")
    assert (world.paths(), world.borrowed) == (["/robots.txt", "/1"], [])
    hold(world, "/3")
    assert world.paths() == ["/robots.txt", "/1", "/3"]  # it is remembered
    stale = World(
        {"/robots.txt": redirect("http://other.test/robots.txt")}, origins={other.origin: replace(other, expires=START - 1)}
    )
    hold(stale, "/1")
    assert stale.borrowed == ["other.test"]


# ------------------------------------------------------------------ cookies, and what is not there
def test_a_page_that_wants_its_cookie_first_gets_it_once() -> None:
    world = World({"/1": [redirect("/1", "Set-Cookie: seen=1"), text("news")]})
    hold(world, "/1")
    assert world.cookies == ["", "", "seen=1"]
    assert [exchange.leads for exchange in world.kept] == ["", "cookie", ""]
    assert world.outcomes()[1:] == [("/1", "redirected"), ("/1", "ok")]
    assert world.is_paced(DELAY)


def test_a_wall_that_only_sets_cookies_is_blocked() -> None:
    world = World({"/1": redirect("/1", "Set-Cookie: seen=1")})
    hold(world, "/1")
    assert world.outcomes()[1:] == [("/1", "redirected"), ("/1", "blocked")]
    assert world.kept[-1].detail.startswith("cookie wall")


def test_before_the_second_notice_an_address_that_cannot_exist_is_looked_at() -> None:
    world = World()
    hold(world, "/zwgk/1", "/zwgk/2", "/zwgk/3")
    assert [("no-such-page" in path) for path in world.paths()] == [False, False, True, False, False]
    assert world.kept[2].task.kind is Kind.PROBE
    assert world.is_paced(DELAY)
    known = World(probes={f"http://{HOST}": Probe(f"http://{HOST}", START - 1000, Outcome.NOT_FOUND)})
    hold(known, "/1", "/2")
    assert known.paths() == ["/robots.txt", "/1", "/2"]


def test_an_address_that_robots_txt_forbids_is_not_tried_either() -> None:
    world = World({"/robots.txt": text("User-agent: *\nDisallow: /*gongkai-has-no-such-page\n")})
    hold(world, "/1", "/2")
    assert world.paths() == ["/robots.txt", "/1", "/2"]


def test_a_notice_that_leads_where_the_site_sends_what_it_has_not_is_missing() -> None:
    found = Probe(f"http://{HOST}", START, Outcome.REDIRECTED, f"http://{HOST}/error.html?from=x")
    world = World(
        {"/2": redirect("/error.html?from=/2"), "/3": redirect("/"), "/4": redirect("/elsewhere")}, probes={found.origin: found}
    )
    hold(world, "/1", "/a/2", "/2", "/3", "/4")
    assert {urls.path(e.task.request.url): e.leads for e in world.kept if e.location} == {"/2": "missing", "/3": "home", "/4": ""}


def test_a_task_of_a_list_is_not_probed_for() -> None:
    world = World()
    world.due = [notice("/list", Kind.LIST), replace(notice("/list2", Kind.LIST))]
    hold(world)
    assert world.paths() == ["/robots.txt", "/list", "/list2"]


def test_fetching_is_what_moves_the_clock() -> None:
    """The tests above would prove nothing if the server's clock were not the worker's."""
    world = World(takes=123)
    hold(world, "/1")
    assert world.seen[0][2] - world.seen[0][1] == 123


# ------------------------------------------------------------------ clocks that are set, faults of ours
class Wound(World):
    """A world whose clock somebody sets while the queue's holder sleeps."""

    by: Millis = 0

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self.set_by += self.by


@pytest.mark.parametrize("by", [2 * 3_600_000, -2 * 3_600_000, 2 * 86_400_000, -400 * 86_400_000])
def test_a_clock_that_is_set_during_a_pause_makes_it_neither_longer_nor_shorter(by: Millis) -> None:
    world = Wound(takes=100)
    world.by = by
    worker = hold(world, "/1.html", "/2.html", "/3.html")
    assert [path for path in world.paths() if path[1:2].isdigit()] == ["/1.html", "/2.html", "/3.html"]
    assert world.is_paced(DELAY)
    assert abs(worker.pace.last_end - world.clock()) < 1_000


@pytest.mark.parametrize("skew", [2 * 3_600_000, 2 * 86_400_000, 400 * 86_400_000])
def test_what_a_clock_ahead_has_left_holds_a_queue_back_no_longer_than_its_pause(skew: Millis) -> None:
    name = urls.origin(f"http://{HOST}/")
    world = World()
    world.origins[name] = Origin(name, "disallow", "", "", START + skew, START + skew + ROBOTS_UNREACHABLE)
    world.probes[name] = Probe(name, START + skew, Outcome.NOT_FOUND)
    hold(world, "/1.html", "/2.html", pace=Pace(next_at=START + skew + DELAY, last_end=START + skew))
    assert world.seen[0][0] == "/robots.txt"
    assert world.seen[0][1] - START <= DELAY
    assert [path for path, _ in world.outcomes() if path in ("/1.html", "/2.html")] == ["/1.html", "/2.html"]


class Broken(Fetcher):
    """A fetcher with a fault, for one address."""

    async def fetch(self, task: Task, deadline: float) -> Exchange:
        if task.request.url.endswith("/2.html"):
            raise IndexError("list index out of range")
        return await super().fetch(task, deadline)


def test_a_fault_of_ours_is_the_outcome_of_one_look_and_no_other_s() -> None:
    world = World()
    hold(world, "/1.html", "/2.html", "/3.html", fetching=Broken)
    told = {path: outcome for path, outcome in world.outcomes() if path.endswith(".html") and "no-such" not in path}
    assert told == {"/1.html": "ok", "/2.html": "client_error", "/3.html": "ok"}
    (fault,) = [exchange for exchange in world.kept if exchange.detail.startswith("fault")]
    assert fault.detail == "fault: IndexError: list index out of range"
    assert min(world.gaps()) >= DELAY
