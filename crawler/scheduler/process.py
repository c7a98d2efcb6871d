"""Puts the parts together: one configuration, one archive, one database, one process. Nothing here decides anything."""

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import structlog

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment] # there is none for Windows

from crawler.archive.writer import Archive, bringing, owner_name
from crawler.config.choose import chosen
from crawler.config.values import Config
from crawler.errors import GongkaiError, UsageError
from crawler.fetcher.fetcher import Fetcher, FetchSettings, user_agent
from crawler.model import Kind, Millis, Page, Request, RunKind, now_ms
from crawler.monitor.alarms import Alarms
from crawler.parsers.protocol import Job
from crawler.pipeline.closing import close_finished
from crawler.pipeline.line import Line
from crawler.pipeline.peek import Story, peek
from crawler.pipeline.policy import AD_HOC, Policy
from crawler.pipeline.readers import Readers
from crawler.pipeline.withhold import catch_up
from crawler.politeness.worker import Pacing
from crawler.record.reading import Reading
from crawler.record.rules import ReadRules
from crawler.repository.database import Connection, Database
from crawler.repository.migrations import upgrade
from crawler.repository.patience import put_off, shelve_put_off
from crawler.repository.progress import Progress, progress
from crawler.repository.runs import are_open
from crawler.scheduler import heap
from crawler.scheduler.engine import Engine
from crawler.scheduler.firing import fire_once, fire_slot
from crawler.scheduler.narrator import Narrator
from crawler.scheduler.reload import Reload
from crawler.text import urls
from crawler.text.beijing import beijing

VERSION = "0.1.0"
AGENT = "gongkai"
REINDEX = "reindex"
IMPORT = "import"
SHOW = 1.0  # seconds at least between two counts of how far runs are, and twenty times what one takes: each reads all their looks
PATIENCE_MS = 5_000  # of one try of a step that is tried again
TELL = 15.0  # seconds between two looks at the outbox

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a one-off crawl is asked for."""

    sources: tuple[str, ...] = ()
    url: str | None = None
    follow: bool = False
    since: str | None = None
    max_pages: int | None = None


def fetch_settings(config: Config) -> FetchSettings:
    """What the fetcher needs of the configuration."""
    return FetchSettings(
        user_agent=user_agent(config.operator.name, config.operator.contact, VERSION),
        max_body=config.network.max_body,
        connect=config.network.connect,
        allow_private=config.network.allow_private,
        routes={source.id: source.route for source in config.sources.values()},
        spool=config.storage.archive,
        max_file=config.attachments.max_bytes,
        max_files={source.id: source.attachments.max_bytes for source in config.sources.values()},
    )


def pacing(line: Line) -> Pacing:
    """How politely each queue is asked: the strictest source that uses it wins."""
    return line.policy.pacing(AGENT)


def warcinfo(config: Config) -> dict[str, str]:
    """What every WARC file begins with: who made it, with what, by which rules (WARC 1.1, 6.2, and the names that crawlers use)."""
    return {
        "software": f"gongkai/{VERSION}",
        "format": "WARC File Format 1.1",
        "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "operator": f"{config.operator.name} ({config.operator.contact})",
        "hostname": socket.gethostname(),
        "http-header-user-agent": user_agent(config.operator.name, config.operator.contact, VERSION),
        "robots": "obey (RFC 9309)",
        "isPartOf": config.operator.name,
        "description": "Disclosure pages of government bodies: one look is a request, its answer, and a metadata record gongkai-look.",
        "configuration": f"sha256:{config.digest}",
    }


@contextlib.contextmanager
def open_line(config: Config, what: str, *, workers: int = 2) -> Iterator[Line]:
    """The line of one writing process: schema upgraded, sources known, dead processes' files adopted (not for a reindex).

    `what` says what kind of process this is (run, crawl, reindex). Raises CannotError when the disk or the database is in the way.
    """
    heap.share()
    owner = bringing(owner_name(), now_ms()) if what == IMPORT else owner_name()
    database = Database(config.storage.database, patience_ms=PATIENCE_MS)
    try:
        upgrade(database)
        storage = config.storage
        archive = Archive(
            storage.archive, owner=owner, info=warcinfo(config), max_bytes=storage.file_size, max_age=storage.file_age_ms / 1000
        )
        with Readers(workers) as readers:
            line = Line(Policy(config), database, archive, readers, owner=owner)
            try:
                # a reindex tells everything in the order it happened, dead processes' files too
                line.begin(what, inherit=what != REINDEX)
                if what != REINDEX:
                    catch_up(database, storage.archive)
                yield line
            finally:
                line.close()
    finally:
        database.close()


def source_of(config: Config, url: str) -> str:
    """The source whose start addresses stand on the same host, else the ad-hoc one."""
    host = urls.host(url)
    for source in config.sources.values():
        if host in {urls.host(start.url) for start in source.addresses}:
            return source.id
    return AD_HOC


async def peek_at(config: Config, url: str) -> Story:
    """Look at an address once, as the source whose host it is would, or as nobody's; keeps nothing."""
    name, network = source_of(config, url), config.network
    source = config.sources.get(name)
    delay = source.politeness.delay_ms if source else None
    fetcher = Fetcher(replace(fetch_settings(config), spool=None))
    try:
        pacing = Pacing({}, network.delay_ms if delay is None else delay, network.deadline_ms / 1000, AGENT)
        return await peek(fetcher, pacing, name, url)
    finally:
        await fetcher.aclose()


