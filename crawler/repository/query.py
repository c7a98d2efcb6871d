"""What the commands ask of the archive. Withheld documents are in no answer. Times are milliseconds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import UsageError
from crawler.model import Millis
from crawler.record.frame import unpacked
from crawler.repository import attached, visible
from crawler.repository import schema as t
from crawler.repository.attached import Attached
from crawler.repository.database import iso
from crawler.repository.resolve import resolve

__all__ = [
    "PLACE", "DocumentView", "LookRow", "Sighting", "SourceView", "Tally", "VersionRow",
    "document", "documents_of_sources", "filled", "is_filled", "looks", "outline", "resolve", "sources", "tally", "totals", "with_place",
]  # fmt: skip


@dataclass(frozen=True)
class VersionRow:
    """One state of a document; of several readings of it the newest. `packed`: its record as it is stored, empty in an outline."""

    id: int
    n: int
    first_seen: Millis
    rules: str
    capture: str
    place: Mapping[str, Any]
    further: str | None
    packed: bytes = field(repr=False)

    @cached_property
    def record(self) -> dict[str, Any]:
        """The record as JSON values, its capture's place filled. Unpacked when it is first asked for: an edited notice has many."""
        return _record(self.packed, self.place, self.further)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A column that listed the document's address: when, and under which title and date."""

    source: str
    first_listed: Millis
    last_listed: Millis
    title: str
    date: str | None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One document whole. `source` is the configured source that found it first; `versions` from the first.

    `others`: (id, title, url) of the other documents of its work, in the order they were seen. `row` is its row id.
    """

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
    sightings: tuple[Sighting, ...]
    attached: Mapping[int, tuple[Attached, ...]] = field(default_factory=dict)  # by version: documents that it links to

    def attachments(self, version: VersionRow) -> tuple[Attached, ...]:
        """What a version links to and has an address, with what became of it."""
        return self.attached.get(version.id, ())


@dataclass(frozen=True, slots=True)
class LookRow:
    """One look at a document's address. `capture`: public id of the bytes it saw."""

    at: Millis
    outcome: str
    status: int | None
    capture: str | None


@dataclass(frozen=True, slots=True)
class SourceView:
    """What is known of a source. `last_run`: how its last finished run ended."""

    id: str
    title: str
    enabled: bool
    paused: Millis | None
    health: str
    last_ok: Millis | None
    last_new: Millis | None
    documents: int
    last_run: str | None


# ------------------------------------------------------------------ one document
def document(c: Connection, public_id: str) -> DocumentView:
    """One document. Raises UsageError when there is none of that id."""
    return _document(c, public_id, whole=True)


def outline(c: Connection, public_id: str) -> DocumentView:
    """The same without its records and sightings, for whoever shows one version of it (`filled`). Raises UsageError."""
    return _document(c, public_id, whole=False)


def filled(c: Connection, rows: Sequence[VersionRow]) -> list[VersionRow]:
    """Versions of an outline with their records, in the order given."""
    query = sa.select(t.versions.c.id, t.versions.c.record).where(t.versions.c.id.in_([row.id for row in rows]))
    held: dict[int, bytes] = {row.id: row.record for row in c.execute(query)}
    return [replace(row, packed=held[row.id]) for row in rows]


def _document(c: Connection, public_id: str, *, whole: bool) -> DocumentView:
    d = t.documents.c
    query = (
        sa.select(t.documents, t.urls.c.public_url, t.urls.c.key, t.works.c.public_id.label("work_id"))
        .join(t.urls, t.urls.c.id == d.url)
        .join(t.works, t.works.c.id == d.work)
        .where(d.public_id == public_id, sa.text(visible.document()))
    )
    row = c.execute(query).first()
    if row is None:
        raise UsageError(f"there is no document {public_id!r}", remedy="gongkai search finds documents and their ids")
    versions = _versions(c, row.id, whole=whole)
    return DocumentView(
        id=row.public_id,
        row=row.id,
        url=row.public_url,
        source=row.source,
        presence=row.presence,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        first_missed=row.first_missed,
        work=row.work_id,
        versions=versions,
        attached=attached.of_versions(c, [one.id for one in versions]),
        others=_others(c, row.id, row.work),
        sightings=_sightings(c, row.url, row.key) if whole else (),
    )


