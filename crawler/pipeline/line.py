"""The line, and the steps it is made of. Each step is idempotent and runs in a thread; nothing here waits for the network.

    scheduler ─▶ frontier ─▶ fetcher ─▶ archive ─▶ keep │ parsers ─▶ normalize ─▶ judge ─▶ settle ─▶ query
       slot        Task      Exchange    Capture        │  Reading     Record     Verdict   changes
                   ─────────── KEEP ─────────────       │  ─────────────── SETTLE ───────────────

keep    exchanges → WARC → fsync → one transaction {capture, look, next due, reading = pending}
settle  a capture read in a child → one transaction {load what is known, judge, apply, ledger} → reading = done
index   documents marked "not indexed" → search rows, in large transactions
adopt   the files of dead processes → what they had archived but not committed, through the same keep
"""

import contextlib
import functools
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog

from crawler.archive.members import Damage
from crawler.archive.reader import damage_of, open_page, size_of, whole
from crawler.archive.writer import Archive, digest_of
from crawler.errors import DamagedRecord, Refused, Unreachable
from crawler.model import Capture, Exchange, Kept, Kind, Millis, Octets, Original, Outcome, Page, PageKind, Task, now_ms
from crawler.parsers.protocol import File
from crawler.parsers.version import ABSENT
from crawler.pipeline import keep as keeping
from crawler.pipeline import seeding, unchanged
from crawler.pipeline import settle as settling
from crawler.pipeline.closing import close_finished
from crawler.pipeline.handover import HandOver, is_to_be_read
from crawler.pipeline.member import Member
from crawler.pipeline.policy import Policy
from crawler.pipeline.readers import Job, Readers
from crawler.politeness import clocks
from crawler.record.reading import Reading
from crawler.repository import captures, evidence, files, frontier, keep, leases, list_readings, origins, runs, settings, settle
from crawler.repository.captures import Holding
from crawler.repository.database import Connection, Database, is_fault, savepoint
from crawler.repository.evidence import FAIL, REFUSAL, Event
from crawler.repository.list_readings import ListReading
from crawler.repository.reader import refuse_unfinished
from crawler.repository.readings import Pending
from crawler.repository.search import index as search_index
from crawler.repository.settings import Moved
from crawler.repository.settle import Known, Settled, Writes

T = TypeVar("T")

log = structlog.get_logger()

INDEX_AT_ONCE = 200  # documents of one transaction, whose texts are held until it is over
LONGEST_HEAD = 8192  # bytes of an answer's head that a log shows


