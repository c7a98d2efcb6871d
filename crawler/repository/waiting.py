"""Captures that wait to be read, each with what a reader needs beside it: its further pages, and what its site shows for nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import ABOUT_THE_SITE, Capture, Kind, Original, Request
from crawler.repository import files, origins, pieces
from crawler.repository import schema as t
from crawler.repository.database import AnyRow
from crawler.repository.keep import PENDING
from crawler.text import urls


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


@dataclass(frozen=True, slots=True)
class Further:
    """A further capture of a record, under the URL key by which the first page names it."""

    key: str
    capture_id: int
    capture: Capture
    payload: Capture | None


def pending(c: Connection, limit: int, *, owner: str, busy: frozenset[int]) -> list[Pending]:
    """Captures to be read, oldest first: those in this process's files and in closed ones; a live writer reads its own.

    What was read before anybody may read again, wherever it lies: its writer may have other rules than who asked for it.
    """
    mine = sa.or_(t.files.c.state == files.CLOSED, t.files.c.owner == owner, t.readings.c.rules.is_not(None))
    query = (
        _placed()
        .join(t.readings, t.readings.c.capture == t.captures.c.id)
        .join(t.files, t.files.c.name == t.captures.c.file)
        .where(t.readings.c.state == PENDING, mine)
        .order_by(t.readings.c.capture)
        .limit(limit + len(busy))
    )
    found = [item for row in c.execute(query) if (item := _pending(row)).capture_id not in busy][:limit]
    joined = pieces.with_pieces(c, [item.capture_id for item in found])
    whole = [replace(item, more=_further(c, item.capture_id)) if item.capture_id in joined else item for item in found]
    return _with_absent(c, whole)


def _with_absent(c: Connection, items: Sequence[Pending]) -> list[Pending]:
    """With the page that each one's origin showed, at the last look before it, for an address that cannot exist, where it showed one."""
    names = {item.capture_id: urls.origin(item.capture.url) for item in items if item.kind not in ABOUT_THE_SITE}
    probes = origins.shown(c, set(names.values()))
    found = []
    for item in items:
        known = [probe for probe in probes.get(names.get(item.capture_id, ""), ()) if probe.at <= item.capture.at]
        if known and known[-1].capture is not None:
            row = c.execute(_placed().where(t.captures.c.id == known[-1].capture)).first()
            item = replace(item, absent=_pending(row) if row else None)
        found.append(item)
    return found


_payload, _home = t.captures.alias("payload"), t.urls.alias("home")


def _placed() -> sa.Select[Any]:
    """Captures with their addresses and, of revisits, the captures that hold their bodies."""
    return (
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


def _pending(row: AnyRow) -> Pending:
    m = row._mapping  # noqa: SLF001 - the documented way to columns of two aliases of one table
    held = _place(m, _payload, m["home"]) if m[_payload.c.id] is not None else None
    own = _place(m, t.captures, m["address"])
    kind = Kind(m[t.urls.c.kind])
    return Pending(m[t.captures.c.id], own, held, kind, m[t.urls.c.source], m[t.urls.c.public_url], _request(m))


def _further(c: Connection, capture: int) -> tuple[Further, ...]:
    """The pieces of a capture's round that are there."""
    named = [(key, number) for key, number in pieces.round_of(c, capture).pieces if number is not None]
    rows = c.execute(_placed().where(t.captures.c.id.in_([number for _, number in named])))
    held = {item.capture_id: item for item in map(_pending, rows)}
    return tuple(Further(key, number, held[number].capture, held[number].payload) for key, number in named)


def _request(m: sa.RowMapping) -> Request:
    headers = tuple((name, value) for name, value in json.loads(m[t.urls.c.headers]))
    return Request(m["address"], m[t.urls.c.method], headers, bytes(m[t.urls.c.body] or b""))


def _place(m: sa.RowMapping, table: sa.FromClause, url: str) -> Capture:
    c = table.c
    return Capture(
        m[c.record], url, m[c.at], m[c.file], m[c.offset], m[c.length], m[c.type], m[c.payload_digest], m[c.media_type], m[c.status],
        original=Original("", url, 0, m[c.payload_digest]) if m[c.type] == "revisit" else None,
    )  # fmt: skip
