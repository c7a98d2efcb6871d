"""What the commands ask of the archive. Withheld documents never appear."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler import urls
from crawler.errors import UsageError
from crawler.model import CROCKFORD, Millis, Request
from crawler.repository import schema as t

SHORTEST = 4
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A document in a list of results."""

    document: int
    id: str
    title: str
    published: str | None
    source: str
    origin: str | None
    doc_no: str | None
    url: str
    presence: str
    text: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One state of a document; of several readings of it the newest."""

    id: int
    n: int
    first_seen: Millis
    rules: str
    capture: str
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One document whole. `versions` from the first; `others`: (id, title, url) of the other documents of its work."""

    id: str
    row: int
    url: str
    source: str
    presence: str
    first_seen: Millis
    last_seen: Millis
    first_missed: Millis | None
    work: str
    versions: tuple[VersionRow, ...]
    others: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class LookRow:
    """One look at a document's address."""

    at: Millis
    outcome: str
    status: int | None
    capture: str | None


@dataclass(frozen=True, slots=True)
class SourceView:
    """What is known of a source."""

    id: str
    title: str
    enabled: bool
    paused: Millis | None
    health: str
    last_ok: Millis | None
    last_new: Millis | None
    documents: int
    last_run: str | None


# ------------------------------------------------------------------ ids
def resolve(c: Connection, written: str) -> tuple[str, int | None]:
    """(public id, version number or None) of a document named by id, prefix, `ID.N`, capture or page address.

    Raises UsageError when nothing or more than one document answers to it, with the list to choose from.
    """
    if urls.is_http(written):
        return _chosen(written, _by_address(c, written)), None
    name, dot, number = written.lower().partition(".")
    if dot and not number.isdigit():
        raise UsageError(f"{written!r} is no id", remedy="an id is 12 letters and digits, a version ID.N")
    if name.startswith("c-"):
        return _chosen(written, _by_capture(c, name)), None
    if len(name) < SHORTEST or set(name) - set(CROCKFORD):
        raise UsageError(f"{written!r} is neither an id nor an address", remedy="give at least four characters of an id, or the page's address")
    found = c.execute(_documents().where(t.documents.c.public_id.like(f"{name}%")).limit(20)).all()
    return _chosen(written, [(row.public_id, row.title) for row in found]), int(number) if number else None


def _documents() -> sa.Select[tuple[str, str]]:
    return (
        sa.select(t.documents.c.public_id, t.versions.c.title)
        .join(t.versions, t.versions.c.id == t.documents.c.version)
        .where(t.documents.c.withheld.is_(None))
        .order_by(t.documents.c.public_id)
    )


def _by_address(c: Connection, address: str) -> list[tuple[str, str]]:
    key = urls.key(Request(address))
    target = sa.select(t.urls.c.redirect).where(t.urls.c.key == key).scalar_subquery()
    match = sa.or_(t.urls.c.key == key, t.urls.c.public_url == address, t.urls.c.key == target)
    query = _documents().join(t.urls, t.urls.c.id == t.documents.c.url).where(match)
    return [(row.public_id, row.title) for row in c.execute(query.limit(20))]


def _by_capture(c: Connection, name: str) -> list[tuple[str, str]]:
    query = _documents().join(t.captures, t.captures.c.url == t.documents.c.url).where(t.captures.c.public_id.like(f"{name}%")).distinct()
    return [(row.public_id, row.title) for row in c.execute(query.limit(20))]


def _chosen(written: str, found: list[tuple[str, str]]) -> str:
    if not found:
        raise UsageError(f"nothing in the archive answers to {written!r}", remedy="gongkai search finds documents and their ids")
    if len(found) > 1:
        listed = "\n".join(f"  {public_id}  {title[:60]}" for public_id, title in found)
        raise UsageError(f"{written!r} means more than one document:\n{listed}\n", remedy="give more of the id")
    return found[0][0]


# ------------------------------------------------------------------ documents
def rows(c: Connection, ids: list[int]) -> list[Row]:
    """Documents by row id, in the order of the ids."""
    query = (
        sa.select(
            t.documents.c.id, t.documents.c.public_id, t.documents.c.source, t.documents.c.presence, t.urls.c.public_url, t.versions.c.title,
            t.versions.c.published, t.versions.c.doc_no, t.versions.c.record,
        )
        .join(t.versions, t.versions.c.id == t.documents.c.version)
        .join(t.urls, t.urls.c.id == t.documents.c.url)
        .where(t.documents.c.id.in_(ids), t.documents.c.withheld.is_(None))
    )  # fmt: skip
    found = {}
    for row in c.execute(query):
        record = json.loads(row.record)
        found[row.id] = Row(
            row.id, row.public_id, row.title, row.published, row.source, record.get("source"), row.doc_no, row.public_url, row.presence,
            "\n".join(record.get("body") or ()),
        )  # fmt: skip
    return [found[number] for number in ids if number in found]