def version(found: DocumentView, number: int | None) -> VersionRow:
    """The version of this number, or the current one. Raises UsageError."""
    if number is None:
        return found.versions[-1]
    for row in found.versions:
        if row.n == number:
            return row
    raise UsageError(f"{found.id} has no version {number}", remedy=f"it has 1 to {found.versions[-1].n}")


def as_json(found: DocumentView, row: VersionRow) -> dict[str, Any]:
    """A document in one version as every surface gives it to programs: the keys of exports, times as ISO 8601."""
    return {
        "id": found.id,
        "version": row.n,
        "work": found.work,
        "archive_source": found.source,
        "presence": found.presence,
        "first_seen": iso(found.first_seen),
        "last_seen": iso(found.last_seen),
        "version_seen": iso(row.first_seen),
        **with_files(row.record, found.attachments(row)),
    }


def with_files(record: Mapping[str, Any], files: Sequence[Attached]) -> dict[str, Any]:
    """A record's JSON; each document it links to with what became of it under `file`."""
    if not files:
        return dict(record)
    known = {item.number: attached.values(item) for item in files}
    listed = [{**item, "file": known.get(number)} for number, item in enumerate(record["attachments"], 1)]
    return {**record, "attachments": listed}


def _versions(c: Connection, number: int, *, whole: bool) -> tuple[VersionRow, ...]:
    v = t.versions.c
    record = [v.record] if whole else []
    query = (
        sa.select(v.id, v.n, v.first_seen, v.rules, v.further, *PLACE, *record)
        .join(t.captures, t.captures.c.id == v.capture)
        .where(v.document == number)
        .order_by(v.n, v.id)
    )
    newest = {row.n: row for row in c.execute(query)}
    return tuple(
        VersionRow(row.id, row.n, row.first_seen, row.rules, row.capture, _place(row), row.further, row.record if whole else b"")
        for row in newest.values()
    )


PLACE = (
    t.captures.c.public_id.label("capture"), t.captures.c.file, t.captures.c.offset, t.captures.c.length,
    t.captures.c.payload_digest, t.captures.c.at,
)  # fmt: skip


