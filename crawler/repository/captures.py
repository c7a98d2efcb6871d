"""Captures: where the bytes of a look lie. Append-only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.archive.members import Damage
from crawler.model import ABOUT_THE_SITE, Kept, Millis, Original
from crawler.record.notice import Place
from crawler.repository import schema as t
from crawler.repository.database import chunks, iso
from crawler.repository.many import many


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
INSERT = t.captures.insert()
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
HURT = (
    t.captures.update()
    .where(
        _c.file == sa.bindparam("b_file"),
        _c.offset < sa.bindparam("b_end"),
        _c.offset + _c.length > sa.bindparam("b_start"),
        _c.damaged.is_(None),
    )
    .values(damaged=sa.bindparam("b_at"))
)
_shown, _held = t.captures.alias("shown"), t.captures.alias("held")
ASKED_WHOLE = (
    t.urls.update()
    .where(
        t.urls.c.last_capture.in_(
            sa.select(_shown.c.id)
            .outerjoin(_held, _held.c.id == _shown.c.original)
            .where(
                _shown.c.id == t.urls.c.last_capture,
                sa.or_(_shown.c.damaged == sa.bindparam("b_at"), _held.c.damaged == sa.bindparam("b_at")),
            )
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
        for row in c.execute(HOLDING, {"digests": some}).all()
    ]


def hurt(c: Connection, places: Collection[Damage], at: Millis) -> None:
    """What lies in these places is not what was written: no revisit refers to it any more, and its addresses are asked for whole answers."""
    marked = 0
    for place in sorted(places, key=lambda place: (place.file, place.offset)):
        found = {"b_file": place.file, "b_start": place.offset, "b_end": place.offset + place.bytes, "b_at": at}
        marked += c.execute(HURT, found).rowcount
    if marked:
        c.execute(ASKED_WHOLE, {"b_at": at})


def damaged(c: Connection) -> int:
    """How many captures are known not to be what was written."""
    return int(c.execute(sa.select(sa.func.count()).where(_c.damaged.is_not(None))).scalar_one())


@dataclass(frozen=True, slots=True)
class Hurt:
    """Captures of a source that are not what was written: how many, in which files, and how many of their addresses have nothing newer."""

    captures: int
    files: tuple[str, ...]
    unhealed: int


def hurt_of(c: Connection, source: str) -> Hurt:
    """What is damaged of a source, as far as anybody has come upon it."""
    shown, original = t.captures.alias("shown"), t.captures.alias("original")
    known = (
        sa.select(_c.file, sa.func.count().label("n"))
        .join(t.urls, t.urls.c.id == _c.url)
        .where(t.urls.c.source == source, _c.damaged.is_not(None))
        .group_by(_c.file)
        .order_by(_c.file)
    )
    rows = c.execute(known).all()
    if not rows:
        return Hurt(0, (), 0)
    unhealed = (
        sa.select(sa.func.count())
        .select_from(t.urls)
        .join(shown, shown.c.id == t.urls.c.last_capture)
        .outerjoin(original, original.c.id == shown.c.original)
        .where(t.urls.c.source == source, t.urls.c.kind.not_in([str(kind) for kind in ABOUT_THE_SITE]))
        .where(sa.or_(shown.c.damaged.is_not(None), original.c.damaged.is_not(None)))
    )
    return Hurt(sum(row.n for row in rows), tuple(row.file for row in rows), int(c.execute(unhealed).scalar_one()))


def by_record(c: Connection, records: Collection[str]) -> dict[str, int]:
    """Row ids by WARC-Record-ID."""
    return {row.record: row.id for some in chunks(sorted(records)) for row in c.execute(BY_RECORD, {"records": some})}


def rows(c: Connection, ids: Collection[int]) -> dict[int, CaptureRow]:
    """Captures by row id."""
    return {row.id: CaptureRow(*row) for some in chunks(sorted(ids)) for row in c.execute(ROWS, {"ids": some}).all()}


def last_read(c: Connection, addresses: Collection[int]) -> dict[int, int]:
    """The latest capture of each of these addresses that was read."""
    return {row.url: row.capture for some in chunks(sorted(addresses)) for row in c.execute(READ, {"ids": some}).all()}


def insert(c: Connection, made: Sequence[dict[str, object]]) -> None:
    """Append captures: rows with their ids."""
    if made:
        many(c, INSERT, made)


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