def document(c: Connection, public_id: str) -> DocumentView:
    """One document. Raises UsageError when there is none of that id."""
    row = c.execute(
        sa.select(t.documents, t.urls.c.public_url, t.works.c.public_id.label("work_id"))
        .join(t.urls, t.urls.c.id == t.documents.c.url)
        .join(t.works, t.works.c.id == t.documents.c.work)
        .where(t.documents.c.public_id == public_id, t.documents.c.withheld.is_(None))
    ).first()
    if row is None:
        raise UsageError(f"there is no document {public_id!r}", remedy="gongkai search finds documents and their ids")
    others = c.execute(
        sa.select(t.documents.c.public_id, t.versions.c.title, t.urls.c.public_url)
        .join(t.versions, t.versions.c.id == t.documents.c.version)
        .join(t.urls, t.urls.c.id == t.documents.c.url)
        .where(t.documents.c.work == row.work, t.documents.c.id != row.id, t.documents.c.withheld.is_(None))
        .order_by(t.documents.c.first_seen, t.documents.c.public_id)
    )
    return DocumentView(
        row.public_id, row.id, row.public_url, row.source, row.presence, row.first_seen, row.last_seen, row.first_missed, row.work_id,
        tuple(_versions(c, row.id)), tuple((other.public_id, other.title, other.public_url) for other in others),
    )  # fmt: skip


def _versions(c: Connection, number: int) -> list[VersionRow]:
    query = (
        sa.select(t.versions, t.captures.c.public_id)
        .join(t.captures, t.captures.c.id == t.versions.c.capture)
        .where(t.versions.c.document == number)
        .order_by(t.versions.c.n, t.versions.c.id)
    )
    newest = {row.n: row for row in c.execute(query)}
    return [VersionRow(row.id, row.n, row.first_seen, row.rules, row.public_id, json.loads(row.record)) for row in newest.values()]


def looks(c: Connection, number: int, limit: int = 1000) -> list[LookRow]:
    """The looks at a document's address, newest first."""
    query = (
        sa.select(t.looks.c.at, t.looks.c.outcome, t.looks.c.status, t.captures.c.public_id)
        .join(t.documents, t.documents.c.url == t.looks.c.url)
        .outerjoin(t.captures, t.captures.c.id == t.looks.c.capture)
        .where(t.documents.c.id == number)
        .order_by(t.looks.c.at.desc(), t.looks.c.id.desc())
        .limit(limit)
    )
    return [LookRow(row.at, row.outcome, row.status, row.public_id) for row in c.execute(query)]


# ------------------------------------------------------------------ the whole
def export(c: Connection, *, source: str | None = None) -> Iterator[dict[str, Any]]:
    """Every document's current version as one JSON object, by public id: what the archive says, nothing of how it came to say it."""
    after = ""
    while True:
        query = (
            sa.select(
                t.documents.c.public_id, t.documents.c.presence, t.documents.c.first_seen, t.documents.c.last_seen, t.documents.c.source,
                t.versions.c.n, t.versions.c.first_seen.label("version_seen"), t.versions.c.record, t.works.c.public_id.label("work"),
            )
            .join(t.versions, t.versions.c.id == t.documents.c.version)
            .join(t.works, t.works.c.id == t.documents.c.work)
            .where(t.documents.c.withheld.is_(None), t.documents.c.public_id > after)
            .order_by(t.documents.c.public_id)
            .limit(AT_ONCE)
        )  # fmt: skip
        if source is not None:
            query = query.where(t.documents.c.source == source)
        found = c.execute(query).all()
        for row in found:
            yield {
                "id": row.public_id,
                "version": row.n,
                "work": row.work,
                "archive_source": row.source,
                "presence": row.presence,
                "first_seen": row.first_seen,
                "last_seen": row.last_seen,
                "version_seen": row.version_seen,
                **json.loads(row.record),
            }
        if len(found) < AT_ONCE:
            return
        after = found[-1].public_id


def sources(c: Connection) -> list[SourceView]:
    """What is known of every source."""
    counted = (
        sa.select(t.documents.c.source, sa.func.count().label("documents"))
        .where(t.documents.c.withheld.is_(None))
        .group_by(t.documents.c.source)
        .subquery()
    )
    last = (
        sa.select(t.runs.c.result)
        .where(t.runs.c.source == t.sources.c.id, t.runs.c.ended.is_not(None), t.runs.c.result != "skipped")
        .order_by(t.runs.c.ended.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = sa.select(t.sources, counted.c.documents, last.label("last_run")).outerjoin(counted, counted.c.source == t.sources.c.id)
    return [
        SourceView(r.id, r.title, bool(r.enabled), r.paused, r.health, r.last_ok, r.last_new, r.documents or 0, r.last_run)
        for r in c.execute(query.order_by(t.sources.c.id))
    ]


def totals(c: Connection) -> dict[str, int]:
    """How much there is: documents, versions, works, captures, looks, changes."""
    counted = {name: sa.select(sa.func.count()).select_from(table) for name, table in _TOTALS.items()}
    return {name: c.execute(query).scalar_one() for name, query in counted.items()}


_TOTALS = {
    "documents": t.documents,
    "versions": t.versions,
    "works": t.works,
    "captures": t.captures,
    "looks": t.looks,
    "changes": t.changes,
}


def is_filled(c: Connection) -> bool:
    """Does this database hold looks already? An empty one, or one without a schema, does not."""
    return sa.inspect(c).has_table("looks") and c.execute(sa.select(t.looks.c.id).limit(1)).first() is not None