class Line(Member):
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
        super().__init__(database, archive, owner, clock)
        self.readers = readers
        self._handover = HandOver()
        self._examined: set[str] = set()  # files that were looked through for damage
        self._use(policy)

    def _use(self, policy: Policy) -> None:
        self.policy, watch = policy, policy.config.watch
        self._keep_rules = keeping.Rules(watch, policy.version, policy.queue, policy.pause, policy.beyond)
        self._settle_rules = seeding.Rules(
            watch, policy.queue, lambda name: policy.rules(name).list, policy.beyond, policy.unfetched
        )

    # -------------------------------------------------------------- the process
    def begin(self, what: str, *, inherit: bool = True) -> None:
        """Tell the database what sources there are and that this process works on the archive; put right what a clock that was ahead
        has left; take over from the dead (`inherit`); close what waits for nothing more. Raises RepositoryError when the database is away."""
        self.what = what
        self.fellows.begin()

        def step(c: Connection) -> Moved:
            if inherit:
                refuse_unfinished(c, self.database.name)
            moved = settings.sync(c, self.policy.settings())
            runs.beat(c, self.owner, what, self.clock())
            return moved

        moved = self.database.do(step)
        self.put_right()
        if inherit:
            self.inherit()
        self.do(lambda c: close_finished(c, runs.open_ids(c), self.clock(), self.policy.expectations))
        _say(moved)

    def take_over(self, policy: Policy) -> None:
        """Go on under another configuration; belongs to the thread of `keep`. Raises RepositoryError, and then nothing has changed."""

        def step(c: Connection) -> Moved:
            moved = settings.sync(c, policy.settings())
            close_finished(c, moved.shelved, self.clock(), policy.expectations)
            return moved

        moved = self.do(step)
        self._use(policy)
        _say(moved)

    def close(self) -> None:
        """Close the archive's file and give back whatever this process still holds. May be called twice."""
        self.archive.close()
        finished = self.archive.finished()

        def step(c: Connection) -> None:
            files.closed(c, finished, self.owner)
            leases.release_owner(c, self.owner)
            runs.leave(c, self.owner)

        self.outage.end()
        told = False
        try:
            self.do(step)
            told = True
        finally:
            self.fellows.end(told=told)

    # -------------------------------------------------------------- keep
    def keep(self, exchanges: Sequence[Exchange], fences: Mapping[str, int] | None) -> None:
        """Archive, fsync, commit. When it returns, the looks survive whatever happens next. `fences` None: others have looked.

        Raises ArchiveError or RepositoryError; what is in the archive by then is adopted at the next start.
        """
        try:
            self._archive_and_commit(exchanges, fences)
        except BaseException:
            self.archive.abandon()
            raise

    def _archive_and_commit(self, exchanges: Sequence[Exchange], fences: Mapping[str, int] | None) -> None:
        faults: list[tuple[Task, str]] = []

        def each(step: Callable[[Exchange], T], listed: Sequence[Exchange]) -> Iterator[tuple[Exchange, T]]:
            for exchange in listed:
                try:
                    yield exchange, step(exchange)
                except Exception as error:  # noqa: BLE001 - what is no matter of one look _fault raises again
                    faults.append((exchange.task, _fault(error, url=exchange.task.request.url)))

        digests = dict(each(digest_of, exchanges))
        held = self._standing(
            self.ask(captures.holding, {digest for exchange, digest in digests.items() if _may_repeat(exchange)})
        )
        looks = list(each(lambda exchange: self._append(exchange, digests[exchange], held), list(digests)))
        self.archive.sync()
        kept, finished = [look for _, look in looks], self.archive.finished()

        def step(c: Connection) -> None:
            origins.put(c, [exchange.origin for exchange in exchanges if exchange.origin is not None])
            self.commit(c, kept, self.owner, fences)
            files.closed(c, finished, self.owner)
            for task, reason in faults:
                self._give_up(c, task, reason)

        self.do(step)
        for exchange, look in looks:
            if look.capture and exchange.page and is_to_be_read(look, look.capture):
                self._handover.put(look.capture.record_id, exchange.page)
        if log.is_enabled_for(logging.DEBUG):
            for exchange, look in looks:
                _say_look(look, exchange)

    def _append(self, exchange: Exchange, digest: str, held: dict[str, Original]) -> Kept:
        repeats = _may_repeat(exchange)
        look = self.archive.append(exchange, held.get(digest) if repeats else None, digest)
        if look.capture and look.capture.type == "response" and repeats:
            held.setdefault(digest, Original(look.capture.record_id, look.capture.url, look.capture.at, digest))
        return look

    def _standing(self, found: Sequence[Holding]) -> dict[str, Original]:
        """By payload digest, the records that a revisit may refer to: those whose files are there and long enough."""
        sizes = {name: size_of(self.archive.folder, name) for name in {holding.file for holding in found}}
        held: dict[str, Original] = {}
        for holding in found:
            if holding.end <= sizes[holding.file]:
                held.setdefault(holding.original.payload_digest, holding.original)
        return held

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
            evidence.happened(c, Event(REFUSAL, look.look, self.clock(), owner, FAIL, [{"said": reason}]))
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
        hurt: dict[int, tuple[Damage, ...]] = {}
        jobs: list[tuple[Pending, Job]] = []
        keep: dict[int, ListReading | None] = {}
        for item in waiting:
            try:
                said = self._said_or_job(item)
                if isinstance(said, Job):
                    jobs.append((item, said))
                else:
                    found[item.capture_id], keep[item.capture_id] = self._placed(item, said[0]), said[1]
            except DamagedRecord as error:
                found[item.capture_id] = self._unread(item, f"damaged: {error}")
                hurt[item.capture_id] = self._hurt(item)
                log.warning("damaged", url=item.public_url, said=error.message)
            except Exception as error:  # noqa: BLE001 - what is no matter of one page _fault raises again
                found[item.capture_id] = self._unread(item, _fault(error, capture=item.capture_id))
        read = self._read(jobs)
        keep |= {item.capture_id: unchanged.kept(item, job, read[item.capture_id]) for item, job in jobs}
        found |= {item.capture_id: self._placed(item, read[item.capture_id]) for item, _ in jobs}
        made_of = {item.capture_id: tuple(more.capture_id for more in item.more) for item in waiting}
        return [
            Settled(number, found[number], more, hurt.get(number, ()), keep=keep.get(number)) for number, more in made_of.items()
        ]

    def read_as_list(self, item: Pending) -> Reading:
        """What a page says when it is taken for a list; nothing is settled. Raises DamagedRecord."""
        page = self._page(item.capture, item.payload)
        return self.readers.read(Job(page, Kind.LIST, self.policy.rules(item.source), item.public_url))

    def _said_or_job(self, item: Pending) -> tuple[Reading, ListReading | None] | Job:
        """What a page says that is as it was when it was read last, with what is kept of it; else what a child is told. Raises DamagedRecord."""
        page = functools.cache(functools.partial(self._page, item.capture, item.payload))
        return unchanged.taken(item, self.policy.rules(item.source), page) or self._job(item, page())

    def _read(self, jobs: Sequence[tuple[Pending, Job]]) -> dict[int, Reading]:
        """By capture; where all at once fail by a fault of ours, one by one."""
        if not jobs:
            return {}
        try:
            readings = self.readers.read_many([job for _, job in jobs])
            return {item.capture_id: read for (item, _), read in zip(jobs, readings, strict=True)}
        except Exception as error:
            if len(jobs) > 1:
                if not is_fault(error):
                    raise
                return {number: read for job in jobs for number, read in self._read([job]).items()}
            ((item, _),) = jobs
            return {item.capture_id: self._unread(item, _fault(error, capture=item.capture_id))}

    def _unread(self, item: Pending, why: str) -> Reading:
        return Reading(self.policy.version(item.source), PageKind.OTHER, error=why)

    def _hurt(self, item: Pending) -> tuple[Damage, ...]:
        """Where the bytes a reading rests on are not what was written; its own place where none of them can be named.

        A file in which one record is damaged is looked through once, so that what else it has lost is not come upon page by page.
        """
        folder = self.archive.folder
        pieces = [item.capture, item.payload, *(held for more in item.more for held in (more.capture, more.payload))]
        bad = [held for held in pieces if held is not None and not whole(folder, held)] or [item.capture]
        places = {Damage(held.file, held.offset, held.length) for held in bad}
        for name in {held.file for held in bad} - self._examined:
            self._examined.add(name)
            places.update(damage_of(folder, name))
        return tuple(places)

    def _job(self, waiting: Pending, page: Page) -> Job:
        """What a child is told. Raises DamagedRecord."""
        more = [(piece.key, self._page(piece.capture, piece.payload)) for piece in waiting.more]
        if shown := waiting.absent:
            with contextlib.suppress(DamagedRecord):  # what the site has not is told without it
                more.append((ABSENT, self._page(shown.capture, shown.payload)))
        file = File(waiting.name, self.policy.limits()) if waiting.kind is Kind.ATTACHMENT else None
        rules = self.policy.rules(waiting.source)
        return Job(page, waiting.kind, rules, waiting.public_url, tuple(more), waiting.request, waiting.like, file)

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
            known, writes = self.decided(c, items)
            settle.apply(c, known, writes, self.clock())
            list_readings.save(c, [item.keep for item in items if item.keep is not None])
            close_finished(c, writes.concerned, self.clock(), self.policy.expectations)
            return writes.frontier.queues

        return self.do(step)

    def decided(self, c: Connection, items: Sequence[Settled]) -> tuple[Known, Writes]:
        """What these readings come to, nothing of it written."""
        pairs, rows = settle.begin(c, items)
        by_capture = {item.capture_id: item for item in items}
        now = self.clock()
        seen = [(held if held.at <= now else replace(held, at=clocks.past(held.at, now)), at) for held, at in pairs]
        known = settle.load(c, [seeding.item(by_capture[held.id], held, at, self._settle_rules) for held, at in seen], rows)
        seeding.believe(known, now)
        return known, settling.decide(known, self._settle_rules)

    def index(self) -> int:
        """Write search rows of documents that have none or old ones; how many documents."""
        return self._index(INDEX_AT_ONCE, search_index.ALL)

    def _index(self, limit: int, among: tuple[int, int]) -> int:
        """Half by half where all at once fail, down to the one whose fault it is: it is given up with the reason."""
        try:
            return self.do(search_index.index, limit, among)
        except Exception as error:
            if not isinstance(error, Refused) and not is_fault(error):
                raise
            ids = self.ask(search_index.waiting, limit, among)
            if len(ids) == 1:
                self.do(search_index.give_up, ids[0], _fault(error, document=ids[0]))
            if len(ids) < 2:
                return len(ids)
        middle = len(ids) // 2
        halves = ids[:middle], ids[middle:]
        return sum(self._index(len(half), (half[0], half[-1])) for half in halves)


