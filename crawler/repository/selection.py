"""What is handed over: the looks, captures and pages of a source or a time. Nothing that shows something withheld is."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import UsageError
from crawler.model import Capture, Millis, Original
from crawler.repository import schema as t
from crawler.repository import tombstones, visible
from crawler.repository.database import AnyRow
from crawler.repository.resolve import resolve


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which looks: of a source, from a time on, up to a time; None: all."""

    source: str | None = None
    since: Millis | None = None
    until: Millis | None = None


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A document as a list of pages names it: its title, and the capture its newest version was read from."""

    url: str
    at: Millis
    title: str


_c, _u, _l = t.captures.c, t.urls.c, t.looks.c
_original, _home = t.captures.alias("original_"), t.urls.alias("home_")
OPEN = sa.and_(  # neither it nor what holds its payload is withheld
    sa.text(visible.capture("captures.id", "captures.url")), sa.text(visible.capture("original_.id", "original_.url"))
)
CAPTURES = (
    sa.select(
        _c.record, _u.url, _c.at, _c.file, _c.offset, _c.length, _c.type, _c.payload_digest, _c.media_type, _c.status,
        _original.c.record.label("o_record"), _home.c.url.label("o_url"), _original.c.at.label("o_at"),
    )
    .select_from(t.captures)
    .join(t.urls, _u.id == _c.url)
    .outerjoin(_original, _original.c.id == _c.original)
    .outerjoin(_home, _home.c.id == _original.c.url)
)  # fmt: skip
LOOKS = (
    sa.select(_l.record, _original.c.record.label("original"))
    .select_from(t.looks)
    .join(t.urls, _u.id == _l.url)
    .outerjoin(t.captures, _c.id == _l.capture)
    .outerjoin(_original, _original.c.id == _c.original)
    .where(sa.text(visible.address("looks.url")), OPEN)
)
OF_CAPTURES = sa.select(_l.record, _c.record.label("capture")).join(t.captures, _c.id == _l.capture)
PAGES = (
    sa.select(_u.url, _c.at, t.versions.c.title)
    .select_from(t.documents)
    .join(t.versions, t.versions.c.id == t.documents.c.version)
    .join(t.captures, _c.id == t.versions.c.capture)
    .join(t.urls, _u.id == _c.url)
    .where(sa.text(visible.document()), sa.text(visible.capture("captures.id", "captures.url")))
    .order_by(t.documents.c.public_id)
)


PLACE = sa.select(_c.id, _c.url, _c.public_id).where(_c.record == sa.bindparam("record"))


def _bounds(wanted: Wanted, at: sa.ColumnElement[int]) -> list[sa.ColumnElement[bool]]:
    bounds = [_u.source == wanted.source] if wanted.source is not None else []
    bounds += [at >= wanted.since] if wanted.since is not None else []
    return bounds + ([at <= wanted.until] if wanted.until is not None else [])


def captures(c: Connection, wanted: Wanted) -> Iterator[Capture]:
    """The captures, where they lie in the archive."""
    return (_capture(row) for row in c.execute(CAPTURES.where(OPEN, *_bounds(wanted, _c.at))))


def _capture(row: AnyRow) -> Capture:
    record, url, at, file, offset, length, kind, digest, media_type, status, o_record, o_url, o_at = row
    original = Original(o_record, o_url, o_at, digest) if o_record else None
    return Capture(record, url, at, file, offset, length, kind, digest, media_type, status, original)


def look_records(c: Connection, wanted: Wanted) -> set[str]:
    """The records of the looks, and of those looks whose payloads their revisits stand for."""
    rows = c.execute(LOOKS.where(*_bounds(wanted, _l.at))).all()
    originals = {row.original for row in rows} - {None}
    found = {row.record for row in rows}
    if originals:
        found |= {row.record for row in c.execute(OF_CAPTURES) if row.capture in originals}
    return found


def pages(c: Connection, wanted: Wanted) -> list[ShownPage]:
    """The documents, by id."""
    return [ShownPage(*row) for row in c.execute(PAGES.where(*_bounds(wanted, _c.at)))]


def one(c: Connection, name: str) -> tuple[Capture, Capture | None]:
    """The capture that is meant, and that of its payload where it is a revisit. `name`: a capture's id or its beginning; a document's, a
    version's or an address: the capture that version was read from. Raises UsageError, Withheld."""
    wanted = name.strip().lower()
    if wanted.startswith("c-"):
        query = CAPTURES.where(_c.public_id >= wanted, _c.public_id <= wanted.ljust(14, "z"))
    else:
        document, number = resolve(c, name)
        version = (
            sa.select(t.versions.c.capture)
            .join(t.documents, t.documents.c.id == t.versions.c.document)
            .where(t.documents.c.public_id == document, *([t.versions.c.n == number] if number else []))
            .order_by(t.versions.c.n.desc(), t.versions.c.id.desc())
            .limit(1)
        )
        query = CAPTURES.where(_c.id == version.scalar_subquery())
    rows = c.execute(query.limit(2)).all()
    if len(rows) != 1:
        what = "may mean several captures" if rows else "names no capture"
        raise UsageError(f"{name!r} {what}", remedy="give a document's id, or more of a capture's: gongkai history ID")
    found = _capture(rows[0])
    held = _capture(c.execute(CAPTURES.where(_c.record == found.original.record_id)).one()) if found.original else None
    for capture in (found, held) if held else (found,):
        row = c.execute(PLACE, {"record": capture.record_id}).one()
        tombstones.refuse_capture(c, row.id, row.url, row.public_id)
    return found, held
