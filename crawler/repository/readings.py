"""Readings: one row for each capture that is read. Pending ones are the settle step's work list."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import ABOUT_THE_SITE, Capture, Kind, Original, PageKind, Request
from crawler.repository import attachments, continuations, files, list_readings, origins
from crawler.repository import schema as t
from crawler.repository.addresses import request_of
from crawler.repository.database import AnyRow, chunks, replacing
from crawler.repository.list_readings import ListReading
from crawler.repository.many import many
from crawler.text import urls

PENDING, DONE, UNREADABLE = "pending", "done", "unreadable"


@dataclass(slots=True)
class ReadingRow:
    """A row of `readings` while a batch is folded. `run` waits for it while it is pending."""

    capture: int
    state: str = PENDING
    run: int | None = None
    page_kind: str | None = None
    evidence: str = ""
    text: str = ""
    rules: str | None = None
    rows: int | None = None
    facts: str | None = None
    structure: str | None = None
    content: int | None = None
    error: str | None = None
    attempts: int = 0

    def wait(self, run: int | None) -> None:
        """It is to be read (again); nobody's reading is taken over."""
        if self.state != PENDING or self.run is None:
            self.run = run
        self.state = PENDING


COLUMNS = tuple(t.readings.c[name] for name in ReadingRow.__slots__)
LOCKED = (
    sa.select(*COLUMNS)
    .where(t.readings.c.capture.in_(sa.bindparam("captures", expanding=True)))
    .order_by(t.readings.c.capture)
    .with_for_update()
)
PUT = replacing(t.readings, "capture")
AGAIN = (
    t.readings.update()
    .where(t.readings.c.capture.in_(sa.bindparam("captures", expanding=True)), t.readings.c.state != PENDING)
    .values(state=PENDING, run=None)
)
PASSING_PAGES = (PageKind.OTHER, PageKind.SHELL, PageKind.CHALLENGE, PageKind.LOGIN)  # what a page may be for a while only
WITHOUT_RECORD = (
    sa.select(t.urls.c.id)
    .join(t.readings, t.readings.c.capture == t.urls.c.last_capture)
    .where(
        t.urls.c.id.in_(sa.bindparam("ids", expanding=True)),
        t.readings.c.state == DONE,
        t.readings.c.page_kind.in_([str(kind) for kind in PASSING_PAGES]),
    )
)


def lock(c: Connection, captures: Collection[int]) -> dict[int, ReadingRow]:
    """The readings of these captures, held until the transaction ends."""
    found = (row for some in chunks(sorted(captures)) for row in c.execute(LOCKED, {"captures": some}).all())
    return {row.capture: ReadingRow(*row) for row in found}


def without_record(c: Connection, ids: Collection[int]) -> set[int]:
    """Of these addresses, those whose last capture gave no record that it might give another time."""
    return {int(row.id) for some in chunks(sorted(ids)) for row in c.execute(WITHOUT_RECORD, {"ids": some}).all()}


def save(c: Connection, changed: Iterable[ReadingRow]) -> None:
    """Write readings, made or changed."""
    rows = [
        {name: getattr(reading, name) for name in ReadingRow.__slots__}
        for reading in sorted(changed, key=lambda reading: reading.capture)
    ]
    if rows:
        many(c, PUT(c), rows)


# ------------------------------------------------------------------ the work list
@dataclass(frozen=True, slots=True)
class Pending:
    """A capture waiting to be read. `payload`: the capture that holds a revisit's body; `more`: the further captures of its record."""

    capture_id: int
    capture: Capture
    payload: Capture | None
    kind: Kind
    source: str
    public_url: str
    request: Request
    more: tuple["Further", ...] = ()
    absent: "Pending | None" = None  # what the site showed for an address that cannot exist
    like: str = ""  # a later page of a column: the structure of its first one
    name: str = ""  # of a document that notices link to: as one of them calls it
    url: int = 0  # its address's number
    before: ListReading | None = None  # of a list page: what it said last


@dataclass(frozen=True, slots=True)
class Further:
    """A further capture of a record, under the URL key by which the first page names it."""

    key: str
    capture_id: int
    capture: Capture
    payload: Capture | None


_payload, _home = t.captures.alias("payload"), t.urls.alias("home")
_PLACED = (
    sa.select(
        t.captures,
        t.urls.c.url.label("address"),
        t.urls.c.kind,
        t.urls.c.source,
        t.urls.c.public_url,
        t.urls.c.method,
        t.urls.c.headers,
        t.urls.c.body,
        _payload,
        _home.c.url.label("home"),
    )
    .select_from(t.captures)
    .join(t.urls, t.urls.c.id == t.captures.c.url)
    .outerjoin(_payload, _payload.c.id == t.captures.c.original)
    .outerjoin(_home, _home.c.id == _payload.c.url)
)
PLACED = _PLACED.where(t.captures.c.id.in_(sa.bindparam("ids", expanding=True)))
WAITING = (
    _PLACED.join(t.readings, t.readings.c.capture == t.captures.c.id)
    .join(t.files, t.files.c.name == t.captures.c.file)
    .where(
        t.readings.c.state == PENDING,
        t.readings.c.capture.not_in(sa.bindparam("busy", expanding=True)),
        # what was read before anybody may read again, wherever it lies: its writer may have other rules than who asked for it
        sa.or_(t.files.c.state == files.CLOSED, t.files.c.owner == sa.bindparam("owner"), t.readings.c.rules.is_not(None)),
    )
    .order_by(t.readings.c.capture)
    .limit(sa.bindparam("most"))
)


