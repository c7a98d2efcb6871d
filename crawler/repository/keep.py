"""The keep step's transaction, read and written: what a batch of looks needs of the database, and what it leaves there.

    load ─▶ Known ─▶ pipeline.keep.decide ─▶ Writes ─▶ apply

A fixed number of statements, however many looks there are. What is loaded is locked (PostgreSQL) in one order of tables and ids: queues
first, which carry the fences, then addresses, then readings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection

from crawler.model import GOOD, MISSES, Kept, Kind, Outcome
from crawler.politeness.host import Probe
from crawler.repository import (
    addresses,
    attachments,
    captures,
    changes,
    continuations,
    documents,
    files,
    frontier,
    list_pages,
    looks,
    origins,
    queues,
    readings,
    runs,
)
from crawler.repository import schema as t
from crawler.repository.addresses import Address, Seed
from crawler.repository.attachments import Linked
from crawler.repository.changes import NewChange
from crawler.repository.continuations import Question, Rounds
from crawler.repository.database import block
from crawler.repository.documents import Document
from crawler.repository.frontier import Moves
from crawler.repository.list_pages import Pages
from crawler.repository.queues import QueueRow
from crawler.repository.readings import ReadingRow
from crawler.repository.rows import RunRow


@dataclass(slots=True)
class Known:
    """What the database knows of a batch's looks. The batch is folded into it, look by look; it is used up by that.

    `told`: record ids of looks that stand already; `originals`: capture by WARC-Record-ID; `looked`: (run, address) of looks that were;
    `documents` by address; `files`: address of a page → those of the documents its notices link to; `look_ids`, `capture_ids`: a row id for each look of the batch, and for its capture.
    """

    told: set[str] = field(default_factory=set)
    addresses: dict[str, Address] = field(default_factory=dict)
    runs: dict[tuple[str, str, int], RunRow] = field(default_factory=dict)
    originals: dict[str, int] = field(default_factory=dict)
    queues: dict[str, QueueRow] = field(default_factory=dict)
    readings: dict[int, ReadingRow] = field(default_factory=dict)
    documents: dict[int, list[Document]] = field(default_factory=dict)
    rounds: Rounds = field(default_factory=Rounds)
    pages: Pages = field(default_factory=Pages)
    looked: set[tuple[int, int]] = field(default_factory=set)
    files: dict[int, list[Address]] = field(default_factory=dict)
    linked: Linked = field(default_factory=Linked)
    look_ids: Sequence[int] = ()
    capture_ids: Sequence[int] = ()


@dataclass(slots=True)
class Writes:
    """What the batch leaves in the database. `concerned`: runs that may be over now."""

    captures: list[dict[str, object]] = field(default_factory=list)
    looks: list[dict[str, object]] = field(default_factory=list)
    addresses: dict[int, Address] = field(default_factory=dict)
    queues: dict[str, QueueRow] = field(default_factory=dict)  # held
    told: dict[str, QueueRow] = field(default_factory=dict)  # of whom the archive tells
    readings: dict[int, ReadingRow] = field(default_factory=dict)
    documents: dict[int, Document] = field(default_factory=dict)
    frontier: Moves = field(default_factory=Moves)
    probes: list[Probe] = field(default_factory=list)
    changes: list[NewChange] = field(default_factory=list)
    concerned: set[int] = field(default_factory=set)


def load(c: Connection, batch: Sequence[Kept], seeds: Sequence[Seed]) -> Known:
    """`seeds`: the addresses of the batch's looks, and those its redirects lead to."""
    known = Known(
        queues=queues.load(c, {kept.task.queue for kept in batch}, lock=True),
        told=looks.told(c, [kept.look for kept in batch]),
    )
    if any(kept.task.kind is Kind.CONTINUATION for kept in batch):
        continuations.lock(c)
    known.addresses = addresses.ensure(c, seeds, lock=True)
    known.runs = runs.ensure(c, [kept.task.run for kept in batch])
    records = {kept.capture.original.record_id for kept in batch if kept.capture and kept.capture.original}
    known.originals = captures.by_record(c, records) if records else {}
    _load_rounds(c, known, batch)
    before = {address.last_capture for address in known.addresses.values() if address.last_capture is not None}
    known.readings = readings.lock(c, before | known.rounds.named.keys())
    noticed = {known.addresses[kept.task.key].id for kept in batch if kept.task.kind is Kind.DETAIL}
    known.documents = documents.at(c, noticed) if noticed else {}
    _load_files(c, known, batch)
    _load_targets(c, known, batch)
    known.look_ids = list(block(c, t.looks, len(batch)))
    known.capture_ids = list(block(c, t.captures, len(batch)))
    return known


def _load_rounds(c: Connection, known: Known, batch: Sequence[Kept]) -> None:
    own = [known.addresses[kept.task.key] for kept in batch]
    asked = Question(
        runs=frozenset(run.id for run in known.runs.values()),
        captures=frozenset(address.last_capture for address in own if address.last_capture is not None),
        ids=frozenset(address.id for address in own),
        vias=frozenset(kept.task.via for kept in batch if kept.task.kind is Kind.CONTINUATION and kept.task.via),
    )
    known.rounds = continuations.load(c, asked)


def _load_files(c: Connection, known: Known, batch: Sequence[Kept]) -> None:
    """What notices that are as they were link to; and of documents that may be missed, or back, who links to them."""
    as_it_was = {
        known.addresses[kept.task.key].id for kept in batch if kept.outcome in (Outcome.SAME_BYTES, Outcome.NOT_MODIFIED)
    }
    linking = {number for number in as_it_was if any(held.attached for held in known.documents.get(number, ()))}
    known.files = attachments.of_pages(c, linking)
    files = [(kept, known.addresses[kept.task.key]) for kept in batch if kept.task.kind is Kind.ATTACHMENT]
    asked = {held.id for kept, held in files if kept.outcome in MISSES or kept.leads or held.misses}
    by_id = {address.id: address for address in known.addresses.values()}
    known.linked = attachments.linked(c, asked, by_id)


def _load_targets(c: Connection, known: Known, batch: Sequence[Kept]) -> None:
    """What redirects and lists that did not come need: who was looked at already, and the pages of their columns."""
    ids = {address.id for address in known.addresses.values()} | known.rounds.addresses.keys()
    ids |= {held.id for listed in known.files.values() for held in listed}
    moved = any(kept.outcome is Outcome.REDIRECTED for kept in batch)
    numbers = {run.id for run in known.runs.values()}
    if moved or known.rounds.named or known.files:
        known.looked = looks.looked(c, numbers, ids)
    lists = [kept for kept in batch if kept.task.kind is Kind.LIST and kept.outcome not in GOOD]
    if lists:
        known.pages = list_pages.load(c, numbers, {known.addresses[kept.task.key].id for kept in lists})


def apply(c: Connection, batch: Sequence[Kept], owner: str, known: Known, writes: Writes) -> None:
    """Write it: one statement a table."""
    files.reached(c, batch, owner)
    captures.insert(c, writes.captures)
    looks.insert(c, writes.looks)
    addresses.save(c, writes.addresses.values())
    queues.save(c, writes.queues.values())
    queues.tell(c, writes.told.values())
    readings.save(c, writes.readings.values())
    documents.save(c, writes.documents.values(), ())
    continuations.save(c, known.rounds)
    frontier.apply(c, writes.frontier)
    list_pages.save(c, known.pages.changed.values())
    origins.probed(c, writes.probes)
    if known.files or any(kept.outcome is Outcome.REDIRECTED for kept in batch):
        runs.save_met(c, known.runs.values())
    changes.append(c, writes.changes)
