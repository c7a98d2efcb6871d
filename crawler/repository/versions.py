"""Versions: one state of a document. Append-only; a version read again by other rules is a new row with the same number."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.record.frame import unpacked
from crawler.record.notice import Notice, Place
from crawler.repository import schema as t
from crawler.repository.database import chunks, clean
from crawler.repository.many import many


@dataclass(frozen=True, slots=True)
class Reference:
    """A document that a version links to: its place among the notice's attachments. `address`: row id of what is fetched; None where it is not, and `reason` says why."""

    position: int
    url: str
    name: str
    address: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to be appended. `further`: places of the record's further captures; `files`: what it links to."""

    id: int
    document: int
    n: int
    rules: str
    capture: int
    first_seen: Millis
    notice: Notice
    further: tuple[Place, ...] = ()
    files: tuple[Reference, ...] = ()


INSERT = t.versions.insert()
RECORDS = sa.select(t.versions.c.id, t.versions.c.record).where(t.versions.c.id.in_(sa.bindparam("ids", expanding=True)))


def records(c: Connection, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The records of versions, as JSON without the places of their bytes."""
    return {row.id: unpacked(row.record) for some in chunks(sorted(ids)) for row in c.execute(RECORDS, {"ids": some})}


def bodies(c: Connection, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The paragraphs of versions."""
    return {number: tuple(values["body"]) for number, values in records(c, ids).items()}


def insert(c: Connection, made: Sequence[NewVersion]) -> None:
    """Append versions with the attachments they name the addresses of."""
    if not made:
        return
    many(c, INSERT, [_row(version) for version in made])
    rows = [
        {
            "version": version.id,
            "position": item.position,
            "url": clean(item.url),
            "name": clean(item.name),
            "address": item.address,
            "reason": item.reason,
        }
        for version in made
        for item in version.files
    ]
    if rows:
        c.execute(t.attachments.insert(), rows)


def _row(version: NewVersion) -> dict[str, object]:
    notice = version.notice
    return {
        "id": version.id,
        "document": version.document,
        "n": version.n,
        "rules": version.rules,
        "whole": int(notice.incomplete is None),
        "capture": version.capture,
        "first_seen": version.first_seen,
        "text_digest": notice.text_digest,
        "match_digest": notice.match_digest,
        "title": clean(notice.title),
        "published": notice.published,
        "channel": _text(notice.channel),
        "source": _text(notice.source),
        "doc_no": _text(notice.doc_no),
        "index_no": _text(notice.index_no),
        "issuer": _text(notice.issuer),
        "keywords": _text(notice.keywords),
        "paragraphs": notice.paragraphs,
        "record": notice.packed,
        "further": json.dumps([asdict(place) for place in version.further]) if version.further else None,
    }


def _text(value: str | None) -> str | None:
    return clean(value) if value is not None else None
