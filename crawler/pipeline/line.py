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
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

import structlog

from crawler.archive.alive import Alive
from crawler.archive.reader import open_page
from crawler.archive.recover import Recovered, recover, walk
from crawler.archive.writer import Archive, FileInfo, describe, digest_of
from crawler.errors import DamagedRecord, Refused, Unreachable
from crawler.model import Capture, Exchange, Kept, Kind, Millis, Original, Outcome, Page, PageKind, Task
from crawler.monitor import alarms, health
from crawler.parsers.version import ABSENT
from crawler.pipeline import keep as keeping
from crawler.pipeline import settle as settling
from crawler.pipeline.closing import close_finished
from crawler.pipeline.fellows import Fellows
from crawler.pipeline.handover import HandOver
from crawler.pipeline.policy import Policy
from crawler.pipeline.readers import Job, Readers
from crawler.politeness import clocks
from crawler.record.reading import Reading
from crawler.repository import captures, files, frontier, indexing, keep, leases, moments, runs, settle
from crawler.repository.database import Connection, Database, is_fault, savepoint
from crawler.repository.outage import Outage
from crawler.repository.readings import Pending
from crawler.repository.settle import Settled

T = TypeVar("T")
P = ParamSpec("P")

log = structlog.get_logger()

INDEX_AT_ONCE = 500
READ_AT_ONCE = 16  # pages of one message to a child
LEASE_MARGIN: Millis = 60_000  # a lease outlives the longest exchange by this much
READ_BYTES = 1 << 20  # archived bytes of one message, unless a single page is larger


