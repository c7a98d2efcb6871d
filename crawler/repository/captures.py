"""Captures: where the bytes of a look lie. Append-only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Kept, Millis, Original
from crawler.record.notice import Place
from crawler.repository import schema as t
from crawler.repository.database import chunks, iso


@dataclass(frozen=True, slots=True)
class CaptureRow:
    """A row of `captures`, as far as records refer to it."""

    id: int
    url: int
    at: Millis
    record: str
    public_id: str
    file: str
    offset: int
    length: int
    payload_digest: str

    @property
    def place(self) -> Place:
        """Where its bytes lie."""
        return Place(self.public_id, self.file, self.offset, self.length, self.payload_digest, iso(self.at))


_c = t.captures.c
ROWS = sa.select(
    _c.id, _c.url, _c.at, _c.record, _c.public_id, _c.file, _c.offset, _c.length, _c.payload_digest
).where(_c.id.in_(sa.bindparam("ids", expanding=True)))  # fmt: skip
BY_RECORD = sa.select(_c.record, _c.id).where(_c.record.in_(sa.bindparam("records", expanding=True)))
HOLDING = (
    sa.select(_c.record, t.urls.c.url, _c.at, _c.payload_digest, _c.file, _c.offset, _c.length)
    .join(t.urls, t.urls.c.id == _c.url)
    .where(_c.payload_digest.in_(sa.bindparam("digests", expanding=True)), _c.type == "response", _c.damaged.is_(None))
    .order_by(_c.id)
)
_hurt = sa.select(_c.id).where(_c.record.in_(sa.bindparam("records", expanding=True)))
_revisit = t.captures.alias("revisit")
HURT = (
    t.captures.update()
    .where(_c.record.in_(sa.bindparam("records", expanding=True)), _c.damaged.is_(None))
    .values(damaged=sa.bindparam("b_at"))
)
ASKED_WHOLE = (
    t.urls.update()
    .where(
        sa.or_(
            t.urls.c.last_capture.in_(_hurt),
            t.urls.c.last_capture.in_(sa.select(_revisit.c.id).where(_revisit.c.original.in_(_hurt))),
        )
    )
    .values(etag=None, last_modified=None)
)
READ = (
    sa.select(_c.url, sa.func.max(_c.id).label("capture"))
    .join(t.readings, t.readings.c.capture == _c.id)
    .where(_c.url.in_(sa.bindparam("ids", expanding=True)), t.readings.c.rules.is_not(None))
    .group_by(_c.url)
)
ORPHANS = sa.select(_c.id, _c.record).where(_c.type == "revisit", _c.original.is_(None))
ADOPT = t.captures.update().where(_c.id == sa.bindparam("b_id")).values(original=sa.bindparam("b_original"))


@dataclass(frozen=True, slots=True)
class Holding:
    """A response record that holds a payload: where it lies, and up to where its file must reach."""

    original: Original
    file: str
    end: int


def holding(c: Connection, digests: Collection[str]) -> list[Holding]:
    """Response records that hold these payloads, the oldest first; none that is known to be damaged."""
    return [
        Holding(Original(row.record, row.url, row.at, row.payload_digest), row.file, row.offset + row.length)
        for some in chunks(sorted(digests))
        for row in c.execute(HOLDING, {"digests": some})
    ]


def hurt(c: Connection, records: Collection[str], at: Millis) -> None:
    """These records are not what was written: no revisit refers to them any more, and their addresses are asked for whole answers."""
    if records:
        asked = {"records": sorted(records)}
        c.execute(HURT, {**asked, "b_at": at})
        c.execute(ASKED_WHOLE, asked)


def damaged(c: Connection) -> int:
    """How many captures are known not to be what was written."""
    return int(c.execute(sa.select(sa.func.count()).where(_c.damaged.is_not(None))).scalar_one())


def by_record(c: Connection, records: Collection[str]) -> dict[str, int]:
    """Row ids by WARC-Record-ID."""
    return {row.record: row.id for some in chunks(sorted(records)) for row in c.execute(BY_RECORD, {"records": some})}


def rows(c: Connection, ids: Collection[int]) -> dict[int, CaptureRow]:
    """Captures by row id."""
    return {row.id: CaptureRow(*row) for some in chunks(sorted(ids)) for row in c.execute(ROWS, {"ids": some})}


def last_read(c: Connection, addresses: Collection[int]) -> dict[int, int]:
    """The latest capture of each of these addresses that was read."""
    return {row.url: row.capture for some in chunks(sorted(addresses)) for row in c.execute(READ, {"ids": some})}


def insert(c: Connection, made: Sequence[dict[str, object]]) -> None:
    """Append captures: rows with their ids."""
    if made:
        c.execute(t.captures.insert(), made)


def resolve_originals(c: Connection, looks: Sequence[Kept]) -> None:
    """Revisits that were told before their originals find them now."""
    wanted: Mapping[str, str] = {
        look.capture.record_id: look.capture.original.record_id for look in looks if look.capture and look.capture.original
    }
    orphans = c.execute(ORPHANS).all()
    known = by_record(c, {wanted[row.record] for row in orphans if row.record in wanted})
    found = [{"b_id": row.id, "b_original": known[wanted[row.record]]} for row in orphans if wanted.get(row.record, "") in known]
    if found:
        c.execute(ADOPT, found)
