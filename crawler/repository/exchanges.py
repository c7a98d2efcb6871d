"""Captures and runs as they are shown: what was asked when, what came, where its bytes lie. What is withheld is in no answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Capture, Millis, Request
from crawler.repository import schema as t
from crawler.repository import tombstones, visible
from crawler.repository.resolve import capture_id_of
from crawler.text import urls


@dataclass(frozen=True, slots=True)
class CaptureView:
    """A capture with its look. `original`: public id of the capture that holds a revisit's payload; `documents`: public ids at its address."""

    id: str
    record: str
    at: Millis
    url: str
    status: int
    media_type: str
    type: str
    payload_digest: str
    file: str
    offset: int
    length: int
    original: str | None
    outcome: str | None
    ms: int | None
    source: str | None
    documents: tuple[str, ...]

    @property
    def place(self) -> Capture:
        """What the archive needs to read it."""
        return Capture(
            self.record,
            self.url,
            self.at,
            self.file,
            self.offset,
            self.length,
            self.type,
            self.payload_digest,
            self.media_type,
            self.status,
        )


@dataclass(frozen=True, slots=True)
class RunView:
    """One firing of a source. `result` and `ended` None: it goes on."""

    id: int
    source: str
    kind: str
    slot: Millis
    started: Millis
    ended: Millis | None
    result: str | None
    trouble: str | None
    counts: Mapping[str, int]


_c, _d = t.captures.c, t.documents.c
_held = t.captures.alias("held")
CAPTURE = (
    sa.select(
        _c.id, _c.public_id, _c.record, _c.at, t.urls.c.url, t.urls.c.id.label("address"), _c.status, _c.media_type, _c.type, _c.payload_digest,
        _c.file, _c.offset, _c.length, _held.c.public_id.label("original"),
    )
    .join(t.urls, t.urls.c.id == _c.url)
    .outerjoin(_held, _held.c.id == _c.original)
    .where(_c.public_id == sa.bindparam("wanted"))
)  # fmt: skip
LOOK = (
    sa.select(t.looks.c.outcome, t.looks.c.ms, t.runs.c.source)
    .outerjoin(t.runs, t.runs.c.id == t.looks.c.run)
    .where(t.looks.c.capture == sa.bindparam("capture"))
    .order_by(t.looks.c.id)
    .limit(1)
)
DOCUMENTS = sa.select(_d.public_id).where(_d.url == sa.bindparam("url"), sa.text(visible.document())).order_by(_d.part)


def capture(c: Connection, name: str) -> CaptureView:
    """One capture by its public id or the beginning of it. Raises UsageError when there is none, Withheld where it is not shown."""
    public_id = capture_id_of(c, name)
    row = c.execute(CAPTURE, {"wanted": public_id}).one()
    tombstones.refuse_capture(c, row.id, row.address, row.public_id)
    seen = c.execute(LOOK, {"capture": row.id}).first()
    return CaptureView(
        row.public_id, row.record, row.at, row.url, row.status, row.media_type, row.type, row.payload_digest, row.file, row.offset, row.length,
        row.original, seen.outcome if seen else None, seen.ms if seen else None, seen.source if seen else None,
        tuple(c.execute(DOCUMENTS, {"url": row.address}).scalars()),
    )  # fmt: skip


def runs(c: Connection, *, source: str | None = None, before: int | None = None, limit: int = 50) -> list[RunView]:
    """Runs, the newest first; `before`: older than this one."""
    r = t.runs.c
    query = (
        sa.select(r.id, r.source, r.kind, r.slot, r.started, r.ended, r.result, r.trouble, r.counts)
        .order_by(r.id.desc())
        .limit(limit)
    )
    if source is not None:
        query = query.where(r.source == source)
    if before is not None:
        query = query.where(r.id < before)
    return [RunView(*row[:8], json.loads(row.counts)) for row in c.execute(query)]


@dataclass(frozen=True, slots=True)
class Moment:
    """A capture of an address: its public id, when."""

    id: str
    at: Millis


def moments(c: Connection, url: str, limit: int) -> list[Moment]:
    """The captures of an address, as it is cited or was fetched, the first first; none of what is withheld. Raises
    Withheld where that is all there is."""
    u = t.urls.c
    rows = (
        c.execute(sa.select(u.id).where(sa.or_(u.public_url.in_([url, urls.canonical(url)]), u.key == urls.key(Request(url)))))
        .scalars()
        .all()
        if urls.is_http(url)
        else []
    )
    open_ = sa.text(visible.capture("captures.id", "captures.url"))
    query = sa.select(_c.public_id, _c.at).where(_c.url.in_(rows), _c.status < 400, open_).order_by(_c.at, _c.id).limit(limit)
    found = [Moment(*row) for row in c.execute(query)]
    if not found and (hidden := tombstones.at(c, rows)):
        raise hidden[0].refuse()
    return found
