"""The ledger. `seq` is taken last in a transaction, under one lock: its order is commit order, nothing is missed.

On PostgreSQL the lock is an advisory one and is given back after the commit is visible; on SQLite the write transaction itself
is it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import EMPTY, ChangeKind, Millis
from crawler.repository import schema as t
from crawler.repository.database import dump, lock_keys

RANK = {  # how much a reader may want to be told of it
    ChangeKind.GONE: 90,
    ChangeKind.EDIT: 80,
    ChangeKind.HEALTH: 70,
    ChangeKind.CONFLICT: 60,
    ChangeKind.ATTACHMENT: 60,
    ChangeKind.BACK: 50,
    ChangeKind.MOVED: 50,
    ChangeKind.MISSING: 40,
    ChangeKind.WITHHELD: 40,
    ChangeKind.DELISTED: 30,
    ChangeKind.NEW: 20,
    ChangeKind.REREAD: 10,
}


@dataclass(frozen=True, slots=True)
class NewChange:
    """A line to be written. `document`, `before`, `after` (versions) and `look` are row ids; `rank` None: that of its kind."""

    kind: ChangeKind
    at: Millis
    source: str
    document: int | None = None
    before: int | None = None
    after: int | None = None
    look: int | None = None
    detail: Mapping[str, object] = field(default_factory=lambda: EMPTY)
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A line of the ledger as it is shown.

    `document` is a public id, `before` and `after` version numbers, `before_record` and `after_record` their packed records,
    `title` and `doc_no` those of the current version. Times in milliseconds. Lines about a source (`health`) have no document.
    """

    seq: int
    at: Millis
    kind: str
    source: str
    rank: int
    detail: Mapping[str, Any]
    document: str | None
    title: str | None
    doc_no: str | None
    before: int | None
    after: int | None
    before_record: bytes | None
    after_record: bytes | None
    last_seen: Millis | None
    first_missed: Millis | None


def append(c: Connection, changes: Sequence[NewChange]) -> None:
    """Write lines, in this order. The last thing a transaction does: from here on every other writer of the ledger waits."""
    if not changes:
        return
    lock_keys(c, ["ledger"])
    last = c.execute(sa.select(sa.func.coalesce(sa.func.max(t.changes.c.seq), 0))).scalar_one()
    rows = [
        {
            "seq": seq,
            "kind": str(change.kind),
            "at": change.at,
            "source": change.source,
            "document": change.document,
            "before": change.before,
            "after": change.after,
            "look": change.look,
            "rank": RANK[change.kind] if change.rank is None else change.rank,
            "detail": dump(change.detail),
        }
        for seq, change in enumerate(changes, last + 1)
    ]
    c.execute(t.changes.insert(), rows)


@dataclass(frozen=True, slots=True)
class Only:
    """Which lines are asked for. `after`: the last `seq` the reader has; `since`: lines about that time or later; `document`: a row id."""

    after: int = 0
    since: Millis | None = None
    source: str | None = None
    kind: str | None = None
    min_rank: int | None = None
    document: int | None = None


EVERYTHING = Only()


def read(c: Connection, only: Only = EVERYTHING, limit: int = 1000) -> list[ChangeView]:
    """Lines in commit order, `limit` at most; those of withheld documents are left out."""
    before, following, now = t.versions.alias("before_"), t.versions.alias("after_"), t.versions.alias("now_")
    h, d = t.changes.c, t.documents.c
    query = (
        sa.select(
            h.seq, h.at, h.kind, h.source, h.rank, h.detail, d.public_id, now.c.title, now.c.doc_no,
            before.c.n, following.c.n.label("after_n"), before.c.record, following.c.record.label("after_record"),
            d.last_seen, d.first_missed,
        )
        .select_from(t.changes)
        .outerjoin(t.documents, d.id == h.document)
        .outerjoin(now, now.c.id == d.version)
        .outerjoin(before, before.c.id == h.before)
        .outerjoin(following, following.c.id == h.after)
        .where(h.seq > only.after, d.withheld.is_(None))
        .order_by(h.seq)
        .limit(limit)
    )  # fmt: skip
    for column, value in ((h.source, only.source), (h.kind, only.kind), (h.document, only.document)):
        if value is not None:
            query = query.where(column == value)
    if only.since is not None:
        query = query.where(h.at >= only.since)
    if only.min_rank is not None:
        query = query.where(h.rank >= only.min_rank)
    return [_view(list(row)) for row in c.execute(query)]


def _view(values: list[Any]) -> ChangeView:
    values[5] = json.loads(values[5])
    return ChangeView(*values)
