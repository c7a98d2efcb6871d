"""The ledger. `seq` is taken last in a transaction, under one lock: its order is commit order, nothing is missed.

On PostgreSQL the lock is an advisory one and is given back after the commit is visible; on SQLite the write transaction itself
is it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import EMPTY, ChangeKind, Millis
from crawler.record.content import Piece, pieces_of
from crawler.record.frame import unpacked
from crawler.record.serial import from_json
from crawler.repository import schema as t
from crawler.repository import visible
from crawler.repository.database import chunks, dump, lock_keys
from crawler.repository.many import many

MOST_DIFFERENCES = 40  # that a line of the ledger names
LONGEST_PASSAGE = 400  # characters of one

INSERT = t.changes.insert()

RANK = {  # how much a reader may want to be told of it
    ChangeKind.GONE: 90,
    ChangeKind.EDIT: 80,
    ChangeKind.HEALTH: 70,
    ChangeKind.WITHHELD: 60,
    ChangeKind.RESTORED: 60,
    ChangeKind.ATTACHMENT: 60,
    ChangeKind.BACK: 50,
    ChangeKind.MISSING: 40,
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
    `title`, `doc_no` and `origin` (来源) those of the current version. Times in milliseconds.
    Lines about a source (`health`) have no document. Of a document that is `withheld` a line has no words but those of the tombstone.
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
    url: str | None = None
    origin: str | None = None
    before_capture: str | None = None
    after_capture: str | None = None
    withheld: bool = False

    @property
    def differences(self) -> Sequence[Mapping[str, Any]]:
        """What differs between the two versions: field, paragraph, before, after, passage."""
        known = self.detail.get("differences")
        if known is not None or self.before_record is None or self.after_record is None:
            return known or ()
        return _differences(self.before_record, self.after_record)


def append(c: Connection, changes: Sequence[NewChange]) -> None:
    """Write lines, in this order. The last thing a transaction does: from here on every other writer of the ledger waits."""
    if not changes:
        return
    changes = _explained(c, changes)
    lock_keys(c, ["ledger"])
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
        for seq, change in enumerate(changes, last(c) + 1)
    ]
    many(c, INSERT, rows)


RECORDS = sa.select(t.versions.c.id, t.versions.c.record).where(t.versions.c.id.in_(sa.bindparam("ids", expanding=True)))


def _explained(c: Connection, changes: Sequence[NewChange]) -> list[NewChange]:
    """The lines, those of edits with what differs in their `detail`: whoever reads the ledger, in SQL too, needs no record."""
    changes = _compared(c, changes)
    edits = [change for change in changes if change.kind is ChangeKind.EDIT and change.before and change.after]
    ids = sorted({number for change in edits for number in (change.before, change.after) if number is not None})
    records = {row.id: row.record for some in chunks(ids) for row in c.execute(RECORDS, {"ids": some})}
    explained = {
        id(change): {**change.detail, "differences": _differences(records[change.before], records[change.after])}
        for change in edits
        if change.before in records and change.after in records
    }
    return [replace(change, detail=explained.get(id(change), change.detail)) for change in changes]


TEXTS = sa.select(t.contents.c.digest, t.contents.c.text).where(t.contents.c.digest.in_(sa.bindparam("digests", expanding=True)))


def _compared(c: Connection, changes: Sequence[NewChange]) -> Sequence[NewChange]:
    """The lines, those of documents that were swapped with what differs in their texts."""
    swapped = {
        id(change): (str(change.detail["before"]), str(change.detail["after"]))
        for change in changes
        if change.kind is ChangeKind.ATTACHMENT and change.detail.get("after") not in (None, change.detail.get("before"))
    }
    if not swapped:
        return changes
    wanted = sorted({digest for pair in swapped.values() for digest in pair})
    held = {row.digest: pieces_of(bytes(row.text)) for some in chunks(wanted) for row in c.execute(TEXTS, {"digests": some})}
    return [
        replace(change, detail={**change.detail, "differences": _in_files(*(held.get(each, ()) for each in swapped[id(change)]))})
        if id(change) in swapped
        else change
        for change in changes
    ]


def _in_files(before: Sequence[Piece], after: Sequence[Piece]) -> list[dict[str, Any]]:
    from crawler.record.content_diff import between  # on first use: what compares texts is a tenth of a start

    return [
        {
            "field": "attachment",
            "paragraph": None,
            "cell": item.cell,
            "place": item.place,
            "before": _short(item.before),
            "after": _short(item.after),
            "passage": _around(item.passage, item.after or item.before or "") or None,
        }
        for item in between(before, after)[:MOST_DIFFERENCES]
    ]


def _differences(before: bytes, after: bytes) -> list[dict[str, Any]]:
    """What a reader can see, field by field, the first so many; `passage` is the paragraph around it, as it stands (or stood) there."""
    from crawler.record.diff import paragraphs  # on first use, as above
    from crawler.record.normalize import collapse

    old, new = from_json(unpacked(before)), from_json(unpacked(after))
    found = []
    for item in paragraphs(old, new)[:MOST_DIFFERENCES]:
        body = old.body if item.after is None else new.body
        whole = body[item.paragraph - 1] if item.field == "body" and item.paragraph and item.paragraph <= len(body) else ""
        found.append(
            {
                "field": item.field,
                "paragraph": item.paragraph,
                "cell": item.cell,
                "before": _short(item.before),
                "after": _short(item.after),
                "passage": _around(collapse(whole), item.after or item.before or "") or None,
            }
        )
    return found


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST_PASSAGE else text[: LONGEST_PASSAGE - 1] + "…"


def _around(whole: str, text: str) -> str:
    """A paragraph, cut to what stands around a text in it."""
    if len(whole) <= LONGEST_PASSAGE:
        return whole
    start = max(0, whole.find(text[:LONGEST_PASSAGE]) - LONGEST_PASSAGE // 4)
    cut = whole[start : start + LONGEST_PASSAGE]
    return f"{'…' if start else ''}{cut}{'…' if start + LONGEST_PASSAGE < len(whole) else ''}"


@dataclass(frozen=True, slots=True)
class Only:
    """Which lines are asked for. `after`: the last `seq` the reader has; `before`: only lines written before that one; `since`: lines
    about that time or later; `document`: a row id."""

    after: int = 0
    since: Millis | None = None
    source: str | None = None
    kind: str | None = None
    min_rank: int | None = None
    document: int | None = None
    before: int | None = None


EVERYTHING = Only()


def read(c: Connection, only: Only = EVERYTHING, limit: int = 1000, *, newest: bool = False) -> list[ChangeView]:
    """Lines in commit order, or the `newest` first; `limit` at most; those of withheld documents without their words."""
    before, following, now = t.versions.alias("before_"), t.versions.alias("after_"), t.versions.alias("now_")
    old, new = t.captures.alias("old_"), t.captures.alias("new_")
    h, d, shown = t.changes.c, t.documents.c, sa.text(visible.document())
    query = (
        sa.select(
            h.seq, h.at, h.kind, h.source, h.rank, sa.case((sa.text(visible.line()), h.detail), else_="{}").label("detail"), d.public_id,
            now.c.title, now.c.doc_no, before.c.n, following.c.n.label("after_n"), before.c.record, following.c.record.label("after_record"),
            d.last_seen, d.first_missed, t.urls.c.public_url, now.c.source.label("origin"), old.c.public_id.label("old"),
            new.c.public_id.label("new"), sa.case((sa.text(visible.document()), 0), else_=1).label("withheld"),
        )
        .select_from(t.changes)
        .outerjoin(t.documents, d.id == h.document)
        .outerjoin(t.urls, sa.and_(t.urls.c.id == d.url, shown))
        .outerjoin(now, sa.and_(now.c.id == d.version, shown))
        .outerjoin(before, sa.and_(before.c.id == h.before, shown))
        .outerjoin(following, sa.and_(following.c.id == h.after, shown))
        .outerjoin(old, old.c.id == before.c.capture)
        .outerjoin(new, new.c.id == following.c.capture)
        .order_by(h.seq.desc() if newest else h.seq)
        .limit(limit)
    )  # fmt: skip
    return [_view(list(row)) for row in c.execute(query.where(*_which(only)))]


def last(c: Connection) -> int:
    """The number of the last line, 0 where there is none."""
    number: int = c.execute(sa.select(sa.func.coalesce(sa.func.max(t.changes.c.seq), 0))).scalar_one()
    return number


def count(c: Connection, only: Only = EVERYTHING) -> int:
    """How many such lines there are."""
    query = sa.select(sa.func.count()).select_from(t.changes)
    return int(c.execute(query.where(*_which(only))).scalar_one())


def steps(c: Connection, document: int, limit: int) -> list[tuple[Millis, str]]:
    """(when, kind) of a document's lines, newest first, without what differs in them. `document`: a row id."""
    h = t.changes.c
    query = sa.select(h.at, h.kind).where(h.document == document).order_by(h.seq.desc()).limit(limit)
    return [(row.at, row.kind) for row in c.execute(query)]


def _which(only: Only) -> list[sa.ColumnElement[bool]]:
    h = t.changes.c
    which = [h.seq > only.after]
    which += [
        column == value
        for column, value in ((h.source, only.source), (h.kind, only.kind), (h.document, only.document))
        if value is not None
    ]
    which += [h.at >= only.since] if only.since is not None else []
    which += [h.rank >= only.min_rank] if only.min_rank is not None else []
    which += [h.seq < only.before] if only.before is not None else []
    return which


def _view(values: list[Any]) -> ChangeView:
    values[5], values[-1] = json.loads(values[5]), bool(values[-1])
    return ChangeView(*values)