def read_once(page: Page) -> Reading:
    """What a page says, read in a child of its own."""
    with Readers(1) as readers:
        return readers.read(Job(page, Kind.DETAIL, ReadRules(), page.url))


def on_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run to its end, on uvloop where it is installed: a page costs a sixth less on its way (0.28 s of CPU for 1,000 instead of 0.33)."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None) as runner:
        return runner.run(main)


def _handle_signals(stop: asyncio.Event) -> list[signal.Signals]:
    loop = asyncio.get_running_loop()
    caught: list[signal.Signals] = []

    def on(number: signal.Signals) -> None:
        caught.append(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no such loop: Ctrl-C raises there
            loop.add_signal_handler(number, on, number)
    return caught


def alarms(config: Config, line: Line) -> Alarms:
    """What tells the configured channels."""
    return Alarms(config, line.database, fetch_settings(config), line.clock, line.outage)


class Daemon:
    """What a daemon is made of, and how it goes on under another configuration."""

    def __init__(self, config: Config, line: Line, span: Millis | None) -> None:
        from crawler.scheduler.clock import SPAN, Clock  # a crawl has no timetable

        self.line = line
        self.clock = Clock(line, span=SPAN if span is None else span)
        self.teller = alarms(config, line)
        self.fetchers = [Fetcher(fetch_settings(config))]  # the last is asked; those before have what was on its way
        self.engine = Engine(line, self.fetchers[-1], pacing(line), queues_at_once=config.network.queues_at_once)
        self.reload = Reload(config, self.take_over)
        self.narrator = Narrator(line)

    async def take_over(self, config: Config) -> None:
        """Go on under another configuration. Raises RepositoryError, and then nothing has changed."""
        settings = fetch_settings(config)
        fetcher = self.fetchers[-1] if settings == self.fetchers[-1].settings else Fetcher(settings)
        await self.engine.take_over(Policy(config, self.line.policy), fetcher)
        if fetcher is not self.fetchers[-1]:
            self.fetchers.append(fetcher)
        storage = config.storage
        self.line.archive.go_on(warcinfo(config), max_bytes=storage.file_size, max_age=storage.file_age_ms / 1000)
        self.clock.take_over(config)
        self.line.archive.info = warcinfo(config)  # of the next file
        self.teller = alarms(config, self.line)

    async def keep_telling(self) -> None:
        """Send alarms as they come due. Trouble with that is no reason to stop the archive."""
        while True:
            try:
                await self.teller.tell()
            except GongkaiError as error:
                log.warning("alarms cannot be told", error=str(error))
            except Exception:
                log.exception("alarms cannot be told")
            await asyncio.sleep(TELL)


def _not_alone(task: "asyncio.Task[None]") -> None:
    """What goes on beside the work ended by itself: the work goes on, and the log has why."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a part of the daemon ended", part=str(task.get_coro()), exc_info=error)


async def run(config: Config, line: Line, *, span: Millis | None = None) -> None:
    """The daemon: fires the timetable, works everything due and tells alarms until SIGTERM or SIGINT; SIGHUP, or a changed file, makes it
    read its configuration again."""
    from crawler.scheduler.auditing import keep_auditing  # neither they nor what they sign with is a crawl's
    from crawler.scheduler.proving import keep_proving

    stop, again = asyncio.Event(), asyncio.Event()
    _handle_signals(stop)
    if hasattr(signal, "SIGHUP"):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, again.set)
    daemon = Daemon(config, line, span)
    for name, problems in config.broken.items():
        log.warning("source file broken", source=name, problems=list(problems))
    enabled = sum(source.enabled for source in config.sources.values())
    log.info("running", sources=enabled, broken=len(config.broken), database=line.database.name)
    daemon.narrator.begin()
    daemon.clock.start()
    beside = [
        daemon.keep_telling(),
        daemon.reload.watch(again),
        daemon.narrator.listen(),
        keep_auditing(line, f"{AGENT}/{VERSION}"),
        keep_proving(line),
    ]
    tasks = [asyncio.create_task(work) for work in beside]
    for task in tasks:
        task.add_done_callback(_not_alone)
    try:
        await daemon.engine.run(stop)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        daemon.clock.stop()
        for fetcher in daemon.fetchers:
            await fetcher.aclose()
        await asyncio.to_thread(daemon.narrator.speak)


async def work(
    config: Config, line: Line, runs: Sequence[int], watch: Callable[[Progress], None] | None
) -> tuple[Progress, bool]:
    """Work these runs to their end, together with whoever else holds their queues.

    Returns the last progress and whether a signal interrupted it; `watch` is called every second or so, in a thread, and once at the end.
    """
    stop = asyncio.Event()
    caught = _handle_signals(stop)
    fetcher = Fetcher(fetch_settings(config))
    engine = Engine(line, fetcher, pacing(line), queues_at_once=config.network.queues_at_once, runs=frozenset(runs))

    show_at = 0.0

    def finished() -> bool:
        nonlocal show_at
        began = time.monotonic()
        still = line.ask(are_open, runs)
        if still and began < show_at:
            return False
        if watch is not None:
            watch(line.ask(progress, runs))
        until, asked_at = _put_off(config, line, runs) if still else (0, None)
        show_at = time.monotonic() + max(SHOW, 20 * (time.monotonic() - began))
        if asked_at is not None:
            _give_up(line, runs, until, asked_at)
        return not still

    teller, narrator = alarms(config, line), Narrator(line, warns=False)
    narrator.begin()
    try:
        await teller.tell()  # from here on its channels hear of what happens
        await engine.run(stop, finished)
        await teller.tell(waiting=False)  # its runs are over: nothing more comes to be told with them
    finally:
        await fetcher.aclose()
        await asyncio.to_thread(narrator.speak)
    return line.ask(progress, runs), bool(caught)


def _put_off(config: Config, line: Line, runs: Sequence[int]) -> tuple[Millis, Millis | None]:
    """The end of the patience of whoever waits for these runs, and from when on may be asked what hosts put off beyond it."""
    until = line.clock() + config.network.patience_ms
    if line.ask(put_off, runs, until) is None:
        return until, None
    line.put_right()  # what a clock that was ahead a moment ago has written is nobody's putting off
    until = line.clock() + config.network.patience_ms
    return until, line.ask(put_off, runs, until)


def _give_up(line: Line, runs: Sequence[int], until: Millis, asked_at: Millis) -> None:
    """What hosts put off beyond the patience of whoever waits for these runs is given up, with the moment from which it may be asked for."""
    reason = f"put off, not before {beijing(asked_at)} (Beijing time)"

    def step(c: Connection) -> set[int]:
        shelved = shelve_put_off(c, runs, until, reason)
        close_finished(c, shelved, line.clock(), line.policy.expectations)
        return shelved

    shelved = line.do(step)
    log.warning("given up", runs=len(shelved), why=reason)


def revisit(config: Config, line: Line, names: Sequence[str], limit: int) -> list[int]:
    """Fire a look at whatever is due again of these sources; the runs' ids."""
    fired = [fire_slot(line, source, RunKind.REVISIT, line.clock(), limit=limit) for source in chosen(config, names)]
    return [run.id for run in fired if run is not None]


def fire(config: Config, line: Line, wish: Wish) -> list[int]:
    """Insert the runs of a wish and seed their first addresses; their ids. A bounded crawl that was interrupted goes on where it stood."""
    options: Mapping[str, object] = {"since": wish.since, "max_pages": wish.max_pages}
    if wish.url is None:
        bounded = wish.since is not None or wish.max_pages is not None
        return [
            fire_once(line, source.id, source.start, source.pages, options, resume=bounded)
            for source in chosen(config, wish.sources)
        ]
    if not urls.is_http(wish.url):
        raise UsageError(f"{wish.url!r} is no http or https address", remedy="give the whole address, scheme included")
    name = wish.sources[0] if wish.sources else source_of(config, wish.url)
    asked = (Request(wish.url),)
    lists, pages = (asked, ()) if wish.follow else ((), asked)
    return [fire_once(line, name, lists, pages, {**options, "url": wish.url, "follow": wish.follow})]
