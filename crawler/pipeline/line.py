"""The line, and the steps it is made of. Each step is idempotent and runs in a thread; nothing here waits for the network.

    scheduler ─▶ frontier ─▶ fetcher ─▶ archive ─▶ keep │ parsers ─▶ normalize ─▶ judge ─▶ settle ─▶ query
       slot        Task      Exchange    Capture        │  Reading     Record     Verdict   changes
                   ─────────── KEEP ─────────────       │  ─────────────── SETTLE ───────────────

keep    exchanges → WARC → fsync → one transaction {capture, look, next due, reading = pending}
settle  a capture read in a child → one transaction {load what is known, judge, apply, ledger} → reading = done
index   documents marked "not indexed" → search rows, in large transactions
adopt   the files of dead processes → what they had archived but not committed, through the same keep
"""

import random
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import structlog

from crawler.archive.reader import open_page
from crawler.archive.recover import closed_files, recover, walk
from crawler.archive.writer import Archive, describe
from crawler.config.load import place
from crawler.config.values import Config, Source
from crawler.errors import CannotError, DamagedRecord, Refused, RepositoryError
from crawler.model import (
    Exchange,
    Expect,
    Kept,
    Kind,
    Millis,
    Original,
    Outcome,
    PageKind,
    ReadRules,
    Request,
    Run,
    RunKind,
    Task,
    payload_digest,
)
from crawler.parsers.page import ABSENT, rules_version
from crawler.pipeline import keep as keeping
from crawler.pipeline import settle as settling
from crawler.pipeline.closing import close_finished
from crawler.pipeline.readers import Job, Readers
from crawler.politeness.budget import Purse
from crawler.politeness.host import Lease, Origin, Probe
from crawler.politeness.hours import Window
from crawler.politeness.pace import Pace
from crawler.record.reading import Reading
from crawler.repository import captures, files, frontier, keep, origins, runs, search, settle
from crawler.repository.addresses import Seed
from crawler.repository.database import Connection, Database
from crawler.repository.readings import Pending, pending
from crawler.repository.runs import Progress
from crawler.repository.settle import Settled
from crawler.text import urls

log = structlog.get_logger()

AD_HOC = "adhoc"
INDEX_AT_ONCE = 500
ADOPT_AT_ONCE = 500