_first = t.readings.alias("first")
FIRST_PAGES = (
    sa.select(t.readings.c.capture, _first.c.structure)
    .join(t.captures, t.captures.c.id == t.readings.c.capture)
    .join(t.list_pages, sa.and_(t.list_pages.c.run == t.readings.c.run, t.list_pages.c.url == t.captures.c.url))
    .join(_home, _home.c.id == t.list_pages.c.head)
    .join(_first, _first.c.capture == _home.c.last_capture)
    .where(
        t.readings.c.capture.in_(sa.bindparam("captures", expanding=True)),
        t.list_pages.c.page > 0,
        _first.c.structure.is_not(None),
    )
)


def pending(c: Connection, limit: int, *, owner: str, busy: frozenset[int]) -> list[Pending]:
    """Captures to be read, oldest first: those in this process's files and in closed ones; a live writer reads its own."""
    rows = c.execute(WAITING, {"owner": owner, "busy": sorted(busy), "most": limit}).all()
    return _whole(c, list(map(_pending, rows)))


def of(c: Connection, captures: Collection[int]) -> list[Pending]:
    """These captures as they are read, oldest first, whatever the state of their readings."""
    found = [_pending(row) for some in chunks(sorted(captures)) for row in c.execute(PLACED, {"ids": some})]
    return _whole(c, sorted(found, key=lambda item: item.capture_id))


def await_again(c: Connection, captures: Collection[int]) -> None:
    """These captures are to be read again, and no run waits for it."""
    for some in chunks(sorted(captures)):
        c.execute(AGAIN, {"captures": some})


def _whole(c: Connection, found: list[Pending]) -> list[Pending]:
    """With the further captures of their records, and what their sites show for what they have not."""
    if not found:
        return []
    rounds = continuations.of_captures(c, [item.capture_id for item in found])
    probed = _absent(c, found)
    lists = [item.capture_id for item in found if item.kind is Kind.LIST]
    like = _like(c, lists)
    beside = {number for listed in rounds.values() for _, number in listed} | set(probed.values())
    before = list_readings.of_captures(c, lists)
    names = attachments.names(c, [item.capture_id for item in found if item.kind is Kind.ATTACHMENT])
    held = {item.capture_id: item for some in chunks(sorted(beside)) for item in map(_pending, c.execute(PLACED, {"ids": some}))}
    return [
        replace(
            item,
            more=tuple(
                Further(key, number, held[number].capture, held[number].payload)
                for key, number in rounds.get(item.capture_id, ())
            ),
            absent=held.get(probed.get(item.capture_id, 0)),
            like=like.get(item.capture_id, ""),
            name=names.get(item.capture_id, ""),
            before=before.get(item.capture_id),
        )
        for item in found
    ]


def _like(c: Connection, lists: Sequence[int]) -> dict[int, str]:
    """Capture of a later page of a column, among these list pages → the structure of the column's first page, as it was read last."""
    return {int(row.capture): str(row.structure) for row in c.execute(FIRST_PAGES, {"captures": lists})} if lists else {}


def placed(c: Connection, capture: int) -> Pending | None:
    """One capture and where its bytes lie, whatever the state of its reading."""
    row = c.execute(PLACED, {"ids": [capture]}).first()
    return _pending(row) if row is not None else None


def _absent(c: Connection, items: Sequence[Pending]) -> dict[int, int]:
    """Capture → the capture of what its origin showed, at the last look before it, for an address that cannot exist."""
    names = {item.capture_id: urls.origin(item.capture.url) for item in items if item.kind not in ABOUT_THE_SITE}
    probes = origins.shown(c, set(names.values()))
    found = {}
    for item in items:
        known = [probe for probe in probes.get(names.get(item.capture_id, ""), ()) if probe.at <= item.capture.at]
        if known and known[-1].capture is not None:
            found[item.capture_id] = known[-1].capture
    return found


def _pending(row: AnyRow) -> Pending:
    m = row._mapping  # noqa: SLF001 - the documented way to columns of two aliases of one table
    held = _place(m, _payload, m["home"]) if m[_payload.c.id] is not None else None
    return Pending(
        m[t.captures.c.id],
        _place(m, t.captures, m["address"]),
        held,
        Kind(m[t.urls.c.kind]),
        m[t.urls.c.source],
        m[t.urls.c.public_url],
        request_of(m["address"], m[t.urls.c.method], m[t.urls.c.headers], m[t.urls.c.body]),
        url=m[t.captures.c.url],
    )


def _place(m: Any, table: sa.FromClause, url: str) -> Capture:
    c = table.c
    return Capture(
        m[c.record], url, m[c.at], m[c.file], m[c.offset], m[c.length], m[c.type], m[c.payload_digest], m[c.media_type], m[c.status],
        original=Original("", url, 0, m[c.payload_digest]) if m[c.type] == "revisit" else None,
    )  # fmt: skip