def now_ms() -> Millis:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Line:
    """The steps of one writing process over one archive and one database. `keep` and `close` belong to one thread."""

    def __init__(
        self,
        policy: Policy,
        database: Database,
        archive: Archive,
        readers: Readers,
        *,
        owner: str,
        clock: Callable[[], Millis] = now_ms,
    ) -> None:
        self.policy, self.database, self.archive, self.readers = policy, database, archive, readers
        self.owner, self.clock = owner, clock
        self.what = ""
        self.outage = Outage()
        self.fellows = Fellows(database, Alive(archive.folder, owner), owner, policy.pause)
        self._handover = HandOver()
        watch = policy.config.watch
        self._keep_rules = keeping.Rules(watch, policy.version, policy.queue, policy.pause)
        self._settle_rules = settling.Rules(watch, policy.queue, lambda name: policy.rules(name).list)

    # -------------------------------------------------------------- the database
    def do(self, step: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A step that is one write transaction, done over for as long as the database is away: it must stand when it is done twice."""
        return self.outage.through(lambda: self.database.do(lambda c: step(c, *args, **kwargs)))

    def ask(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A query in a read transaction of its own, asked again for as long as the database is away."""

        def asked() -> T:
            with self.database.read() as c:
                return query(c, *args, **kwargs)

        return self.outage.through(asked)

    # -------------------------------------------------------------- the process
    def begin(self, what: str) -> None:
        """Tell the database what sources there are and that this process works on the archive; put right what a clock that was ahead
        has left; take over from the dead; close what waits for nothing more. Raises RepositoryError when the database is away.
        """
        self.what = what
        self.fellows.begin()
        with self.database.write() as c:
            runs.sync_sources(c, self.policy.source_rows())
            runs.beat(c, self.owner, what, self.clock())
        self.put_right()
        self._bury()
        with self.database.write() as c:
            close_finished(c, runs.open_ids(c), self.clock(), self.policy.expectations)

    def close(self) -> None:
        """Close the archive's file and give back whatever this process still holds. May be called twice."""
        self.archive.close()
        finished = self.archive.finished()

        def step(c: Connection) -> None:
            files.closed(c, finished, self.owner)
            leases.release_owner(c, self.owner)
            runs.leave(c, self.owner)

        self.outage.end()
        try:
            self.do(step)
        finally:
            self.fellows.end()

    def put_right(self, *, only_ahead: bool = False) -> None:
        """Put right what a clock that was ahead has written: told, and kept for `gongkai health`. `only_ahead`: where a witness says so."""
        rules, now = self._moments, self.clock()
        was_ahead = self.ask(moments.ahead, self.owner, now)
        if only_ahead and not was_ahead:
            return

        def step(c: Connection) -> dict[str, int]:
            found = moments.right(c, now, rules, deep=bool(was_ahead))
            if found:
                moments.remember(c, moments.Fault(now, was_ahead))
            return found

        found = self.do(step)
        if found:
            by = clocks.span(was_ahead) if was_ahead else "an unknown time"
            log.warning("a clock was ahead: its moments are put right, everything goes on", by=by, **_words(found))

    @property
    def _moments(self) -> moments.Rules:
        config = self.policy.config
        lease = config.network.deadline_ms + LEASE_MARGIN
        return moments.Rules(self.policy.pause, lease, config.watch.ladder, _longest_rest, alarms.LONGEST_RETRY)

    def _bury(self) -> list[str]:
        """Free what the dead held; who they were."""
        dead, now = self.dead(), self.clock()
        for owner in dead:
            self.do(self.fellows.free, owner, now)
            log.info("a process died: what it held is free", owner=owner)
        self.fellows.bury(dead)
        return dead

    def dead(self) -> list[str]:
        """The processes that have died and are still known as living."""
        return self.fellows.dead(self.ask(runs.others, self.owner), self.clock())

    def take_over(self) -> int:
        """Take over from processes that have died since: first what they had archived, then what they held. How many looks and processes."""
        return self.adopt() + len(self._bury())

    def adopt(self) -> int:
        """Commit what processes that died had archived, close their files, free their queues. How many looks."""
        committed = self.ask(files.committed)
        adopted = 0
        for found in recover(self.archive.folder, lambda name: committed.get(name, 0)):

            def step(c: Connection, found: Recovered = found) -> None:
                self.commit(c, found.kept, found.owner, None)
                files.closed(c, [found.info], found.owner)
                self.fellows.free(c, found.owner, self.clock())

            self.do(step)
            adopted += len(found.kept)
            log.info("adopted", file=found.info.name, looks=len(found.kept), torn=found.torn)
        return adopted + self._adopt_closed()

    def _adopt_closed(self) -> int:
        """Files that got their final name from a process that died before it could say so; how many looks they still held."""
        adopted = 0
        for name, owner, committed in self.ask(files.unclosed):
            path = self.archive.folder / name
            if not path.exists():
                continue
            kept, info = tuple(walk(path, committed)), describe(path)

            def step(c: Connection, kept: Sequence[Kept] = kept, info: FileInfo = info, owner: str = owner) -> None:
                self.commit(c, kept, owner, None)
                files.closed(c, [info], owner)

            self.do(step)
            adopted += len(kept)
            log.info("adopted", file=name, looks=len(kept), torn=0)
        return adopted

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
        faults: list[tuple[Task, str]] = []
        digests: list[tuple[Exchange, str]] = []
        for exchange in exchanges:
            try:
                digests.append((exchange, digest_of(exchange)))
            except Exception as error:  # noqa: BLE001 - what is no matter of one page _fault raises again
                faults.append((exchange.task, _fault(error, url=exchange.task.request.url)))
        sought = {digest for exchange, digest in digests if _may_repeat(exchange)}
        held = self.ask(captures.holding, sought)
        kept: list[Kept] = []
        written: list[Exchange] = []
        for exchange, digest in digests:
            try:
                kept.append(self._append(exchange, digest, held))
                written.append(exchange)
            except Exception as error:  # noqa: BLE001 - what is no matter of one page _fault raises again
                faults.append((exchange.task, _fault(error, url=exchange.task.request.url)))
        self.archive.sync()
        finished = self.archive.finished()

        def step(c: Connection) -> None:
            self.commit(c, kept, self.owner, fences)
            files.closed(c, finished, self.owner)
            for task, reason in faults:
                self._give_up(c, task, reason)

        self.do(step)
        for look, exchange in zip(kept, written, strict=True):
            if look.capture and look.capture.type == "response" and exchange.page and look.outcome is Outcome.OK:
                self._handover.put(look.capture.record_id, exchange.page)

    def _append(self, exchange: Exchange, digest: str, held: dict[str, Original]) -> Kept:
        repeats = _may_repeat(exchange)
        look = self.archive.append(exchange, held.get(digest) if repeats else None, digest)
        if look.capture and look.capture.type == "response" and repeats:
            held.setdefault(digest, Original(look.capture.record_id, look.capture.url, look.capture.at, digest))
        return look

    def commit(self, c: Connection, kept: Sequence[Kept], owner: str, fences: Mapping[str, int] | None) -> None:
        """What the keep step's one transaction holds; `fences` None adopts.

        What the database refuses though it is well, or what a fault of ours stands in the way of, is kept in the archive alone, its
        frontier row given up with the reason; the others of its batch are committed one by one.
        """
        try:
            with savepoint(c):
                self._commit(c, kept, owner, fences)
        except Exception as error:
            if not isinstance(error, Refused) and not is_fault(error):
                raise
            for look in kept:
                self._commit_alone(c, look, owner, fences)

    def _commit_alone(self, c: Connection, look: Kept, owner: str, fences: Mapping[str, int] | None) -> None:
        try:
            with savepoint(c):
                self._commit(c, [look], owner, fences)
        except Exception as error:  # noqa: BLE001 - what is no matter of one page _fault raises again
            reason = _fault(error, url=look.task.request.url, file=look.file)
            files.reached(c, [look], owner)
            self._give_up(c, look.task, reason)

    def _give_up(self, c: Connection, task: Task, reason: str) -> None:
        frontier.give_up(c, task.run, task.key, reason)
        concerned = {run.id for run in runs.ensure(c, [task.run]).values()}
        close_finished(c, concerned, self.clock(), self.policy.expectations)

    def _commit(self, c: Connection, kept: Sequence[Kept], owner: str, fences: Mapping[str, int] | None) -> None:
        spread = random.random()  # noqa: S311 - jitter, no secret
        known = keep.load(c, kept, tuple(keeping.seeds(kept, self._keep_rules)))
        writes = keeping.decide(known, kept, fences, self._keep_rules, spread, self.clock())
        keep.apply(c, kept, owner, known, writes)
        close_finished(c, writes.concerned, self.clock(), self.policy.expectations)

    # -------------------------------------------------------------- settle
    def read_many(self, waiting: Sequence[Pending]) -> list[Settled]:
        """Read captures in one child, each with the further captures of its record that are there, in their order.

        A page that cannot be read is an outcome, with its bytes kept.
        """
        found: dict[int, Reading] = {}
        jobs: list[tuple[Pending, Job]] = []
        for item in waiting:
            try:
                jobs.append((item, self._job(item)))
            except DamagedRecord as error:
                found[item.capture_id] = self._unread(item, f"damaged: {error}")
            except Exception as error:  # noqa: BLE001 - what is no matter of one page _fault raises again
                found[item.capture_id] = self._unread(item, _fault(error, capture=item.capture_id))
        found |= self._read(jobs)
        return [
            Settled(item.capture_id, found[item.capture_id], tuple(more.capture_id for more in item.more)) for item in waiting
        ]

    def _read(self, jobs: Sequence[tuple[Pending, Job]]) -> dict[int, Reading]:
        """By capture; where all at once fail by a fault of ours, one by one."""
        try:
            readings = self.readers.read_many([job for _, job in jobs])
            return {item.capture_id: self._placed(item, read) for (item, _), read in zip(jobs, readings, strict=True)}
        except Exception as error:  # noqa: BLE001 - what is no matter of one page _fault raises again
            if len(jobs) > 1 and is_fault(error):
                return {number: read for job in jobs for number, read in self._read([job]).items()}
            ((item, _),) = jobs
            return {item.capture_id: self._unread(item, _fault(error, capture=item.capture_id))}

    def _unread(self, item: Pending, why: str) -> Reading:
        return Reading(self.policy.version(item.source), PageKind.OTHER, error=why)

    def _job(self, waiting: Pending) -> Job:
        """What a child is told. Raises DamagedRecord."""
        page = self._page(waiting.capture, waiting.payload)
        more = [(piece.key, self._page(piece.capture, piece.payload)) for piece in waiting.more]
        if shown := waiting.absent:
            more.append((ABSENT, self._page(shown.capture, shown.payload)))
        return Job(page, waiting.kind, self.policy.rules(waiting.source), waiting.public_url, tuple(more), waiting.request)

    def _page(self, capture: Capture, payload: Capture | None) -> Page:
        return self._handover.take(capture.record_id) or open_page(self.archive.folder, capture, payload)

    def _placed(self, waiting: Pending, reading: Reading) -> Reading:
        """A rule of a source's file that does not fit its site: the complaint with the file and the line it stands in."""
        if reading.error is not None and reading.error.startswith("detail.json"):
            return replace(reading, error=f"{self.policy.place(waiting.source, reading.error)}: {reading.error}")
        if (
            self.policy.source(waiting.source) is None
            or waiting.kind is not Kind.LIST
            or not reading.evidence.startswith("list.")
        ):
            return reading
        where = self.policy.place(waiting.source, reading.evidence)
        log.warning("selector", where=where, said=reading.evidence, page=waiting.public_url)
        return replace(reading, evidence=f"{where}: {reading.evidence}")

    def settle(self, items: Sequence[Settled]) -> set[str]:
        """Apply readings in one transaction; if that fails, one by one, so that one bad page holds nobody up. Raises RepositoryError.

        Returns the queues in which there is something new to be looked at.

        What the database refuses though it is well is unreadable, and so is what a fault of ours stands in the way of; why is kept with
        the reading.
        """
        try:
            return self._settle(items)
        except Exception as error:
            if isinstance(error, Unreachable) or (len(items) == 1 and not isinstance(error, Refused) and not is_fault(error)):
                raise
            return set[str]().union(*[self._settle_alone(item) for item in items])

    def _settle_alone(self, item: Settled) -> set[str]:
        try:
            return self._settle([item])
        except Exception as error:  # noqa: BLE001 - what is no matter of one page _fault raises again
            why = _fault(error, capture=item.capture_id)
        unreadable = Reading(item.reading.rules, PageKind.OTHER, error=why)
        try:
            return self._settle([replace(item, reading=unreadable)])
        except Exception as error:  # noqa: BLE001 - what is no matter of one page _fault raises again
            _fault(error, capture=item.capture_id)
        self.do(self._unsettled, item, why)
        return set()

    def _unsettled(self, c: Connection, item: Settled, why: str) -> None:
        run = settle.give_up(c, item.capture_id, item.reading.rules, why)
        close_finished(c, [run] if run is not None else [], self.clock(), self.policy.expectations)

    def _settle(self, items: Sequence[Settled]) -> set[str]:
        def step(c: Connection) -> set[str]:
            pairs, rows = settle.begin(c, items)
            by_capture = {item.capture_id: item for item in items}
            now = self.clock()
            seen = [(replace(held, at=clocks.past(held.at, now)), at) for held, at in pairs]
            known = settle.load(c, [settling.item(by_capture[held.id], held, at, self._settle_rules) for held, at in seen], rows)
            settling.believe(known, now)
            writes = settling.decide(known, self._settle_rules)
            settle.apply(c, known, writes)
            close_finished(c, writes.concerned, self.clock(), self.policy.expectations)
            return writes.frontier.queues

        return self.do(step)

    def index(self) -> int:
        """Write search rows of documents that have none or old ones; how many documents."""
        return self.do(indexing.index, INDEX_AT_ONCE)


def messages(waiting: Sequence[Pending], readers: int = 1) -> Iterator[list[Pending]]:
    """What waits, cut into what goes to a child at once: never many pages or many bytes, and something for each free reader."""
    most = min(READ_AT_ONCE, -(-len(waiting) // readers))
    group: list[Pending] = []
    size = 0
    for item in waiting:
        if group and (len(group) >= most or size + item.capture.length > READ_BYTES):
            yield group
            group, size = [], 0
        group.append(item)
        size += item.capture.length
    if group:
        yield group


def _may_repeat(exchange: Exchange) -> bool:
    """Is this a whole answer, which an earlier record may hold already?"""
    wire = exchange.wire
    return wire is not None and wire.whole and bool(exchange.payload) and exchange.outcome is not Outcome.NOT_MODIFIED


def _longest_rest(failures: int) -> Millis:
    """How long a source that has failed so often rests."""
    return health.rest(failures, 0) or 0


def _fault(error: Exception, **where: object) -> str:
    """Why one look, page or reading is given up, for its row; with its traceback in the log. What is no matter of one is raised again."""
    if isinstance(error, Refused):
        log.warning("refused", error=error.message, **where)
        return f"refused by the database: {error.message}"
    if not is_fault(error):
        raise error
    log.error("a fault of this program: one page is given up, everything else goes on", exc_info=error, **where)
    return f"fault: {type(error).__name__}: {error}"[:500]


def _words(found: Mapping[str, int]) -> dict[str, int]:
    return {name.replace(".", "_"): count for name, count in found.items()}