def now_ms() -> Millis:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Line:
    """The steps of one writing process over one archive and one database. `keep` and `close` belong to one thread."""

    def __init__(
        self,
        config: Config,
        database: Database,
        archive: Archive,
        readers: Readers,
        *,
        owner: str,
        clock: Callable[[], Millis] = now_ms,
    ) -> None:
        self.config, self.database, self.archive, self.readers = config, database, archive, readers
        self.owner, self.clock = owner, clock
        self._versions: dict[str, str] = {}
        self._keep_rules = keeping.Rules(config.watch, self.version, self.queue, self.pause)
        self._settle_rules = settling.Rules(config.watch, self.queue, lambda name: self.rules(name).list)

    # -------------------------------------------------------------- the process
    def begin(self, what: str) -> None:
        """Tell the database what sources there are and that this process works on the archive; close what waits for nothing more."""
        rows = [runs.SourceRow(s.id, s.title, s.digest, s.enabled) for s in self.config.sources.values()]
        rows.append(runs.SourceRow(AD_HOC, "single addresses", "", enabled=False))
        with self.database.write() as c:
            runs.sync_sources(c, rows)
            runs.beat(c, self.owner, what, self.clock())
            close_finished(c, runs.open_ids(c), self.clock(), self.expectations())

    def others(self) -> list[tuple[str, str]]:
        """(owner, what) of the other processes that work on this archive."""
        with self.database.read() as c:
            return [found for found in runs.working(c, self.clock() - 60_000) if found[0] != self.owner]

    def close(self) -> None:
        """Close the archive's file and give back whatever this process still holds. May be called twice."""
        self.archive.close()
        with self.database.write() as c:
            files.closed(c, self.archive.finished(), self.owner)
            frontier.release_owner(c, self.owner)
            runs.leave(c, self.owner)

    def adopt(self) -> int:
        """Take over from processes that died: commit what they had archived, close their files, free their queues. How many looks."""
        with self.database.read() as c:
            committed = files.committed(c)
        adopted = 0
        for found in recover(self.archive.folder, lambda name: committed.get(name, 0)):
            with self.database.write() as c:
                self._keep(c, found.kept, found.owner, None)
                files.closed(c, [found.info], found.owner)
                frontier.release_owner(c, found.owner)
                runs.leave(c, found.owner)
            adopted += len(found.kept)
            log.info("adopted", file=found.info.name, looks=len(found.kept), torn=found.torn)
        return adopted + self._adopt_closed()

    def _adopt_closed(self) -> int:
        """Files that got their final name from a process that died before it could say so; how many looks they still held."""
        with self.database.read() as c:
            unclosed = files.unclosed(c)
        adopted = 0
        for name, owner, committed in unclosed:
            path = self.archive.folder / name
            if not path.exists():
                continue
            kept, info = tuple(walk(path, committed)), describe(path)
            with self.database.write() as c:
                self._keep(c, kept, owner, None)
                files.closed(c, [info], owner)
            adopted += len(kept)
            log.info("adopted", file=name, looks=len(kept), torn=0)
        return adopted

    # -------------------------------------------------------------- what the configuration says
    def source(self, name: str) -> Source | None:
        """The source of that id; None for single addresses and for what was configured once."""
        return self.config.sources.get(name)

    def rules(self, name: str) -> ReadRules:
        """How pages of a source are read."""
        source = self.source(name)
        return source.read if source else ReadRules()

    def version(self, name: str) -> str:
        """The version of everything that reads a source's pages today."""
        if name not in self._versions:
            self._versions[name] = rules_version(self.rules(name))
        return self._versions[name]

    def queue(self, name: str, url: str) -> str:
        """The politeness key: the source's own for the hosts it starts on, else the host."""
        source, host = self.source(name), urls.host(url)
        if source and source.politeness.queue and host in {urls.host(start.url) for start in source.start}:
            return source.politeness.queue
        return host

    def pause(self, queue: str) -> Millis:
        """The least pause of a queue: the strictest source that uses it."""
        return max((p for q, p in self.pauses() if q == queue), default=self.config.network.delay_ms)

    def pauses(self) -> list[tuple[str, Millis]]:
        """(queue, pause) of every source's start addresses."""
        found = []
        for source in self.config.sources.values():
            pause = source.politeness.delay_ms
            own = self.config.network.delay_ms if pause is None else pause
            found += [(self.queue(source.id, start.url), own) for start in source.start]
        return found

    def windows(self) -> dict[str, Window]:
        """The sources' visiting hours."""
        return {source.id: source.politeness.window for source in self.config.sources.values() if source.politeness.window}

    def expectations(self) -> dict[str, Expect]:
        """What the sources promise."""
        return {name: source.expect for name, source in self.config.sources.items()}

    # -------------------------------------------------------------- keep
    def keep(self, exchanges: Sequence[Exchange], fences: Mapping[str, int]) -> None:
        """Archive, fsync, commit. When it returns, the looks survive whatever happens next.

        Raises ArchiveError or RepositoryError; what is in the archive by then is adopted at the next start.
        """
        try:
            self._archive_and_commit(exchanges, fences)
        except BaseException:
            self.archive.abandon()
            raise

    def _archive_and_commit(self, exchanges: Sequence[Exchange], fences: Mapping[str, int]) -> None:
        with self.database.read() as c:
            held = captures.holding(c, {digest for exchange in exchanges if (digest := _digest(exchange))})
        kept = []
        for exchange in exchanges:
            digest = _digest(exchange)
            look = self.archive.append(exchange, held.get(digest))
            kept.append(look)
            if look.capture and look.capture.type == "response" and digest:
                held.setdefault(digest, Original(look.capture.record_id, look.capture.url, look.capture.at, digest))
        self.archive.sync()
        finished = self.archive.finished()

        def step(c: Connection) -> None:
            self._keep(c, kept, self.owner, fences)
            files.closed(c, finished, self.owner)

        self.database.do(step)

    def _keep(self, c: Connection, kept: Sequence[Kept], owner: str, fences: Mapping[str, int] | None) -> None:
        """The one transaction of the keep step; `fences` None adopts."""
        spread = random.random()  # noqa: S311 - jitter, no secret
        known = keep.load(c, kept, tuple(keeping.seeds(kept, self._keep_rules)))
        writes = keeping.decide(known, kept, fences, self._keep_rules, spread)
        keep.apply(c, kept, owner, known, writes)
        close_finished(c, writes.concerned, self.clock(), self.expectations())

    # -------------------------------------------------------------- settle
    def pending(self, limit: int, busy: frozenset[int]) -> list[Pending]:
        """Captures to be read that no other process is about to read."""
        with self.database.read() as c:
            return pending(c, limit, owner=self.owner, busy=busy)

    def read(self, waiting: Pending) -> Settled:
        """Read one capture in a child, with the further captures of its record that are there.

        A page that cannot be read is an outcome, with its bytes kept.
        """
        rules, made_of = self.rules(waiting.source), tuple(piece.capture_id for piece in waiting.more)
        try:
            page = open_page(self.archive.folder, waiting.capture, waiting.payload)
            more = tuple((piece.key, open_page(self.archive.folder, piece.capture, piece.payload)) for piece in waiting.more)
            shown = waiting.absent
            absent = open_page(self.archive.folder, shown.capture, shown.payload) if shown else None
        except DamagedRecord as error:
            reading = Reading(self.version(waiting.source), PageKind.OTHER, error=f"damaged: {error}")
            return Settled(waiting.capture_id, reading, made_of)
        if absent is not None:
            more += ((ABSENT, absent),)
        reading = self.readers.read(Job(page, waiting.kind, rules, waiting.public_url, more, waiting.request))
        return Settled(waiting.capture_id, self._placed(waiting, reading), made_of)

    def _placed(self, waiting: Pending, reading: Reading) -> Reading:
        """A rule of a source's file that does not fit its site: the complaint with the file and the line it stands in."""
        if reading.error is not None and reading.error.startswith("detail.json"):
            return replace(reading, error=f"{self._place(waiting.source, reading.error)}: {reading.error}")
        if self.source(waiting.source) is None or waiting.kind is not Kind.LIST or not reading.evidence.startswith("list."):
            return reading
        where = self._place(waiting.source, reading.evidence)
        log.warning("selector", where=where, said=reading.evidence, page=waiting.public_url)
        return replace(reading, evidence=f"{where}: {reading.evidence}")

    def _place(self, source: str, complaint: str) -> str:
        """Where the key that a complaint begins with stands in its source's file."""
        file = self.config.path.parent / "sources" / f"{source}.toml"
        return place(file, tuple(complaint.partition(":")[0].split(".")))

    def settle(self, items: Sequence[Settled]) -> None:
        """Apply readings in one transaction; if that fails, one by one, so that one bad page holds nobody up. Raises RepositoryError.

        What the database refuses though it is well is unreadable, and the refusal is kept with the reading.
        """
        try:
            self._settle(items)
        except RepositoryError as error:
            if len(items) == 1 and not isinstance(error, Refused):
                raise
            for item in items:
                self._settle_alone(item)

    def _settle_alone(self, item: Settled) -> None:
        try:
            self._settle([item])
        except Refused as error:
            log.warning("refused", capture=item.capture_id, error=str(error))
            refused = Reading(item.reading.rules, PageKind.OTHER, error=f"refused by the database: {error.message}")
            self._settle([replace(item, reading=refused)])

    def _settle(self, items: Sequence[Settled]) -> None:
        def step(c: Connection) -> None:
            pairs, rows = settle.begin(c, items)
            by_capture = {item.capture_id: item for item in items}
            known = settle.load(c, [settling.item(by_capture[held.id], held, at, self._settle_rules) for held, at in pairs], rows)
            writes = settling.decide(known, self._settle_rules)
            settle.apply(c, known, writes)
            close_finished(c, writes.concerned, self.clock(), self.expectations())

        self.database.do(step)

    def index(self) -> int:
        """Write search rows of documents that have none or old ones; how many documents."""
        with self.database.write() as c:
            return search.index(c, INDEX_AT_ONCE)

    # -------------------------------------------------------------- frontier
    def queues_due(self, limit: int, only: Collection[int] | None) -> list[str]:
        """Queues with something due that nobody holds."""
        with self.database.read() as c:
            return frontier.queues_due(c, self.clock(), limit, only)

    def lease(self, queue: str, length: Millis) -> Lease | None:
        """Hold a queue; None when somebody else does."""
        with self.database.write() as c:
            return frontier.lease(c, queue, self.owner, self.clock(), self.clock() + length)

    def release(self, held: Lease, known: Pace) -> None:
        """Give a queue back with what is known of it by now."""
        with self.database.write() as c:
            frontier.release(c, held, known)

    def postpone(self, rows: Sequence[tuple[int, Millis]]) -> None:
        """Frontier rows, by id, that are not due before a certain time."""
        with self.database.write() as c:
            frontier.postpone(c, rows)

    def shelve(self, reason: str, *, queue: str | None = None, run: int | None = None) -> None:
        """Give up, for now, what a run still waits for, or what runs wait for in a queue; `frontier requeue` takes it up again."""
        with self.database.write() as c:
            close_finished(c, runs.shelve(c, reason, queue=queue, run=run), self.clock(), self.expectations())

    def purse(self, run: int, source: str) -> Purse:
        """What a run has spent of its budget by now."""
        found = self.source(source)
        with self.database.read() as c:
            requests, size, started = runs.spent(c, run)
        return Purse(found.budget if found else self.config.budget, started, requests, size)

    def check_room(self) -> None:
        """Raises CannotError before the disk that holds the archive is full: what is in flight still finds room."""
        folder = next(path for path in (self.archive.folder, *self.archive.folder.parents) if path.exists())
        free, keep_free = shutil.disk_usage(folder).free, self.config.storage.keep_free
        if free < keep_free:
            raise CannotError(
                f"only {free >> 20} MB are free on the disk of {self.archive.folder}, storage.keep_free is {keep_free >> 20} MB",
                remedy="free some space; nothing is lost, what is due stays due",
            )

    def beat(self, leases: Sequence[Lease], length: Millis) -> set[str]:
        """Say that this process lives and renew its leases; the queues that somebody else holds now."""
        with self.database.write() as c:
            runs.beat(c, self.owner, "", self.clock())
            return frontier.renew(c, leases, self.clock() + length)

    def slice(self, held: Lease, limit: int, only: Collection[int] | None) -> list[Task]:
        """The next tasks of a held queue."""
        with self.database.read() as c:
            return frontier.slice_(c, held, self.clock(), limit, only)

    def origin(self, name: str) -> Origin | None:
        """What is remembered of an origin's robots.txt."""
        with self.database.read() as c:
            return origins.get(c, name)

    def probe(self, name: str) -> Probe | None:
        """How an origin says that it has not something, when that was last looked at."""
        with self.database.read() as c:
            return origins.probe(c, name)

    def remember(self, origin: Origin) -> None:
        """Remember what an origin's robots.txt says."""
        with self.database.write() as c:
            origins.put(c, origin)

    # -------------------------------------------------------------- runs
    def last_slot(self, source: str, kind: RunKind) -> Millis | None:
        """The newest slot of a source that was taken or skipped."""
        with self.database.read() as c:
            return runs.last_slot(c, source, kind)

    def is_held(self, source: str) -> bool:
        """Did the operator pause this source, or is it in quarantine?"""
        with self.database.read() as c:
            return runs.is_held(c, source, self.clock())

    def fire(
        self, source: Source, kind: RunKind, slot: Millis, skipped: Sequence[Millis], *, limit: int | None = None
    ) -> Run | None:
        """Claim a slot of a source's schedule; `limit` addresses at most of a revisit. None: somebody else has it, or nothing is due."""
        now = self.clock()
        with self.database.write() as c:
            if kind is RunKind.REVISIT:
                return runs.fire_revisits(c, source.id, slot, now, limit or 0)
            return runs.fire(c, source.id, kind, slot, self._seeds(source.id, source.start, Kind.LIST), now, skipped=skipped)

    def fire_once(
        self, name: str, starts: Sequence[Request], options: Mapping[str, object], *, listed: bool, resume: bool = False
    ) -> int:
        """Fire a one-off run of these addresses, as lists or as single notices; its id. `resume`: go on with an open one of these options."""
        kind = Kind.LIST if listed else Kind.DETAIL
        seeds = self._seeds(name, starts, kind)
        with self.database.write() as c:
            runs.ensure_source(c, name)
            frontier.ask_again(c, {seed.queue for seed in seeds}, self.clock())
            held = runs.unfinished(c, name, options) if resume else None
            if held is not None:
                log.info("resumed", source=name, run=held)
                return held
            return runs.fire_once(c, name, seeds, self.clock(), options)

    def _seeds(self, name: str, starts: Sequence[Request], kind: Kind) -> list[Seed]:
        now = self.clock()
        priority = frontier.LIST if kind is Kind.LIST else frontier.NEW
        return [Seed(start, start.url, kind, self.queue(name, start.url), name, priority, now) for start in starts]

    def requeue(self, ids: Collection[int], source: str | None, reason: str | None) -> tuple[list[int], int]:
        """Take up again what was given up: a one-off run for each source, kind of run and options. Their ids, and how many addresses."""
        fired, count, now = [], 0, self.clock()
        with self.database.write() as c:
            for was, rows in frontier.dead(c, ids=ids, source=source, reason=reason).items():
                run = runs.fire_once(c, was.source, (), now, was.again(len(rows)))
                count += frontier.revive(c, run, rows, now)
                frontier.ask_again(c, {row.queue for row in frontier.rows(c, source=was.source, state=frontier.TODO)}, now)
                fired.append(run)
        return fired, count

    def are_open(self, only: Collection[int]) -> bool:
        """Does any of these runs still go on?"""
        with self.database.read() as c:
            return runs.are_open(c, only)

    def progress(self, only: Collection[int]) -> Progress:
        """How far runs are."""
        with self.database.read() as c:
            return runs.progress(c, only)

    # -------------------------------------------------------------- reindex
    def rebuild(self, watch: Callable[[int, int], None]) -> tuple[int, int]:
        """Tell an empty database everything the WARC files hold, in the order it happened: (looks, captures settled).

        Files of dead processes are made whole and closed first, and told with the others, never before them.
        `watch(done, all)` is called as looks are committed. Readings are then settled by `settle_all`.
        """
        for found in recover(self.archive.folder, lambda _: 0):
            log.info("closed", file=found.info.name, looks=len(found.kept), torn=found.torn)
        infos = closed_files(self.archive.folder)
        looks = sorted(
            (look for info in infos for look in walk(self.archive.folder / info.name)),
            key=lambda look: (look.at, look.file, look.end),
        )
        with self.database.write() as c:
            files.closed(c, infos, "rebuilt")
        for at in range(0, len(looks), ADOPT_AT_ONCE):
            batch = looks[at : at + ADOPT_AT_ONCE]
            with self.database.write() as c:
                self._keep(c, batch, "rebuilt", None)
            watch(min(at + ADOPT_AT_ONCE, len(looks)), len(looks))
        with self.database.write() as c:
            captures.resolve_originals(c, looks)
            files.closed(c, infos, "rebuilt")
        return len(looks), self.settle_all()

    def settle_all(self) -> int:
        """Settle whatever is pending, in order; how many captures."""
        done = 0
        while waiting := self.pending(ADOPT_AT_ONCE, frozenset()):
            self.settle([self.read(item) for item in waiting])
            done += len(waiting)
        while self.index():
            pass
        while self.database.do(search.merge):
            pass
        return done


def _digest(exchange: Exchange) -> str:
    """The payload digest of a whole answer, for finding a record that holds it; empty when there is none to look for."""
    wire = exchange.wire
    if wire is None or not wire.whole or not exchange.payload or exchange.outcome is Outcome.NOT_MODIFIED:
        return ""
    return payload_digest(exchange.payload)
