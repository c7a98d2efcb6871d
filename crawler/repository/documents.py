"""Documents: one notice at one address and part, and the version it is in. What is shown of them is `query`'s."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.repository import schema as t
from crawler.repository import withheld
from crawler.repository.database import chunks
from crawler.repository.many import many

HERE, MISSING, GONE = "here", "missing", "gone"


@dataclass(frozen=True, slots=True)
class Current:
    """The version a document is in. `capture` and `capture_at`: what it was read from; `whole`: nothing of it was missing."""

    version: int
    n: int
    text_digest: str
    rules: str
    title: str
    whole: bool
    capture: int
    capture_at: Millis


@dataclass(slots=True)
class Document:
    """A row of `documents` while a batch is folded. `current` None: only its presence is looked at."""

    id: int
    public_id: str
    url: int
    part: int
    source: str
    work: int
    presence: str
    first_seen: Millis
    last_seen: Millis
    first_missed: Millis | None
    version: int | None
    current: Current | None = None
    attached: int = 0  # its version links to documents that are fetched


_d, _v = t.documents.c, t.versions.c
_COLUMNS = (
    _d.id, _d.public_id, _d.url, _d.part, _d.source, _d.work, _d.presence, _d.first_seen, _d.last_seen, _d.first_missed, _d.version,
    _d.attached,
)  # fmt: skip
AT = sa.select(*_COLUMNS).where(_d.url.in_(sa.bindparam("ids", expanding=True))).order_by(_d.id)
CURRENT_AT = (
    sa.select(*_COLUMNS, _v.id, _v.n, _v.text_digest, _v.rules, _v.title, _v.whole, _v.capture, t.captures.c.at)
    .join(t.versions, _v.id == _d.version)
    .join(t.captures, t.captures.c.id == _v.capture)
    .where(_d.url.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_d.id)
)
INSERT = t.documents.insert()
SEEN = (
    t.documents.update()
    .where(_d.id == sa.bindparam("b_id"))
    .values(
        presence=sa.bindparam("b_presence"), last_seen=sa.bindparam("b_last_seen"), first_missed=sa.bindparam("b_first_missed")
    )
)
CHANGED = (
    t.documents.update()
    .where(_d.id == sa.bindparam("b_id"))
    .values(version=sa.bindparam("b_version"), attached=sa.bindparam("b_attached"), indexed=0)
)


def at(c: Connection, addresses: Collection[int]) -> dict[int, list[Document]]:
    """The documents at these addresses, without their versions."""
    found: dict[int, list[Document]] = {}
    for some in chunks(sorted(addresses)):
        for row in c.execute(AT, {"ids": some}).all():
            values: list[Any] = list(row)
            document = Document(*values[:11])
            document.attached = values[11]
            found.setdefault(document.url, []).append(document)
    return found


def current_at(c: Connection, addresses: Collection[int]) -> dict[int, list[Document]]:
    """The documents at these addresses with the versions they are in."""
    found: dict[int, list[Document]] = {}
    for some in chunks(sorted(addresses)):
        for row in c.execute(CURRENT_AT, {"ids": some}).all():
            values: list[Any] = list(row)
            values[17] = bool(values[17])
            document = Document(*values[:11])
            document.attached, document.current = values[11], Current(*values[12:])
            found.setdefault(document.url, []).append(document)
    return found


def unsearchable(c: Connection) -> tuple[int, str]:
    """How many documents could not be indexed, and why the first could not."""
    which = _d.unsearchable.is_not(None)
    count = c.execute(sa.select(sa.func.count()).select_from(t.documents).where(which)).scalar_one()
    why = c.execute(sa.select(_d.unsearchable).where(which).order_by(_d.id).limit(1)).scalar() if count else None
    return int(count), why or ""


def insert(c: Connection, made: Sequence[Document]) -> None:
    """Append documents, in their first versions; those that are withheld already are so from here on."""
    rows = [
        {
            "id": document.id,
            "public_id": document.public_id,
            "url": document.url,
            "part": document.part,
            "source": document.source,
            "work": document.work,
            "presence": document.presence,
            "first_seen": document.first_seen,
            "last_seen": document.last_seen,
            "first_missed": document.first_missed,
            "version": document.version,
            "attached": document.attached,
            "indexed": 0,
        }
        for document in made
    ]
    if rows:
        many(c, INSERT, rows)
        withheld.of_new(c, [document.id for document in made])


def save(c: Connection, seen: Iterable[Document], changed: Iterable[Document]) -> None:
    """Write where documents were `seen` or missed, and the versions that `changed` ones are in now."""
    rows = [
        {
            "b_id": document.id,
            "b_presence": document.presence,
            "b_last_seen": document.last_seen,
            "b_first_missed": document.first_missed,
        }
        for document in sorted(seen, key=lambda document: document.id)
    ]
    if rows:
        many(c, SEEN, rows)
    rows = [
        {"b_id": document.id, "b_version": document.version, "b_attached": document.attached}
        for document in sorted(changed, key=lambda document: document.id)
    ]
    if rows:
        many(c, CHANGED, rows)
