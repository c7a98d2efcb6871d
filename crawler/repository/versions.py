"""Documents and their versions written: the rows of one notice at one address, each version with the places of its bytes."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis, capture_id, short_id
from crawler.record.notice import Notice, Place
from crawler.record.serial import unpacked
from crawler.repository import schema as t
from crawler.repository import works
from crawler.repository.database import AnyRow, clean
from crawler.repository.pieces import Round

WARC_TIME = "%Y-%m-%dT%H:%M:%SZ"


def new_document(c: Connection, row: AnyRow, notice: Notice) -> int:
    """A document at an address; its public id derives from the record id of the address's first capture and the part."""
    public_id = short_id(row.first_record or row.record, notice.part)
    work = works.new(c, public_id)
    values = {
        "public_id": public_id,
        "url": row.url,
        "part": notice.part,
        "source": row.source,
        "work": work,
        "first_seen": row.at,
        "last_seen": row.at,
    }
    number: int = c.execute(t.documents.insert().values(**values).returning(t.documents.c.id)).scalar_one()
    return number


def body(c: Connection, version: int) -> tuple[str, ...]:
    """The paragraphs of a version."""
    held = c.execute(sa.select(t.versions.c.record).where(t.versions.c.id == version)).scalar_one()
    return tuple(unpacked(held)["body"])


def places(c: Connection, its_round: Round) -> tuple[Place, ...]:
    """Where the further captures of a record lie, in order."""
    if not its_round.captures:
        return ()
    rows = {row.id: row for row in c.execute(sa.select(t.captures).where(t.captures.c.id.in_(its_round.captures)))}
    return tuple(_place_of(rows[number]) for number in its_round.captures)


def _place_of(row: AnyRow) -> Place:
    return Place(capture_id(row.record), row.file, row.offset, row.length, row.payload_digest, _iso(row.at))


def new_version(c: Connection, document: int, n: int, row: AnyRow, notice: Notice, rules: str, further: tuple[Place, ...]) -> int:
    """Append a version, make it current, link its work."""
    values = {
        "document": document,
        "n": n,
        "rules": rules,
        "whole": int(notice.incomplete is None),
        "capture": row.capture,
        "first_seen": row.at,
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
        "further": json.dumps([asdict(place) for place in further]) if further else None,
    }
    version: int = c.execute(t.versions.insert().values(**values).returning(t.versions.c.id)).scalar_one()
    c.execute(t.documents.update().where(t.documents.c.id == document).values(version=version, indexed=0))
    if notice.attachments:
        rows = [
            {"version": version, "position": position, "url": clean(item.url), "name": clean(item.name)}
            for position, item in enumerate(notice.attachments)
        ]
        c.execute(t.attachments.insert(), rows)
    if notice.match_digest:
        works.link(c, document, notice.match_digest, row.at)
    return version


def _text(value: str | None) -> str | None:
    return clean(value) if value is not None else None


def _iso(at: Millis) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).strftime(WARC_TIME)
