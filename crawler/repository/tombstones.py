"""What is said in the place of what is withheld: which document, and the operator's reason."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.errors import Withheld
from crawler.repository import schema as t
from crawler.repository import visible

_d = t.documents.c
HIDDEN = _d.withheld.is_not(None)  # by the partial index
_further = (
    sa.select(t.captures.c.url)
    .join(t.continuations, t.continuations.c.capture == t.captures.c.id)
    .where(t.continuations.c.url.in_(sa.bindparam("urls", expanding=True)))
)
AT = (
    sa.select(_d.public_id, _d.withheld)
    .where(HIDDEN, sa.or_(_d.url.in_(sa.bindparam("urls", expanding=True)), _d.url.in_(_further)))
    .order_by(_d.url, _d.part)
)
SHOWN = sa.select(t.captures.c.id).where(
    t.captures.c.id == sa.bindparam("capture"), sa.text(visible.capture("captures.id", "captures.url"))
)
ALL = sa.select(_d.public_id, _d.withheld).where(HIDDEN).order_by(_d.public_id)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A document that is withheld, by its public id."""

    document: str
    reason: str

    def refuse(self) -> Withheld:
        """The error that whoever asks for it is told."""
        return Withheld(self.document, self.reason)


def every(c: Connection) -> list[Tombstone]:
    """All there are, by id."""
    return [Tombstone(*row) for row in c.execute(ALL)]


def begins(c: Connection, start: str, end: str) -> list[Tombstone]:
    """Those whose ids lie between two."""
    return [Tombstone(*row) for row in c.execute(ALL.where(_d.public_id >= start, _d.public_id <= end).limit(2))]


def at(c: Connection, urls: Collection[int]) -> list[Tombstone]:
    """Those at these addresses, and those whose further pages they are."""
    return [Tombstone(*row) for row in c.execute(AT, {"urls": sorted(urls)})] if urls else []


def refuse_capture(c: Connection, capture: int, url: int, name: str) -> None:
    """Raises Withheld where the bytes of a capture (its row id, its address's, how it is called) are not to be shown."""
    if c.execute(SHOWN, {"capture": capture}).first() is None:
        found: Sequence[Tombstone] = at(c, [url])
        raise found[0].refuse() if found else Withheld(name, "it may show the title of a withheld document")
