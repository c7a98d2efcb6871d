"""The audit log: who changed something by the console, when, what. Append-only."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.repository import schema as t
from crawler.repository.database import clean


@dataclass(frozen=True, slots=True)
class Act:
    """Something that was done by hand. `who`: the address that asked; `on`: a source or document."""

    at: Millis
    what: str
    on: str
    who: str


def note(c: Connection, at: Millis, what: str, on: str, who: str) -> None:
    """Write an act down, in the transaction that does it."""
    c.execute(t.acts.insert().values(at=at, what=what, about=clean(on), who=clean(who)))


def acts(c: Connection, limit: int = 100) -> list[Act]:
    """The newest first."""
    a = t.acts.c
    rows = c.execute(sa.select(a.at, a.what, a.about, a.who).order_by(a.id.desc()).limit(limit))
    return [Act(*row) for row in rows]
