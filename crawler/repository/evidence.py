"""What an audit asks of the database: what it says of each file, capture and look; and the events of the files' care.

A capture and a look are told as the archive would tell them (`Facts`), so that the two can be compared value by value.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Kept, Millis, Outcome, capture_id
from crawler.record.frame import unpacked
from crawler.repository import schema as t
from crawler.repository.database import chunks, clean, dump

PASS, FAIL, NOT_CHECKED = "pass", "fail", "not checked"
CHECK, REPLACEMENT, REFUSAL = "fixity check", "replacement", "refusal"
ARCHIVE = "archive"  # the object of an event that belongs to no single file
SHOWN = 100  # troubles of one object that its event keeps

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as the database knows it. `bytes` and `sha256` of a closed one; `passed`: when it was last found sound."""

    name: str
    closed: bool
    committed: int
    bytes: int | None
    sha256: str | None
    passed: Millis | None


@dataclass(frozen=True, slots=True)
class Event:
    """An event of PREMIS: `event` was done to `object` by `agent`."""

    event: str
    object: str  # a file's name, `archive`, or the record of a look that the database refused
    at: Millis
    agent: str
    outcome: str
    detail: Sequence[Mapping[str, Any]] = ()


_f, _x = t.files.c, t.fixity.c
_passed = (
    sa.select(_x.object, sa.func.max(_x.at).label("at"))
    .where(_x.event == CHECK, _x.outcome == PASS)
    .group_by(_x.object)
    .subquery("passed")
)
FILES = (
    sa.select(_f.name, _f.state, _f.committed, _f.bytes, _f.sha256, _passed.c.at)
    .outerjoin(_passed, _passed.c.object == _f.name)
    .order_by(_f.name)
)
_c, _l, _u = t.captures.c, t.looks.c, t.urls.c
_original = t.captures.alias("original_")
_CAPTURE = (
    _c.record, _c.public_id, _u.key, _c.at, _c.offset, _c.length, _c.type, _c.payload_digest, _c.media_type, _c.status,
    _original.c.record.label("original"),
)  # fmt: skip
CAPTURES = (
    sa.select(*_CAPTURE)
    .select_from(t.captures)
    .join(t.urls, _u.id == _c.url)
    .outerjoin(_original, _original.c.id == _c.original)
    .where(_c.file == sa.bindparam("file"))
)
_held = t.captures.alias("held_")
LOOKS = (
    sa.select(
        _l.record, _u.key, t.runs.c.source, t.runs.c.kind, t.runs.c.slot, _l.at, _l.ms, _l.outcome, _l.status, _l.leads, _l.detail,
        _held.c.record.label("capture"),
    )
    .select_from(t.looks)
    .join(t.urls, _u.id == _l.url)
    .outerjoin(t.runs, t.runs.c.id == _l.run)
    .outerjoin(_held, _held.c.id == _l.capture)
    .where(_l.record.in_(sa.bindparam("records", expanding=True)))
)  # fmt: skip
LOOK_RECORDS = sa.select(_l.id, _l.record).order_by(_l.id)
_v = t.versions.c
SHOWN_AS = ("title", "published", "channel", "source")
META_AS = ("doc_no", "index_no", "issuer", "keywords")
VERSIONS = (
    sa.select(_v.id, t.documents.c.public_id, _v.n, _v.record, *(_v[name] for name in (*SHOWN_AS, *META_AS)))
    .join(t.documents, t.documents.c.id == _v.document)
    .join(t.captures, _c.id == _v.capture)
    .where(_c.file == sa.bindparam("file"))
    .order_by(_v.id)
)
REFUSED = sa.select(_x.object).where(_x.object.in_(sa.bindparam("records", expanding=True)), _x.event == REFUSAL)
HEALED = t.captures.update().where(_c.file == sa.bindparam("b_file")).values(damaged=None)


