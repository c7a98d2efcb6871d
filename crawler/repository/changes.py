"""The ledger. `seq` is taken last in a transaction, under one lock: its order is commit order, and who remembers it misses nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import ChangeKind, Millis
from crawler.repository import schema as t
from crawler.repository.database import clean, lock_keys

RANK = {
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
    """A line to be written. `document`, `before`, `after` (versions) and `look` are row ids."""

    kind: ChangeKind
    at: Millis
    source: str
    document: int | None = None
    before: int | None = None
    after: int | None = None
    look: int | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


def append(c: Connection, new: Sequence[NewChange]) -> None:
    """Write lines, in this order. The last thing a transaction does."""
    if not new:
        return
    lock_keys(c, ["ledger"])
    seq = c.execute(sa.select(sa.func.coalesce(sa.func.max(t.changes.c.seq), 0))).scalar_one()
    rows = [
        {
            "seq": seq + number,
            "kind": str(change.kind),
            "at": change.at,
            "source": change.source,
            "document": change.document,
            "before": change.before,
            "after": change.after,
            "look": change.look,
            "rank": RANK[change.kind],
            "detail": clean(json.dumps(change.detail, ensure_ascii=False)),
        }
        for number, change in enumerate(new, 1)
    ]
    c.execute(t.changes.insert(), rows)


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A line of the ledger as it is shown. Ids are public ids; `before` and `after` version numbers; `detail` as written."""

    seq: int
    at: Millis
    kind: str
    source: str
    rank: int
    detail: Mapping[str, object]
    document: str | None
    title: str | None
    doc_no: str | None
    before: int | None
    after: int | None
    before_record: str | None
    after_record: str | None
    last_seen: Millis | None
    first_missed: Millis | None


def read(
    c: Connection,
    *,
    after: int = 0,
    since: Millis | None = None,
    source: str | None = None,
    kind: str | None = None,
    min_rank: int | None = None,
    document: int | None = None,
    limit: int = 1000,
) -> list[ChangeView]:
    """Lines in commit order; withheld documents' lines are left out."""
    v_before, v_after, v_now = t.versions.alias("b"), t.versions.alias("a"), t.versions.alias("v")
    where = [t.changes.c.seq > after, t.documents.c.withheld.is_(None)]
    for column, value in ((t.changes.c.source, source), (t.changes.c.kind, kind), (t.changes.c.document, document)):
        if value is not None:
            where.append(column == value)
    if since is not None:
        where.append(t.changes.c.at >= since)
    if min_rank is not None:
        where.append(t.changes.c.rank >= min_rank)
    query = (
        sa.select(
            t.changes.c.seq, t.changes.c.at, t.changes.c.kind, t.changes.c.source, t.changes.c.rank, t.changes.c.detail,
            t.documents.c.public_id, v_now.c.title, v_now.c.doc_no, v_before.c.n, v_after.c.n.label("n2"),
            v_before.c.record, v_after.c.record.label("r2"), t.documents.c.last_seen, t.documents.c.first_missed,
        )
        .select_from(t.changes)
        .outerjoin(t.documents, t.documents.c.id == t.changes.c.document)
        .outerjoin(v_now, v_now.c.id == t.documents.c.version)
        .outerjoin(v_before, v_before.c.id == t.changes.c.before)
        .outerjoin(v_after, v_after.c.id == t.changes.c.after)
        .where(*where)
        .order_by(t.changes.c.seq)
        .limit(limit)
    )  # fmt: skip
    return [ChangeView(*row[:5], json.loads(row[5]), *row[6:]) for row in c.execute(query)]
