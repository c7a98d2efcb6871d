"""The database follows `withheld.jsonl`: its lines are copied, and documents are what the last line about each says.

A document that is found only later (a rebuild, bytes that came back) is withheld from its first moment: `documents.insert` asks here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.archive.withheld import BEGIN, Entry
from crawler.errors import ArchiveError
from crawler.model import ChangeKind
from crawler.repository import changes
from crawler.repository import schema as t
from crawler.repository.database import AnyRow, chunks, clean, lock_keys

_w, _d = t.withholdings.c, t.documents.c
LINES = sa.select(_w.line, _w.at, _w.act, _w.document, _w.reason, _w.who, _w.digest).order_by(_w.line)
_newest = (
    sa.select(_w.line)
    .where(_w.document == _d.public_id)
    .order_by(_w.line.desc())
    .limit(1)
    .correlate(t.documents)
    .scalar_subquery()
)
SAID = sa.select(sa.case((_w.act == str(ChangeKind.WITHHELD), _w.reason))).where(_w.line == _newest).scalar_subquery()
OF = t.documents.update().values(withheld=SAID, indexed=0).where(sa.exists().where(_w.document == _d.public_id))
NEW = OF.where(_d.id.in_(sa.bindparam("ids", expanding=True)))
NAMED = OF.where(_d.public_id.in_(sa.bindparam("names", expanding=True)))
KNOWN = sa.select(_d.id, _d.public_id, _d.source).where(_d.public_id.in_(sa.bindparam("names", expanding=True)))
ODD = (
    sa.select(_d.public_id, _d.withheld)
    .where(sa.or_(_d.withheld.is_not(None), _d.public_id.in_(sa.select(_w.document))), _d.withheld.is_distinct_from(SAID))
    .order_by(_d.public_id)
)


@dataclass(frozen=True, slots=True)
class Followed:
    """What was taken over: how many lines, and of them those whose documents are not in the database."""

    lines: int
    unknown: tuple[str, ...] = ()


def entries(c: Connection) -> list[Entry]:
    """The lines the database has. Raises ArchiveError where they are not a chain."""
    found, last = [], BEGIN
    for row in c.execute(LINES):
        last = Entry(row.line, row.at, row.act, row.document, row.reason, row.who, last.digest)
        if last.digest != row.digest:
            raise ArchiveError(f"line {row.line} of the table withholdings was changed", remedy="gongkai reindex makes it anew")
        found.append(last)
    return found


def rows(c: Connection) -> list[tuple[int, str]]:
    """(line, digest) of the lines the database has, as they stand there: each digest is made anew from the line and the one before."""
    found, last = [], BEGIN
    for row in c.execute(LINES):
        last = Entry(row.line, row.at, row.act, row.document, row.reason, row.who, last.digest)
        found.append((row.line, row.digest if row.digest == last.digest else f"not {row.digest}"))
    return found


def hidden(c: Connection) -> int:
    """How many documents are withheld."""
    return int(c.execute(sa.select(sa.func.count()).where(_d.withheld.is_not(None))).scalar_one())


def missing(known: Sequence[Entry], said: Sequence[Entry]) -> Sequence[Entry]:
    """The lines behind those that are known. Raises ArchiveError where these are not a beginning of what is `said`."""
    if list(said[: len(known)]) != list(known):
        raise ArchiveError(
            "the database and withheld.jsonl do not say the same",
            remedy="gongkai audit tells where; put back the file from a backup",
        )
    return said[len(known) :]


def load(c: Connection, said: Sequence[Entry]) -> None:
    """Copy lines and no more: for an empty database, before anything is told to it."""
    if said:
        c.execute(
            t.withholdings.insert(),
            [
                {
                    "line": entry.line, "at": entry.at, "act": entry.act, "document": entry.document, "reason": entry.reason,
                    "who": entry.who, "digest": entry.digest,
                }
                for entry in said
            ],
        )  # fmt: skip


def tell(c: Connection, said: Sequence[Entry]) -> tuple[str, ...]:
    """Write these acts into the ledger; the documents that are not there. The last thing a transaction does."""
    known = {row.public_id: row for row in _known(c, {entry.document for entry in said})}
    changes.append(
        c,
        [
            changes.NewChange(
                ChangeKind(entry.act),
                entry.at,
                known[entry.document].source,
                known[entry.document].id,
                detail={"reason": entry.reason, "who": entry.who},
            )
            for entry in said
            if entry.document in known
        ],
    )
    return tuple(dict.fromkeys(entry.document for entry in said if entry.document not in known))


def _known(c: Connection, names: Collection[str]) -> list[AnyRow]:
    return [row for some in chunks(sorted(names)) for row in c.execute(KNOWN, {"names": some})]


def follow(c: Connection, said: Sequence[Entry]) -> Followed:
    """Take over what the file says and the database has not yet. The last thing a transaction does. Raises ArchiveError."""
    lock_keys(c, ["withheld"])
    new = missing(entries(c), said)
    if not new:
        return Followed(0)
    load(c, new)
    for some in chunks(sorted({entry.document for entry in new})):
        c.execute(NAMED, {"names": some})
    return Followed(len(new), tell(c, new))


def of_new(c: Connection, ids: Collection[int]) -> None:
    """Documents that were just found are what was said of them."""
    for some in chunks(sorted(ids)):
        c.execute(NEW, {"ids": some})


def number(c: Connection, public_id: str) -> int:
    """The row id of a document that is there."""
    return int(c.execute(sa.select(_d.id).where(_d.public_id == public_id)).scalar_one())


def now(c: Connection) -> list[Entry]:
    """What is withheld now, the line about each that made it so, by time."""
    last = {entry.document: entry for entry in entries(c)}
    return sorted((entry for entry in last.values() if entry.act == ChangeKind.WITHHELD), key=lambda entry: entry.line)


def odd(c: Connection) -> list[str]:
    """Documents of which the database does not say what its own lines say."""
    return [row.public_id for row in c.execute(ODD)]


def cleaned(text: str) -> str:
    """A reason as both databases and a line of JSON hold it: one line, no control characters."""
    return clean(" ".join(text.split()))