def files(c: Connection) -> list[FileRow]:
    """Every file the database knows, by name."""
    return [FileRow(r.name, r.state == "closed", r.committed, r.bytes, r.sha256, r.at) for r in c.execute(FILES)]


def captures(c: Connection, file: str, before: int | None = None) -> dict[str, Facts]:
    """What the database says of the captures in a file, by record; of those that begin before a place, if one is given."""
    rows = c.execute(CAPTURES, {"file": file}).mappings()
    return {row["record"]: dict(row) for row in rows if before is None or row["offset"] < before}


def looks(c: Connection, records: Collection[str]) -> dict[str, Facts]:
    """What the database says of these looks, by record."""
    found: dict[str, Facts] = {}
    for some in chunks(sorted(records)):
        found |= {row["record"]: dict(row) for row in c.execute(LOOKS, {"records": some}).mappings()}
    return found


def look_records(c: Connection) -> Iterator[str]:
    """The record of every look there is."""
    return (row.record for row in c.execute(LOOK_RECORDS))


def capture_facts(kept: Kept) -> Facts:
    """What the database must say of a look's capture."""
    capture = kept.capture
    assert capture is not None
    return {
        "record": capture.record_id,
        "public_id": capture_id(capture.record_id),
        "key": kept.task.key,
        "at": capture.at,
        "offset": capture.offset,
        "length": capture.length,
        "type": capture.type,
        "payload_digest": capture.payload_digest,
        "media_type": clean(capture.media_type),
        "status": capture.status,
        "original": capture.original.record_id if capture.original else None,
    }


def look_facts(kept: Kept) -> Facts:
    """What the database must say of a look. Which capture a 304 confirmed, the database alone knows."""
    run = kept.task.run
    confirmed = kept.outcome is Outcome.NOT_MODIFIED
    capture = {} if confirmed else {"capture": kept.capture.record_id if kept.capture else None}
    return capture | {
        "record": kept.look,
        "key": kept.task.key,
        "source": run.source,
        "kind": str(run.kind),
        "slot": run.slot,
        "at": kept.at,
        "ms": kept.ms,
        "outcome": str(kept.outcome),
        "status": kept.status,
        "leads": kept.leads,
        "detail": clean(kept.detail)[:2000],
    }


def odd_versions(c: Connection, file: str) -> list[tuple[str, list[str]]]:
    """Versions read from a file's captures whose columns are not those of the record they stand beside: (id.n, names of columns)."""
    found = []
    for row in c.execute(VERSIONS, {"file": file}).mappings():
        name = f"{row['public_id']}.{row['n']}"
        try:
            held = unpacked(row["record"])
        except ValueError:
            found.append((name, ["record"]))
            continue
        meta = held.get("meta") or {}
        says = {key: held.get(key) for key in SHOWN_AS} | {key: meta.get(key) for key in META_AS}
        wrong = [key for key, said in says.items() if (clean(str(said)) if said is not None else None) != row[key]]
        if wrong:
            found.append((name, wrong))
    return found


def happened(c: Connection, event: Event) -> None:
    """Keep an event."""
    values = {
        "event": event.event, "object": event.object, "at": event.at, "agent": event.agent, "outcome": event.outcome,
        "detail": dump(list(event.detail[:SHOWN])),
    }  # fmt: skip
    c.execute(t.fixity.insert(), values)


def refused(c: Connection, records: Collection[str]) -> set[str]:
    """Those of these looks that the database did not take when they were kept: they stand in the archive alone."""
    return {row.object for some in chunks(sorted(records)) for row in c.execute(REFUSED, {"records": some})}


def events(c: Connection, limit: int = 1000) -> list[Event]:
    """What was done, the newest first."""
    rows = c.execute(sa.select(t.fixity).order_by(_x.id.desc()).limit(limit))
    return [Event(row.event, row.object, row.at, row.agent, row.outcome, json.loads(row.detail)) for row in rows]


def healed(c: Connection, file: str) -> None:
    """A file is what was written again."""
    c.execute(HEALED, {"b_file": file})