def with_place(row: sa.Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """The record of a row that has `PLACE`, `record` and `further`: what was read, and where the bytes lie now."""
    return _record(row.record, _place(row), row.further)


def _record(packed: bytes, place: Mapping[str, Any], further: str | None) -> dict[str, Any]:
    read = unpacked(packed)
    read["capture"] = dict(place)
    read["further"] = json.loads(further) if further else []
    return read


def _place(row: sa.Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "id": row.capture,
        "file": row.file,
        "offset": row.offset,
        "length": row.length,
        "digest": row.payload_digest,
        "time": iso(row.at),
    }


def _others(c: Connection, number: int, work: int) -> tuple[tuple[str, str, str], ...]:
    d = t.documents.c
    query = (
        sa.select(d.public_id, t.versions.c.title, t.urls.c.public_url)
        .join(t.versions, t.versions.c.id == d.version)
        .join(t.urls, t.urls.c.id == d.url)
        .where(d.work == work, d.id != number, sa.text(visible.document()))
        .order_by(d.first_seen, d.public_id)
    )
    return tuple((row.public_id, row.title, row.public_url) for row in c.execute(query))


def _sightings(c: Connection, url: int, key: str) -> tuple[Sighting, ...]:
    """The columns that listed an address, or one that was redirected to it."""
    listed = t.listings.c
    query = (
        sa.select(listed.source, listed.first_listed, listed.last_listed, listed.title, listed.date)
        .join(t.urls, t.urls.c.id == listed.url)
        .where(sa.or_(t.urls.c.id == url, t.urls.c.redirect == key))
        .order_by(listed.first_listed, listed.source)
    )
    return tuple(Sighting(*row) for row in c.execute(query))


def looks(c: Connection, number: int, limit: int = 1000) -> list[LookRow]:
    """The looks at a document's address, newest first. `number` is the document's row id."""
    look = t.looks.c
    query = (
        sa.select(look.at, look.outcome, look.status, t.captures.c.public_id)
        .join(t.documents, t.documents.c.url == look.url)
        .outerjoin(t.captures, t.captures.c.id == look.capture)
        .where(t.documents.c.id == number)
        .order_by(look.at.desc(), look.id.desc())
        .limit(limit)
    )
    return [LookRow(*row) for row in c.execute(query)]


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a document's address was looked at, by outcome, the most frequent first; when last, and what came of that."""

    outcomes: tuple[tuple[str, int], ...]
    last: Millis | None
    outcome: str | None

    @property
    def total(self) -> int:
        """All looks."""
        return sum(count for _, count in self.outcomes)


def tally(c: Connection, number: int) -> Tally:
    """The looks at a document's address in a line. `number` is the document's row id."""
    look = t.looks.c
    address = sa.select(t.documents.c.url).where(t.documents.c.id == number).scalar_subquery()
    counted = sa.select(look.outcome, sa.func.count()).where(look.url == address).group_by(look.outcome)
    outcomes = sorted((tuple(row) for row in c.execute(counted)), key=lambda item: (-item[1], item[0]))
    newest = sa.select(look.at, look.outcome).where(look.url == address).order_by(look.at.desc(), look.id.desc()).limit(1)
    last = c.execute(newest).first()
    return Tally(tuple(outcomes), last.at if last else None, last.outcome if last else None)


@dataclass(frozen=True, slots=True)
class WorkMember:
    """A document of a work."""

    id: str
    title: str
    url: str
    source: str
    presence: str
    first_seen: Millis


def work(c: Connection, public_id: str) -> list[WorkMember]:
    """The documents of a work, in the order they were seen; none: there is no such work."""
    d = t.documents.c
    query = (
        sa.select(d.public_id, t.versions.c.title, t.urls.c.public_url, d.source, d.presence, d.first_seen)
        .join(t.works, t.works.c.id == d.work)
        .join(t.versions, t.versions.c.id == d.version)
        .join(t.urls, t.urls.c.id == d.url)
        .where(t.works.c.public_id == public_id, sa.text(visible.document()))
        .order_by(d.first_seen, d.public_id)
    )
    return [WorkMember(*row) for row in c.execute(query)]


# ------------------------------------------------------------------ the whole
def documents_of_sources(c: Connection) -> dict[str, int]:
    """How many documents each source has."""
    d = t.documents.c
    counted = sa.select(d.source, sa.func.count()).where(sa.text(visible.document())).group_by(d.source)
    return dict(tuple(row) for row in c.execute(counted))


def sources(c: Connection, documents: Mapping[str, int] | None = None) -> list[SourceView]:
    """What is known of every source, by id. `documents`: how many each has, where that was counted already."""
    s, r = t.sources.c, t.runs.c
    if documents is None:
        documents = documents_of_sources(c)
    last = (
        sa.select(r.result)
        .where(r.source == s.id, r.ended.is_not(None), r.result != "skipped")
        .order_by(r.ended.desc(), r.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = sa.select(s.id, s.title, s.enabled, s.paused, s.health, s.last_ok, s.last_new, last.label("last_run")).order_by(s.id)
    return [
        SourceView(
            row.id,
            row.title,
            bool(row.enabled),
            row.paused,
            row.health,
            row.last_ok,
            row.last_new,
            documents.get(row.id, 0),
            row.last_run,
        )
        for row in c.execute(query)
    ]


def totals(c: Connection) -> dict[str, int]:
    """How much there is: documents, versions (states at the site, however often read), works, captures, looks, changes."""
    d, v = t.documents.c, t.versions.c
    shown = sa.text(visible.document())
    states = sa.select(v.document, v.n).join(t.documents, d.id == v.document).where(shown).distinct().subquery()
    counted = {
        "documents": sa.select(sa.func.count()).select_from(t.documents).where(shown),
        "versions": sa.select(sa.func.count()).select_from(states),
        "works": sa.select(sa.func.count(sa.distinct(d.work))).where(shown),
        "captures": sa.select(sa.func.count()).select_from(t.captures),
        "looks": sa.select(sa.func.count()).select_from(t.looks),
        "changes": sa.select(sa.func.count()).select_from(t.changes),
    }
    return {name: c.execute(query).scalar_one() for name, query in counted.items()}


def is_filled(c: Connection) -> bool:
    """Does this database hold looks already? An empty one, or one without a schema, does not."""
    return sa.inspect(c).has_table("looks") and c.execute(sa.select(t.looks.c.id).limit(1)).first() is not None
