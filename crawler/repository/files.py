"""The WARC files the database knows: whose they are, how far they are committed, what they are when closed."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.archive.writer import FileInfo
from crawler.model import Kept
from crawler.repository import schema as t
from crawler.repository.database import upsert
from crawler.repository.reader import REBUILDING

OPEN, CLOSED = "open", "closed"


def committed(c: Connection) -> dict[str, int]:
    """File name → offset up to which its looks are in the database."""
    return {row.name: row.committed for row in c.execute(sa.select(t.files.c.name, t.files.c.committed))}


def unclosed(c: Connection) -> list[tuple[str, str, int]]:
    """(name, owner, committed end) of the files that are being written, or whose closing was never told."""
    query = (
        sa.select(t.files.c.name, t.files.c.owner, t.files.c.committed).where(t.files.c.state == OPEN).order_by(t.files.c.name)
    )
    return [(row.name, row.owner, row.committed) for row in c.execute(query)]


def reached(c: Connection, kept: Iterable[Kept], owner: str) -> None:
    """These looks are being committed: move the ends of their files."""
    ends: dict[str, int] = {}
    for look in kept:
        ends[look.file] = max(look.end, ends.get(look.file, 0))
    for name, end in ends.items():
        insert = upsert(c, t.files).values(name=name, owner=owner, state=OPEN, committed=end)
        further = sa.case((t.files.c.committed < end, end), else_=t.files.c.committed)
        c.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"committed": further}))


def closed(c: Connection, infos: Sequence[FileInfo], owner: str) -> None:
    """These files are closed: length and digest are final."""
    for info in infos:
        values = {"state": CLOSED, "bytes": info.bytes, "sha256": info.sha256, "committed": info.bytes}
        insert = upsert(c, t.files).values(name=info.name, owner=owner, **values)
        c.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))


def rebuilt(c: Connection) -> None:
    """A rebuild is over: the database has all that the files hold (`reader.is_unfinished`)."""
    c.execute(t.files.update().where(t.files.c.owner == REBUILDING).values(owner="rebuilt"))