def _say_look(look: Kept, exchange: Exchange) -> None:
    """A line for the look, and one for what was sent and what came. Cookies stand in neither."""
    task, wire, capture = look.task, exchange.wire, look.capture
    log.debug(
        "look", source=task.source, kind=str(task.kind), url=task.request.url, outcome=str(look.outcome), status=look.status, ms=look.ms,
        bytes=len(wire.response) if wire else 0, **({"detail": look.detail} if look.detail else {}),
    )  # fmt: skip
    if wire is not None:
        place = {"file": capture.file, "offset": capture.offset} if capture else {}
        log.debug(
            "exchange", method=task.request.method, url=task.request.url, queue=task.queue, at=look.at, status=look.status,
            head=_head(wire.response), **place,
        )  # fmt: skip


def _head(response: Octets) -> list[str]:
    """The lines of an answer's head."""
    lines = bytes(response[:LONGEST_HEAD]).partition(b"\r\n\r\n")[0].decode("latin-1").splitlines()
    return [line if not line.lower().startswith("set-cookie") else "Set-Cookie: redacted" for line in lines]


def _say(moved: Moved) -> None:
    """What became of the archive by another configuration."""
    for old, new in moved.renamed.items():
        log.info("source renamed", source=new, was=old)
    if moved.queued or moved.shelved:
        log.info("adapted to the configuration", addresses_in_another_queue=moved.queued, runs_given_up=len(moved.shelved))


def _may_repeat(exchange: Exchange) -> bool:
    """Is this a whole answer, which an earlier record may hold already?"""
    wire = exchange.wire
    return wire is not None and wire.whole and bool(exchange.payload) and exchange.outcome is not Outcome.NOT_MODIFIED


def _fault(error: Exception, **where: object) -> str:
    """Why one look, page or reading is given up, for its row; with its traceback in the log. What is no matter of one is raised again."""
    if isinstance(error, Refused):
        log.warning("refused", error=error.message, **where)
        return f"refused by the database: {error.message}"
    if not is_fault(error):
        raise error
    log.error("a fault of this program: one page is given up, everything else goes on", exc_info=error, **where)
    return f"fault: {type(error).__name__}: {error}"[:500]
