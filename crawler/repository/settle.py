"""The settle step's transaction, read and written: what a batch of readings needs of the database, and what it leaves there.

    load ─▶ Known ─▶ pipeline.settle.decide ─▶ Writes ─▶ apply

A fixed number of statements, however many readings there are (a long list is asked for in parts). On PostgreSQL the addresses, then the
match digests, then the readings are locked, in one order, so that two processes cannot both find the same thing new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.archive.members import Damage
from crawler.archive.writer import brought
from crawler.model import GOOD, MISSES, Kind, Millis, PageKind
from crawler.record.reading import Reading
from crawler.repository import (
    addresses,
    attachments,
    captures,
    changes,
    continuations,
    documents,
    frontier,
    list_pages,
    listings,
    looks,
    queues,
    readings,
    runs,
    versions,
    works,
)
from crawler.repository import schema as t
from crawler.repository.addresses import Address, Seed
from crawler.repository.attachments import Held, Linked, NewContent
from crawler.repository.captures import CaptureRow
from crawler.repository.changes import NewChange
from crawler.repository.continuations import Question, Rounds
from crawler.repository.database import block, chunks, clean, lock_keys
from crawler.repository.documents import Document
from crawler.repository.frontier import Moves
from crawler.repository.list_pages import Pages
from crawler.repository.list_readings import ListReading
from crawler.repository.listings import Listing
from crawler.repository.looks import Look
from crawler.repository.queues import QueueRow
from crawler.repository.readings import PENDING, ReadingRow
from crawler.repository.rows import RunRow
from crawler.repository.search import index
from crawler.repository.versions import NewVersion
from crawler.repository.works import Works

MOST_HOPS = 10


@dataclass(frozen=True, slots=True)
class Settled:
    """A capture that was read (or could not be: `reading.error`), together with the captures `made_of`.

    `hurt`: the places that were found damaged while they were to be read. `again`: nobody looked at the page, we only read it again.
    """

    capture_id: int
    reading: Reading
    made_of: tuple[int, ...] = ()
    hurt: tuple[Damage, ...] = ()
    again: bool = False
    keep: ListReading | None = None  # what of it is kept for the page's next look


@dataclass(frozen=True, slots=True)
class Item:
    """A reading with the capture and the address it is of, and the seeds of whatever its page names."""

    settled: Settled
    capture: CaptureRow
    address: Address
    rows: tuple[Seed, ...] = ()  # of a list
    further: tuple[Seed, ...] = ()  # continuations, or the following pages of a list
    redirect: Seed | None = None
    files: tuple[Seed, ...] = ()  # documents that its notices link to

    @property
    def seeds(self) -> tuple[Seed, ...]:
        """All of them."""
        return (*self.rows, *self.further, *((self.redirect,) if self.redirect else ()), *self.files)


@dataclass(slots=True)
class Known:
    """What the database knows of a batch's readings. The batch is folded into it, reading by reading; it is used up by that.

    `addresses` by URL key, of the captures and of what their pages name; `looks` by address; `read`: address → latest capture that was
    read; `well`: looks before which their host had answered; `late`: captures that were brought in when their address had been looked at
    since; `bodies` by version; `records` of versions that are read again from their own capture; `hops`: URL key → addresses that led
    there; `led`: run → its list pages that led on; `contents` by digest, of documents that were read; ids: row ids for what a batch may
    make.
    """

    items: list[Item] = field(default_factory=list)
    addresses: dict[str, Address] = field(default_factory=dict)
    readings: dict[int, ReadingRow] = field(default_factory=dict)
    runs: dict[int, RunRow] = field(default_factory=dict)
    looks: dict[int, list[Look]] = field(default_factory=dict)
    read: dict[int, int] = field(default_factory=dict)
    well: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    queues: dict[str, QueueRow] = field(default_factory=dict)
    documents: dict[int, list[Document]] = field(default_factory=dict)
    bodies: dict[int, tuple[str, ...]] = field(default_factory=dict)
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    captures: dict[int, CaptureRow] = field(default_factory=dict)
    works: Works = field(default_factory=Works)
    rounds: Rounds = field(default_factory=Rounds)
    listings: dict[tuple[str, int], Listing] = field(default_factory=dict)
    no_record: set[int] = field(default_factory=set)
    pages: Pages = field(default_factory=Pages)
    looked: set[tuple[int, int]] = field(default_factory=set)
    hops: dict[str, int] = field(default_factory=dict)
    led: dict[int, int] = field(default_factory=dict)
    document_ids: list[int] = field(default_factory=list)
    work_ids: list[int] = field(default_factory=list)
    version_ids: list[int] = field(default_factory=list)
    linked: Linked = field(default_factory=Linked)
    contents: dict[str, Held] = field(default_factory=dict)
    content_ids: list[int] = field(default_factory=list)

    def address_of(self, seed: Seed) -> Address:
        """The address a seed names."""
        return self.addresses[seed.key]


@dataclass(slots=True)
class Writes:
    """What the batch leaves in the database. `concerned`: runs that may be over now."""

    addresses: dict[int, Address] = field(default_factory=dict)
    readings: dict[int, ReadingRow] = field(default_factory=dict)
    made: list[Document] = field(default_factory=list)
    versions: list[NewVersion] = field(default_factory=list)
    seen: dict[int, Document] = field(default_factory=dict)
    changed: dict[int, Document] = field(default_factory=dict)
    listings: dict[tuple[str, int], Listing] = field(default_factory=dict)
    frontier: Moves = field(default_factory=Moves)
    contents: list[NewContent] = field(default_factory=list)
    unindexed: set[int] = field(default_factory=set)
    changes: list[NewChange] = field(default_factory=list)
    concerned: set[int] = field(default_factory=set)


def begin(c: Connection, settled: Sequence[Settled]) -> tuple[list[tuple[CaptureRow, Address]], dict[int, ReadingRow]]:
    """The captures with their addresses, held until the transaction ends, and their readings as they are now. Oldest capture first."""
    held = captures.rows(c, [item.capture_id for item in settled])
    known = addresses.by_id(c, {capture.url for capture in held.values()}, lock=True)
    lock_keys(c, {f"match {n.match_digest}" for item in settled for n in item.reading.notices if n.match_digest})
    lock_keys(c, {f"content {item.reading.file.digest}" for item in settled if item.reading.file is not None})
    if any(item.reading.continues for item in settled):
        continuations.lock(c)
    rows = readings.lock(c, held)
    pairs = [(capture, known[capture.url]) for _, capture in sorted(held.items())]
    return [pair for pair in pairs if (row := rows.get(pair[0].id)) is not None and row.state == PENDING], rows


def load(c: Connection, items: Sequence[Item], rows: dict[int, ReadingRow]) -> Known:
    """Everything else that `items` need."""
    known = Known(items=list(items), readings=rows)
    known.addresses = addresses.ensure(c, [seed for item in items for seed in item.seeds])
    known.addresses |= {item.address.key: item.address for item in items}  # one object for each address
    known.runs = runs.by_id(c, {run for item in items if (run := rows[item.capture.id].run) is not None})
    lists = [item for item in items if item.address.kind == Kind.LIST]
    notices = [item for item in items if item.address.kind != Kind.LIST]
    _load_lists(c, known, lists)
    _load_notices(c, known, notices)
    _load_redirects(c, known)
    _load_files(c, known)
    open_runs = {run.id for run in known.runs.values() if run.is_open}
    followed = {known.address_of(seed).id for item in items for seed in item.seeds}
    known.looked = looks.looked(c, open_runs, followed | known.rounds.addresses.keys())
    return known


def _load_lists(c: Connection, known: Known, items: Sequence[Item]) -> None:
    if not items:
        return
    rows = {known.address_of(seed).id for item in items for seed in item.rows}
    known.listings = listings.load(c, {item.address.source for item in items}, rows)
    known.no_record = readings.without_record(c, rows)
    known.queues |= queues.load(c, {seed.queue for item in items for seed in item.rows})
    own = {item.address.id for item in items} | {known.address_of(seed).id for item in items for seed in item.further}
    known.pages = list_pages.load(c, known.runs, own)
    known.pages.grown = list_pages.grown(c, {run for item in items if (run := _ending(known, item)) is not None})


def _ending(known: Known, item: Item) -> int | None:
    """The run whose column may end at this page."""
    reading, run = item.settled.reading, known.readings[item.capture.id].run
    fresh = any(
        (held := known.listings.get((item.address.source, known.address_of(seed).id))) is None or held.run != run
        for seed in item.rows
    )
    goes_on = reading.next_list is not None and reading.page_kind is PageKind.LIST and fresh
    return None if goes_on else run


def _load_notices(c: Connection, known: Known, items: Sequence[Item]) -> None:
    if not items:
        return
    ids = {item.address.id for item in items}
    for look in looks.since(c, {item.capture.id for item in items}):
        known.looks.setdefault(look.url, []).append(look)
    known.late = looks.late(
        c, {item.capture.id for item in items if brought(item.capture.file) and item.capture.at < (item.address.last_look or 0)}
    )
    known.read = captures.last_read(c, ids)
    known.documents = documents.current_at(c, ids)
    known.queues |= queues.load(c, {item.address.queue for item in items})
    beside = {document.current.capture for listed in known.documents.values() for document in listed if document.current}
    known.readings |= readings.lock(c, beside - known.readings.keys())
    _load_rounds(c, known, items)
    _load_well(c, known)
    found = [notice for item in items for notice in item.settled.reading.notices]
    digests = {notice.match_digest for notice in found if notice.match_digest}
    held = [(document.id, document.work) for listed in known.documents.values() for document in listed] if digests else []
    known.works = works.load(c, digests, held)
    known.document_ids = list(block(c, t.documents, len(found)))
    known.work_ids = list(block(c, t.works, len(found)))
    known.version_ids = list(block(c, t.versions, len(found)))


def _load_rounds(c: Connection, known: Known, items: Sequence[Item]) -> None:
    """The rounds of the captures; and, where something of a record is or was missing, the paragraphs of what is known of it."""
    renamed = {
        item.capture.id: (item.address.key, tuple(dict.fromkeys(known.address_of(seed).id for seed in item.further)))
        for item in items
        if item.settled.reading.error is None
    }
    numbers = {look.run for listed in known.looks.values() for look in listed if look.run is not None}
    asked = Question(
        runs=frozenset(numbers | known.runs.keys()), captures=frozenset(item.capture.id for item in items), renamed=renamed
    )
    known.rounds = continuations.load(c, asked)
    shown = {seen.capture for seen in known.rounds.seen.values() if seen.capture is not None}
    known.captures = captures.rows(c, shown) if shown else {}
    doubtful = {
        item.address.id
        for item in items
        if known.rounds.named.get(item.capture.id) or any(notice.incomplete for notice in item.settled.reading.notices)
    }
    wanted = {
        document.current.version
        for url, listed in known.documents.items()
        for document in listed
        if document.current and (url in doubtful or not document.current.whole)
    }
    known.bodies = versions.bodies(c, wanted) if wanted else {}
    rules = {item.capture.id: item.settled.reading.rules for item in items}
    again = {
        current.version
        for listed in known.documents.values()
        for document in listed
        if (current := document.current) is not None and rules.get(current.capture, current.rules) != current.rules
    }
    known.records = versions.records(c, again) if again else {}


def _load_files(c: Connection, known: Known) -> None:
    """Who links to the addresses of documents, and what was read of the same bytes before."""
    shown = [item for item in known.items if item.settled.reading.file is not None]
    asked = {item.address.id for item in shown} | {
        item.address.id for item in known.items if item.address.kind == Kind.ATTACHMENT
    }
    if not asked:
        return
    known.linked = attachments.linked(c, asked, {address.id: address for address in known.addresses.values()})
    digests = {item.settled.reading.file.digest for item in shown if item.settled.reading.file is not None}
    known.contents = attachments.by_digest(c, digests)
    known.content_ids = list(block(c, t.contents, len(digests)))


def _load_well(c: Connection, known: Known) -> None:
    """Of looks that may be misses: had their hosts answered others by then?"""
    empty = {item.capture.id for item in known.items if not item.settled.reading.notices}
    misses = {
        look.id
        for listed in known.looks.values()
        for look in listed
        if look.outcome in MISSES or look.leads or (look.outcome in GOOD and look.capture in empty)
    }
    known.well = looks.well_then(c, misses)


_chain = (
    sa.select(t.urls.c.key.label("of"), t.urls.c.kind, t.urls.c.via, sa.literal(0).label("hops"))
    .where(t.urls.c.key.in_(sa.bindparam("keys", expanding=True)))
    .cte("chain", recursive=True)
)
_chain = _chain.union_all(
    sa.select(_chain.c.of, t.urls.c.kind, t.urls.c.via, _chain.c.hops + 1)
    .select_from(t.urls)
    .join(_chain, t.urls.c.key == _chain.c.via)
    .where(t.urls.c.kind == str(Kind.DETAIL), _chain.c.hops < MOST_HOPS)
)
HOPS = sa.select(_chain.c.of, sa.func.max(_chain.c.hops).label("hops")).group_by(_chain.c.of)
LED = (
    sa.select(t.looks.c.run, sa.func.count().label("led"))
    .select_from(t.readings)
    .join(t.looks, t.looks.c.capture == t.readings.c.capture)
    .join(t.urls, t.urls.c.id == t.looks.c.url)
    .where(
        t.looks.c.run.in_(sa.bindparam("runs", expanding=True)),
        t.urls.c.kind == str(Kind.LIST),
        t.readings.c.page_kind == str(PageKind.REDIRECT),
    )
    .group_by(t.looks.c.run)
)


def _load_redirects(c: Connection, known: Known) -> None:
    """How many redirects lie behind the pages that lead on by themselves."""
    leading = [item for item in known.items if item.redirect is not None]
    if not leading:
        return
    keys = sorted({item.address.key for item in leading})
    known.hops = {row.of: row.hops for some in chunks(keys) for row in c.execute(HOPS, {"keys": some})}
    known.led = {row.run: row.led for row in c.execute(LED, {"runs": sorted(known.runs)})}


def apply(c: Connection, known: Known, writes: Writes, now: Millis) -> None:
    """Write it: one statement a table."""
    addresses.save(c, writes.addresses.values())
    if again := [item.id for item in writes.contents if item.again]:
        held = attachments.indexed_with(c, again)
        index.forget(c, held)
        attachments.unindex(c, held)
    attachments.save(c, writes.contents)
    captures.hurt(c, {place for item in known.items for place in item.settled.hurt}, now)
    works.insert(c, known.works)
    documents.insert(c, writes.made)
    versions.insert(c, writes.versions)
    documents.save(c, writes.seen.values(), writes.changed.values())
    works.save(c, known.works)
    continuations.save(c, known.rounds)
    readings.save(c, writes.readings.values())
    listings.save(c, writes.listings.values())
    list_pages.save(c, known.pages.changed.values())
    frontier.apply(c, writes.frontier)
    attachments.unindex(c, writes.unindexed)
    if any(item.address.kind == Kind.LIST or item.redirect is not None or item.files for item in known.items):
        runs.save_met(c, known.runs.values())
    changes.append(c, writes.changes)


def give_up(c: Connection, capture: int, rules: str, why: str) -> int | None:
    """A capture that no reading can be settled of is unreadable, if it is still pending; the run that waited for it."""
    row = readings.lock(c, [capture]).get(capture)
    if row is None or row.state != readings.PENDING:
        return None
    run, row.run = row.run, None
    row.state, row.page_kind, row.rules, row.error = readings.UNREADABLE, "other", rules, clean(why)[:2000]
    readings.save(c, [row])
    return run
